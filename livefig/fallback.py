"""Figures that only a kernel can compute, since their functions cannot be compiled to JavaScript.

In a notebook's kernel such a figure works all the same: the kernel computes its outputs at each change and
sends them to the page, where the same views draw them. A built page has no kernel and shows the picture.
"""

import functools
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from livefig import lines
from livefig.compiler import Leaf, Program
from livefig.compiler.program import leaves

NODES = {True: 65, False: 25}  # along each side of a field's grid, if it is traced by JAX and if not
NOTHING = Program("", (), ())  # what a page cannot run


@dataclass(frozen=True)
class Samples:
    """The grid on which a kernel samples a field: its limits, ((xmin, xmax), (ymin, ymax)), and nodes along
    each side."""

    box: tuple[tuple[float, float], tuple[float, float]]
    nodes: int

    def points(self) -> np.ndarray:
        """The nodes, row after row."""
        x, y = (np.linspace(*limits, self.nodes) for limits in self.box)
        return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def is_there() -> bool:
    """Whether this is a notebook's kernel."""
    ipython = sys.modules.get("IPython")
    return getattr(ipython and ipython.get_ipython(), "kernel", None) is not None


def say(name: str, reason: str) -> None:
    """Warn that a figure will need a kernel, at the line that makes it."""
    text = f"figure '{name}' is computed by this kernel, and a page without one shows its picture: {reason}"
    warnings.warn(text, stacklevel=lines.depth())


def program(names: Sequence[str], arguments: Sequence[Any], outputs: Sequence[Leaf]) -> Program:
    """What goes into a function and comes out of it, without the JavaScript between."""
    return Program("", leaves(names, map(np.asarray, arguments)), tuple(outputs))


def remembering(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which is not run again for the arguments that it had last: the page, the picture and the
    texts of a state are of one run, also where each run would give another result."""
    last: dict[bytes, Any] = {}

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        key = b" ".join(repr((np.shape(part), np.asarray(part).tolist())).encode() for part in arguments)
        if key not in last:
            result = function(*arguments)
            last.clear()
            last[key] = jax.tree.map(np.array, result)  # a copy: the function may use its arrays again
        return last[key]

    return call


def over_points(field: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """A field that JAX cannot trace, at many points one by one."""
    return lambda points, *arguments: np.array([field(point, *arguments) for point in np.asarray(points)])
