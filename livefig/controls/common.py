"""What controls have in common: the kinds of their values, and numbers as they are given."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

from livefig.description import as_float, plain

Pair = tuple[float, float]
Value = float | int | bool | Pair | tuple[Pair, ...]


def number(value: Any, name: str) -> float:
    """`value` as a float, or one sentence about what was given."""
    value = plain(value)
    if not isinstance(value, Real):
        raise TypeError(f"control '{name}' needs a number, but was given {value!r}")
    if value != value:
        raise ValueError(f"control '{name}' needs a number, but was given NaN")
    return as_float(value)


def listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
