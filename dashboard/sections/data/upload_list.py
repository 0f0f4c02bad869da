"""The way to import pictures, and the imports that are under way or wait for somebody to decide."""

import streamlit as st

from core.statistics import wording
from dashboard import page, permitted, pickers
from jobs.people import Role
from jobs.running.background import TaskStatus
from jobs.settings import settings
from jobs.tasks import uploads
from jobs.tasks.uploads import Upload

NEW = "new"
"""What the address of the form has in the place of an id: `?upload=new`."""
REFRESH_S = 3.0
_WORDS = {TaskStatus.ABSENT: "not read yet", TaskStatus.FAILED: "could not be read", TaskStatus.DONE: "stored"}


def show() -> None:
    """The way to the form for who may launch; and each import, drawn again by itself while one is under way."""
    if permitted.may(Role.LAUNCH):
        to = {"upload": NEW}
        st.button("Import pictures", icon=":material/upload:", key="import", on_click=pickers.change_url, args=(to,))
    if known := uploads.list_uploads(settings().data):
        is_moving = any(upload.state.status == TaskStatus.RUNNING for upload in known)
        page.live(_lines, REFRESH_S if is_moving else None)()


def _lines() -> None:
    for upload in uploads.list_uploads(settings().data):
        with st.container(horizontal=True, vertical_alignment="center"):
            name = page.plain(upload.request.name)
            st.write(f"**{name}** from {page.plain(upload.request.source)}: {page.plain(_words(upload))}.")
            if st.button(f"Open the import of {name}", key=upload.id, type="tertiary", icon=":material/arrow_forward:"):
                pickers.change_url({"upload": upload.id})
                st.rerun()


def _words(upload: Upload) -> str:
    """How an import stands."""
    state = upload.state
    if state.status == TaskStatus.RUNNING:
        return f"{state.detail or 'Starting'}, {wording.percent(state.share, 0)}"
    if upload.prepared is not None:
        return "read, and waiting to be stored or discarded"
    return _WORDS[state.status]
