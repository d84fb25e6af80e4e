"""The error of the compiler, and the place in the user's program that it names."""

from __future__ import annotations

import functools
import re
import sysconfig
from pathlib import Path
from typing import Any

import jax

# Where the user's code is not: beside jax (site-packages), in curvlib, in Python's own library.
_LIBRARIES = (
    str(Path(jax.__file__).parents[1]),
    str(Path(__file__).parents[2]),
    sysconfig.get_path("stdlib"),
    "<",
)


class CompileError(NotImplementedError):
    """The function uses something that has no JavaScript here; the message names it and the user's line."""


class Unsupported(Exception):
    """What a rule cannot do, as a phrase; the equation's place is added where it is caught."""


def no_javascript(what: str, place: str) -> CompileError:
    """The error that something has no JavaScript; `place` is " at file:line", or empty."""
    return CompileError(f"live.compile has no JavaScript for {what}{', used' + place if place else ''}.")


@functools.cache
def _is_library(file: str) -> bool:
    return file.startswith(_LIBRARIES)


def where(source_info: Any) -> str:
    """Where the user's program made an equation, as " at file:line"; empty if no frame is the user's."""
    frames = getattr(getattr(source_info, "traceback", None), "frames", ())
    for frame in frames:
        if _is_library(frame.file_name):
            continue
        if re.search(r"ipykernel_\d+", frame.file_name):
            return f" at line {frame.line_num} of a notebook cell, in {frame.function_name}"
        return f" at {frame.file_name}:{frame.line_num}"
    return ""
