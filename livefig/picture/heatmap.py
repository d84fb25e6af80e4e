"""A heat map of the picture."""

import numpy as np
from matplotlib.axes import Axes

from livefig import palette
from livefig.picture.scene import INK, Marks, Scene, beside, say
from livefig.views import Cells, HeatMap

TICKS = 5  # labels of rows or columns, at most
LETTERS = 18  # of a label, at most: room has to be left for the map


def draw_heatmap(axes: Axes, view: HeatMap, scene: Scene) -> Marks:
    """Draw a matrix and its scale; it has no entry in a legend."""
    [layer] = view.layers
    values = scene.array(layer.matrix)
    rows, columns = values.shape
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal")
    for axis, size, names in ((axes.xaxis, columns, layer.columns), (axes.yaxis, rows, layer.rows)):
        places = range(0, size, -(-size // TICKS))
        axis.set_ticks(list(places), [_short(names[place]) if names else str(place + 1) for place in places])
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
    bar.set_ticks([0, 1], labels=[f"{end:.3g}".replace("-", "−") for end in ends])
    for label, side in zip(bar.ax.get_xticklabels(), ("left", "right"), strict=True):
        label.set_horizontalalignment(side)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0)
    return {}


def _short(name: str) -> str:
    """A name that fits beside a map."""
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1].rstrip()}…"


def scale(layer: Cells, values: np.ndarray, scene: Scene) -> tuple[np.ndarray, tuple[float, float]]:
    """How far along the ramp each entry stands, from 0 to 1 and NaN where it is not finite, and the ramp's
    ends."""
    values = np.where(np.isfinite(values), values, np.nan)
    given = np.nan if layer.extent is None else scene.number(layer.extent)
    largest = float(np.nanmax(np.abs(values) if layer.diverging else values)) or 1.0
    low = float(np.nanmin(values))
    if given > 0:
        largest, low = given, 0.0
    size = np.abs(values) / abs(largest)
    if layer.log:
        with np.errstate(divide="ignore"):
            size = np.maximum(0, 1 + np.log10(size) / layer.decades)
    if layer.diverging:
        return np.clip((1 + np.sign(values) * size) / 2, 0, 1), (-largest, largest)
    if layer.log:
        return np.clip(np.where(values <= 0, 0, size), 0, 1), (largest / 10**layer.decades, largest)
    if not low < largest:  # what is the same everywhere is not pale
        low = min(0.0, low - beside(low))
    return np.clip((values - low) / (largest - low), 0, 1), (low, largest)
