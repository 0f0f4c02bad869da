"""Learning from a photo set: its photos as a version of a data set, and runs on it at their own size and colour.

Of the runs those of the folds are the proof: every photo that is learnt from is predicted by one that has not learnt
it. The last run learns from all of them.
"""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, ConfigDict, ValidationError

from core.classes import CLASS_NAMES
from core.config import FASHION_MNIST, with_changes
from core.datasets import importing, versions
from core.datasets.importing import Options
from core.datasets.pixels.scratch import Progress
from core.datasets.versions import Version
from core.errors import ConfigurationError
from core.learning.pretrained_file import FILE_NAME, cached_weights
from core.presets import config_of
from core.statistics.wording import counted
from jobs.people import Role
from jobs.results.photo_sets import KeptPhoto, PhotoSet, folder_of, note_version, photos_of, source_of
from jobs.running import queue
from jobs.running.background import Task, TaskState
from jobs.settings import downloaded_weights, settings
from jobs.store import run_files
from jobs.store.filters import Filter
from jobs.store.new_files import write_file
from jobs.store.queries import list_runs
from jobs.store.records import RunStatus
from jobs.store.store import Store
from jobs.tasks.data_changes import store_version
from jobs.team.permission import require

FEWEST_PHOTOS, FEWEST_CLASSES, FOLDS = 25, 2, 5
ENOUGH_OF_CLASS = 10
_SIDE, _TEST_SHARE = 192, 0.1


class Lesson(BaseModel):
    """What learning from a photo set has begun: the version that holds its photos, and the ids of the queued runs."""

    model_config = ConfigDict(frozen=True)

    version: Version
    runs: list[str]


def learning_state(store: Store, photo_set: PhotoSet) -> TaskState:
    """How it stands with the process that has been started last to learn from a photo set."""
    return _task(store, photo_set).state


def last_lesson(store: Store, photo_set: PhotoSet) -> Lesson | None:
    """What that process has begun; None before it has."""
    try:
        return Lesson.model_validate_json(_task(store, photo_set).result.read_bytes())
    except (OSError, ValidationError):
        return None


def start_learning(store: Store, photo_set: PhotoSet) -> bool:
    """Start a process that learns from a photo set, as `learn` does, unless one does; return whether it was started.

    Raises NotAllowed, and OSError where no process can be started.
    """
    require(store, Role.LAUNCH)
    return _task(store, photo_set).request(store, photo_set.id, is_done=lambda: False)


def learn_in_process(store: Store, photo_set: PhotoSet, progress: Progress) -> None:
    """Within that process: learn, and write down what has begun."""
    result = _task(store, photo_set).result
    result.unlink(missing_ok=True)
    write_file(result, learn(store, photo_set, {}, progress).model_dump_json())


def _task(store: Store, photo_set: PhotoSet) -> Task:
    folder = folder_of(store, photo_set.id)
    result, lock, log, failure = (folder / f".lesson{suffix}" for suffix in (".json", ".lock", ".log", ".failure"))
    return Task("jobs.tasks.teaching_process", result, lock, log, failure)


def learn(
    store: Store,
    photo_set: PhotoSet,
    changes: Mapping[str, object],
    progress: Progress = lambda _step, _share: None,
) -> Lesson:
    """Make a data set of a photo set and queue a run for each fold and one for all, with changes of the preset.

    Raise ConfigurationError where the photos are too few or the weights are missing, DataSetError where they cannot
    be imported, and what queue.launch_all raises.
    """
    if lacking := what_is_lacking(photos_of(store, photo_set), changes):
        raise ConfigurationError(lacking, "Nothing was queued.")
    config = config_of("transfer", **{"companions": _companions(store), **changes})
    version = _version_of(store, photo_set, progress)
    note_version(store, photo_set, version)
    config = with_changes(config, data=version.pinned)
    return Lesson(version=version, runs=queue.launch_all(store, config, folds=FOLDS, and_whole=True))


def what_is_lacking(photos: Sequence[KeptPhoto], changes: Mapping[str, object]) -> str:
    """Why nothing can be learnt from photos on this machine, in sentences; empty if it can."""
    classes = Counter(photo.label for photo in photos)
    if len(classes) < FEWEST_CLASSES:
        return f"The photos show {counted(len(classes), 'class', 'classes')}; learning takes at least {FEWEST_CLASSES}."
    if len(photos) < FEWEST_PHOTOS:
        return f"There are {counted(len(photos), 'photo')}; learning takes at least {FEWEST_PHOTOS}."
    if not changes.get("weights_file") and not _has_weights():
        return (
            f"The pretrained weights are not on this machine: put torchvision's {FILE_NAME} into "
            f"{downloaded_weights()}, or name their file in LOOKBOOK_RESNET18_WEIGHTS."
        )
    return ""


def _has_weights() -> bool:
    """Whether the weights that the preset transfer starts from are on this machine."""
    file = settings().resnet18_weights
    return file.is_file() if file else cached_weights(downloaded_weights()) is not None


def _version_of(store: Store, photo_set: PhotoSet, progress: Progress) -> Version:
    """The photos as a version of a data set: a new one, or the one that holds just them."""
    folder, source = settings().data, source_of(photo_set)
    with TemporaryDirectory() as place:
        table = Path(place) / "labels.csv"
        with table.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("file", "label"))
            writer.writerows((photo.file.name, CLASS_NAMES[photo.label]) for photo in photos_of(store, photo_set))
        licence = f"photo set {photo_set.name}"
        options = Options(labels=table, side=_SIDE, test_share=_TEST_SHARE, licence=licence, cut_out=True)
        listing = importing.read_source_of(folder_of(store, photo_set.id), options)
        name = _free_name(folder, photo_set, source)
        with importing.planned(folder, name, listing, source, options, progress) as plan:
            return plan.same or store_version(store, plan)


def _free_name(folder: Path, photo_set: PhotoSet, source: str) -> str:
    """The set's name as one of a data set; followed by -photos where something else has that name."""
    name = photo_set.name.replace("@", "-").replace("/", "-")[: versions.LONGEST_NAME - len("-photos")].strip()
    earlier = versions.versions_called(folder, name)
    return name if all(version.source_name == source for version in earlier) else f"{name}-photos"


def _companions(store: Store) -> list[str]:
    """The newest run of each architecture that has learnt Fashion-MNIST as photos show it."""
    finished = list_runs(store, Filter(statuses=(RunStatus.FINISHED,), data=FASHION_MNIST))
    newest: dict[str, str] = {}
    for run in sorted(finished, key=lambda run: -run.created_at):
        if run.config.augmentation == "photo" and run_files.files_of(store, run.id).model.is_file():
            newest.setdefault(run.model, run.id)
    return list(newest.values())
