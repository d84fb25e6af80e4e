"""The reader's own line: which of the frames that lead somewhere is in the reader's code, for sentences.

Not the reader's own are Python, JAX, NumPy and whatever else stands in site-packages, livefig itself, and
packages that are installed from a folder in which they are edited. Where there is nothing else, the innermost
frame of such a package is the line: its author reads the sentence.
"""

import functools
import os
import re
import sys
import sysconfig
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import jax
import numpy as np

# JAX and NumPy by name, since they may be installed anywhere.
_MACHINERY = (
    *(os.path.dirname(module.__file__) + os.sep for module in (jax, np)),
    os.path.dirname(__file__) + os.sep,
    *{sysconfig.get_path(kind) + os.sep for kind in ("stdlib", "purelib", "platlib")},
    "<frozen ",
)
Frame = tuple[str, int, str]  # a file, a line of it, the function that the line is in


def own(frames: Iterable[Frame]) -> Frame | None:
    """The reader's own frame among `frames`, which come innermost first; None if there is none."""
    outside = [frame for frame in frames if not is_machinery(frame[0])]
    return next((frame for frame in outside if not _is_installed(frame[0])), next(iter(outside), None))


def place(source_info: Any) -> str:
    """Where the reader's program made an equation of a jaxpr, " at file:line"; empty if that is not known."""
    frames = getattr(getattr(source_info, "traceback", None), "frames", ())
    frame = own((frame.file_name, frame.line_num, frame.function_name) for frame in frames)
    return "" if frame is None else f" at {said(frame)}"


def said(frame: Frame) -> str:
    """A line for a sentence, alike in every kernel that runs its notebook."""
    file, line, function = frame
    if re.search(r"ipykernel_\d+", file):
        return f"line {line} of a notebook cell, in {function}"
    return f"{file}:{line}"


def depth() -> int:
    """How many frames above its caller the reader's own is, as `warnings.warn` counts them (stacklevel)."""
    frames, frame = [], sys._getframe(1)
    while frame is not None:
        frames.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    found = own(frames)
    return frames.index(found) + 1 if found else 1


@functools.cache
def is_machinery(file: str) -> bool:
    """Whether a file is Python's, in site-packages, or livefig's."""
    # Cython's files are named from where they were built.
    return file.startswith(_MACHINERY) or file.endswith(".pyx")


@functools.cache
def _is_installed(file: str) -> bool:
    """Whether a file belongs to an installed package, if only from the folder in which it is edited."""
    top = None
    for folder in Path(file).parents:
        if not (folder / "__init__.py").exists():
            break
        top = folder.name
    if top is None:
        return False
    try:
        metadata.distribution(top)
        return True
    except metadata.PackageNotFoundError:  # a distribution of another name may hold it, which takes longer
        return top in metadata.packages_distributions()
