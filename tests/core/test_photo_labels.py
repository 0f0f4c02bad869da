"""True classes of photos by folders and tables: for certain, or with the reason why not."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.classes import CLASS_NAMES
from core.labelling.label_tables import read_table
from core.labelling.photo_labels import PhotoLabels, Sources, label_photos
from core.photos.photo_files import PhotoFile
from core.photos.picture import UnreadablePhoto


def photo(name: str) -> PhotoFile:
    return PhotoFile(name, name.encode())


def labelled(
    photos: Iterable[str], tables: Mapping[str, str | bytes] | None = None, *, folders: bool = False, roots: tuple = ()
) -> tuple[dict[str, int | None], PhotoLabels]:
    """The labels by the names of photos, and all that was found."""
    files = [photo(name) for name in photos]
    for name, text in (tables or {}).items():
        files.append(PhotoFile(name, text.encode() if isinstance(text, str) else text, kind="table"))
    photo_labels = label_photos(files, Sources(folders=folders, among=tables is not None, roots=roots))
    return {file.name: photo_labels.of(file).label for file in files if file.kind == "photo"}, photo_labels


def by_table(photos: Iterable[str], rows: str) -> dict[str, int | None]:
    return labelled(photos, {"labels.csv": f"file,label\n{rows}\n"})[0]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("x.zip/Bag/1.jpg", 8),
        ("shoes\\Sandals\\2.jpg", 5),
        ("Bag/left/3.jpg", 8),
        ("Bag/1/a.jpg", 8),
        ("1/Bag/a.jpg", 8),
        ("2023/Bag/7/a.jpg", 8),
        ("data/train/Bag/IMG/001/a.jpg", 8),
        ("3/a.jpg", 3),
        ("03/a.jpg", 3),
        ("class_3/left/a.jpg", 3),
        ("0. T-shirt/a.jpg", 0),
        ("Bag/Bags/a.jpg", 8),
        ("4.jpg", None),
        ("Bag.jpg", None),
        ("Bag.zip/1.jpg", None),
        ("3.zip/1.jpg", None),
        ("001/a.jpg", None),
        ("3/left/a.jpg", None),
        ("2023/5/a.jpg", None),
        ("dress shirts/a.jpg", None),
    ],
)
def test_a_folder_named_by_a_class_labels_all_below_it_and_a_number_only_what_is_in_it(
    name: str, label: int | None
) -> None:
    labels, photo_labels = labelled([name], folders=True)
    assert labels == {name: label}
    assert not any(true_class.conflict for true_class in photo_labels.classes.values())


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Bag/Shirt/a.jpg", "Bag by its folder 'Bag' and Shirt by its folder 'Shirt'"),
        ("3 - Bag/a.jpg", "Dress and Bag by its folder '3 - Bag'"),
        ("3/5/a.jpg", "Dress by its folder '3' and Sandal by its folder '5'"),
        ("Bag/class_3/a.jpg", "Bag by its folder 'Bag' and Dress by its folder 'class_3'"),
    ],
)
def test_folders_that_disagree_are_named_and_label_nothing(name: str, told: str) -> None:
    labels, photo_labels = labelled([name, "Coat/b.jpg"], folders=True)
    assert labels == {name: None, "Coat/b.jpg": 4}
    assert photo_labels.sentences == (f"{name}: Its labels conflict: {told}.", f"1 photo has no label: {name}.")


def test_folders_with_a_number_past_nine_among_them_only_count() -> None:
    for pattern, twelve in (("s/{}/a.jpg", "12"), ("class_{}/a.jpg", "class_12")):
        labels, photo_labels = labelled(
            [pattern.format(number) for number in (1, 2, 12)] + ["Bag/1/b.jpg"], folders=True
        )
        assert [*labels.values()] == [None, None, None, 8]
        told = f"Folders named by numbers are not used as labels 0 to 9 because of '{twelve}'."
        assert told in photo_labels.sentences


def test_only_folders_from_the_named_one_on_count() -> None:
    names = (
        "/home/dress/3/shelf/Bag/a.jpg",
        "/home/dress/3/shelf/b.jpg",
        "/home/coat/Shirt/c.jpg",
        "/home/dress/d/e.jpg",
    )
    labels, _ = labelled(names, folders=True, roots=("/home/dress/3/shelf", names[2], names[3]))
    assert [*labels.values()] == [8, None, 6, None]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("dataset/test/a.jpg", "a.jpg"),
        ("a.jpg", "shelf.zip/deep/a.jpg"),
        ("images/a.jpg", "shelf.zip/photos/a.jpg"),
        ("./a.jpg", "a.jpg"),
        ("../images/a.jpg", "images/a.jpg"),
        ("C:\\Users\\x\\a.jpg", "/tmp/shelf/a.jpg"),
        ("Macintosh HD:Users:x:a.jpg", "a.jpg"),
        ("file:///C:/x/my%20a.jpg", "my a.jpg"),
        ("https://host/x/a.jpg?size=big", "a.jpg"),
        ("my%20a.jpg", "my a.jpg"),
        ("A.JPG", "a.jpg"),
        ("bag/a.jpg", "Bag/a.jpg"),
        (" a.jpg ", "a.jpg"),
        ("u\u0308.jpg", "\u00fc.jpg"),
        ("\u00fc.jpg", "u\u0308.jpg"),
        ("\u00dc.JPG", "u\u0308.jpg"),
        ("10001", "10001.jpg"),
        ("IMG_1.HEIC", "IMG_1.jpg"),
        ("a.jpeg", "a.JPG"),
        ("at 1.02 PM.png", "at 1.02\u202fPM.png"),
        ("123", "00123.png"),
        ("123.0", "123.png"),
        ("/data/upload/1/abcd1234-IMG_1.jpg", "IMG_1.jpg"),
        ("/data/upload/1/abcd1234-IMG_1.jpg", "IMG 1.jpg"),
        ("/data/local-files/?d=x/a.jpg", "x/a.jpg"),
    ],
)
def test_a_row_finds_its_photo_however_its_path_is_written(written: str, name: str) -> None:
    labels, photo_labels = labelled([name, "other.jpg"], {"labels.csv": f"file,label\n{written},Bag\n"})
    assert labels == {name: 8, "other.jpg": None}
    assert photo_labels.sentences == ("1 photo has no label: other.jpg.",)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("train/a.jpg", "test/a.jpg"),
        ("Bag/1.jpg", "Dress/1.jpg"),
        ("a.png", "a.jpg"),
        ("1.jpg", "01.jpg"),
        ("ba.jpg", "a.jpg"),
        ("xbcd1234-a.jpg", "a.jpg"),
    ],
)
def test_a_row_of_another_file_matches_no_photo_and_is_named(written: str, name: str) -> None:
    labels, photo_labels = labelled([name], {"labels.csv": f"file,label\n{written},Bag\n"})
    assert labels == {name: None}
    assert photo_labels.sentences == (f"1 of 1 rows match no photo: {written}.", f"1 photo has no label: {name}.")


def test_a_row_whose_folder_is_known_means_no_photo_of_another_folder() -> None:
    assert by_table(["s2/1.jpg"], "s1/1.jpg,Bag\ns2/2.jpg,Coat") == {"s2/1.jpg": None}
    assert by_table(["s2/1.jpg", "s1/2.jpg"], "s1/1.jpg,Bag") == {"s2/1.jpg": None, "s1/2.jpg": None}


def test_rows_go_to_the_photos_that_they_fit_best() -> None:
    rows = "1.jpg,Bag\nb/2.jpg,5\nc/1.jpg,coat"
    assert by_table(["set/1.jpg", "a/b/2.jpg", "a/2.jpg", "c/1.jpg"], rows) == {
        **{"set/1.jpg": 8, "a/b/2.jpg": 5},
        **{"a/2.jpg": None, "c/1.jpg": 4},
    }
    assert by_table(["a.jpg", "A.jpg"], "A.jpg,Bag\na.jpg,Coat") == {"a.jpg": 4, "A.jpg": 8}
    assert by_table(["1.jpg", "001.jpg"], "001,Bag\n1,Coat") == {"1.jpg": 4, "001.jpg": 8}


@pytest.mark.parametrize(
    ("names", "row"),
    [
        (["x/a.jpg", "y/a.jpg"], "a.jpg"),
        (["a.JPG", "a.Jpg"], "a.jpg"),
        (["7.jpg", "7.png"], "7"),
        (["07.jpg", "007.jpg"], "7"),
    ],
)
def test_a_row_that_fits_several_photos_labels_none_and_is_named(names: list[str], row: str) -> None:
    labels, photo_labels = labelled(names, {"labels.csv": f"file,label\n{row},Bag\n"})
    assert labels == dict.fromkeys(names)
    assert f"Line 2 of labels.csv fits {', '.join(sorted(names))}, but can mean only one." in photo_labels.sentences


def test_a_photo_that_rows_of_several_files_fit_has_no_label_where_they_disagree() -> None:
    assert by_table(["a.jpg"], "train/a.jpg,Bag\ntest/a.jpg,Coat") == {"a.jpg": None}
    assert by_table(["a.jpg"], "train/a.jpg,Bag\ntest/a.jpg,Bags") == {"a.jpg": 8}


def test_of_a_table_of_several_folders_the_one_that_was_named_decides() -> None:
    table = read_table(b"file,label\nsetA/1.jpg,Bag\nsetB/1.jpg,Coat\n")
    for name, label in (("/x/setA/1.jpg", 8), ("/x/setB/1.jpg", 4), ("/x/other/1.jpg", None)):
        photo_labels = label_photos([photo(name)], Sources(table=table, roots=(name.rpartition("/")[0],)))
        assert photo_labels.of(photo(name)).label == label
    names = ("one.zip/1.jpg", "two.zip/1.jpg")
    assert by_table(names, "one.zip/1.jpg,Bag\ntwo.zip/1.jpg,Coat") == {"one.zip/1.jpg": 8, "two.zip/1.jpg": 4}


def test_two_photos_of_one_name_are_told_apart_by_their_content() -> None:
    table = PhotoFile("labels.csv", b"file,label\na.jpg,Bag\n", kind="table")
    twice, other = PhotoFile("a.jpg", b"one"), PhotoFile("a.jpg", b"two")
    assert label_photos([twice, twice, table], Sources(among=True)).of(twice).label == 8
    photo_labels = label_photos([twice, other, table], Sources(among=True))
    assert [photo_labels.of(file).label for file in (twice, other)] == [None, None]
    assert "2 photos of the name a.jpg" in photo_labels.sentences[0]


def test_rows_that_disagree_are_named_and_those_that_agree_are_one() -> None:
    rows = "a.jpg,Bag\na.jpg,8\nb.jpg,Bag\n./b.jpg,Shirt\nc.jpg,hat\nd.jpg,Coat\nd.jpg,\ne.jpg,\nx.jpg,Bag"
    labels, photo_labels = labelled([f"{letter}.jpg" for letter in "abcdef"], {"labels.csv": f"file,label\n{rows}\n"})
    assert [*labels.values()] == [8, None, None, 4, None, None]
    assert photo_labels.sentences == (
        "b.jpg: Its labels conflict: Bag by line 4 of labels.csv and Shirt by line 5 of labels.csv.",
        "1 of 9 rows have a label that is not a class: 'hat' in line 6 of labels.csv.",
        "1 of 9 rows match no photo: x.jpg.",
        "4 photos have no label: b.jpg, c.jpg, e.jpg and 1 more.",
    )
    assert photo_labels.of(photo("c.jpg")).reason == "It has no label: 'hat' in line 6 of labels.csv is not a class."


def test_each_table_speaks_of_what_lies_beside_it() -> None:
    names, rows = ("s/Bag/1.jpg", "s/Dress/1.jpg"), "file,label\n1.jpg,"
    tables = {"s/Bag/labels.csv": f"{rows}Bag", "s/Dress/labels.csv": f"{rows}Dress"}
    assert [*labelled(names, tables)[0].values()] == [8, 3]
    assert [*labelled([name.replace("/", "\\") for name in names], tables)[0].values()] == [8, 3]
    # The photos of a table in a folder of a class are gone: it does not speak of those of another one.
    assert [*labelled(names[1:], {"s/Bag/labels.csv": f"{rows}Bag"})[0].values()] == [None]
    assert [*labelled(["s/images/1.jpg"], {"s/meta/labels.csv": f"{rows}Bag"})[0].values()] == [8]


def test_of_several_tables_the_nearest_takes_its_photos_and_true_conflicts_are_named() -> None:
    tables = {
        "labels.csv": "file,label\na.png,Bag\nb.png,Coat\n",
        "one.zip/inner.csv": "file,label\na.png,Dress\n",
        "one.zip/prices.csv": "item,price\nbag,3\n",
        "one.zip/lookbook-answers.csv": "file,true class,predicted\na.png,,Bag\n",
    }
    labels, photo_labels = labelled(["one.zip/a.png", "two.zip/a.png", "one.zip/b.png", "c.png"], tables)
    assert [*labels.values()] == [3, 8, 4, None]
    assert photo_labels.of_other_things == ("one.zip/prices.csv", "one.zip/lookbook-answers.csv")
    labels, photo_labels = labelled(["one.zip/a.png"], tables)
    assert labels == {"one.zip/a.png": None}
    assert "Dress by line 2 of one.zip/inner.csv and Bag by line 2 of labels.csv" in photo_labels.sentences[0]


def test_a_table_and_a_folder_that_disagree_conflict_but_a_number_of_a_folder_counts_less() -> None:
    rows = {"labels.csv": "file,label\na.jpg,Coat\n"}
    assert labelled(["Bag/a.jpg"], rows, folders=True)[0] == {"Bag/a.jpg": None}
    assert labelled(["8/a.jpg", "Bag/b.jpg"], rows, folders=True)[0] == {"8/a.jpg": 4, "Bag/b.jpg": 8}


def test_a_table_in_an_old_encoding_is_read_as_what_it_names() -> None:
    for encoding in ("cp1252", "mac_roman", "cp850"):
        table = "file;label\nÄrmel ü.jpg;Bag\nb.jpg;Coat\n".encode(encoding)
        assert labelled(["A\u0308rmel ü.jpg", "b.jpg"], {"t.csv": table})[0] == {"A\u0308rmel ü.jpg": 8, "b.jpg": 4}
    # One byte is a letter of two alphabets, and both photos are here.
    table = b"file,label\n\x8a.jpg,Bag\nb.jpg,Coat\n"
    names = (b"\x8a.jpg".decode("cp1252"), b"\x8a.jpg".decode("mac_roman"), "b.jpg")
    labels, photo_labels = labelled(names, {"t.csv": table})
    assert [*labels.values()] == [None, None, 4]
    assert "1 of 2 rows match no photo" in photo_labels.sentences[0]


def test_a_table_that_cannot_be_read_is_named_and_the_others_go_on() -> None:
    tables = {"bad.csv": "file,label\na.jpg,hat\n", "good.csv": "file,label\na.jpg,Bag\n"}
    labels, photo_labels = labelled(["a.jpg"], tables)
    assert labels == {"a.jpg": 8}
    assert [fault.message for fault in photo_labels.faults] == [
        "bad.csv: Line 2 of the labels has 'hat', which is not a class."
    ]


def test_where_nothing_is_stated_nothing_is_said_and_a_refused_file_lacks_no_label() -> None:
    assert labelled(["a.jpg", "left/b.jpg"], folders=True)[1].sentences == ()
    broken = PhotoFile("b.zip", error=UnreadablePhoto("b.zip is a damaged zip."))
    assert label_photos([photo("Bag/a.jpg"), broken], Sources(folders=True)).sentences == ()


@pytest.mark.slow
def test_names_of_any_length_and_kind_make_short_sentences_of_one_line() -> None:
    name = "x" * 100_000 + "\x1b[31m\u202e.jpg"
    photo_labels = labelled(["Bag/a.jpg"], {"labels.csv": f'file,label\n{name},Bag\n"two\nlines",Coat\n'})[1]
    assert photo_labels.sentences[0].endswith("xx\ufffd[31m\ufffd.jpg, two\ufffdlines.")
    assert len(photo_labels.sentences[0]) < 300


def test_many_conflicts_are_counted_after_the_tenth() -> None:
    photo_labels = labelled([f"Bag/Shirt/{number}.jpg" for number in range(15)], folders=True)[1]
    assert photo_labels.sentences[10] == "There are 5 more conflicts of this kind."


_NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="/\\:%?#'\"<>�"), min_size=1
)
_FOLDERS = st.sampled_from(["", "Bag/", "train/", "ä/", "IMG/001/", "x/y/"])
_ENDINGS = st.sampled_from([".jpg", ".JPG", ".png", ".heic"])
_PATHS = st.builds(lambda folder, name, ending: folder + name[:12] + ending, _FOLDERS, _NAMES, _ENDINGS)
_HEADERS = [("file", "label"), ("File Name", "class_name"), ("image_path", "category"), ("id", "true class")]
_WRITTEN: list[Callable[[int], str]] = [
    CLASS_NAMES.__getitem__,
    str,
    "0{}".format,
    "{}.0".format,
    "class_{}".format,
    lambda n: f"{n} {CLASS_NAMES[n]}",
]


@settings(max_examples=100)
@given(st.data())
def test_the_labels_read_are_those_written(data: st.DataObject) -> None:
    names = data.draw(
        st.lists(_PATHS, min_size=1, max_size=8, unique_by=lambda name: unicodedata.normalize("NFKC", name).casefold())
    )
    truth = {name: data.draw(st.sampled_from(range(10))) for name in names}
    (file, label), prefix = (
        data.draw(st.sampled_from(_HEADERS)),
        data.draw(st.sampled_from(["", "./", "set/7/", "C:\\d\\"])),
    )
    separator, end = data.draw(st.sampled_from(",;\t|")), data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    form: Literal["NFC", "NFD"] = data.draw(st.sampled_from(["NFC", "NFD"]))
    words = data.draw(st.sampled_from(_WRITTEN))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    rows = [(unicodedata.normalize(form, prefix + name), words(number)) for name, number in truth.items()]
    lines = [(file, label), *rows]
    text = end.join(separator.join(f'"{cell}"' for cell in line) for line in lines)
    table = read_table(text.encode(encoding))
    files = [photo(name) for name in names]
    photo_labels = label_photos(files, Sources(table=table))
    assert {file.name: photo_labels.of(file).label for file in files} == truth
    assert photo_labels.sentences == ()


_FEW = st.sampled_from(["a", "A", "b", "ü", "u\u0308", "Bag", "Shirt", "3", "03", "train", "test", "x"])
_FEW_PATHS = st.builds(
    lambda folders, end: "/".join([*folders, end]),
    st.lists(_FEW, max_size=3),
    st.sampled_from(["a.jpg", "a.JPG", "a.png"]),
)


@settings(max_examples=100)
@given(
    st.lists(_FEW_PATHS, min_size=1, max_size=6, unique=True),
    st.lists(st.tuples(_FEW_PATHS, st.sampled_from(["Bag", "3", "hat", ""])), max_size=6),
    st.booleans(),
)
def test_no_photo_ever_has_a_label_that_no_row_and_no_folder_states(
    names: list[str], rows: list[tuple[str, str]], folders: bool
) -> None:
    text = "file,label\n" + "\n".join(map(",".join, rows)) + "\n"
    labels, photo_labels = labelled(names, {"labels.csv": text}, folders=folders)
    stated = {"Bag": 8, "3": 3, "03": 3, "Shirt": 6}
    for name, label in labels.items():
        *above, end = name.split("/")
        by_folder = {stated.get(folder) for folder in above} if folders else set()
        by_rows = {stated.get(words) for row, words in rows if row.rpartition("/")[2].casefold() == end.casefold()}
        assert label in {None} | by_folder | by_rows
        assert (label is None) == bool(photo_labels.of(photo(name)).reason)
    missing = sum(label is None for label in labels.values())
    assume(photo_labels.sentences)
    assert any(f"{missing} photo" in sentence for sentence in photo_labels.sentences) == bool(missing)


@settings(max_examples=100)
@given(st.data())
def test_of_a_part_of_a_data_set_no_photo_has_the_label_of_another(data: st.DataObject) -> None:
    """The table names every file; some are given: by themselves, or packed from any folder, or named where they lie."""
    letters = st.lists(st.sampled_from("abc"), max_size=3)
    paths = st.builds(lambda folders, end: "/".join([*folders, f"{end}.jpg"]), letters, st.sampled_from("123"))
    tree = data.draw(st.lists(paths, min_size=1, max_size=8, unique=True))
    truth = {path: data.draw(st.sampled_from(range(10))) for path in tree}
    prefix = data.draw(st.sampled_from(["", "set/", "a/"]))
    root = data.draw(st.sampled_from(["", "z.zip/", "/home/me/"]))
    folder = data.draw(st.sampled_from([path[: path.rfind("/") + 1] for path in tree]))
    given_paths = data.draw(st.lists(st.sampled_from([path for path in tree if path.startswith(folder)]), unique=True))
    bare = data.draw(st.booleans())
    files = {
        path: PhotoFile(root + (path.rpartition("/")[2] if bare else path.removeprefix(folder)), path.encode())
        for path in given_paths
    }
    rows = "".join(f"{prefix}{path},{label}\n" for path, label in truth.items())
    table = read_table(f"file,label\n{rows}".encode())
    photo_labels = label_photos(files.values(), Sources(table=table, roots=("/home/me",)))
    for path, file in files.items():
        assert photo_labels.of(file).label in (truth[path], None)
