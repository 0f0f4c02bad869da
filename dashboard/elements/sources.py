"""The elements, each made of its script and styles in one piece, for Streamlit sends them to the browser as texts."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path

import streamlit as st

HOST = '<div class="host"></div>'
"""The place that a script fills."""


def component(name: str, *shared: str, html: str = HOST) -> st.components.v2.types.ComponentRenderer:
    """The element of this name: its script and its style sheet, after those that it shares with others."""
    css = "".join(_text(sheet) for sheet in (*shared, f"{name}.css"))
    return st.components.v2.component(f"lookbook_{name}", html=html, css=css, js=script(f"{name}.js"))


def script(name: str) -> str:
    """A script with the scripts that it imports inside it, as data URLs: in the browser it has no neighbours."""
    return re.sub(r'(?<= from )"\./(\w+\.js)"', lambda match: f'"{_data_url(match[1])}"', _text(name))


def _data_url(name: str) -> str:
    return f"data:text/javascript;base64,{b64encode(script(name).encode()).decode()}"


def _text(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
