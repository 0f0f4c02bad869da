"""The process that exports a run, `python -m jobs.tasks.package_process FAILURE RUN [--without-onnx]`."""

import sys

from jobs.running.background import FailureRecorded, open_for_task
from jobs.store import run_files
from jobs.store.queries import get_run
from jobs.tasks.export_files import export
from jobs.tasks.packages import WITHOUT_ONNX


def main(run_id: str, *choices: str) -> None:
    """Export the run into its folder, in the name of who asked for it."""
    store = open_for_task()
    folder = run_files.files_of(store, run_id).package
    export(store, get_run(store, run_id), folder, onnx=WITHOUT_ONNX not in choices)


if __name__ == "__main__":
    with FailureRecorded(sys.argv[1]):
        main(*sys.argv[2:])
