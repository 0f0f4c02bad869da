"""photo-set: photos with known classes, kept under a name, that runs are measured and compared on."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from core.labelling.photo_labels import PhotoLabels
from core.photos import decoder
from core.photos.photo_files import PhotoFile
from core.photos.picture import Photo, UnreadablePhoto
from core.statistics import wording
from core.statistics.intervals import accuracy_interval
from core.statistics.metrics import accuracy
from core.statistics.wording import counted
from jobs.cli import output
from jobs.cli.predicting import (
    VERDICTS,
    accuracy_text,
    add_labels,
    chosen_labels,
    photos_in,
    say_of_labels,
    say_what_lay_beside,
    verdict_text,
)
from jobs.results import photo_sets
from jobs.results.comparisons import compare_runs
from jobs.results.photo_sets import PhotoSet, find_set
from jobs.running.background import open_here
from jobs.store.queries import Filter, find_run, get_runs, list_runs
from jobs.store.records import FINISHED, Run
from jobs.store.store import Store

MEGABYTE = 1e6


def add_commands(commands: Any) -> None:
    """Add the commands of this module to the parser."""
    parser = commands.add_parser("photo-set", help="keep photos with known classes, and measure runs on them")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    action = actions.add_parser("list", help="list the photo sets")
    action.set_defaults(do=_list)
    action = actions.add_parser("add", help="keep the photos in files, folders and zips as a new set")
    _add_name(action)
    action.add_argument("photos", metavar="PATH", nargs="+", type=Path)
    add_labels(action, required=True)
    action.set_defaults(do=_add)
    action = actions.add_parser("measure", help="store what runs say of a set; all finished runs if none is named")
    _add_name(action)
    action.add_argument("runs", metavar="RUN", nargs="*")
    action.add_argument("--again", action="store_true", help="also runs whose answers are stored already")
    action.set_defaults(do=_measure)
    action = actions.add_parser("show", help="show the accuracy of each run that was measured on a set")
    _add_name(action)
    action.add_argument("--run", metavar="RUN", help="show the confusion matrix of this run")
    action.add_argument("--json", action="store_true", help="print JSON")
    action.set_defaults(do=_show)
    action = actions.add_parser("compare", help="compare runs on a set, the baseline first")
    _add_name(action)
    action.add_argument("runs", metavar="RUN", nargs="+")
    action.set_defaults(do=_compare)
    action = actions.add_parser("delete", help="delete a set with its pictures and the answers to it")
    _add_name(action)
    action.add_argument("--yes", action="store_true", help="really delete; without it only say what would go")
    action.set_defaults(do=_delete)


def _add_name(action: argparse.ArgumentParser) -> None:
    action.add_argument("name", metavar="NAME", help="name or id of the photo set")


def _list(_chosen: argparse.Namespace) -> int:
    rows = [
        (one.id, one.name, f"{one.count:,}", wording.moment(one.created_at))
        for one in photo_sets.list_sets(open_here())
    ]
    print(output.table(("ID", "NAME", "PHOTOS", "MADE"), rows))
    return 0


def _add(chosen: argparse.Namespace) -> int:
    store, labels = open_here(), chosen_labels(chosen.labels, chosen.photos)
    assert labels is not None
    say_of_labels(labels)
    beside: list[str] = []
    kept = photo_sets.keep(store, chosen.name, _labelled(photos_in(chosen.photos, chosen.labels, beside), labels))
    say_what_lay_beside(beside)
    print(f"{counted(kept.count, 'photo')} kept as {kept.name} ({kept.id}).", file=sys.stderr)
    print(kept.id)
    return 0


def _labelled(files: Iterable[PhotoFile], labels: PhotoLabels) -> Iterator[tuple[Photo, int]]:
    """The photos that have a label; on standard error what is left out and why."""
    for file in files:
        true = labels.of(file)
        try:
            if file.error:
                raise file.error
            if true.label is None:
                raise UnreadablePhoto(true.reason)
            yield decoder.read_photo(file.content, file.name), true.label
        except UnreadablePhoto as error:
            print(f"Left out: {file.name}: {error}", file=sys.stderr)


def _measure(chosen: argparse.Namespace) -> int:
    # Torch takes seconds to import and only this action needs it.
    from jobs.results.photo_answers import measure

    store = open_here()
    photo_set = find_set(store, chosen.name)
    runs = [find_run(store, words) for words in chosen.runs] or list_runs(store, Filter(statuses=(FINISHED,)))
    for done in measure(store, photo_set, runs, again=chosen.again):
        if done % 50 == 0:
            print(f"{done:,} of {photo_set.count:,} photos", file=sys.stderr)
    print(_accuracies(store, photo_set, runs))
    return 0


def _show(chosen: argparse.Namespace) -> int:
    store = open_here()
    photo_set = find_set(store, chosen.name)
    if chosen.run:
        run = find_run(store, chosen.run)
        said = photo_sets.answers_of(store, photo_set, run.id)
        print(accuracy_text(said.labels, said.predicted))
        print(verdict_text(said.labels, said.predicted, photo_sets.verdicts_of(store, photo_set, run.id)))
        return 0
    runs = get_runs(store, photo_sets.answered_by(store, photo_set))
    print(output.as_json(_as_data(store, photo_set, runs)) if chosen.json else _accuracies(store, photo_set, runs))
    return 0


def _accuracies(store: Store, photo_set: PhotoSet, runs: Sequence[Run]) -> str:
    rows = [
        (
            run.id,
            run.name,
            wording.share_of(_accuracy(store, photo_set, run), photo_set.count),
            *(f"{count:,}" for count in _verdicts(store, photo_set, run).values()),
        )
        for run in runs
    ]
    header = ("ID", "NAME", f"ACCURACY ON {photo_set.count:,} PHOTOS", *(verdict.upper() for verdict in VERDICTS))
    old = set(photo_sets.outdated(store, photo_set)) & {run.id for run in runs}
    again = (
        f"\nMeasured before photos were read as they are now: {', '.join(sorted(old))}. Measure again." if old else ""
    )
    return output.table(header, rows) + again


def _verdicts(store: Store, photo_set: PhotoSet, run: Run) -> dict[str, int]:
    said = Counter(photo_sets.verdicts_of(store, photo_set, run.id))
    return {verdict: said[verdict] for verdict in VERDICTS}


def _accuracy(store: Store, photo_set: PhotoSet, run: Run) -> float | None:
    said = photo_sets.answers_of(store, photo_set, run.id)
    return accuracy(said.labels, said.predicted)


def _interval(share: float, count: int) -> list[float]:
    return list(accuracy_interval(round(share * count), count))


def _as_data(store: Store, photo_set: PhotoSet, runs: Sequence[Run]) -> dict[str, Any]:
    old = photo_sets.outdated(store, photo_set)
    return {
        "id": photo_set.id,
        "name": photo_set.name,
        "count": photo_set.count,
        "runs": [
            {
                "id": run.id,
                "name": run.name,
                "accuracy": (share := _accuracy(store, photo_set, run)),
                "accuracy_interval": None if share is None else _interval(share, photo_set.count),
                "verdicts": _verdicts(store, photo_set, run),
                "outdated": run.id in old,
            }
            for run in runs
        ],
    }


def _compare(chosen: argparse.Namespace) -> int:
    store = open_here()
    photo_set = find_set(store, chosen.name)
    compared = compare_runs(store, [find_run(store, words) for words in chosen.runs], photo_set.split)
    for left_out in compared.left_out:
        print(left_out.sentence, file=sys.stderr)
    for one in compared.comparisons:
        print(one.sentence)
    print(f"\n{_accuracies(store, photo_set, compared.runs)}")
    return 0


def _delete(chosen: argparse.Namespace) -> int:
    store = open_here()
    photo_set = find_set(store, chosen.name)
    size = photo_sets.bytes_used(store, photo_set) / MEGABYTE
    answered = counted(len(photo_sets.answered_by(store, photo_set)), "run")
    what = f"{photo_set.name}: {counted(photo_set.count, 'photo')} ({size:.1f} MB) and the answers of {answered}"
    if not chosen.yes:
        print(f"This would delete {what}. Add --yes to do it.", file=sys.stderr)
        return 1
    photo_sets.delete(store, photo_set)
    print(f"Deleted {what}.", file=sys.stderr)
    return 0
