"""Straight lines across a view of curves, each with its label where it stands: rules and slopes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from livefig.picture.scene import Scene, color
from livefig.views import Layer, Rule, Slope

SIZE = 8  # points, of a label's letters
LETTER, LINE = 0.58 * SIZE, 1.4 * SIZE  # points, about how wide one is, and from a line of text to the next
LINES = 4  # of labels below each other, at the top of upright rules

# Of a label: parts of the axes, from there points to the right and up, and its alignment.
Place = tuple[float, float, float, float, str]


def draw_straight(axes: Axes, layers: Sequence[Layer], scene: Scene) -> None:
    """Draw the rules and slopes among `layers`, their labels clear of each other."""
    box = axes.get_window_extent()
    size = np.array([box.width, box.height]) * 72 / axes.figure.dpi
    taken: list[np.ndarray] = []
    for layer in layers:
        if not isinstance(layer, Rule | Slope):
            continue
        ends = _rule(axes, layer, scene) if isinstance(layer, Rule) else _slope(axes, layer, scene)
        if ends is None:
            continue
        axes.plot(
            *ends.T, transform=axes.transAxes, color=color(layer), linestyle=":", linewidth=1.1, clip_on=False
        )
        upright = isinstance(layer, Rule) and layer.x is not None
        places = _beside_upright(ends) if upright else _beside(ends)
        *at, across, up, side = _free(places, LETTER * len(layer.label), size, taken)
        axes.annotate(
            layer.label, at, (across, up), "axes fraction", textcoords="offset points", ha=side,
            color=color(layer), fontsize=SIZE,
        )  # fmt: skip


def _rule(axes: Axes, layer: Rule, scene: Scene) -> np.ndarray | None:
    """The ends of a rule in parts of the axes, shape (2, 2); None outside of them."""
    upright = layer.x is not None
    part = _part(axes, scene.number(layer.x if upright else layer.y), 0 if upright else 1)
    if not 0 <= part <= 1:
        return None
    return np.array([[part, 0], [part, 1]]) if upright else np.array([[0, part], [1, part]])


def _slope(axes: Axes, layer: Slope, scene: Scene) -> np.ndarray | None:
    """The ends of a slope on log–log axes, likewise."""
    through = scene.array(layer.through) if isinstance(layer.through, str) else layer.through
    x0, y0 = _part(axes, through[0], 0), _part(axes, through[1], 1)
    decades = [np.diff(np.log10(limits))[0] for limits in (axes.get_xlim(), axes.get_ylim())]
    steep = scene.number(layer.order) * decades[0] / decades[1]
    reach = np.sort(x0 + (np.array([0, 1]) - y0) / steep) if steep else np.array([-np.inf, np.inf])
    ends = np.array([max(0, reach[0]), min(1, reach[1])])
    heights = y0 + steep * (ends - x0)
    if not (ends[0] < ends[1] and np.all(np.abs(heights - 0.5) < 0.51)):
        return None
    return np.stack([ends, heights], axis=1)


def _part(axes: Axes, value: float, axis: int) -> float:
    """How far along an axis a number stands; NaN where a logarithmic one has no place."""
    limits, scale = ((axes.get_xlim(), axes.get_xscale()), (axes.get_ylim(), axes.get_yscale()))[axis]
    if scale == "log":
        value, limits = np.log10(value) if value > 0 else np.nan, np.log10(limits)
    return float((value - limits[0]) / (limits[1] - limits[0]))


def _beside(ends: np.ndarray) -> list[Place]:
    """Places above and below both ends of a line, the right one first."""
    sides = [(ends[1], -3, "right"), (ends[0], 3, "left")]
    return [(x, y, across, up, side) for (x, y), across, side in sides for up in (3, -LINE)]


def _beside_upright(ends: np.ndarray) -> list[Place]:
    """Places on both sides of the top of an upright line, first where there is more room."""
    x, top = ends[1]
    sides = [(4, "left"), (-4, "right")]
    if x > 0.5:
        sides.reverse()
    return [(x, top, across, -10 - LINE * line, side) for line in range(LINES) for across, side in sides]


def _free(places: list[Place], width: float, size: np.ndarray, taken: list[np.ndarray]) -> Place:
    """The first place inside the axes, of a size in points, and on no label in `taken`, which it joins."""

    def box(place: Place) -> np.ndarray:
        x, y = place[:2] * size + place[2:4]
        return np.array([x - width, x, y] if place[4] == "right" else [x, x + width, y])

    def inside(box: np.ndarray) -> bool:
        return box[0] >= 0 and box[1] <= size[0] and 0 <= box[2] <= size[1] - SIZE

    def clear(box: np.ndarray) -> bool:
        return all(box[1] < old[0] or box[0] > old[1] or abs(box[2] - old[2]) > LINE - 2 for old in taken)

    fitting = [place for place in places if inside(box(place))]
    chosen = next((place for place in fitting if clear(box(place))), (fitting or places)[0])
    taken.append(box(chosen))
    return chosen
