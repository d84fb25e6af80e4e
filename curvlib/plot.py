"""The book's look: one palette for matplotlib and the live figures, one style, the helpers chapters share."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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


def style() -> AbstractContextManager[None]:
    """The book's matplotlib style as a context: ``with plot.style(): …``."""
    import matplotlib.pyplot as plt

    return plt.rc_context(_settings())


def use_style() -> None:
    """Set the book's matplotlib style for the rest of the session (what a chapter's first cell does)."""
    import matplotlib.pyplot as plt

    plt.rcParams.update(_settings())


def _settings() -> dict[str, Any]:
    from cycler import cycler

    ink, grey = color("ink"), color("grey")
    return {
        "axes.prop_cycle": cycler(color=[color(name) for name in COLORS if name not in ("grey", "ink")]),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": grey,
        "axes.labelcolor": ink,
        "axes.titlesize": "medium",
        "axes.titlelocation": "left",
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#e3e6ea",
        "grid.linewidth": 0.6,
        "xtick.color": grey,
        "ytick.color": grey,
        "xtick.labelcolor": ink,
        "ytick.labelcolor": ink,
        "text.color": ink,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
        "figure.figsize": (7.0, 3.6),
        "figure.dpi": 110,
        "savefig.dpi": 110,
        "figure.constrained_layout.use": True,
    }


def slope(ax: Axes, exponent: float, x: tuple[float, float], y: float, label: str | None = None) -> None:
    """Draw the reference line y(t) = y · (t / x₀)^exponent for t from x₀ to x₁ on log–log axes.

    Args:
        ax: axes with logarithmic x and y.
        exponent: the slope shown.
        x: the pair (x₀, x₁), both positive.
        y: the line's height at x₀, positive.
        label: text at the line's right end; by default ``slope`` and the exponent.

    Raises:
        ValueError: if x or y is not positive.
    """
    if min(*x, y) <= 0:
        raise ValueError(f"a slope on log axes needs positive x and y, got x = {x} and y = {y}")
    ends = np.asarray(x, dtype=float)
    heights = y * (ends / ends[0]) ** exponent
    ax.plot(ends, heights, color=color("grey"), linewidth=1.0, linestyle=(0, (4, 3)))
    ax.annotate(
        label or f"slope {exponent:g}",
        (ends[1], heights[1]),
        xytext=(4, 0),
        textcoords="offset points",
        color=color("grey"),
        va="center",
    )
