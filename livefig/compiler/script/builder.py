"""The builder of JavaScript: it puts expressions and statements where they belong (see `tree`)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from livefig.compiler.script import folding
from livefig.compiler.script.tree import (
    Assign,
    Block,
    Buffer,
    Call,
    Cell,
    Declare,
    Expression,
    For,
    Function,
    If,
    Statement,
    Store,
    While,
)


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
