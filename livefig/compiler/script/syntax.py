"""The words of JavaScript: names, numbers, operations, and rows of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

_PRECEDENCE = {"?:": 2, "||": 3, "&&": 4, "|": 5, "^": 6, "&": 7, "===": 8, "!==": 8}
_PRECEDENCE |= {"<": 9, "<=": 9, ">": 9, ">=": 9, "<<": 10, ">>": 10, ">>>": 10}
_PRECEDENCE |= {"+": 11, "-": 11, "*": 12, "/": 12, "%": 12}
UNARY, ATOM = 14, 18  # the precedence of what has a sign before it, and of names and calls
_PREFIXES = {"negate": "-", "!": "!", "number": "+"}
WIDTH = 100  # where rows are broken, more or less
_WORDS = """
    arguments await break case catch class const continue debugger default delete do else enum eval export
    extends false finally for function if implements import in instanceof interface let new null package
    private protected public return static super switch this throw true try typeof undefined var void while
    with yield Boolean Infinity Math NaN Number runtime Float64Array Float32Array Int32Array Uint32Array
    Int16Array Uint16Array Int8Array Uint8Array
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


def enclosed(words: tuple[str, int], least: int) -> str:
    """A text with its precedence, in parentheses if at least another is needed."""
    text, precedence = words
    return f"({text})" if precedence < least else text


def operation(operator: str, arguments: list[tuple[str, int]]) -> tuple[str, int]:
    """An operator, or a function's name, applied; each text comes with its precedence."""
    if operator in _PREFIXES:
        inner = enclosed(arguments[0], UNARY)
        return _PREFIXES[operator] + (f"({inner})" if inner[0] in "+-" else inner), UNARY
    if operator not in _PRECEDENCE:
        return f"{operator}({', '.join(text for text, _ in arguments)})", ATOM
    own = _PRECEDENCE[operator]
    if operator == "?:":
        condition, then, otherwise = arguments
        return f"{enclosed(condition, own + 1)} ? {enclosed(then, own + 1)} : {enclosed(otherwise, own)}", own
    left, right = arguments
    return f"{enclosed(left, own)} {operator} {enclosed(right, own + 1)}", own
