"""The controls of a live figure: what a reader can move, and what the figure's function then receives.

A control is a frozen description. `clean` turns whatever a reader, a script or the browser hands over into
the control's own value (or says in one sentence why it cannot), `argument` turns that value into what the
figure's function is called with, and `spec` describes the control to the front end.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from curvlib.live.template import check_spec

Pair = tuple[float, float]
Value = float | int | bool | Pair | tuple[Pair, ...]


def _number(value: Any, name: str) -> float:
    """`value` as a float, or one sentence about what was given."""
    if hasattr(value, "item") and np.ndim(value) == 0:  # a scalar of NumPy or JAX
        value = value.item()
    if not isinstance(value, Real):
        raise TypeError(f"control '{name}' needs a number, but was given {value!r}")
    if math.isnan(value):
        raise ValueError(f"control '{name}' needs a number, but was given NaN")
    return float(value)


@dataclass(frozen=True)
class Slider:
    """A number between `min` and `max`; see `slider`."""

    name: str
    min: float
    max: float
    value: float
    step: float | None
    log: bool
    integer: bool
    label: str
    format: str
    unit: str
    stops: tuple[float, ...] | None

    def clean(self, value: Any) -> float | int:
        """The number, clipped to [min, max] as ipywidgets' sliders do; rounded for an integer slider, and the
        nearest stop for a slider that has some."""
        number = min(max(_number(value, self.name), self.min), self.max)
        if self.stops is not None:
            return nearest(self.stops, number)
        return round(number) if self.integer else number

    def argument(self, value: Value) -> Value:
        """A Python number, which takes the dtype of what it meets in the figure's function."""
        return value

    def spec(self, value: Value) -> dict[str, Any]:
        """The slider for the front end, standing at `value`."""
        return {
            "kind": "slider",
            "name": self.name,
            "label": self.label,
            "min": self.min,
            "max": self.max,
            "step": self.step,
            "log": self.log,
            "integer": self.integer,
            "value": value,
            "format": self.format,
            "unit": self.unit,
            "stops": None if self.stops is None else list(self.stops),
        }


@dataclass(frozen=True)
class Player(Slider):
    """A slider for whole numbers that plays; see `player`."""

    until: str | None
    cursor: bool

    def spec(self, value: Value) -> dict[str, Any]:
        """The player for the front end, standing at `value`."""
        return {**super().spec(value), "kind": "player", "until": self.until, "cursor": self.cursor}


@dataclass(frozen=True)
class Choice:
    """One of several options; see `choice`."""

    name: str
    options: tuple[str, ...]
    value: int
    label: str

    def clean(self, value: Any) -> int:
        """The option's index; an option's text is accepted too. Anything else is refused."""
        if isinstance(value, str):
            if value not in self.options:
                raise ValueError(
                    f"control '{self.name}' has no option {value!r}; it has {_listed(self.options)}"
                )
            return self.options.index(value)
        number = _number(value, self.name)
        if number != int(number) or not 0 <= number < len(self.options):
            raise ValueError(
                f"control '{self.name}' needs an index from 0 to {len(self.options) - 1},"
                f" but was given {value!r}"
            )
        return int(number)

    def argument(self, value: Value) -> Value:
        """The index, an int."""
        return value

    def spec(self, value: Value) -> dict[str, Any]:
        """The choice for the front end, standing at `value`."""
        return {
            "kind": "choice",
            "name": self.name,
            "label": self.label,
            "options": list(self.options),
            "value": value,
        }


@dataclass(frozen=True)
class Toggle:
    """On or off; see `toggle`."""

    name: str
    value: bool
    label: str

    def clean(self, value: Any) -> bool:
        """True or False; 1 and 0 count as such."""
        if hasattr(value, "item") and np.ndim(value) == 0:
            value = value.item()
        if not isinstance(value, Real) or value not in (0, 1):
            raise TypeError(f"control '{self.name}' needs True or False, but was given {value!r}")
        return bool(value)

    def argument(self, value: Value) -> Value:
        """A bool."""
        return value

    def spec(self, value: Value) -> dict[str, Any]:
        """The toggle for the front end, standing at `value`."""
        return {"kind": "toggle", "name": self.name, "label": self.label, "value": value}


