"""What controls, layers and views are: frozen descriptions, each part of the kind that it has to be."""

import functools
import math
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from numbers import Real
from types import NoneType
from typing import Any, get_args

import numpy as np


@dataclass(frozen=True)
class Described:
    """A description; a text that is none, say, is refused when it is made, and not when it is drawn."""

    def __post_init__(self) -> None:
        for part in fields(self):
            value = plain(getattr(self, part.name))
            object.__setattr__(self, part.name, value)
            needed = _needed(part.type, value)
            if needed:
                raise TypeError(
                    f"this {self.kind} needs {needed} as its {part.name}, but was given {value!r}"
                )
            plain_text(value, f"the {part.name} of this {self.kind}")

    @property
    def kind(self) -> str:
        """What it is, for a sentence."""
        return type(self).__name__.lower()


def plain(value: Any) -> Any:
    """A number of NumPy, JAX or another kind as Python's, which JSON can hold; anything else as it is."""
    if hasattr(value, "item") and np.ndim(value) == 0:
        return value.item()
    return float(value) if isinstance(value, Real) and not isinstance(value, int | float) else value


# A pair of dollars as TeX has it: what they enclose stands close to them, and no word or field of a template
# on their outer sides. Prices, as in "$5 to $10", "US$/A$" or "cost ($)", are none.
LATEX = re.compile(r"(?<![\w}\\])\$(?![\s{)\].,;:!?/])[^$]*[^\s$]\$(?![\w{])")


def plain_text(value: Any, where: str) -> None:
    """Refuse LaTeX in a text, or in one of several: page and picture show texts as they stand."""
    if isinstance(value, tuple | list):
        for part in value:
            plain_text(part, where)
    elif isinstance(value, str) and (found := LATEX.search(value)):
        raise ValueError(
            f"{where} is shown as plain text, but has LaTeX in it, {found[0]}:"
            " write Unicode, such as κ, θ² or ½"
        )


def shape(value: Any) -> tuple[int, ...]:
    """The shape of an array-like; of what is none, or is ragged, ()."""
    try:
        return np.shape(value)
    except ValueError:
        return ()


def as_float(value: Real) -> float:
    """A number as a float, infinite if it is an int that is larger than any."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def several(given: Any) -> tuple[Any, ...]:
    """One or several, as a tuple; a text is one."""
    return tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)


def is_number(value: Any) -> bool:
    """Whether something is a finite number, and no truth value."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(as_float(value))


def listed(names: Iterable[str]) -> str:
    """Names for a sentence."""
    return ", ".join(f"'{name}'" for name in sorted(names)) or "none"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


# What a field of a type is called in a sentence, and whether something is that. Fields of other types are
# checked by whoever makes the description.
KINDS: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    str: ("a text", _is_text),
    float: ("a finite number", is_number),
    bool: ("True or False", lambda value: isinstance(value, bool)),
    float | str: ("a finite number or a name", lambda value: is_number(value) or _is_text(value)),
    tuple[str, ...]: ("texts", lambda value: all(map(_is_text, value))),
}


def _needed(kind: Any, value: Any) -> str | None:
    """What a field of this type needs to be in place of `value`; None if it is."""
    if NoneType in get_args(kind):
        if value is None:
            return None
        kind = functools.reduce(operator.or_, [part for part in get_args(kind) if part is not NoneType])
    needed, is_it = KINDS.get(kind, ("", lambda value: True))
    return None if is_it(value) else needed
