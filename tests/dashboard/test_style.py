"""The look that all charts share."""

import pytest

from dashboard import style


def luminance(colour):
    """Relative luminance of "#rrggbb" as WCAG 2.1 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """Contrast ratio of two colours as WCAG 2.1 defines it."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [style.LIGHT, style.DARK], ids=lambda theme: theme.name)
def test_every_run_colour_and_text_stands_out_from_the_background(theme):
    assert all(contrast(colour, theme.background) >= 3 for colour in style.RUN_COLOURS)
    assert contrast(theme.text, theme.background) >= 7
    assert contrast(theme.muted, theme.background) >= 4.5


def test_a_run_looks_the_same_alone_and_among_others_where_nobody_else_wants_its_place():
    for count in range(1, 5):
        ids = [f"run{number}" for number in range(count)]
        assert style.run_styles(ids)[ids[0]] == style.run_style(ids[0])


def test_runs_side_by_side_never_share_a_look():
    many = style.run_styles([f"run{number}" for number in range(28)])
    assert len({(one.colour, one.dash) for one in many.values()}) == 28
    assert len({one.colour for one in style.run_styles([f"r{number}" for number in range(7)]).values()}) == 7


def test_the_same_runs_look_the_same_each_time():
    ids = ["b", "a", "c"]
    assert style.run_styles(ids) == style.run_styles(ids)
