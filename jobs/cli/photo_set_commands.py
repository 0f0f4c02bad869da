"""photo-set: photos with known classes, kept under a name, that runs are measured and compared on."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from core.classes import CLASS_NAMES
from core.labelling.photo_labels import PhotoLabels
from core.photos import decoder
from core.photos.photo_files import PhotoFile
from core.photos.picture import Photo, UnreadablePhoto
from core.statistics import wording
from core.statistics.metrics import accuracy
from core.statistics.wording import counted
from jobs.cli import output
from jobs.cli.launching import Setting, setting
from jobs.cli.parameters import any_runs_argument, json_option, photos_argument, runs_argument, text
from jobs.cli.parsing import command
from jobs.cli.predicting import (
    accuracy_text,
    chosen_labels,
    labels_option,
    photos_in,
    say_of_labels,
    say_what_lay_beside,
    verdict_text,
)
from jobs.cli.reading import look_after
from jobs.reports import comparison_tables
from jobs.reports.comparison_tables import VERDICTS
from jobs.reports.document import Table
from jobs.results import photo_calibration, photo_sets
from jobs.results.comparisons import LeftOut, compare_runs, distinct_names
from jobs.results.description import interval_of
from jobs.results.photo_sets import PhotoSet, find_set
from jobs.running.background import open_here
from jobs.store.filters import Filter
from jobs.store.queries import find_run, get_runs, list_runs
from jobs.store.records import Run, RunStatus
from jobs.store.store import Store
from jobs.tasks import set_changes, teaching

name_argument = click.argument("name", metavar="NAME", type=text)


@command("list")
def list_() -> None:
    """List the photo sets."""
    rows = tuple(
        (photo_set.id, photo_set.name, f"{photo_set.count:,}", wording.moment(photo_set.created_at))
        for photo_set in photo_sets.list_sets(open_here())
    )
    print(output.table(Table("", ("Id", "Name", "Photos", "Created"), rows)))


@command("add")
@name_argument
@photos_argument
@labels_option(required=True)
@click.option("--to-existing", is_flag=True, help="Add them to the set of this name, but for those in it already.")
def add(name: str, photos: Sequence[Path], labels: str, to_existing: bool) -> None:
    """Keep the photos in files, folders and zips as a new set.

    Or add them to one, whose predictions are then deleted: it has to be measured again.
    """
    store, stated = open_here(), chosen_labels(labels, photos)
    assert stated is not None
    existing = find_set(store, name) if to_existing else None
    say_of_labels(stated)
    beside: list[str] = []
    labelled = _labelled(photos_in(photos, labels, beside), stated)
    kept = photo_sets.keep(store, name, labelled) if existing is None else _join(store, existing, labelled)
    say_what_lay_beside(beside)
    print(f"{counted(kept.count, 'photo')} kept as {kept.name} ({kept.id}).", file=sys.stderr)
    print(kept.id)


def _join(store: Store, photo_set: PhotoSet, labelled: Iterable[tuple[Photo, int]]) -> PhotoSet:
    """Add photos to a set; on standard error which it holds already."""
    joined = set_changes.add_photos(store, photo_set, labelled)
    for photo in joined.already_there:
        print(f"Already in {photo_set.name}: {photo.name}, as {CLASS_NAMES[photo.label]}.", file=sys.stderr)
    print(f"{counted(len(joined.positions), 'photo')} added.", file=sys.stderr)
    return find_set(store, photo_set.id)


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


@command("measure")
@name_argument
@any_runs_argument
@click.option("--again", is_flag=True, help="Also runs that were measured already.")
def measure(name: str, runs: Sequence[str], again: bool) -> int:
    """Measure runs on a photo set and store their predictions.

    All finished runs are measured where none is named. Those that cannot be are told with the reason.
    """
    # Torch takes seconds to import and only this action needs it.
    from jobs.results import photo_answers

    store = open_here()
    photo_set = find_set(store, name)
    measured = [find_run(store, words) for words in runs] or _measurable(store, photo_set)
    left_out: list[LeftOut] = []
    for done in photo_answers.measure(store, photo_set, measured, again=again, left_out=left_out):
        if done % 50 == 0:
            print(f"{done:,} of {photo_set.count:,} photos", file=sys.stderr)
    output.say_left_out(left_out)
    refused = {each.run.id for each in left_out}
    if answered := [run for run in measured if run.id not in refused]:
        print(_accuracies(store, photo_set, answered))
    return 1 if runs and refused else 0


def _measurable(store: Store, photo_set: PhotoSet) -> list[Run]:
    """The finished runs that have not learnt from a photo set."""
    finished = list_runs(store, Filter(statuses=(RunStatus.FINISHED,)))
    learners = photo_sets.learners_of(store, photo_set)
    return [run for run in finished if run.id not in learners]


@command("learn")
@name_argument
@click.option(
    "--set",
    "changes",
    type=setting,
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a setting of transfer.",
)
def learn(name: str, changes: Sequence[Setting]) -> None:
    """Learn from a photo set.

    Its photos become a version of a data set. A run for each of 5 folds is queued, by which every photo is predicted
    by a model that has not learnt it, and one run that learns from all. Their ids are printed.
    """
    store = open_here()
    lesson = teaching.learn(store, find_set(store, name), dict(changes))
    version = lesson.version
    print(f"{counted(version.size, 'photo')} are the data set {version.label} ({version.id}).", file=sys.stderr)
    print(f"{counted(len(lesson.runs), 'run')} queued.", file=sys.stderr)
    print("\n".join(lesson.runs), flush=True)
    look_after(store, get_runs(store, lesson.runs))


@command("show")
@name_argument
@click.option("--run", "words", type=text, metavar="RUN", help="Show the confusion matrix of this run.")
@json_option
def show(name: str, words: str | None, as_json: bool) -> None:
    """Show the accuracy of each run that was measured on a set.

    And of its sets of classes how many hold the truth, and how large they are.
    """
    store = open_here()
    photo_set = find_set(store, name)
    if words:
        run = find_run(store, words)
        answers = photo_sets.answers_of(store, photo_set, run.id)
        print(accuracy_text(answers.labels, answers.predicted))
        print(verdict_text(answers.labels, answers.predicted, photo_sets.verdicts_of(store, photo_set, run.id)))
        return
    runs = get_runs(store, photo_sets.answered_by(store, photo_set))
    print(output.as_json(_as_data(store, photo_set, runs)) if as_json else _accuracies(store, photo_set, runs))


def _accuracies(store: Store, photo_set: PhotoSet, runs: Sequence[Run]) -> str:
    names, outdated = distinct_names(runs), photo_sets.outdated(store, photo_set)
    answers = {names[run.id]: photo_sets.answers_of(store, photo_set, run.id) for run in runs}
    verdicts = {names[run.id]: photo_sets.verdicts_of(store, photo_set, run.id) for run in runs}
    table = f"{photo_set.name}: {counted(photo_set.count, 'photo')}\n\n"
    sets = {names[run.id]: photo_calibration.sets_on(store, photo_set, run.id) for run in runs}
    table += output.table(comparison_tables.photo_results(answers, verdicts, sets))
    if old := [names[run.id] for run in runs if run.id in outdated]:
        return f"{table}\nMeasured with an older preprocessing of photos: {', '.join(old)}. Measure again."
    return table


def _as_data(store: Store, photo_set: PhotoSet, runs: Sequence[Run]) -> dict[str, Any]:
    outdated = photo_sets.outdated(store, photo_set)
    return {
        "id": photo_set.id,
        "name": photo_set.name,
        "count": photo_set.count,
        "runs": [_result(store, photo_set, run, run.id in outdated) for run in runs],
    }


def _result(store: Store, photo_set: PhotoSet, run: Run, outdated: bool) -> dict[str, Any]:
    answers = photo_sets.answers_of(store, photo_set, run.id)
    share = accuracy(answers.labels, answers.predicted)
    verdicts = Counter(photo_sets.verdicts_of(store, photo_set, run.id))
    sets = photo_calibration.sets_on(store, photo_set, run.id)
    return {
        "id": run.id,
        "name": run.name,
        "accuracy": share,
        "accuracy_interval": interval_of(share, photo_set.count),
        "verdicts": {verdict: verdicts[verdict] for verdict in VERDICTS},
        "set_coverage": sets and sets.measures.coverage,
        "set_size": sets and sets.measures.mean_size,
        "sets_calibrated_on": sets and sets.images,
        "outdated": outdated,
    }


@command("compare")
@name_argument
@runs_argument
def compare(name: str, runs: Sequence[str]) -> None:
    """Compare runs on a set, the baseline first."""
    store = open_here()
    photo_set = find_set(store, name)
    compared = compare_runs(store, [find_run(store, words) for words in runs], photo_set.split)
    output.say_left_out(compared.left_out)
    for comparison in compared.comparisons:
        print(comparison.sentence)
    print(f"\n{_accuracies(store, photo_set, compared.runs)}")


@command("delete")
@name_argument
@click.option("--yes", is_flag=True, help="Really delete; without it, only say what would be deleted.")
def delete(name: str, yes: bool) -> int:
    """Delete a set with its pictures and predictions."""
    store = open_here()
    photo_set = find_set(store, name)
    size = wording.size(photo_sets.bytes_used(store, photo_set))
    answered = counted(len(photo_sets.answered_by(store, photo_set)), "run")
    what = f"{photo_set.name}: {counted(photo_set.count, 'photo')} ({size}) and the predictions of {answered}"
    if not yes:
        print(f"This would delete {what}. Add --yes to do it.", file=sys.stderr)
        return 1
    photo_sets.delete(store, photo_set)
    print(f"Deleted {what}.", file=sys.stderr)
    return 0


photo_set = click.Group(
    "photo-set",
    help="Keep labelled photos as sets; measure runs on them.\n\nNAME is the name or the id of a photo set.",
    commands=[list_, add, learn, measure, show, compare, delete],
    no_args_is_help=False,
)
