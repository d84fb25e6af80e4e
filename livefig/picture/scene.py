"""A figure in one state, and what every part of its picture needs."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from livefig import palette, template
from livefig.definition import Definition, State
from livefig.views import Layer, Limits, Text

INK, GREY = palette.COLORS["ink"][0], palette.COLORS["grey"][0]
PLANE_ASPECT = 0.8  # height by width, where limits do not say
MARGIN = 0.04  # of the span, beside what is fitted
FARTHEST = (
    200  # the power of ten to which limits are fitted at most: spans, and ticks beyond them, are finite
)

RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "+")

LETTER = 5.2  # points, about how wide one is of a sentence in a plot

Marks = dict[tuple[str, str], Artist]  # what stands for layers in legends, by label and colour


@dataclass(frozen=True)
class Scene:
    """A figure in one state, as its drawing functions need it."""

    definition: Definition
    state: State
    outputs: dict[str, np.ndarray]

    def shown(self, part: Layer | Text) -> bool:
        """Whether no toggle hides a layer or a readout."""
        return part.show is None or bool(self.state[part.show])

    def array(self, name: str) -> np.ndarray:
        """The array that an output or a control stands for."""
        return np.asarray(self.outputs[name] if name in self.outputs else self.state[name], dtype=float)

    def rows(self, name: str, count: str | None = None) -> np.ndarray:
        """An array up to and including the row that `count` names."""
        values = self.array(name)
        return values[: self.length(len(values), count)]

    def points(self, name: str) -> np.ndarray:
        """An array as points of shape (k, 2); both numbers are NaN of a point without a place."""
        points = np.atleast_2d(self.array(name))
        return np.where(np.isfinite(points).all(axis=1, keepdims=True), points, np.nan)

    def length(self, rows: int, count: str | None) -> int:
        """How many of so many rows count: up to and including the one whose index `count` names."""
        return rows if count is None else min(max(int(self.outputs[count]) + 1, 0), rows)

    def number(self, at: float | str) -> float:
        """A number, which may be the value of an output or a control."""
        return float(self.array(at)) if isinstance(at, str) else at

    def dragged(self, view: Any) -> list[np.ndarray]:
        """The points of what can be dragged in a view, each of shape (k, 2)."""
        return [np.atleast_2d(self.array(name)) for name in view.drag]


def color(layer: Any) -> str:
    """A layer's colour on a light page."""
    return palette.COLORS[layer.color][0]


def key(layer: Any) -> tuple[str, str]:
    """What layers have in common that share an entry in a legend."""
    return layer.label, getattr(layer, "color", "")


def entries(layer: Any) -> list[tuple[str, str]]:
    """A layer's entries in the legend: one, but for regions one for each label."""
    return list(zip(layer.labels, layer.palette, strict=True)) if hasattr(layer, "labels") else [key(layer)]


def write_short(value: float, digits: int = 3) -> str:
    """A number to so many digits, as the front end writes it: 0.0123, 4.56·10⁻⁸."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return template.number(value, f",.{digits}~r")
    factor, _, exponent = template.number(value, f".{digits - 1}~e").partition("e")
    return f"{factor}·10{exponent.translate(RAISED)}" if exponent else factor


def finite_end(*arrays: np.ndarray) -> int:
    """How many entries a run has that is given by arrays of one length: up to where one of them is infinite,
    or not a number from there on."""
    infinite = np.any(np.isinf(arrays), axis=0)
    end = int(np.argmax(infinite)) if infinite.any() else len(infinite)
    there = np.flatnonzero(~np.any(np.isnan(arrays), axis=0)[:end])
    return int(there[-1]) + 1 if there.size else 0


def lonely(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which points stand between two gaps, so that no segment of their line shows them."""
    there = np.concatenate([[False], np.isfinite(x) & np.isfinite(y), [False]])
    return there[1:-1] & ~there[:-2] & ~there[2:]


def draw_handles(axes: Axes, view: Any, scene: Scene) -> None:
    """What can be dragged, as it stands."""
    for name, places in zip(view.drag, scene.dragged(view), strict=True):
        single = np.ndim(scene.state[name]) == 1
        style = (
            {"color": "white", "markeredgecolor": INK, "markeredgewidth": 1.6} if single else {"color": INK}
        )
        axes.plot(*places.T, "o", markersize=9 if single else 6, linestyle="none", **style)
        if single:
            label = scene.definition.controls[name].label
            axes.annotate(label, places[0], (8, 6), textcoords="offset points")


def say(axes: Axes, text: str, aside: bool = False) -> None:
    """Write a sentence into a plot, in its middle or `aside` of what it shows."""
    axes.text(
        0.5, 0.03 if aside else 0.5, "\n".join(wrap(axes, text)), transform=axes.transAxes, ha="center",
        va="bottom" if aside else "center", color=GREY,
    )  # fmt: skip


def wrap(axes: Axes, text: str) -> list[str]:
    """The lines of a sentence that fit into a plot."""
    points = axes.get_window_extent().width * 72 / axes.figure.dpi
    return textwrap.wrap(text, max(10, int(points / LETTER)))


def limits(
    given: Limits, values: Sequence[np.ndarray], log: bool, margin: float, guests: Sequence[float] = ()
) -> tuple[float, float]:
    """The limits of an axis: as given, or fitted with a margin to `values`, and to those `guests` that are no
    further from them than they reach; a given end clips the fit."""
    if given is not None and None not in given:
        return given
    forward = np.log10 if log else np.asarray
    low_end, high_end = given or (None, None)
    finite = np.concatenate([*(np.ravel(value) for value in values), np.zeros(0)])
    finite = finite[np.isfinite(finite) & ((finite > 0) | (not log))]
    low, high = (float(forward(finite.min())), float(forward(finite.max()))) if finite.size else (0.0, 1.0)
    farthest = float(FARTHEST) if log else 10.0**FARTHEST
    low, high = (min(max(end, -farthest), farthest) for end in (low, high))
    if low == high:
        low, high = low - beside(low), high + beside(high)
    far_low, far_high = low - (high - low), high + (high - low)
    for guest in guests:
        at = float(forward(guest)) if guest > 0 or not log else -np.inf
        if far_low <= at <= far_high:
            low, high = min(low, at), max(high, at)
    span = high - low
    low, high = low - margin * span, high + margin * span
    if low_end is not None:
        low = max(low, float(forward(low_end)))
    if high_end is not None:
        high = min(high, float(forward(high_end)))
    if low >= high:
        high = low + beside(low)
    return (10.0**low, 10.0**high) if log else (low, high)


def beside(end: float) -> float:
    """How far apart limits are where nothing else says so, so that they differ also if they are large."""
    return max(1.0, abs(end) * 1e-3)


def widen(
    xlim: tuple[float, float], ylim: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Limits widened on one axis, to the shape of a plane whose units are as long on both."""
    width, height = xlim[1] - xlim[0], ylim[1] - ylim[0]
    unit = max(width, height / PLANE_ASPECT)
    across, up = (unit - width) / 2, (unit * PLANE_ASPECT - height) / 2
    return (xlim[0] - across, xlim[1] + across), (ylim[0] - up, ylim[1] + up)
