"""Control flow: `scan` and `while` become loops that update variables and arrays, `cond` becomes branches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from livefig.compiler.graph.equations import Constant, Equation, Graph, Variable
from livefig.compiler.lower.arrays import (
    Array,
    Index,
    Lazy,
    Scalars,
    Stored,
    define,
    new,
    scalars,
    stored,
    write,
)
from livefig.compiler.lower.scope import Scope
from livefig.compiler.registry import lowers
from livefig.compiler.script.builder import Builder
from livefig.compiler.script.tree import Block, BreakUnless, Buffer, Cell, Expression, If

LADDER = (
    8  # branches, up to which one after another is asked for; more are halved, or they would nest too deep
)


class _Carry:
    """One value that a loop carries: variables if it is small, else a buffer that the body may overwrite."""

    def __init__(self, scope: Scope, variable: Variable, start: Array) -> None:
        self.scope, self.code, self.start = scope, scope.code, start
        self.cells: list[Cell] = []
        self.buffer: Stored | None = None
        if isinstance(start, Scalars):
            self.cells = [self.code.declare("c", element) for element in start.elements.flat]
        else:
            self.buffer = scope.writable(variable)

    def enter(self) -> Array:
        """The value in the body, whose block is the current one."""
        if self.buffer is not None:
            self.buffer.buffer.home = self.code.block
            self.buffer.buffer.version += 1
            return self.buffer
        return self._read()

    def _read(self) -> Scalars:
        """The present values of the variables."""
        booleans = [element.boolean for element in self.start.elements.flat]
        values = [self.code.read(cell, boolean) for cell, boolean in zip(self.cells, booleans, strict=True)]
        return scalars(self.code, self.start.shape, self.start.dtype, values)

    def settle(self, value: Array, carried: set[Buffer]) -> Array:
        """The next value in a form that assigning the other carried values does not disturb."""
        if isinstance(value, Scalars):
            return scalars(self.code, value.shape, value.dtype, map(self.code.snapshot, value.elements.flat))
        if isinstance(value, Stored) and (value.buffer is self.buffer.buffer or value.buffer not in carried):
            return value
        if isinstance(value, Lazy) and value.uniform is not None and value.uniform.constant:
            return value
        return write(self.code, value, new(self.code, value.shape, value.dtype))

    def assign(self, value: Array) -> None:
        """Let the next iteration start from a settled value."""
        if self.buffer is None:
            for cell, element in zip(self.cells, value.elements.flat, strict=True):
                if not (element.operator == "cell" and element.arguments[0] is cell):
                    self.code.assign(cell, element)
        elif not (isinstance(value, Stored) and value.buffer is self.buffer.buffer):
            write(self.code, value, self.buffer)

    def leave(self) -> Array:
        """The value after the loop."""
        if self.buffer is None:
            return self._read()
        self.buffer.buffer.home = self.code.block
        return self.buffer


def _advance(carries: list[_Carry], values: list[Array]) -> None:
    """Let the next iteration start from these values."""
    carried = {carry.buffer.buffer for carry in carries if carry.buffer is not None}
    settled = [carry.settle(value, carried) for carry, value in zip(carries, values, strict=True)]
    for carry, value in zip(carries, settled, strict=True):
        carry.assign(value)


@lowers("while", functions="jax.lax.while_loop, fori_loop with a traced end")
def _while(scope: Scope, equation: Equation, *starts: Array) -> list[Array]:
    carries = [_Carry(scope, v, start) for v, start in zip(equation.inputs, starts, strict=True)]
    condition, body = equation.bodies
    with scope.code.while_loop():
        values = [carry.enter() for carry in carries]
        (going_on,) = scope.inner("condition").run(condition, values)
        scope.code.append(BreakUnless(going_on.at(scope.code, ())))
        _advance(carries, scope.inner("loop").run(body, values))
    return [carry.leave() for carry in carries]


@lowers("scan", functions="jax.lax.scan, jax.lax.map, jax.lax.fori_loop")
def _scan(scope: Scope, equation: Equation, *operands: Array) -> list[Array]:
    code, (body,) = scope.code, equation.bodies
    length, carried = equation.parameters["length"], equation.parameters["num_carry"]
    counted = [_counter_start(equation, k) for k in range(carried)]
    carries = [
        _Carry(scope, equation.inputs[k], operands[k]) if counted[k] is None else None for k in range(carried)
    ]
    rows = [_row_source(scope, operand) for operand in operands[carried:]]
    records = [new(code, v.shape, v.dtype) for v in equation.outputs[carried:]]
    with code.loop(length) as i:
        here = code.apply("-", code.constant(length - 1), i) if equation.parameters["reverse"] else i
        values = [
            carry.enter() if carry else _counted(scope, start, i, body.inputs[k])
            for k, (carry, start) in enumerate(zip(carries, counted, strict=True))
        ]
        values += [_row(scope, source, here) for source in rows]
        results = scope.inner("loop").run(body, values)
        for record, result in zip(records, results[carried:], strict=True):
            _record(scope, record, here, result)
        moving = [(carry, result) for carry, result in zip(carries, results[:carried], strict=True) if carry]
        _advance([carry for carry, _ in moving], [result for _, result in moving])
    end = code.constant(length)
    finals = [
        carry.leave() if carry else _counted(scope, start, end, equation.outputs[k])
        for k, (carry, start) in enumerate(zip(carries, counted, strict=True))
    ]
    return finals + records


def _counter_start(equation: Equation, k: int) -> int | None:
    """Where a carried whole number starts if it only counts iterations, up to its largest; else None."""
    body, start = equation.bodies[0], equation.inputs[k]
    if not isinstance(start, Constant) or start.shape or start.dtype.kind != "i":
        return None
    if int(start.value) + equation.parameters["length"] > np.iinfo(start.dtype).max:
        return None
    for each in body.equations:
        if each.outputs[0] is body.outputs[k] and each.primitive == "add":
            a, b = each.inputs
            one = b if a is body.inputs[k] else a if b is body.inputs[k] else None
            return int(start.value) if isinstance(one, Constant) and one.value == 1 else None
    return None


def _counted(scope: Scope, start: int, count: Expression, variable: Variable) -> Scalars:
    """The value of a counter after `count` iterations."""
    value = scope.code.apply("+", count, scope.code.constant(start)) if start else count
    return scalars(scope.code, (), variable.dtype, [value])


def _row_source(scope: Scope, operand: Array) -> Array:
    """An array of which the loop takes one row in each iteration."""
    if isinstance(operand, Lazy) and operand.cheap:
        return operand
    return stored(scope.code, operand)


def _row(scope: Scope, source: Array, i: Expression) -> Array:
    """Row i."""
    code = scope.code

    def element(index: Index) -> Expression:
        return source.at(code, (i, *index))

    return define(code, source.shape[1:], source.dtype, element, [source], cheap=True)


def _record(scope: Scope, record: Stored, i: Expression, value: Array) -> None:
    """Write row i."""
    code, shape = scope.code, record.shape[1:]
    for index in code.each(shape, unroll=isinstance(value, Scalars)):
        record.put(code, (i, *index), value.at(code, index))


@lowers("cond", functions="jax.lax.cond, jax.lax.switch")
def _cond(scope: Scope, equation: Equation, which: Array) -> list[Array]:
    code, index = scope.code, which.at(scope.code, ())
    if index.constant:
        chosen = min(max(int(index.value), 0), len(equation.bodies) - 1)
        return scope.inner("branch").run(equation.bodies[chosen], [])
    ends: list[_End] = []
    choice = _choice(scope, index, equation.bodies, 0, ends)
    blocks, values = zip(*ends, strict=True)
    results = [_merge(code, blocks, each) for each in zip(*values, strict=True)]
    code.append(choice)
    return results


_End = tuple[Block, list[Array]]  # a branch's block, and what is computed in it


def _choice(scope: Scope, index: Expression, branches: list[Graph], first: int, ends: list[_End]) -> If:
    """Run the branch number index - first (moved into the range) of two or more; append to `ends`."""
    code = scope.code
    middle = 1 if len(branches) <= LADDER else len(branches) // 2
    one, other = code.branch(), code.branch()
    for block, part, start in (
        (one, branches[:middle], first),
        (other, branches[middle:], first + middle),
    ):
        with code.inside(block):
            if len(part) == 1:
                ends.append((block, scope.inner("branch").run(part[0], [])))
            else:
                code.append(_choice(scope, index, part, start, ends))
    if len(branches) == 2:
        return If(code.apply(">", index, code.constant(first)), other, one)
    return If(code.apply("<=", index, code.constant(first + middle - 1)), one, other)


def _merge(code: Builder, blocks: Sequence[Block], values: Sequence[Array]) -> Array:
    """One array for what the blocks computed: each writes it, unless all left it in the same place."""
    first = values[0]
    if isinstance(first, Scalars):
        elements = zip(*(value.elements.flat for value in values), strict=True)
        return scalars(code, first.shape, first.dtype, [_merged(code, blocks, each) for each in elements])
    places = {value.buffer if isinstance(value, Stored) else None for value in values}
    if len(places) == 1 and None not in places:
        return first
    target = new(code, first.shape, first.dtype)
    for block, value in zip(blocks, values, strict=True):
        with code.inside(block):
            write(code, value, target)
    return target


def _merged(code: Builder, blocks: Sequence[Block], values: Sequence[Expression]) -> Expression:
    """What the blocks computed, in a variable that each assigns, if it is not the same everywhere."""
    first = values[0]
    if all(value is first or _same_constant(value, first) for value in values):
        return first
    cell = code.declare("r")
    for block, value in zip(blocks, values, strict=True):
        with code.inside(block):
            code.assign(cell, value)
    return code.read(cell, first.boolean)


def _same_constant(a: Expression, b: Expression) -> bool:
    """Whether both are the same constant; 0 and -0 differ, NaN does not."""
    return a.constant and b.constant and str(a.value) == str(b.value)
