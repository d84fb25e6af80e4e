"""Axes with curves, points, bars and straight lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from livefig.description import Described, is_number, plain, several, shape
from livefig.views.common import Layer, Limits, Mark, checked_layers, checked_limits
from livefig.views.plane import Points


@dataclass(frozen=True, kw_only=True)
class Line(Mark):
    """A curve over numbers; see `line`."""

    SHAPES: ClassVar = {"y": (("k",),), "x": (("k",),)}

    y: str
    x: str | None
    count: str | None
    dash: bool
    marker: bool


@dataclass(frozen=True, kw_only=True)
class Band(Mark):
    """The region between two curves; see `band`."""

    SHAPES: ClassVar = {"low": (("k",),), "high": (("k",),), "x": (("k",),)}

    low: str
    high: str
    x: str | None
    count: str | None


@dataclass(frozen=True, kw_only=True)
class Bars(Mark):
    """A bar for each entry of a vector; see `bars`."""

    SHAPES: ClassVar = {"y": (("k",),)}

    y: str
    count: str | None


@dataclass(frozen=True, kw_only=True)
class Residuals(Mark):
    """Upright bars from data to a model; see `residuals`."""

    SHAPES: ClassVar = {"data": (("k", 2),), "fitted": (("k",),)}

    data: str
    fitted: str


@dataclass(frozen=True, kw_only=True)
class Rule(Mark):
    """A straight line across a view of curves; see `rule`."""

    SHAPES: ClassVar = {"x": ((),), "y": ((),)}

    x: float | str | None
    y: float | str | None


@dataclass(frozen=True, kw_only=True)
class Slope(Mark):
    """A reference line of known order on log–log axes; see `slope`."""

    SHAPES: ClassVar = {"order": ((),), "through": ((2,),)}

    order: float | str
    through: tuple[float, float] | str


LAYERS = (Line, Band, Points, Bars, Residuals, Rule, Slope)


@dataclass(frozen=True)
class Curves(Described):
    """Axes with curves; see `curves`."""

    kind: ClassVar = "view of curves"

    layers: tuple[Layer, ...]
    xlabel: str
    ylabel: str
    xlog: bool
    ylog: bool
    xlim: Limits
    ylim: Limits
    cursor: bool
    title: str
    drag: tuple[str, ...]


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

    An entry that is NaN has no value and leaves a gap. Where all are NaN from one on, or one is infinite, the
    figure says that it is drawn only as far as its numbers are finite.

    Args:
        y, x: names of outputs.
        count: the name of an integer output, the index of the last entry to draw; all entries when left out.
        color, label, show: its colour, its entry in the legend, the toggle that shows and hides it.
        dash: whether the line is dashed.
        marker: whether each entry is marked by a dot.
    """
    return Line(y=y, x=x, count=count, color=color, label=label, show=show, dash=dash, marker=marker)


def band(
    low: str,
    high: str,
    *,
    x: str | None = None,
    count: str | None = None,
    color: str = "blue",
    label: str = "",
    show: str | None = None,
) -> Band:
    """The region between the outputs `low` and `high`, of shape (k,), over `x` as for `line`."""
    return Band(low=low, high=high, x=x, count=count, color=color, label=label, show=show)


def bars(
    y: str, *, count: str | None = None, color: str = "blue", label: str = "", show: str | None = None
) -> Bars:
    """A bar for each entry of the output `y`, of shape (k,), over 0, 1, 2, …

    Bars stand on zero, on a logarithmic axis on its floor. Several layers of bars in a view stand side by
    side at each place, as for the comparison of spectra. `count` and the rest are as for `line`.
    """
    return Bars(y=y, count=count, color=color, label=label, show=show)


def residuals(
    data: str, fitted: str, *, color: str = "red", label: str = "", show: str | None = None
) -> Residuals:
    """An upright bar from each row (x, y) of `data`, of shape (k, 2), to a model's value there, the entry of
    the output `fitted`, of shape (k,)."""
    return Residuals(data=data, fitted=fitted, color=color, label=label, show=show)


