"""The files of a run: its reports and tables, its model to go, and what its training left behind."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from core.errors import LookbookError
from core.statistics import wording
from dashboard import page, page_wording, permitted
from dashboard.queries import run_queries, visitor
from dashboard.sections.shared.take_along import csv_button, report_buttons
from jobs.people import Role
from jobs.reports import csv_tables
from jobs.running import run_edits
from jobs.running.background import TaskStatus
from jobs.store import run_files
from jobs.store.records import Run, RunStatus
from jobs.tasks import packages

REFRESH_S = 1.0

_CONTENTS = {
    "model.safetensors": "Weights (safetensors)",
    "model.onnx": "Model (ONNX)",
    "model-card.md": "Model card",
}


def show_files(run: Run) -> None:
    """What can be taken along with one click each, then every file with its size."""
    if run.status == RunStatus.FINISHED:
        st.subheader("Downloads", anchor=False)
        with page.errors_said():
            _show_tables(run)
        _show_package(run)
    st.subheader("Run files", anchor=False)
    _show_listing(run)


def _show_tables(run: Run) -> None:
    tested = run_queries.predictions(run.id)
    about = (run.name, run.id)
    with st.container(horizontal=True, vertical_alignment="center", key="reports"):
        report_buttons([run])
    with st.container(horizontal=True, vertical_alignment="center", key="tables"):
        epochs = run_queries.epochs([run.id])[run.id]
        csv_button("Epochs (CSV)", partial(csv_tables.epochs, epochs), "epochs", *about)
        csv_button("Per class (CSV)", partial(csv_tables.per_class, tested), "per-class", *about)
        csv_button("Confusion matrix (CSV)", partial(csv_tables.confusion_matrix, tested), "confusions", *about)
        csv_button(
            f"All {len(tested.labels):,} predictions (CSV)", partial(csv_tables.predictions, tested), "answers", *about
        )


def _show_package(run: Run) -> None:
    busy = packages.package_state(run_queries.store(), run.id).status == TaskStatus.RUNNING
    page.live(_package, REFRESH_S if busy else None)(run, busy)


def _package(run: Run, busy: bool) -> None:
    """The model to go as it is now; the whole page is drawn again when it is no longer being made."""
    state = packages.package_state(run_queries.store(), run.id)
    if busy and state.status != TaskStatus.RUNNING:
        st.rerun()
    if state.status == TaskStatus.RUNNING:
        st.info(
            "Exporting the model: weights, ONNX checked against PyTorch on 1,000 test images, model card. This takes "
            "about half a minute and continues if you leave this page."
        )
    elif state.status == TaskStatus.DONE:
        _offer(run)
    else:
        if state.status == TaskStatus.FAILED:
            st.error(f"**The export failed.** {page.trouble(state.detail)}")
        if permitted.may(Role.REVIEW):
            _offer_to_make(run)


def _offer_to_make(run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="make_model_to_go"):
        st.button(
            "Export model",
            icon=":material/inventory_2:",
            on_click=page.start,
            args=(partial(packages.start_packing, run_queries.store(), run),),
            help="Weights as safetensors, ONNX model (agrees with PyTorch to 1e-5) and model card.",
        )
        st.button(
            "Export without ONNX",
            on_click=page.start,
            args=(partial(packages.start_packing, run_queries.store(), run, onnx=False),),
            help="Weights, model card and tables only, for models that cannot be exported to ONNX.",
        )


def _offer(run: Run) -> None:
    files = packages.package_files(run_queries.store(), run.id)
    name = page_wording.file_name(run.name, run.id)
    with st.container(horizontal=True, vertical_alignment="center", key="model_to_go"):
        whole = partial(packages.zipped, files, name)
        _download(run, "Model, card and tables (ZIP)", whole, f"{name}.zip")
        for path in files:
            if path.name in _CONTENTS:
                label = f"{_CONTENTS[path.name]}, {wording.size(path.stat().st_size)}"
                _download(run, label, partial(Path.read_bytes, path), f"{name}-{path.name}")
    if any(path.name == "model.onnx" for path in files):
        st.caption("The ONNX model agrees with PyTorch to 1e-5 (see the model card).")
    else:
        st.caption("Exported without ONNX; `python -m jobs export` includes it.")


def _download(run: Run, label: str, content: Callable[[], bytes], name: str) -> None:
    st.download_button(
        label,
        visitor.as_seen_now(partial(_handed_out, run.id, name, content)),
        name,
        "application/octet-stream",
        on_click="ignore",
        icon=":material/download:",
        key=name,
    )


def _handed_out(run_id: str, name: str, content: Callable[[], bytes]) -> bytes:
    """The content of a file of an export, once the record has who downloads it."""
    packages.record_download(run_queries.store(), run_id, name)
    return content()


def _show_listing(run: Run) -> None:
    store = run_queries.store()
    files = run_files.listing(store, run.id)
    if not files:
        st.info("This run has no files yet.")
        return
    st.write(f"{wording.counted(len(files), 'file')}, {wording.size(sum((size for _, size in files)))} in total.")
    rows = {"File": [name for name, _ in files], "Size": [wording.size(size) for _, size in files]}
    st.dataframe(rows, height="content", alt="Run files")
    have = permitted.rights()
    left = run.status == RunStatus.FINISHED and run_files.files_of(store, run.id).checkpoints.exists()
    if left and have.may(Role.LAUNCH):
        why_not = have.why_not_change([run])
        st.button(
            "Clear checkpoints",
            on_click=_clear_checkpoints,
            args=(run.id,),
            disabled=why_not is not None,
            help=why_not or "A finished run no longer needs them. Its metrics, predictions and model are kept.",
        )


def _clear_checkpoints(run_id: str) -> None:
    try:
        page.notice(f"{wording.size(run_edits.clear_checkpoints(run_queries.store(), run_id))} freed.")
    except LookbookError as error:
        page.notice(str(error))
