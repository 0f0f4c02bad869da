"""Texts that people write, and that come with their files: what can be stored of them, and what can be shown."""

import re
import unicodedata

from core.errors import ConfigurationError

_CONTROLS = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
_TURNS = "\u202a-\u202e\u2066-\u2069"
"""What turns the direction of all that follows, the text of others too."""
_NO_CHARACTERS = "\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\ufffb" + "".join(
    f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
_BREAKS = "\t\n\x0b\x0c\r\x85\u2028\u2029"
_MARKS = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILE = f"(?<={_MARKS}{{4}}){_MARKS}+"
"""More marks on a letter than any language puts there cover the lines above and below, and break nowhere."""
_UNSHOWABLE = re.compile(f"[{_CONTROLS}{_TURNS}{_NO_CHARACTERS}]|{_PILE}")
_UNSHOWABLE_IN_A_LINE = re.compile(f"[{_CONTROLS}{_TURNS}{_NO_CHARACTERS}{_BREAKS}]|{_PILE}")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_BLANK_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and signs, to Unicode, that show nothing."""

_REPLACEMENT = "\ufffd"

_RIGHT_TO_LEFT = "\u0590-\u08ff\u200f\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
TURNED = re.compile(f"([{_RIGHT_TO_LEFT}](?:[^\\w{_RIGHT_TO_LEFT}]*[{_RIGHT_TO_LEFT}]+)*)")
"""A stretch that is read from right to left: isolated, it leaves the order of what stands beside it alone."""


def clean_name(name: str) -> str:
    """A name that can be shown in one line: bytes that are no UTF-8, controls and turns of direction as �."""
    return _UNSHOWABLE_IN_A_LINE.sub(_REPLACEMENT, name)


def clean_lines(text: str) -> str:
    """The same of a text of several lines: they and tabs stay, and each line ends in the same way."""
    return _UNSHOWABLE.sub(_REPLACEMENT, _LINE_ENDS.sub("\n", text))


def tidied(name: str) -> str:
    """A name as it is compared: composed letters (NFC), and one blank wherever there is any room between words."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def named(text: str, what: str, longest: int) -> str:
    """What somebody has called a thing, `what`, tidied; raise ConfigurationError if it cannot be told from others.

    That is a name of no or too many characters, one that shows nothing, and one with signs that show nothing
    themselves but hide or turn what stands beside them.
    """
    name = tidied(text)
    if unshowable := _UNSHOWABLE_IN_A_LINE.search(name):
        raise ConfigurationError(
            f"The {what} has a character that cannot be shown, U+{ord(unshowable.group()[0]):04X}, at place "
            f"{unshowable.start() + 1}.",
            "Write it without.",
        )
    if not 1 <= len(name) <= longest:
        raise ConfigurationError(f"The {what} has {len(name)} characters.", f"Use 1 to {longest}.")
    if not any(_is_seen(letter) for letter in name):
        raise ConfigurationError(f"The {what} has no visible character.", "Use letters or digits.")
    return name


def _is_seen(letter: str) -> bool:
    category = unicodedata.category(letter)
    return (category[0] in "LNPS" or category in ("Co", "Cn")) and letter not in _BLANK_LETTERS
