"""Where photos come in on the page Predict: dropped, pasted, taken, packed in a zip, or drawn samples to try."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.photo_files import MAX_ZIP_BYTES, PhotoFile, is_zip, unpack
from core.photo_labels import FolderLabels, Labels, UnreadableLabels, read_labels
from core.reading import MAX_BYTES
from dashboard import judging, page, pickers, queries, samples

_DROPPED_BEFORE, _PASTED = "photos_removed", "photos_pasted"


@dataclass(frozen=True)
class Dropped:
    """The files on offer, zips unpacked, and what is known of their classes."""

    files: list[PhotoFile]
    labels: Labels | FolderLabels


def collect_photos() -> Dropped:
    """Show every way in, and return what has come by it so far; nothing of it is written to disk."""
    uploads = st.file_uploader(
        f"Photos of single items, or a zip of them: at most {MAX_BYTES // 2**20} MB each",
        accept_multiple_files=True,
        max_upload_size=MAX_ZIP_BYTES // 2**20,
        key=_uploader_key(),
        help="JPG, HEIC, PNG, WEBP, AVIF and others. Where the true classes are known, name the folders in the zip by "
        "them, or add a CSV with the columns file and label: then the page says how many answers are right.",
    )
    if pasted := st.chat_input("Or click here and paste a picture", accept_file="multiple", key="paste"):
        st.session_state.setdefault(_PASTED, []).extend(pasted.files)
    tried = pickers.pick_some("Or try a drawn sample", list(samples.SAMPLES), "sample", placeholder="Choose samples")
    taken = None
    if st.toggle("Use the camera", key="camera_on"):
        taken = st.camera_input("Take a photo", key="camera")
    given = [*uploads, *st.session_state.get(_PASTED, []), *([taken] if taken else [])]
    if given:
        _offer_removal(len(given))
    files = [file for upload in given if not _is_table(upload) for file in _files_in(upload)]
    files += [PhotoFile(f"Drawn {name}", samples.draw_sample(name)) for name in tried]
    return Dropped(files, _labels(given))


def _uploader_key() -> str:
    """A new one after each removal, which is how Streamlit forgets what was uploaded."""
    removed = st.session_state.get(_DROPPED_BEFORE, 0)
    return f"photos_{removed}" if removed else "photos"


def _offer_removal(count: int) -> None:
    noun = "this upload" if count == 1 else f"all {count} uploads"
    st.button(f"Remove {noun}", on_click=_remove, key="remove_photos", help="They are in memory only, and gone then.")


def _remove() -> None:
    st.session_state[_DROPPED_BEFORE] = st.session_state.get(_DROPPED_BEFORE, 0) + 1
    st.session_state.pop(_PASTED, None)
    for key in ("camera", "camera_on"):
        st.session_state.pop(key, None)
    judging.forget()
    queries.forget_photos()


def _is_table(upload: Any) -> bool:
    return bool(upload.name.lower().endswith(".csv"))


def _files_in(upload: Any) -> list[PhotoFile]:
    start = upload.getvalue()[:4]
    return list(unpack(upload.name, upload)) if is_zip(start) else [PhotoFile(upload.name, upload.getvalue())]


def _labels(given: list[Any]) -> Labels | FolderLabels:
    """By the CSVs that were dropped too, else by the names of folders."""
    found: dict[str, int] = {}
    for upload in filter(_is_table, given):
        try:
            found |= read_labels(upload.getvalue()).by_file
        except UnreadableLabels as error:
            page.say(error)
    return Labels(found) if found else FolderLabels()