@dataclass(frozen=True)
class Point:
    """A point of the plane that can be dragged; see `point`."""

    name: str
    value: Pair
    bounds: tuple[Pair, Pair]
    label: str

    def clean(self, value: Any) -> Pair:
        """The pair (x, y), each coordinate clipped to its bounds."""
        if isinstance(value, str) or _shape(value) != (2,):
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
class Data:
    """Points of the plane, as many as there are, that can be dragged; see `data`."""

    name: str
    value: tuple[Pair, ...]
    bounds: tuple[Pair, Pair]
    axis: str | None
    label: str

    def clean(self, value: Any) -> tuple[Pair, ...]:
        """The pairs (x, y), each coordinate clipped to its bounds."""
        count = len(self.value)
        if _shape(value) != (count, 2):
            raise TypeError(
                f"control '{self.name}' needs an array of shape ({count}, 2), but was given one of shape"
                f" {_shape(value)}"
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


Control = Slider | Choice | Toggle | Point | Data


def slider(
    name: str,
    min: float,
    max: float,
    value: float | None = None,
    *,
    step: float | None = None,
    stops: int | None = None,
    log: bool = False,
    integer: bool = False,
    label: str | None = None,
    format: str | None = None,
    unit: str = "",
) -> Slider:
    """A slider from `min` to `max`: the figure's function receives a number called `name`.

    Setting it from Python (`fig.kappa = 2000`) clips to the range, as ipywidgets' own sliders do.

    Args:
        name: the argument of the figure's function that it sets, and the widget's trait.
        min, max: the range, both ends included.
        value: where it stands first; the middle of the range (of its logarithm, if `log`) when left out.
        step: the distance between neighbouring values; continuous when left out.
        stops: instead, how many values there are, both ends among them, at equal distances (or ratios, if
            `log`) but for a rounding to few digits.
        log: equal distances on the slider are equal ratios (`min` must be positive).
        integer: the function receives an int.
        label: what the reader sees; `name` when left out.
        format: how the value is written, in `curvlib.live.template`'s notation; when left out, whole numbers
            for an integer, and three digits for a float, exponential where the range is very wide.
        unit: written behind the value.

    Raises:
        ValueError: for an empty range, a start outside it, a logarithmic range that reaches zero, a step that
            is not positive, an integer slider with fractions, or a format that is not understood.
    """
    low, high = _number(min, name), _number(max, name)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(
            f"slider '{name}' needs a finite min below max, but was given min={min!r}, max={max!r}"
        )
    if log and low <= 0:
        raise ValueError(f"slider '{name}' is logarithmic and needs min > 0, but was given min={min!r}")
    if step is not None and not _number(step, name) > 0:
        raise ValueError(f"slider '{name}' needs a positive step, but was given {step!r}")
    if stops is not None and (step is not None or not isinstance(stops, int) or stops < 2):
        raise ValueError(f"slider '{name}' needs two or more stops, and no step, but was given {stops!r}")
    if log and step is not None:
        raise ValueError(f"slider '{name}' is logarithmic, where a fixed step has no meaning: leave step out")
    if value is None:
        middle = math.sqrt(low * high) if log else (low + high) / 2
        value = round(middle) if integer else middle
    start = _number(value, name)
    if not low <= start <= high:
        raise ValueError(f"slider '{name}' starts at {value!r}, outside its range from {min!r} to {max!r}")
    if integer and any(number != round(number) for number in (low, high, start, step or 1)):
        raise ValueError(
            f"slider '{name}' is an integer slider: min, max, step and value must be whole numbers"
        )
    if format is None:
        plain = high <= 1e6 and low >= (1e-4 if log else -1e6)
        format = ",d" if integer else ",.3~r" if plain else ".3~g"
    check_spec(format, f"slider '{name}'")
    exact = int if integer else float
    places = None if stops is None else _places(low, high, stops, log, integer, name)
    return Slider(
        name,
        exact(low),
        exact(high),
        exact(start) if places is None else nearest(places, start),
        step,
        log,
        integer,
        label or name,
        format,
        unit,
        places,
    )


def player(
    name: str,
    min: int,
    max: int,
    value: int | None = None,
    *,
    until: str | None = None,
    cursor: bool = False,
    label: str | None = None,
    format: str | None = None,
    unit: str = "",
) -> Player:
    """An integer slider with buttons that step and play, for the iterations of a method.

    Playing goes from one whole number to the next, about ten a second, or one a second for readers who have
    asked their system for less motion, and stops at the end.

    Args:
        name: the argument of the figure's function that it sets, and the widget's trait.
        min, max: the range, both ends included.
        value: where it stands first; at `min` when left out.
        until: the name of an integer output at which playing stops, where the method has come to its end.
        cursor: whether it is the step that the views mark: each path that has a `count`, and curves over
            steps. A reader's cursor shows another step for as long as it is there, and a click leaves the
            player there. The figure's function then need not take it.
        label, format, unit: as for `slider`.

    Raises:
        ValueError: as `slider`.
    """
    start = min if value is None else value
    described = slider(name, min, max, start, integer=True, label=label, format=format, unit=unit)
    return Player(**vars(described), until=until, cursor=cursor)


def choice(name: str, options: Sequence[str], value: int | str = 0, *, label: str | None = None) -> Choice:
    """A choice among `options`: the figure's function receives the chosen one's index, an int called `name`.

    `value` is the first choice, by index or text, and so is what is set from Python (`fig.method = "Adam"`).

    Raises:
        ValueError: if there are fewer than two options, two with the same text, or `value` is none of them.
    """
    options = tuple(options)
    if isinstance(options, str) or len(options) < 2 or not all(isinstance(text, str) for text in options):
        raise ValueError(f"choice '{name}' needs two or more texts to choose from, but was given {options!r}")
    if len(set(options)) < len(options):
        raise ValueError(f"choice '{name}' has the same option twice: {_listed(options)}")
    start = Choice(name, options, 0, label or name).clean(value)
    return Choice(name, options, start, label or name)


def toggle(name: str, value: bool = True, *, label: str | None = None) -> Toggle:
    """A switch: the figure's function, if it takes an argument called `name`, receives a bool.

    A toggle may also only show and hide layers (their `show=name`); then the function need not take it.
    """
    return Toggle(name, Toggle(name, True, "").clean(value), label or name)


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
    limits = _bounds(bounds, f"point '{name}'")
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
    limits = _bounds(bounds, f"data '{name}'")
    shape = _shape(value)
    if len(shape) != 2 or shape[0] < 1 or shape[1] != 2:
        raise ValueError(f"data '{name}' needs an array of shape (m, 2), but was given one of shape {shape}")
    if axis not in (None, "x", "y"):
        raise ValueError(f"data '{name}' can be moved along axis 'x' or 'y', or both (None), not {axis!r}")
    pairs = tuple((float(x), float(y)) for x, y in np.asarray(value).tolist())
    described = Data(name, pairs, limits, axis, label or name)
    for pair, clipped in zip(pairs, described.clean(pairs), strict=True):
        if pair != clipped:
            raise ValueError(f"data '{name}' starts with {pair!r}, outside its bounds {limits!r}")
    return described


def _places(low: float, high: float, count: int, log: bool, integer: bool, name: str) -> tuple[float, ...]:
    """The values of a slider with stops: few digits, and no further from their place than a 50th of a gap."""
    even = (np.geomspace if log else np.linspace)(low, high, count)
    if integer:
        places = tuple(round(place) for place in even.tolist())
        if len(set(places)) < count:
            raise ValueError(f"slider '{name}' has fewer than {count} whole numbers to stop at")
        return places
    room = np.min(np.diff(even)) if not log else even * (even[1] / even[0] - 1)
    digits = next(
        digits
        for digits in range(3, 18)
        if digits == 17 or np.all(np.abs(_rounded(even, digits) - even) <= room / 50)
    )
    return (low, *_rounded(even[1:-1], digits).tolist(), high)


def _rounded(numbers: np.ndarray, digits: int) -> np.ndarray:
    """Numbers to so many significant digits."""
    return np.array([float(f"{number:.{digits - 1}e}") for number in numbers.tolist()])


def nearest(places: Sequence[float], number: float) -> float:
    """The place nearest to a number; the first of two."""
    return min(places, key=lambda place: abs(place - number))


def _bounds(given: Any, what: str) -> tuple[Pair, Pair]:
    """Bounds ((xmin, xmax), (ymin, ymax)), or one sentence about what was given."""
    if [_shape(pair) for pair in given] != [(2,), (2,)] or not all(low < high for low, high in given):
        raise ValueError(f"{what} needs bounds ((xmin, xmax), (ymin, ymax)), but was given {given!r}")
    x, y = ((float(low), float(high)) for low, high in given)
    return x, y


def _clipped(pair: Sequence[float], bounds: tuple[Pair, Pair], name: str) -> Pair:
    """A point within bounds."""
    x, y = (
        min(max(_number(coordinate, name), low), high)
        for coordinate, (low, high) in zip(pair, bounds, strict=True)
    )
    return x, y


def _shape(value: Any) -> tuple[int, ...]:
    """The shape of an array-like; of what is none, or is ragged, ()."""
    try:
        return np.shape(value)
    except ValueError:
        return ()


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
