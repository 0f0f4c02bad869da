"""The look that all charts and all HTML share."""

import re
from pathlib import Path

import pytest

from dashboard import style
from dashboard.style import Theme

DASHBOARD = Path(style.__file__).parent
SHEET = (DASHBOARD / "style.css").read_text(encoding="utf-8")


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb" as WCAG 2.1 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours as WCAG 2.1 defines it."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [style.LIGHT, style.DARK], ids=lambda theme: theme.name)
def test_every_run_colour_and_text_stands_out_from_the_background(theme: Theme) -> None:
    assert all(contrast(colour, theme.background) >= 3 for colour in style.RUN_COLOURS)
    assert contrast(theme.text, theme.background) >= 7
    assert contrast(theme.muted, theme.background) >= 4.5


def test_a_run_looks_the_same_alone_and_among_others_where_nobody_else_wants_its_place() -> None:
    for count in range(1, 5):
        ids = [f"run{number}" for number in range(count)]
        assert style.run_styles(ids)[ids[0]] == style.run_style(ids[0])


def test_runs_side_by_side_never_share_a_look() -> None:
    many = style.run_styles([f"run{number}" for number in range(28)])
    assert len({(look.colour, look.dash) for look in many.values()}) == 28
    assert len({look.colour for look in style.run_styles([f"r{number}" for number in range(7)]).values()}) == 7


def test_the_same_runs_look_the_same_each_time() -> None:
    ids = ["b", "a", "c"]
    assert style.run_styles(ids) == style.run_styles(ids)


def sources() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in DASHBOARD.rglob("*.py")}


def test_html_is_styled_by_the_style_sheet_and_not_in_place() -> None:
    assert [name for name, text in sources().items() if 'style="' in text] == ["style.py"]


def test_every_class_and_every_value_that_html_is_given_is_known_to_the_style_sheet() -> None:
    classes = {name for text in sources().values() for name in re.findall(r'class="([\w-]+)"', text)}
    assert classes >= {"finding", "answers", "figures", "host"}
    assert [name for name in classes - {"host"} if f".{name} " not in SHEET] == []
    values = {name for text in sources().values() for name in re.findall(r"\bcss\((\w+)=", text)}
    assert values >= {"width", "share"}
    assert [name for name in values if f"var(--{name})" not in SHEET] == []


def test_values_are_handed_to_the_style_sheet_as_one_attribute() -> None:
    assert style.css(share="12.00%", colour="#0f7dbf") == 'style="--share:12.00%;--colour:#0f7dbf"'
