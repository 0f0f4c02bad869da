"""What a photo really shows, said in one click on the page Predict, and kept in a photo set by who agrees to that."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.classes import CLASS_NAMES
from core.errors import LookbookError
from core.statistics import wording
from dashboard import page
from dashboard.queries import model_queries, run_queries
from dashboard.sections.predict.photo_judging import JudgedPhoto
from jobs.results import photo_sets
from jobs.results.photo_sets import PhotoSet, PhotoSetNotFound
from jobs.store.store import Store
from jobs.tasks import set_changes

_AGREED, _SET_NAME, _KEPT = "corrections_agreed", "corrections_set", "corrections_kept"
_AGREE = "Keep the photos that I label in a photo set"


@dataclass(frozen=True)
class _Kept:
    """A photo as it was kept: in which set and where, None where its pixels were there already under that label."""

    photo_set: PhotoSet
    position: int | None
    label: int


def ask_for_consent() -> None:
    """A checkbox, off at first, by which labelled photos are kept, and the name of their set."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.checkbox(
            _AGREE,
            key=_AGREED,
            persist_state="session",
            help="Pixels and labels are kept on this machine until you delete the set, and runs can learn from them.",
        )
        st.text_input("Photo set for labelled photos", "corrections", key=_SET_NAME, persist_state="session")


def ask_for_class(photo: JudgedPhoto) -> None:
    """The ten classes, the likeliest first; what is chosen is kept, relabelled or taken out again."""
    chosen = st.pills(
        f"What is {page.plain(photo.file.name)}?",
        _likeliest_first(photo),
        format_func=CLASS_NAMES.__getitem__,
        key=_control(photo),
        persist_state="session",
    )
    try:
        _follow(photo, chosen)
    except LookbookError as error:
        page.say(error)


def _follow(photo: JudgedPhoto, chosen: int | None) -> None:
    """Bring the photo set to what is chosen, and say where the photo is."""
    store, all_kept = run_queries.store(), _all_kept()
    kept = all_kept.get(photo.key)
    if kept is not None and _is_gone(store, kept.photo_set):
        if kept.label == chosen:
            st.info(page.plain(f"{kept.photo_set.name} was deleted meanwhile. Choose again to keep the photo."))
            return
        kept = None
    if chosen is None:
        if kept is not None and kept.position is not None:
            set_changes.remove_photo(store, kept.photo_set, kept.position)
            st.caption(page.plain(f"Taken out of {kept.photo_set.name} again."))
        all_kept.pop(photo.key, None)
        return
    if kept is None:
        if not st.session_state[_AGREED]:
            st.info(f"Nothing is kept yet: tick “{_AGREE}” above if you agree.")
            return
        kept = _keep(store, photo, chosen)
    elif kept.position is not None and kept.label != chosen:
        set_changes.relabel_photo(store, kept.photo_set, kept.position, chosen)
        kept = _Kept(kept.photo_set, kept.position, chosen)
    all_kept[photo.key] = kept
    _say(photo, kept)


def _is_gone(store: Store, photo_set: PhotoSet) -> bool:
    return all(known.id != photo_set.id for known in photo_sets.list_sets(store))


def _say(photo: JudgedPhoto, kept: _Kept) -> None:
    photo_set = photo_sets.find_set(run_queries.store(), kept.photo_set.id)
    where = f"{CLASS_NAMES[kept.label]} in {photo_set.name} ({wording.counted(photo_set.count, 'photo')})"
    if kept.position is None:
        st.info(page.plain(f"The same photo is there already, as {where}. Its label was left as it is."))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.success(page.plain(f"Kept as {where}"))
        st.button("Undo", key=f"undo_{photo.key}", on_click=_undo, args=(_control(photo),))


def _undo(control: str) -> None:
    st.session_state[control] = None


def _keep(store: Store, photo: JudgedPhoto, label: int) -> _Kept:
    """Keep a photo in the set of the name that is typed, which is made where there is none."""
    name = st.session_state[_SET_NAME]
    labelled = [(model_queries.photo(photo.file.content, photo.file.name), label)]
    try:
        photo_set = photo_sets.find_set(store, name)
        joined = set_changes.add_photos(store, photo_set, labelled)
    except PhotoSetNotFound:
        return _Kept(photo_sets.keep(store, name, labelled), 0, label)
    if joined.already_there:
        return _Kept(photo_set, None, joined.already_there[0].label)
    return _Kept(photo_set, joined.positions[0], label)


def _likeliest_first(photo: JudgedPhoto) -> Sequence[int]:
    """The labels by the mean probability of the runs that tell these classes apart."""
    judgements = photo.seen.judgements.values() if photo.seen else ()
    shares = [each.probabilities for each in judgements if len(each.probabilities) == len(CLASS_NAMES)]
    mean = np.mean(shares, axis=0) if shares else np.zeros(len(CLASS_NAMES))
    return [int(label) for label in np.argsort(-mean, kind="stable")]


def _control(photo: JudgedPhoto) -> str:
    return f"class_{photo.key}"


def _all_kept() -> dict[str, _Kept]:
    kept: dict[str, _Kept] = st.session_state.setdefault(_KEPT, {})
    return kept
