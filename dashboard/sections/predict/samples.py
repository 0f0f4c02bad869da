"""Three pictures to try: drawn here, as a shop would photograph a dark item on a light ground. Pure: no Streamlit."""

from collections.abc import Callable
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter

SIDE = 480
_GROUND, _CLOTH, _FOLD = "#eceae6", "#3f5873", "#314760"

Draw = ImageDraw.ImageDraw


def _t_shirt(draw: Draw) -> None:
    outline = [
        *((178, 70), (302, 70), (344, 86), (436, 176), (378, 236), (346, 206)),
        *((346, 420), (134, 420), (134, 206), (102, 236), (44, 176), (136, 86)),
    ]
    draw.polygon(outline, fill=_CLOTH)
    draw.ellipse((190, 40, 290, 112), fill=_GROUND)
    draw.line([(134, 206), (150, 160)], fill=_FOLD, width=5)
    draw.line([(346, 206), (330, 160)], fill=_FOLD, width=5)


def _trouser(draw: Draw) -> None:
    draw.polygon([(166, 40), (314, 40), (346, 446), (264, 446), (240, 176), (216, 446), (134, 446)], fill=_CLOTH)
    draw.rectangle((166, 40, 314, 62), fill=_FOLD)
    draw.line([(240, 62), (240, 176)], fill=_FOLD, width=5)


def _bag(draw: Draw) -> None:
    draw.arc((150, 60, 330, 330), 180, 360, fill=_FOLD, width=22)
    draw.rounded_rectangle((70, 188, 410, 420), radius=28, fill=_CLOTH)
    draw.line([(70, 268), (410, 268)], fill=_FOLD, width=8)
    draw.rectangle((222, 252, 258, 292), fill="#c9b37e")


SAMPLES: dict[str, Callable[[Draw], None]] = {"T-shirt": _t_shirt, "trouser": _trouser, "bag": _bag}


@cache
def draw_sample(name: str) -> bytes:
    """The PNG of one of SAMPLES, the same bytes every time."""
    picture = Image.new("RGB", (SIDE, SIDE), _GROUND)
    SAMPLES[name](ImageDraw.Draw(picture))
    packed = BytesIO()
    picture.filter(ImageFilter.GaussianBlur(1)).save(packed, "PNG")
    return packed.getvalue()
