"""What one visitor has uploaded: kept while the page is away, unpacked once, let go of when the person says so."""

from collections.abc import Sequence

import streamlit as st

from core.photos.archives import Room, is_zip
from core.photos.photo_files import PhotoFile, as_photo, unpack
from core.texts import clean_name
from dashboard import sessions
from dashboard.sections.shared import upload_memory
from dashboard.sections.shared.upload_memory import UploadedFile

_REMOVALS, _IN_SIGHT, _EARLIER, _PASTED, _UNPACKED = (
    *("photos_removed", "photos_in_sight", "photos_earlier", "photos_pasted"),
    "photos_unpacked",
)


def uploader_key() -> str:
    """The key for the uploader: a new one after each removal, which is how it forgets what it shows.

    And a new one in a session that follows another, whose photos the browser would go on to list.

    An uploader that was not drawn has lost its files by now; what it showed is remembered here, so ask this first.
    """
    state = st.session_state
    key = _key("photos")
    if key not in state:
        state[_EARLIER] = state.get(_EARLIER, []) + state.pop(_IN_SIGHT, [])
    return key


def camera_key() -> str:
    """The key for the camera, likewise."""
    return _key("camera")


def add_pasted(pasted: Sequence[UploadedFile]) -> None:
    """Remember what was pasted: the control that it came through shows it once only."""
    st.session_state.setdefault(_PASTED, []).extend(pasted)


def all_given(in_sight: Sequence[UploadedFile], taken: UploadedFile | None) -> list[UploadedFile]:
    """Every upload of this visitor: from before, those that the uploader shows, pasted ones, and the camera's."""
    state = st.session_state
    state[_IN_SIGHT] = list(in_sight)
    return [*state.get(_EARLIER, []), *in_sight, *state.get(_PASTED, []), *([taken] if taken else [])]


def files_in(given: Sequence[UploadedFile]) -> list[PhotoFile]:
    """The files of all uploads in their order; zips unpacked, which together have the room of one."""
    before: dict[str, tuple[list[PhotoFile], Room]] = st.session_state.get(_UNPACKED, {})
    zips = {upload.file_id: upload for upload in given if is_zip(upload.getvalue()[:4])}
    held = {file_id: before[file_id] for file_id in zips if file_id in before}
    room = Room()
    for _, taken in held.values():
        room.files, room.bytes = room.files - taken.files, room.bytes - taken.bytes
    for file_id, upload in zips.items():
        if file_id not in held:
            held[file_id] = _unpacked(upload, room)
    # A zip that was refused may have room later, when another one is gone.
    st.session_state[_UNPACKED] = {file_id: unpacked for file_id, unpacked in held.items() if unpacked[1].files}
    files = (held[upload.file_id][0] if upload.file_id in zips else [_as_file(upload)] for upload in given)
    return [file for some in files for file in some]


def let_go(taken: UploadedFile | None) -> None:
    """Forget every upload, also in the server's own memory."""
    state = st.session_state
    upload_memory.let_go(all_given(state.get(_IN_SIGHT, []), taken))
    for key in (_IN_SIGHT, _EARLIER, _PASTED, _UNPACKED):
        state.pop(key, None)
    state[_REMOVALS] = state.get(_REMOVALS, 0) + 1


def _key(name: str) -> str:
    begun = st.session_state.get(_REMOVALS, 0) + sessions.number()
    return f"{name}_{begun}" if begun else name


def _unpacked(upload: UploadedFile, room: Room) -> tuple[list[PhotoFile], Room]:
    """The files of a zip and the room that they take."""
    before = Room(room.files, room.bytes)
    upload.seek(0)
    files = list(unpack(clean_name(upload.name), upload, room))
    return files, Room(before.files - room.files, before.bytes - room.bytes)


def _as_file(upload: UploadedFile) -> PhotoFile:
    return as_photo(clean_name(upload.name), upload.getvalue())
