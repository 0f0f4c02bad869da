"""The data that a run learns from: pinned when it is launched, verified when it starts."""

import time

from core import architectures
from core.config import TRAINING_IMAGES, RunConfig, require_augmentable, with_changes
from core.data.data_set import DataSet
from core.datasets import opening, versions
from core.datasets.versions import Version
from jobs.running.node_cache import data_folder
from jobs.running.process_log import logger
from jobs.settings import settings


def version_for(config: RunConfig) -> Version:
    """The version of a data set that a configuration names, if its model and its augmentation can take it.

    Raise DataSetError where there is none, ConfigurationError where they cannot.
    """
    version = versions.find(settings().data, config.data)
    architectures.require_fit(config, len(version.classes), colour=version.colour)
    require_augmentable(config, colour=version.colour)
    return version


def pinned(config: RunConfig, version: Version) -> RunConfig:
    """The configuration with the content of a version in place of a name, which may come to mean another one.

    A training set as large as all of Fashion-MNIST's is one as large as all of another version's, too.
    """
    if version.is_built_in or config.train_size != TRAINING_IMAGES:
        return with_changes(config, data=version.pinned)
    return with_changes(config, data=version.pinned, train_size=version.count("train") + version.count("validation"))


def open_data(config: RunConfig) -> DataSet:
    """The data set of a configuration, every byte as it was stored; raise DataError, DataSetError or CacheUnusable.

    To learn from damaged images would tell nobody.
    """
    start, folder = time.monotonic(), settings().data
    version = versions.find(folder, config.data)
    folder = data_folder(version)
    logger.info(f"{version.label} in {folder} is verified ({time.monotonic() - start:.1f} s)")
    return opening.open_version(folder, config.data)
