"""What chapters show besides plots: the library's own source, and the table that judges their claims."""

from __future__ import annotations

import inspect
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


def source(thing: Any) -> Markdown:
    """The source code of a function, method or class, as Markdown for a notebook to display.

    Raises:
        TypeError: if it has no Python source.
    """
    from IPython.display import Markdown

    code = textwrap.dedent(inspect.getsource(thing))
    return Markdown(f"```python\n{code.rstrip()}\n```")


def claims(*rows: Claim | Sequence[str]) -> Markdown:
    """A chapter's claims as a table, for a notebook to display.

    Args:
        *rows: ``Claim``s, or sequences of its four texts.

    Raises:
        ValueError: if a verdict does not begin with one of the four words that verdicts are.
    """
    from IPython.display import Markdown

    lines = ["| no. | claim | measured here | verdict |", "|---|---|---|---|"]
    for row in rows:
        claim = Claim(*row)
        if not claim.verdict.startswith(VERDICTS):
            raise ValueError(f"a verdict begins with one of {', '.join(VERDICTS)}, got {claim.verdict!r}")
        cells = (cell.replace("|", "\\|").replace("\n", " ") for cell in claim)
        lines.append("| " + " | ".join(cells) + " |")
    return Markdown("\n".join(lines))
