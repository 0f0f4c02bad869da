"""Where photos come in on the page Predict: dropped, pasted, taken, packed in a zip, or drawn samples to try."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.labelling.photo_labels import PhotoLabels
from core.photos.archives import MAX_UNPACKED, MAX_ZIP_BYTES
from core.photos.photo_files import PhotoFile
from core.photos.picture import MAX_BYTES
from core.statistics import wording
from dashboard import page, pickers, sessions
from dashboard.queries import model_queries
from dashboard.sections.predict import photo_judging, samples, uploads

_NAMED = 3


@dataclass(frozen=True)
class Dropped:
    """The photos on offer, zips unpacked, and what is known of their classes."""

    files: list[PhotoFile]
    labels: PhotoLabels


def collect_photos() -> Dropped:
    """Show every way in, and return what has come by it so far; nothing of it is written to disk."""
    in_sight = st.file_uploader(
        f"Photos of single items (up to {MAX_BYTES // 2**20} MB each) or zips of them (up to "
        f"{MAX_ZIP_BYTES // 2**20} MB each)",
        accept_multiple_files=True,
        max_upload_size=MAX_ZIP_BYTES // 2**20,
        key=uploads.uploader_key(),
        help=f"JPG, HEIC, PNG, WEBP, AVIF and others. Zips may unpack to {MAX_UNPACKED // 2**20} MB in total. If you "
        "know the true classes, name the folders in the zip after them (the name of the zip itself does not count), "
        "or add a CSV with the columns file and label: then the page shows the accuracy.",
    )
    if pasted := st.chat_input(
        "Or click here and paste an image", accept_file="multiple", max_upload_size=MAX_BYTES // 2**20, key="paste"
    ):
        uploads.add_pasted(pasted.files)
    tried = pickers.pick_some("Or try a drawn sample", list(samples.SAMPLES), "sample", placeholder="Choose samples")
    taken = None
    if st.toggle("Use the camera", key="camera_on"):
        taken = st.camera_input("Take a photo", key=uploads.camera_key())
    given = uploads.all_given(in_sight, taken)
    if given:
        sessions.settled()
        _offer_removal(len(given))
    files = uploads.files_in(given)
    labels = photo_judging.labelled(files)
    for fault in labels.faults:
        page.say(fault)
    _say_what_lay_beside([file.name for file in files if file.kind == "other"] + list(labels.of_other_things))
    photos = [file for file in files if file.kind == "photo"]
    photos += [PhotoFile(f"Drawn {name}", samples.draw_sample(name)) for name in tried]
    if labels.sentences:
        st.warning("  \n".join(map(page.plain, labels.sentences)))
    return Dropped(photos, labels)


def _offer_removal(count: int) -> None:
    noun = "this upload" if count == 1 else f"all {count} uploads"
    words = (
        "Uploads are only in the memory of this server, and are deleted from it. Photo sets that you have kept stay."
    )
    st.button(f"Remove {noun}", on_click=_remove, key="remove_photos", help=words)


def _remove() -> None:
    uploads.let_go(st.session_state.get(uploads.camera_key()))
    st.session_state.pop("camera_on", None)
    photo_judging.forget()
    model_queries.forget_photos()


def _say_what_lay_beside(names: Sequence[str]) -> None:
    if names:
        were = "was" if len(names) == 1 else "were"
        shown = wording.listed([name.rpartition("/")[2] for name in names], _NAMED)
        st.caption(page.plain(f"{wording.counted(len(names), 'other file')} {were} ignored: {shown}."))
