"""What controls have in common: the kinds of their values, and numbers as they are given."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from livefig.description import as_float, plain, several

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


def condition(when: Any, name: str) -> dict[str, tuple[Any, ...]]:
    """`when` as a dict from names to the values, one or several, at which control `name` has an effect."""
    if when is None:
        return {}
    if not isinstance(when, Mapping) or not when or not all(isinstance(other, str) for other in when):
        raise TypeError(
            f"control '{name}' needs a dict from names to values as its when, but was given {when!r}"
        )
    return {other: tuple(map(plain, several(values))) for other, values in when.items()}


def listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
