"""A matrix as a map of colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from livefig.description import Described, is_number, plain, several
from livefig.views.common import Layer

MOST = 128  # rows or columns: more are narrower than a pixel or two

Coordinates = str | tuple[float, ...] | None  # the name of an output, or the numbers


@dataclass(frozen=True, kw_only=True)
class Cells(Layer):
    """The cells of a heat map; see `heatmap`."""

    SHAPES: ClassVar = {"matrix": (("r", "c"),), "extent": ((),), "x": (("c",),), "y": (("r",),)}

    matrix: str
    diverging: bool
    log: bool
    extent: str | float | None
    decades: float
    blocks: tuple[int, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    x: Coordinates
    y: Coordinates
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
    x: Sequence[float] | str | None = None,
    y: Sequence[float] | str | None = None,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    show: str | None = None,
) -> HeatMap:
    """The output `matrix`, of shape (r, c), as a map of colours; the reader finds each entry's value by
    pointing at it, or by the arrow keys. An entry that is NaN has no value, and its cell is hatched.

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
        x, y: instead of labels a number for each column and row, which only increase or only decrease, or the
            name of an output of shape (c,) or (r,). In even steps, of their logarithms if not of themselves,
            they give an axis of numbers. With `y` larger numbers stand higher, as on other axes; rows without
            it are read from the top.
        xlabel, ylabel, title: texts.
        show: the name of a toggle that shows and hides it.
    """
    blocks = tuple(map(plain, several(blocks)))
    if any(isinstance(size, bool) or not isinstance(size, int) or size < 1 for size in blocks):
        raise ValueError(f"blocks of a heat map are positive whole numbers, but were given as {blocks!r}")
    cells = Cells(
        matrix=matrix, diverging=bool(diverging), log=bool(log), extent=extent, decades=decades,
        blocks=blocks, rows=several(rows), columns=several(columns),
        x=_coordinates(x, "x"), y=_coordinates(y, "y"), show=show,
    )  # fmt: skip
    for names, numbers, what in ((cells.columns, x, "columns and x"), (cells.rows, y, "rows and y")):
        if names and numbers is not None:
            raise ValueError(f"a heat map takes labels or coordinates, but was given both {what}")
    if extent is not None and not isinstance(extent, str) and not extent > 0:
        raise ValueError(f"a heat map needs a positive extent, but was given extent={extent!r}")
    if not decades > 0:
        raise ValueError(f"a heat map needs a positive number of decades, but was given {decades!r}")
    return HeatMap((cells,), xlabel, ylabel, title)


def _coordinates(given: Any, what: str) -> Coordinates:
    """Coordinates as a tuple of floats that only increase or only decrease; a name as it is."""
    if given is None or isinstance(given, str):
        return given
    numbers = tuple(map(plain, several(given)))
    if not numbers or not all(map(is_number, numbers)):
        raise ValueError(f"a heat map needs {what} to be finite numbers, but was given {given!r}")
    if not is_monotone(numbers):
        raise ValueError(
            f"a heat map needs {what} to only increase or only decrease, but was given {given!r}"
        )
    return tuple(map(float, numbers))


def is_monotone(numbers: Sequence[float]) -> bool:
    """Whether numbers only increase or only decrease."""
    steps = np.diff(numbers)
    return bool(np.all(steps > 0) or np.all(steps < 0))
