"""Layers of a plane that a function of the point gives: level lines, arrows, regions, a quadratic model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from livefig.description import several
from livefig.views.common import CLASS_COLORS, Layer, Mark, checked_count, checked_levels


@dataclass(frozen=True, kw_only=True)
class FieldLayer(Layer):
    """What a function of the point gives; `number`: which of its figure's fields that is."""

    field: Callable[..., Any]
    number: int | None = None


@dataclass(frozen=True, kw_only=True)
class Contours(FieldLayer):
    """Level lines of a scalar field; see `contours`."""

    levels: int | tuple[float, ...]
    spacing: str
    fill: bool


@dataclass(frozen=True, kw_only=True)
class Vectors(FieldLayer, Mark):
    """Arrows of a vector field; see `vectors`."""

    cells: int


@dataclass(frozen=True, kw_only=True)
class Regions(FieldLayer):
    """Regions in which a field of whole numbers is the same; see `regions`."""

    labels: tuple[str, ...]
    palette: tuple[str, ...]
    cells: int

    def colors(self) -> tuple[str, ...]:
        return self.palette


@dataclass(frozen=True, kw_only=True)
class Model(Mark):
    """Level lines of a second-order model; see `model`."""

    SHAPES: ClassVar = {
        "center": ((2,),), "gradient": ((2,),), "matrix": ((2, 2),), "value": ((),),
    }  # fmt: skip

    center: str
    gradient: str
    matrix: str
    value: str | float
    levels: int | tuple[float, ...]
    spacing: str


def contours(
    field: Callable[..., Any],
    *,
    levels: int | Sequence[float] = 14,
    spacing: str = "log",
    fill: bool = False,
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
        fill: whether the regions between lines are coloured by height, pale where it is low; else a faint
            grey.
        label: its entry in the legend.
        show: the name of a toggle that shows and hides it.
    """
    _callable(field, "contours", "scalar")
    levels = checked_levels(levels, spacing, "contours")
    return Contours(field=field, levels=levels, spacing=spacing, fill=bool(fill), label=label, show=show)


def vectors(
    field: Callable[..., Any],
    *,
    cells: int = 15,
    color: str = "grey",
    label: str = "",
    show: str | None = None,
) -> Vectors:
    """Arrows on a grid that point where `field` does, the longer the larger it is.

    Lengths are compressed: an arrow eight times as long as another is drawn twice as long.

    Args:
        field: a JAX function `field(point, **controls) -> array of shape (2,)`, compiled as by `contours`.
        cells: how many arrows along the longer side of the view.
        color, label, show: its colour, its entry in the legend, the toggle that shows and hides it.
    """
    _callable(field, "vectors", "array of shape (2,)")
    cells = checked_count(cells, "vectors", 40)
    return Vectors(field=field, cells=cells, color=color, label=label, show=show)


def regions(
    field: Callable[..., Any],
    labels: Sequence[str],
    *,
    colors: Sequence[str] | None = None,
    cells: int = 60,
    show: str | None = None,
) -> Regions:
    """Regions of the plane coloured by the whole number that `field` gives, such as the minimum that a method
    reaches from each point.

    The page computes a coarse grid at once and refines it while the reader pauses, so a field may cost some
    microseconds a point.

    Args:
        field: a JAX function `field(point, **controls) -> integer`, compiled as by `contours`.
        labels: what the numbers 0, 1, … stand for, in the legend; any other number stays without a colour.
        colors: a colour for each label; those of the palette in turn when left out.
        cells: along the longer side of the view.
        show: the name of a toggle that shows and hides it.
    """
    _callable(field, "regions", "integer")
    listed = isinstance(labels, Sequence) and not isinstance(labels, str)
    if not listed or not labels or not all(isinstance(text, str) for text in labels):
        raise ValueError(
            f"regions need a text for each number that the field gives, but were given {labels!r}"
        )
    if colors is None:
        colors = [CLASS_COLORS[index % len(CLASS_COLORS)] for index in range(len(labels))]
    colors = several(colors)
    if len(colors) != len(labels) or not all(isinstance(name, str) for name in colors):
        raise ValueError(f"regions need a colour for each of {len(labels)} labels, but were given {colors!r}")
    cells = checked_count(cells, "regions", 120)
    return Regions(field=field, labels=tuple(labels), palette=tuple(colors), cells=cells, show=show)


def model(
    center: str,
    gradient: str,
    matrix: str,
    *,
    value: str | float = 0.0,
    levels: int | Sequence[float] = 10,
    spacing: str = "log",
    color: str = "orange",
    label: str = "",
    show: str | None = None,
) -> Model:
    """Level lines of value + gᵀ(θ − c) + ½ (θ − c)ᵀM(θ − c), the second-order model at an iterate, say.

    Args:
        center, gradient: names of outputs (or of point controls) of shape (2,): c and g.
        matrix: the name of an output of shape (2, 2): M, of which the symmetric part counts.
        value: the model's value at c, a number or the name of a scalar output.
        levels, spacing: as for `contours`, between the model's own extremes in the view.
        color, label, show: its colour, its entry in the legend, the toggle that shows and hides it.
    """
    levels = checked_levels(levels, spacing, "contours of a model")
    return Model(
        center=center, gradient=gradient, matrix=matrix, value=value, levels=levels, spacing=spacing,
        color=color, label=label, show=show,
    )  # fmt: skip


def _callable(field: Any, what: str, result: str) -> None:
    if not callable(field):
        raise TypeError(f"{what} need a function field(point, ...) -> {result}, but were given {field!r}")
