"""The static picture of a live figure in one state, for places where no script runs.

It has the views in their order, with the limits, levels and colours of the front end. It is drawn by
matplotlib without its global state, so a reader's own style leaves it alone.
"""

import io
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from curvlib import plot
from curvlib.live.definition import Definition, State
from curvlib.live.views import Contours, Curves, Layer, Limits, Line, Path, Plane, Points, Readout, Rule

WIDTH, VIEW_HEIGHT, TEXT_HEIGHT = 7.2, 3.5, 0.27  # inches
COLUMNS = 105  # characters of a readout on one line
PIXELS = 100  # per inch on the page
SHARPNESS = 1.5  # pixels of the picture per pixel of the page
SHADES = 96  # colours in the picture's palette: lines on few colours need no more
GRID = 96  # points per side at which a field is evaluated
DECADES = 4  # that logarithmic levels span
MARGIN = 0.04  # of the span, above and below fitted curves
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "axes.linewidth": 0.7,
}


@dataclass(frozen=True)
class Picture:
    """A PNG and the size at which it is shown, in pixels of the page."""

    png: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Scene:
    """A figure in one state, as its drawing functions need it."""

    definition: Definition
    state: State
    outputs: dict[str, np.ndarray]

    def shown(self, part: Layer | Readout) -> bool:
        """Whether no toggle hides a layer or a readout."""
        return part.show is None or bool(self.state[part.show])

    def rows(self, name: str, count: str | None) -> np.ndarray:
        """An output up to and including the row that `count` names."""
        values = self.outputs[name]
        return values if count is None else values[: int(self.outputs[count]) + 1]

    def place(self, at: float | str) -> float:
        """A rule's place, which may be the value of an output or a control."""
        if not isinstance(at, str):
            return at
        return float(self.outputs[at] if at in self.outputs else self.state[at])


def draw(definition: Definition, state: State) -> Picture:
    """The picture of a figure in a state."""
    scene = Scene(definition, state, definition.evaluate(state))
    rows = list(_rows(scene))
    heights = [TEXT_HEIGHT * len(row.split("\n")) if isinstance(row, str) else VIEW_HEIGHT for row in rows]
    title = TEXT_HEIGHT if definition.title else 0
    with mpl.style.context(["default", STYLE]):
        figure = Figure(figsize=(WIDTH, sum(heights) + title), dpi=PIXELS * SHARPNESS, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        if title:
            figure.suptitle(definition.title, fontsize=11, x=0.01, ha="left")
        strips = figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False)[:, 0]
        for strip, row in zip(strips, rows, strict=True):
            if isinstance(row, str):
                strip.text(0.01, 0.5, row, va="center", fontsize=9)
                continue
            for axes, view in zip(strip.subplots(1, len(row), squeeze=False)[0], row, strict=True):
                (_draw_plane if isinstance(view, Plane) else _draw_curves)(axes, view, scene)
        png = _png(canvas)
    return Picture(png, round(WIDTH * PIXELS), round((sum(heights) + title) * PIXELS))


def _rows(scene: Scene) -> Iterator[str | list[Plane | Curves]]:
    """The views in order: two drawn ones side by side, a readout's text on lines of its own."""
    pending: list[Plane | Curves] = []
    for view in scene.definition.views:
        if isinstance(view, Readout):
            if not scene.shown(view):
                continue
            if pending:
                yield pending
            yield textwrap.fill(scene.definition.write(view.text, scene.state, scene.outputs), COLUMNS)
            pending = []
        else:
            pending.append(view)
            if len(pending) == 2:
                yield pending
                pending = []
    if pending:
        yield pending


def _draw_plane(axes: Axes, view: Plane, scene: Scene) -> None:
    marks = [np.atleast_2d(scene.state[name]) for name in view.drag]
    for layer in view.layers:
        if isinstance(layer, Path) and scene.shown(layer):
            marks.append(scene.rows(layer.data, layer.count))
        elif isinstance(layer, Points) and scene.shown(layer):
            marks.append(np.atleast_2d(scene.outputs[layer.data]))
    everything = np.concatenate(marks) if marks else np.zeros((1, 2))
    xlim = limits(view.xlim, [everything[:, 0]], log=False, margin=MARGIN)
    ylim = limits(view.ylim, [everything[:, 1]], log=False, margin=MARGIN)
    for layer in filter(scene.shown, view.layers):
        if isinstance(layer, Contours):
            _draw_contours(axes, layer, scene, xlim, ylim)
        elif isinstance(layer, Path):
            x, y = scene.rows(layer.data, layer.count).T
            marker = "o" if layer.marker else None
            axes.plot(
                x, y, color=_color(layer), marker=marker, markersize=2.6, linewidth=1.4, label=layer.label
            )
        else:
            x, y = np.atleast_2d(scene.outputs[layer.data]).T
            axes.plot(x, y, "o", color=_color(layer), markersize=5, label=layer.label)
    for name in view.drag:
        x, y = scene.state[name]
        axes.plot(
            x, y, "o", color="white", markeredgecolor=plot.COLORS["ink"][0], markeredgewidth=1.6, markersize=8
        )
    axes.set(xlim=xlim, ylim=ylim)
    if view.equal:
        axes.set_aspect("equal")
    _finish(axes, view)


