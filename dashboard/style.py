"""One look for every chart: a plotly template for each theme, and one colour, dash and marker per run."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import plotly.graph_objects as go

from jobs.line_styles import LineStyle, line_styles

FONT = '"Source Sans", "Source Sans Pro", system-ui, sans-serif'


@dataclass(frozen=True)
class Theme:
    """The colours of a page, as in dashboard/.streamlit/config.toml, and the scales drawn on them."""

    name: str
    background: str
    text: str
    muted: str
    """For axis titles and labels: at least 4.5:1 on the background."""
    grid: str
    sequential: tuple[str, ...]
    """From nothing to much, for counts and shares; begins at the background."""
    diverging: tuple[str, ...]
    """From less to more through the background, for differences."""


LIGHT = Theme(
    name="light",
    background="#ffffff",
    text="#1d2733",
    muted="#55606c",
    grid="#e3e8ed",
    sequential=("#ffffff", "#d6e6f2", "#9dc5e2", "#4f97c8", "#1f6aa3", "#0b3d66"),
    diverging=("#8c3a00", "#d5762f", "#f2c7a5", "#ffffff", "#a9cfe8", "#3d8bc0", "#0b4a7d"),
)
DARK = Theme(
    name="dark",
    background="#12161b",
    text="#e8eaed",
    muted="#a3adb8",
    grid="#2a323a",
    sequential=("#12161b", "#17324a", "#1b5079", "#2f7fb8", "#6fb1de", "#cfe6f7"),
    diverging=("#f5a468", "#c4692a", "#5c3216", "#12161b", "#173f5e", "#3180b6", "#93cbf0"),
)

# Okabe and Ito's colour-blind-safe set (2008), its light colours darkened until each has at least 3:1 on both
# backgrounds. The order keeps the first three far apart for every kind of colour vision.
RUN_COLOURS = ("#0f7dbf", "#d55e00", "#00936b", "#b8679a", "#a97400", "#2f9bb5", "#7d7f86")
RUN_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
RUN_MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "star", "triangle-down")
MARKER_SIGNS = ("●", "■", "◆", "▲", "✕", "★", "▼")


@dataclass(frozen=True)
class RunStyle:
    """How one run is drawn: never by colour alone."""

    colour: str
    dash: str
    marker: str
    sign: str
    """The marker as a character, for captions and tables."""


def run_styles(run_ids: Sequence[str]) -> dict[str, RunStyle]:
    """A style for each run: the same on every page and in reports, unless two of these runs want the same one."""
    return {run_id: _style(line) for run_id, line in line_styles(run_ids).items()}


def run_style(run_id: str) -> RunStyle:
    """The style of a run that is shown alone."""
    return run_styles([run_id])[run_id]


def _style(line: LineStyle) -> RunStyle:
    return RunStyle(RUN_COLOURS[line.colour], RUN_DASHES[line.dash], RUN_MARKERS[line.mark], MARKER_SIGNS[line.mark])


def css(**values: str) -> str:
    """The attribute of an HTML element that hands values to style.css: css(width="8px") is var(--width) there."""
    return 'style="' + ";".join(f"--{name}:{value}" for name, value in values.items()) + '"'


def colour_scale(colours: Sequence[str]) -> list[tuple[float, str]]:
    """Evenly spaced stops from 0 to 1, as plotly wants them."""
    last = len(colours) - 1
    return [(place / last, colour) for place, colour in enumerate(colours)]


@cache
def template(theme: Theme) -> go.layout.Template:
    """The plotly template of a theme: quiet grid, no zero line, legend above, room for labels."""
    axis = {
        "gridcolor": theme.grid,
        "linecolor": theme.grid,
        "zeroline": False,
        "tickfont": {"color": theme.muted, "size": 12},
        "title": {"font": {"color": theme.muted, "size": 13}, "standoff": 8},
        "automargin": True,
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "color": theme.text, "size": 13},
            "paper_bgcolor": theme.background,
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": RUN_COLOURS,
            "colorscale": {
                "sequential": colour_scale(theme.sequential),
                "diverging": colour_scale(theme.diverging),
            },
            "xaxis": axis,
            "yaxis": axis,
            "margin": {"l": 8, "r": 8, "t": 36, "b": 8},
            "hovermode": "closest",
            "hoverlabel": {
                "bgcolor": theme.background,
                "bordercolor": theme.grid,
                "font": {"color": theme.text, "family": FONT},
            },
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": {"text": ""}},
            "title": {"font": {"size": 15, "color": theme.text}, "x": 0, "xanchor": "left", "pad": {"l": 0}},
        }
    )


def styled(figure: go.Figure, theme: Theme, height: int | None = None) -> go.Figure:
    """The figure with a theme's template and a height in pixels; changes and returns it."""
    return figure.update_layout(template=template(theme), height=height)
