"""A plane of the picture."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from livefig.picture.fields import draw_field
from livefig.picture.paths import draw_path, path_rows
from livefig.picture.scene import MARGIN, Marks, Scene, color, draw_handles, limits, say, widen
from livefig.views import Arrow, Ellipse, Layer, Path, Plane, Points

WIDEST = 4  # times the shortest way to an ellipse, that a fitted view reaches
FLAT = 1e-14  # an eigenvalue that is smaller, relative to the other, counts as this


def draw_plane(axes: Axes, view: Plane, scene: Scene) -> Marks:
    """Draw a plane; the marks of its layers by label and colour."""
    layers = [layer for layer in view.layers if scene.shown(layer)]
    reached = [*scene.dragged(view), *(_reach(layer, scene) for layer in layers)]
    everything = np.concatenate([*reached, np.zeros((0, 2))])
    xlim = limits(view.xlim, [everything[:, 0]], log=False, margin=MARGIN)
    ylim = limits(view.ylim, [everything[:, 1]], log=False, margin=MARGIN)
    if view.equal and not is_fixed(view):
        xlim, ylim = widen(xlim, ylim)
    axes.set(xlim=xlim, ylim=ylim)
    if view.equal:
        axes.set_aspect("equal")
    drawn: Marks = {}
    for layer in layers:
        drawer = _DRAWERS.get(type(layer))
        if drawer is None:
            drawn |= draw_field(axes, layer, scene, layers)
            continue
        mark = drawer(axes, layer, scene)
        mark.set_label(layer.label)
        drawn[layer.label, layer.color] = mark
    draw_handles(axes, view, scene)
    axes.set(xlim=xlim, ylim=ylim)
    return {key: mark for key, mark in drawn.items() if key[0]}


def is_fixed(view: Plane) -> bool:
    """Whether all limits of a plane are given."""
    return all(limits is not None and None not in limits for limits in (view.xlim, view.ylim))


def conic(matrix: np.ndarray, radius: float) -> list[np.ndarray]:
    """The points with xᵀMx = r²: branches of shape (k, 2); none if no eigenvalue of M is positive."""
    if not np.all(np.isfinite(matrix)):
        return []
    (small, large), vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    if not large > 0:
        return []
    across, along = radius / np.sqrt(large), radius / np.sqrt(max(abs(small), FLAT * large))
    turn = np.linspace(-1, 1, 121)
    if small < -FLAT * large:
        branch = np.stack([along * np.sinh(7.5 * turn), across * np.cosh(7.5 * turn)], axis=1)
        branches = [branch, branch * [1, -1]]
    else:
        branches = [np.stack([along * np.sin(np.pi * turn), across * np.cos(np.pi * turn)], axis=1)]
    return [branch @ vectors.T for branch in branches]


def _reach(layer: Layer, scene: Scene) -> np.ndarray:
    """The points that limits are fitted to."""
    match layer:
        case Path():
            return path_rows(layer, scene)
        case Points():
            return scene.points(layer.data)
        case Arrow():
            return np.concatenate(_ends(layer, scene))
        case Ellipse():
            center = scene.array(layer.center)
            offsets = np.concatenate([*_conic(layer, scene), np.zeros((0, 2))])
            reach = WIDEST * np.linalg.norm(offsets, axis=1).min(initial=np.inf) if len(offsets) else 0
            around = np.minimum(np.abs(offsets).max(axis=0, initial=0), reach)
            return np.stack([center - around, center + around])
    return np.zeros((0, 2))


def _ends(layer: Arrow, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Where arrows start and end, each of shape (k, 2)."""
    start, vector = np.broadcast_arrays(
        *(np.atleast_2d(scene.array(name)) for name in (layer.origin, layer.vector))
    )
    rows = scene.length(len(start), layer.count)
    return start[:rows], (start + vector)[:rows]


def _conic(layer: Ellipse, scene: Scene) -> list[np.ndarray]:
    return conic(scene.array(layer.matrix), scene.number(layer.radius))


def _draw_points(axes: Axes, layer: Points, scene: Scene) -> Artist:
    return draw_points(axes, layer, scene.points(layer.data))


def draw_points(axes: Axes, layer: Points, points: np.ndarray) -> Artist:
    """Points of shape (k, 2)."""
    [mark] = axes.plot(*points.T, "o", color=color(layer), markersize=6, linestyle="none")
    return mark


def _draw_arrow(axes: Axes, layer: Arrow, scene: Scene) -> Artist:
    for start, end in zip(*_ends(layer, scene), strict=True):
        if np.all(np.isfinite([start, end])) and np.any(start != end):
            style = {"arrowstyle": "->", "color": color(layer), "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", end, start, arrowprops=style, annotation_clip=False).arrow_patch.set_clip_path(
                axes.patch
            )
    return Line2D([], [], color=color(layer), marker=">", markersize=4)


def _draw_ellipse(axes: Axes, layer: Ellipse, scene: Scene) -> Artist:
    branches = _conic(layer, scene)
    for branch in branches:
        points = scene.array(layer.center) + branch
        axes.plot(*points.T, color=color(layer), linewidth=1.4, linestyle="--" if layer.dash else "-")
    if not branches:
        say(axes, f"{layer.label or layer.matrix}: no eigenvalue of its matrix is positive.", aside=True)
    return Line2D([], [], color=color(layer), linewidth=1.4, linestyle="--" if layer.dash else "-")


_DRAWERS = {Path: draw_path, Points: _draw_points, Arrow: _draw_arrow, Ellipse: _draw_ellipse}
