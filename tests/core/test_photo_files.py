"""Photos come from files, folders and zips; what cannot be taken from there is named, and nothing leads out of it."""

import io
import os
import random
import re
import stat
import struct
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.photos.archives import MAX_ENTRIES, MAX_LISTED, MAX_UNPACKED, Room, is_hidden
from core.photos.photo_files import as_photo, gather, is_table, unpack
from core.photos.picture import MAX_BYTES
from core.texts import clean_name
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
    gathered = list(gather([tmp_path / "Sandal" / "a.png", tmp_path]))
    names = [str(Path(file.name).relative_to(tmp_path)) for file in gathered]
    assert names == ["Sandal/a.png", "more.zip/Coat/x.png", "Bag/b.png", "Sandal/a.png"]
    assert {file.content for file in gathered} == {PHOTO}


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
    gathered = {Path(file.name).name: file for file in gather([folder, tmp_path / "missing.png"])}
    assert gathered["real.png"].content == PHOTO
    reasons = {name: str(file.error) for name, file in gathered.items() if file.error}
    assert set(reasons) == {"link.png", "round", "pipe.png", "missing.png"}
    assert "links are not followed" in reasons["link.png"]
    assert "not a file" in reasons["pipe.png"]
    assert "cannot be read" in reasons["missing.png"]


@pytest.mark.parametrize("name", ["../evil.png", "/etc/evil.png", "a/../../evil.png", "C:\\evil.png", "..\\evil.png"])
def test_no_path_leads_out_of_a_zip(name: str) -> None:
    (reason,) = refusals(zipped({name: PHOTO}))
    assert "points outside the zip" in reason


def test_zips_in_zips_links_passwords_and_rare_methods_are_refused_one_by_one() -> None:
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        target.writestr(link, "/etc/passwd")
        target.writestr("inner.jpg", zipped({"x.png": PHOTO}))
        target.writestr("rare.png", PHOTO, zipfile.ZIP_LZMA)
        target.writestr("good.png", PHOTO)
    unpacked = list(unpack("a.zip", packed))
    assert [file.name for file in unpacked if not file.error] == ["a.zip/good.png"]
    reasons = [str(file.error) for file in unpacked[:3]]
    for reason, words in zip(
        reasons, ("is a link", "a zip inside a zip", "unsupported compression method"), strict=True
    ):
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
    assert "b.zip unpacks to more than 100 MB together with those before it" in str(second[0].error)


def test_the_end_of_a_zip_is_where_zipfile_finds_it() -> None:
    many = bytearray(zipped(dict.fromkeys(map(str, range(MAX_ENTRIES * 20)), b""), zipfile.ZIP_STORED))
    # The mark of an end record inside the end record's own fields: a search from behind would stop there.
    many[-10:-6], size = b"PK\x05\x06", len(many)
    (refused,) = unpack("a.zip", io.BytesIO(bytes(many)))
    assert "more than 1,000 files" in str(refused.error)
    assert size > 2**20


@pytest.mark.parametrize("entries", [{}, {".DS_Store": b"x", "__MACOSX/a.png": b"x"}])
def test_a_zip_or_folder_without_files_is_refused(entries: dict[str, bytes], tmp_path: Path) -> None:
    assert refusals(zipped(entries)) == ["a.zip holds no files. Add photos to it."]
    (refused,) = gather([tmp_path])
    assert str(refused.error) == f"{tmp_path} holds no files. Add photos to it."


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
    (file,) = gather([tmp_path])
    assert file.name == f"{tmp_path}/caf�.png"
    assert file.content == PHOTO
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


