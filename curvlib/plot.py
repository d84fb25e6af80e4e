"""The book's look: the live figures' palette for matplotlib, one style, the helpers chapters share."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def color(name: str) -> str:
    """The light-page value of a colour of the live figures' palette, for matplotlib.

    Raises:
        ValueError: if the palette has no such colour.

    Example:
        >>> color("blue")
        '#0072b2'
    """
    from livefig import palette

    return palette.color(name)


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

    from livefig import palette

    ink, grey = color("ink"), color("grey")
    colors = [color(name) for name in palette.COLORS if name not in ("grey", "ink")]
    return {
        "axes.prop_cycle": cycler(color=colors),
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
