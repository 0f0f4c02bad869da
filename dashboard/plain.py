"""Texts as they stand, where Streamlit would read Markdown: names, paths and errors are shown as they were written."""

import re
from itertools import cycle

from core.texts import TURNED, clean_name

_APART = ":color[]"
"""An empty element. Streamlit makes links, icons and arrows out of text after it has resolved what is escaped; only
what stands in two pieces of text stays as it is, and unlike a sign without width this one is not copied along."""
_SEAM = "\x00"
"""Where it goes, until all else is escaped; no clean text has this character."""

_SPECIAL = re.compile(r"[\\`*\[\]<>$#~:&|{}]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[-+=](?=[-+=\s]|$)")
_NUMBERED = re.compile(r"^(\d{1,9})(?=[.)](?:\s|$))")
_WAKENED = re.compile(
    r"(?<=http)(?=s?://)|(?<=www)(?=\.)"  # addresses
    r"|(?<=[-.\w+])(?=@[-\w])"  # addresses of mail
    r"|(?<=:)(?=[-\w+])"  # icons and emoji
    r"|(?<=[-<>~=])(?=[-<>~=])",  # arrows, dashes, signs of comparison
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """Markdown of Streamlit's that shows the text as it stands, in one line."""
    parts = TURNED.split(_WAKENED.sub(_SEAM, clean_name(" ".join(text.split()))))
    # An element of its own keeps what is read from right to left from turning its neighbours; see style.css.
    isolated = (f":color[{_escaped(part)}]" if turned else _escaped(part) for part, turned in zip(parts, cycle((0, 1))))
    return "".join(isolated).replace(_SEAM, _APART)


def _escaped(words: str) -> str:
    return _NUMBERED.sub(r"\1\\", _SPECIAL.sub(r"\\\g<0>", words))
