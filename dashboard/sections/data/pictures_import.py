"""An import from the form on: how far it is, what it comes to, and whether that is to be stored. For whoever comes."""

from functools import partial

import streamlit as st

from core.datasets import versions
from core.errors import LookbookError
from dashboard import page, permitted, pickers
from dashboard.queries import run_queries
from dashboard.sections.data import health_report, upload_form, upload_list
from dashboard.tables.frames import with_names
from jobs.people import Role
from jobs.reports import data_tables
from jobs.running.background import TaskStatus
from jobs.settings import settings
from jobs.tasks import uploads
from jobs.tasks.uploads import Prepared, Upload

REFRESH_S = 1.0


def show(upload_id: str) -> None:
    """The form, or an import by its id as it stands; raise DataSetError where there is none any more."""
    _way_out("All data sets")
    if upload_id == upload_list.NEW:
        if permitted.may(Role.LAUNCH):
            upload_form.show()
    else:
        _show_import(upload_id)


def _show_import(upload_id: str) -> None:
    upload = uploads.get_upload(settings().data, upload_id)
    st.subheader(page.plain(f"Import of {upload.request.name} from {upload.request.source}"), anchor=False)
    if upload.stored_hash:
        _open_stored(upload.stored_hash)
        return
    state, prepared = upload.state, upload.prepared
    if state.status == TaskStatus.RUNNING:
        page.live(_follow, REFRESH_S)(upload_id)
        return
    if state.status == TaskStatus.FAILED:
        st.error(page.trouble(state.detail))
    if prepared is None:
        _offer_another_try(upload)
    else:
        _show_prepared(upload, prepared)


def _open_stored(stored_hash: str) -> None:
    """Go to the version that was stored, unless it has been deleted since."""
    stored = versions.with_hash(settings().data, stored_hash)
    if stored is None:
        page.empty("It was stored, and the data set has been deleted since.")
        return
    pickers.change_url({"upload": None, "data": stored.pinned})
    page.notice(f"Stored as {stored.label}.")
    st.rerun()


def _follow(upload_id: str) -> None:
    """The progress, drawn again by itself; the page is drawn anew when the process has ended."""
    upload = uploads.get_upload(settings().data, upload_id)
    state = upload.state
    if state.status != TaskStatus.RUNNING:
        st.rerun()
    st.progress(state.share, text=page.plain(state.detail or "Starting"))
    st.caption("You can leave this page: the import goes on, and the page Data lists it.")
    may_cancel = upload.prepared is None and permitted.may(Role.LAUNCH)
    if may_cancel and st.button("Cancel", key="cancel_import", help="Removes the upload."):
        _discard(upload)
        st.rerun()


def _offer_another_try(upload: Upload) -> None:
    if upload.state.status == TaskStatus.ABSENT:
        st.write("The pictures are uploaded and not read yet.")
    if not permitted.may(Role.LAUNCH):
        return
    with st.container(horizontal=True):
        read = partial(uploads.start_reading, run_queries.store(), upload)
        st.button("Try again", key="read_again", on_click=page.start, args=(read,), help="Goes on where it was.")
        _offer_discard(upload)


def _show_prepared(upload: Upload, prepared: Prepared) -> None:
    """What would be stored, and the choice."""
    version = prepared.version
    page.finding(data_tables.headline(version))
    if prepared.same is not None:
        st.info(f"The same images are stored already, as {page.plain(prepared.same.label)}.")
        _way_out(f"Open {prepared.same.label}", prepared.same.pinned)
    elif version.number > 1:
        st.info(
            page.plain(
                f"There is a data set {version.name}: this becomes its version {version.number}. Earlier versions, and "
                "the runs that learnt from them, stay as they are."
            )
        )
    if permitted.may(Role.LAUNCH):
        _offer_decision(upload, prepared)
    for sentence in (*data_tables.origin(version), *version.notes):
        st.caption(page.plain(sentence))
    health_report.show(version, prepared.health)
    st.subheader("Counts", anchor=False)
    page.table(with_names(data_tables.class_table(version)))


def _offer_decision(upload: Upload, prepared: Prepared) -> None:
    with st.container(horizontal=True):
        if prepared.same is None:
            store = partial(uploads.start_storing, run_queries.store(), upload, prepared.version.hash)
            label = page.plain(f"Store as {prepared.version.label}")
            st.button(
                label, key="store_import", type="primary", icon=":material/save:", on_click=page.start, args=(store,)
            )
        _offer_discard(upload)


def _way_out(label: str, data: str | None = None) -> None:
    """A button that leads from the import to the data sets, or one of them: links lead to other pages only."""
    to = {"upload": None, "data": data}
    icon = ":material/arrow_forward:" if data else ":material/arrow_back:"
    st.button(page.plain(label), key=f"to_{data}", type="tertiary", icon=icon, on_click=pickers.change_url, args=(to,))


def _offer_discard(upload: Upload) -> None:
    words = "Removes the upload. Left alone, it is kept for about a week."
    st.button("Discard", key="discard_import", icon=":material/delete:", on_click=_discard, args=(upload,), help=words)


def _discard(upload: Upload) -> None:
    """Remove the upload, unless somebody else is having it stored."""
    try:
        uploads.discard(run_queries.store(), upload)
    except LookbookError as error:
        page.notice(str(error))
        return
    pickers.change_url({"upload": upload_list.NEW})
    page.notice(f"The import of {upload.request.name} is discarded.")
