"""What the pages read, and the only place where anything is kept between two of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from core import dataset
from core.classes import CLASS_COUNT
from core.comparison import Comparison, compare_with_baseline, tied_with_best
from core.confident_learning import LabelQuality, LabelTrust
from core.confident_learning import label_trust as judge_one
from core.errors import DataError, WeightsError
from core.intake import read_photo
from core.reading import Photo
from core.study import Study
from core.weights import check_cached
from dashboard.corrections import Corrections
from jobs import artifacts, duplicates, launching, photo_sets, runs, studies
from jobs.comparing import GroupsCompared, LeftOut, compare_groups, distinct_names
from jobs.duplicates import NearDuplicates
from jobs.folds import FoldGroup, out_of_sample
from jobs.groups import Group
from jobs.judging import held_together, quality_of
from jobs.leaders import Leader, leader_of
from jobs.photo_sets import PhotoSet
from jobs.records import FINISHED, Epoch, Predictions, Run, RunCosts, RunName
from jobs.settings import settings
from jobs.space import RunSpace, space_of_runs
from jobs.store import Store

if TYPE_CHECKING:
    from core.photos import ModelView
    from core.prediction import Predictor


@st.cache_resource(show_spinner="Opening the run store")
def store() -> Store:
    """The run store of this installation, opened once. Raise StoreError."""
    return launching.open_here()


@st.cache_resource(max_entries=64, show_spinner="Reading the predictions")
def _predictions(run_id: str) -> Predictions:
    return runs.get_predictions(store(), run_id)


def predictions(run_id: str) -> Predictions:
    """What a finished run said of the 10,000 test images; shared by all, so never write into its arrays.

    Raise RunNotFound or NoPredictions.
    """
    # A run that has been deleted has no predictions any more, whatever is kept here.
    runs.get_run(store(), run_id)
    return _predictions(run_id)


@st.cache_resource(max_entries=16, show_spinner="Reading the predictions")
def validation_predictions(run_id: str) -> Predictions:
    """What a finished run said of its 6,000 validation images. Raise NoPredictions for a run that did not keep it."""
    return runs.get_predictions(store(), run_id, "validation")


@st.cache_resource(show_spinner="Opening Fashion-MNIST")
def fashion_mnist() -> dataset.FashionMNIST:
    """The data set of this installation, mapped into memory once. Raise DataError."""
    return dataset.load(settings().data)


@st.cache_data(show_spinner="Averaging the images")
def mean_images() -> np.ndarray:
    """The mean training image of each class, uint8 (10, 28, 28). Raise DataError."""
    data = fashion_mnist()
    means = [data.train_images[data.train_labels == label].mean(axis=0) for label in range(CLASS_COUNT)]
    return np.rint(means).astype(np.uint8)


@st.cache_data(show_spinner="Counting the images")
def split_counts() -> dict[str, list[int]]:
    """How many images of each class the training, validation and test splits have. Raise DataError."""
    data = fashion_mnist()
    train, validation = dataset.split(data.train_labels, seed=0)
    labels = {
        "Training": data.train_labels[train],
        "Validation": data.train_labels[validation],
        "Test": data.test_labels,
    }
    return {name: np.bincount(own, minlength=CLASS_COUNT).tolist() for name, own in labels.items()}


def data_is_present() -> bool:
    """Whether Fashion-MNIST can be opened."""
    return dataset.is_present(settings().data)


def data_problem() -> DataError | None:
    """What is missing from the data folder or damaged in it, None where every byte is as published."""
    return _data_problem(settings().data, dataset.stamps(settings().data))


@st.cache_resource(max_entries=4, show_spinner="Verifying Fashion-MNIST")
def _data_problem(folder: Path, stamps: tuple[tuple[str, int, int], ...]) -> DataError | None:
    assert stamps is not None
    try:
        dataset.verify(folder)
    except DataError as error:
        return error
    return None


def weights_problem(file: Path) -> WeightsError | None:
    """Why the file in torch's cache is not torchvision's ImageNet weights, None where it is."""
    found = file.stat()
    return _weights_problem(file, found.st_size, found.st_mtime_ns)


@st.cache_resource(max_entries=4, show_spinner="Verifying the ImageNet weights")
def _weights_problem(file: Path, size: int, changed_ns: int) -> WeightsError | None:
    assert size >= 0
    assert changed_ns >= 0
    try:
        check_cached(file)
    except WeightsError as error:
        return error
    return None


def costs() -> list[RunCosts]:
    """What every finished run that is not archived has cost, newest first."""
    return runs.list_costs(store())


def finished_runs() -> list[Run]:
    """Every finished run that is not archived, newest first."""
    return runs.list_runs(store(), runs.Filter(statuses=(FINISHED,)))


def chosen_runs(run_ids: Sequence[str]) -> list[Run]:
    """The runs of these ids in this order; those that are gone are left out."""
    return runs.get_runs(store(), run_ids)


def runs_with_predictions(asked: Sequence[str]) -> tuple[list[RunName], list[str]]:
    """Every finished run, newest first, archived ones only if asked for by id; and a sentence for each id left out."""
    offered = runs.list_names(store(), runs.Filter(statuses=(FINISHED,)))
    known = {run.id for run in offered}
    found = {run.id: run for run in runs.get_runs(store(), [run_id for run_id in asked if run_id not in known])}
    offered += [RunName(run.id, run.name) for run in found.values() if run.status == FINISHED]
    return offered, [
        f"{run.name} is left out: it is {run.state}, and only a finished run has predictions."
        for run in found.values()
        if run.status != FINISHED
    ] + [
        f"There is no run {run_id}; it may have been deleted."
        for run_id in dict.fromkeys(asked)
        if run_id not in known and run_id not in found
    ]


def comparisons(compared: Sequence[Run]) -> list[Comparison]:
    """Each run but the first compared with the first, the baseline, by the names of distinct_names.

    Raise NoPredictions.
    """
    return _comparisons(_named(compared))


def tied(compared: Sequence[Run]) -> tuple[str, ...]:
    """The names of the runs that may be called best, the first being the baseline. Raise NoPredictions."""
    return _tied(_named(compared))


def leader(model: str) -> Leader | None:
    """The most accurate finished run of a model, and which others may be as good; None if none has finished."""
    return leader_of(store(), model, predictions)


def _members(group: Group) -> tuple[Any, ...]:
    return group.id, group.name, *((run.id, run.name, run.state) for run in group.runs)


@st.cache_data(max_entries=64, show_spinner="Comparing the recipes", hash_funcs={Group: _members})
def compared_groups(groups: Sequence[Group]) -> GroupsCompared:
    """Groups of seeds compared as recipes, each but the first with the first. Raise NotComparable."""
    return compare_groups(store(), groups)


def _named(compared: Sequence[Run]) -> tuple[tuple[str, str], ...]:
    names = distinct_names(compared)
    return tuple((run.id, names[run.id]) for run in compared)


@st.cache_data(max_entries=256, show_spinner="Comparing")
def _comparisons(compared: tuple[tuple[str, str], ...]) -> list[Comparison]:
    said = {name: _predictions(run_id) for run_id, name in compared}
    (baseline_name, baseline), *others = said.items()
    answers = {name: one.predicted for name, one in others}
    return compare_with_baseline(baseline.labels, baseline.predicted, answers, baseline_name)


@st.cache_data(max_entries=256, show_spinner="Comparing")
def _tied(compared: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    said = {name: _predictions(run_id) for run_id, name in compared}
    baseline, labels = next((name, one.labels) for name, one in said.items())
    return tied_with_best(labels, {name: one.predicted for name, one in said.items()}, baseline)


@st.cache_resource(max_entries=6, show_spinner="Loading the model")
def predictor(run_id: str) -> "Predictor":
    """The model of a finished run, ready to be asked. Raise CheckpointError if its file is gone or damaged."""
    # Torch takes seconds to import, and no other page needs it.
    from core.prediction import Predictor

    return Predictor.load(artifacts.files_of(store(), run_id).model)


def study(run_id: str) -> Study:
    """The study of a run; shared by all, so never write into its arrays. Raise StudyError."""
    return _study(run_id, studies.study_stamp(store(), run_id))


@st.cache_resource(max_entries=6, show_spinner="Reading the study")
def _study(run_id: str, _stamp: int) -> Study:
    return studies.get_study(store(), run_id)


@st.cache_data(max_entries=512, show_spinner="Looking where the model looks")
def saliency(run_id: str, position: int, label: int) -> np.ndarray:
    """How much each place of a test image speaks for a class in a run's model: float32 (28, 28), 0 to 1.

    Raise CheckpointError without the model, NothingInside if it has no maps.
    """
    return predictor(run_id).saliency(fashion_mnist().test_images[position], label)


@st.cache_resource(max_entries=32, show_spinner="Reading the photo")
def photo(content: bytes, name: str) -> Photo:
    """A photo, decoded; shared by all, so never write into its arrays. Raise UnreadablePhoto."""
    return read_photo(content, name)


@st.cache_resource(max_entries=32, show_spinner="Cutting out the item")
def model_view(content: bytes, name: str, corrections: Corrections) -> "ModelView":
    """The way of a photo to what a model sees; shared by all. Raise UnreadablePhoto."""
    return corrections.view(photo(content, name))


@st.cache_data(max_entries=8, show_spinner="Cutting out the photos of the set")
def photo_set_images(photo_set: PhotoSet) -> np.ndarray:
    """What a model sees of the photos of a set, uint8 (n, 28, 28). Raise UnreadablePhoto where a picture is gone."""
    from core.photos import to_model_view

    return np.array([to_model_view(one.load()).image for one in photo_sets.photos_of(store(), photo_set)])


@st.cache_data(max_entries=256, show_spinner="Looking where the model looks")
def photo_saliency(run_id: str, image: np.ndarray, label: int) -> np.ndarray:
    """The same as `saliency` of what the model sees of a photo, uint8 (28, 28)."""
    return predictor(run_id).saliency(image, label)


@st.cache_data(max_entries=256, show_spinner="Looking for alike training images")
def photo_neighbours(run_id: str, study_stamp: int, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest training images (k,) of what the model sees of a photo, and their distances (k,). Raise StudyError.

    `study_stamp` is that of the study it is looked up in.
    """
    features = predictor(run_id).features(image[None])
    return _study(run_id, study_stamp).nearest_to(features[0])


