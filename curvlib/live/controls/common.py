"""What controls have in common: the kinds of their values, and numbers as they are given."""

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

Pair = tuple[float, float]
Value = float | int | bool | Pair | tuple[Pair, ...]


def number(value: Any, name: str) -> float:
    """`value` as a float, or one sentence about what was given."""
    if hasattr(value, "item") and np.ndim(value) == 0:  # a scalar of NumPy or JAX
        value = value.item()
    if not isinstance(value, Real):
        raise TypeError(f"control '{name}' needs a number, but was given {value!r}")
    if math.isnan(value):
        raise ValueError(f"control '{name}' needs a number, but was given NaN")
    return float(value)


def shape(value: Any) -> tuple[int, ...]:
    """The shape of an array-like; of what is none, or is ragged, ()."""
    try:
        return np.shape(value)
    except ValueError:
        return ()


def listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
