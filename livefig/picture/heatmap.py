"""A heat map of the picture."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from livefig import palette
from livefig.picture.scene import GREY, INK, Marks, Scene, beside, say, write_short
from livefig.views import Cells, HeatMap

TICKS = 5  # labels of rows or columns, at most
EVEN = 1e-3  # of a step, by which coordinates in even steps may be off
FEW = 10  # cells, each of which has its own label if there is room
SIZE = 8  # points, of the letters below the bar of colours
LETTER = 0.58 * SIZE  # points, about how wide one is
LETTERS = 18  # of a label, at most: room has to be left for the map


def draw_heatmap(axes: Axes, view: HeatMap, scene: Scene) -> Marks:
    """Draw a matrix and its scale; it has no entry in a legend."""
    [layer] = view.layers
    values = scene.array(layer.matrix)
    rows, columns = values.shape
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal")
    for axis, size, names, given in (
        (axes.xaxis, columns, layer.columns, layer.x),
        (axes.yaxis, rows, layer.rows, layer.y),
    ):
        numbers = None if given is None else scene.array(given) if isinstance(given, str) else np.array(given)
        places, labels = ticks(size, names, numbers)
        axis.set_ticks(places, [_short(label) for label in labels])
        forward = numbers is None or numbers[-1] >= numbers[0]
        axis.set_inverted(forward if axis is axes.yaxis and numbers is None else not forward)
    if not scene.shown(layer):
        return {}
    if not np.isfinite(values).any():
        say(axes, "There is no finite number to draw.")
        return {}
    shares, ends = scale(layer, values, scene)
    ramp = palette.ramp("diverging" if layer.diverging else "sequential")
    image = axes.imshow(shares, cmap=ramp, vmin=0, vmax=1, interpolation="nearest")
    for at in np.cumsum(layer.blocks)[:-1] - 0.5:
        axes.plot([-0.5, columns - 0.5], [at, at], color=INK, linewidth=0.7)
        axes.plot([at, at], [-0.5, rows - 0.5], color=INK, linewidth=0.7)
    bar = axes.figure.colorbar(image, ax=axes, orientation="horizontal", fraction=0.05, pad=0.04, aspect=30)
    box = axes.get_window_extent()
    labels = bar_labels(layer, ends, box.width * 72 / axes.figure.dpi / LETTER)
    bar.set_ticks(list(labels.values()), labels=list(labels), fontsize=SIZE)
    for label, side in zip(bar.ax.get_xticklabels()[:2], ("left", "right"), strict=True):
        label.set_horizontalalignment(side)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=2)
    if np.isnan(shares).any():  # what is drawn nowhere shows what is behind
        axes.patch.set(hatch="////", edgecolor=GREY)
        bar.set_label("hatched: no value", fontsize=8)
    return {}


def _short(name: str) -> str:
    """A name that fits beside a map."""
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1].rstrip()}…"


def ticks(size: int, names: Sequence[str], numbers: np.ndarray | None) -> tuple[list[float], list[str]]:
    """Where along `size` cells, which stand at 0, 1, 2, …, an axis has labels, and which."""
    places = list(range(0, size, -(-size // TICKS)))
    if numbers is None:
        return places, [names[place] if names else str(place + 1) for place in places]
    for forward in (np.asarray, np.log10):  # even steps of the numbers, or of their logarithms
        with np.errstate(invalid="ignore", divide="ignore"):
            along = forward(numbers)
        steps = np.diff(along)
        if size > FEW and np.isfinite(along).all() and np.allclose(steps, steps[0], rtol=EVEN, atol=0):
            low, high = np.sort(along[[0, -1]]) + np.array([-0.5, 0.5]) * abs(steps[0])
            even = MaxNLocator(TICKS, integer=forward is np.log10).tick_values(low, high)
            even = even[(even >= low) & (even <= high)]
            written = even if forward is np.asarray else 10.0**even
            if forward is np.asarray or len(even) > 1:
                return list((even - along[0]) / steps[0]), [write_short(number) for number in written]
    return places, [write_short(numbers[place]) for place in places]


def scale(layer: Cells, values: np.ndarray, scene: Scene) -> tuple[np.ndarray, tuple[float, float]]:
    """How far along the ramp each entry stands, from 0 to 1 and NaN where it is not finite, and the ramp's
    ends."""
    values = np.where(np.isfinite(values), values, np.nan)
    given = np.nan if layer.extent is None else scene.number(layer.extent)
    largest = float(np.nanmax(np.abs(values) if layer.diverging else values)) or 1.0
    low = float(np.nanmin(values))
    if given > 0:
        largest, low = given, 0.0
    if layer.diverging:
        low = -largest
    elif layer.log:
        low = largest / 10**layer.decades
    elif not low < largest:  # what is the same everywhere is not pale
        low = min(0.0, low - beside(low))
    return _shares(layer, values, (low, largest)), (low, largest)


def _shares(layer: Cells, values: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    low, largest = ends
    size = np.abs(values) / abs(largest)
    if layer.log:
        with np.errstate(divide="ignore"):
            size = np.maximum(0, 1 + np.log10(size) / layer.decades)
    if layer.diverging:
        return np.clip((1 + np.sign(values) * size) / 2, 0, 1)
    if layer.log:
        return np.clip(np.where(values <= 0, 0, size), 0, 1)
    return np.clip((values - low) / (largest - low), 0, 1)


def bar_labels(layer: Cells, ends: tuple[float, float], width: float) -> dict[str, float]:
    """The labels of a bar of colours so many letters wide, each with its place from 0 to 1: those of its
    ends, and of the numbers between for which there is room."""
    low, high = ends
    open_end = "≤ " if layer.log and not layer.diverging else ""
    for digits in (3, 2, 1):
        texts = [open_end + write_short(low, digits), write_short(high, digits)]
        if sum(map(len, texts)) + 1 <= width:
            break
    if layer.log and high > 0:
        first = math.floor(math.log10(high))
        powers = [10.0**exponent for exponent in range(first, math.floor(first - layer.decades), -1)]
        wanted = [0.0, *powers, *(-power for power in powers)] if layer.diverging else powers
    else:
        wanted = [*([0.0] if layer.diverging else []), *MaxNLocator(TICKS).tick_values(low, high)]
    labels = {texts[0]: 0.0, texts[1]: 1.0}
    taken = [(0.0, len(texts[0])), (width - len(texts[1]), width)]
    for number, share in zip(wanted, _shares(layer, np.array(wanted), ends), strict=True):
        text = write_short(number)
        left, right = share * width - len(text) / 2, share * width + len(text) / 2
        if low < number < high and all(left - 1 >= end or right + 1 <= start for start, end in taken):
            taken.append((left, right))
            labels[text] = float(share)
    return labels
