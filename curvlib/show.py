"""What chapters show besides figures: the library's own source, tables, and the one that judges claims."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from IPython.display import Markdown

VERDICTS = ("holds", "holds when", "misleading", "fails")


class Claim(NamedTuple):
    """One claim, what was measured of it, and the verdict.

    Attributes:
        number: its number, such as C1.1.
        text: the claim in a sentence.
        measured: what this chapter's cells found, in a sentence with its numbers.
        verdict: begins with one of "holds", "holds when", "misleading", "fails".
    """

    number: str
    text: str
    measured: str
    verdict: str


def source(thing: Any, first: str | None = None, last: str | None = None) -> Markdown:
    """The source code of a function, method or class, or an excerpt, as Markdown for a notebook to display.

    Args:
        thing: what has the source.
        first: a text in the first line to show; by default all is shown from the beginning.
        last: a text in the last line to show, the first such line from there on; by default all to the end.

    Raises:
        TypeError: if it has no Python source.
        ValueError: if no line has the text.

    Example:
        >>> print(source(claims, "judged =", "for claim").data)
        ```python
        judged = [Claim(*row) for row in rows]
        for claim in judged:
        ```
    """
    from IPython.display import Markdown

    lines = inspect.getsource(thing).rstrip().split("\n")
    if first is not None:
        lines = lines[_line(lines, first, thing) :]
    if last is not None:
        lines = lines[: _line(lines, last, thing) + 1]
    code = textwrap.dedent("\n".join(lines))
    return Markdown(f"```python\n{code}\n```")


def _line(lines: Sequence[str], text: str, thing: Any) -> int:
    """The number of the first line with the text."""
    found = [number for number, line in enumerate(lines) if text in line]
    if not found:
        raise ValueError(f"no line of {thing.__qualname__} has the text {text!r}")
    return found[0]


def rounded(number: float, digits: int = 2) -> str:
    """A number with so many significant digits, as people write it.

    Example:
        >>> rounded(12345.0, 3), rounded(0.01234), rounded(1.0), rounded(6.02e23)
        ('12,300', '0.012', '1', '6·10²³')
    """
    text = f"{float(f'{number:.{digits}g}'):,.10g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    superscript = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa}·10{superscript}"


def table(head: Sequence[str], *rows: Sequence[Any]) -> Markdown:
    """A table, for a notebook to display; a column of numbers stands to the right.

    Args:
        head: the names of the columns.
        *rows: as many entries each, written by ``str``.

    Raises:
        ValueError: if a row has another number of entries than the head.

    Example:
        >>> print(table(["method", "steps"], ["Newton", 1]).data)
        | method | steps |
        |---|---:|
        | Newton | 1 |
    """
    from IPython.display import Markdown

    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"a row of {len(head)} entries fits this head, got {len(row)}: {row}")
    sides = ["---:" if rows and all(_is_number(row[i]) for row in rows) else "---" for i in range(len(head))]
    return Markdown("\n".join([_row(head), "|" + "|".join(sides) + "|", *map(_row, rows)]))


def _is_number(entry: Any) -> bool:
    """Whether it begins as a number does, or stands where there is none."""
    return bool(re.match(r"[-−+±≤≥<>≈$ ]*[\d∞½]|[–—]?$", str(entry)))


def _row(entries: Sequence[Any]) -> str:
    """A row of a Markdown table."""
    cells = (str(entry).replace("|", "\\|").replace("\n", " ") for entry in entries)
    return "| " + " | ".join(cells) + " |"


def claims(*rows: Claim | Sequence[str]) -> Markdown:
    """A chapter's claims as a table, for a notebook to display.

    Args:
        *rows: ``Claim``s, or sequences of its four texts.

    Raises:
        ValueError: if a verdict does not begin with one of the four words that verdicts are.
    """
    judged = [Claim(*row) for row in rows]
    for claim in judged:
        if not claim.verdict.startswith(VERDICTS):
            raise ValueError(f"a verdict begins with one of {', '.join(VERDICTS)}, got {claim.verdict!r}")
    return table(["no.", "claim", "measured here", "verdict"], *judged)
