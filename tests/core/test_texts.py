"""Names as people write them and as files bring them: what is stored, what is refused, what is shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.csv_cells import guarded, unguarded
from core.errors import ConfigurationError
from core.texts import clean_lines, clean_name, named

SEEN = (
    "Übung 1",
    "T-shirt ✓",
    "日本語の名前",
    "שלום עולם",
    "שָׁלוֹם",
    "tiếng Việt",
    "q\u0323\u0302\u0301\u0300",
    "👩‍👩‍👧‍👦",
    "می‌خواهم",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "=1+1",
    "<b>$x$</b>",
)
HIDDEN = (
    "\x1b[31m",
    "\x07",
    "\u202eevil",
    "\u2066x\u2069",
    "\ud800",
    "\ufeffx",
    "\x9b2J",
    "\ufffe",
    "\x00",
    "\U0001ffff",
)


@pytest.mark.parametrize("name", SEEN)
def test_a_name_that_can_be_shown_is_stored_as_it_was_written(name: str) -> None:
    assert named(name, "name", 200) == name
    assert clean_name(name) == name


@pytest.mark.parametrize("sign", HIDDEN)
def test_a_name_with_a_sign_that_cannot_be_shown_is_refused_with_its_place(sign: str) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be shown, U\+[0-9A-F]{4,6}, at place \d") as refused:
        named(f"mine {sign}", "name", 200)
    assert "\ufffd" in clean_name(sign)
    assert clean_name(str(refused.value)) == str(refused.value)


@pytest.mark.parametrize(
    "name", ["\u200b", "\u200d\u200c", "\u2060 \u00ad", "\u3164", "\u2800\u2800", "\u200e\u200f", "\u0301"]
)
def test_a_name_that_shows_nothing_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="no visible character"):
        named(name, "name", 200)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("  a \t b\r\nc ", "a b c"),
        ("a\u2028b\u2029c\x85d", "a b c d"),
        ("a\xa0\u3000b", "a b"),
        (unicodedata.normalize("NFD", "Größe é"), "Größe é"),
    ],
)
def test_room_between_words_is_one_blank_and_letters_are_composed(written: str, stored: str) -> None:
    assert named(written, "name", 200) == stored


@pytest.mark.parametrize(("name", "count"), [("", 0), (" \n ", 0), ("x" * 201, 201)])
def test_a_name_of_no_or_too_many_characters_is_refused(name: str, count: int) -> None:
    with pytest.raises(ConfigurationError, match=f"The name has {count} characters. Use 1 to 200."):
        named(name, "name", 200)


def test_a_text_of_several_lines_keeps_them_and_nothing_else_that_commands() -> None:
    assert clean_lines("a\tb\r\nc\rd\u2028e\x1b[0m\u202e") == "a\tb\nc\nd\ne\ufffd[0m\ufffd"


@given(st.text(st.characters()))
def test_what_is_stored_is_shown_as_it_is_and_stored_again_the_same(text: str) -> None:
    try:
        name = named(text, "name", 1000)
    except ConfigurationError:
        return
    assert clean_name(name) == name == named(name, "name", 1000)
    name.encode()


@given(st.text(st.sampled_from("'=+-@\t\r\n＝＋－＠1.e5xü\"")))
def test_a_cell_of_csv_is_no_formula_and_is_what_it_was_when_read_back(text: str) -> None:
    assert unguarded(guarded(text)) == text
    if guarded(text).startswith(("=", "@", "\t", "\r")):
        pytest.fail(f"{text!r} is a formula")


@pytest.mark.parametrize("number", ["-1", "+0.5", "-1.5e-07", "-inf", "3", ".5", "-.5"])
def test_a_number_stays_a_number(number: str) -> None:
    assert guarded(number) == number


@pytest.mark.parametrize("formula", ["=1", "-1+2", "+cmd|' /C calc'!A0", "@SUM(1)", "-x", "-1 x", "\t=1", "＝1", "'=1"])
def test_a_formula_is_text_behind_an_apostrophe(formula: str) -> None:
    assert guarded(formula) == f"'{formula}"
