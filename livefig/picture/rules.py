"""Straight lines across a view of curves, each with its label where it stands: rules and slopes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from livefig.picture.scene import Scene, color, write_short
from livefig.views import Layer, Rule, Slope

SIZE = 8  # points, of a label's letters
LETTER, LINE = 0.58 * SIZE, 1.4 * SIZE  # points, about how wide one is, and from a line of text to the next
LINES = 4  # of labels below each other, at the top of upright rules

# Of a label: parts of the axes, from there points to the right and up, and its alignment.
Place = tuple[float, float, float, float, str]


def draw_straight(axes: Axes, layers: Sequence[Layer], scene: Scene, foot: float = 0) -> None:
    """Draw the rules and slopes among `layers`, their labels clear of each other, and of a sentence at the
    foot of the axes, `foot` points high. A rule outside has its label at the border, with its value."""
    box = axes.get_window_extent()
    size = np.array([box.width, box.height]) * 72 / axes.figure.dpi
    taken: list[np.ndarray] = []
    for layer in layers:
        if not isinstance(layer, Rule | Slope):
            continue
        label, ends = layer.label, None
        if isinstance(layer, Slope):
            ends = _slope(axes, layer, scene)
            places = [] if ends is None else _beside(ends)
        else:
            part = _rule(axes, layer, scene)
            upright = layer.x is not None
            if 0 <= part <= 1:
                ends = np.array([[part, 0], [part, 1]]) if upright else np.array([[0, part], [1, part]])
                places = _beside_upright(ends[1]) if upright else _beside(ends)
            else:
                places = [] if np.isnan(part) else _at_border(upright, part > 1, foot)
                label = _outside(layer, scene, part > 1)
        if ends is not None:
            style = {"color": color(layer), "linestyle": ":", "linewidth": 1.1, "clip_on": False}
            axes.plot(*ends.T, transform=axes.transAxes, **style)
        if not places:
            continue
        *at, across, up, side = _free(places, LETTER * len(label), size, taken)
        axes.annotate(
            label, at, (across, up), "axes fraction", textcoords="offset points", ha=side,
            color=color(layer), fontsize=SIZE,
        )  # fmt: skip


def _rule(axes: Axes, layer: Rule, scene: Scene) -> float:
    """How far along its axis a rule stands; what a logarithmic axis has no place for is below all of it."""
    upright = layer.x is not None
    value = scene.number(layer.x if upright else layer.y)
    log = (axes.get_xscale() if upright else axes.get_yscale()) == "log"
    return -np.inf if log and value <= 0 else _part(axes, value, 0 if upright else 1)


def _outside(layer: Rule, scene: Scene, beyond: bool) -> str:
    """The label of a rule that stands outside of the axes: where, and at which value."""
    upright = layer.x is not None
    text = f"{layer.label} {write_short(scene.number(layer.x if upright else layer.y))}".strip()
    arrow = ("→" if beyond else "←") if upright else ("↑" if beyond else "↓")
    return f"{arrow} {text}" if arrow in "←↑" else f"{text} {arrow}"


def _at_border(upright: bool, beyond: bool, foot: float) -> list[Place]:
    """Places for the label of a rule outside: at the top of its side, or along the upper or lower border."""
    if upright:
        return _beside_upright(np.array([1.0 if beyond else 0.0, 1.0]))
    edge = 1.0 if beyond else 0.0
    rows = [-LINE - LINE * line if beyond else foot + 4 + LINE * line for line in range(LINES)]
    return [
        (x, edge, across, up, side) for up in rows for x, across, side in ((1, -3, "right"), (0, 3, "left"))
    ]


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


def _beside_upright(end: np.ndarray) -> list[Place]:
    """Places on both sides of the top of an upright line, first where there is more room."""
    x, top = end
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
