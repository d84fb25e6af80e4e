"""The computation as a graph, which is made simpler before any JavaScript is written.

Every body refers directly to the variables around it, so that moving an equation out of a loop, or sharing it
between branches, is moving it from one list to another. Bodies are `Graph`s; an equation that has some
carries them in `bodies`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from livefig.compiler.errors import no_javascript

KINDS = {  # the typed array that holds a dtype
    "float64": "Float64Array",
    "float32": "Float32Array",
    "int64": "Float64Array",  # whole numbers, exact up to 2^53
    "int32": "Int32Array",
    "uint32": "Uint32Array",
    "int16": "Int16Array",
    "uint16": "Uint16Array",
    "int8": "Int8Array",
    "uint8": "Uint8Array",
    "bool": "Uint8Array",
}
TYPED_ARRAYS = {np.dtype(name): kind for name, kind in KINDS.items()}  # the same by dtype


@dataclass(eq=False)
class Variable:
    """What an equation computes, or an input; `recipe` says how, if it depends on no input (`precompute`)."""

    shape: tuple[int, ...]
    dtype: np.dtype
    recipe: Any = field(default=None, kw_only=True, repr=False)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def check(self, place: str) -> None:
        """Refuse a dtype that no typed array holds; what nothing needs may have one."""
        if self.dtype not in TYPED_ARRAYS:
            raise no_javascript(f"values of type {self.dtype}", place)


@dataclass(eq=False)
class Constant(Variable):
    """A variable whose value is known; `computed`, if it took more than to look it up."""

    value: Any = field(kw_only=True)
    computed: bool = field(default=False, kw_only=True)


@dataclass(eq=False)
class Equation:
    """`outputs = primitive(inputs)`.

    `place` says where in the user's program; `bodies` are (condition, body) of while, (body,) of scan, the
    branches of cond.
    """

    primitive: str
    inputs: list[Variable]
    outputs: list[Variable]
    parameters: dict[str, Any]
    place: str
    bodies: list[Graph] = field(default_factory=list)

    def with_bodies(self, change: Callable[[Graph], Graph]) -> Equation:
        """The equation with changed bodies."""
        return replace(self, bodies=[change(body) for body in self.bodies]) if self.bodies else self

    def reads(self) -> Iterable[Variable]:
        """Every variable the equation reads, also inside its bodies (with repetitions)."""
        return itertools.chain(self.inputs, *(body.reads() for body in self.bodies))


@dataclass(eq=False)
class Graph:
    """Equations in order, from inputs to outputs; other variables it reads belong to the graphs around it."""

    inputs: list[Variable]
    equations: list[Equation]
    outputs: list[Variable]

    def reads(self) -> list[Variable]:
        """Every variable read, whether its own or of the graphs around it (with repetitions)."""
        read = list(self.outputs)
        for equation in self.equations:
            read += equation.reads()
        return read


def constant(value: Any, computed: bool = False) -> Constant:
    """A constant variable; a random key stays as JAX has it."""
    array = value if is_key(getattr(value, "dtype", None)) else np.asarray(value)
    return Constant(tuple(array.shape), array.dtype, value=array, computed=computed)


def is_key(dtype: Any) -> bool:
    """Whether it is the dtype of random keys."""
    return not isinstance(dtype, np.dtype) and str(dtype).startswith("key<")
