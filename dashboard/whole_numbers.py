"""Numbers in the address: anybody may write anything there."""

_MOST_DIGITS = 15
LARGEST = 10**_MOST_DIGITS
"""What every number with more digits counts as: no page, image or class has it, and a browser still writes it."""


def whole_number(words: str) -> int | None:
    """The whole number from 0 on that these digits write, at most LARGEST; None if they are anything else."""
    if not (words.isascii() and words.isdecimal()):
        return None
    return int(words) if len(words) <= _MOST_DIGITS else LARGEST
