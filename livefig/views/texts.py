"""Numbers in words and in a table."""

from collections.abc import Mapping
from dataclasses import dataclass

from livefig.description import Described


@dataclass(frozen=True)
class Readout(Described):
    """A sentence with live numbers; see `readout`."""

    text: str
    show: str | None

    def texts(self) -> tuple[str, ...]:
        """What is written out."""
        return (self.text,)


@dataclass(frozen=True)
class Numbers(Described):
    """A table of live numbers; see `numbers`."""

    rows: tuple[tuple[str, str], ...]
    show: str | None

    def texts(self) -> tuple[str, ...]:
        """What is written out."""
        return tuple(text for _, text in self.rows)


def readout(text: str, *, show: str | None = None) -> Readout:
    """A sentence whose fields `{name}` and `{name:spec}` are numbers of the figure, in the notation of
    `livefig.template`; `show` names a toggle that shows and hides it."""
    return Readout(text, show)


def numbers(rows: Mapping[str, str], *, show: str | None = None) -> Numbers:
    """A small table: a label, and beside it a text such as `"{loss:,.3~r}"` with fields as in `readout`."""
    texts = [*rows, *rows.values()] if isinstance(rows, Mapping) else []
    if not texts or not all(isinstance(text, str) for text in texts):
        raise TypeError(f"numbers need a dict from labels to texts with fields, but were given {rows!r}")
    return Numbers(tuple(rows.items()), show)
