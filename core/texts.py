"""Texts from outside, made fit to be stored and shown."""

import re

_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_LINE_BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")


def clean_name(name: str) -> str:
    """A name that can be stored and shown: bytes that are no UTF-8, control characters and turns of direction as �."""
    return _UNSHOWABLE.sub("\ufffd", name)


def clean_text(text: str) -> str:
    """The same for a text of several lines, whose line breaks and tabs stay."""
    lines = _LINE_BREAKS.sub("\n", text).split("\n")
    return "\n".join("\t".join(map(clean_name, line.split("\t"))) for line in lines)
