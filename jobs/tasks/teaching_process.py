"""The process that learns from a photo set, `python -m jobs.tasks.teaching_process FAILURE SET`."""

import sys

from jobs.results.photo_sets import find_set
from jobs.running.background import FailureRecorded, ensure_supervisor, open_for_task, report_progress
from jobs.tasks.teaching import learn_in_process


def main(set_id: str) -> None:
    """Queue the runs that learn from the set, and see to it that somebody works on them."""
    store = open_for_task()
    learn_in_process(store, find_set(store, set_id), lambda step, share: report_progress(share or 0, step))
    ensure_supervisor(store)


if __name__ == "__main__":
    with FailureRecorded(sys.argv[1]):
        main(sys.argv[2])
