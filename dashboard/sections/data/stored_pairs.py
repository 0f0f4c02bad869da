"""The pairs of images that the health report of an imported version names, with their pictures."""

from collections.abc import Sequence

import streamlit as st

from core.datasets import opening
from core.datasets.health import NamedPair
from core.datasets.versions import Version
from core.statistics.wording import counted
from dashboard import page, pickers
from dashboard.charts.pairs import PairedImage, pair_cards
from dashboard.queries import data_queries, run_queries
from jobs.settings import settings

PAGE_SIZE = 24


def show(version: Version) -> None:
    """The pairs of the kind chosen; what is counted beyond the first that are kept is said."""
    health = opening.read_health(settings().data, version)
    if health is None:
        return
    kinds = {
        "alike": ("Equal or nearly equal", health.equal + health.near, health.alike),
        "leaks": ("Training image bound to a test image", health.leaks, health.leaking),
        "conflicts": ("Equal or nearly equal with different labels", health.conflicts, health.conflicting),
    }
    words = {kind: f"{words} ({count:,})" for kind, (words, count, _) in kinds.items()}
    _, count, pairs = kinds[pickers.pick_one("Pairs", words, "pairs", clears=("page",))]
    st.caption(
        "Every image was compared with every other one when the version was stored, as it is and mirrored. Bound to "
        "each other are copies, and images of one group. Nothing is removed from the data or from any metric."
    )
    if health.search_note:
        st.warning(page.plain(health.search_note))
    if not count:
        st.write("There are no such pairs.")
    elif len(pairs) < count:
        kept = "none is named" if not pairs else f"the first {len(pairs):,} are named"
        st.write(f"Of {counted(count, 'pair')} {kept} in the health report.")
    _show_pairs(version, pairs[pickers.pick_slice(len(pairs), PAGE_SIZE)])


def _show_pairs(version: Version, pairs: Sequence[NamedPair]) -> None:
    data, content = data_queries.data_set(version.pinned), data_queries.content(version.pinned)
    place_of = {name: place for place, name in enumerate(content.names)}

    def image(place: int) -> PairedImage:
        return PairedImage(data.image(place), *data.located(place), data.classes[content.labels[place]])

    # Training images stand first in a version, and so on the left here.
    places = [sorted((place_of[pair.first], place_of[pair.second])) for pair in pairs]
    names = [f"{content.names[first]} and {content.names[second]}" for first, second in places]
    first, second = ([image(pair[side]) for pair in places] for side in (0, 1))
    st.html(pair_cards(first, second, names, run_queries.newest_run(version.pinned)))
