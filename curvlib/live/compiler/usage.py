"""Which parts of the program matter: dead statements are found, and how often each expression is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

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
    Statement,
    Store,
    While,
)

Place = Cell | Buffer  # what a statement can write


def blocks(statement: Expression | Statement) -> list[Block]:
    """The blocks inside a statement."""
    match statement:
        case For() | While() | Function():
            return [statement.body]
        case If():
            return [statement.then, statement.otherwise]
    return []


def operands(statement: Expression | Statement) -> Iterator[Expression | Buffer]:
    """What a statement itself reads, without the blocks inside it."""
    match statement:
        case Declare() | Assign():
            if statement.value is not None:
                yield statement.value
        case Store():
            yield from (statement.index, statement.value)
        case Call():
            yield from (a for a in statement.arguments if a not in statement.writes)
        case BreakUnless() | If():
            yield statement.condition
        case Return():
            results = statement.results
            for result in results.values() if isinstance(results, dict) else [results]:
                yield from result[1] if isinstance(result, tuple) else [result]


def written(statement: Expression | Statement) -> set[Place]:
    """The cells and buffers that a statement, or one inside it, writes."""
    match statement:
        case Assign() | Declare():
            return {statement.cell}
        case Store():
            return {statement.buffer}
        case Call():
            return set(statement.writes)
    return set().union(*(written(each) for block in blocks(statement) for each in block.statements))


class Usage:
    """What is live: statements, the places they read, and expressions with their uses and the using block."""

    def __init__(self, top: Block) -> None:
        self.uses: Counter[Expression] = Counter()
        self.user: dict[Expression, Block] = {}
        self.places: set[Place] = set()  # cells and buffers that are read
        self.names: dict[str, None] = {}  # functions called, in order
        self.live: set[Statement] = set()
        while self._mark(top):
            pass

    def _mark(self, block: Block) -> bool:
        """Mark what is newly known to be live; whether anything was."""
        changed = False
        for statement in block.statements:
            inner = [self._mark(each) for each in blocks(statement)]
            if statement not in self.live and self._matters(statement):
                self.live.add(statement)
                for operand in operands(statement):
                    self._use(operand, block)
                if isinstance(statement, Call):
                    self.names[statement.function] = None
                    self.places.update(statement.writes)
                changed = True
            changed = changed or any(inner)
        return changed

    def _matters(self, statement: Expression | Statement) -> bool:
        """Whether a statement has an effect, as far as is known yet."""
        if isinstance(statement, Expression):
            return False  # its uses tell
        if isinstance(statement, (Return, Function, BreakUnless)):
            return True
        if blocks(statement):
            return any(each in self.live for block in blocks(statement) for each in block.statements)
        return not self.places.isdisjoint(written(statement))

    def _use(self, operand: Expression | Buffer, block: Block) -> None:
        """Count a use in a block, and where it is the first, the uses that it brings with it."""
        waiting: list[tuple[Expression | Buffer, Block]] = [(operand, block)]
        while waiting:
            operand, block = waiting.pop()
            if not isinstance(operand, Expression):
                self.places.add(operand)
                continue
            self.uses[operand] += 1
            self.user[operand] = block
            if self.uses[operand] > 1 or operand.constant:
                continue
            if "." in operand.operator:
                self.names[operand.operator] = None
            inside = operand.home or block
            waiting += [(a, inside) for a in operand.arguments if isinstance(a, (Expression, Buffer))]
            self.places.update(a for a in operand.arguments if isinstance(a, Cell))
