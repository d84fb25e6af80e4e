"""Layers of a plane that a function of the point gives: contours, a quadratic model, vectors, regions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse, Patch

from livefig import palette
from livefig.picture.scene import GREY, Marks, Scene, color
from livefig.views import Contours, Layer, Model, Regions, Vectors

CELLS = 192  # of the grid on which a field is evaluated, along each side
DECADES = 4  # that logarithmic levels span
SHADED, FILLED = 0.2, 0.65  # how far the colours of the highest region go
COMPRESSION = 1 / 3  # the power of a vector's size that its arrow is as long as


def draw_field(axes: Axes, layer: Layer, scene: Scene, beside: Sequence[Layer]) -> Marks:
    """Draw a layer over the limits that `axes` has, `beside` the others of its plane."""
    if isinstance(layer, Regions):
        return _draw_regions(axes, layer, scene)
    mark = _draw_vectors(axes, layer, scene) if isinstance(layer, Vectors) else None
    mark = mark or _draw_levels(axes, layer, scene, beside)
    mark.set_label(layer.label)
    return {(layer.label, getattr(layer, "color", "")): mark}


def levels(values: np.ndarray, count: int | Sequence[float], spacing: str) -> np.ndarray:
    """The front end's contour levels: as listed, or `count` of them between the extremes of finite values."""
    if not isinstance(count, int):
        return np.asarray(count)
    finite = values[np.isfinite(values)]
    if not finite.size or finite.min() == finite.max():
        return np.zeros(0)
    low, high = float(finite.min()), float(finite.max())
    parts = np.arange(1, count + 1) / (count + 1)
    return low + (high - low) * (parts if spacing == "linear" else 10 ** (DECADES * (parts - 1)))


def _grid(axes: Axes, columns: int, rows: int, centers: bool = False) -> tuple[np.ndarray, ...]:
    """Coordinates along both axes, and the points of the grid: of its nodes, or of its cells' centers."""
    along = []
    for (low, high), count in ((axes.get_xlim(), columns), (axes.get_ylim(), rows)):
        parts = (np.arange(count) + 0.5) / count if centers else np.arange(count + 1) / count
        along.append(low + (high - low) * parts)
    return *along, np.stack(np.meshgrid(*along), axis=-1).reshape(-1, 2)


def _values(axes: Axes, layer: Layer, scene: Scene) -> tuple[np.ndarray, ...]:
    x, y, grid = _grid(axes, CELLS, CELLS)
    if isinstance(layer, Model):
        center, gradient, matrix = (scene.array(getattr(layer, n)) for n in ("center", "gradient", "matrix"))
        away = grid - center
        curved = np.einsum("ni,ij,nj->n", away, matrix, away) / 2
        values = scene.number(layer.value) + away @ gradient + curved
    else:
        values = scene.definition.field_values(layer, scene.state, grid)
    return x, y, values.reshape(CELLS + 1, CELLS + 1)


def _draw_levels(axes: Axes, layer: Layer, scene: Scene, beside: Sequence[Layer]) -> Artist:
    x, y, values = _values(axes, layer, scene)
    values = values.astype(float)
    heights = levels(values[::2, ::2], layer.levels, layer.spacing)  # as the page computes it
    finite = values[np.isfinite(values)]
    line = {"linewidths": 0.6, "alpha": 0.7, "colors": GREY}
    if isinstance(layer, Model):
        line = {"linewidths": 0.9, "linestyles": "--", "colors": color(layer)}
    if len(heights) and finite.size:
        low, high = finite.min(), finite.max()
        # Between nodes the interpolation is linear, to which the root of a bowl is closer than the bowl.
        bend = (lambda value: np.sqrt(np.maximum(0, value - low))) if layer.spacing == "log" else np.asarray
        inside = heights[(heights > low) & (heights < high)]
        bent, edges = bend(values), bend(np.array([low, *inside, high]))
        edges[-1] = max(edges[-1], np.nextafter(edges[-2], np.inf))  # bent, two may be the same number
        if isinstance(layer, Contours) and not any(isinstance(other, Regions) for other in beside):
            shades = _shades(layer, np.arange(len(heights) + 1) / len(heights))
            shades = shades[np.count_nonzero(heights <= low) :]  # what is above them all around
            axes.contourf(x, y, bent, levels=edges, colors=shades[: len(edges) - 1])
        if inside.size:
            axes.contour(x, y, bent, levels=edges[1:-1], **line)
    if isinstance(layer, Model):
        return Line2D([], [], color=color(layer), linewidth=0.9, linestyle="--")
    return Ellipse((0, 0), 1, 1, facecolor="none", edgecolor=GREY)


def _shades(layer: Contours, parts: np.ndarray) -> list[Any]:
    if layer.fill:
        return list(palette.ramp("sequential")(FILLED * parts))
    return [_mix(GREY, SHADED * part) for part in parts]


def _mix(name: str, part: float) -> tuple[float, ...]:
    """White with a part of a colour in it."""
    return tuple(1 - part * (1 - np.array(to_rgb(name))))


def _shape(axes: Axes, cells: int) -> tuple[int, int]:
    """Columns and rows of nearly square cells over a plot, `cells` along its longer side."""
    box = axes.get_window_extent()
    longer = max(box.width, box.height)
    return max(1, round(cells * box.width / longer)), max(1, round(cells * box.height / longer))


def _draw_vectors(axes: Axes, layer: Vectors, scene: Scene) -> Artist:
    columns, rows = _shape(axes, layer.cells)
    *_, points = _grid(axes, columns, rows, centers=True)
    vectors = scene.definition.field_values(layer, scene.state, points)
    box = axes.get_window_extent()
    spans = np.array([np.diff(axes.get_xlim())[0], np.diff(axes.get_ylim())[0]])
    pixels = vectors * np.array([box.width, box.height]) / spans
    lengths = np.linalg.norm(pixels, axis=1)
    drawn = np.isfinite(lengths) & (lengths > 0)
    if drawn.any():
        cell = min(box.width / columns, box.height / rows)
        longest = lengths[drawn].max()
        wanted = 0.92 * cell * (lengths[drawn] / longest) ** COMPRESSION / lengths[drawn]
        axes.quiver(
            *points[drawn].T, *(pixels[drawn] * wanted[:, None] / axes.figure.dpi).T, angles="uv",
            scale_units="inches", scale=1, pivot="middle", width=0.0025, headwidth=5, color=color(layer),
        )  # fmt: skip
    return Line2D([], [], color=color(layer), marker=">", markersize=4)


def _draw_regions(axes: Axes, layer: Regions, scene: Scene) -> Marks:
    columns, rows = _shape(axes, layer.cells)
    *_, points = _grid(axes, columns, rows, centers=True)
    classes = scene.definition.field_values(layer, scene.state, points).reshape(rows, columns).astype(int)
    marks: Marks = {}
    image = np.ones((rows, columns, 3))
    for index, (label, name) in enumerate(zip(layer.labels, layer.palette, strict=True)):
        shade = _mix(palette.COLORS[name][0], palette.TINT[0])
        image[classes == index] = shade
        marks[label, name] = Patch(facecolor=shade, label=label)
    extent = (*axes.get_xlim(), *axes.get_ylim())
    axes.imshow(image, extent=extent, origin="lower", aspect=axes.get_aspect(), interpolation="nearest")
    return marks
