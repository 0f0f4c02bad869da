"""True classes as people state them, by folders or in tables: for certain, or with a reason."""

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.class_names import label_named, label_numbered, label_of
from core.classes import CLASS_NAMES
from core.label_tables import MAX_LABEL_BYTES, MAX_LABELS, NoLabelColumns, UnreadableLabels, path_parts, read_table
from core.photo_files import PhotoFile, is_table
from core.photo_labels import StatedLabels, labels_by_folders, labels_by_tables, read_tables


def stated(photos: list[str], table: str | bytes, where: str = "") -> StatedLabels:
    """What a table says of the photos of these names."""
    content = table.encode() if isinstance(table, str) else table
    return labels_by_tables(photos, [read_table(content, "labels.csv", where)])


def plural(name: str) -> str:
    return f"{name}es" if name.endswith("ss") else f"{name}s"


@pytest.mark.parametrize("label", range(10))
def test_every_class_is_known_by_its_name_and_its_number(label: int) -> None:
    name = CLASS_NAMES[label]
    for words in (name, name.upper(), f" {name} ", name.replace(" ", "_"), plural(name), name.title().replace(" ", "")):
        assert label_of(words) == label
    for words in (str(label), f"0{label}", f"{label}.0", f"{label},00", f"class_{label}", f"Label {label}"):
        assert label_of(words) == label
    for words in (f"{label}_{name}", f"0{label}. {name}", f"{name} (2)", f"{name}-1"):
        assert label_of(words) == label


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("tshirts", 0),
        ("T-Shirt", 0),
        ("T-Shirts/Tops", 0),
        ("tops & t-shirts", 0),
        ("Top/T-shirt", 0),
        ("dresses", 3),
        ("ankle-boots", 9),
        ("\N{HANDBAG} Bag", 8),
        ("\uff42\uff41\uff47", 8),  # full width
        ("\uff18", 8),
        ("007", 7),
    ],
)
def test_classes_are_understood_as_people_write_them(words: str, label: int | None) -> None:
    assert label_of(words) == label


@pytest.mark.parametrize(
    "words",
    ["hat", "", "10", "9" * 5000, "٣", "dress shirt", "not a bag", "sneaker.old", "1.5", "-0", "8e0", "class_10", "Bäg"]
    + ["Sandals & flip-flops", "class", "y8", "Bag Shirt", "\N{HANDBAG}", "\0", "nan", "true"],
)
def test_what_is_not_certainly_a_class_is_none(words: str) -> None:
    assert label_of(words) is None


@given(st.text(max_size=30))
def test_whatever_the_words_a_class_is_one_of_ten_or_none(words: str) -> None:
    assert label_of(words) in (None, *range(10))
    assert label_named(words) is None or label_numbered(words) is None


def test_folders_label_what_is_in_them_at_any_depth() -> None:
    names = ["x.zip/Bag/1.jpg", "shoes\\Sandals\\2.jpg", "Bag/left/3.jpg", "4.jpg", "data/train/Coat/IMG/001/5.jpg"]
    labels = labels_by_folders(names)
    assert [labels.of(name) for name in names] == [8, 5, 8, None, 4]
    assert labels.sentences == ["1 photo has no label: 4.jpg."]


def test_a_class_written_out_counts_more_than_a_number_below_it() -> None:
    labels = labels_by_folders(["Bag/1/a.jpg", "Bag/2/b.jpg", "3/c.jpg", "Dress/9/d.jpg"])
    assert list(labels.labels.values()) == [8, 8, 3, 3]
    assert labels.sentences == []


@pytest.mark.parametrize("name", ["Bag/Shirt/a.jpg", "Shirt/old/Bag/a.jpg", "1/3/a.jpg"])
def test_folders_that_name_two_classes_are_a_conflict_by_name(name: str) -> None:
    labels = labels_by_folders([name, "Coat/b.jpg"])
    assert labels.of(name) is None
    assert "Its folders name" in labels.why_not(name)
    assert name in labels.sentences[0]
    assert labels.sentences[-1] == f"1 photo has no label: {name}."


