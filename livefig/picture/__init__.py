"""The static picture of a live figure in one state, for places where no script runs.

It has the views in their order, with the limits, levels, legends and colours of the front end on a light
page. It is drawn by matplotlib without its global state, so a reader's own style leaves it alone.
"""

import io
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

import matplotlib as mpl
import matplotlib.style
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from PIL import Image

from livefig.definition import Definition, State
from livefig.picture.curves import draw_curves
from livefig.picture.fields import levels
from livefig.picture.heatmap import draw_heatmap
from livefig.picture.plane import draw_plane, is_fixed
from livefig.picture.scene import GREY, INK, PLANE_ASPECT, Marks, Scene, entries, limits, widen
from livefig.views import Contours, Curves, Drawn, HeatMap, Plane, Points, Regions, Rule, Slope, Text

__all__ = ["SHARPNESS", "Picture", "draw", "levels", "limits", "widen"]

WIDTH, LINE_HEIGHT = 7.2, 0.26  # inches: of the picture, of a line of text
CURVES_ASPECT, TALLEST = 0.72, 4.8  # height by width, and inches
SCALE_ROOM = 0.5  # inches, for the scale below a heat map
COLUMNS = 105  # characters of a readout on one line
PIXELS = 100  # per inch on the page
SHARPNESS = 1.5  # pixels of the picture per pixel of the page
SHADES = 256  # colours in the picture's palette
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


def draw(definition: Definition, state: State) -> Picture:
    """The picture of a figure in a state."""
    scene = Scene(definition, state, definition.evaluate(state))
    shared = _shared_labels(scene)
    rows = list(_rows(scene))
    heights = [_height(row, scene) for row in rows]
    head = LINE_HEIGHT * (bool(definition.title) + bool(shared))
    height = sum(heights) + head
    with mpl.style.context(["default", STYLE]):
        figure = Figure(figsize=(WIDTH, height), dpi=PIXELS * SHARPNESS, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        top, *strips = figure.subfigures(len(rows) + 1, 1, height_ratios=[max(head, 1e-3), *heights])
        drawn: Marks = {}
        for strip, row in zip(strips, rows, strict=True):
            if isinstance(row, str):
                strip.text(0.01, 0.5, row, va="center")
            else:
                drawn = _draw_row(strip, row, scene, shared) | drawn
        _draw_head(top, definition.title, [drawn[key] for key in shared if key in drawn])
        _take_literally(figure)
        _lay_out(figure)
        png = _png(canvas)
    return Picture(png, round(WIDTH * PIXELS), round(height * PIXELS))


def _lay_out(figure: Figure) -> None:
    """Place the plots, the same at each run: the layout's equations are solved in no fixed order, so that the
    places it finds differ in their last digits, which shows in the pixels."""
    figure.get_layout_engine().execute(figure)
    figure.set_layout_engine("none")
    for axes in figure.axes:
        for which in ("original", "active"):
            axes.set_position(np.round(axes.get_position(which == "original").bounds, 6), which)


def _take_literally(figure: Figure) -> None:
    """Let texts stand as they are, dollar signs too; matplotlib's own formulas label logarithmic axes."""
    formulas = {
        label
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        if axis.get_scale() == "log"
        for label in axis.get_ticklabels()
    }
    for text in figure.findobj(mpl.text.Text):
        text.set_parse_math(text in formulas)


def _rows(scene: Scene) -> Iterator[str | list[Drawn]]:
    """The views in order: two drawn ones side by side, or three heat maps; texts on lines of their own."""
    views = list(scene.definition.views)
    while views:
        if isinstance(views[0], Text):
            text = views.pop(0)
            if scene.shown(text):
                yield _written(text, scene)
            continue
        count = 3 if [type(view) for view in views[:3]] == [HeatMap] * 3 else 2
        row = []
        while views and len(row) < count and not isinstance(views[0], Text):
            row.append(views.pop(0))
        yield row


def _written(text: Text, scene: Scene) -> str:
    """A sentence, or a table line by line."""
    written = [scene.definition.write(part, scene.state, scene.outputs) for part in text.texts()]
    if hasattr(text, "rows"):
        return "\n".join(f"{label}: {part}" for (label, _), part in zip(text.rows, written, strict=True))
    return textwrap.fill(written[0], COLUMNS)


def _height(row: str | list[Drawn], scene: Scene) -> float:
    """The height of a row in inches; what has a shape of its own decides it for the curves beside it."""
    if isinstance(row, str):
        return LINE_HEIGHT * len(row.split("\n"))
    width = WIDTH / len(row)
    heights = [_own_height(view, width, scene) for view in row if not isinstance(view, Curves)]
    title = LINE_HEIGHT if any(view.title for view in row) else 0
    return min(max(heights, default=CURVES_ASPECT * width), TALLEST) + title


def _own_height(view: Plane | HeatMap, width: float, scene: Scene) -> float:
    if isinstance(view, HeatMap):
        rows, columns = scene.array(view.layers[0].matrix).shape
        return (width - 0.5) * rows / columns + 0.5 + SCALE_ROOM + LINE_HEIGHT * bool(view.ylabel)
    if not (view.equal and is_fixed(view)):
        return PLANE_ASPECT * width
    (left, right), (low, high) = view.xlim, view.ylim
    return max(0.5 * width, (width - 0.5) * (high - low) / (right - left) + 0.5)


def _shared_labels(scene: Scene) -> list[tuple[str, str]]:
    """The (label, colour) pairs of the figure's legend: points, contours, regions, and what views share."""
    views = [view for view in scene.definition.views if not isinstance(view, Text)]
    labelled = [
        dict.fromkeys(
            entry
            for layer in view.layers
            if not isinstance(layer, Rule | Slope)
            for entry in entries(layer)
            if entry[0]
        )
        for view in views
    ]
    standing = [
        entry
        for view in views
        for layer in view.layers
        if isinstance(layer, Points | Contours | Regions)
        for entry in entries(layer)
    ]
    every = dict.fromkeys(key for keys in labelled for key in keys)
    return [
        key
        for key in every
        if len(views) == 1 or key in standing or sum(key in keys for keys in labelled) > 1
    ]


def _draw_head(top: SubFigure, title: str, handles: list[Artist]) -> None:
    if title:
        top.text(0.01, 0.98, title, va="top", fontsize=11, weight="bold")
    if handles:
        top.legend(handles=handles, loc="lower left", ncols=len(handles), borderaxespad=0)


def _draw_row(strip: SubFigure, views: list[Drawn], scene: Scene, shared: list[tuple[str, str]]) -> Marks:
    """Draw views side by side; the marks of labelled layers by label and colour."""
    drawn: Marks = {}
    drawers = {Plane: draw_plane, Curves: draw_curves, HeatMap: draw_heatmap}
    for axes, view in zip(strip.subplots(1, len(views), squeeze=False)[0], views, strict=True):
        marks = drawers[type(view)](axes, view, scene)
        _finish(axes, view, [mark for key, mark in marks.items() if key not in shared])
        drawn = marks | drawn
    return drawn


def _finish(axes: Axes, view: Drawn, own: list[Artist]) -> None:
    """Labels, the view's own legend, its frame: a box around contours, elsewhere lines at the ticks."""
    boxed = isinstance(view, HeatMap) or any(isinstance(layer, Contours | Regions) for layer in view.layers)
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


def _png(canvas: FigureCanvasAgg) -> bytes:
    """The canvas as a PNG with a palette, a third of the size of one without."""
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    buffer = io.BytesIO()
    image.quantize(SHADES, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
