"""Which parts of the program matter: dead statements are found, and how often each expression is used."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

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


def _written(statement: Statement) -> set[Place]:
    """The cells and buffers that a statement itself writes, without the blocks inside it."""
    match statement:
        case Assign() | Declare():
            return {statement.cell}
        case Store():
            return {statement.buffer}
        case Call():
            return set(statement.writes)
    return set()


class Usage:
    """What is live: statements, the places they read, and expressions with their uses and the using block.

    What ends a loop or the function is live; so is a statement that writes what something live reads, and one
    that has something live inside it.
    """

    def __init__(self, top: Block) -> None:
        self.uses: Counter[Expression] = Counter()
        self.user: dict[Expression, Block] = {}
        self.places: set[Place] = set()  # cells and buffers that are read
        self.names: set[str] = set()  # functions called
        self.live: set[Statement] = set()
        self.writes: dict[Statement, set[Place]] = {}  # by each statement, or one inside it
        self._around: dict[Statement, tuple[Block, Statement | None]] = {}
        self._writers: defaultdict[Place, list[Statement]] = defaultdict(list)
        self._waiting: list[Statement] = []  # live, but what they read is not yet counted
        self._look_through(top, None)
        while self._waiting:
            self._count(self._waiting.pop())

    def _look_through(self, block: Block, around: Statement | None) -> set[Place]:
        """Note where each statement is and what it writes; return what the block writes."""
        places: set[Place] = set()
        for statement in block.statements:
            if isinstance(statement, Expression):
                continue
            self._around[statement] = block, around
            own = _written(statement)
            for place in own:
                self._writers[place].append(statement)
            self.writes[statement] = own.union(*(self._look_through(b, statement) for b in blocks(statement)))
            places |= self.writes[statement]
            if isinstance(statement, (Return, Function, BreakUnless)):
                self._revive(statement)
        return places

    def _revive(self, statement: Statement) -> None:
        """A statement is live."""
        if statement not in self.live:
            self.live.add(statement)
            self._waiting.append(statement)

    def _read(self, place: Place) -> None:
        """A place is read, which gives all that write it an effect."""
        if place not in self.places:
            self.places.add(place)
            for writer in self._writers[place]:
                self._revive(writer)

    def _count(self, statement: Statement) -> None:
        """Count what a live statement reads."""
        block, around = self._around[statement]
        if around is not None:
            self._revive(around)
        for operand in operands(statement):
            self._use(operand, block)
        if isinstance(statement, Call):
            self.names.add(statement.function)
            for place in statement.writes:
                self._read(place)

    def _use(self, operand: Expression | Buffer, block: Block) -> None:
        """Count a use in a block, and where it is the first, the uses that it brings with it."""
        waiting: list[tuple[Expression | Buffer, Block]] = [(operand, block)]
        while waiting:
            operand, block = waiting.pop()
            if not isinstance(operand, Expression):
                self._read(operand)
                continue
            self.uses[operand] += 1
            self.user[operand] = block
            if self.uses[operand] > 1 or operand.constant:
                continue
            if "." in operand.operator:
                self.names.add(operand.operator)
            inside = operand.home or block
            for argument in operand.arguments:
                if isinstance(argument, (Expression, Buffer)):
                    waiting.append((argument, inside))
                elif isinstance(argument, Cell):
                    self._read(argument)
