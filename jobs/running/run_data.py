"""The data that a run learns from."""

import time

from core.config import FASHION_MNIST, RunConfig
from core.data import fashion_mnist
from core.data.data_set import DataSet
from core.errors import DataError
from jobs.running.process_log import logger
from jobs.settings import Settings


def open_data(settings: Settings, config: RunConfig) -> DataSet:
    """The data set of a configuration, every byte as it was stored; raise DataError that says what to do.

    To learn from damaged images would tell nobody.
    """
    if config.data != FASHION_MNIST:
        raise DataError(
            f"There is no data set {config.data}.",
            "It may have been deleted: launch the run again with one that is there.",
        )
    start = time.monotonic()
    fashion_mnist.verify(settings.data)
    logger.info(f"Fashion-MNIST in {settings.data} is verified ({time.monotonic() - start:.1f} s)")
    return fashion_mnist.load(settings.data)