def test_a_folder_that_all_photos_lie_in_tells_nothing_where_others_do() -> None:
    names = ["/home/top/dress.zip/Bag/1.jpg", "/home/top/dress.zip/Shirt/2.jpg"]
    assert list(labels_by_folders(names).labels.values()) == [8, 6]
    assert list(labels_by_folders(["Bag.zip/1.jpg", "Bag.zip/2.jpg"]).labels.values()) == [8, 8]


def test_numbers_of_folders_that_go_beyond_the_labels_only_number_folders() -> None:
    labels = labels_by_folders([f"{number}/a.jpg" for number in range(1, 12)] + ["Bag/3/b.jpg"])
    assert labels.labels == {"Bag/3/b.jpg": 8}


def test_the_metadata_of_hugging_face_is_a_table() -> None:
    table = '{"file_name": "a.jpg", "label": 8}\n{"file_name": "b.jpg", "label": "Dress", "more": [1]}\n'
    assert stated(["a.jpg", "b.jpg"], table).labels == {"a.jpg": 8, "b.jpg": 3}
    assert is_table("metadata.jsonl", table.encode())


def test_photos_without_folders_are_nobodys_mistake() -> None:
    assert labels_by_folders(["a.jpg", "photos/b.jpg"]).sentences == []


HEADS = [
    *("file,label", "File Name;Class Name", "file_name\tcategory", "image_path|target", "FILEPATH,CLASS", "img,y"),
    *(
        "id,label",
        "path,label_index",
        "image,id,choice",
        "\ufefffile,label",
        "sep=;\nfile;label",
        "filename,true class",
    ),
]


@pytest.mark.parametrize("head", HEADS)
def test_columns_are_known_by_many_names_and_separators(head: str) -> None:
    mark = next(mark for mark in "\t;|," if mark in head)
    cells = ["a.jpg", *[""] * (head.count(mark) - 1 - head.count("sep=")), "Bag"]
    assert stated(["a.jpg"], f"{head}\n{mark.join(cells)}\n").labels == {"a.jpg": 8}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_tables_are_read_as_windows_mac_and_linux_write_them(encoding: str, end: str) -> None:
    table = end.join(["file;label", "käfer.jpg;Bag", "b.jpg;08", ";;", "", ";"]).encode(encoding)
    assert stated(["käfer.jpg", "b.jpg"], table).labels == {"käfer.jpg": 8, "b.jpg": 8}


def test_a_table_without_a_header_is_told_by_what_stands_in_it() -> None:
    assert stated(["a.jpg", "b.jpg"], "a.jpg,Bag\nb.jpg,3\n").labels == {"a.jpg": 8, "b.jpg": 3}
    assert stated(["a.jpg", "b.jpg"], "8;a.jpg\n3;b.jpg\n").labels == {"a.jpg": 8, "b.jpg": 3}


def test_the_answers_that_lookbook_wrote_are_read_by_their_true_class_and_never_by_what_was_predicted() -> None:
    table = "file,run,polarity,true class,predicted,confidence,error\na.jpg,r,,Bag,Shirt,0.9,\nb.jpg,r,,,Shirt,0.9,\n"
    labels = stated(["a.jpg", "b.jpg"], table)
    assert labels.labels == {"a.jpg": 8}
    assert labels.why_not("b.jpg") == "Its row has no label."


def test_a_cell_that_a_spreadsheet_keeps_from_running_is_read_without_its_mark() -> None:
    assert stated(["=a.jpg", "7.jpg"], 'file,label\n\'=a.jpg,Bag\n"=""7.jpg""",Bag\n').labels == {
        "=a.jpg": 8,
        "7.jpg": 8,
    }


