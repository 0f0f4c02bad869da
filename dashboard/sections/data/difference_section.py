"""How a version differs from another one, with the pictures of what differs."""

import numpy as np
import streamlit as st

from core.datasets import versions
from core.datasets.readers.listing import SPLITS
from core.datasets.storing import Content
from core.datasets.versions import Version
from core.statistics.wording import counted
from dashboard import page, pickers
from dashboard.charts.gallery_pictures import named_pictures
from dashboard.elements.gallery import gallery
from dashboard.queries import data_queries
from jobs.reports import data_tables
from jobs.settings import settings

PAGE_SIZE = 48
_RELABELLED, _ADDED, _REMOVED, _MOVED = "relabelled", "added", "removed", "moved"


def show(version: Version) -> None:
    """The other version to choose, at first the one that this came from; the difference, and its images."""
    others = {each.pinned: each for each in versions.list_versions(settings().data) if each.hash != version.hash}
    if not others:
        page.empty("There is no other version to compare with. Correct labels, or import pictures of your own.")
        return
    parent = next((each.pinned for each in others.values() if each.hash == version.parent), next(iter(others)))
    labels = {pinned: others[pinned].label for pinned in dict.fromkeys([parent, *others])}
    before = others[pickers.pick_one("Compared with", labels, "against", clears=("page",))]
    parts = data_queries.difference(before, version)
    for sentence in data_tables.difference_sentences(before, version, parts):
        st.write(page.plain(sentence))
    kinds = {
        _RELABELLED: ("Relabelled", parts.relabelled),
        _ADDED: ("Added", np.stack([parts.added, parts.added], axis=1)),
        _REMOVED: ("Taken out", np.stack([parts.removed, parts.removed], axis=1)),
        _MOVED: ("In another split", parts.moved),
    }
    titles = {kind: f"{title} ({len(places):,})" for kind, (title, places) in kinds.items()}
    kind = pickers.pick_one("Images", titles, "kind", segmented=True, clears=("page",))
    places = kinds[kind][1]
    if not len(places):
        st.write("No image differs in this way.")
        return
    shown = places[pickers.pick_slice(len(places), PAGE_SIZE)]
    contents = data_queries.content(before.pinned), data_queries.content(version.pinned)
    _show_images(version if kind != _REMOVED else before, contents, kind, shown)


def _show_images(shown: Version, contents: tuple[Content, Content], kind: str, places: np.ndarray) -> None:
    """The images at places (k, 2) of both versions, as they are in the version that is shown."""
    content, column = (contents[0], 0) if kind == _REMOVED else (contents[1], 1)
    positions = places[:, column]
    captions = [_caption(contents, kind, *pair) for pair in places.tolist()]
    names = [content.names[place] for place in positions.tolist()]
    images = data_queries.images_at(shown.pinned, positions)
    st.caption(f"{counted(len(positions), 'image')} on this page. Captions: label, or what it was → what it is.")
    gallery(named_pictures(images, captions, names, positions), "Images that differ", key="gallery")


def _caption(contents: tuple[Content, Content], kind: str, before: int, after: int) -> str:
    old, new = contents
    if kind == _RELABELLED:
        return f"{old.classes[old.labels[before]]} → {new.classes[new.labels[after]]}"
    if kind == _MOVED:
        return f"{SPLITS[old.splits[before]]} → {SPLITS[new.splits[after]]}"
    return old.classes[old.labels[before]] if kind == _REMOVED else new.classes[new.labels[after]]
