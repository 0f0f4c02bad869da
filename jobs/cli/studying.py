"""study: compute the map and the nearest images of a finished run."""

import sys
import time

import click

from core.statistics import wording
from jobs.cli.parameters import run_argument
from jobs.cli.parsing import command
from jobs.running.background import TaskStatus, open_here
from jobs.store.queries import find_run
from jobs.store.store import Store
from jobs.tasks import studies

POLL_S = 0.5


@command("study")
@run_argument
@click.option("--wait", is_flag=True, help="Show progress until the end; fail if it fails.")
def study(run: str, wait: bool) -> int:
    """Compute the map and nearest images of a finished run.

    For the page Explore: the run's features, the nearest training images of each test image, and a map of the test
    images are computed in the background.
    """
    store = open_here()
    studied = find_run(store, run)
    if studies.request_study(store, studied):
        duration = wording.rough_duration(studies.expected_seconds(studied))
        print(f"{studied.id} {studied.name}: {duration}", file=sys.stderr)
    if wait:
        _follow(store, studied.id)
    outcome = studies.study_state(store, studied.id)
    print(outcome.status)
    if outcome.status == TaskStatus.FAILED:
        print(f"Error: {outcome.detail}", file=sys.stderr)
    return 0 if outcome.status in (TaskStatus.DONE, *(() if wait else (TaskStatus.RUNNING,))) else 1


def _follow(store: Store, run_id: str) -> None:
    """Show each step on stderr until the study is no longer running."""
    last = ""
    while (state := studies.study_state(store, run_id)).status == TaskStatus.RUNNING:
        if state.detail != last:
            print(f"{run_id}: {state.detail}", file=sys.stderr, flush=True)
        last = state.detail
        time.sleep(POLL_S)
