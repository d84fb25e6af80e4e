"""Expressions as text: by name, or where they are used once and nothing changes meanwhile, in place."""

from __future__ import annotations

from collections.abc import Iterable

from livefig.compiler.script.liveness import Place
from livefig.compiler.script.names import Names
from livefig.compiler.script.syntax import ATOM, UNARY, enclosed, number, operation
from livefig.compiler.script.tree import Buffer, Expression


class Expressions:
    """The texts of a program's expressions. Those that stand in place are held until something uses them."""

    def __init__(self, names: Names) -> None:
        self.names = names
        # What is held: text, precedence, and what it reads that may change.
        self._held: dict[Expression, tuple[str, int, set[Place]]] = {}

    def text(self, expression: Expression, least: int = 0) -> str:
        """The expression where something of at least this precedence is needed."""
        return enclosed(self._short(expression), least)

    def hold(self, expression: Expression) -> set[Expression]:
        """Let an expression stand where it is used; returns those held that it contains."""
        text, precedence = self._compose(expression)
        inside = self.within(expression.arguments)
        reads = _reads(expression).union(*(self._held[inner][2] for inner in inside))
        self._held[expression] = text, precedence, reads
        return inside

    def release(self, expression: Expression) -> str:
        """The text of a held expression, which goes by its name from now on."""
        return self._held.pop(expression)[0]

    def is_held(self, expression: Expression) -> bool:
        """Whether the expression stands where it is used."""
        return expression in self._held

    def reads(self, expression: Expression) -> set[Place]:
        """What a held expression reads that may change."""
        return self._held[expression][2]

    def within(self, roots: Iterable[object]) -> set[Expression]:
        """The held expressions that the given ones are, or contain."""
        found: set[Expression] = set()
        stack = [root for root in roots if isinstance(root, Expression)]
        while stack:
            expression = stack.pop()
            if expression in self._held and expression not in found:
                found.add(expression)
                stack += [a for a in expression.arguments if isinstance(a, Expression)]
        return found

    def _short(self, expression: Expression) -> tuple[str, int]:
        """An expression's literal, name or text, and its precedence."""
        if expression.constant:
            literal = number(expression.value)
            return literal, UNARY if literal.startswith("-") else ATOM
        if expression.operator == "cell":
            return self.names.of(expression.arguments[0]), ATOM
        if expression in self._held:
            return self._held[expression][:2]
        return self.names.of(expression), ATOM

    def _compose(self, expression: Expression) -> tuple[str, int]:
        """The text of an operator applied to its arguments, and its precedence."""
        operator, arguments = expression.operator, expression.arguments
        if operator == "copy":
            return self._short(arguments[0])
        if operator == "load":
            return f"{self.names.of(arguments[0])}[{self.text(arguments[1])}]", ATOM
        return operation(self.names.function(operator), [self._short(a) for a in arguments])


def _reads(expression: Expression) -> set[Place]:
    """What the expression itself reads of what can change."""
    places: set[Place] = set()
    for a in expression.arguments:
        if isinstance(a, Buffer) and not a.fixed:
            places.add(a)
        elif isinstance(a, Expression) and a.operator == "cell" and a.arguments[0].mutable:
            places.add(a.arguments[0])
    return places
