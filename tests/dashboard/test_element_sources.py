"""What the browser gets of the script of an element: all that it imports, however deep, so that it asks for nothing."""

import re
from base64 import b64decode
from pathlib import Path

import pytest

from dashboard.elements import sources

ROOM = Path(sources.__file__).parent
SCRIPTS = [path.name for path in sorted(ROOM.glob("*.js")) if "export default" in path.read_text(encoding="utf-8")]


def written(name: str) -> str:
    """The text of a script with the texts of all that it imports, once for each import."""
    text = (ROOM / name).read_text(encoding="utf-8")
    return text + "".join(written(imported) for imported in re.findall(r'from "\./(.+)"', text))


def sent(script: str) -> str:
    """The same of a script as it is sent, which may import by data URLs only."""
    packed = re.findall(r'from "(.+)"', script)
    texts = [b64decode(url.removeprefix("data:text/javascript;base64,"), validate=True).decode() for url in packed]
    return script + "".join(map(sent, texts))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_brings_all_that_it_imports(name: str) -> None:
    without_addresses = re.compile(r'from ".+"')
    assert without_addresses.sub("", sent(sources.script(name))) == without_addresses.sub("", written(name))


def test_the_map_imports_over_two_steps() -> None:
    assert len(SCRIPTS) == 5
    assert "toBlob" in sent(sources.script("embedding_map.js"))
