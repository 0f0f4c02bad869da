"""Photos come from files, folders and zips; what cannot be taken from there is named, and nothing leads out of it."""

import io
import os
import random
import stat
import zipfile
from pathlib import Path

import pytest

from core.photo_files import MAX_ENTRIES, MAX_UNPACKED, Room, clean_name, gather, is_table, unpack
from core.reading import MAX_BYTES
from tests.benchmarks import hostile_files

PHOTO = hostile_files.base("PNG")


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as target:
        for name, content in entries.items():
            target.writestr(name, content)
    return packed.getvalue()


def refusals(packed: bytes) -> list[str]:
    return [str(file.error) for file in unpack("a.zip", io.BytesIO(packed)) if file.error]


def test_files_folders_and_zips_are_gathered_in_order_and_hidden_files_left_out(tmp_path: Path) -> None:
    for name in ("Bag/b.png", "Bag/.hidden.png", "Sandal/a.png", ".git/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(PHOTO)
    (tmp_path / "more.zip").write_bytes(zipped({"Coat/x.png": PHOTO, "__MACOSX/x.png": b"", ".DS_Store": b""}))
    found = list(gather([tmp_path / "Sandal" / "a.png", tmp_path]))
    names = [str(Path(file.name).relative_to(tmp_path)) for file in found]
    assert names == ["Sandal/a.png", "more.zip/Coat/x.png", "Bag/b.png", "Sandal/a.png"]
    assert {file.content for file in found} == {PHOTO}


def test_a_zip_is_told_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(zipped({"x.png": PHOTO}))
    (tmp_path / "photo.zip").write_bytes(PHOTO)
    assert [Path(file.name).name for file in gather([tmp_path])] == ["x.png", "photo.zip"]


def test_links_pipes_and_missing_files_are_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    outside = tmp_path / "secret.png"
    outside.write_bytes(PHOTO)
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "link.png").symlink_to(outside)
    (folder / "round").symlink_to(folder)
    os.mkfifo(folder / "pipe.png")
    (folder / "real.png").write_bytes(PHOTO)
    found = {Path(file.name).name: file for file in gather([folder, tmp_path / "missing.png"])}
    assert found["real.png"].content == PHOTO
    reasons = {name: str(file.error) for name, file in found.items() if file.error}
    assert set(reasons) == {"link.png", "round", "pipe.png", "missing.png"}
    assert "links are not followed" in reasons["link.png"]
    assert "no file" in reasons["pipe.png"]
    assert "cannot be read" in reasons["missing.png"]


@pytest.mark.parametrize("name", ["../evil.png", "/etc/evil.png", "a/../../evil.png", "C:\\evil.png", "..\\evil.png"])
def test_no_path_leads_out_of_a_zip(name: str) -> None:
    (reason,) = refusals(zipped({name: PHOTO}))
    assert "leads out of the zip" in reason


def test_zips_in_zips_links_passwords_and_rare_methods_are_refused_one_by_one() -> None:
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        target.writestr(link, "/etc/passwd")
        target.writestr("inner.jpg", zipped({"x.png": PHOTO}))
        target.writestr("rare.png", PHOTO, zipfile.ZIP_LZMA)
        target.writestr("good.png", PHOTO)
    found = list(unpack("a.zip", packed))
    assert [file.name for file in found if not file.error] == ["a.zip/good.png"]
    reasons = [str(file.error) for file in found[:3]]
    for reason, words in zip(reasons, ("is a link", "a zip in a zip", "packed in a way"), strict=True):
        assert words in reason


def test_a_zip_that_is_too_much_is_refused_before_it_is_unpacked() -> None:
    assert "more than 1,000 files" in refusals(zipped(dict.fromkeys(map(str, range(MAX_ENTRIES + 1)), b"")))[0]
    assert "unpacks to more than" in refusals(zipped({f"{place}.png": bytes(MAX_BYTES) for place in range(11)}))[0]


