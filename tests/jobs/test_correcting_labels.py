"""data marks, correct and diff; and the accuracy of runs by old and corrected labels."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from core.datasets.differing import matched
from core.datasets.health import TEST
from core.datasets.opening import read_content
from core.datasets.versions import Version, find, list_versions
from core.statistics.intervals import accuracy_interval
from jobs.results import label_marks
from jobs.results.corrected_accuracy import old_and_corrected
from jobs.results.label_marks import review_of
from jobs.store.records import Predictions
from jobs.store.store import Store
from tests.core.datasets.pictures import class_folders, imported
from tests.jobs.test_cli import Capture, refused, run


@pytest.fixture
def pets(tmp_path: Path, own_data: Path) -> Version:
    return imported(own_data, class_folders(tmp_path / "pets", {"cat": 20, "dog": 20}))


def table(tmp_path: Path, *lines: str) -> str:
    (tmp_path / "marks.csv").write_text("\n".join(lines), encoding="utf-8")
    return str(tmp_path / "marks.csv")


def test_marks_from_a_table_are_kept_and_applied_only_when_told(
    store: Store, pets: Version, own_data: Path, tmp_path: Path, capsys: Capture
) -> None:
    marks = table(tmp_path, "position;label;person", "0;DOG;anna", "1;not usable;anna", "2;cat;ben", "2;dog;anna")
    status, out, error = run(capsys, "data", "correct", "pets", "--marks", marks)
    assert (status, out) == (1, "")
    assert "3 images marked by anna, ben; 1 image in dispute." in error
    assert ["Train", "1", "1"] in [line.split() for line in error.splitlines()]
    assert "Nothing is stored yet" in error
    assert review_of(store, pets.pinned, 40, 2).marks == {}
    assert run(capsys, "data", "correct", "pets", "--marks", marks, "--yes")[:2] == (0, "pets@2\n")
    content = read_content(own_data, find(own_data, "pets"))
    assert (len(content.labels), content.labels[0], content.labels[1]) == (39, 1, 0)
    assert sorted(review_of(store, pets.pinned, 40, 2).marks) == [0, 1, 2]


@pytest.mark.usefixtures("own_data")
def test_marks_are_listed_and_their_csv_can_be_read_back(
    store: Store, pets: Version, tmp_path: Path, capsys: Capture
) -> None:
    assert run(capsys, "data", "marks", "pets")[2] == "No label is marked.\n"
    label_marks.mark(store, pets.pinned, 4, "=anna", 1)
    label_marks.mark(store, pets.pinned, 5, "ben", None)
    listed = json.loads(run(capsys, "data", "marks", "pets", "--json")[1])
    assert [(row["position"], row["given"], row["label"], row["person"]) for row in listed] == [
        (4, "cat", "dog", "=anna"),
        (5, "cat", "not usable", "ben"),
    ]
    written = run(capsys, "data", "marks", "pets", "--csv")[1]
    assert next(csv.DictReader(written.splitlines()))["image"] == listed[0]["image"]
    assert "=anna" in run(capsys, "data", "marks", "pets")[1]
    for position, person in ((4, "=anna"), (5, "ben")):
        label_marks.withdraw(store, pets.pinned, position, person)
    assert run(capsys, "data", "correct", "pets", "--marks", table(tmp_path, written), "--yes")[0] == 0
    assert review_of(store, pets.pinned, 40, 2).corrections == {4: 1, 5: None}
    assert review_of(store, pets.pinned, 40, 2).of(4, "=anna")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("file,label", "a,cat"), "has no columns `position` and `label`"),
        (("position,label", "0,cow"), "Line 2 of marks.csv: there is no class 'cow'"),
        (("position,label", "0,cat", "40,cat"), "Line 3 of marks.csv: there is no image '40'"),
        (("position,label", "-1,cat"), "there is no image '-1'"),
        (("position,label", "0"), "there is no class ''"),
        (("position,label", "0,cat"), "Nothing would change"),
    ],
)
@pytest.mark.usefixtures("store", "pets")
def test_a_table_that_cannot_be_applied_is_refused_with_its_line(
    own_data: Path, tmp_path: Path, capsys: Capture, lines: tuple[str, ...], message: str
) -> None:
    assert message in refused(capsys, "data", "correct", "pets", "--marks", table(tmp_path, *lines), "--yes")
    assert len(list_versions(own_data)) == 2


@pytest.mark.usefixtures("store", "pets", "own_data")
def test_marks_are_read_only_from_an_ordinary_file(tmp_path: Path, capsys: Capture) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, words in (("pipe", "it is a named pipe, not a file"), ("nowhere", "it does not exist")):
        said_why = refused(capsys, "data", "correct", "pets", "--marks", str(tmp_path / name), "--yes")
        assert f"cannot be read: {words}. Name another file." in said_why


@pytest.mark.usefixtures("store", "pets")
def test_the_difference_is_said_and_listed(own_data: Path, tmp_path: Path, capsys: Capture) -> None:
    marks = table(tmp_path, "position,label", "0,dog", "1,not usable")
    assert run(capsys, "data", "correct", "pets", "--marks", marks, "--yes")[0] == 0
    out = run(capsys, "data", "diff", "pets@1", "pets@2")[1]
    assert "39 are in both: 0 images added, 1 taken out, 1 relabelled, 0 in another split." in out
    assert "Images are the same where their pixels are equal" in out
    parts = json.loads(run(capsys, "data", "diff", "pets@1", "pets@2", "--json")[1])
    names = read_content(own_data, find(own_data, "pets@1")).names
    assert parts["relabelled"] == [{"image": names[0], "from": "cat", "to": "dog"}]
    assert (parts["removed"], parts["added"], parts["moved"]) == ([names[1]], [], [])


@pytest.mark.usefixtures("store")
def test_accuracies_by_old_and_corrected_labels_are_those_counted_image_by_image(
    pets: Version, own_data: Path, tmp_path: Path, capsys: Capture
) -> None:
    old = read_content(own_data, pets)
    tested = np.flatnonzero(old.splits == TEST).tolist()
    lines = [f"{tested[0]},{'dog' if old.labels[tested[0]] == 0 else 'cat'}", f"{tested[2]},not usable", "3,not usable"]
    marks = table(tmp_path, "position,label", *lines)
    assert run(capsys, "data", "correct", "pets", "--marks", marks, "--yes")[0] == 0
    new = read_content(own_data, find(own_data, "pets@2"))
    generator = np.random.default_rng(1)
    answers = {}
    for name in ("first", "second"):
        shares = generator.dirichlet((1, 1), len(tested)).astype(np.float32)
        answers[name] = Predictions(name, "test", old.labels[tested], np.log(shares), old.classes)
    subsets = old_and_corrected(answers, ("pets@1", "pets@2"), (old, new), matched(old, new, by_pixels=True))
    label_by_name = dict(zip(new.names, new.labels.tolist(), strict=True))
    for name, of_run in answers.items():
        told = list(zip(tested, of_run.predicted.tolist(), strict=True))
        stay = [(place, answer) for place, answer in told if old.names[place] in label_by_name]
        expected = [
            (len(told), sum(answer == old.labels[place] for place, answer in told)),
            (len(stay), sum(answer == old.labels[place] for place, answer in stay)),
            (len(stay), sum(answer == label_by_name[old.names[place]] for place, answer in stay)),
        ]
        assert [(subset.n, subset.right[name]) for subset in subsets] == expected
        assert [subset.interval(name) for subset in subsets] == [
            accuracy_interval(right, count) for count, right in expected
        ]
    assert subsets[0].n == subsets[2].n + 1
    assert subsets[1].right != subsets[2].right
