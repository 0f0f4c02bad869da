"""What all visitors share is not changed by using it: arrays that are kept between pages refuse to be written into."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

Value = TypeVar("Value")


def read_only(value: Value) -> Value:
    """The same value, with every array in it (in dataclasses, mappings and sequences, at any depth) closed to writing.

    Writing into one of them raises ValueError from then on.
    """
    for array in arrays_in(value):
        array.setflags(write=False)
    return value


def arrays_in(value: object) -> Iterator[np.ndarray]:
    """Every array in a value."""
    if isinstance(value, np.ndarray):
        yield value
        return
    if isinstance(value, str | bytes):
        return
    parts: Sequence[Any] = ()
    if is_dataclass(value):
        parts = [getattr(value, field.name) for field in fields(value)]
    elif isinstance(value, Mapping):
        parts = list(value.values())
    elif isinstance(value, Sequence):
        parts = value
    for part in parts:
        yield from arrays_in(part)
