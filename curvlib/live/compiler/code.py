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

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from curvlib.live.compiler import folding


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


class Builder:
    """Appends to the current block; see the module's docstring for where expressions go."""

    def __init__(self) -> None:
        self.top = Block()
        self.block = self.top

    # Expressions

    def constant(self, value: float | bool | np.generic) -> Expression:
        boolean = isinstance(value, (bool, np.bool_))
        return Expression("constant", (bool(value) if boolean else float(value),), boolean, None)

    def apply(self, operator: str, *arguments: Expression) -> Expression:
        """An operator (infix or prefix, "?:", or a function's name) applied, simplified and shared."""
        simpler = folding.simplify(self, operator, arguments)
        if simpler is not None:
            return simpler
        key = (operator, *((a.value, str(a.value)) if a.constant else id(a) for a in arguments))
        return self._shared(key, operator, arguments, folding.is_boolean(operator, arguments))

    def load(self, buffer: Buffer, index: Expression) -> Expression:
        """The number `buffer[index]`."""
        if buffer.data is not None and index.constant:
            return self.constant(float(buffer.data[int(index.value)]))
        key = ("load", id(buffer), buffer.version, index.value if index.constant else id(index))
        return self._shared(key, "load", (buffer, index), False, stay=not buffer.fixed)

    def read(self, cell: Cell, boolean: bool = False) -> Expression:
        """The present value of a cell."""
        return Expression("cell", (cell,), boolean, self.block)

    def snapshot(self, expression: Expression) -> Expression:
        """A constant with the present value of an expression that may be a bare cell."""
        if expression.operator != "cell" or not expression.arguments[0].mutable:
            return expression
        copy = Expression("copy", (expression,), expression.boolean, self.block)
        self.block.statements.append(copy)
        return copy

    def _shared(
        self, key: tuple, operator: str, arguments: tuple, boolean: bool, stay: bool = False
    ) -> Expression:
        """What the key stands for: an expression within reach, or a new one as far out as it may be."""
        homes = {id(argument.home) for argument in arguments if argument.home is not None}
        home, block, settled = self.block, self.block, stay
        while block is not None:
            if key in block.table:
                return block.table[key]
            if not settled:
                home = block
                settled = block.branch or id(block) in homes
            block = block.parent
        expression = Expression(operator, arguments, boolean, home)
        home.statements.append(expression)
        home.table[key] = expression
        return expression

    # Statements

    def append(self, statement: Statement) -> None:
        """Add a statement to the current block."""
        self.block.statements.append(statement)

    def declare(self, prefix: str, value: Expression | None = None) -> Cell:
        """A new variable."""
        cell = Cell(prefix)
        self.append(Declare(cell, value))
        return cell

    def assign(self, cell: Cell, value: Expression) -> None:
        """Give a variable a new value."""
        self.append(Assign(cell, value))

    def store(self, buffer: Buffer, index: Expression, value: Expression) -> None:
        """Overwrite an element of a buffer."""
        buffer.version += 1
        self.append(Store(buffer, index, value))

    def call(self, function: str, *arguments: Buffer | Expression | int, writes: tuple[Buffer, ...]) -> None:
        """A call for its effect; whole numbers may be given as they are."""
        for buffer in writes:
            buffer.version += 1
        wrapped = tuple(self.constant(a) if isinstance(a, (int, float)) else a for a in arguments)
        self.append(Call(function, wrapped, writes))

    @contextlib.contextmanager
    def inside(self, block: Block) -> Iterator[Block]:
        """Append to `block` (an open one) meanwhile."""
        previous, self.block = self.block, block
        try:
            yield block
        finally:
            self.block = previous

    @contextlib.contextmanager
    def loop(self, count: int) -> Iterator[Expression]:
        """A loop of `count` iterations; gives its index."""
        index = Cell("i", mutable=False, bounds=(0, count - 1))
        with self.inside(Block(self.block)) as body:
            yield self.read(index)
        self.append(For(index, count, body))

    @contextlib.contextmanager
    def loops(self, shape: tuple[int, ...]) -> Iterator[tuple[Expression, ...]]:
        """Nested loops over the indices of `shape`; an axis of length one needs none."""
        with contextlib.ExitStack() as stack:
            yield tuple(self.constant(0) if n == 1 else stack.enter_context(self.loop(n)) for n in shape)

    def each(self, shape: tuple[int, ...], unroll: bool) -> Iterator[tuple[Expression, ...]]:
        """The indices of `shape`, to iterate over: one by one, or once, inside loops."""
        if unroll:
            yield from (tuple(self.constant(i) for i in index) for index in np.ndindex(*shape))
        else:
            with self.loops(shape) as index:
                yield index

    @contextlib.contextmanager
    def while_loop(self) -> Iterator[None]:
        """A loop that only a `BreakUnless` ends."""
        with self.inside(Block(self.block)) as body:
            yield
        self.append(While(body))

    @contextlib.contextmanager
    def when(self, condition: Expression) -> Iterator[None]:
        """A branch that runs only if the condition holds."""
        if condition.constant and condition.value:
            yield
            return
        then, otherwise = self.branch(), self.branch()
        with self.inside(then):
            yield
        if not condition.constant:
            self.append(If(condition, then, otherwise))

    def branch(self) -> Block:
        """A block to be filled with `inside` and made part of the program by an `If`."""
        return Block(self.block, branch=True)

    @contextlib.contextmanager
    def function(self, parameters: list[Cell | Buffer]) -> Iterator[None]:
        """The function that the current block returns."""
        with self.inside(Block(self.block)) as body:
            yield
        self.append(Function(parameters, body))
