"""Paths in a plane of the picture: as far as the plane shows them, with an arrowhead where they leave it."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from livefig.picture.scene import Scene, color, finite_end, lonely
from livefig.views import Path

Segment = tuple[np.ndarray, np.ndarray]  # from a point to a point


def path_rows(layer: Path, scene: Scene) -> np.ndarray:
    """The rows of a path, NaN where one has no place, up to the end of what is finite."""
    rows = scene.rows(layer.data, layer.count)
    rows = rows[: finite_end(*rows.T)]
    return np.where(np.isfinite(rows).all(axis=1, keepdims=True), rows, np.nan)


def draw_path(axes: Axes, layer: Path, scene: Scene) -> Artist:
    """Draw a path over the limits that `axes` has."""
    rows = path_rows(layer, scene)
    low, high = np.transpose([axes.get_xlim(), axes.get_ylim()])
    pieces, exits = cut_at_border(rows, low, high)
    style = {"color": color(layer), "linestyle": "--" if layer.dash else "-", "linewidth": 1.4}
    marker = {"marker": "o" if layer.marker else None, "markersize": 2.8}
    axes.plot(*pieces.T, **style)
    dots = rows if layer.marker else rows[lonely(*rows.T)]
    axes.plot(*dots.T, "o", color=color(layer), markersize=2.8)
    axes.plot(*rows[-1:].T, "o", color=color(layer), markersize=4.5)
    for start, end in exits:
        _draw_exit(axes, start, end, color(layer))
    [mark] = axes.plot([], [], **style, **marker)  # of which nothing but the legend knows
    return mark


def cut_at_border(rows: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, list[Segment]]:
    """The polyline through `rows` as far as the box from `low` to `high` shows it, NaN between its pieces,
    and the segments by which it leaves the box. Once it has left, a segment between two points outside is
    left out also where it crosses the box, as in the page."""
    inside = np.all((rows >= low) & (rows <= high), axis=1)  # NaN is not
    pieces: list[np.ndarray] = []
    exits: list[Segment] = []
    for index in range(1, len(rows)):
        start, end = rows[index - 1 : index + 1]
        if not np.isfinite([start, end]).all() or not (inside[index - 1] or inside[index] or not exits):
            continue
        whole = inside[index - 1] and inside[index]
        cut = (start, end) if whole else _cut_segment(start, end, low, high)
        if cut is None:
            continue
        joined = pieces and np.array_equal(pieces[-1], cut[0])
        pieces += [cut[1]] if joined else [np.full(2, np.nan), *cut]
        if not inside[index]:
            exits.append(cut)
    return np.reshape(pieces, (-1, 2)), exits


def _cut_segment(start: np.ndarray, end: np.ndarray, low: np.ndarray, high: np.ndarray) -> Segment | None:
    """The part of a segment that is in a box, or None (Liang and Barsky 1984)."""
    if np.abs(start).max() > np.abs(end).max():  # measured from the nearer end, so that no digits are lost
        cut = _cut_segment(end, start, low, high)
        return cut and cut[::-1]
    first, last = 0.0, 1.0
    with np.errstate(over="ignore"):
        way = end - start
    if not np.isfinite(way).all():
        return None  # nobody can tell where such a line goes
    for step, room in zip([*-way, *way], [*(start - low), *(high - start)], strict=True):
        if step == 0 and room < 0:
            return None
        if step < 0:
            first = max(first, room / step)
        if step > 0:
            last = min(last, room / step)
    return None if first > last else (start + first * way, start + last * way)


def _draw_exit(axes: Axes, start: np.ndarray, end: np.ndarray, shade: str) -> None:
    style = {"arrowstyle": "-|>", "color": shade, "linewidth": 0, "mutation_scale": 14}
    style |= {"shrinkA": 0, "shrinkB": 0}
    head = axes.annotate("", end, start, arrowprops=style, annotation_clip=False)
    head.arrow_patch.set_clip_path(axes.patch)
