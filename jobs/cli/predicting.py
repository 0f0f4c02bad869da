"""predict: what a finished run predicts for photos."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np

from core.answers.class_sets import set_sentence
from core.answers.verdict import Verdict
from core.classes import CLASS_COUNT, CLASS_NAMES
from core.files import read_whole
from core.labelling.label_tables import MAX_LABEL_BYTES, LabelTable, NoLabelColumns, UnreadableLabels, read_table
from core.labelling.photo_labels import PhotoLabels, Sources, label_photos
from core.photos import decoder
from core.photos.photo_files import PhotoFile, gather
from core.statistics import wording
from core.statistics.metrics import accuracy, confusion_matrix
from core.statistics.wording import counted, listed
from core.texts import clean_name
from jobs.cli import completion, output
from jobs.cli.parameters import photos_argument, run_argument, text
from jobs.cli.parsing import command
from jobs.reports.comparison_tables import VERDICTS
from jobs.reports.document import Table
from jobs.running.background import open_here
from jobs.store.queries import find_run

BY_FOLDER = "folders"
BY_TABLES = "tables"
_NAMED = 3


labels_option = partial(
    click.option,
    "--labels",
    type=text,
    metavar=f"FILE.csv|{BY_FOLDER}|{BY_TABLES}",
    shell_complete=completion.files,
    help="True classes: a CSV of file and label, under these or the usual other names, as spreadsheets and labelling "
    f"programs write it; or `{BY_FOLDER}` where photos are in folders named by class, at any depth; or `{BY_TABLES}` "
    "where such CSVs are among the photos, in their folders or zips. A photo with conflicting labels counts as "
    "unlabelled; conflicts, and rows that match no photo, are reported.",
)


def chosen_labels(words: str | None, photos: Sequence[Path]) -> PhotoLabels | None:
    """The labels that the option states of these files, folders and zips; raise UnreadableLabels or OSError."""
    if words is None:
        return None
    roots = tuple(clean_name(str(path)) for path in photos)
    table = None if words in (BY_FOLDER, BY_TABLES) else _table_in(Path(words))
    labels = label_photos(gather(photos), Sources(words == BY_FOLDER, words == BY_TABLES, table, roots))
    for fault in labels.faults:
        if not isinstance(fault, NoLabelColumns):
            raise fault
    if words == BY_TABLES and not labels.tables:
        raise UnreadableLabels(
            "There is no CSV with the columns `file` and `label` among the photos.",
            f"Name the file that holds the labels, or use `{BY_FOLDER}` where each photo is in a folder of its class.",
        )
    return labels


def say_of_labels(labels: PhotoLabels | None) -> None:
    """Tell on standard error of conflicts, of rows that match no photo, and of photos without a label."""
    for sentence in labels.sentences if labels else ():
        print(sentence, file=sys.stderr)


def _table_in(path: Path) -> LabelTable:
    name = clean_name(str(path))
    content = read_whole(path, MAX_LABEL_BYTES, error=UnreadableLabels, advice="Name a CSV of file and label.")
    try:
        return read_table(content, name)
    except UnreadableLabels as error:
        raise type(error)(f"{name}: {error.message}", error.advice) from error


def accuracy_text(labels: np.ndarray, predicted: np.ndarray) -> str:
    """Accuracy of predictions (n,) with its interval, and the confusion matrix."""
    counts = zip(CLASS_NAMES, confusion_matrix(labels, predicted, CLASS_COUNT), strict=True)
    matrix = Table("", ("True \\ predicted", *CLASS_NAMES), tuple((name, *map(str, row)) for name, row in counts))
    share = wording.share_of(accuracy(labels, predicted), len(labels))
    return f"Accuracy {share} on {counted(len(labels), 'photo')}.\n\n{output.table(matrix)}"


def verdict_text(labels: np.ndarray, predicted: np.ndarray, verdicts: Sequence[Verdict | None]) -> str:
    """How many of the photos (n,) have which verdict, and how many answers are wrong with each."""
    wrong = Counter(verdict for verdict, missed in zip(verdicts, labels != predicted, strict=True) if missed)
    counts = Counter(verdicts)
    told = [f"{counts[verdict]:,} {verdict} ({wrong[verdict]:,} wrong)" for verdict in VERDICTS]
    if counts[None]:
        told.append(f"{counts[None]:,} without a verdict ({wrong[None]:,} wrong)")
    return f"Verdicts: {', '.join(told)}."


def photos_in(paths: Iterable[Path], words: str | None, beside: list[str]) -> Iterator[PhotoFile]:
    """The photos in files, folders and zips; the names of what else lies there are added to `beside`.

    Left out of those are tables where the option for labels says that they come from such.
    """
    for file in gather(paths):
        if file.kind == "photo":
            yield file
        elif file.kind == "other" or words != BY_TABLES:
            beside.append(Path(file.name).name)


def say_what_lay_beside(beside: Sequence[str]) -> None:
    """Name on standard error what was left out without being asked about."""
    if beside:
        ignored = counted(len(beside), "other file was", "other files were")
        print(f"{ignored} ignored: {listed(beside, _NAMED)}.", file=sys.stderr)


@command("predict")
@run_argument
@photos_argument
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all probabilities.")
@labels_option()
def predict(run: str, photos: Sequence[Path], as_json: bool, labels: str | None) -> int:
    """Classify photos with a finished run.

    PATH is a file, a folder or a zip. Beside the verdict stands a set of classes; 9 in 10 such sets hold the truth. A
    run that was saved before there were sets has none: train it again, or measure it on a photo set.
    """
    # While torch is being imported, which takes seconds and which only this command needs, the reader gets ready.
    decoder.start()
    from jobs.results.photo_answers import predict_files

    store, stated, beside = open_here(), chosen_labels(labels, photos), list[str]()
    answers = []
    for answer in predict_files(store, find_run(store, run), photos_in(photos, labels, beside), stated):
        answers.append(answer)
        if "error" in answer:
            print(f"Error: {answer['file']}: {answer['error']}", file=sys.stderr)
        elif not as_json:
            print(_line(answer), flush=True)
    if as_json:
        print(output.as_json(answers))
    say_what_lay_beside(beside)
    say_of_labels(stated)
    if labels is not None:
        # JSON stays a list for who reads it by a program.
        print(_accuracy(answers, labels), file=sys.stderr if as_json else sys.stdout)
    return 0 if answers and all("error" not in answer for answer in answers) else 1


def _line(answer: dict[str, Any]) -> str:
    """One photo's answer: "a.jpg: not sure: Bag 52.00 %, Shirt 40.00 %, Coat 3.00 %. It might be Shirt too. ...".

    After the reason comes the set of classes with its promise, where there is one.
    """
    verdict = f"{answer['verdict']}: " if answer["verdict"] else ""
    best = ", ".join(f"{guess['class']} {wording.percent(guess['probability'])}" for guess in answer["top3"])
    promise = f" {set_sentence(answer['set'], answer['set_calibrated_on'])}" if answer["set"] else ""
    return f"{answer['file']}: {verdict}{best}. {answer['reason']}{promise}"


def _accuracy(answers: Sequence[dict[str, Any]], stated: str) -> str:
    known = [answer for answer in answers if answer["label"] and "predicted" in answer]
    if not known:
        places = {BY_FOLDER: "in a folder named by its class", BY_TABLES: "named with its class in a CSV among them"}
        where = places.get(stated, f"named with its class in {stated}")
        return f"None of the files that could be read is {where}, so no accuracy can be given."
    numbers = {name: label for label, name in enumerate(CLASS_NAMES)}
    labels = np.array([numbers[answer["label"]] for answer in known], dtype=int)
    predicted = np.array([numbers[answer["predicted"]] for answer in known], dtype=int)
    verdicts = [answer["verdict"] for answer in known]
    lines = f"{accuracy_text(labels, predicted)}\n{verdict_text(labels, predicted, verdicts)}"
    missing = len(answers) - len(known)
    return f"{lines}\n{missing:,} of {len(answers):,} files have no label or could not be read." if missing else lines
