"""The command line: `python -m jobs --help`."""

import sys

from jobs.cli import main

if __name__ == "__main__":
    sys.exit(main(program="python -m jobs"))
