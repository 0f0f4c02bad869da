"""What a person corrects about the way of a photo to what a model sees. Pure: no Streamlit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.photos.picture import Photo

if TYPE_CHECKING:
    from core.photos.model_view import ModelView, Polarity, QuarterTurns

Range = tuple[int, int]

TURNS: tuple[QuarterTurns, ...] = (0, 90, 180, 270)
WHOLE: Range = (0, 100)


@dataclass(frozen=True)
class Corrections:
    """The choices for one photo, all as found by default; the crop's edges are per cent of width and height."""

    polarity: Polarity = "auto"
    turn: QuarterTurns = 0
    across: Range = WHOLE
    down: Range = WHOLE
    cut_out: bool = True

    def view(self, photo: Photo) -> ModelView:
        """What a model sees of the photo by these choices; a crop of no width is widened to a hundredth."""
        # SciPy's functions for images take a fifth of a second, and only photos need them.
        from core.photos.model_view import to_model_view

        (left, right), (top, bottom) = _spread(self.across), _spread(self.down)
        crop = (left / 100, top / 100, right / 100, bottom / 100)
        return to_model_view(
            photo,
            polarity=self.polarity,
            crop=None if (self.across, self.down) == (WHOLE, WHOLE) else crop,
            turn=self.turn,
            cut_out=self.cut_out,
        )


def _spread(edges: Range) -> Range:
    low, high = edges
    return (low, high) if low < high else (min(low, 99), min(low, 99) + 1)
