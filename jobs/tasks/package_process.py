"""The process that makes a run's model to go, `python -m jobs.tasks.package_process RUN [--without-onnx]`.

What goes wrong is its last line.
"""

import sys

from core.errors import LookbookError
from jobs.running.background import open_here
from jobs.store import run_files
from jobs.store.queries import get_run
from jobs.tasks.export_files import export
from jobs.tasks.packages import WITHOUT_ONNX


def main(run_id: str, *choices: str) -> int:
    """Export the run into its folder; return 0, or 1 after having said what went wrong."""
    try:
        store = open_here()
        folder = run_files.files_of(store, run_id).package
        export(store, get_run(store, run_id), folder, onnx=WITHOUT_ONNX not in choices)
    except LookbookError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
