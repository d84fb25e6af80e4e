"""From blocks to text: one statement a line, short names, what is used once stands where it is used."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from livefig.compiler.script.data import UNPACK, digits, is_packed, packed
from livefig.compiler.script.expressions import Expressions
from livefig.compiler.script.liveness import Usage, operands
from livefig.compiler.script.names import Names
from livefig.compiler.script.syntax import UNARY, WIDTH, rows
from livefig.compiler.script.tree import (
    Assign,
    Block,
    BreakUnless,
    Buffer,
    Call,
    Cell,
    Declare,
    Expression,
    For,
    Function,
    If,
    Result,
    Return,
    Statement,
    Store,
    While,
)

_FOREVER = "while (true) {"
_LONG = 60  # a longer expression gets a line of its own


def print_program(top: Block) -> str:
    """The text of `function (runtime) { … }`."""
    return _Printer(top).program()


class _Printer:
    """Writes the lines of a program."""

    def __init__(self, top: Block) -> None:
        self.top = top
        self.usage = Usage(top)
        if any(isinstance(place, Buffer) and is_packed(place) for place in self.usage.places):
            self.usage.names.add(UNPACK)
        self.names = Names(self.usage.names)
        self.name = self.names.of
        self.expressions = Expressions(self.names)
        self.text = self.expressions.text
        self.lines: list[str] = []
        self.depth = 0
        self.loops = 0
        self.working: list[Buffer] = []

    # Layout

    def line(self, text: str) -> None:
        """Add a line at the present depth."""
        self.lines.append(" " * self.depth + text)

    def program(self) -> str:
        """The whole text."""
        self.line("function (runtime) {")
        self.depth += 1
        self.line('"use strict";')
        for text in self.names.imports():
            self.line(text)
        self.declarations()
        self.block(self.top)
        self.depth -= 1
        self.line("}")
        return "\n".join(self.lines)

    def declarations(self) -> None:
        """Names for the parameters, then the data, then the working arrays that all calls share."""
        functions = list(_functions(self.top))
        parameters = [p for function in functions for p in function.parameters]
        for parameter in parameters:
            self.names.parameter(parameter)
        buffers = [p for p in self.usage.places if isinstance(p, Buffer) and p not in parameters]
        for buffer in sorted(buffers, key=lambda b: b.number):
            self.name(buffer)
            if buffer.data is not None:
                self.data(buffer)
            else:
                self.working.append(buffer)
        if len(functions) == 1:  # else the outer function allocates them, as its results outlive the call
            self.allocate(fresh=False)

    def allocate(self, fresh: bool) -> None:
        """Declare the working arrays that are new at each call, or the others."""
        for buffer in self.working:
            if buffer.fresh == fresh:
                self.line(f"const {self.name(buffer)} = new {buffer.kind}({buffer.size});")

    def data(self, buffer: Buffer) -> None:
        """Declare an array of known values."""
        if is_packed(buffer):
            self.line(f"const {self.name(buffer)} = {packed(buffer, self.names.function(UNPACK))};")
            return
        values = digits(buffer)
        text = ", ".join(values)
        if len(text) < WIDTH:
            self.line(f"const {self.name(buffer)} = {buffer.kind}.of({text});")
            return
        *full, last = rows(values)
        self.line(f"const {self.name(buffer)} = {buffer.kind}.of(")
        self.depth += 1
        for row in full:
            self.line(f"{row},")
        self.line(last)
        self.depth -= 1
        self.line(");")

    # Statements

    def block(self, block: Block) -> None:
        """The live statements of a block. A waiting expression is written before what it reads changes."""
        waiting: dict[Expression, None] = {}  # expressions to be written where they are used
        unset = [s.cell for s in block.statements if isinstance(s, Declare) and s.value is None]
        unset = [cell for cell in unset if cell in self.usage.places]
        for statement in block.statements:
            if isinstance(statement, Expression):
                if self.usage.uses[statement]:
                    self.expression(statement, block, waiting)
                continue
            if statement not in self.usage.live:
                continue
            if isinstance(statement, Declare) and statement.value is None:
                self.variables(unset)
                continue
            used = self.expressions.within(operands(statement))
            places = self.usage.writes[statement]
            for expression in list(waiting):
                if expression in used:
                    del waiting[expression]
                elif not places.isdisjoint(self.expressions.reads(expression)):
                    self.constant(expression, waiting)
            self.statement(statement)

    def variables(self, unset: list[Cell]) -> None:
        """Declare variables that branches will assign; none is left."""
        for row in rows([self.name(cell) for cell in unset]):
            self.line(f"let {row};")
        unset.clear()

    def expression(self, expression: Expression, block: Block, waiting: dict[Expression, None]) -> None:
        """Keep an expression for its only use in this block, or write it as a constant."""
        for inner in self.expressions.hold(expression):
            waiting.pop(inner, None)
        waiting[expression] = None
        once = self.usage.uses[expression] == 1 and self.usage.user[expression] is block
        if not once or len(self.text(expression)) > _LONG:
            self.constant(expression, waiting)

    def constant(self, expression: Expression, waiting: dict[Expression, None]) -> None:
        """Write a waiting expression as a constant."""
        text = self.expressions.release(expression)
        del waiting[expression]
        self.line(f"const {self.name(expression)} = {text};")

    def statement(self, statement: Statement) -> None:
        """Write a statement."""
        match statement:
            case Declare(cell, value):
                self.line(f"let {self.name(cell)} = {self.text(value)};")
            case Assign(cell, value):
                self.assign(cell, value)
            case Store(buffer, index, value):
                self.line(f"{self.name(buffer)}[{self.text(index)}] = {self.text(value)};")
            case Call(function, arguments):
                texts = [self.text(a) if isinstance(a, Expression) else self.name(a) for a in arguments]
                target = texts.pop(0) if function.startswith(".") else ""
                self.line(f"{target}{self.names.function(function)}({', '.join(texts)});")
            case BreakUnless(condition):
                self.leave_unless(condition)
            case Return(results):
                self.results(results)
            case For() | While() | If() | Function():
                self.compound(statement)

    def assign(self, cell: Cell, value: Expression) -> None:
        """`c = …`, or `c += …` where the value begins with the variable itself."""
        name = self.name(cell)
        if self.expressions.is_held(value) and value.operator in ("+", "-", "*"):
            first, second = value.arguments
            if first.operator == "cell" and first.arguments[0] is cell:
                self.line(f"{name} {value.operator}= {self.text(second)};")
                return
        self.line(f"{name} = {self.text(value)};")

    def compound(self, statement: Statement) -> None:
        """Write a statement that has blocks."""
        match statement:
            case For(index, count, body):
                name = self.names.index(index, self.loops)
                self.line(f"for (let {name} = 0; {name} < {count}; {name}++) {{")
                self.nested(body, loop=True)
                self.line("}")
            case While(body):
                self.line(_FOREVER)
                self.nested(body)
                self.line("}")
            case If(condition, then, otherwise):
                self.branches(condition, then, otherwise)
            case Function(parameters, body):
                self.line(f"return function ({', '.join(map(self.name, parameters))}) {{")
                inner = any(isinstance(s, Function) for s in body.statements)
                self.depth += 1
                self.allocate(fresh=not inner)
                self.block(body)
                self.depth -= 1
                self.line("};")

    def leave_unless(self, condition: Expression) -> None:
        """The end of a loop, which stands in the loop's head if nothing comes before it."""
        if self.lines[-1].endswith(_FOREVER):
            self.lines[-1] = self.lines[-1].replace("true", self.text(condition))
        else:
            self.line(f"if (!{self.text(condition, UNARY)}) break;")

    def branches(self, condition: Expression, then: Block, otherwise: Block) -> None:
        """Write an If; at least one of its blocks is alive."""
        alive = [any(s in self.usage.live for s in block.statements) for block in (then, otherwise)]
        if alive[0]:
            self.line(f"if ({self.text(condition)}) {{")
            self.nested(then)
            if alive[1]:
                self.line("} else {")
                if self.otherwise(otherwise):
                    return
        else:
            self.line(f"if (!{self.text(condition, UNARY)}) {{")
            self.nested(otherwise)
        self.line("}")

    def otherwise(self, block: Block) -> bool:
        """Write the block after an else; if it is one `if`, as `else if`, which ends the whole."""
        start, margin = len(self.lines), " " * (self.depth + 1)
        self.nested(block)
        first, *rest = self.lines[start:]
        alone = all(line.startswith((margin + " ", margin + "}")) for line in rest)
        if not (first.startswith(margin + "if (") and alone):
            return False
        self.lines[start - 1 :] = [f"{margin[:-1]}}} else {first.lstrip()}", *(line[1:] for line in rest)]
        return True

    def nested(self, block: Block, loop: bool = False) -> None:
        """Write a block one level deeper."""
        self.depth += 1
        self.loops += loop
        self.block(block)
        self.loops -= loop
        self.depth -= 1

    def results(self, results: dict[str, Result] | Expression) -> None:
        """Write a Return."""
        if isinstance(results, Expression):
            self.line(f"return {self.text(results)};")
            return
        self.line("return {")
        self.depth += 1
        for name, result in results.items():
            plain = re.fullmatch(r"[A-Za-z_$][\w$]*", name, re.ASCII)
            key = name if plain else json.dumps(name)
            key = '["__proto__"]' if name == "__proto__" else key  # which would otherwise name no value
            self.line(f"{key}: {self.result(result)},")
        self.depth -= 1
        self.line("};")

    def result(self, result: Result) -> str:
        """The text of one result."""
        if isinstance(result, Expression):
            return self.text(result)
        if isinstance(result, Buffer):
            return self.name(result)
        kind, elements = result
        return f"{kind}.of({', '.join(map(self.text, elements))})"


def _functions(block: Block) -> Iterator[Function]:
    """The functions in a block, the outer one first."""
    for statement in block.statements:
        if isinstance(statement, Function):
            yield statement
            yield from _functions(statement.body)
