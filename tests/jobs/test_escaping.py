"""What people write stands in reports as it was written: as Markdown, as GitHub reads it, and as HTML."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.texts import clean_lines, clean_name
from jobs.reports.document import Beside, Chart, Document, Finding, Items, Paragraph, Section, Table
from jobs.reports.html import as_html
from jobs.reports.markdown import as_markdown
from jobs.reports.report_files import report
from jobs.store.queries import get_run
from jobs.store.store import Store
from tests import stores
from tests.stores import Sample

HOSTILE = (
    "see www.example.com and http://x.example/a_b or HTTPS://X.Y",
    "a.b+c@mail.example.org mailto:a@b.cd",
    "<b onclick='x'>bold</b> &amp; &lt; <!-- x --> <https://x.y>",
    "$x^2$ $$y$$ `code` ``two``",
    "**b** __i__ _i_ ~~s~~ *",
    "[l](http://x.y) ![i](x.png) [r]: x [^1]",
    "# heading #",
    "1. one",
    "- item",
    "===",
    "---",
    "+ x",
    "> quote",
    "| a | b |",
    "end \\",
    ":tada: @someone #12",
    '" onmouseover="x',
    "שלום עולם 5",
)
MARKS = st.sampled_from(
    list("\\`*_[]()<>#+-=.!|~&$:@/\"' \n\t") + ["www.", "http://", "&amp;", "1.", "a", "b.c", "é", "ש"]
)
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def read_markdown(document: str) -> tuple[list[str], set[str]]:
    """The words of each block that a reader finds, and the kinds of marks within."""
    inline = [token for token in READER.parse(document) if token.type == "inline"]
    kinds = {child.type for token in inline for child in token.children or ()}
    texts = ["".join(child.content for child in token.children or () if child.type == "text") for token in inline]
    assert all(
        child.content == "<!---->" for token in inline for child in token.children or () if child.type == "html_inline"
    )
    return texts, kinds


class Page(HTMLParser):
    """Every text and every attribute of a page, and which elements it has."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.values: list[str] = []
        self.elements: list[str] = []
        self._whole: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.values += [value or "" for _, value in attrs]
        if tag != "bdi":
            self.elements.append(tag)
            self._whole.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag != "bdi" and self._whole:
            self.texts.append(self._whole.pop())

    def handle_data(self, data: str) -> None:
        if self._whole:
            self._whole[-1] += data


def a_document(text: str) -> Document:
    table = Table(text, (text, "b"), ((text, text), ("x", text)))
    chart = Chart(text, text, "<svg></svg>", (("", text),))
    blocks = (Paragraph(text), Finding(text), Items((text, text)), table, Beside(chart, Items((text,), numbered=True)))
    return Document(text, text, (Paragraph(text),), (Section(text, blocks),))


def expect_as_written(text: str) -> None:
    shown = clean_name(" ".join(text.split()))
    texts, kinds = read_markdown(as_markdown(a_document(text)))
    assert kinds <= {"text", "html_inline", "strong_open", "strong_close"}
    wanted = {shown, f"{shown}. {shown}", f"{shown}.{shown}", "b", "x"}
    assert {words.strip() for words in texts} <= {words.strip() for words in wanted}
    assert sum(words == shown for words in texts) >= 12
    page = Page()
    page.feed(as_html(a_document(text)))
    assert page.texts.count(clean_lines(text)) >= 14
    assert page.values.count(clean_lines(text)) == 2
    assert not {"b", "script", "img"} & set(page.elements)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_stands_as_it_was_written_wherever_it_stands_in_a_report(text: str) -> None:
    expect_as_written(text)


@given(st.lists(MARKS, min_size=1).map("".join).filter(lambda text: text.strip()))
def test_so_does_any_other_text(text: str) -> None:
    expect_as_written(text)


@pytest.mark.parametrize("text", HOSTILE[:2])
def test_no_reader_makes_a_link_of_an_address(text: str) -> None:
    """GitHub and others look for addresses in whole pieces of text, after what is escaped is resolved."""
    live = re.compile(r"https?://|www\.|[-.\w+]+@[-\w]", re.I)
    tokens = READER.parse(as_markdown(a_document(text)))
    pieces = [piece for token in tokens for piece in token.children or () if piece.type == "text"]
    assert not [piece.content for piece in pieces if live.search(piece.content)]
    sources = [token.content for token in tokens if token.type == "inline"]
    assert not [piece for piece in sources if live.search(piece)]


@pytest.mark.parametrize("form", ["html", "md"])
def test_the_report_of_runs_with_such_names_has_none_of_it_alive(store: Store, form: str) -> None:
    name = "<img src=x> www.x.example [l](http://x.y) $m$ | a@b.cd\x1b\u202e"
    columns = {"note": f"{name}\nsecond", "warning": name, "host": name}
    ids = [stores.add(store, Sample(name=f"{name} {n}", seed=n, tags=[name[:50]], columns=columns)) for n in range(2)]
    runs = [get_run(store, run_id) for run_id in ids]
    for text in (report(store, runs[:1], form), report(store, runs, form)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        if form == "md":
            _, kinds = read_markdown(text)
            assert not kinds & {"link_open", "image", "em_open", "code_inline"}
            assert "www.x" not in text
        else:
            page = Page()
            page.feed(text)
            assert not any("src=x" in value for value in page.values if value.startswith("x"))
            assert page.elements.count("img") == text.count('<img src="data:image/png')
