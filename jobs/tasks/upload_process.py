"""The process that reads an upload, `python -m jobs.tasks.upload_process FAILURE FOLDER [HASH]`.

It writes down what the upload comes to; with the hash that somebody was shown of it, it stores it.
"""

import os
import shutil
import sys
from pathlib import Path

from core.datasets import importing
from core.datasets.versions import Version
from core.errors import DataSetError
from core.files import shown as as_shown
from jobs.running.background import FailureRecorded, open_for_task, report_progress
from jobs.settings import settings
from jobs.store.new_files import write_file
from jobs.tasks.data_changes import store_version
from jobs.tasks.uploads import FILES, LABELS, PLAN, STORED, Prepared, Upload, read_upload


def main(folder: str, shown: str = "") -> None:
    """Read the upload, or store it if it still comes to what was shown."""
    # Whoever goes on with what was nearly abandoned has another week.
    os.utime(folder)
    upload = read_upload(Path(folder))
    if upload is None:
        raise DataSetError("The upload is damaged.", "Discard it and upload the pictures again.")
    try:
        stored = _import(upload, shown)
    except DataSetError as error:
        # Who uploads a file has never heard of the folder that it lies in.
        message = error.message.replace(f"{as_shown(upload.path.parent)}/", "")
        raise DataSetError(message, error.advice) from error
    if stored is not None:
        write_file(upload.folder / STORED, stored.hash)
        for sent in (FILES, LABELS):
            shutil.rmtree(upload.folder / sent, ignore_errors=True)


def _import(upload: Upload, shown: str) -> Version | None:
    """The version that was stored; None where there is something to be shown first."""
    data, options = settings().data, upload.options
    report_progress(0, "Reading the files")
    listing = importing.read_source_of(upload.path, options)
    with importing.planned(data, upload.request.name, listing, upload.request.source, options, _report) as plan:
        if plan.version.hash == shown:
            report_progress(1, "Storing the images")
            return store_version(open_for_task(), plan)
        prepared = Prepared(version=plan.version, health=plan.health, same=plan.same)
        write_file(upload.folder / PLAN, prepared.model_dump_json(), replace=True)
    if shown:
        raise DataSetError(
            "Meanwhile the data sets have changed, and with them what this import comes to. Nothing is stored.",
            "Look at it again; then store it.",
        )
    return None


def _report(step: str, share: float | None) -> None:
    report_progress(share or 0, step)


if __name__ == "__main__":
    with FailureRecorded(sys.argv[1]):
        main(*sys.argv[2:])