def test_several_zips_together_have_the_room_of_one() -> None:
    half = zipped({f"{place}.png": bytes(MAX_BYTES) for place in range(6)})
    assert 2 * 6 * MAX_BYTES > MAX_UNPACKED
    room = Room()
    first, second = (list(unpack(name, io.BytesIO(half), room)) for name in ("a.zip", "b.zip"))
    assert [file.error for file in first] == [None] * 6
    assert "b.zip unpacks to more than 100 MB with those before it" in str(second[0].error)


def test_the_end_of_a_zip_is_where_zipfile_finds_it() -> None:
    many = bytearray(zipped(dict.fromkeys(map(str, range(MAX_ENTRIES * 20)), b""), zipfile.ZIP_STORED))
    # The mark of an end record inside the end record's own fields: a search from behind would stop there.
    many[-10:-6], size = b"PK\x05\x06", len(many)
    (refused,) = unpack("a.zip", io.BytesIO(bytes(many)))
    assert "more than 1,000 files" in str(refused.error)
    assert size > 2**20


@pytest.mark.parametrize("entries", [{}, {".DS_Store": b"x", "__MACOSX/a.png": b"x"}])
def test_a_zip_or_folder_without_files_is_refused(entries: dict[str, bytes], tmp_path: Path) -> None:
    assert refusals(zipped(entries)) == ["a.zip holds no files. Put photos into it."]
    (refused,) = gather([tmp_path])
    assert str(refused.error) == f"{tmp_path} holds no files. Put photos into it."


def test_what_lies_beside_photos_is_sorted_out_by_name_unless_it_is_a_picture(tmp_path: Path) -> None:
    beside = {"README.md": b"# Photos", "Thumbs.db": b"\xd0\xcf", "labels.csv": b"file,label\n"}
    pictures = {"really.txt": PHOTO, "photo.csv": PHOTO, "a.png": PHOTO, "b.jpg": b"no picture"}
    kinds = {Path(file.name).name: file.kind for file in unpack("a.zip", io.BytesIO(zipped(beside | pictures)))}
    for name, content in (beside | pictures).items():
        (tmp_path / name).write_bytes(content)
    assert {Path(file.name).name: file.kind for file in gather([tmp_path])} == kinds
    assert kinds == {"README.md": "other", "Thumbs.db": "other", "labels.csv": "table"} | dict.fromkeys(
        pictures, "photo"
    )
    # Whoever names a file itself wants to hear of it.
    (named,) = gather([tmp_path / "README.md"])
    assert named.kind == "photo"
    assert is_table("LABELS.CSV", b"file;label")
    assert not is_table("photo.csv", PHOTO)


def test_names_from_outside_can_be_stored_and_shown(tmp_path: Path) -> None:
    assert clean_name("Größe 👩‍🔬 1\u202f.png") == "Größe 👩‍🔬 1\u202f.png"
    assert clean_name("a\x1b[31m\n\u202eb\udcff.png") == "a�[31m��b�.png"
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")).write_bytes(PHOTO)
    (found,) = gather([tmp_path])
    assert found.name == f"{tmp_path}/caf�.png"
    assert found.content == PHOTO
    (entry,) = unpack("a.zip", io.BytesIO(zipped({"\x1b[2J.png": PHOTO})))
    assert entry.name == "a.zip/�[2J.png"


def test_an_entry_that_is_too_large_is_cut_where_the_limit_is() -> None:
    (large,) = unpack("a.zip", io.BytesIO(zipped({"large.png": bytes(MAX_BYTES + 100)})))
    assert len(large.content) == MAX_BYTES + 1


def test_a_damaged_zip_is_refused_wherever_it_is_damaged() -> None:
    good, chance = zipped({"Bag/a.png": PHOTO, "Bag/b.png": PHOTO}), random.Random(0)
    for _ in range(200):
        bad = hostile_files.flipped(good, chance, 5)
        for file in unpack("a.zip", io.BytesIO(bad)):
            assert file.content or file.error
        assert all(
            file.content or file.error for file in unpack("a.zip", io.BytesIO(good[: chance.randrange(len(good))]))
        )
