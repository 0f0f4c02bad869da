"""Side work on a machine of a cluster: python -m jobs.supervising.node_work LOG FAILURE MODULE ARGUMENTS.

LOG and FAILURE are within the artifacts folder, wherever that is here.
"""

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from jobs.running.process_log import write_into
from jobs.settings import settings


def main(log: Path, failure: Path, module: str, arguments: Sequence[str]) -> None:
    """Do a module's work as if it had been started here, with all that it says in the log. Raise OSError."""
    write_into(log)
    sys.argv = [module, str(failure), *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    within = settings().artifacts
    main(within / sys.argv[1], within / sys.argv[2], sys.argv[3], sys.argv[4:])
