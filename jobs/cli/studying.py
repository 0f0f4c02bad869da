"""study: work out once how a finished run sees the images."""

import argparse
import sys
import time
from typing import Any

from jobs.results import wording
from jobs.running.background import TaskStatus, open_here
from jobs.store.queries import find_run
from jobs.store.store import Store
from jobs.tasks import studies

POLL_S = 0.5


def add_commands(commands: Any) -> None:
    """Add the commands of this module to the parser."""
    parser = commands.add_parser(
        "study",
        help="make the map and the neighbours of a finished run",
        description="Work out, in the background, a finished run's features, the nearest training images of each test "
        "image, and a map of the test images, for the page Explore.",
    )
    parser.add_argument("run", metavar="RUN", help="id, beginning of an id, or name")
    parser.add_argument("--wait", action="store_true", help="show progress until the end; fails if the study does")
    parser.set_defaults(do=_study)


def _study(chosen: argparse.Namespace) -> int:
    store = open_here()
    run = find_run(store, chosen.run)
    if studies.request_study(store, run):
        print(f"{run.id} {run.name}: about {wording.duration(studies.expected_seconds(run))}", file=sys.stderr)
    if chosen.wait:
        _follow(store, run.id)
    state = studies.study_state(store, run.id)
    print(state.status)
    if state.status == TaskStatus.FAILED:
        print(f"Error: {state.detail}", file=sys.stderr)
    return 0 if state.status in (TaskStatus.DONE, *(() if chosen.wait else (TaskStatus.RUNNING,))) else 1


def _follow(store: Store, run_id: str) -> None:
    """Show each step on stderr until the study is no longer running."""
    last = ""
    while (state := studies.study_state(store, run_id)).status == TaskStatus.RUNNING:
        if state.detail != last:
            print(f"{run_id}: {state.detail}", file=sys.stderr, flush=True)
        last = state.detail
        time.sleep(POLL_S)
