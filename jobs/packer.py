"""The process that makes a run's model to go, `python -m jobs.packer RUN [--without-onnx]`.

What goes wrong is its last line.
"""

import sys

from core.errors import LookbookError
from jobs import artifacts
from jobs.exporting import export
from jobs.launching import open_here
from jobs.packing import WITHOUT_ONNX
from jobs.runs import get_run


def main(run_id: str, *choices: str) -> int:
    """Export the run into its folder; return 0, or 1 after having said what went wrong."""
    try:
        store = open_here()
        folder = artifacts.files_of(store, run_id).package
        export(store, get_run(store, run_id), folder, onnx=WITHOUT_ONNX not in choices)
    except LookbookError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
