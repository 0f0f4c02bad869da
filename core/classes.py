"""The ten classes of Fashion-MNIST, in the order of their labels 0 to 9 (Xiao, Rasul, Vollgraf 2017, table 2)."""

from collections.abc import Sequence

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

CLASS_COUNT = len(CLASS_NAMES)

_SHORTER = {"T-shirt/top": "T-shirt", "Ankle boot": "Boot"}
_LONGEST_SHORT = 14
"""Characters that a short name has at most."""


def short_names(classes: Sequence[str]) -> list[str]:
    """What classes are called where there is little room: beside a matrix, below a picture."""
    names = (_SHORTER.get(name, name) for name in classes)
    return [name if len(name) <= _LONGEST_SHORT else f"{name[: _LONGEST_SHORT - 1].rstrip()}…" for name in names]
