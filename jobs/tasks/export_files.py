"""The export of a finished run: its model as safetensors and ONNX, a model card, its tables as CSV. Imports torch."""

from hashlib import sha256
from pathlib import Path

import numpy as np

from core.answers.export import Agreement, ExportError, write_onnx, write_weights
from core.learning.checkpoints import LoadedModel, load_model
from jobs.people import Role
from jobs.reports import csv_tables, model_card
from jobs.reports.csv_writer import as_file
from jobs.reports.markdown import as_markdown
from jobs.reports.model_card import ONNX, WEIGHTS, FileFacts
from jobs.running.run_data import open_data
from jobs.store import run_files
from jobs.store.new_files import new_folder
from jobs.store.queries import get_predictions, list_epochs
from jobs.store.records import Epoch, Predictions, Run
from jobs.store.store import Store
from jobs.tasks.packages import refuse_unexportable
from jobs.team import change_record
from jobs.team.change_record import Action
from jobs.team.permission import changing, require

CARD = "model-card.md"
CHECK_EVERY = 10
"""Every so many test images one is used to hold the ONNX file against PyTorch."""

_THE_REST = "Weights, model card and tables can be had without it: `--without-onnx`, or the button without ONNX."
_CONTENTS = {
    WEIGHTS: "weights of the best epoch",
    ONNX: "preprocessing, model and softmax",
    "per_class.csv": "precision, recall with interval, F1 of each class",
    "confusion_matrix.csv": "images by true and predicted class",
    "epochs.csv": "losses and accuracies of every epoch",
    "predictions.csv": "prediction, loss and probabilities of every test image",
}


def export(store: Store, run: Run, folder: Path, *, onnx: bool = True) -> Agreement | None:
    """Write a new folder with everything; return how well the ONNX file agrees, None without one.

    All or nothing, the entry in the record of changes included: raise NotAllowed, NotPossible as refuse_unexportable,
    CheckpointError for a damaged model, DataError without test images, ExportError if the ONNX file does not say what
    the model says, NotWritten if the folder exists or cannot be written.
    """
    require(store, Role.REVIEW)
    refuse_unexportable(run)
    loaded = load_model(run_files.files_of(store, run.id).model)
    tested, epochs = get_predictions(store, run.id), list_epochs(store, [run.id])[run.id]
    images = open_data(loaded.config).test_images[::CHECK_EVERY] if onnx else None
    with new_folder(folder) as aside:
        write_weights(aside / WEIGHTS, loaded)
        agreement = None if images is None else _write_onnx(aside / ONNX, loaded, images)
        _write_tables(aside, tested, epochs)
        _write_card(aside, run, tested, loaded, agreement)
        with changing(store, Role.REVIEW) as connection:
            change_record.append(connection, store.by, Action.EXPORTED, run_id=run.id)
    return agreement


def _write_onnx(path: Path, loaded: LoadedModel, images: np.ndarray) -> Agreement:
    try:
        return write_onnx(path, loaded, images)
    except ExportError as error:
        raise ExportError(error.message, f"{error.advice} {_THE_REST}".strip()) from error


def _write_tables(folder: Path, tested: Predictions, epochs: list[Epoch]) -> None:
    tables = {
        "per_class.csv": csv_tables.per_class(tested),
        "confusion_matrix.csv": csv_tables.confusion_matrix(tested),
        "epochs.csv": csv_tables.epochs(epochs),
        "predictions.csv": csv_tables.predictions(tested),
    }
    for name, text in tables.items():
        (folder / name).write_bytes(as_file(text))


def _write_card(folder: Path, run: Run, tested: Predictions, loaded: LoadedModel, agreement: Agreement | None) -> None:
    files = [_facts(folder / name, content) for name, content in _CONTENTS.items() if (folder / name).is_file()]
    card = model_card.document(run, tested, loaded.config, loaded.data, files, agreement)
    (folder / CARD).write_text(as_markdown(card), encoding="utf-8")


def _facts(path: Path, content: str) -> FileFacts:
    stored = path.read_bytes()
    return FileFacts(path.name, len(stored), sha256(stored).hexdigest(), content)
