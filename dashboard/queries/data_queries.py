"""What the pages read of the data set: its images, its labels and how far they can be trusted."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from core.classes import CLASS_COUNT
from core.config import FASHION_MNIST
from core.data import fashion_mnist as benchmark
from core.data.data_set import DataSet
from core.data.splits import split
from core.datasets import differing, opening, versions
from core.datasets.differing import Difference
from core.datasets.health import TEST
from core.datasets.storing import Content
from core.datasets.versions import Version
from core.errors import DataError
from core.statistics.label_errors import LabelQuality, LabelTrust
from core.statistics.label_errors import label_trust as judge_one
from dashboard.queries import run_queries
from dashboard.queries.read_only import read_only
from jobs.results import duplicate_search
from jobs.results.comparisons import LeftOut, distinct_names
from jobs.results.duplicate_search import NearDuplicates
from jobs.results.fold_groups import FoldGroup, out_of_sample
from jobs.results.label_judges import held_together, quality_of
from jobs.results.label_marks import review_of
from jobs.settings import settings
from jobs.store import queries
from jobs.store.records import Run

MOST_AVERAGED = 6_000
"""Images of a class that its mean image is of: all of Fashion-MNIST's."""


@st.cache_resource(show_spinner="Loading Fashion-MNIST")
def fashion_mnist() -> DataSet:
    """The data set of this installation, mapped into memory once. Raise DataError."""
    return read_only(benchmark.load(settings().data))


def data_set(identity: str) -> DataSet:
    """The data set that a configuration names, mapped into memory once. Raise DataError or DataSetError."""
    return fashion_mnist() if identity == FASHION_MNIST else _stored_set(identity)


@st.cache_resource(max_entries=8, show_spinner="Opening the data set")
def _stored_set(identity: str) -> DataSet:
    return read_only(opening.open_version(settings().data, identity))


@st.cache_resource(max_entries=8, show_spinner="Opening the data set")
def content(identity: str) -> Content:
    """The labels, splits and names of all images of a version, read once. Raise DataError or DataSetError."""
    folder = settings().data
    return read_only(opening.read_content(folder, versions.find(folder, identity)))


def images_at(identity: str, places: np.ndarray) -> list[np.ndarray]:
    """The images at these places (k,) of a version, each (s, s) or (s, s, 3). Raise DataError or DataSetError."""
    return list(map(data_set(identity).image, places.tolist()))


def difference(first: Version, second: Version) -> Difference:
    """How a version differs from the first. Raise DataError or DataSetError."""
    return _difference(first.pinned, second.pinned, first.form == second.form)


@st.cache_resource(max_entries=8, show_spinner="Comparing the images of both versions")
def _difference(first: str, second: str, by_pixels: bool) -> Difference:
    return read_only(differing.difference(content(first), content(second), by_pixels))


def marks(version: Version, split: str) -> dict[int, str]:
    """Who has marked an image of a split, "train" or "test", and how, a sentence by position. Raise as content."""
    stored = content(version.pinned)
    learnt = int(np.count_nonzero(stored.splits != TEST))
    first, end = (learnt, version.size) if split == "test" else (0, learnt)
    review = review_of(run_queries.store(), version.pinned, version.size, len(version.classes))
    return {place - first: review.sentence(place, stored) for place in review.marks if first <= place < end}


@st.cache_data(max_entries=8, show_spinner="Computing mean images")
def means_of(identity: str) -> np.ndarray:
    """The mean of the first training images of each class, uint8 (c, s, s) or (c, s, s, 3). Raise DataError."""
    data = data_set(identity)
    of_class = (np.flatnonzero(data.train_labels == label)[:MOST_AVERAGED] for label in range(len(data.classes)))
    return np.rint([data.train_images[places].mean(axis=0) for places in of_class]).astype(np.uint8)


def split_counts(version: Version) -> dict[str, Sequence[int]]:
    """How many images of each class the splits have; Fashion-MNIST's as runs draw them. Raise DataError."""
    return _drawn_counts() if version.is_built_in else dict(version.counts.items())


@st.cache_data(show_spinner="Counting the images")
def _drawn_counts() -> dict[str, Sequence[int]]:
    data = fashion_mnist()
    train, validation = split(data.train_labels, seed=0)
    labels = {
        "Training": data.train_labels[train],
        "Validation": data.train_labels[validation],
        "Test": data.test_labels,
    }
    return {name: np.bincount(of_split, minlength=CLASS_COUNT).tolist() for name, of_split in labels.items()}


def data_is_present() -> bool:
    """Whether Fashion-MNIST can be opened."""
    return benchmark.is_present(settings().data)


def data_problem() -> DataError | None:
    """What is missing from the data folder or damaged in it, None where every byte is as published."""
    return _data_problem(settings().data, benchmark.stamps(settings().data))


@st.cache_resource(max_entries=4, show_spinner="Verifying Fashion-MNIST")
def _data_problem(folder: Path, stamps: tuple[tuple[str, int, int], ...]) -> DataError | None:
    assert stamps is not None
    try:
        benchmark.verify(folder)
    except DataError as error:
        return error
    return None


def label_quality(run_id: str) -> LabelQuality:
    """What a finished run says of the test labels; shared by all. Raise RunNotFound or NoPredictions."""
    queries.get_run(run_queries.store(), run_id)
    return _label_quality(run_id)


@st.cache_resource(max_entries=64, show_spinner="Finding label issues")
def _label_quality(run_id: str) -> LabelQuality:
    return read_only(quality_of(run_queries.predictions(run_id)))


def label_trust(position: int, shown: Sequence[Run]) -> tuple[LabelTrust | None, list[LeftOut]]:
    """How far the label of one test image can be trusted, for the page of the image; its `sentence` says it whole.

    Judged by other runs than those shown, for whom the label may be a mistake to excuse; None if there is no other.
    With the judges that are left out, since they answered other images or have no answers.
    """
    answers, judges, left_out = held_together(run_queries.store(), shown, run_queries.predictions)
    if not judges:
        return None, left_out
    names = distinct_names(judges)
    judged = {names[judge.id]: label_quality(judge.id) for judge in judges}
    tested = next(iter(answers.values()))
    return judge_one(position, int(tested.labels[position]), judged, tested.classes), left_out


@st.cache_resource(max_entries=4, show_spinner="Finding label issues", hash_funcs={FoldGroup: lambda group: group.id})
def training_quality(group: FoldGroup) -> LabelQuality:
    """What a complete k-fold group says of the training labels; shared by all. Raise NotComplete or as data_set."""
    data = data_set(group.data)
    return read_only(quality_of(out_of_sample(run_queries.store(), group, data.train_labels, data.train_groups)))


def near_duplicates() -> NearDuplicates | None:
    """The near-duplicates of the data set; None before they are searched."""
    version = duplicate_search.version(run_queries.store())
    return _near_duplicates(version) if version else None


@st.cache_resource(max_entries=1, show_spinner=False)
def _near_duplicates(version: float) -> NearDuplicates | None:
    assert version
    return read_only(duplicate_search.read(run_queries.store()))
