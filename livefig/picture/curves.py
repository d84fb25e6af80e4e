"""A view of curves of the picture."""

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from livefig.picture.plane import draw_points
from livefig.picture.rules import draw_straight
from livefig.picture.scene import MARGIN, Marks, Scene, color, draw_handles, limits, say
from livefig.views import Band, Bars, Curves, Layer, Line, Points, Residuals, Rule, Slope

BARS = 0.8  # of the room of an index, that its bars take
EMPTY_LOG = "Nothing above zero to draw on a logarithmic axis."


def draw_curves(axes: Axes, view: Curves, scene: Scene) -> Marks:
    """Draw a view of curves; the marks of its layers by label and colour."""
    layers = [layer for layer in view.layers if scene.shown(layer)]
    series = [layer for layer in layers if not isinstance(layer, Rule | Slope)]
    axes.set(xscale="log" if view.xlog else "linear", yscale="log" if view.ylog else "linear")
    spans = [_span(layer, view, scene) for layer in series]
    if not series:
        rules = [layer for layer in layers if isinstance(layer, Rule)]
        spans = [tuple(scene.number(np.nan if at is None else at) for at in (r.x, r.y)) for r in rules]
    spans += [(places[:, 0], places[:, 1]) for places in scene.dragged(view)]
    beside = MARGIN if any(isinstance(layer, Points | Residuals) for layer in view.layers) else 0
    low, high = limits(view.ylim, [y for _, y in spans], view.ylog, MARGIN)
    axes.set(xlim=limits(view.xlim, [x for x, _ in spans], view.xlog, beside), ylim=(low, high))
    drawn: Marks = {}
    draw_straight(axes, layers, scene)
    for layer in series:
        drawn[layer.label, layer.color] = _DRAWERS[type(layer)](axes, layer, view, scene)
    for (label, _), mark in drawn.items():
        mark.set_label(label)
    if not any(isinstance(layer, Bars) for layer in series):  # whose tops are handles
        draw_handles(axes, view, scene)
    heights = np.concatenate([*(np.ravel(y) for _, y in spans), np.zeros(0)])
    if view.ylog and heights.size and not np.any(heights > 0):
        say(axes, EMPTY_LOG)
    return {key: mark for key, mark in drawn.items() if key[0]}


def _series(layer: Any, view: Curves, scene: Scene, *names: str) -> list[np.ndarray]:
    """x and the named arrays; NaN, a gap, where one is not finite or a logarithmic x-axis has no place."""
    count = getattr(layer, "count", None)
    arrays = [scene.rows(name, count) for name in names]
    over = getattr(layer, "x", None)
    x = np.arange(len(arrays[0]), dtype=float) if over is None else scene.rows(over, count)
    keep = np.isfinite(x) & np.all(np.isfinite(arrays), axis=0) & ((x > 0) | (not view.xlog))
    return [np.where(keep, values, np.nan) for values in (x, *arrays)]


def _span(layer: Layer, view: Curves, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """The numbers along both axes that limits are fitted to."""
    match layer:
        case Band():
            x, low, high = _series(layer, view, scene, layer.low, layer.high)
            return x, np.concatenate([low, high])
        case Bars():
            x, y = _series(layer, view, scene, layer.y)
            return np.array([-0.5, len(x) - 0.5]), np.append(y, 0)
        case Points() | Residuals():
            points = np.atleast_2d(scene.array(layer.data))
            return points[:, 0], points[:, 1]
    return tuple(_series(layer, view, scene, layer.y))


def _visible(y: np.ndarray, axes: Axes, view: Curves) -> np.ndarray:
    """Heights to draw: on a logarithmic axis what reaches zero leaves through the floor."""
    low, high = axes.get_ylim()
    return np.where(y <= 0, low * (low / high) ** 0.1, y) if view.ylog else y


def _draw_line(axes: Axes, layer: Line, view: Curves, scene: Scene) -> Artist:
    x, y = _series(layer, view, scene, layer.y)
    [mark] = axes.plot(
        x, _visible(y, axes, view), color=color(layer), linestyle="--" if layer.dash else "-", linewidth=1.4,
        marker="o" if layer.marker or len(x) == 1 else None, markersize=2.8,
    )  # fmt: skip
    return mark


def _draw_band(axes: Axes, layer: Band, view: Curves, scene: Scene) -> Artist:
    x, *sides = _series(layer, view, scene, layer.low, layer.high)
    return axes.fill_between(
        x, *(_visible(side, axes, view) for side in sides), color=color(layer), alpha=0.2, linewidth=0
    )


def _draw_bars(axes: Axes, layer: Bars, view: Curves, scene: Scene) -> Artist:
    groups = [other for other in view.layers if isinstance(other, Bars)]
    width = BARS / len(groups)
    place = next(index for index, other in enumerate(groups) if other is layer)  # others may be equal to it
    offset = (place - (len(groups) - 1) / 2) * width
    x, y = _series(layer, view, scene, layer.y)
    base = axes.get_ylim()[0] if view.ylog else 0
    tops = _visible(y, axes, view)
    axes.bar(x + offset, tops - base, width * 0.92, bottom=base, color=color(layer), alpha=0.78)
    return Patch(color=color(layer), alpha=0.78)


def _draw_scatter(axes: Axes, layer: Points, view: Curves, scene: Scene) -> Artist:
    return draw_points(axes, layer, np.atleast_2d(scene.array(layer.data)))


def _draw_residuals(axes: Axes, layer: Residuals, view: Curves, scene: Scene) -> Artist:
    x, y = scene.array(layer.data).T
    return axes.vlines(x, y, scene.array(layer.fitted), color=color(layer), linewidth=1.4)


_DRAWERS = {
    Line: _draw_line, Band: _draw_band, Bars: _draw_bars, Points: _draw_scatter, Residuals: _draw_residuals,
}  # fmt: skip
