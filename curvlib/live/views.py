"""The views of a live figure: what is drawn from the outputs of its function, and where.

Views and their layers are frozen descriptions. They name outputs and controls; `curvlib.live.checks` compares
them with what the figure's function really returns, the front end draws them in the page and
`curvlib.live.picture` draws them for print. Outputs are named by their key in the dict that the function
returns, dotted where dicts nest. A colour is a name in `curvlib.plot.COLORS`.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Limits = tuple[float | None, float | None] | None


@dataclass(frozen=True)
class Contours:
    """Level lines of a scalar field; see `contours`."""

    field: Callable[..., Any]
    levels: int | tuple[float, ...]
    spacing: str
    label: str
    show: str | None


@dataclass(frozen=True)
class Path:
    """A polyline in the plane; see `path`."""

    data: str
    count: str | None
    color: str
    label: str
    show: str | None
    marker: bool


@dataclass(frozen=True)
class Points:
    """Points in the plane; see `points`."""

    data: str
    color: str
    label: str
    show: str | None


@dataclass(frozen=True)
class Line:
    """A curve over numbers; see `line`."""

    y: str
    x: str | None
    count: str | None
    color: str
    label: str
    show: str | None
    dash: bool
    marker: bool


@dataclass(frozen=True)
class Rule:
    """A straight line across a view of curves; see `rule`."""

    x: float | str | None
    y: float | str | None
    label: str
    color: str
    show: str | None


@dataclass(frozen=True)
class Plane:
    """A plane with contours, paths and points; see `plane`."""

    layers: tuple[Contours | Path | Points, ...]
    xlim: Limits
    ylim: Limits
    drag: tuple[str, ...]
    xlabel: str
    ylabel: str
    title: str
    equal: bool


@dataclass(frozen=True)
class Curves:
    """Axes with curves; see `curves`."""

    layers: tuple[Line | Rule, ...]
    xlabel: str
    ylabel: str
    xlog: bool
    ylog: bool
    xlim: Limits
    ylim: Limits
    cursor: bool
    title: str


@dataclass(frozen=True)
class Readout:
    """A sentence with live numbers; see `readout`."""

    text: str
    show: str | None


Layer = Contours | Path | Points | Line | Rule
View = Plane | Curves | Readout


def contours(
    field: Callable[..., Any],
    *,
    levels: int | Sequence[float] = 14,
    spacing: str = "log",
    label: str = "",
    show: str | None = None,
) -> Contours:
    """Level lines of `field` on a plane, recomputed in the page whenever a control that it names moves.

    Args:
        field: a JAX function `field(point, **controls) -> scalar`; `point` has shape (2,), and the further
            arguments are named like controls. It is compiled for one point, and the page loops over the view.
        levels: how many lines, or the values of the field at which they run, in increasing order.
        spacing: "linear", equal steps of the field's values between its extremes in the view, or "log", steps
            that grow geometrically from the lowest value, as suits a bowl with a minimum.
        label: its entry in the legend.
        show: the name of a toggle that shows and hides it.
    """
    if not callable(field):
        raise TypeError(f"contours need a function field(point, ...) -> scalar, but were given {field!r}")
    if isinstance(levels, Sequence | np.ndarray):
        levels = tuple(float(level) for level in levels)
        if not levels or any(low >= high for low, high in itertools.pairwise(levels)):
            raise ValueError(f"contours need levels in increasing order, but were given {levels!r}")
    elif isinstance(levels, bool) or not isinstance(levels, int) or levels < 1:
        raise ValueError(f"contours need a positive whole number of levels, but were given levels={levels!r}")
    if spacing not in ("linear", "log"):
        raise ValueError(f"contours have a spacing of 'linear' or 'log', but were given {spacing!r}")
    return Contours(field, levels, spacing, label, show)


def path(
    data: str,
    *,
    count: str | None = None,
    color: str = "blue",
    label: str = "",
    show: str | None = None,
    marker: bool = True,
) -> Path:
    """A polyline through the rows of the output `data`, of shape (k, 2).

    Args:
        data: the output's name.
        count: the name of an integer output, the index of the last row to draw; all rows when left out.
        color, label, show: its colour, its entry in the legend, the toggle that shows and hides it.
        marker: whether each row is marked by a dot.
    """
    return Path(data, count, color, label, show, marker)


def points(data: str, *, color: str = "ink", label: str = "", show: str | None = None) -> Points:
    """The output `data`, of shape (2,) or (k, 2), as points of the plane."""
    return Points(data, color, label, show)


def line(
    y: str,
    *,
    x: str | None = None,
    count: str | None = None,
    color: str = "blue",
    label: str = "",
    show: str | None = None,
    dash: bool = False,
    marker: bool = False,
) -> Line:
    """The output `y`, of shape (k,), over the output `x` of the same shape, or over 0, 1, 2, … without one.

    Args:
        y, x: names of outputs.
        count: the name of an integer output, the index of the last entry to draw; all entries when left out.
        color, label, show: its colour, its entry in the legend, the toggle that shows and hides it.
        dash: whether the line is dashed.
        marker: whether each entry is marked by a dot.
    """
    return Line(y, x, count, color, label, show, dash, marker)


def rule(
    *,
    x: float | str | None = None,
    y: float | str | None = None,
    label: str = "",
    color: str = "ink",
    show: str | None = None,
) -> Rule:
    """A straight line across curves: vertical at `x` or horizontal at `y`, a number or the name of a scalar
    output or control."""
    if (x is None) == (y is None):
        raise ValueError(f"a rule needs either x or y, but was given x={x!r}, y={y!r}")
    return Rule(x, y, label, color, show)


def plane(
    layers: Sequence[Contours | Path | Points],
    *,
    xlim: Limits = None,
    ylim: Limits = None,
    drag: Sequence[str] = (),
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    equal: bool = True,
) -> Plane:
    """A plane on which contours, paths and points lie, drawn in the order of `layers`.

    Args:
        layers: from `contours`, `path`, `points`.
        xlim, ylim: (low, high); fitted to what is drawn when left out, on one side where an end is None.
        drag: names of point controls that are shown here and can be dragged.
        xlabel, ylabel, title: texts.
        equal: whether a unit is as long on both axes.
    """
    return Plane(
        _layers(layers, Contours | Path | Points, "a plane", "contours, path or points"),
        _limits(xlim, "xlim"),
        _limits(ylim, "ylim"),
        (drag,) if isinstance(drag, str) else tuple(drag),
        xlabel,
        ylabel,
        title,
        equal,
    )


def curves(
    layers: Sequence[Line | Rule],
    *,
    xlabel: str = "",
    ylabel: str = "",
    xlog: bool = False,
    ylog: bool = False,
    xlim: Limits = None,
    ylim: Limits = None,
    cursor: bool = True,
    title: str = "",
) -> Curves:
    """Axes on which lines and rules are drawn, in the order of `layers`.

    Args:
        layers: from `line`, `rule`.
        xlabel, ylabel, title: texts.
        xlog, ylog: logarithmic axes, on which values that are not positive are left out.
        xlim, ylim: (low, high); fitted to what is drawn when left out; an end of None is fitted, within the
            other.
        cursor: whether pointing at the view shows the values there.
    """
    for limits, log, name in ((xlim, xlog, "xlim"), (ylim, ylog, "ylim")):
        if log and limits is not None and any(end is not None and end <= 0 for end in limits):
            raise ValueError(f"{name}={limits!r} is on a logarithmic axis, whose limits must be positive")
    return Curves(
        _layers(layers, Line | Rule, "a view of curves", "line or rule"),
        xlabel,
        ylabel,
        xlog,
        ylog,
        _limits(xlim, "xlim"),
        _limits(ylim, "ylim"),
        cursor,
        title,
    )


def readout(text: str, *, show: str | None = None) -> Readout:
    """A sentence whose fields `{name}` and `{name:spec}` are numbers of the figure, in the notation of
    `curvlib.live.template`; `show` names a toggle that shows and hides it."""
    return Readout(text, show)


def _layers(layers: Sequence[Any], kinds: Any, where: str, names: str) -> tuple[Any, ...]:
    layers = tuple(layers) if isinstance(layers, Sequence) else (layers,)
    if not layers:
        raise ValueError(f"{where} needs at least one layer, made by {names}")
    for layer in layers:
        if not isinstance(layer, kinds):
            raise TypeError(f"{where} draws layers made by {names}, but was given {layer!r}")
    return layers


def _limits(limits: Any, name: str) -> Limits:
    if limits is None:
        return None
    if np.shape(limits) != (2,) or (None not in limits and not limits[0] < limits[1]):
        raise ValueError(
            f"{name} needs (low, high) with low < high, or None at an end to fit, but was given {limits!r}"
        )
    low, high = (None if end is None else float(end) for end in limits)
    return low, high