def rule(
    *,
    x: float | str | None = None,
    y: float | str | None = None,
    label: str = "",
    color: str = "ink",
    show: str | None = None,
) -> Rule:
    """A straight line across curves: vertical at `x` or horizontal at `y`, a number or the name of a scalar
    output or control.

    Axes that are fitted reach to it if it is no further from the curves than they reach. Where it is outside
    of the axes, its label stands at the border, with its value and an arrow.
    """
    if (x is None) == (y is None):
        raise ValueError(f"a rule needs either x or y, but was given x={x!r}, y={y!r}")
    return Rule(x=x, y=y, label=label, color=color, show=show)


def slope(
    order: float | str,
    through: Sequence[float] | str,
    *,
    label: str | None = None,
    color: str = "grey",
    show: str | None = None,
) -> Slope:
    """The line y = y₀ (x / x₀)^order on log–log axes, by which a reader sees the order of a curve.

    Args:
        order: its slope, a number or the name of a scalar output or control.
        through: (x₀, y₀), both positive, or the name of an output of shape (2,) that holds them.
        label: stands at the line's end; "slope" and the order when left out.
        color, show: its colour, and the toggle that shows and hides it.
    """
    order = plain(order)
    if not isinstance(order, str) and not is_number(order):
        raise TypeError(f"a slope needs a finite number as its order, or a name, but was given {order!r}")
    if not isinstance(through, str):
        pair = shape(through) == (2,) and all(is_number(plain(number)) for number in through)
        if not pair or min(through) <= 0:
            raise ValueError(f"a slope needs two positive numbers to go through, but was given {through!r}")
        through = (float(through[0]), float(through[1]))
    if label is None:
        label = "slope" if isinstance(order, str) else f"slope {order:g}".replace("-", "−")
    return Slope(order=order, through=through, label=label, color=color, show=show)


def curves(
    layers: Sequence[Layer],
    *,
    xlabel: str = "",
    ylabel: str = "",
    xlog: bool = False,
    ylog: bool = False,
    xlim: Limits = None,
    ylim: Limits = None,
    cursor: bool = True,
    title: str = "",
    drag: Sequence[str] = (),
) -> Curves:
    """Axes on which layers are drawn, in their order.

    Cursors of views of curves over 0, 1, 2, … with the same `xlabel` move together, and a cursor over lines
    marks the same step on the paths of a plane.

    Args:
        layers: from `line`, `band`, `points`, `bars`, `residuals`, `rule`, `slope`.
        xlabel, ylabel, title: texts.
        xlog, ylog: logarithmic axes, on which values that are not positive are left out, as the view says; of
            a band what is positive is drawn.
        xlim, ylim: (low, high); fitted to what is drawn when left out; an end of None is fitted, within the
            other.
        cursor: whether pointing at the view shows the values there.
        drag: names of controls that are shown here and can be dragged.
    """
    checked = checked_layers(layers, LAYERS, "a view of curves")
    parts: dict[str, Any] = {
        "xlim": checked_limits(xlim, "xlim"),
        "ylim": checked_limits(ylim, "ylim"),
        "drag": several(drag),
    }
    for limits, log, name in ((parts["xlim"], xlog, "xlim"), (parts["ylim"], ylog, "ylim")):
        if log and limits is not None and any(end is not None and end <= 0 for end in limits):
            raise ValueError(f"{name}={limits!r} is on a logarithmic axis, whose limits must be positive")
    if any(isinstance(layer, Slope) for layer in checked) and not (xlog and ylog):
        raise ValueError(f"a slope needs log–log axes, but the view has xlog={xlog}, ylog={ylog}")
    if any(isinstance(layer, Bars) for layer in checked) and xlog:
        raise ValueError("bars stand over 0, 1, 2, …, but the view has a logarithmic x-axis: leave out xlog")
    return Curves(checked, xlabel, ylabel, xlog, ylog, cursor=cursor, title=title, **parts)
