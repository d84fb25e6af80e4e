"""Controls that are dragged: a point of the plane, and data."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from livefig.controls.common import Pair, Value, number
from livefig.description import Described, shape


@dataclass(frozen=True)
class Point(Described):
    """A point of the plane that can be dragged; see `point`."""

    when: ClassVar[Mapping[str, tuple[Any, ...]]] = {}  # it always has an effect

    name: str
    value: Pair
    bounds: tuple[Pair, Pair]
    label: str

    def clean(self, value: Any) -> Pair:
        """The pair (x, y), each coordinate clipped to its bounds."""
        if isinstance(value, str) or shape(value) != (2,):
            raise TypeError(f"control '{self.name}' needs two numbers (x, y), but was given {value!r}")
        return _clipped(np.asarray(value).tolist(), self.bounds, self.name)

    def argument(self, value: Value) -> np.ndarray:
        """An array of shape (2,) in JAX's default float dtype."""
        return np.asarray(value, dtype=float)

    def spec(self, value: Value) -> dict[str, Any]:
        """The point for the front end, standing at `value`."""
        return {
            "kind": "point",
            "name": self.name,
            "label": self.label,
            "value": list(value),
            "bounds": [list(pair) for pair in self.bounds],
        }


@dataclass(frozen=True)
class Data(Described):
    """Points of the plane, as many as there are, that can be dragged; see `data`."""

    when: ClassVar[Mapping[str, tuple[Any, ...]]] = {}

    name: str
    value: tuple[Pair, ...]
    bounds: tuple[Pair, Pair]
    axis: str | None
    label: str

    def clean(self, value: Any) -> tuple[Pair, ...]:
        """The pairs (x, y), each coordinate clipped to its bounds."""
        count = len(self.value)
        if shape(value) != (count, 2):
            raise TypeError(
                f"control '{self.name}' needs an array of shape ({count}, 2), but was given one of shape"
                f" {shape(value)}"
            )
        return tuple(_clipped(pair, self.bounds, self.name) for pair in np.asarray(value).tolist())

    def argument(self, value: Value) -> np.ndarray:
        """An array of shape (m, 2) in JAX's default float dtype."""
        return np.asarray(value, dtype=float)

    def spec(self, value: Value) -> dict[str, Any]:
        """The data for the front end, as they stand at `value`."""
        return {
            "kind": "data",
            "name": self.name,
            "label": self.label,
            "value": [list(pair) for pair in value],
            "bounds": [list(pair) for pair in self.bounds],
            "axis": self.axis,
        }


def point(
    name: str, value: Sequence[float], bounds: Sequence[Sequence[float]], *, label: str | None = None
) -> Point:
    """A point to drag: the figure's function receives an array of shape (2,) called `name`.

    It is drawn, and can be dragged or nudged by arrow keys, on every plane that lists it in `drag=`.

    Args:
        name: the argument of the figure's function that it sets.
        value: where it stands first, (x, y).
        bounds: ((xmin, xmax), (ymin, ymax)); positions outside are clipped.
        label: what the reader sees.

    Raises:
        ValueError: for bounds that are not two increasing pairs, or a start outside them.
    """
    limits = _bounds(bounds, "point", name)
    described = Point(name, (0.0, 0.0), limits, label or name)
    start = described.clean(value)
    if start != tuple(float(coordinate) for coordinate in value):
        raise ValueError(f"point '{name}' starts at {tuple(value)!r}, outside its bounds {limits!r}")
    return Point(name, start, limits, label or name)


def data(
    name: str,
    value: Any,
    bounds: Sequence[Sequence[float]],
    *,
    axis: str | None = None,
    label: str | None = None,
) -> Data:
    """Points to drag: the figure's function receives an array of shape (m, 2) called `name`.

    They are drawn, and can be dragged or nudged by arrow keys, in every view that lists them in `drag=`, and
    some view has to.

    Args:
        name: the argument of the figure's function that it sets, and the widget's trait.
        value: where the points stand first, an array of shape (m, 2) or a sequence of pairs (x, y); there are
            always m of them.
        bounds: ((xmin, xmax), (ymin, ymax)); positions outside are clipped.
        axis: "y" if readers can move the points only up and down, "x" if only to and fro; both if left out.
            Scripts can set both.
        label: what the points are called.

    Raises:
        ValueError: for bounds that are not two increasing pairs, values that are no finite array of shape
            (m, 2) or not within the bounds, or another axis.
    """
    limits = _bounds(bounds, "data", name)
    given = shape(value)
    if len(given) != 2 or given[0] < 1 or given[1] != 2:
        raise ValueError(f"data '{name}' needs an array of shape (m, 2), but was given one of shape {given}")
    if axis not in (None, "x", "y"):
        raise ValueError(f"data '{name}' can be moved along axis 'x' or 'y', or both (None), not {axis!r}")
    pairs = tuple((number(x, name), number(y, name)) for x, y in np.asarray(value).tolist())
    described = Data(name, pairs, limits, axis, label or name)
    for pair, clipped in zip(pairs, described.clean(pairs), strict=True):
        if pair != clipped:
            raise ValueError(f"data '{name}' starts with {pair!r}, outside its bounds {limits!r}")
    return described


def _bounds(given: Any, kind: str, name: str) -> tuple[Pair, Pair]:
    """Bounds ((xmin, xmax), (ymin, ymax)), or one sentence about what was given."""
    pairs = np.asarray(given).tolist() if shape(given) == (2, 2) else []
    bounds = tuple((number(low, name), number(high, name)) for low, high in pairs)
    if not bounds or not all(low < high and math.isfinite(high - low) for low, high in bounds):
        raise ValueError(
            f"{kind} '{name}' needs finite bounds ((xmin, xmax), (ymin, ymax)), but was given {given!r}"
        )
    return bounds


def _clipped(pair: Sequence[float], bounds: tuple[Pair, Pair], name: str) -> Pair:
    """A point within bounds."""
    x, y = (
        min(max(number(coordinate, name), low), high)
        for coordinate, (low, high) in zip(pair, bounds, strict=True)
    )
    return x, y
