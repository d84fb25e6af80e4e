"""Highlighted code without the spans that colour nothing: half the weight of a chapter's page.

Names, punctuation and spaces have the colour of plain text in the book's two styles, light and dark.
Operators have one of their own, which says nothing and is a sixth of a page.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from pygments.formatters import HtmlFormatter
from pygments.token import Name, Operator, Punctuation, Text, Whitespace
from sphinx.application import Sphinx
from sphinx.highlighting import PygmentsBridge

PLAIN = frozenset({Name, Operator, Punctuation, Whitespace})


class LeanFormatter(HtmlFormatter):
    """Pygments' own, given plain text for what would look like plain text."""

    def format_unencoded(self, tokensource: Iterable[tuple[Any, str]], outfile: Any) -> None:
        super().format_unencoded(_plain(tokensource), outfile)


def _plain(tokens: Iterable[tuple[Any, str]]) -> Iterator[tuple[Any, str]]:
    for kind, text in tokens:
        yield (Text if kind in PLAIN else kind), text


def setup(app: Sphinx) -> dict:
    PygmentsBridge.html_formatter = LeanFormatter
    return {"parallel_read_safe": True, "parallel_write_safe": True}
