"""Names as they stand: in Streamlit's Markdown, on charts, and short where there is little room."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.texts import clean_name
from dashboard import page_wording
from dashboard.charts.words import chart_text, chart_texts
from dashboard.plain import plain

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SIGNS = [
    *"\\`*_[]()<>#+-=.!|~&$:@/{}\"' \n\t",
    "www.",
    "http://",
    "a@b.c",
    "&amp;",
    "1.",
    "a",
    "é",
    "ש",
    "->",
    ":red[x]",
]
TEXTS = st.lists(st.sampled_from(SIGNS), min_size=1).map("".join).filter(lambda text: text.strip())
LIVE = (
    re.compile(r"(https?:\/\/|www(?=\.))([-.\w]+)", re.I),
    re.compile(r"[-.\w+]+@[-\w]+(?:\.[-\w]+)+", re.A),
    re.compile(r":[-+\w]+:"),
    re.compile(r"(^|\s)(<->|->|<-|--|>=|<=|~=)(\s|$)"),
    re.compile(r"\$.+\$"),
)
"""What Streamlit's Markdown looks for in a whole piece of text, after what is escaped is resolved."""


def pieces(markdown: str) -> list[str]:
    """The pieces of text between the elements that keep them apart, as a reader finds them; nothing else is in them."""
    sources = [""]
    for part in re.findall(r"\\.|:color\[|\]|.", markdown, re.DOTALL):
        sources[-1] += "" if part in (":color[", "]") else part
        sources += [""] * (part in (":color[", "]"))
    texts = []
    for source in sources:
        inline = [token for token in READER.parse(f"x{source}x") if token.type == "inline"]
        assert len(inline) == 1
        assert {child.type for child in inline[0].children or ()} <= {"text"}
        texts.append("".join(child.content for child in inline[0].children or ())[1:-1])
    return texts


@pytest.mark.parametrize(
    "name",
    ["cnn seed 3", "91.50 % (90.94 to 92.03)", "T-shirt/top", "weights_file", "a - b", "Größe 3 × 2 (ü)", "日本"],
)
def test_an_ordinary_text_is_left_alone(name: str) -> None:
    assert plain(name) == name


@given(TEXTS)
def test_what_a_reader_finds_is_the_text_and_no_piece_of_it_is_alive(text: str) -> None:
    read = pieces(plain(text))
    assert "".join(read) == clean_name(" ".join(text.split()))
    assert not [(piece, live.pattern) for piece in read for live in LIVE[:4] if live.search(piece)]


@given(TEXTS)
def test_at_the_beginning_of_a_line_it_begins_no_list_heading_or_quote(text: str) -> None:
    blocks = {token.type for token in READER.parse(plain(text))}
    assert blocks <= {"paragraph_open", "inline", "paragraph_close"}


@given(st.text(min_size=1))
def test_a_text_on_a_chart_is_what_plotly_makes_of_it(text: str) -> None:
    drawn = chart_text(text, 1000)
    assert unescape(drawn) == clean_name(text)
    assert not set("<>$%{}") & set(drawn)


LONG = "The same beginning of a name that goes on and on until it has more than a hundred characters, at its end "


def test_long_names_keep_their_ends() -> None:
    short = [page_wording.short(f"{LONG}{place}", 30) for place in range(3)]
    assert short == [f"The same beginn…, at its end {place}" for place in range(3)]
    assert page_wording.short("cnn seed 0", 30) == "cnn seed 0"


def test_names_that_differ_in_their_middle_are_shown_from_there_on() -> None:
    names = [f"{'a' * 60} {place} {'b' * 60}" for place in range(3)]
    short = page_wording.shortened(names, 40)
    assert [f" {place} " in name for place, name in enumerate(short.values())] == [True] * 3
    assert max(map(len, short.values())) <= 50


@given(st.lists(st.text(st.sampled_from("ab\u0301\u200d👩"), max_size=90), max_size=6), st.integers(10, 40))
def test_no_two_names_look_alike_once_they_are_short(names: list[str], room: int) -> None:
    short = page_wording.shortened(names, room)
    assert set(short) == set(names)
    assert len(set(short.values())) == len(set(names))
    assert len(set(chart_texts(names).values())) == len(set(names))
    for name in names:
        assert len(page_wording.short(name, room)) <= room
        assert "…\u0301" not in page_wording.short(name, room) or "\u0301" * room in name or name.startswith("\u0301")


def test_a_label_keeps_what_is_read_from_right_to_left_from_turning_its_id() -> None:
    assert page_wording.label("שלום 5") == "\u2068שלום 5\u2069"
    assert page_wording.label("plain") == "plain"


def test_a_name_of_a_file_is_safe_and_keeps_the_id() -> None:
    name = page_wording.file_name("report", "../../x\r\nSet-Cookie: a=b; " + "w" * 200, "abcd1234")
    assert re.fullmatch(r"lookbook-report-x-set-cookie-a-b-w+-w+-abcd1234", name)
    assert len(name) <= 100
    assert page_wording.file_name("report", "日本", "abcd1234") == "lookbook-report-abcd1234"
