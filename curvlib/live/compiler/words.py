"""The words of JavaScript: names, numbers, and rows of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

WIDTH = 100  # where rows are broken, more or less
_WORDS = """
    arguments await break case catch class const continue debugger default delete do else enum eval export
    extends false finally for function if implements import in instanceof interface let new null package
    private protected public return static super switch this throw true try typeof undefined var void while
    with yield Boolean Float32Array Float64Array Infinity Int32Array Math NaN Number Uint32Array Uint8Array
    runtime
"""
_RESERVED = set(_WORDS.split())


def identifier(name: str, taken: set[str]) -> str:
    """A JavaScript identifier like `name` that is not taken; it is then."""
    name = re.sub(r"\W", "_", name, flags=re.ASCII)
    name = f"_{name}" if not name or name[0].isdigit() else name
    while name in taken or name in _RESERVED:
        name += "_"
    taken.add(name)
    return name


def number(value: float | bool) -> str:
    """A literal that reads back as exactly this value."""
    if isinstance(value, bool):
        return str(value).lower()
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value) and abs(value) < 1e15:
        return "-0" if value == 0 and math.copysign(1, value) < 0 else str(int(value))
    return repr(value)


def rows(words: list[str]) -> Iterator[str]:
    """The words with commas between them, in rows of at most about WIDTH characters."""
    row = ""
    for word in words:
        if len(row) + len(word) > WIDTH:
            yield row
            row = ""
        row += f", {word}" if row else word
    if row:
        yield row
