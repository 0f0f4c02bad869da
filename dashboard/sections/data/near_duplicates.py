"""Pairs of images that are nearly the same, within the training set, within the test set, and across the two."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.data.data_set import DataSet
from core.datasets.versions import Version
from core.statistics import wording
from core.statistics.near_duplicates import LOOK_ALIKE, NEAR_DUPLICATE, Pairs
from dashboard import page, permitted, pickers
from dashboard.charts.pairs import PairedImage, likeness, pair_cards
from dashboard.queries import data_queries, run_queries
from dashboard.sections.data.data_images import pick_class
from dashboard.sections.shared.take_along import csv_button
from jobs.people import Role
from jobs.reports import csv_tables
from jobs.results import duplicate_search
from jobs.results.duplicate_search import NearDuplicates
from jobs.results.flagged_rows import duplicate_rows
from jobs.running.background import TaskStatus

PAGE_SIZE = 24
REFRESH_S = 2.0
_PLACES = {"": "Anywhere", "across": "Across the sets", "train": "Within training", "test": "Within test"}
_LEAST = {
    str(NEAR_DUPLICATE): f"{NEAR_DUPLICATE}, near-duplicates",
    "0.999": "0.999, nearly identical",
    str(LOOK_ALIKE): f"{LOOK_ALIKE}, look-alikes",
}
_SORTS = {"": "Most similar first", "least": "Least similar first"}


def show(version: Version) -> None:
    """What was found in Fashion-MNIST, or what there is to do to find it."""
    duplicates = data_queries.near_duplicates()
    if duplicates is None:
        page.live(_search, REFRESH_S)()
        return
    _say(duplicates)
    _show_pairs(duplicates, data_queries.data_set(version.pinned))


def _search() -> None:
    """The state of the search, drawn again by itself; the page is drawn anew when it has ended."""
    store = run_queries.store()
    state = duplicate_search.search_state(store)
    if data_queries.near_duplicates() is not None:
        st.rerun()
    if state.status == TaskStatus.RUNNING:
        st.progress(state.share, text="Comparing all 70,000 images with each other in the background")
        return
    page.empty(
        "No search yet. It compares every image with every other one, as it is and mirrored. This takes one or two "
        "minutes on two cores; training has priority."
    )
    if state.status == TaskStatus.FAILED:
        st.error(page.trouble(state.detail))
    search = partial(duplicate_search.start_search, store)
    if permitted.may(Role.REVIEW):
        st.button("Search for near-duplicates", icon=":material/search:", on_click=page.start, args=(search,))


def _say(duplicates: NearDuplicates) -> None:
    close = duplicates.pairs.similarity >= NEAR_DUPLICATE
    leaked = int(np.count_nonzero(duplicates.leaked()))
    count = {name: int(np.count_nonzero(close & mask)) for name, mask in _masks(duplicates).items()}
    page.finding(
        f"{leaked:,} of the {duplicates.test_count:,} test images ({wording.percent(leaked / duplicates.test_count)}) "
        f"{'has' if leaked == 1 else 'have'} a near-duplicate in the training set."
    )
    st.write(
        f"{wording.counted(count[''], 'pair')} in total: {count['across']:,} across the sets, {count['train']:,} "
        f"within the training set, {count['test']:,} within the test set."
    )
    st.caption(
        f"A pair counts as near-duplicates if its pixels correlate by at least {NEAR_DUPLICATE}, mirrored or not. On "
        "inspection such pairs show the same article, except for some of the plainest trousers. All pairs were "
        f"compared, in {wording.duration(duplicates.seconds)}. Nothing is removed from the data or from any metric."
    )


def _show_pairs(duplicates: NearDuplicates, data: DataSet) -> None:
    labels = np.concatenate([data.train_labels, data.test_labels])
    pairs = _chosen_pairs(duplicates, labels, data.classes)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{wording.counted(len(pairs), 'pair')}. A test image opens in Explore once a run has finished.")
        for label, rows in (("CSV of these", pairs), ("CSV of all stored pairs", duplicates.pairs)):
            csv_button(label, partial(_as_csv, duplicates, data.class_names(labels), rows), "near-duplicates")
    if not len(pairs):
        st.write("No pairs match: choose another class or set.")
    shown = pairs.chosen(np.arange(len(pairs))[pickers.pick_slice(len(pairs), PAGE_SIZE)])

    def images(positions: Sequence[int]) -> list[PairedImage]:
        """The images at these positions among all 70,000, the training images first."""
        places = [duplicates.place(position) for position in positions]
        of = {"train": data.train_images, "test": data.test_images}
        return [
            PairedImage(of[split][at], split, at, data.classes[labels[position]])
            for position, (split, at) in zip(positions, places, strict=True)
        ]

    sides = images(shown.first.tolist()), images(shown.second.tolist())
    about = [likeness(*pair) for pair in zip(shown.similarity.tolist(), shown.mirrored.tolist(), strict=True)]
    st.html(pair_cards(*sides, about, run_queries.newest_run(data.id)))


def _as_csv(duplicates: NearDuplicates, names: Sequence[str], pairs: Pairs) -> str:
    return csv_tables.near_duplicates(duplicate_rows(duplicates, names, pairs))


def _chosen_pairs(duplicates: NearDuplicates, labels: NDArray[np.int64], classes: Sequence[str]) -> Pairs:
    """The pairs of the place, class and similarity chosen, in the order chosen."""
    columns = st.columns(4)
    with columns[0]:
        place = pickers.pick_one("Set", _PLACES, "split", clears=("page",))
    with columns[1]:
        label = pick_class(classes, "Class", "class")
    with columns[2]:
        least = pickers.pick_one("Minimum similarity", _LEAST, "least", clears=("page",))
    with columns[3]:
        sort = pickers.pick_one("Sort by", _SORTS, "sort", clears=("page",))
    pairs = duplicates.pairs
    wanted = _masks(duplicates)[place] & (pairs.similarity >= float(least))
    if label is not None:
        wanted &= (labels[pairs.first] == label) | (labels[pairs.second] == label)
    order = np.flatnonzero(wanted)
    return pairs.chosen(order[::-1] if sort else order)


def _masks(duplicates: NearDuplicates) -> dict[str, NDArray[np.bool_]]:
    """Which pairs are in each of the places that can be chosen."""
    everywhere = np.ones(len(duplicates.pairs), dtype=bool)
    return {"": everywhere, "across": duplicates.across, "train": duplicates.in_training, "test": duplicates.in_test}
