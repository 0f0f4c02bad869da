"""True classes as people state them, by folder or by CSV."""

import pytest

from core.classes import CLASS_NAMES
from core.photo_labels import (
    MAX_LABEL_BYTES,
    MAX_LABELS,
    FolderLabels,
    TableLabels,
    UnreadableLabels,
    label_of,
    read_labels,
)


@pytest.mark.parametrize("label", range(10))
def test_every_class_is_known_by_its_name_and_its_number(label: int) -> None:
    name = CLASS_NAMES[label]
    for words in (name, name.upper(), f" {name} ", name.replace(" ", "_"), name + "s", str(label)):
        assert label_of(words) == label


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("tshirts", 0),
        ("T-Shirt", 0),
        ("dresses", 3),
        ("ankle-boots", 9),
        ("hat", None),
        ("", None),
        ("10", None),
        ("007", None),
        ("9" * 5000, None),
        ("٣", None),
    ],
)
def test_labels_are_understood_as_people_write_them(words: str, label: int | None) -> None:
    assert label_of(words) == label


def test_a_folder_named_by_a_class_labels_what_is_directly_in_it() -> None:
    names = ("x.zip/Bag/1.jpg", "shoes\\Sandals\\2.jpg", "Bag/left/3.jpg", "4.jpg")
    assert [FolderLabels().of(name) for name in names] == [8, 5, None, None]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_columns_may_be_parted_as_spreadsheets_part_them(mark: str) -> None:
    labels = read_labels(f"file{mark}label\na.jpg{mark}Bag\n".encode())
    assert labels.of("a.jpg") == 8


def test_of_several_tables_the_one_beside_a_photo_speaks_for_it() -> None:
    everywhere, in_zip = read_labels(b"file,label\na.png,Bag\nb.png,Coat\n"), read_labels(b"file,label\na.png,Dress\n")
    labels = TableLabels({"": everywhere, "one.zip/": in_zip})
    assert [labels.of(name) for name in ("one.zip/a.png", "two.zip/a.png", "one.zip/b.png", "c.png")] == [3, 8, 4, None]


def test_a_table_that_is_too_much_is_refused_before_it_is_read() -> None:
    head = b"file,label\n"
    assert len(read_labels(head + b"a,0\n" * MAX_LABELS).by_file) == 1
    with pytest.raises(UnreadableLabels, match="more than 10,000 rows"):
        read_labels(head + b"a,0\n" * (MAX_LABELS + 1))
    with pytest.raises(UnreadableLabels, match="more than 1 MB"):
        read_labels(head + b"a" * MAX_LABEL_BYTES)


def test_a_wrong_label_of_any_length_is_named_in_a_short_sentence() -> None:
    with pytest.raises(UnreadableLabels, match="Line 2 .*99…") as refused:
        read_labels(b"file,label\na.jpg," + b"9" * 5000)
    assert len(str(refused.value)) < 400


def test_a_csv_labels_files_by_as_much_of_the_path_as_it_names() -> None:
    labels = read_labels(b"\xef\xbb\xbfFile,Label\r\n1.jpg,Bag\r\nb/2.jpg,5\r\nc/1.jpg,coat\r\n")
    assert [labels.of(name) for name in ("set/1.jpg", "a/b/2.jpg", "a/2.jpg", "c/1.jpg")] == [8, 5, None, 4]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no columns"),
        (b"a,b\n1,2\n", "no columns"),
        (b"file,label\nx.jpg,hat\n", "Line 2 .*'hat'"),
        (b"file,label\nx.jpg,Bag\ny.jpg\n", "Line 3"),
        (b"file,label\n", "no photo below it"),
        (b"\xff\xfe\x00", "no CSV in UTF-8"),
    ],
)
def test_a_csv_that_cannot_be_understood_says_where(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableLabels, match=reason):
        read_labels(content)