def forget_photos() -> None:
    """Drop every photo that is kept here, and what was worked out from it."""
    for kept in (photo, model_view, photo_saliency, photo_neighbours):
        kept.clear()


def label_quality(run_id: str) -> LabelQuality:
    """What a finished run says of the test labels; shared by all. Raise RunNotFound or NoPredictions."""
    runs.get_run(store(), run_id)
    return _label_quality(run_id)


@st.cache_resource(max_entries=64, show_spinner="Judging the labels")
def _label_quality(run_id: str) -> LabelQuality:
    return quality_of(_predictions(run_id))


def label_trust(position: int, shown: Sequence[Run]) -> tuple[LabelTrust | None, list[LeftOut]]:
    """How far the label of one test image can be trusted, for the page of the image; its `sentence` says it whole.

    Judged by other runs than those shown, for whom the label may be a mistake to excuse; None if there is no other.
    With the judges that are left out, since they answered other images or have no answers.
    """
    said, judges, left_out = held_together(store(), shown, predictions)
    if not judges:
        return None, left_out
    names = distinct_names(judges)
    judged = {names[judge.id]: label_quality(judge.id) for judge in judges}
    return judge_one(position, int(next(iter(said.values())).labels[position]), judged), left_out


@st.cache_resource(
    max_entries=4, show_spinner="Judging the training labels", hash_funcs={FoldGroup: lambda own: own.id}
)
def training_quality(group: FoldGroup) -> LabelQuality:
    """What a complete k-fold group says of the training labels; shared by all. Raise NotComplete or DataError."""
    return quality_of(out_of_sample(store(), group, fashion_mnist().train_labels))


