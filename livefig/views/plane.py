"""The plane, and the layers on it that outputs give."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from livefig.description import Described, several
from livefig.views.common import Layer, Limits, Mark, checked_layers, checked_limits
from livefig.views.fields import Contours, Model, Regions, Vectors


@dataclass(frozen=True, kw_only=True)
class Path(Mark):
    """A polyline in the plane; see `path`."""

    SHAPES: ClassVar = {"data": (("k", 2),)}

    data: str
    count: str | None
    dash: bool
    marker: bool


@dataclass(frozen=True, kw_only=True)
class Points(Mark):
    """Points in a plane or among curves; see `points`."""

    SHAPES: ClassVar = {"data": ((2,), ("k", 2))}

    data: str


@dataclass(frozen=True, kw_only=True)
class Arrow(Mark):
    """Arrows from points along vectors; see `arrow`."""

    SHAPES: ClassVar = {"origin": ((2,), ("k", 2)), "vector": ((2,), ("k", 2))}

    origin: str
    vector: str
    count: str | None


@dataclass(frozen=True, kw_only=True)
class Ellipse(Mark):
    """The conic that a matrix defines; see `ellipse`."""

    SHAPES: ClassVar = {"center": ((2,),), "matrix": ((2, 2),), "radius": ((),)}

    center: str
    matrix: str
    radius: str | float
    dash: bool


LAYERS = (Contours, Path, Points, Arrow, Ellipse, Vectors, Regions, Model)


@dataclass(frozen=True)
class Plane(Described):
    """A plane with layers; see `plane`."""

    layers: tuple[Layer, ...]
    xlim: Limits
    ylim: Limits
    drag: tuple[str, ...]
    xlabel: str
    ylabel: str
    title: str
    equal: bool


def path(
    data: str,
    *,
    count: str | None = None,
    color: str = "blue",
    label: str = "",
    show: str | None = None,
    dash: bool = False,
    marker: bool = True,
) -> Path:
    """A polyline through the rows of the output `data`, of shape (k, 2).

    A row with NaN has no place and leaves a gap. The path ends before a row that is infinite, or from which
    on all are NaN, and the figure says so. Where it leaves the view it ends with an arrowhead at the border,
    and after that only segments to or from a row inside are drawn: a run that diverges to and fro does not
    fill the view.

    Args:
        data: the output's name.
        count: the name of an integer output, the index of the last row to draw; all rows when left out.
        color, label, show: its colour, its entry in the legend, the toggle that shows and hides it.
        dash: whether the line is dashed, so that another one can be seen below it.
        marker: whether each row is marked by a dot.
    """
    return Path(data=data, count=count, color=color, label=label, show=show, dash=dash, marker=marker)


def points(data: str, *, color: str = "ink", label: str = "", show: str | None = None) -> Points:
    """The output or control `data`, of shape (2,) or (k, 2), as points (x, y) of a plane or among curves."""
    return Points(data=data, color=color, label=label, show=show)


def arrow(
    origin: str,
    vector: str,
    *,
    count: str | None = None,
    color: str = "ink",
    label: str = "",
    show: str | None = None,
) -> Arrow:
    """An arrow from `origin` to `origin + vector`, or one for each row.

    Args:
        origin, vector: names of outputs (or of point controls) of shape (2,) or (k, 2); a single one goes
            with all rows of the other.
        count: the name of an integer output, the index of the last row to draw. With it the rows count as
            steps of a method, and the cursor of a view of curves picks one out.
        color, label, show: its colour, its entry in the legend, the toggle that shows and hides it.
    """
    return Arrow(origin=origin, vector=vector, count=count, color=color, label=label, show=show)


def ellipse(
    center: str,
    matrix: str,
    *,
    radius: str | float = 1.0,
    color: str = "blue",
    label: str = "",
    show: str | None = None,
    dash: bool = False,
) -> Ellipse:
    """The points θ with (θ − c)ᵀM(θ − c) = r², in full as far as the view shows them.

    For a positive definite M this is an ellipse, and a pair of parallel lines when M is singular or nearly
    so. For an indefinite M it is a hyperbola, which is drawn likewise. Where M has no positive eigenvalue
    there is no such point, and the plot says so.

    Args:
        center: c, the name of an output (or of a point control) of shape (2,).
        matrix: M, the name of an output of shape (2, 2), of which the symmetric part counts.
        radius: r, a number or the name of a scalar output or control.
        color, label, show: its colour, its entry in the legend, the toggle that shows and hides it.
        dash: whether the line is dashed.
    """
    described = Ellipse(
        center=center, matrix=matrix, radius=radius, color=color, label=label, show=show, dash=dash
    )
    if not isinstance(radius, str) and not radius > 0:
        raise ValueError(f"an ellipse needs a positive radius, but was given radius={radius!r}")
    return described


def plane(
    layers: Sequence[Layer],
    *,
    xlim: Limits = None,
    ylim: Limits = None,
    drag: Sequence[str] = (),
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    equal: bool = True,
) -> Plane:
    """A plane on which layers lie, drawn in their order.

    Args:
        layers: from `contours`, `vectors`, `regions`, `model`, `path`, `points`, `arrow`, `ellipse`.
        xlim, ylim: (low, high); fitted to what is drawn when left out, on one side where an end is None.
        drag: names of controls that are shown here and can be dragged.
        xlabel, ylabel, title: texts.
        equal: whether a unit is as long on both axes.
    """
    return Plane(
        checked_layers(layers, LAYERS, "a plane"),
        checked_limits(xlim, "xlim"),
        checked_limits(ylim, "ylim"),
        several(drag),
        xlabel,
        ylabel,
        title,
        equal,
    )