@pytest.mark.parametrize(
    ("row", "photo"),
    [
        ("dataset/test/a.jpg", "a.jpg"),
        ("C:\\Users\\x\\a.jpg", "a.jpg"),
        ("./a.jpg", "a.jpg"),
        (" a.jpg ", "a.jpg"),
        ("file:///home/x/my%20a.jpg", "my a.jpg"),
        ("https://example.org/img/a.jpg", "a.jpg"),
        ("/data/upload/1/abcd1234-IMG_1.jpg", "IMG_1.jpg"),
        ("A.JPG", "a.jpg"),
        ("10001", "10001.jpg"),
        ("10001.0", "10001.jpg"),
        ("17", "00017.jpg"),
        ("IMG_1.HEIC", "IMG_1.jpg"),
        ("my%20a.jpg", "my a.jpg"),
        (unicodedata.normalize("NFD", "Größe.jpg"), "Größe.jpg"),
        ("Größe.jpg", unicodedata.normalize("NFD", "Größe.jpg")),
        ("a.jpg", "set.zip/deep/er/a.jpg"),
        ("data/Bag/a.jpg", "/mnt/photos/Bag/a.jpg"),
    ],
)
def test_a_row_finds_its_photo_by_the_end_of_its_path(row: str, photo: str) -> None:
    beside = f"{photo.rpartition('/')[0]}/../other/z.png" if "/" in photo else "z.png"
    labels = stated([photo, beside], f'file,label\n"{row}",Bag\n')
    assert labels.of(photo) == 8
    assert labels.unmatched == []


def test_a_row_of_another_folder_is_no_row_of_a_photo_of_that_name() -> None:
    labels = stated(["Dress/1.jpg", "Coat/2.jpg"], "file,label\nBag/1.jpg,Bag\n")
    assert labels.labels == {}
    assert labels.sentences == [
        "1 of 1 row matches no photo: Bag/1.jpg.",
        "2 photos have no label: Dress/1.jpg, Coat/2.jpg.",
    ]


def test_the_longest_path_tells_photos_of_one_name_apart() -> None:
    labels = stated(["a/1.jpg", "b/1.jpg"], "file,label\na/1.jpg,Bag\nb/1.jpg,Shirt\n")
    assert labels.labels == {"a/1.jpg": 8, "b/1.jpg": 6}
    labels = stated(["1.jpg", "b/1.jpg"], "file,label\n1.jpg,Bag\n")
    assert labels.labels == {"1.jpg": 8}


def test_a_row_that_fits_two_photos_is_said_and_labels_neither() -> None:
    labels = stated(["a/1.jpg", "b/1.jpg"], "file,label\n1.jpg,Bag\n")
    assert labels.labels == {}
    assert "Line 2 of labels.csv fits it and another photo as well." in labels.sentences[0]
    assert stated(["1.jpg", "1.jpg"], "file,label\n1.jpg,Bag\n").labels == {}
    assert stated(["a.jpg", "A.jpg"], "file,label\na.jpg,Bag\nA.JPG,Shirt\n").labels == {"a.jpg": 8}


@pytest.mark.parametrize("rows", ["a.jpg,Bag\na.jpg,Shirt\n", "a.jpg,Bag\nx/a.jpg,6\n", "a.jpg,Bag\nA.JPG,Shirt\n"])
def test_rows_that_contradict_one_another_are_a_conflict_by_name(rows: str) -> None:
    labels = stated(["a.jpg"], f"file,label\n{rows}")
    assert labels.labels == {}
    assert labels.sentences[0] == "a.jpg is Bag by line 2 and Shirt by line 3 of labels.csv, and so counts for neither."


def test_rows_and_columns_that_agree_are_none() -> None:
    assert stated(["a.jpg"], "file,label,label_index\na.jpg,Bag,8\na.jpg,bags,08\n").labels == {"a.jpg": 8}
    assert "Dress and Bag" in stated(["a.jpg"], "file,label,label_index\na.jpg,Bag,3\n").sentences[0]


def test_tables_that_contradict_one_another_are_named() -> None:
    tables = [read_table(f"file,label\na.jpg,{words}\n".encode(), f"{words}.csv") for words in ("Bag", "Shirt")]
    assert (
        "Bag by line 2 of Bag.csv and Shirt by line 2 of Shirt.csv" in labels_by_tables(["a.jpg"], tables).sentences[0]
    )


