"""A matrix as a map of colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from livefig.description import Described, plain, several
from livefig.views.common import Layer

MOST = 128  # rows or columns: more are narrower than a pixel or two


@dataclass(frozen=True, kw_only=True)
class Cells(Layer):
    """The cells of a heat map; see `heatmap`."""

    SHAPES: ClassVar = {"matrix": (("r", "c"),), "extent": ((),)}

    matrix: str
    diverging: bool
    log: bool
    extent: str | float | None
    decades: float
    blocks: tuple[int, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    kind: ClassVar = "heat map"


@dataclass(frozen=True)
class HeatMap(Described):
    """A matrix as a map of colours; see `heatmap`."""

    kind: ClassVar = "heat map"

    layers: tuple[Cells]
    xlabel: str
    ylabel: str
    title: str


def heatmap(
    matrix: str,
    *,
    diverging: bool = True,
    log: bool = False,
    extent: str | float | None = None,
    decades: float = 4,
    blocks: Sequence[int] = (),
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    show: str | None = None,
) -> HeatMap:
    """The output `matrix`, of shape (r, c), as a map of colours; the reader finds each entry's value by
    pointing at it, or by the arrow keys.

    Args:
        matrix: the output's name.
        diverging: colours that part at zero, alike on both sides; else one ramp from the lowest entry (from
            zero, if `extent` is given) to the largest.
        log: colours by order of magnitude, over `decades` below the largest; smaller entries look like zero,
            and so do negative ones unless the colours diverge.
        extent: the entry at which the colours end, a number or the name of a scalar output, so that several
            maps can be compared; the largest in size when left out.
        decades: that a logarithmic scale spans.
        blocks: sizes of diagonal blocks (a network's layers, say), which lines set apart.
        rows, columns: a label for each row and column; they are numbered from 1 when left out.
        xlabel, ylabel, title: texts.
        show: the name of a toggle that shows and hides it.
    """
    blocks = tuple(map(plain, several(blocks)))
    if any(isinstance(size, bool) or not isinstance(size, int) or size < 1 for size in blocks):
        raise ValueError(f"blocks of a heat map are positive whole numbers, but were given as {blocks!r}")
    cells = Cells(
        matrix=matrix, diverging=bool(diverging), log=bool(log), extent=extent, decades=decades,
        blocks=blocks, rows=several(rows), columns=several(columns), show=show,
    )  # fmt: skip
    if extent is not None and not isinstance(extent, str) and not extent > 0:
        raise ValueError(f"a heat map needs a positive extent, but was given extent={extent!r}")
    if not decades > 0:
        raise ValueError(f"a heat map needs a positive number of decades, but was given {decades!r}")
    return HeatMap((cells,), xlabel, ylabel, title)
