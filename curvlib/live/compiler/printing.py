"""From blocks to text: one statement a line, short names, an expression that is used once stands where it is
used."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator

import numpy as np

from curvlib.live.compiler.code import (
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
    Return,
    Store,
    While,
)
from curvlib.live.compiler.usage import Place, Usage, blocks, operands, written

_PRECEDENCE = {"?:": 2, "||": 3, "&&": 4, "|": 5, "^": 6, "&": 7, "===": 8, "!==": 8}
_PRECEDENCE |= {"<": 9, "<=": 9, ">": 9, ">=": 9, "<<": 10, ">>": 10, ">>>": 10}
_PRECEDENCE |= {"+": 11, "-": 11, "*": 12, "/": 12, "%": 12}
_UNARY, _ATOM = 14, 18
_PREFIXES = {"negate": "-", "!": "!", "~": "~", "number": "+"}
_LONG = 60  # a longer expression gets a line of its own
_WIDTH = 100  # data are wrapped at about this column
_RESERVED = set(
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends "
    "false finally for function if implements import in instanceof interface let new null package private protected "
    "public return static super switch this throw true try typeof undefined var void while with yield runtime Math "
    "Number Boolean Infinity NaN Float64Array Float32Array Int32Array Uint32Array Uint8Array".split()
)


def identifier(name: str, taken: set[str]) -> str:
    """A JavaScript identifier like `name` that is not taken; it is then."""
    name = re.sub(r"\W", "_", name, flags=re.ASCII)
    name = f"_{name}" if not name or name[0].isdigit() else name
    while name in taken or name in _RESERVED:
        name += "_"
    taken.add(name)
    return name


def number(value: float | bool) -> str:
    """A literal that reads back as exactly this value."""
    if isinstance(value, bool):
        return str(value).lower()
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value) and abs(value) < 1e15:
        return "-0" if value == 0 and math.copysign(1, value) < 0 else str(int(value))
    text = repr(value)
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def print_program(top: Block) -> str:
    """The text of `function (runtime) { … }`."""
    return _Printer(top).program()


class _Printer:
    def __init__(self, top: Block) -> None:
        self.top = top
        self.usage = Usage(top)
        self.taken: set[str] = set()
        self.counters: dict[str, Iterator[int]] = {}
        self.names: dict[object, str] = {}
        for name in self.usage.names:
            self.names[name] = identifier(name.rpartition(".")[2], self.taken) if "." in name else name
        self.lines: list[str] = []
        self.depth = 0
        self.loops = 0
        self.inlined: dict[Expression, tuple[str, int, set[Place]]] = {}

    # Layout

    def line(self, text: str) -> None:
        self.lines.append("  " * self.depth + text)

    def program(self) -> str:
        self.line("function (runtime) {")
        self.depth += 1
        self.line('"use strict";')
        for module in ("Math", "runtime"):
            own = sorted(
                name for name in self.names if isinstance(name, str) and name.startswith(f"{module}.")
            )
            if own:
                short = (name.rpartition(".")[2] for name in own)
                pairs = (
                    s if self.names[n] == s else f"{s}: {self.names[n]}"
                    for s, n in zip(short, own, strict=True)
                )
                self.line(f"const {{ {', '.join(pairs)} }} = {module};")
        self.functions(self.top)
        self.depth -= 1
        self.line("}")
        return "\n".join(self.lines)

    def functions(self, block: Block) -> None:
        """The top block: parameters are named first, then data and working arrays are declared."""
        parameters = [p for f in _functions(self.top) for p in f.parameters]
        for parameter in parameters:
            self.names[parameter] = identifier(parameter.prefix, self.taken)
        buffers = [p for p in self.usage.places if isinstance(p, Buffer) and p not in parameters]
        buffers = sorted(buffers, key=lambda b: b.number)
        for buffer in buffers:
            self.name(buffer)
            if buffer.data is not None:
                self.data(buffer)
        self.working = [b for b in buffers if b.data is None]
        outermost = next(_functions(self.top))
        shared = not any(isinstance(s, Function) for s in outermost.body.statements)
        if shared:
            self.allocate(fresh=False)
        self.block(block)

    def allocate(self, fresh: bool) -> None:
        for buffer in self.working:
            if buffer.fresh == fresh:
                self.line(f"const {self.names[buffer]} = new {buffer.kind}({buffer.size});")

    def data(self, buffer: Buffer) -> None:
        values = [number(v) for v in buffer.data.astype(np.float64).tolist()]
        text = ", ".join(values)
        if len(text) < _WIDTH:
            self.line(f"const {self.names[buffer]} = {buffer.kind}.of({text});")
            return
        self.line(f"const {self.names[buffer]} = {buffer.kind}.of(")
        row: list[str] = []
        for value in values:
            if sum(len(v) + 2 for v in row) + len(value) > _WIDTH:
                self.line("  " + ", ".join(row) + ",")
                row = []
            row.append(value)
        self.line("  " + ", ".join(row))
        self.line(");")

    def name(self, thing: Cell | Buffer | Expression) -> str:
        """The name of a variable, an array or a line's result: a letter and a number."""
        if thing not in self.names:
            prefix = "t" if isinstance(thing, Expression) else thing.prefix
            counter = self.counters.setdefault(prefix, itertools.count(1))
            name = next(f"{prefix}{n}" for n in counter if f"{prefix}{n}" not in self.taken)
            self.taken.add(name)
            self.names[thing] = name
        return self.names[thing]

    # Statements

    def block(self, block: Block) -> None:
        waiting: dict[Expression, None] = {}  # expressions to be written where they are used
        for statement in block.statements:
            if isinstance(statement, Expression):
                if self.usage.uses[statement]:
                    self.expression(statement, block, waiting)
                continue
            if statement not in self.usage.live:
                continue
            used = self.closure(operands(statement))
            places = written(statement)
            for expression in list(waiting):
                if expression in used:
                    del waiting[expression]
                elif not places.isdisjoint(self.inlined[expression][2]):
                    self.constant(expression, waiting)
            self.statement(statement)

    def closure(self, roots: Iterator[Expression | Buffer]) -> set[Expression]:
        """The waiting expressions that the given ones contain."""
        found: set[Expression] = set()
        stack = [r for r in roots if isinstance(r, Expression)]
        while stack:
            expression = stack.pop()
            if expression in self.inlined and expression not in found:
                found.add(expression)
                stack += [a for a in expression.arguments if isinstance(a, Expression)]
        return found

    def expression(self, expression: Expression, block: Block, waiting: dict[Expression, None]) -> None:
        """Keep an expression for its only use in this block, or write it as a constant."""
        text, precedence = self.compose(expression)
        reads = self.reads(expression)
        for inner in self.closure(a for a in expression.arguments if isinstance(a, Expression)):
            waiting.pop(inner, None)
            reads |= self.inlined[inner][2]
        self.inlined[expression] = (text, precedence, reads)
        waiting[expression] = None
        once = self.usage.uses[expression] == 1 and self.usage.user[expression] is block
        if not once or len(text) > _LONG:
            self.constant(expression, waiting)

    def constant(self, expression: Expression, waiting: dict[Expression, None]) -> None:
        text = self.inlined.pop(expression)[0]
        del waiting[expression]
        self.line(f"const {self.name(expression)} = {text};")

    def reads(self, expression: Expression) -> set[Place]:
        """What the expression itself reads of what can change."""
        places: set[Place] = set()
        for a in expression.arguments:
            if isinstance(a, Buffer) and not a.fixed:
                places.add(a)
            elif isinstance(a, Expression) and a.operator == "cell" and a.arguments[0].mutable:
                places.add(a.arguments[0])
        return places

    def statement(self, statement: object) -> None:
        match statement:
            case Declare(cell, None):
                self.line(f"let {self.name(cell)};")
            case Declare(cell, value):
                self.line(f"let {self.name(cell)} = {self.text(value)};")
            case Assign(cell, value):
                self.assign(cell, value)
            case Store(buffer, index, value):
                self.line(f"{self.name(buffer)}[{self.text(index)}] = {self.text(value)};")
            case Call(function, arguments):
                texts = [self.text(a) if isinstance(a, Expression) else self.name(a) for a in arguments]
                if "{" in function:
                    self.line(function.format(*texts) + ";")
                else:
                    self.line(f"{self.names[function]}({', '.join(texts)});")
            case BreakUnless(condition):
                self.line(f"if (!{self.text(condition, _UNARY)}) break;")
            case Return(results):
                self.results(results)
            case For() | While() | If() | Function():
                self.compound(statement)

    def assign(self, cell: Cell, value: Expression) -> None:
        name, whole = self.name(cell), self.text(value)
        if (
            value in self.inlined
            and value.operator in ("+", "-", "*")
            and whole.startswith(f"{name} {value.operator} ")
        ):
            first, second = value.arguments
            if first.operator == "cell" and first.arguments[0] is cell:
                self.line(f"{name} {value.operator}= {self.text(second)};")
                return
        self.line(f"{name} = {whole};")

    def compound(self, statement: For | While | If | Function) -> None:
        match statement:
            case For(index, count, body):
                name = self.names[index] = self.loop_name()
                self.line(f"for (let {name} = 0; {name} < {count}; {name}++) {{")
                self.nested(body, loop=True)
                self.line("}")
            case While(body):
                start = len(self.lines)
                self.line("while (true) {")
                self.nested(body)
                self.line("}")
                first = self.lines[start + 1].strip()
                if first.startswith("if (!") and first.endswith(") break;"):
                    condition = first.removeprefix("if (!").removesuffix(") break;")
                    bare = condition.startswith("(") and condition.endswith(")")
                    condition = condition[1:-1] if bare else condition
                    self.lines[start] = "  " * self.depth + f"while ({condition}) {{"
                    del self.lines[start + 1]
            case If(condition, then, otherwise):
                self.branches(condition, then, otherwise)
            case Function(parameters, body):
                self.line(f"return function ({', '.join(self.names[p] for p in parameters)}) {{")
                inner = any(isinstance(s, Function) for s in body.statements)
                self.depth += 1
                self.allocate(fresh=not inner)
                self.block(body)
                self.depth -= 1
                self.line("};")

    def branches(self, condition: Expression, then: Block, otherwise: Block) -> None:
        alive = [any(s in self.usage.live for s in block.statements) for block in (then, otherwise)]
        if alive[0]:
            self.line(f"if ({self.text(condition)}) {{")
            self.nested(then)
            if alive[1]:
                self.line("} else {")
                self.nested(otherwise)
        else:
            self.line(f"if (!{self.text(condition, _UNARY)}) {{")
            self.nested(otherwise)
        self.line("}")

    def nested(self, block: Block, loop: bool = False) -> None:
        self.depth += 1
        self.loops += loop
        self.block(block)
        self.loops -= loop
        self.depth -= 1

    def loop_name(self) -> str:
        letters = itertools.chain("ijklmn", (f"i{n}" for n in itertools.count(1)))
        free = (name for name in letters if name not in self.taken)
        return next(itertools.islice(free, self.loops, None))

    def results(self, results: dict | Expression) -> None:
        if isinstance(results, Expression):
            self.line(f"return {self.text(results)};")
            return
        self.line("return {")
        self.depth += 1
        for name, result in results.items():
            key = name if re.fullmatch(r"[A-Za-z_$][\w$]*", name) else repr(name).replace("'", '"')
            self.line(f"{key}: {self.result(result)},")
        self.depth -= 1
        self.line("};")

    def result(self, result: Expression | Buffer | tuple[str, list[Expression]]) -> str:
        if isinstance(result, Expression):
            return self.text(result)
        if isinstance(result, Buffer):
            return self.name(result)
        kind, elements = result
        return f"{kind}.of({', '.join(map(self.text, elements))})"

    # Expressions

    def text(self, expression: Expression, least: int = 0) -> str:
        """The expression where something of at least this precedence is needed."""
        text, precedence = self.short(expression)
        return f"({text})" if precedence < least else text

    def short(self, expression: Expression) -> tuple[str, int]:
        if expression.constant:
            literal = number(expression.value)
            return literal, _UNARY if literal.startswith("-") else _ATOM
        if expression.operator == "cell":
            return self.name(expression.arguments[0]), _ATOM
        if expression in self.inlined:
            return self.inlined[expression][:2]
        return self.name(expression), _ATOM

    def compose(self, expression: Expression) -> tuple[str, int]:
        """The text of an operator applied to its arguments."""
        operator, arguments = expression.operator, expression.arguments
        if operator == "copy":
            return self.short(arguments[0])
        if operator == "load":
            return f"{self.name(arguments[0])}[{self.text(arguments[1])}]", _ATOM
        if operator in _PREFIXES:
            inner = self.text(arguments[0], _UNARY)
            inner = f"({inner})" if inner[0] in "+-" else inner
            return _PREFIXES[operator] + inner, _UNARY
        if operator not in _PRECEDENCE:
            name = self.names.get(operator, operator)
            return f"{name}({', '.join(map(self.text, arguments))})", _ATOM
        own = _PRECEDENCE[operator]
        if operator == "?:":
            condition, then, otherwise = arguments
            return (
                f"{self.text(condition, own + 1)} ? {self.text(then, own + 1)} : {self.text(otherwise, own)}",
                own,
            )
        left, right = self.text(arguments[0], own), self.text(arguments[1], own + 1)
        return f"{left} {operator} {right}", own


def _functions(block: Block) -> Iterator[Function]:
    for statement in block.statements:
        if isinstance(statement, Function):
            yield statement
            yield from _functions(statement.body)
