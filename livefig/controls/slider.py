"""Controls on a line of numbers: sliders, and players, which are sliders that move by themselves."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from livefig.controls.common import Value, condition, number
from livefig.controls.stops import (
    after_steps,
    divisible,
    geometric_mean,
    nearest,
    number_format,
    steps_to,
    stops_between,
)
from livefig.description import Described, plain
from livefig.template import check_spec


@dataclass(frozen=True)
class Slider(Described):
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
    when: Mapping[str, tuple[Any, ...]]

    def clean(self, value: Any) -> float | int:
        """The number, clipped to [min, max] as ipywidgets' sliders do; rounded for an integer slider, and at
        the nearest place for a slider with stops or steps."""
        place = min(max(number(value, self.name), self.min), self.max)
        if self.stops is not None:
            return nearest(self.stops, place)
        if self.step is not None:
            place = after_steps(self.min, self.max, self.step, round((place - self.min) / self.step))
        return round(place) if self.integer else place

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
    grow: bool

    def spec(self, value: Value) -> dict[str, Any]:
        """The player for the front end, standing at `value`."""
        playing = {"until": self.until, "cursor": self.cursor, "grow": self.grow}
        return {**super().spec(value), "kind": "player", **playing}


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
    when: Mapping[str, Any] | None = None,
) -> Slider:
    """A slider from `min` to `max`: the figure's function receives a number called `name`.

    Setting it from Python (`fig.kappa = 2000`) clips to the range, as ipywidgets' own sliders do.

    Args:
        name: the argument of the figure's function that it sets, and the widget's trait.
        min, max: the range, both ends included.
        value: where it stands first; the middle of the range (of its logarithm, if `log`) when left out.
        step: the distance between neighbouring values, which divides the range; continuous when left out.
        stops: instead, how many values there are, both ends among them, at equal distances (or ratios, if
            `log`) but for a rounding to few digits.
        log: equal distances on the slider are equal ratios (`min` must be positive).
        integer: the function receives an int.
        label: what the reader sees; `name` when left out.
        format: how the value is written, in `livefig.template`'s notation; when left out, whole numbers
            for an integer, and for a float as many digits as tell its places apart, three or more,
            exponential where the range is very wide or near zero.
        unit: written behind the value.
        when: the states in which it has an effect, as a dict from other controls or integer outputs to one
            value or several (a choice's options may be given by their texts): `when={"method": "damped"}`.
            In others it is disabled and says why, and a part in brackets of the summary that names it,
            `"[ at λ = {damping}]"`, is left out.

    Raises:
        ValueError: for an empty range, a start outside it, a logarithmic range that reaches zero, a step that
            is not positive or does not lead from `min` to `max` and `value`, an integer slider with
            fractions, or a format that is not understood.
    """
    low, high, stops = number(min, name), number(max, name), plain(stops)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(
            f"slider '{name}' needs a finite min below max, but was given min={min!r}, max={max!r}"
        )
    if not divisible(low, high):
        raise ValueError(
            f"slider '{name}' needs a range that floating-point numbers divide into steps, but was given"
            f" min={min!r}, max={max!r}"
        )
    if log and low <= 0:
        raise ValueError(f"slider '{name}' is logarithmic and needs min > 0, but was given min={min!r}")
    if stops is not None and (step is not None or not isinstance(stops, int) or stops < 2):
        raise ValueError(f"slider '{name}' needs two or more stops, and no step, but was given {stops!r}")
    if step is not None:
        step = plain(step)
        _check_step(low, high, step, log, name)
    start = _middle(low, high, step, log, integer) if value is None else number(value, name)
    if not low <= start <= high:
        raise ValueError(f"slider '{name}' starts at {value!r}, outside its range from {min!r} to {max!r}")
    if step is not None and steps_to(start, low, step) is None:
        raise ValueError(
            f"slider '{name}' starts at {value!r}, where steps of {step!r} from {min!r} do not lead"
        )
    if integer and any(place != round(place) for place in (low, high, start, step or 1)):
        raise ValueError(
            f"slider '{name}' is an integer slider: min, max, step and value must be whole numbers"
        )
    places = None if stops is None else stops_between(low, high, stops, log, integer, name)
    if format is None:
        format = ",d" if integer else number_format(low, high, step, places, log)
    check_spec(format, f"slider '{name}'")
    exact = int if integer else float
    described = Slider(
        name, exact(low), exact(high), exact(start), step, log, integer, label or name, format, unit, places,
        condition(when, name),
    )  # fmt: skip
    return replace(described, value=described.clean(start))


def _check_step(low: float, high: float, step: Any, log: bool, name: str) -> None:
    """Refuse a step that does not lead from `low` to `high`."""
    if not 0 < number(step, name) < math.inf:
        raise ValueError(f"slider '{name}' needs a positive step, but was given {step!r}")
    if log:
        raise ValueError(f"slider '{name}' is logarithmic, where a fixed step has no meaning: leave step out")
    if not steps_to(high, low, step):
        whole = max(1, math.floor((high - low) / step))
        nearby = " or ".join(f"{low + step * count:g}" for count in (whole, whole + 1))
        raise ValueError(
            f"slider '{name}' cannot go from {low:g} to {high:g} in steps of {step!r}: let max be {nearby},"
            " or choose another step"
        )


def _middle(low: float, high: float, step: float | None, log: bool, integer: bool) -> float:
    """Where a slider stands that is not told to start anywhere."""
    middle = geometric_mean(low, high) if log else (low + high) / 2
    if step is not None:
        return after_steps(low, high, step, round((middle - low) / step))
    return round(middle) if integer else middle


def player(
    name: str,
    min: int,
    max: int,
    value: int | None = None,
    *,
    until: str | None = None,
    cursor: bool = False,
    grow: bool = False,
    label: str | None = None,
    format: str | None = None,
    unit: str = "",
    when: Mapping[str, Any] | None = None,
) -> Player:
    """An integer slider with buttons that step and play, for the iterations of a method.

    Playing from the first to the last takes four to seven seconds, however many there are, and shows one
    picture a second to readers who have asked their system for less motion.

    Args:
        name: the argument of the figure's function that it sets, and the widget's trait.
        min, max: the range, both ends included.
        value: where it stands first; at `min` when left out.
        until: the name of an integer output at which playing stops, where the method has come to its end; a
            player that stands behind it shows that.
        cursor: whether it is the step that the views mark: each path that has a `count`, and curves over
            steps. A reader's cursor shows another step for as long as it is there, and a click leaves the
            player there. The figure's function then need not take it.
        grow: whether those paths and curves are drawn only as far as the player has come, so that a figure
            that opens at `min` shows the start and lets the reader guess; summary and readouts wait for the
            end. Pictures without a page show all of it. It needs `cursor`.
        label, format, unit, when: as for `slider`.

    Raises:
        ValueError: as `slider`; if it grows and has no cursor.
    """
    if grow and not cursor:
        raise ValueError(f"player '{name}' grows what its cursor marks: give it cursor=True too")
    start = min if value is None else value
    described = slider(name, min, max, start, integer=True, label=label, format=format, unit=unit, when=when)
    return Player(**vars(described), until=until, cursor=cursor, grow=grow)