def _draw_contours(axes: Axes, layer: Contours, scene: Scene, xlim: tuple, ylim: tuple) -> None:
    x, y = np.linspace(*xlim, GRID), np.linspace(*ylim, GRID)
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    values = scene.definition.field_values(layer, scene.state, grid.reshape(-1, 2)).reshape(GRID, GRID)
    heights = levels(values, layer.levels, layer.spacing)
    if len(heights):
        axes.contour(x, y, values, levels=heights, colors=plot.COLORS["grey"][0], linewidths=0.6, alpha=0.7)


def levels(values: np.ndarray, count: int, spacing: str) -> np.ndarray:
    """The front end's contour levels: `count` of them between the extremes of a field's finite values."""
    finite = values[np.isfinite(values)]
    if not finite.size or finite.min() == finite.max():
        return np.zeros(0)
    low, high = float(finite.min()), float(finite.max())
    parts = np.arange(1, count + 1) / (count + 1)
    return low + (high - low) * (parts if spacing == "linear" else 10 ** (DECADES * (parts - 1)))


def _draw_curves(axes: Axes, view: Curves, scene: Scene) -> None:
    lines = [layer for layer in view.layers if isinstance(layer, Line) and scene.shown(layer)]
    rules = [layer for layer in view.layers if isinstance(layer, Rule) and scene.shown(layer)]
    axes.set(xscale="log" if view.xlog else "linear", yscale="log" if view.ylog else "linear")
    drawn = [_points(layer, view, scene) for layer in lines]
    for layer, (x, y) in zip(lines, drawn, strict=True):
        axes.plot(
            x,
            y,
            color=_color(layer),
            linestyle="--" if layer.dash else "-",
            linewidth=1.4,
            label=layer.label,
            marker="o" if layer.marker else None,
            markersize=2.6,
        )
    for layer in rules:
        place = scene.place(layer.x if layer.x is not None else layer.y)
        across = axes.axvline if layer.x is not None else axes.axhline
        across(place, color=_color(layer), linestyle=":", linewidth=1.1, label=layer.label)
    over = [x for x, _ in drawn] or [
        np.array([scene.place(layer.x)]) for layer in rules if layer.x is not None
    ]
    up = [y for _, y in drawn] or [np.array([scene.place(layer.y)]) for layer in rules if layer.y is not None]
    axes.set(xlim=limits(view.xlim, over, view.xlog, 0), ylim=limits(view.ylim, up, view.ylog, MARGIN))
    _finish(axes, view)


def _points(layer: Line, view: Curves, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """The points of a line that its axes can show."""
    y = scene.rows(layer.y, layer.count).astype(float)
    x = np.arange(len(y), dtype=float) if layer.x is None else scene.rows(layer.x, layer.count).astype(float)
    keep = np.isfinite(x) & np.isfinite(y) & ((x > 0) | (not view.xlog)) & ((y > 0) | (not view.ylog))
    return x[keep], y[keep]


def limits(given: Limits, values: Sequence[np.ndarray], log: bool, margin: float) -> tuple[float, float]:
    """The limits of an axis: as given, or fitted to `values` with a margin; a given end clips the fit."""
    if given is not None and None not in given:
        return given
    forward: Callable = np.log10 if log else np.asarray
    low_end, high_end = given or (None, None)
    finite = np.concatenate([*values, np.zeros(0)])
    finite = finite[np.isfinite(finite) & ((finite > 0) | (not log))]
    low, high = (float(forward(finite.min())), float(forward(finite.max()))) if finite.size else (0.0, 1.0)
    if low == high:
        low, high = low - 1, high + 1
    span = high - low
    low, high = low - margin * span, high + margin * span
    if low_end is not None:
        low = max(low, float(forward(low_end)))
    if high_end is not None:
        high = min(high, float(forward(high_end)))
    if low >= high:
        high = low + 1
    return (10.0**low, 10.0**high) if log else (low, high)


def _finish(axes: Axes, view: Plane | Curves) -> None:
    axes.set(xlabel=view.xlabel, ylabel=view.ylabel)
    entries = [label for label in axes.get_legend_handles_labels()[1] if label]
    if entries:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0, handlelength=1.6)
    if view.title:
        axes.set_title(view.title, loc="left", pad=6 + 12 * ((len(entries) + 1) // 2))


def _color(layer: Path | Points | Line | Rule) -> str:
    return plot.COLORS[layer.color][0]


def _png(canvas: FigureCanvasAgg) -> bytes:
    """The canvas as a PNG with a palette, a third of the size of one without."""
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    buffer = io.BytesIO()
    image.quantize(SHADES, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
