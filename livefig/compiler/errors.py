"""The errors of the compiler."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any


class CompileError(NotImplementedError):
    """The function uses something that has no JavaScript here; the message names it and the user's line."""


class Unsupported(Exception):
    """What a rule cannot do, as a phrase; the equation's place is added where it is caught."""


def no_javascript(what: str, place: str) -> CompileError:
    """The error that something has no JavaScript; `place` is " at file:line", or empty."""
    return CompileError(f"livefig.compile has no JavaScript for {what}{', used' + place if place else ''}.")


@contextlib.contextmanager
def named(primitive: str, parameters: Mapping[str, Any], place: str) -> Iterator[None]:
    """While an equation is read: what cannot be done with it becomes an error that says where it is.

    So does the attribute that one of its parameters has no longer, or not yet, in the JAX that runs.
    """
    try:
        yield
    except Unsupported as error:
        raise no_javascript(str(error), place) from None
    except AttributeError as error:
        if not any(error.obj is value for value in parameters.values()):
            raise
        raise no_javascript(
            f"the JAX primitive '{primitive}' whose parameter has no '{error.name}'", place
        ) from None
