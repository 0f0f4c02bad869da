"""The scripts and styles of the elements in one piece each, for Streamlit sends them to the browser as texts."""

import re
from base64 import b64encode
from pathlib import Path

HOST = '<div class="host"></div>'
"""The place that a script fills."""


def script(name: str) -> str:
    """A script with the scripts that it imports inside it, as data URLs: in the browser it has no neighbours."""
    return re.sub(r'(?<= from )"\./(\w+\.js)"', lambda match: f'"{_data_url(match[1])}"', _text(name))


def styles(*names: str) -> str:
    """Style sheets one after the other."""
    return "".join(_text(name) for name in names)


def _data_url(name: str) -> str:
    return f"data:text/javascript;base64,{b64encode(script(name).encode()).decode()}"


def _text(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
