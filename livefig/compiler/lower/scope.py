"""From the graph to JavaScript: walks the equations and keeps what each variable stands for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from livefig.compiler.errors import named, no_javascript
from livefig.compiler.graph.equations import Constant, Equation, Graph, Variable
from livefig.compiler.lower.arrays import Array, Lazy, Stored, known, new, settled, stored, write
from livefig.compiler.registry import TABLE
from livefig.compiler.script.builder import Builder
from livefig.compiler.script.tree import Buffer

_NEVER = math.inf


class Scope:
    """The values of one graph's variables.

    A "branch" runs at most once for its parent, a "loop" any number of times; a "condition" must leave the
    values of its loop alone.
    """

    def __init__(self, code: Builder, kind: str = "function", parent: Scope | None = None) -> None:
        self.code, self.kind, self.parent = code, kind, parent
        self.block = code.block
        self.values: dict[Variable, Array] = {}
        self.last: dict[Variable, float] = {}  # the equation that reads a variable last
        self.equation: Equation | None = None
        self.step = -1
        self.uses: Counter[Variable] = parent.uses if parent else Counter()

    def inner(self, kind: str) -> Scope:
        """A scope for a body, in the current block."""
        return Scope(self.code, kind, self)

    def run(self, graph: Graph, inputs: list[Array]) -> list[Array]:
        """Emit the graph's equations; return its outputs."""
        if self.parent is None:
            self.uses.update(graph.reads())
        self.values.update(zip(graph.inputs, inputs, strict=True))
        for step, equation in enumerate(graph.equations):
            self.last.update(dict.fromkeys(equation.reads(), step))
        self.last.update(dict.fromkeys(graph.outputs, _NEVER))
        for self.step, self.equation in enumerate(graph.equations):
            self._lower(self.equation)
        return [self.value(v) for v in graph.outputs]

    def value(self, variable: Variable) -> Array:
        """What a variable of this graph or of one around it stands for."""
        scope: Scope | None = self
        while scope is not None:
            if variable in scope.values:
                return scope.values[variable]
            root, scope = scope, scope.parent
        assert isinstance(variable, Constant)
        with self.code.inside(self.code.top):
            return root.values.setdefault(variable, known(self.code, variable.value))

    def _lower(self, equation: Equation) -> None:
        """Emit one equation."""
        for variable in equation.outputs:
            variable.check(equation.place)
        rule = TABLE.get(equation.primitive)
        if rule is None:
            raise no_javascript(f"the JAX primitive '{equation.primitive}'", equation.place)
        if equation.primitive in ("while", "scan"):
            self.keep(equation.reads())
        operands = [self.value(v) for v in equation.inputs]
        with named(equation.primitive, equation.parameters, equation.place):
            results = rule.lower(self, equation, *operands)
        results = results if isinstance(results, list) else [results]
        for variable, result in zip(equation.outputs, results, strict=True):
            self.values[variable] = self._settled(variable, result)

    def _settled(self, variable: Variable, value: Array) -> Array:
        """Small values as scalars; rules that are asked more than once are worked out now."""
        value = settled(self.code, value)
        if isinstance(value, Lazy) and not value.cheap and self.uses[variable] > 1:
            return stored(self.code, value)
        return value

    def keep(self, variables: Iterable[Variable]) -> None:
        """Store what is still a costly rule: a loop that reads it would work it out in each iteration."""
        for variable in set(variables):
            scope: Scope | None = self
            while scope is not None and variable not in scope.values:
                scope = scope.parent
            if scope is not None and not scope.values[variable].cheap:
                scope.values[variable] = stored(self.code, scope.values[variable])

    # Overwriting

    def writable(self, variable: Variable) -> Stored:
        """The array that the current equation may overwrite: the variable's own if nothing else needs it."""
        value = self.value(variable)
        if isinstance(value, Stored) and self._may_overwrite(value.buffer, variable):
            return value
        return write(self.code, value, new(self.code, value.shape, value.dtype))

    def _may_overwrite(self, buffer: Buffer, variable: Variable | None) -> bool:
        """Whether the buffer belongs to this run, and nothing needs its content after this equation."""
        if buffer.fixed or self._read_later(buffer):
            return False
        if variable is not None:  # neither may another operand of this equation depend on it
            others = list(self.equation.reads())
            others.remove(variable)
            if any(buffer in self.value(other).reads for other in others if self._has(other)):
                return False
        own = buffer.home is self.block
        if self.kind == "branch" and (not own or self.block is self.parent.block):
            return self.parent._may_overwrite(buffer, None)
        return own and self.kind != "condition"  # the loop's body comes after its condition

    def _read_later(self, buffer: Buffer) -> bool:
        """Whether a later equation, or the outputs, depend on the buffer."""
        return any(
            last > self.step and self._has(variable) and buffer in self.value(variable).reads
            for variable, last in self.last.items()
        )

    def _has(self, variable: Variable) -> bool:
        """Whether the variable has a value yet."""
        return variable in self.values or (self.parent is not None and self.parent._has(variable))
