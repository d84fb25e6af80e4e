"""The error of the compiler, and the place in the user's program that it names."""

from __future__ import annotations

import os
import re
from typing import Any

_LIBRARIES = tuple(f"{os.sep}{name}{os.sep}" for name in ("jax", "jaxlib", "curvlib", "optax"))


class CompileError(NotImplementedError):
    """The function uses something that has no JavaScript here; the message names it and the user's line."""


class Unsupported(Exception):
    """What a rule cannot do, as a phrase; the equation's place is added where it is caught."""


def no_javascript(what: str, place: str) -> CompileError:
    """The error that something has no JavaScript; `place` is " at file:line", or empty."""
    return CompileError(f"live.compile has no JavaScript for {what}{', used' + place if place else ''}.")


def where(source_info: Any) -> str:
    """ " at file:line" of the innermost frame that is the user's, or "" if there is none."""
    frames = getattr(getattr(source_info, "traceback", None), "frames", ())
    for frame in frames:
        if any(library in frame.file_name for library in _LIBRARIES) or frame.file_name.startswith("<"):
            continue
        if re.search(r"ipykernel_\d+", frame.file_name):
            return f" at line {frame.line_num} of a notebook cell, in {frame.function_name}"
        return f" at {frame.file_name}:{frame.line_num}"
    return ""
