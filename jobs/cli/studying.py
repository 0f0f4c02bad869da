"""study: work out once how a finished run sees the images."""

import argparse
import sys
import time
from typing import Any

from core.statistics import wording
from jobs.running.background import open_here
from jobs.store.queries import find_run
from jobs.store.store import Store
from jobs.tasks import studies
from jobs.tasks.studies import StudyState

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
    found = studies.study_state(store, run.id)
    print(found.state)
    if found.state == studies.FAILED:
        print(f"Error: {found.words}", file=sys.stderr)
    return 0 if found.state in (studies.MADE, *(() if chosen.wait else (studies.AT_WORK,))) else 1


def _follow(store: Store, run_id: str) -> None:
    """Show each step on stderr until nobody is at work any more."""
    last = StudyState(studies.AT_WORK)
    while (now := studies.study_state(store, run_id)).state == studies.AT_WORK:
        if now != last:
            print(f"{run_id}: step {now.words}", file=sys.stderr, flush=True)
        last = now
        time.sleep(POLL_S)
