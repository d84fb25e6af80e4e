"""How a table keeps its numbers, few bytes each, for `livefig.tabulate` and `static/table.js`.

A number that stands alone is kept as it is, in 64 bits. An output with axes takes 16 bits a number: those of
a state stand at 65 532 levels from the smallest to the largest finite one of them, at equal distances, so
that each is off by at most 8e-6 of the range that they have in that state. Where they are nowhere
negative and span more than a factor of a hundred, levels are at equal ratios: a number is then off by at most
8e-6 of the logarithm of that factor, relative to itself (3e-4 over sixteen powers of ten).

Zero, NaN and ±∞ are kept, and so are whole numbers that span fewer than 65 532 over the whole table. Numbers
with a sign that are of wildly different sizes in different states, as where some of them diverge, are kept as
they are too: what matters of a diverging path is its beginning.
"""

import base64
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from livefig.compiler import Leaf

LEVELS = 65_531  # steps from the first level to the last
SPECIAL = np.array([0.0, np.nan, np.inf, -np.inf])  # what the codes behind the last level stand for
WIDE = 100.0  # the factor from which on levels stand at equal ratios
WILD = 1e6  # the factor between the sizes of numbers in different states from which on they are kept exactly
LEAST = 2 * 4 / 3  # characters that a number takes, in base64
HUGE = np.finfo(float).max / (4 * LEVELS)  # above which a level of them may be infinite
WHOLE = 2.0**52  # below which a level is never rounded if it is a whole number


@dataclass(frozen=True)
class Exact:
    """One output over all rows of a table, as it is: `numbers` of shape (rows, *shape)."""

    leaf: Leaf
    numbers: np.ndarray

    @property
    def size(self) -> float:
        """How many characters it takes."""
        return self.numbers.nbytes * 4 / 3

    def value(self, row: int) -> np.ndarray:
        """The output in one row."""
        return self.numbers[row]

    def spec(self) -> dict[str, Any]:
        """The column for the front end."""
        return {**_named(self.leaf), "numbers": _text(self.numbers, "<f8")}


@dataclass(frozen=True)
class Quantised:
    """One output over all rows of a table, by levels: `codes` of shape (rows, *shape).

    Row k has the levels of `ranges[k]`, from the first to the last (their logarithms, where `logs[k]`), or of
    `ranges[0]`, if all rows have the same.
    """

    leaf: Leaf
    codes: np.ndarray
    ranges: np.ndarray
    logs: np.ndarray

    @property
    def size(self) -> float:
        """How many characters it takes."""
        return (self.codes.nbytes + self.ranges.nbytes) * 4 / 3 + len(self.logs)

    def value(self, row: int) -> np.ndarray:
        """The output in one row."""
        codes = self.codes[row].astype(np.int64)
        own = min(row, len(self.ranges) - 1)
        low, high = self.ranges[own]
        levels = low + (high - low) * np.minimum(codes, LEVELS) / LEVELS
        numbers = np.exp(levels) if self.logs[own] else levels
        return np.where(codes > LEVELS, SPECIAL[np.maximum(codes - LEVELS - 1, 0)], numbers)

    def spec(self) -> dict[str, Any]:
        """The column for the front end."""
        return {
            **_named(self.leaf),
            "codes": _text(self.codes, "<u2"),
            "ranges": _text(self.ranges, "<f8"),
            "logs": "".join("1" if log else "0" for log in self.logs),
        }


Column = Exact | Quantised


def encode(name: str, values: np.ndarray) -> Column:
    """The values of one output, of shape (rows, *shape)."""
    leaf = Leaf(name, values.shape[1:], values.dtype.name)
    numbers = values.astype(float)
    finite = numbers[np.isfinite(numbers)]
    if _small_whole(finite):
        low = finite.min() if finite.size else 0.0
        return _quantised(leaf, numbers, np.array([[low, low + LEVELS]]), np.array([False]))
    rows = numbers.reshape(len(numbers), -1)
    if not leaf.shape or leaf.dtype.startswith(("int", "uint")) or _wild(rows):
        return Exact(leaf, numbers)
    return _quantised(leaf, numbers, *_levels(rows))


def _small_whole(finite: np.ndarray) -> bool:
    """Whether numbers are whole, and few enough to have a level each."""
    if not finite.size:
        return True
    few = np.abs(finite).max() < WHOLE and finite.max() - finite.min() <= LEVELS
    return bool(few and np.array_equal(finite, np.rint(finite)))


def _wild(rows: np.ndarray) -> bool:
    """Whether numbers with a sign are of wildly different sizes in different rows, or some are so large that
    levels between them would be infinite."""
    finite = np.isfinite(rows)
    sizes = np.max(np.abs(rows), axis=1, initial=0.0, where=finite)
    if sizes.max() > HUGE:
        return True
    signed = np.any(finite & (rows < 0), axis=1)
    return bool(signed.any() and sizes[signed].max() / WILD > sizes[sizes > 0].min())


def _levels(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last level of each row, of shape (rows, 2), and whether they are logarithms."""
    finite = np.isfinite(rows)
    some = finite.any(axis=1)
    low = np.where(some, np.min(rows, axis=1, initial=np.inf, where=finite), 0.0)
    high = np.where(some, np.max(rows, axis=1, initial=-np.inf, where=finite), 0.0)
    least = np.min(rows, axis=1, initial=np.inf, where=finite & (rows > 0))
    logs = (low >= 0) & (high / WIDE > least)
    ends = np.stack([np.where(logs, least, low), high], axis=1)
    ends[logs] = np.log(ends[logs])
    return ends, logs


def _quantised(leaf: Leaf, numbers: np.ndarray, ranges: np.ndarray, logs: np.ndarray) -> Quantised:
    """Numbers as codes of the nearest levels, or of what is special."""
    each = (len(ranges), *(1 for _ in leaf.shape))
    low, high = (ends.reshape(each) for ends in ranges.T)
    with np.errstate(divide="ignore", invalid="ignore"):
        levels = np.where(logs.reshape(each), np.log(numbers), numbers)
        codes = np.rint((levels - low) / np.where(high > low, high - low, 1.0) * LEVELS)
    for place, special in enumerate(SPECIAL):
        same = np.isnan(numbers) if np.isnan(special) else numbers == special
        codes = np.where(same, LEVELS + 1 + place, codes)
    return Quantised(leaf, codes.astype(np.uint16), ranges, logs)


def _named(leaf: Leaf) -> dict[str, Any]:
    return {"name": leaf.name, "size": math.prod(leaf.shape) if leaf.shape else None}


def _text(values: np.ndarray, dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype).tobytes()).decode("ascii")
