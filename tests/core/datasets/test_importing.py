"""From a source to a version: whole or not at all, without leaks, in sentences, and again after a kill."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from core.classes import CLASS_NAMES
from core.datasets import importing
from core.datasets.health import TEST, findings
from core.datasets.importing import Options, planned
from core.datasets.opening import open_version, read_content, read_health
from core.datasets.pixels import decoding, scratch
from core.datasets.pixels.squares import Form
from core.datasets.readers.listing import Content
from core.datasets.repairing import repair
from core.datasets.versions import list_versions, sets_folder
from core.errors import DataSetError, LookbookError
from core.photos.decoder import ProcessApart
from tests.core.datasets.pictures import class_folders, encoded, imported, picture, silent

ROOT = Path(__file__).resolve().parents[3]
THREE = {"cat": 20, "dog": 10, "mouse": 10}


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    return class_folders(tmp_path / "pets", THREE)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_a_folder_becomes_a_version_that_opens(pets: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_BATCH", 3)
    version = imported(data, pets, licence="CC0")
    opened = open_version(data, "pets")
    assert opened.classes == version.classes == ("cat", "dog", "mouse")
    assert version.counts == {"train": (16, 8, 8), "test": (4, 2, 2)}
    assert opened.train_images.shape == (32, 28, 28, 3)
    assert np.bincount(opened.test_labels).tolist() == [4, 2, 2]
    assert isinstance(opened.train_images, np.memmap)
    assert (opened.id, opened.name, version.licence) == (version.hash, "pets", "CC0")
    content = read_content(data, version)
    for name, pixels in zip(content.names, content.rows.take(slice(None)), strict=True):
        expected = picture(int(Path(name).stem)).resize((28, 28), Image.Resampling.BOX)
        assert (pixels == np.asarray(expected)).all()
    assert [path.name for path in sets_folder(data).iterdir() if path.name != ".lock"] == [version.id]


def test_other_users_cannot_read_the_pictures(pets: Path, data: Path) -> None:
    imported(data, pets)
    assert sets_folder(data).stat().st_mode & 0o777 == 0o700


def test_the_same_pictures_are_the_same_version_whatever_they_are_called(pets: Path, data: Path) -> None:
    first = imported(data, pets)
    assert imported(data, pets) == first
    assert imported(data, pets, "animals") == first
    assert len(list_versions(data)) == 2


def test_the_hash_depends_on_labels_and_splits_and_not_on_names_and_notes(
    pets: Path, data: Path, tmp_path: Path
) -> None:
    first = imported(data, pets)
    assert imported(tmp_path / "b", pets, "other name", licence="a note").hash == first.hash
    assert imported(tmp_path / "c", pets, seed=1).hash != first.hash
    (pets / "dog").rename(pets / "fox")
    assert imported(tmp_path / "d", pets).hash != first.hash


def test_nothing_is_stored_unless_somebody_says_so(pets: Path, data: Path) -> None:
    listing = importing.read_source_of(pets, Options())
    with planned(data, "pets", listing, "pets", Options(side=28), silent) as plan:
        assert plan.version.counts["test"] == (4, 2, 2)
    assert len(list_versions(data)) == 1


def test_what_was_shown_is_stored_without_decoding_or_searching_again(pets: Path, data: Path) -> None:
    listing, told = importing.read_source_of(pets, Options()), list[str]()
    with planned(data, "pets", listing, "pets", Options(side=28), silent) as plan:
        shown = plan
    with planned(data, "pets", listing, "pets", Options(side=28), lambda message, _: told.append(message)) as plan:
        stored = plan.store(data)
    assert told == []
    assert (stored.hash, plan.health) == (shown.version.hash, shown.health)


def test_pictures_are_squared_with_the_colour_of_their_border(pets: Path, data: Path) -> None:
    wide = Image.new("RGB", (56, 28), (200, 10, 10))
    wide.paste((0, 0, 255), (20, 10, 36, 18))
    wide.save(pets / "cat" / "wide.png")
    Image.new("RGBA", (28, 28), (0, 0, 0, 0)).save(pets / "cat" / "clear.png")
    content = read_content(data, imported(data, pets))
    stored = dict(zip(content.names, content.rows.take(slice(None)), strict=True))
    assert stored["cat/wide.png"][:7].reshape(-1, 3).tolist() == [[200, 10, 10]] * 7 * 28
    assert stored["cat/wide.png"][14, 14].tolist() == [0, 0, 255]
    assert stored["cat/clear.png"].min() == 255


def test_grey_is_stored_as_grey_and_either_can_be_chosen(tmp_path: Path, pets: Path, data: Path) -> None:
    for number in range(12):
        folder = tmp_path / "grey" / ("a" if number % 2 else "b")
        folder.mkdir(parents=True, exist_ok=True)
        picture(number).convert("L").convert("RGB").save(folder / f"{number}.png")
    assert open_version(data, imported(data, tmp_path / "grey", "grey").hash).train_images.ndim == 3
    assert imported(data, tmp_path / "grey", "more", colour="colour").colour
    assert not imported(data, pets, colour="grey").colour


def test_the_side_is_that_of_the_pictures_at_most_64(pets: Path, data: Path, tmp_path: Path) -> None:
    version = imported(data, pets, side=None)
    assert version.side == 40
    assert "Stored at 40x40 pixels: the shorter sides have 40 (median)." in version.notes
    for folder in ("a", "b"):
        (tmp_path / "large" / folder).mkdir(parents=True)
        for number in range(6):
            picture(number + ord(folder), size=(100, 90)).save(tmp_path / "large" / folder / f"{number}.png")
    assert imported(data, tmp_path / "large", "large", side=None).side == 64


def test_copies_never_straddle_a_drawn_split(pets: Path, data: Path) -> None:
    for number in range(10):
        shutil.copy(pets / "cat" / f"{number}.png", pets / "cat" / f"copy-{number}.png")
        bright = Image.fromarray((np.asarray(picture(20 + number)) * 0.9 + 20).astype(np.uint8))
        bright.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(pets / "dog" / f"mirror-{number}.png")
    for seed in range(3):
        version = imported(data, pets, f"pets {seed}", seed=seed)
        content, health = read_content(data, version), read_health(data, version)
        splits = {Path(name).stem: split for name, split in zip(content.names, content.splits, strict=True)}
        assert all(splits[str(number)] == splits[f"copy-{number}"] for number in range(10))
        assert all(splits[str(20 + number)] == splits[f"mirror-{number}"] for number in range(10))
        assert (health.equal, health.near, health.leaks) == (10, 10, 0)


def grouped_table(folder: Path, counts: int = 48, per_group: int = 4) -> Path:
    class_folders(folder, {"images": counts})
    rows = [f"images/{n}.png,{'cat' if n % 2 else 'dog'},{n // per_group}" for n in range(counts)]
    (folder / "labels.csv").write_text("\n".join(["file,label,product", *rows]))
    return folder


def test_groups_never_straddle_a_drawn_split_and_are_kept_for_the_runs(tmp_path: Path, data: Path) -> None:
    version = imported(data, grouped_table(tmp_path / "shop"), group_column="product")
    content = read_content(data, version)
    by_group: dict[int, tuple[int, int]] = {}
    for name, split, group in zip(content.names, content.splits, content.groups, strict=True):
        product = int(Path(name).stem) // 4
        assert by_group.setdefault(product, (split, group)) == (split, group)
    assert len({group for _, group in by_group.values()}) == 12
    opened = open_version(data, version.hash)
    assert len(opened.train_groups) == len(opened.train_labels)


def given_splits(root: Path) -> Path:
    class_folders(root / "train", {"cat": 10, "dog": 10})
    class_folders(root / "val", {"cat": 3, "dog": 3}, 100)
    return class_folders(root / "test", {"cat": 5, "dog": 5}, 200).parent


def test_given_splits_stay_and_the_validation_set_is_told_to_the_runs(tmp_path: Path, data: Path) -> None:
    version = imported(data, given_splits(tmp_path / "pets"))
    assert version.counts == {"train": (10, 10), "validation": (3, 3), "test": (5, 5)}
    assert not version.drawn
    opened = open_version(data, version.hash)
    assert (len(opened.train_labels), len(opened.test_labels)) == (26, 10)
    names = read_content(data, version).names
    assert {names[place].split("/")[0] for place in opened.validation} == {"val"}


def test_a_test_set_is_drawn_where_only_validation_is_given(tmp_path: Path, data: Path) -> None:
    shutil.rmtree(given_splits(tmp_path / "pets") / "test")
    version = imported(data, tmp_path / "pets")
    assert version.counts == {"train": (8, 8), "validation": (3, 3), "test": (2, 2)}
    assert version.drawn


def test_a_given_split_that_leaks_is_told_and_repaired_as_a_new_version(tmp_path: Path, data: Path) -> None:
    root = given_splits(tmp_path / "pets")
    shutil.copy(root / "test" / "cat" / "200.png", root / "train" / "cat" / "copy.png")
    shutil.copy(root / "test" / "dog" / "205.png", root / "train" / "cat" / "wrong.png")
    shutil.copy(root / "val" / "cat" / "100.png", root / "train" / "cat" / "seen.png")
    version = imported(data, root)
    health = read_health(data, version)
    assert (health.leaks, health.validation_leaks, health.conflicts) == (2, 1, 1)
    assert ("train/cat/copy.png", "test/cat/200.png") in [(pair.first, pair.second) for pair in health.leaking]
    assert any("accuracies come out too high" in sentence for sentence in findings(version, health))
    repaired = repair(data, version)
    assert set(repaired.taken_out) == {f"train/cat/{name}.png" for name in ("copy", "wrong", "seen")}
    new = repaired.plan.store(data)
    assert (new.label, new.parent) == ("pets@2", version.hash)
    assert new.counts == {"train": (10, 10), "validation": (3, 3), "test": (5, 5)}
    assert (read_health(data, new).leaks, read_health(data, new).validation_leaks) == (0, 0)
    old, after = open_version(data, version.hash), open_version(data, new.hash)
    assert (old.test_images == after.test_images).all()
    with pytest.raises(DataSetError, match="nothing to repair"):
        repair(data, new)


def test_the_test_set_of_an_earlier_version_stays_the_test_set(pets: Path, data: Path) -> None:
    first = imported(data, pets)
    tested = {
        n for n, s in zip(read_content(data, first).names, read_content(data, first).splits, strict=True) if s == TEST
    }
    class_folders(pets, {"cat": 10, "owl": 10}, 500)
    (pets / sorted(tested)[0]).unlink()
    second = imported(data, pets)
    content = read_content(data, second)
    now = {name for name, split in zip(content.names, content.splits, strict=True) if split == TEST}
    assert {name for name in now if not name.startswith("owl")} == tested - {sorted(tested)[0]}
    assert len([name for name in now if name.startswith("owl")]) == 2
    assert (second.label, second.parent) == ("pets@2", first.hash)
    assert "7 test images of pets@1 stay in the test set." in second.notes
    assert "1 test image of pets@1 is gone." in second.notes
    assert "2 new pictures were drawn for the test set." in second.notes
    larger = imported(data, pets, side=32, test_share=0.4)
    names = read_content(data, larger)
    assert now < {name for name, split in zip(names.names, names.splits, strict=True) if split == TEST}


def test_a_new_picture_of_a_group_in_the_test_set_joins_it(pets: Path, data: Path) -> None:
    content = read_content(data, imported(data, pets))
    tested = next(name for name, split in zip(content.names, content.splits, strict=True) if split == TEST)
    (pets / Path(tested).parent / "copy.png").write_bytes((pets / tested).read_bytes())
    assert "1 new picture of groups of the test set joined it." not in imported(data, pets).notes
    bright = Image.fromarray((np.asarray(picture(int(Path(tested).stem))) * 0.9 + 20).astype(np.uint8))
    bright.save(pets / Path(tested).parent / "bright.png")
    (pets / Path(tested).parent / "copy.png").unlink()
    assert "1 new picture of groups of the test set joined it." in imported(data, pets).notes


def test_many_files_of_which_half_are_no_images_are_told_with_their_reasons(pets: Path, data: Path) -> None:
    for number in range(40):
        (pets / "cat" / f"no-{number}.jpg").write_bytes(b"no picture" if number % 2 else encoded(number)[:200])
    (pets / "cat" / "empty.png").touch()
    (pets / "cat" / "large.png").write_bytes(b"\x89PNG" + bytes(65 * 2**20))
    (pets / "owl").mkdir()
    (pets / "owl" / "a.png").write_bytes(b"no picture")
    version = imported(data, pets)
    assert version.size == 40
    assert sum(version.refused.values()) == 43
    refused = {file.name: file.reason for file in version.refused_files}
    assert refused["cat/no-1.jpg"] == "is not a picture, or its format is not supported"
    assert refused["cat/no-2.jpg"] == "is cut short"
    assert refused["cat/empty.png"] == "is empty (0 bytes)"
    assert refused["cat/large.png"] == "has more than 64 MB"
    assert "No picture of owl can be read, so that there is no such class." in version.notes
    assert any("43 files are left out" in sentence for sentence in findings(version, read_health(data, version)))


def broken(root: Path, count: int) -> None:
    class_folders(root, {"cat": 2, "dog": 2})
    for number in range(count):
        (root / "dog" / f"{number}.jpg").write_bytes(b"no picture")


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "one class": (lambda root: class_folders(root, {"cat": 20}), "only one class"),
    "three images": (lambda root: class_folders(root, {"cat": 2, "dog": 1}), "3 pictures are too few"),
    "a class of one": (lambda root: class_folders(root, {"cat": 20, "dog": 1}), "only one picture of dog"),
    "a class that train lacks": (
        lambda root: (class_folders(root / "train", {"a": 9, "b": 9}), class_folders(root / "test", {"a": 2, "c": 2})),
        "train lacks a class of the test or validation set: 'c'",
    ),
    "hardly any image": (lambda root: broken(root, 30), "30 files of 34 cannot be read .dog/0.jpg is not a picture"),
    "no image": (
        lambda root: (
            [class_folders(root, {"cat": 0, "dog": 0})]
            + [(root / kind / f"{n}.png").write_bytes(b"x") for kind in ("cat", "dog") for n in range(9)]
        ),
        "None of the files looked at can be read",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_nothing_can_be_learnt_from_is_refused_with_what_to_do(tmp_path: Path, data: Path, what: str) -> None:
    make, message = BAD[what]
    make(tmp_path / "pets")
    with pytest.raises(DataSetError, match=message) as caught:
        imported(data, tmp_path / "pets", side=None)
    assert caught.value.advice
    assert len(list_versions(data)) == 1


@pytest.mark.parametrize("how", [{"side": 27}, {"side": 257}, {"test_share": 0.0}, {"test_share": float("nan")}])
def test_options_out_of_range_are_refused(pets: Path, data: Path, how: dict[str, Any]) -> None:
    with pytest.raises(DataSetError) as caught:
        imported(data, pets, **how)
    assert caught.value.advice


@pytest.mark.parametrize("name", ["", "a@1", "a/b", "Fashion-MNIST", "n" * 100, "a\nb\x07"])
def test_names_that_cannot_be_told_from_other_things_are_refused(pets: Path, data: Path, name: str) -> None:
    with pytest.raises(LookbookError) as caught:
        imported(data, pets, name)
    assert caught.value.advice


def test_photos_of_the_ten_known_classes_have_them_in_the_order_of_the_benchmark(tmp_path: Path, data: Path) -> None:
    class_folders(tmp_path / "shop", {name.replace("/", "-").lower(): 3 for name in CLASS_NAMES if "/" not in name})
    assert imported(data, tmp_path / "shop").classes == tuple(sorted(n.lower() for n in CLASS_NAMES if "/" not in n))
    class_folders(tmp_path / "all", {"images": 30})
    rows = [f"images/{n}.png,{CLASS_NAMES[n % 10].upper()}" for n in range(30)]
    (tmp_path / "all" / "labels.csv").write_text("\n".join(["file,label", *rows]))
    assert imported(data, tmp_path / "all", "all").classes == CLASS_NAMES


def test_how_little_a_small_test_set_can_bear_is_told(pets: Path, data: Path) -> None:
    version = imported(data, pets)
    told = findings(version, read_health(data, version))
    assert any("With 8 test images an accuracy of 90 % has an interval of 53 to 98 %" in line for line in told)


PROGRAM = """
import sys
from pathlib import Path
from typing import Any
from core.datasets.pixels import scratch
from core.datasets.importing import Options, add
from core.errors import LookbookError