def test_a_table_in_a_folder_speaks_of_what_lies_there_alone() -> None:
    shelf = {"Bag/labels.csv": b"file,label\n1.jpg,Bag\n", "Dress/labels.csv": b"file,label\n1.jpg,Dress\n"}
    tables = read_tables(PhotoFile(name, content, kind="table") for name, content in shelf.items())
    labels = labels_by_tables(["Bag/1.jpg", "Dress/1.jpg", "1.jpg"], tables.tables)
    assert labels.labels == {"Bag/1.jpg": 8, "Dress/1.jpg": 3}


def test_a_label_that_is_no_class_takes_no_other_label_with_it() -> None:
    labels = stated(["a.jpg", "b.jpg"], f"file,label\na.jpg,{'hat' * 50}\nb.jpg,Bag\n")
    assert labels.labels == {"b.jpg": 8}
    assert "'hathat" in labels.sentences[0]
    assert "Line 2 of labels.csv" in labels.sentences[0]
    assert len(labels.sentences[0]) < 150


def test_a_photo_that_was_not_labelled_has_no_label() -> None:
    labels = stated(["a.jpg", "b.jpg", "c.jpg"], "file,label\na.jpg,Bag\nb.jpg,\n,,\n")
    assert labels.labels == {"a.jpg": 8}
    assert labels.sentences == ["2 photos have no label: b.jpg, c.jpg."]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no columns"),
        (b"a,b\n1,2\n", "no columns"),
        (b"file,label\n", "no photo below it"),
        (b'[{"image": "a.jpg"}]', "JSON and no table"),
        (b'file,label\n"a.jpg,Bag\n', "no CSV"),
        (b"\xff\xfe\x00", "no columns"),
        (b"a" * (MAX_LABEL_BYTES + 1), "more than 20 MB"),
        (b"file,label\n" + b"a,0\n" * (MAX_LABELS + 1), "more than 200,000 rows"),
    ],
    ids=["empty", "other", "head", "json", "quote", "bytes", "large", "long"],
)
def test_a_table_that_cannot_be_understood_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableLabels, match=reason):
        read_table(content)


def test_a_table_about_other_things_is_told_from_one_with_a_fault() -> None:
    files = [
        PhotoFile("x/prices.csv", b"item,price\na,3\n"),
        PhotoFile("lone.csv", b"item,price\n"),
        PhotoFile("y.csv", b"["),
    ]
    found = read_tables(files)
    assert found.of_other_things == ["x/prices.csv"]
    assert [isinstance(fault, NoLabelColumns) for fault in found.faults] == [True, False]


LETTERS = st.characters(codec="utf-8", exclude_characters="\\/:%'=", exclude_categories=("C", "Z"))
NAMES = st.text(LETTERS, min_size=1, max_size=8).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda parts: f"{'/'.join(parts)}.jpg")
TREES = st.lists(PATHS, min_size=1, max_size=8, unique_by=lambda path: path_parts(path.casefold()))


@given(
    TREES,
    st.data(),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["file", "File Name", "filepath", "image"]),
    st.sampled_from(["", "./", "C:\\data\\", "/mnt/"]),
    st.sampled_from(["NFC", "NFD"]),
)
def test_the_labels_read_are_those_written_however_the_table_is_written(
    tree: list[str], data: st.DataObject, mark: str, end: str, encoding: str, head: str, prefix: str, form: str
) -> None:
    labels = [data.draw(st.integers(0, 9)) for _ in tree]
    written = io.StringIO()
    writer = csv.writer(written, delimiter=mark, lineterminator=end)
    writer.writerow([head, "label"])
    for path, label in zip(tree, labels, strict=True):
        writer.writerow(
            [unicodedata.normalize(form, prefix + path), data.draw(st.sampled_from([str(label), CLASS_NAMES[label]]))]
        )
    found = stated(tree, written.getvalue().encode(encoding))
    assert [found.of(path) for path in tree] == labels
    assert found.sentences == []


@given(st.binary(max_size=300), TREES)
def test_whatever_is_in_a_table_only_its_rows_give_labels(content: bytes, tree: list[str]) -> None:
    try:
        table = read_table(content)
    except UnreadableLabels:
        return
    written = {label for row in table.rows for label in row.labels}
    assert set(labels_by_tables(tree, [table]).labels.values()) <= written
