"""Which class words mean: the ten names as people write them, their numbers, or both; a guess is never made."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.classes import CLASS_COUNT, CLASS_NAMES

LONGEST_WORDS = 80
"""Characters that the words for a class may have."""

_JOINERS = re.compile(r"[\s_\-\u2010-\u2015/\\.,:;=+&()\[\]{}'\"#]+")
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}([.,][0-9]{0,30})?(e[+-]?[0-9]{1,3})?")
_PARTS = re.compile(
    r"(?P<kind>(class|label|category|target|cls)( ?(name|index|idx|id|number|no))?(?![a-z]) ?)?"
    r"(?P<before>[0-9]+)? ?(?P<name>[a-z ]*?)( ?(?P<after>[0-9]+))?"
)
_MOST_INDEX = 99
"""What stands before a name and is larger is a year or the like, and counts nothing."""
_TOO_LARGE = 10_000


@dataclass(frozen=True)
class Words:
    """What words say: a class by its name, a number that stands before it or alone, and one that follows the name.

    `number` may be no label. It is `bare` where nothing says what it counts: "3", and not "class 3".
    """

    name: int | None = None
    number: Decimal | int | None = None
    after: int | None = None
    bare: bool = False

    @property
    def label(self) -> int | None:
        """The label 0 to 9, None where the words mean none or contradict themselves."""
        if self.contradict:
            return None
        return self.name if self.name is not None else self.number_label

    @property
    def number_label(self) -> int | None:
        """The label that the number is, None where it is none."""
        if self.number is None or self.number not in range(CLASS_COUNT):
            return None
        return int(self.number)

    @property
    def contradict(self) -> bool:
        """Whether the name is of one class and the number before it another one's: "3 - Bag"."""
        return self.name is not None and self.number is not None and self.number != self.name

    @property
    def told(self) -> str:
        """What they name, the number first: "Dress and Bag" for "3 - Bag"."""
        number = "" if self.number_label is None else CLASS_NAMES[self.number_label]
        name = "" if self.name is None else CLASS_NAMES[self.name]
        return " and ".join(filter(None, (number or str(self.number or ""), name)))

    @property
    def is_other_number(self) -> bool:
        """Whether it is a number, and one that cannot be a label: then others beside it may not be labels either."""
        return self.name is None and self.number is not None and self.number_label is None and self.number >= 0


def read_words(words: str) -> Words:
    """What words for a class say: "Ankle boot", "ankle_boots", "AnkleBoot", "0. T-shirt", "class_9", "08", "8.0"."""
    text = unicodedata.normalize("NFKC", words).casefold().strip()
    if len(text) > LONGEST_WORDS:
        return Words()
    if _NUMBER.fullmatch(text):
        return Words(number=Decimal(text.replace(",", ".")), bare=True)
    parts = _PARTS.fullmatch(_JOINERS.sub(" ", text).strip())
    if parts is None:
        return Words()
    before, after = _whole(parts["before"]), _whole(parts["after"])
    spelled = parts["name"].replace(" ", "")
    if not spelled:
        return Words(number=before, bare=not parts["kind"]) if after is None else Words()
    if spelled not in _BY_WORD:
        return Words()
    return Words(_BY_WORD[spelled], None if before is None or before > _MOST_INDEX else before, after)


def label_of(words: str) -> int | None:
    """The label of a class as people write it, None if it is none."""
    return read_words(words).label


def labels_of(classes: Sequence[str]) -> tuple[int, ...] | None:
    """The label of each class in Fashion-MNIST, by its name; None where one has no name there or two have one."""
    labels = [None if name.isdecimal() else label_of(name) for name in classes]
    known = tuple(label for label in labels if label is not None)
    return known if len(set(known)) == len(labels) else None


def _whole(digits: str | None) -> int | None:
    if digits is None:
        return None
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) < len(str(_TOO_LARGE)) else _TOO_LARGE


def _spellings() -> dict[str, int]:
    """Each name without what joins its words, in the singular and the plural."""
    by_word: dict[str, int] = {}
    for label, name in enumerate(CLASS_NAMES[1:], start=1):
        word = re.sub("[^a-z]", "", name.lower())
        by_word |= dict.fromkeys((word, f"{word}s", f"{word}es"), label)
    by_word |= dict.fromkeys(("boot", "boots"), CLASS_NAMES.index("Ankle boot"))
    tops, shirts = ("top", "tops"), ("tshirt", "tshirts", "teeshirt", "teeshirts")
    both = [f"{shirt}{joined}{top}" for shirt in shirts for joined in ("", "and", "or") for top in tops]
    return by_word | dict.fromkeys((*tops, *shirts, *both), CLASS_NAMES.index("T-shirt/top"))


_BY_WORD = _spellings()
