"""What controls have in common: the kinds of their values, and numbers as they are given."""

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from curvlib.live.described import plain

Pair = tuple[float, float]
Value = float | int | bool | Pair | tuple[Pair, ...]


def number(value: Any, name: str) -> float:
    """`value` as a float, or one sentence about what was given."""
    value = plain(value)
    if not isinstance(value, Real):
        raise TypeError(f"control '{name}' needs a number, but was given {value!r}")
    if value != value:
        raise ValueError(f"control '{name}' needs a number, but was given NaN")
    try:
        return float(value)
    except OverflowError:  # of an int that is larger than any float
        return math.inf if value > 0 else -math.inf


def shape(value: Any) -> tuple[int, ...]:
    """The shape of an array-like; of what is none, or is ragged, ()."""
    try:
        return np.shape(value)
    except ValueError:
        return ()


def listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