SIDECARS = {
    "IMG_1.aae": b"<plist>",
    "IMG_1.MOV": b"\0\0\0\x14ftypqt  ",
    "IMG_1.mp4": b"\0\0\0\x18ftypisom",
    "IMG_1.jpg.json": b"{}",
    "IMG_1.jpg.supplemental-metadata.json": b"{}",
    "IMG_1.xmp": b"<x:xmpmeta>",
    "IMG_1.CR2": b"II*\0",
    "IMG_1.dng": b"MM\0*",
    "IMG_1.THM": PHOTO,
    "Thumbs.db": b"\xd0\xcf\x11\xe0",
    "desktop.ini": b"[.ShellClassInfo]",
    "Picasa.ini": b"[Picasa]",
    "notes": b"bought in May",
    "photos.nksc": b"<xml>",
    "song.mp3": b"ID3",
}
HIDDEN = [
    *("._a.png", ".DS_Store", "__MACOSX/._a.png", "@eaDir/a.png/SYNOPHOTO_THUMB_XL.jpg", "Bag/@eaDir/b.png", "Icon\r"),
    *(".@__thumb/a.png", "#recycle/a.png", "$RECYCLE.BIN/a.png", "System Volume Information/x", ".thumbnails/a.png"),
]


def test_what_phones_cameras_and_network_drives_put_beside_photos_is_no_photo_and_no_error(tmp_path: Path) -> None:
    entries = {**SIDECARS, **dict.fromkeys(HIDDEN, PHOTO), "Bag/a.png": PHOTO}
    for name, content in entries.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    for photos in (list(gather([tmp_path])), list(unpack("a.zip", io.BytesIO(zipped(entries))))):
        assert not any(file.error for file in photos)
        kinds = {Path(file.name).name: file.kind for file in photos}
        assert kinds == dict.fromkeys(SIDECARS, "other") | {"a.png": "photo"}


