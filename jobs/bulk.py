"""The same for several runs: each is tried, and each says what became of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.errors import LookbookError


@dataclass(frozen=True)
class Outcome:
    """What became of one run; the message says why when it was not done."""

    run_id: str
    done: bool
    message: str = ""


def apply_to_each(run_ids: Sequence[str], action: Callable[[str], object]) -> list[Outcome]:
    """Apply an action to every run; one that is refused does not keep the others from it."""
    return [_outcome(run_id, action) for run_id in run_ids]


def numbered_names(name: str, count: int) -> list[str]:
    """A name for each of so many runs: ("sweep", 2) -> "sweep 1", "sweep 2"; for one, or without a name, as it is."""
    if count == 1 or not name.strip():
        return [name] * count
    return [f"{name.strip()} {number}" for number in range(1, count + 1)]


def _outcome(run_id: str, action: Callable[[str], object]) -> Outcome:
    try:
        action(run_id)
    except LookbookError as error:
        return Outcome(run_id, False, str(error))
    return Outcome(run_id, True)
