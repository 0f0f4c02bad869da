"""export: a finished run's model and tables as files for others."""

import argparse
import sys
from pathlib import Path
from typing import Any

from jobs.running.background import open_here
from jobs.store.queries import find_run


def add_commands(commands: Any) -> None:
    """Add the commands of this module to the parser."""
    parser = commands.add_parser(
        "export",
        help="write a finished run's model, model card and tables into a new folder",
        description="Write safetensors, ONNX (checked against PyTorch), a model card and CSV tables into a new folder.",
    )
    parser.add_argument("run", metavar="RUN", help="id, beginning of an id, or name")
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="a folder that does not exist yet")
    parser.add_argument("--without-onnx", action="store_true", help="leave the ONNX file out, and so its check")
    parser.set_defaults(do=_export)


def _export(chosen: argparse.Namespace) -> int:
    # Torch takes seconds to import and only this command needs it.
    from jobs.tasks.export_files import export

    store = open_here()
    agreement = export(store, find_run(store, chosen.run), chosen.folder, onnx=not chosen.without_onnx)
    for path in sorted(chosen.folder.iterdir()):
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB")
    if agreement is not None:
        checked = f"{agreement.images:,} test images: largest difference {agreement.largest_difference:.1e}"
        print(f"ONNX and PyTorch agree on {checked}.", file=sys.stderr)
    return 0
