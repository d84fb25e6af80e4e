"""The colours of live figures, each for a light and for a dark page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

COLORS: Mapping[str, tuple[str, str]] = {
    "blue": ("#0072b2", "#56b4e9"),
    "orange": ("#c77c00", "#f0b23e"),
    "green": ("#00805f", "#35c79b"),
    "red": ("#c1351d", "#ff8566"),
    "purple": ("#9b3d86", "#d98cc4"),
    "brown": ("#6f4a2a", "#c8a17c"),
    "grey": ("#69707a", "#98a1ad"),
    "ink": ("#1f2933", "#e4e7eb"),
}
"""Colour names, each with its value on a light and on a dark page.

The hues follow Okabe and Ito's set for colour-blind readers, darkened on the light page until every one has a
contrast of at least 3 : 1 with white (and lightened likewise on the dark page), so that thin lines stay
visible.
"""

RAMPS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "sequential": (
        ("#f3f6f2", "#bfdcd3", "#72b3bf", "#2d79a3", "#1c3d6e"),
        ("#1b222b", "#234b63", "#2e7b8b", "#72b89f", "#e2f1c6"),
    ),
    "diverging": (
        ("#0a4a7c", "#5aa3d0", "#f4f4f2", "#e39a55", "#8f3d08"),
        ("#a8dcff", "#2f7fb3", "#1d232b", "#b5672a", "#ffc08a"),
    ),
}
"""Ramps by their stops, on a light and on a dark page; between stops sRGB values are interpolated.

What is low, or zero, is next to the page's own colour. Lightness alone tells the order along each ramp, or
along each half of the diverging one, whose two hues, blue and orange, colour-blind readers can tell apart.
"""


TINT = (0.3, 0.55)
"""How much of a class's colour its region of the plane has, on a light and on a dark page: as little as on a
light one is mud on a dark one.
"""


def color(name: str) -> str:
    """The light-page value of a palette colour, for matplotlib.

    Raises:
        ValueError: if the palette has no such colour.

    Example:
        >>> color("blue")
        '#0072b2'
    """
    if name not in COLORS:
        raise ValueError(f"no colour named {name!r} in the palette: choose one of {', '.join(COLORS)}")
    return COLORS[name][0]


def ramp(name: str) -> Colormap:
    """The light-page colormap of a ramp, "sequential" or "diverging", for matplotlib.

    Raises:
        ValueError: if there is no such ramp.
    """
    from matplotlib.colors import LinearSegmentedColormap

    if name not in RAMPS:
        raise ValueError(f"no ramp named {name!r}: choose one of {', '.join(RAMPS)}")
    return LinearSegmentedColormap.from_list(name, RAMPS[name][0])