def near_duplicates() -> NearDuplicates | None:
    """The near-duplicates of the data set; None before they are searched."""
    version = duplicates.version(store())
    return _near_duplicates(version) if version else None


@st.cache_resource(max_entries=1, show_spinner=False)
def _near_duplicates(version: float) -> NearDuplicates | None:
    assert version
    return duplicates.read(store())


def epochs(run_ids: Sequence[str]) -> dict[str, list[Epoch]]:
    """The complete epochs of each run."""
    return runs.list_epochs(store(), run_ids)


@st.cache_data(ttl=60, show_spinner=False)
def space() -> list[RunSpace]:
    """The room that the files of every run take, looked at most every minute."""
    return space_of_runs(store())


@st.cache_data(ttl=5, show_spinner=False)
def keep_work_going() -> str:
    """Start the supervisor where runs wait and none is alive; looked at most every 5 s.

    Return what keeps it from starting, empty if nothing does.
    """
    try:
        state = runs.shop_state(store())
        if state.queued or state.at_work:
            launching.ensure_supervisor(store())
    except OSError as error:
        return f"The queue cannot be worked off: {error.strerror} ({error.filename})."
    return ""


def start_work() -> str:
    """The same at once, for a run that has just been queued."""
    keep_work_going.clear()
    return keep_work_going()