def packed_by_powershell(entries: dict[str, bytes]) -> bytes:
    """Backslashes, and a folder as an entry that looks like a file of no bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for name, content in {"Bag\\": b"", **entries}.items():
            info = zipfile.ZipInfo("x")
            info.filename = name
            target.writestr(info, content)
    return packed.getvalue()


def test_a_zip_of_windows_has_folders_like_any_other() -> None:
    files = {"Bag\\1.png": PHOTO, "Bag\\labels.csv": b"file,label\n1.png,Bag\n", "Dress\\1.png": PHOTO}
    unpacked = list(unpack("a.zip", io.BytesIO(packed_by_powershell(files))))
    assert [(file.name, file.kind) for file in unpacked] == [
        ("a.zip/Bag/1.png", "photo"),
        ("a.zip/Bag/labels.csv", "table"),
        ("a.zip/Dress/1.png", "photo"),
    ]
    assert not any(file.error for file in unpacked)


def named(raw: bytes, extra: bytes = b"") -> str:
    """The name that an entry gets that was stored under these bytes, without a word on their encoding."""
    info = zipfile.ZipInfo("a" * len(raw))
    info.extra = extra
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        target.writestr(info, PHOTO)
    content = packed.getvalue().replace(b"a" * len(raw), raw)
    (file,) = unpack("z", io.BytesIO(content))
    return file.name.removeprefix("z/")


def test_names_are_read_in_the_code_page_that_they_are_in() -> None:
    assert named("Größe.png".encode()) == "Größe.png"
    assert named("Größe.png".encode("cp437")) == "Größe.png"
    raw = "靴.png".encode("shift-jis")
    content = b"\x01" + zlib.crc32(raw).to_bytes(4, "little") + "靴.png".encode()
    extra = (0x7075).to_bytes(2, "little") + len(content).to_bytes(2, "little") + content
    assert named(raw, extra) == "靴.png"
    assert named(b"./x//y/a.png") == "x/y/a.png"


def test_a_zip64_archive_is_read_and_its_count_is_believed_where_it_stands() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for name in ("a.png", "b.png"):
            with target.open(name, "w", force_zip64=True) as entry:
                entry.write(PHOTO)
    unpacked = list(unpack("a.zip", packed))
    assert [(file.name, file.error) for file in unpacked] == [("a.zip/a.png", None), ("a.zip/b.png", None)]
    assert len(list(unpack("a.zip", io.BytesIO(with_end64(packed.getvalue(), count=2))))) == 2
    (refused,) = unpack("a.zip", io.BytesIO(with_end64(packed.getvalue(), count=10**12)))
    assert "more than 1,000 files" in str(refused.error)
    (refused,) = unpack("a.zip", io.BytesIO(with_end64(packed.getvalue(), count=2, length=10**12)))
    assert refused.error


def with_end64(packed: bytes, count: int, length: int | None = None) -> bytes:
    """The zip with an end record of ZIP64 that says so many entries in so many bytes."""
    at = packed.rindex(b"PK\x05\x06")
    size, offset = (int.from_bytes(packed[at + place : at + place + 4], "little") for place in (12, 16))
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length or size, offset)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return packed[:at] + record + locator + end


def test_folders_and_hidden_entries_are_not_counted_as_files() -> None:
    folders = {f"{number}/": b"" for number in range(MAX_ENTRIES + 5)}
    hidden = {f"._{number}": b"x" for number in range(50)}
    unpacked = list(unpack("a.zip", io.BytesIO(zipped({**folders, **hidden, "a.png": PHOTO}))))
    assert [file.name for file in unpacked] == ["a.zip/a.png"]
    (refused,) = unpack("a.zip", io.BytesIO(zipped({f"{number}/": b"" for number in range(MAX_LISTED + 1)})))
    assert "more than 1,000 files" in str(refused.error)


def test_entries_that_share_their_bytes_are_refused_at_once() -> None:
    """A thousand entries of the directory that all name the same ten megabytes, and declare a byte each."""
    inner = zipped({"a.png": random.Random(0).randbytes(MAX_BYTES)}, zipfile.ZIP_DEFLATED)
    at = inner.index(b"PK\x01\x02")
    listed = bytearray(inner[at : inner.rindex(b"PK\x05\x06")])
    listed[24:28] = (1).to_bytes(4, "little")
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1000, 1000, len(listed) * 1000, at, 0)
    start = time.monotonic()
    unpacked = list(unpack("a.zip", io.BytesIO(inner[:at] + bytes(listed) * 1000 + end)))
    (reason,) = [str(file.error) for file in unpacked]
    assert reason == "a.zip is a damaged zip: its entries overlap. Copy or download it again."
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    ("start", "kind"),
    [(b"Rar!\x1a\x07\x01\0", "RAR"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"\x1f\x8b\x08", "tar"), (b"BZh9", "tar")]
    + [(bytes(257) + b"ustar\x0000", "tar")],
)
def test_other_archives_are_called_what_they_are(start: bytes, kind: str) -> None:
    assert kind in str(as_photo("photos.bin", start + bytes(300)).error)


LETTERS = st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="/\\:\u2028\u2029")
NAMES = st.text(LETTERS, min_size=1, max_size=6)
PATHS = st.lists(NAMES.filter(lambda name: name.strip(".") == name and not is_hidden(name)), min_size=1, max_size=3)


@given(st.lists(PATHS, min_size=1, max_size=5, unique_by="/".join), st.sampled_from("/\\"), st.booleans())
def test_the_same_tree_has_the_same_names_whoever_packed_it(tree: list[list[str]], mark: str, says_utf8: bool) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for path in tree:
            info = zipfile.ZipInfo("x")
            info.filename = mark.join(path) + ".png"
            target.writestr(info, PHOTO)
    content = bytearray(packed.getvalue())
    if not says_utf8:
        for start in (match.start() for match in re.finditer(b"PK\x01\x02", packed.getvalue())):
            content[start + 9] &= ~0x08
    names = [file.name for file in unpack("z", io.BytesIO(bytes(content)))]
    assert names == [f"z/{'/'.join(path)}.png" for path in tree]


@given(st.binary(max_size=400))
def test_whatever_is_said_to_be_a_zip_comes_to_files_or_reasons(content: bytes) -> None:
    for file in unpack("a.zip", io.BytesIO(b"PK\x03\x04" + content)):
        assert file.content or file.error or file.kind == "other"
