"""JavaScript under construction: expressions, statements, and the builder that places them.

An `Expression` is a number or a boolean of the emitted program. Equal expressions are built once: the builder
keeps a table per block, and puts a new expression in the *outermost* block where all its arguments exist, so
a computation that does not change inside a loop leaves the loop by itself. It never leaves a branch, which
may not run.

What varies is explicit: a `Cell` is a `let` variable, a `Buffer` a typed array, and only statements write
them. Reading a cell makes a new expression that belongs to the reading block, and a load is shared only while
its buffer is unchanged, so sharing never sees a stale value.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np


@dataclass(eq=False)
class Cell:
    """A variable: a parameter, a loop index (`bounds` are then its smallest and largest value) or a `let`."""

    prefix: str
    mutable: bool = True
    bounds: tuple[float, float] | None = None


@dataclass(eq=False)
class Buffer:
    """A typed array of class `kind`."""

    kind: str
    size: int
    prefix: str = "b"
    data: np.ndarray | None = None  # its values, where they are known when compiling
    fixed: bool = False  # the program never writes it
    fresh: bool = False  # to be allocated anew at each call, because the caller gets it
    version: int = 0  # how often it has been written
    home: Block | None = field(default=None, repr=False)  # the block that may overwrite it
    number: int = field(default_factory=itertools.count().__next__)  # in order of creation


@dataclass(eq=False)
class Expression:
    """`operator` applied to `arguments`; `home` is the block that defines it (None for a constant)."""

    operator: str
    arguments: tuple
    boolean: bool
    home: Block | None = field(repr=False)

    @property
    def constant(self) -> bool:
        return self.operator == "constant"

    @property
    def value(self) -> float | bool:
        """The value of a constant."""
        return self.arguments[0]


@dataclass(eq=False)
class Block:
    """Statements that run in order. Nothing is moved out of a `branch`."""

    parent: Block | None = field(default=None, repr=False)
    branch: bool = False
    statements: list[Expression | Statement] = field(default_factory=list)
    table: dict[tuple, Expression] = field(default_factory=dict, repr=False)


class Statement:
    """What runs for its effect. (An expression among the statements is a constant to be computed there.)"""


@dataclass(eq=False)
class Declare(Statement):
    """`let cell = value;`, or `let cell;`."""

    cell: Cell
    value: Expression | None


@dataclass(eq=False)
class Assign(Statement):
    """`cell = value;`."""

    cell: Cell
    value: Expression


@dataclass(eq=False)
class Store(Statement):
    """`buffer[index] = value;`."""

    buffer: Buffer
    index: Expression
    value: Expression


@dataclass(eq=False)
class Call(Statement):
    """`function(arguments);` for its effect on the buffers `writes`; ".set" is a method of the first."""

    function: str
    arguments: tuple
    writes: tuple[Buffer, ...]


@dataclass(eq=False)
class For(Statement):
    """`count` iterations of `body`, in which `index` runs from 0."""

    index: Cell
    count: int
    body: Block


@dataclass(eq=False)
class While(Statement):
    """`body` again and again, until a `BreakUnless` in it."""

    body: Block


@dataclass(eq=False)
class BreakUnless(Statement):
    """The end of the loop around it, unless the condition holds."""

    condition: Expression


@dataclass(eq=False)
class If(Statement):
    """One of two blocks."""

    condition: Expression
    then: Block
    otherwise: Block


@dataclass(eq=False)
class Return(Statement):
    """The end of a function, with one expression or named results; lists come with their array's class."""

    results: Expression | dict[str, Result]


@dataclass(eq=False)
class Function(Statement):
    """`return function (parameters) { body }`."""

    parameters: list[Cell | Buffer]
    body: Block


Result = Expression | Buffer | tuple[str, list[Expression]]