scratch._BLOCK = 100

def show(message, share):
    print(message, share, flush=True)

try:
    print(add(Path(sys.argv[1]), "pets", Path(sys.argv[2]), Options(side=64), show).hash)
except LookbookError as error:
    print("Error:", error)
"""


def start(data: Path, path: Path, **how: object) -> "subprocess.Popen[str]":
    arguments = [sys.executable, "-c", PROGRAM, str(data), str(path)]
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True, **how)  # type: ignore[call-overload]


@pytest.mark.slow
def test_an_import_that_is_killed_goes_on_where_it_was(tmp_path: Path, data: Path) -> None:
    pets = class_folders(tmp_path / "pets", {"cat": 400, "dog": 400})
    with start(data, pets) as process:
        for line in process.stdout:
            if line.startswith("Decoding") and float(line.split()[-1]) < 1:
                process.send_signal(signal.SIGKILL)
                break
    assert len(list_versions(data)) == 1
    (kept,) = sets_folder(data).glob(f"{scratch.PREFIX}*")
    with (kept / "blocks.jsonl").open("a") as lines:
        lines.write('[[40, 40, 0], "is')
    with (kept / "squares.raw").open("ab") as squares:
        squares.write(b"half a block")
    decoded = sum(len(json.loads(line)) for line in (kept / "blocks.jsonl").read_text().splitlines()[:-1])
    assert 0 < decoded < 800
    with start(data, pets) as process:
        out = process.communicate()[0]
    assert f"Going on with picture {decoded + 1:,}" in out
    assert imported(tmp_path / "elsewhere", pets, side=64).hash == out.split()[-1]
    assert not list(sets_folder(data).glob(".*-*"))


@pytest.mark.slow
def test_a_disk_that_is_full_in_the_middle_is_told_and_nothing_is_half_stored(pets: Path, data: Path) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    with start(data, pets, preexec_fn=limited) as process:
        out = process.communicate()[0]
    assert "Error: The data set does not fit into" in out
    assert "491.5 kB" in out
    assert len(list_versions(data)) == 1
    assert [path.name for path in sets_folder(data).iterdir() if not path.name.startswith(scratch.PREFIX)] == []
    listing = importing.read_source_of(pets, Options())
    with planned(data, "pets", listing, "pets", Options(side=64), silent) as plan:
        assert plan.content.rows.bytes == 491_520
    with start(data, pets, preexec_fn=limited) as process:
        assert "Error: The data set does not fit into" in process.communicate()[0]
    assert [path.name for path in sets_folder(data).iterdir() if not path.name.startswith(scratch.PREFIX)] == [".lock"]
    with start(data, pets) as process:
        assert len(process.communicate()[0].split()[-1]) == 64


def test_two_imports_of_the_same_pictures_do_not_meet(pets: Path, data: Path) -> None:
    listing = importing.read_source_of(pets, Options())
    with (
        planned(data, "pets", listing, "pets", Options(side=28), silent),
        pytest.raises(DataSetError, match="Another process is importing"),
    ):
        imported(data, pets)
    assert imported(data, pets).label == "pets@1"


def test_what_was_abandoned_a_week_ago_is_cleared_away(pets: Path, data: Path) -> None:
    old, new = (sets_folder(data) / f"{scratch.PREFIX}{name}" for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "blocks.jsonl").touch()
    long_ago = time.time() - scratch.ABANDONED_S - 60
    os.utime(old / "blocks.jsonl", (long_ago, long_ago))
    imported(data, pets)
    assert not old.exists()
    assert new.exists()


def test_a_decoder_that_is_killed_is_replaced_and_no_picture_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_BATCH", 2)

    def contents() -> Iterator[Content]:
        for number in range(12):
            if number == 6:
                for child in psutil.Process().children():
                    if "core.datasets.pixels.square_process" in child.cmdline():
                        child.kill()
            yield encoded(number)

    outcomes = list(decoding.decoded(contents(), Form(40, 3)))
    assert [isinstance(outcome, decoding.Square) for outcome in outcomes] == [True] * 12
    for number, outcome in enumerate(outcomes):
        assert (outcome.pixels == np.asarray(picture(number))).all()  # type: ignore[union-attr]


def test_a_picture_that_ends_its_decoder_is_refused_and_those_beside_it_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask = ProcessApart.ask

    def ended_by_some(
        self: ProcessApart, data: bytes, name: str, shown: str = ""
    ) -> tuple[dict[str, Any], list[bytes]]:
        if b"harmful" in data:
            self.process.kill()
        return ask(self, data, name, shown)

    monkeypatch.setattr(ProcessApart, "ask", ended_by_some)
    files = [encoded(0), b"harmful", encoded(1)]
    first, second, third = decoding.decoded(iter(files), Form(28, 1))
    assert isinstance(first, decoding.Square)
    assert second == "is damaged: it ended the program that decodes it"
    assert isinstance(third, decoding.Square)


def test_where_a_table_leaves_too_few_classes_it_is_said_which_rows_cannot_be_used(tmp_path: Path, data: Path) -> None:
    pets = class_folders(tmp_path / "pets", {"images": 12})
    rows = [f"images/{number}.png,{'../../dog' if number % 2 else 'cat'}" for number in range(12)]
    (pets / "labels.csv").write_text("\n".join(["file,label", *rows]))
    with pytest.raises(DataSetError) as refused:
        imported(data, pets, labels=pets / "labels.csv")
    assert "6 files cannot be used (images/1.png has a path for its label in line 3 of labels.csv" in str(refused.value)
    assert "There is only one class, 'cat'" in str(refused.value)


def test_reasons_are_counted_whatever_lines_they_name(tmp_path: Path, data: Path) -> None:
    pets = class_folders(tmp_path / "pets", {"images": 12})
    rows = [f"images/{number}.png,{'dog' if number % 2 else 'cat'}" for number in range(15)]
    (pets / "labels.csv").write_text("\n".join(["file,label", *rows]))
    version = imported(data, pets, labels=pets / "labels.csv")
    assert version.refused == {"is named in lines of labels.csv and is not there, or several files fit": 3}
