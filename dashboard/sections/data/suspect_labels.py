"""Images whose labels may be wrong: of the test set by finished runs, of the training set by a k-fold group."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.datasets.versions import Version
from core.statistics import wording
from core.statistics.label_errors import NO_CLASS, LabelQuality, agreed
from dashboard import page, page_wording, pickers
from dashboard.charts.gallery_pictures import suspect_pictures, with_marks
from dashboard.elements.gallery import gallery
from dashboard.queries import data_queries, run_queries
from dashboard.sections.data.data_images import pick_class
from dashboard.sections.data.image_panel import show_image
from dashboard.sections.shared.gallery_filters import CLOSED
from dashboard.sections.shared.image_way import image_in_url, open_image, show_way
from dashboard.sections.shared.take_along import csv_button
from jobs.reports import csv_tables
from jobs.results.comparisons import comparable, distinct_names, other_images
from jobs.results.flagged_rows import suspect_rows
from jobs.results.fold_groups import FoldGroup, list_fold_groups
from jobs.store.records import Run

PAGE_SIZE = 48
MOST_JUDGES = 5
SPLITS = {"test": "Test set", "train": "Training set"}
_TRUST, _SELF_CONFIDENCE, _POSITION = "trust", "self-confidence", "position"
_SORTS = {
    _TRUST: "Label quality, lowest first",
    _SELF_CONFIDENCE: "Probability of the given label, lowest first",
    _POSITION: "Position in the data set",
}
_METHOD = (
    "Confident learning (Northcutt, Jiang and Chuang 2021) flags a label where the model prefers another class with "
    "at least the average confidence of the images labelled so. A label issue is not proof: models err, and some "
    "images lie between two classes, so look at them. Nothing is removed or relabelled, in the data or in any "
    "metric."
)
_FOLDS_METHOD = (
    "No run was trained on the fold that it judges, but the validation loss there chose its checkpoint and when to "
    "stop: its predictions for these labels are slightly more confident than for unseen images."
)


@dataclass(frozen=True)
class _Judged:
    """Images and labels (n,), of these classes, with what is said of them, and by whom."""

    images: np.ndarray
    labels: NDArray[np.int64]
    classes: Sequence[str]
    quality: LabelQuality
    by: str
    run_id: str = ""
    """The run that Explore opens; none for training images, which it does not show."""


def show(version: Version) -> None:
    """Who judges, how many labels are suspect, and the images behind them."""
    left, right = st.columns([1, 2])
    with left:
        closed = (*CLOSED, "class", "suggested")
        split = pickers.pick_one("Labels of", SPLITS, "split", segmented=True, clears=closed)
    with right:
        judged = _test_set(version) if split == "test" else _training_set(version)
    if judged is None:
        return
    count, suspects = len(judged.labels), int(np.count_nonzero(judged.quality.suspect))
    share = wording.percent(suspects / count)
    page.finding(
        f"{suspects:,} of the {count:,} labels of the {SPLITS[split].lower()} ({share}) are flagged as label "
        f"issues by {judged.by}."
    )
    st.caption(_METHOD if split == "test" else f"{_METHOD} {_FOLDS_METHOD}")
    _show_images(version, judged, split)


def _test_set(version: Version) -> _Judged | None:
    offered = pickers.finished_runs("run", data=version.pinned)
    if not offered:
        page.empty(
            f"No finished runs yet. The predictions of a run for the {version.count('test'):,} test images, which it "
            "is not trained on, show which of their labels may be wrong.",
            "Launch a run",
            "launch",
            data=version.pinned,
        )
        return None
    runs = pickers.pick_runs(
        "Judged by",
        offered,
        default=[offered[0].id],
        most=MOST_JUDGES,
        help="With several runs, a label is flagged only if all of them suggest the same other class.",
    )
    if not runs:
        st.info("Choose at least one run.")
        return None
    answers, refused = comparable(runs, run_queries.predictions)
    page.warn(left_out.sentence for left_out in refused)
    return _judged_by(version, [run for run in runs if run.id in answers]) if answers else None


def _judged_by(version: Version, runs: Sequence[Run]) -> _Judged | None:
    """What runs that answered the same images say of the labels, where these are the images of the data folder."""
    data, answers = data_queries.data_set(version.pinned), run_queries.predictions(runs[0].id)
    if difference := other_images(answers, data.test_labels):
        st.error(page.plain(f"{runs[0].name} was not tested on the images of the data folder: {difference}."))
        return None
    quality = agreed([data_queries.label_quality(run.id) for run in runs])
    names = list(distinct_names(runs).values())
    by = names[0] if len(names) == 1 else f"each of {', '.join(names[:-1])} and {names[-1]}"
    return _Judged(data.test_images, answers.labels, answers.classes, quality, by, runs[0].id)


def _training_set(version: Version) -> _Judged | None:
    groups = [group for group in list_fold_groups(run_queries.store()) if group.data == version.pinned]
    complete = {group.id: group for group in groups if group.is_complete}
    if not complete:
        _say_what_to_launch(version, groups)
        return None
    names = {
        group.id: f"{page_wording.label(group.name)}, {group.folds} folds · {group.id}" for group in complete.values()
    }
    group = complete[pickers.pick_one("Judged by", names, "group", clears=CLOSED)]
    data = data_queries.data_set(version.pinned)
    by = f"the {group.folds} runs of {group.name}, each on its held-out fold"
    return _Judged(data.train_images, data.train_labels, data.classes, data_queries.training_quality(group), by)


def _say_what_to_launch(version: Version, groups: Sequence[FoldGroup]) -> None:
    time = (
        " Five folds of the one-minute CNN take about six minutes on two cores; five of the report's CNN judge better "
        "and take over an hour."
    )
    page.empty(
        "Training labels can only be judged by models that were not trained on them. A k-fold run trains one model "
        f"per fold, each of which judges the fold that was held out from it.{time if version.is_built_in else ''}",
        "Launch a k-fold run",
        "launch",
        data=version.pinned,
        preset="quick",
        folds="5",
    )
    for group in groups:
        text = f"{group.name}: {group.finished} of {group.folds} folds finished"
        page.link(page.plain(text), "runs", group=group.id)


def _show_images(version: Version, judged: _Judged, split: str) -> None:
    order = _chosen_order(judged)
    opened = image_in_url(len(judged.labels))
    if opened is not None:
        show_way(opened, order)
        suggested = int(judged.quality.suggested[opened])
        place = opened + (version.size - version.count("test") if split == "test" else 0)
        show_image(version, place, judged.run_id, None if suggested == NO_CLASS else suggested)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{wording.counted(len(order), 'image')}. Captions: given label → suggested label (label quality).")
        for label, rows in (("CSV of these", order), ("CSV of all", judged.quality.ranked)):
            csv_button(label, partial(_as_csv, judged, rows), "suspects", split)
    if not len(order):
        st.write("No label issues match: choose other classes.")
    shown = order[pickers.pick_slice(len(order), PAGE_SIZE)]
    pictures = suspect_pictures(
        judged.images, judged.labels, judged.classes, judged.quality, shown, pickers.whole_url()
    )
    gallery(with_marks(pictures, data_queries.marks(version, split)), "Label issues", key="gallery", on_open=open_image)


def _as_csv(judged: _Judged, positions: NDArray[np.int64]) -> str:
    return csv_tables.suspects(suspect_rows(judged.labels, judged.classes, judged.quality, positions))


def _chosen_order(judged: _Judged) -> NDArray[np.int64]:
    """The positions of the suspect images of the classes chosen, in the order chosen."""
    columns = st.columns(3)
    with columns[0]:
        label = pick_class(judged.classes, "Given label", "class")
    with columns[1]:
        suggested = pick_class(judged.classes, "Suggested label", "suggested")
    with columns[2]:
        sort = pickers.pick_one("Sort by", _SORTS, "sort", clears=CLOSED)
    order = _ordered(judged.quality, sort)
    wanted = np.ones(len(order), dtype=bool)
    if label is not None:
        wanted &= judged.labels[order] == label
    if suggested is not None:
        wanted &= judged.quality.suggested[order] == suggested
    return order[wanted]


def _ordered(quality: LabelQuality, sort: str) -> NDArray[np.int64]:
    if sort == _POSITION:
        return np.flatnonzero(quality.suspect)
    return quality.order(quality.self_confidence if sort == _SELF_CONFIDENCE else quality.trust)
