"""Corrected versions: other labels, images taken out, every split as it was; and what differs between two versions."""

from pathlib import Path

import numpy as np
import pytest

from core.datasets.correcting import changes_of, correct
from core.datasets.differing import difference, matched
from core.datasets.health import TEST
from core.datasets.opening import open_version, read_content, read_health, verify
from core.datasets.storing import Content
from core.datasets.versions import Version, versions_called
from core.errors import DataSetError
from tests.blank_data import write_blank_data
from tests.core.datasets.pictures import class_folders, imported


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def pets(tmp_path: Path, data: Path) -> Version:
    """Forty pictures of two classes, of each two and two that belong together."""
    root = class_folders(tmp_path / "pets", {"cat": 20, "dog": 20})
    rows = [f"{'cat' if n < 20 else 'dog'}/{n}.png,{'cat' if n < 20 else 'dog'},{n // 2}" for n in range(40)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label,group", *rows]))
    return imported(data, root, labels=tmp_path / "labels.csv")


def pixels(content: Content) -> list[bytes]:
    return [image.tobytes() for image in content.rows.take(slice(None))]


def test_a_corrected_version_has_the_new_labels_and_every_other_image_as_it_was(pets: Version, data: Path) -> None:
    before = read_content(data, pets)
    tested = int(np.flatnonzero(before.splits == TEST)[1])
    plan = correct(data, pets, {0: 1, 5: None, tested: 1 - int(before.labels[tested]), 7: int(before.labels[7])})
    stored = plan.store(data)
    assert (stored.label, stored.parent) == ("pets@2", pets.hash)
    assert stored.notes == ("From pets@1: 2 labels changed, 1 image taken out.",)
    verify(data, stored)
    after = read_content(data, stored)
    kept = np.delete(np.arange(40), 5)
    expected = before.labels.copy()
    expected[[0, tested]] = 1 - expected[[0, tested]]
    assert after.labels.tolist() == expected[kept].tolist()
    assert after.splits.tolist() == before.splits[kept].tolist()
    assert list(after.names) == [before.names[place] for place in kept]
    assert pixels(after) == [pixels(before)[place] for place in kept]
    assert before.groups is not None
    assert after.groups is not None
    together = before.groups[kept]
    assert ((after.groups[:, None] == after.groups) == (together[:, None] == together)).all()
    assert read_content(data, pets).labels.tolist() == before.labels.tolist()
    health = read_health(data, stored)
    assert health is not None
    assert health.leaks == 0


def test_the_same_corrections_again_come_to_the_version_that_is_there(pets: Version, data: Path) -> None:
    first = correct(data, pets, {0: 1}).store(data)
    assert correct(data, pets, {0: 1}).same == first
    assert correct(data, first, {0: 0}).same == pets
    assert len(versions_called(data, "pets")) == 2


def test_what_changes_nothing_or_leaves_too_little_is_refused(pets: Version, data: Path) -> None:
    content = read_content(data, pets)
    learnt, tested = np.flatnonzero(content.splits != TEST), np.flatnonzero(content.splits == TEST)
    with pytest.raises(DataSetError, match="Nothing would change"):
        changes_of(content, {0: int(content.labels[0])})
    cats = [place for place in learnt.tolist() if content.labels[place] == 0]
    with pytest.raises(DataSetError, match="No image of cat would be left to learn from"):
        changes_of(content, {place: (None if place % 2 else 1) for place in cats})
    with pytest.raises(DataSetError, match="No test image would be left"):
        correct(data, pets, dict.fromkeys(tested.tolist()))
    with pytest.raises(DataSetError, match="keeps its name"):
        correct(data, pets, {0: 1}, "other pets")
    assert len(versions_called(data, "pets")) == 1


def test_fashion_mnist_is_corrected_under_another_name_and_stays_as_it_is(tmp_path: Path) -> None:
    data = write_blank_data(tmp_path / "data")
    built_in = versions_called(data, "fashion-mnist")[0]
    # Blank images are all alike: only their places tell them apart.
    stored = correct(data, built_in, {3: 7, 60_000: 5, 69_999: None}).store(data)
    assert (stored.label, stored.size, stored.count("test")) == ("fashion-mnist-corrected@1", 69_999, 9_999)
    opened, before = open_version(data, stored.pinned), open_version(data, "fashion-mnist")
    assert (opened.train_labels != before.train_labels).nonzero()[0].tolist() == [3]
    assert (opened.train_labels[3], opened.test_labels[0], len(opened.test_labels)) == (7, 5, 9_999)
    with pytest.raises(DataSetError, match="always there"):
        correct(data, built_in, {3: 7}, "fashion-mnist")
    assert correct(data, built_in, {3: 8}, "clothes").version.label == "clothes@1"
    again = correct(data, stored, {4: 8})
    assert again.version.label == "fashion-mnist-corrected@2"
    assert "not searched" in again.health.search_note


def test_images_are_found_again_by_their_pixels_whatever_they_are_called(
    pets: Version, tmp_path: Path, data: Path
) -> None:
    root = class_folders(tmp_path / "more" / "train", {"cat": 10, "dog": 10})
    class_folders(tmp_path / "more" / "test", {"cat": 2, "dog": 2}, first=100)
    for picture in (root / "cat").glob("1.png"):
        picture.rename(root / "dog" / "called otherwise.png")
    other = imported(data, root.parent, "more")
    old, new = read_content(data, pets), read_content(data, other)
    assert pets.form == other.form
    parts = difference(old, new, by_pixels=True)
    same = [pixels(old).index(image) for image in pixels(new) if image in pixels(old)]
    assert sorted(parts.pairs[:, 0].tolist()) == sorted(same)
    assert all(pixels(old)[at] == pixels(new)[to] for at, to in parts.pairs.tolist())
    assert {new.names[to] for _, to in parts.relabelled.tolist()} == {"train/dog/called otherwise.png"} | {
        f"train/dog/{number}.png" for number in range(10, 20)
    }
    assert {new.names[place] for place in parts.added.tolist()} == {
        f"test/{name}/{number}.png"
        for name, numbers in (("cat", (100, 101)), ("dog", (102, 103)))
        for number in numbers
    }
    assert len(parts.removed) == 20
    tested = {old.names[place] for place in np.flatnonzero(old.splits == TEST).tolist()}
    assert {old.names[at] for at, _ in parts.moved.tolist()} == {
        name for name in tested if int(name.split("/")[1].removesuffix(".png")) < 20
    }


def test_images_of_another_size_are_the_same_by_name_and_copies_are_told_apart(
    pets: Version, tmp_path: Path, data: Path
) -> None:
    smaller = imported(data, tmp_path / "pets", "small", side=32, labels=tmp_path / "labels.csv")
    assert pets.form != smaller.form
    parts = difference(read_content(data, pets), read_content(data, smaller), by_pixels=False)
    assert (len(parts.pairs), len(parts.added), len(parts.relabelled)) == (40, 0, 0)
    copies = read_content(data, pets)
    doubled = Content(
        copies.classes,
        copies.rows.reordered(np.array([4, 4, 2])),
        copies.labels[[4, 4, 2]],
        copies.splits[[4, 4, 2]],
        ("second", "first", "only"),
    )
    turned = Content(
        copies.classes,
        copies.rows.reordered(np.array([4, 2, 4])),
        copies.labels[[4, 2, 4]],
        copies.splits[[4, 2, 4]],
        ("first", "only", "new name"),
    )
    assert matched(doubled, turned, by_pixels=True).tolist() == [[0, 2], [1, 0], [2, 1]]
