"""Tables of labels, as spreadsheets, data sets and labelling programs write them."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.labelling.label_tables import MAX_LABEL_BYTES, MAX_LABELS, NoLabelColumns, UnreadableLabels, read_table


def labels_in(content: bytes | str) -> dict[str, int | None]:
    table = read_table(content.encode() if isinstance(content, str) else content)
    return {row.name: row.label for row in table.rows}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "mac_roman"]
)
def test_a_table_is_read_as_any_spreadsheet_writes_it(separator: str, end: str, encoding: str) -> None:
    lines = ("file|label", '"Ärmel, kurz; neu.jpg"|Bag', "b.jpg|9", "|", "||")
    text = end.join(line.replace("|", separator) for line in lines) + end
    readings = read_table(text.encode(encoding)).readings
    assert {("Ärmel, kurz; neu.jpg", 8), ("b.jpg", 9)} in [{(row.name, row.label) for row in rows} for rows in readings]


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\r\nfile;label\r\na.jpg;Bag\r\n",
        "\ufeffsep=,\nfile,label\na.jpg,Bag",
        '"sep=;"\nfile;label\na.jpg;Bag\n',
        "Photos of May\n\n# by hand\nfile,label\na.jpg,Bag\n# the end\n",
        "file,label,,\na.jpg,Bag,,\n,,,\n,,,\n",
        "file,label\na.jpg,Bag,more,and more\n",
        'note,file,label\n"two\nlines",a.jpg,Bag\n',
        'file, label\n"a.jpg", "Bag"\n',
        "file,label\na.jpg,Bag\nfile,label\n",
        "a.jpg,Bag\n",
        "Bag\ta.jpg\n",
        "Bild,label\na.jpg,Bag\n",
        "file,label\n\u202aa.jpg,Bag\n",
    ],
)
def test_what_stands_around_the_rows_does_no_harm(text: str) -> None:
    assert labels_in(text) == {"a.jpg": 8}


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("File Name,Label", "a.jpg,Bag"),
        ("file_name,label", "a.jpg,8"),
        ("filepath,class_name", "a.jpg,bags"),
        ("image_path,category", "a.jpg,Bag"),
        ("img,target", "a.jpg,8.0"),
        ("id,label", "a.jpg,08"),
        ("id,gender,articleType", "a.jpg,Men,Bag"),
        ("photo,true label", "a.jpg,Bag"),
        ("filename,ground_truth", "a.jpg,Bag"),
        ("url,y", "a.jpg,8"),
        ("image,label_index,label_name", "a.jpg,8,Bag"),
        ("annotation_id,annotator,choice,created_at,id,image,lead_time", "4,me,Bag,2024-01-01,9,a.jpg,2.5"),
        ("file,run,polarity,true class,predicted,confidence,verdict,Bag", "a.jpg,one,kept,Bag,Coat,0.9,sure,0.1"),
        ("label,class_id,file,category", "Bag,43,a.jpg,Accessories"),
    ],
)
def test_columns_are_known_by_the_usual_names(header: str, row: str) -> None:
    assert labels_in(f"{header}\n{row}\n") == {"a.jpg": 8}


def test_one_json_object_a_line_is_a_table_too() -> None:
    lines = ('{"file_name": "a.jpg", "label": 8}', "", '{"label": "Bag", "file_name": "b.jpg", "box": [1]}')
    assert labels_in("\r\n".join((*lines, '{"file_name": "c"}'))) == {"a.jpg": 8, "b.jpg": 8, "c": None}


def test_what_a_model_said_is_never_taken_for_the_truth() -> None:
    for header in ("file,predicted", "file,prediction", "file,predicted class", "file,pred_label"):
        with pytest.raises(NoLabelColumns):
            read_table(f"{header}\na.jpg,Bag\n".encode())
    with pytest.raises(UnreadableLabels, match="no class for any"):
        read_table(b"file,run,true class,predicted\na.jpg,one,,Bag\n")


def test_an_empty_label_is_none_and_a_wrong_one_is_kept_in_its_words() -> None:
    content = b"file,label\na.jpg,Bag\nb.jpg,\nc.jpg\nd.jpg,n/a\ne.jpg,hat\nf.jpg,-1\n,Bag\n"
    rows = read_table(content).rows
    assert [(row.name, row.label) for row in rows if row.label is not None] == [("a.jpg", 8), ("", 8)]
    assert [(row.line, row.words) for row in rows if row.is_no_class] == [(6, "'hat'")]


@pytest.mark.parametrize(
    ("row", "conflict"), [("a.jpg,8,Dress", True), ("a.jpg,3,3 - Bag", True), ("a.jpg,3,hat", False)]
)
def test_two_columns_of_labels_must_agree(row: str, conflict: bool) -> None:
    (first, _) = read_table(f"file,label_index,label\n{row}\nb.jpg,1,Trouser\n".encode()).rows
    assert (first.label, first.conflict) == (None, conflict)


def test_numbers_past_nine_say_that_no_number_of_their_column_is_a_label() -> None:
    for column in ("1\n{}.jpg,10", "class_1\n{}.jpg,class_10", "1\n{}.jpg,1.5"):
        with pytest.raises(UnreadableLabels, match="Line 3 .*(10|1.5)', which is not a class"):
            read_table(f"file,label\na.jpg,{column.format('b')}\n".encode())


def test_a_formula_that_was_made_harmless_is_the_name_again() -> None:
    assert labels_in("file,true class\n'=a.jpg,Bag\n'-b.jpg,Bag\n'c.jpg,Bag\n") == dict.fromkeys(
        ("=a.jpg", "-b.jpg", "'c.jpg"), 8
    )


def test_a_table_that_is_too_much_is_refused_before_it_is_read() -> None:
    head = b"file,label\n"
    assert len(read_table(head + b"a,0\n" * MAX_LABELS).rows) == MAX_LABELS
    with pytest.raises(UnreadableLabels, match="more than 50,000 rows"):
        read_table(head + b"a,0\n" * (MAX_LABELS + 1))
    with pytest.raises(UnreadableLabels, match="more than 5 MB"):
        read_table(head + b"a" * MAX_LABEL_BYTES)


def test_a_wrong_label_of_any_length_is_named_in_a_short_sentence() -> None:
    with pytest.raises(UnreadableLabels, match="Line 2 .*99…") as refused:
        read_table(b"file,label\na.jpg," + b"9" * 5000)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no columns"),
        (b"a,b\n1,2\n", "no columns"),
        (b"10001,8\n", "no columns"),
        (b"a.jpg,Bag,Dress\n", "no columns"),
        (b"1,a.jpg,Bag\n", "no columns"),
        (b"file,label\nx.jpg,hat\n", "Line 2 .*'hat'"),
        (b"file,label\nx.jpg,\n", "no class for any"),
        (b"file,label\n", "no photo below it"),
        (b"\xff\xfe\x00", "not a CSV in UTF-8"),
        (b"file,label\na.jpg,\x00\x81\x8d", "not a CSV in UTF-8"),
        (b'file,label\n"a.jpg,Bag\nb.jpg,Coat\n', "not a CSV"),
        (b'{"file": "a.jpg"}\n[1]', "not one object per line"),
        (b'{"file": "a.jpg", "label": ' + b"1" * 5000 + b"}", "not one object per line"),
        (b'{"file": ' + b"[" * 100_000, "not one object per line"),
        (b'{"image": {"path": "a.jpg"}, "kind": 8}', "no keys"),
        (b'[{"file": "a.jpg", "label": 8}]', "JSON"),
        (b"PK\x03\x04 of Excel", "workbook"),
    ],
)
def test_a_table_that_cannot_be_understood_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableLabels, match=reason) as refused:
        read_table(content)
    assert refused.value.advice


_PIECES = st.sampled_from(
    [*'file,label\n;\t|"\r', "a.jpg", "Bag", "sep=;", "\ufeff", "\0", "8.0", "#", "hat", "\x85", "ü"]
)


@settings(max_examples=200)
@given(st.one_of(st.binary(max_size=200), st.lists(_PIECES, max_size=60).map(lambda some: "".join(some).encode())))
def test_whatever_is_given_is_read_or_refused(content: bytes) -> None:
    for head in (b"", b"file,label\n", "file;label\n".encode("utf-16")):
        with suppress(UnreadableLabels):
            assert {row.label for row in read_table(head + content).rows} <= {None, *range(10)}
