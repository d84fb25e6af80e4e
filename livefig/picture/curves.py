"""A view of curves of the picture."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from livefig.picture.plane import draw_points
from livefig.picture.rules import draw_straight
from livefig.picture.scene import MARGIN, Marks, Scene, color, draw_handles, limits, lonely, say, wrap
from livefig.views import Band, Bars, Curves, Layer, Line, Points, Residuals, Rule, Slope

SAID_LINE = 14  # points, of a sentence at the foot of a plot
BARS = 0.8  # of the room of an index, that its bars take
EMPTY_LOG = "Nothing above zero to draw on a logarithmic axis."


def draw_curves(axes: Axes, view: Curves, scene: Scene) -> Marks:
    """Draw a view of curves; the marks of its layers by label and colour."""
    layers = [layer for layer in view.layers if scene.shown(layer)]
    series = [layer for layer in layers if not isinstance(layer, Rule | Slope)]
    axes.set(xscale="log" if view.xlog else "linear", yscale="log" if view.ylog else "linear")
    spans = [_span(layer, view, scene) for layer in series]
    rules = [layer for layer in layers if isinstance(layer, Rule)]
    guests = [tuple(scene.number(np.nan if at is None else at) for at in (r.x, r.y)) for r in rules]
    if not series:
        spans = list(guests)
    spans += [(places[:, 0], places[:, 1]) for places in scene.dragged(view)]
    beside = MARGIN if any(isinstance(layer, Points | Residuals) for layer in view.layers) else 0
    xlim = limits(view.xlim, [x for x, _ in spans], view.xlog, beside, [x for x, _ in guests])
    axes.set(
        xlim=xlim, ylim=limits(view.ylim, [y for _, y in spans], view.ylog, MARGIN, [y for _, y in guests])
    )
    heights = np.concatenate([*(np.ravel(y) for _, y in spans), np.zeros(0)])
    empty = view.ylog and heights.size and not np.any(heights > 0)
    said = "" if empty else left_out(series, view, scene)
    drawn: Marks = {}
    draw_straight(axes, layers, scene, SAID_LINE * len(wrap(axes, said)))
    for layer in series:
        drawn[layer.label, layer.color] = _DRAWERS[type(layer)](axes, layer, view, scene)
    for (label, _), mark in drawn.items():
        mark.set_label(label)
    if not any(isinstance(layer, Bars) for layer in series):  # whose tops are handles
        draw_handles(axes, view, scene)
    if empty or said:
        say(axes, said or EMPTY_LOG, aside=bool(said))
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
            points = scene.points(layer.data)
            return points[:, 0], points[:, 1]
    return tuple(_series(layer, view, scene, layer.y))


def left_out(series: Sequence[Layer], view: Curves, scene: Scene) -> str:
    """Sentences on the layers with numbers for which a logarithmic axis has no place; "" if none has any.

    What is zero has no fault: it is said from where on.
    """
    found: dict[str, dict[str, None]] = {}
    for layer in series:
        if not _is_left_out(layer, view, scene):
            continue
        first = _zero_from(layer, scene)
        why = "Not positive, so not drawn"
        if first == 0:
            why = "Exactly 0, below a logarithmic axis"
        elif first > 0:
            why = f"Exactly 0 from {view.xlabel or 'index'} {first} on, below a logarithmic axis"
        found.setdefault(why, {})[layer.label or next(iter(layer.arrays()))] = None
    return " ".join(f"{why}: {', '.join(names)}." for why, names in found.items())


def _zero_from(layer: Layer, scene: Scene) -> int:
    """From which index on a line is exactly zero, and positive before; -1 if it is otherwise not positive."""
    if not isinstance(layer, Line | Bars):
        return -1
    heights = scene.rows(layer.y, layer.count)
    if np.all(heights == 0):
        return 0
    if getattr(layer, "x", None) is not None:
        return -1
    first = int(np.argmax(heights <= 0))
    return first if np.all(heights[first:] == 0) else -1


def _is_left_out(layer: Layer, view: Curves, scene: Scene) -> bool:
    if isinstance(layer, Points | Residuals):
        x, *heights = scene.points(layer.data).T
        heights += [scene.array(layer.fitted)] if isinstance(layer, Residuals) else []
    else:
        names = [layer.low, layer.high] if isinstance(layer, Band) else [layer.y]
        heights = [scene.rows(name, layer.count) for name in names]
        over = getattr(layer, "x", None)
        x = np.arange(len(heights[0])) if over is None else scene.rows(over, layer.count)
    shown = np.isfinite([x, *heights]).all(axis=0)
    # Of a band what is positive is drawn.
    tallest = np.max(heights, axis=0) if isinstance(layer, Band) else np.min(heights, axis=0)
    return bool(np.any(shown & ((view.xlog & (x <= 0)) | (view.ylog & (tallest <= 0)))))


def _positive(values: np.ndarray, log: bool) -> np.ndarray:
    """Numbers to draw along an axis: none for which a logarithmic one has no place."""
    return np.where(values <= 0, np.nan, values) if log else values


def _draw_line(axes: Axes, layer: Line, view: Curves, scene: Scene) -> Artist:
    x, y = _series(layer, view, scene, layer.y)
    y = _positive(y, view.ylog)
    style = {"color": color(layer), "linestyle": "--" if layer.dash else "-", "linewidth": 1.4}
    alone = [] if layer.marker else np.flatnonzero(lonely(x, y))
    axes.plot(x[alone], y[alone], "o", color=color(layer), markersize=2.8)
    [mark] = axes.plot(x, y, **style, marker="o" if layer.marker else None, markersize=2.8)
    return mark


def _draw_band(axes: Axes, layer: Band, view: Curves, scene: Scene) -> Artist:
    x, *sides = _series(layer, view, scene, layer.low, layer.high)
    if view.ylog:  # what begins at zero or below reaches down through the floor
        floor, top = axes.get_ylim()
        nowhere = np.max(sides, axis=0) <= 0
        sides = [np.where(side <= 0, floor * (floor / top) ** 0.1, side) for side in sides]
        x = np.where(nowhere, np.nan, x)
        sides = [np.where(nowhere, np.nan, side) for side in sides]
    return axes.fill_between(x, *sides, color=color(layer), alpha=0.2, linewidth=0)


def _draw_bars(axes: Axes, layer: Bars, view: Curves, scene: Scene) -> Artist:
    groups = [other for other in view.layers if isinstance(other, Bars)]
    width = BARS / len(groups)
    place = next(index for index, other in enumerate(groups) if other is layer)  # others may be equal to it
    offset = (place - (len(groups) - 1) / 2) * width
    x, y = _series(layer, view, scene, layer.y)
    base = axes.get_ylim()[0] if view.ylog else 0
    tops = _positive(y, view.ylog)
    axes.bar(x + offset, tops - base, width * 0.92, bottom=base, color=color(layer), alpha=0.78)
    return Patch(color=color(layer), alpha=0.78)


def _draw_scatter(axes: Axes, layer: Points, view: Curves, scene: Scene) -> Artist:
    x, y = scene.points(layer.data).T
    return draw_points(axes, layer, np.stack([_positive(x, view.xlog), _positive(y, view.ylog)], axis=1))


def _draw_residuals(axes: Axes, layer: Residuals, view: Curves, scene: Scene) -> Artist:
    x, y = scene.points(layer.data).T
    ends = (_positive(y, view.ylog), _positive(scene.array(layer.fitted), view.ylog))
    return axes.vlines(_positive(x, view.xlog), *ends, color=color(layer), linewidth=1.4)


_DRAWERS = {
    Line: _draw_line, Band: _draw_band, Bars: _draw_bars, Points: _draw_scatter, Residuals: _draw_residuals,
}  # fmt: skip
