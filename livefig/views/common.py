"""What layers and views have in common: the arrays they draw, their limits, and what they are checked for."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from livefig import palette
from livefig.description import Described, as_float, is_number, plain, shape

Limits = tuple[float | None, float | None] | None
Shape = tuple[int | str, ...]  # a letter stands for any length, the same one throughout a layer

CLASS_COLORS = tuple(name for name in palette.COLORS if name not in ("ink", "grey"))


@dataclass(frozen=True, kw_only=True)
class Layer(Described):
    """Something drawn in a view: its entry in the legend, and the toggle that shows and hides it."""

    SHAPES: ClassVar[Mapping[str, tuple[Shape, ...]]] = {}
    """The shapes that the arrays may have which its attributes name; what is None or a number is left out."""

    label: str = ""
    show: str | None = None

    def arrays(self) -> dict[str, tuple[Shape, ...]]:
        """The arrays that it draws, by name, each with the shapes that it may have."""
        named = ((getattr(self, key), shapes) for key, shapes in self.SHAPES.items())
        return {name: shapes for name, shapes in named if isinstance(name, str)}

    def colors(self) -> tuple[str, ...]:
        """The palette's colours that it uses."""
        return ()


@dataclass(frozen=True, kw_only=True)
class Mark(Layer):
    """A layer in one colour of the palette."""

    color: str

    def colors(self) -> tuple[str, ...]:
        return (self.color,)


def checked_layers(layers: Any, kinds: Any, where: str) -> tuple[Any, ...]:
    """`layers` as a tuple, each one of `kinds`."""
    layers = tuple(layers) if isinstance(layers, Sequence) else (layers,)
    names = ", ".join(kind.__name__.lower() for kind in kinds[:-1]) + f" or {kinds[-1].__name__.lower()}"
    if not layers:
        raise ValueError(f"{where} needs at least one layer, made by {names}")
    for layer in layers:
        if not isinstance(layer, kinds):
            raise TypeError(f"{where} draws layers made by {names}, but was given {layer!r}")
    return layers


def checked_limits(limits: Any, name: str) -> Limits:
    """`limits` as two floats, of which either may be None, or None."""
    if limits is None:
        return None
    ends = tuple(map(plain, limits)) if shape(limits) == (2,) else (0, 0)
    pair = all(end is None or isinstance(end, Real) for end in ends)
    if not pair or (None not in ends and ends[0] >= ends[1]):
        raise ValueError(
            f"{name} needs (low, high) with low < high, or None at an end to fit, but was given {limits!r}"
        )
    low, high = (None if end is None else as_float(end) for end in ends)
    width = high - low if low is not None and high is not None else 0.0
    if not all(end is None or np.isfinite(end) for end in (low, high, width)):
        raise ValueError(f"{name} needs finite ends, or None at an end to fit, but was given {limits!r}")
    return low, high


def checked_levels(levels: Any, spacing: str, what: str) -> int | tuple[float, ...]:
    """`levels` as a positive whole number or as values in increasing order."""
    if spacing not in ("linear", "log"):
        raise ValueError(f"{what} have a spacing of 'linear' or 'log', but were given {spacing!r}")
    levels = plain(levels)
    if isinstance(levels, Iterable) and not isinstance(levels, str):
        levels = tuple(map(plain, levels))
        if not all(is_number(level) for level in levels):
            raise ValueError(f"{what} need levels that are finite numbers, but were given {levels!r}")
        levels = tuple(float(level) for level in levels)
        if not levels or any(low >= high for low, high in itertools.pairwise(levels)):
            raise ValueError(f"{what} need levels in increasing order, but were given {levels!r}")
    elif isinstance(levels, bool) or not isinstance(levels, int) or levels < 1:
        raise ValueError(f"{what} need a positive whole number of levels, but were given levels={levels!r}")
    return levels


def checked_count(count: Any, what: str, most: int) -> int:
    """`count` as a whole number from 2 to `most`."""
    count = plain(count)
    if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= most:
        raise ValueError(
            f"{what} need a whole number from 2 to {most} along a side, but were given {count!r}"
        )
    return count
