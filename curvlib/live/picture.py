"""The static picture of a live figure in one state, for places where no script runs.

It has the views in their order, with the limits, levels, legends and colours of the front end on a light
page. It is drawn by matplotlib without its global state, so a reader's own style leaves it alone.
"""

import io
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import matplotlib.style
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Ellipse
from PIL import Image

from curvlib import plot
from curvlib.live.definition import Definition, State
from curvlib.live.views import Contours, Curves, Layer, Limits, Line, Path, Plane, Points, Readout, Rule

WIDTH, LINE_HEIGHT = 7.2, 0.26  # inches: of the picture, of a line of text
PLANE_ASPECT, CURVES_ASPECT, TALLEST = 0.8, 0.72, 4.8  # height by width, and inches
COLUMNS = 105  # characters of a readout on one line
PIXELS = 100  # per inch on the page
SHARPNESS = 1.5  # pixels of the picture per pixel of the page
SHADES = 96  # colours in the picture's palette: lines on few colours need no more
CELLS = 96  # of the grid on which a field is evaluated, along each side
DECADES = 4  # that logarithmic levels span
DEPTH = 0.2  # how dark the highest region of a field is
MARGIN = 0.04  # of the span, beside what is fitted
INK, GREY = plot.COLORS["ink"][0], plot.COLORS["grey"][0]
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": "#e3e6ea",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "legend.handlelength": 1.7,
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
    shared = _shared_labels(scene)
    rows = list(_rows(scene))
    heights = [_height(row) for row in rows]
    head = LINE_HEIGHT * (bool(definition.title) + bool(shared))
    height = sum(heights) + head
    with mpl.style.context(["default", STYLE]):
        figure = Figure(figsize=(WIDTH, height), dpi=PIXELS * SHARPNESS, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        top, *strips = figure.subfigures(len(rows) + 1, 1, height_ratios=[max(head, 1e-3), *heights])
        drawn: dict[tuple[str, str], Artist] = {}
        for strip, row in zip(strips, rows, strict=True):
            if isinstance(row, str):
                strip.text(0.01, 0.5, row, va="center")
            else:
                drawn = _draw_row(strip, row, scene, shared) | drawn
        _draw_head(top, definition.title, [drawn[key] for key in shared if key in drawn])
        png = _png(canvas)
    return Picture(png, round(WIDTH * PIXELS), round(height * PIXELS))


def _rows(scene: Scene) -> Iterator[str | list[Plane | Curves]]:
    """The views in order: two drawn ones side by side, a readout's text on lines of its own."""
    pending: list[Plane | Curves] = []
    for view in scene.definition.views:
        if isinstance(view, Readout):
            if pending:
                yield pending
            pending = []
            if scene.shown(view):
                yield textwrap.fill(scene.definition.write(view.text, scene.state, scene.outputs), COLUMNS)
        else:
            pending.append(view)
            if len(pending) == 2:
                yield pending
                pending = []
    if pending:
        yield pending


def _height(row: str | list[Plane | Curves]) -> float:
    """The height of a row in inches; planes, whose shape is theirs, decide it for the curves beside them."""
    if isinstance(row, str):
        return LINE_HEIGHT * len(row.split("\n"))
    width = WIDTH / len(row)
    planes = [view for view in row if isinstance(view, Plane)]
    heights = [CURVES_ASPECT * width] if not planes else [PLANE_ASPECT * width]
    for view in planes:
        if view.equal and _is_fixed(view):
            (left, right), (low, high) = view.xlim, view.ylim
            heights = [max(0.5 * width, (width - 0.5) * (high - low) / (right - left) + 0.5)]
    title = LINE_HEIGHT if any(view.title for view in row) else 0
    return min(max(heights), TALLEST) + title


def _is_fixed(view: Plane) -> bool:
    return all(limits is not None and None not in limits for limits in (view.xlim, view.ylim))


def _shared_labels(scene: Scene) -> list[tuple[str, str]]:
    """The (label, colour) pairs of the figure's legend: points, contours, and what several views share."""
    views = [view for view in scene.definition.views if not isinstance(view, Readout)]
    labelled = [
        dict.fromkeys(_key(layer) for layer in view.layers if layer.label and not isinstance(layer, Rule))
        for view in views
    ]
    standing = [
        _key(layer) for view in views for layer in view.layers if isinstance(layer, Points | Contours)
    ]
    every = dict.fromkeys(key for keys in labelled for key in keys)
    return [
        key
        for key in every
        if len(views) == 1 or key in standing or sum(key in keys for keys in labelled) > 1
    ]


def _key(layer: Layer) -> tuple[str, str]:
    return layer.label, getattr(layer, "color", "")


def _draw_head(top: SubFigure, title: str, handles: list[Artist]) -> None:
    if title:
        top.text(0.01, 0.98, title, va="top", fontsize=11, weight="bold")
    if handles:
        top.legend(handles=handles, loc="lower left", ncols=len(handles), borderaxespad=0)


def _draw_row(
    strip: SubFigure, views: list[Plane | Curves], scene: Scene, shared: list[tuple[str, str]]
) -> dict[tuple[str, str], Artist]:
    """Draw views side by side; the marks of labelled layers by label and colour."""
    drawn: dict[tuple[str, str], Artist] = {}
    for axes, view in zip(strip.subplots(1, len(views), squeeze=False)[0], views, strict=True):
        marks = _draw_plane(axes, view, scene) if isinstance(view, Plane) else _draw_curves(axes, view, scene)
        own = [mark for key, mark in marks.items() if key not in shared]
        _finish(axes, view, own)
        drawn = marks | drawn
    return drawn


def _draw_plane(axes: Axes, view: Plane, scene: Scene) -> dict[tuple[str, str], Artist]:
    layers = [layer for layer in view.layers if scene.shown(layer)]
    marks = [np.atleast_2d(scene.state[name]) for name in view.drag]
    marks += [scene.rows(layer.data, layer.count) for layer in layers if isinstance(layer, Path)]
    marks += [np.atleast_2d(scene.outputs[layer.data]) for layer in layers if isinstance(layer, Points)]
    everything = np.concatenate([*marks, np.zeros((0, 2))])
    xlim = limits(view.xlim, [everything[:, 0]], log=False, margin=MARGIN)
    ylim = limits(view.ylim, [everything[:, 1]], log=False, margin=MARGIN)
    if view.equal and not _is_fixed(view):
        xlim, ylim = widen(xlim, ylim)
    axes.set(xlim=xlim, ylim=ylim)
    if view.equal:
        axes.set_aspect("equal")
    drawn = {}
    for layer in layers:
        if isinstance(layer, Contours):
            mark = _draw_contours(axes, layer, scene, xlim, ylim)
        elif isinstance(layer, Path):
            mark = _draw_line(axes, *scene.rows(layer.data, layer.count).T, layer, marker=layer.marker)
            axes.plot(*scene.rows(layer.data, layer.count)[-1], "o", color=_color(layer), markersize=4.5)
        else:
            [mark] = axes.plot(
                *np.atleast_2d(scene.outputs[layer.data]).T, "o", color=_color(layer), markersize=6
            )
        mark.set_label(layer.label)
        drawn[_key(layer)] = mark
    for name in view.drag:
        position = scene.state[name]
        axes.plot(*position, "o", color="white", markeredgecolor=INK, markeredgewidth=1.6, markersize=9)
        axes.annotate(scene.definition.controls[name].label, position, (8, 6), textcoords="offset points")
    return {key: mark for key, mark in drawn.items() if key[0]}


def _draw_contours(axes: Axes, layer: Contours, scene: Scene, xlim: tuple, ylim: tuple) -> Artist:
    x, y = np.linspace(*xlim, CELLS + 1), np.linspace(*ylim, CELLS + 1)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    values = scene.definition.field_values(layer, scene.state, grid).reshape(CELLS + 1, CELLS + 1)
    heights = levels(values, layer.levels, layer.spacing)
    finite = values[np.isfinite(values)]
    if len(heights):
        low, high = finite.min(), finite.max()
        # Between nodes the interpolation is linear, to which the root of a bowl is closer than the bowl.
        bend = (lambda value: np.sqrt(np.maximum(0, value - low))) if layer.spacing == "log" else np.asarray
        bent, inner = bend(values), np.unique(bend(heights))
        shade = DEPTH * np.arange(len(inner) + 1) / len(inner)
        colors = [tuple(1 - part * (1 - np.array(to_rgb(GREY)))) for part in shade]
        edges = [min(bend(low), inner[0] - 1e-12), *inner, max(bend(high), inner[-1] + 1e-12)]
        axes.contourf(x, y, bent, levels=edges, colors=colors)
        axes.contour(x, y, bent, levels=inner, colors=GREY, linewidths=0.6, alpha=0.7)
    return Ellipse((0, 0), 1, 1, facecolor="none", edgecolor=GREY)


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


def _draw_curves(axes: Axes, view: Curves, scene: Scene) -> dict[tuple[str, str], Artist]:
    lines = [layer for layer in view.layers if isinstance(layer, Line) and scene.shown(layer)]
    rules = [layer for layer in view.layers if isinstance(layer, Rule) and scene.shown(layer)]
    points = [_points(layer, view, scene) for layer in lines]
    over = [x for x, _ in points] or [np.array([scene.place(rule.x)]) for rule in rules if rule.x is not None]
    up = [y for _, y in points] or [np.array([scene.place(rule.y)]) for rule in rules if rule.y is not None]
    axes.set(xscale="log" if view.xlog else "linear", yscale="log" if view.ylog else "linear")
    low, high = limits(view.ylim, up, view.ylog, MARGIN)
    axes.set(xlim=limits(view.xlim, over, view.xlog, 0), ylim=(low, high))
    for rule in rules:
        _draw_rule(axes, rule, scene)
    drawn = {}
    for layer, (x, y) in zip(lines, points, strict=True):
        # On a logarithmic axis a curve that reaches zero leaves through the floor.
        visible = np.where(y <= 0, low * (low / high) ** 0.1, y) if view.ylog else y
        mark = _draw_line(axes, x, visible, layer, marker=layer.marker or len(x) == 1, dash=layer.dash)
        drawn[_key(layer)] = mark
    return {key: mark for key, mark in drawn.items() if key[0]}


def _draw_line(
    axes: Axes, x: np.ndarray, y: np.ndarray, layer: Line | Path, marker: bool, dash: bool = False
) -> Artist:
    [mark] = axes.plot(
        x,
        y,
        color=_color(layer),
        linestyle="--" if dash else "-",
        linewidth=1.4,
        marker="o" if marker else None,
        markersize=2.8,
        label=layer.label,
    )
    return mark


def _draw_rule(axes: Axes, layer: Rule, scene: Scene) -> None:
    """A rule with its label where it stands."""
    upright = layer.x is not None
    place = scene.place(layer.x if upright else layer.y)
    low, high = sorted(axes.get_xlim() if upright else axes.get_ylim())
    if not low <= place <= high:
        return
    (axes.axvline if upright else axes.axhline)(place, color=_color(layer), linestyle=":", linewidth=1.1)
    at = (place, 1) if upright else (1, place)
    late = upright and axes.transData.transform(at)[0] > axes.transAxes.transform((0.5, 0))[0]
    along = axes.get_xaxis_transform() if upright else axes.get_yaxis_transform()
    axes.annotate(
        layer.label,
        at,
        (-4 if late else 4, -4) if upright else (-3, 3),
        xycoords=along,
        textcoords="offset points",
        ha="right" if late or not upright else "left",
        va="top" if upright else "bottom",
        color=_color(layer),
        fontsize=8,
    )


def _points(layer: Line, view: Curves, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """The points of a line; NaN, a gap, where they are not finite or a logarithmic x-axis has no place."""
    y = scene.rows(layer.y, layer.count).astype(float)
    x = np.arange(len(y), dtype=float) if layer.x is None else scene.rows(layer.x, layer.count).astype(float)
    keep = np.isfinite(x) & np.isfinite(y) & ((x > 0) | (not view.xlog))
    return np.where(keep, x, np.nan), np.where(keep, y, np.nan)


def limits(given: Limits, values: Sequence[np.ndarray], log: bool, margin: float) -> tuple[float, float]:
    """The limits of an axis: as given, or fitted to `values` with a margin; a given end clips the fit."""
    if given is not None and None not in given:
        return given
    forward = np.log10 if log else np.asarray
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


def widen(
    xlim: tuple[float, float], ylim: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Limits widened on one axis, to the shape of a plane whose units are as long on both."""
    width, height = xlim[1] - xlim[0], ylim[1] - ylim[0]
    unit = max(width, height / PLANE_ASPECT)
    across, up = (unit - width) / 2, (unit * PLANE_ASPECT - height) / 2
    return (xlim[0] - across, xlim[1] + across), (ylim[0] - up, ylim[1] + up)


def _finish(axes: Axes, view: Plane | Curves, own: list[Artist]) -> None:
    """Labels, the view's own legend, its frame: a box around contours, elsewhere lines at the ticks."""
    boxed = any(isinstance(layer, Contours) for layer in view.layers)
    axes.grid(not boxed)
    axes.spines[["left", "right", "top"]].set_visible(boxed)
    axes.tick_params(length=3 if boxed else 0)
    axes.minorticks_off()
    axes.set_xlabel(view.xlabel)
    axes.set_title(view.ylabel, loc="left", fontsize=9)
    if view.title:
        above = (0, 19 if view.ylabel else 6)
        axes.annotate(view.title, (0, 1), above, "axes fraction", textcoords="offset points", weight="bold")
    if own:
        axes.legend(handles=own, loc="best")


def _color(layer: Path | Points | Line | Rule) -> str:
    return plot.COLORS[layer.color][0]


def _png(canvas: FigureCanvasAgg) -> bytes:
    """The canvas as a PNG with a palette, a third of the size of one without."""
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    buffer = io.BytesIO()
    image.quantize(SHADES, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
