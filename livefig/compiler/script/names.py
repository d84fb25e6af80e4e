"""What everything in a program is called: short names, each once, none of them a word of JavaScript."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from livefig.compiler.script.syntax import identifier
from livefig.compiler.script.tree import Buffer, Cell, Expression

Named = Cell | Buffer | Expression


class Names:
    """The names of one program, in which `functions` of Math and of the runtime, and methods, are called."""

    def __init__(self, functions: Iterable[str]) -> None:
        self._taken: set[str] = set()
        self._counters: dict[str, Iterator[int]] = {}
        self._names: dict[Named, str] = {}
        self._functions = {
            name: name if name[0] == "." else identifier(name.rpartition(".")[2], self._taken)
            for name in sorted(functions)
        }

    def imports(self) -> Iterator[str]:
        """Declarations of short names for the functions of Math, then of the runtime."""
        for module in ("Math", "runtime"):
            pairs = []
            for name, short in self._functions.items():
                start, _, own = name.rpartition(".")
                if start == module:
                    pairs.append(own if own == short else f"{own}: {short}")
            if pairs:
                yield f"const {{ {', '.join(pairs)} }} = {module};"

    def function(self, name: str) -> str:
        """The short name of a function or a method; an operator is its own."""
        return self._functions.get(name, name)

    def parameter(self, parameter: Cell | Buffer) -> None:
        """Let a parameter be called as the reader calls it, or nearly so."""
        self._names[parameter] = identifier(parameter.prefix, self._taken)

    def index(self, cell: Cell, depth: int) -> str:
        """The name of a loop's index: i, j, k … by how many loops are around it."""
        letters = itertools.chain("ijklmn", (f"i{n}" for n in itertools.count(1)))
        free = (name for name in letters if name not in self._taken)
        self._names[cell] = next(itertools.islice(free, depth, None))
        return self._names[cell]

    def of(self, thing: Named) -> str:
        """The name of a variable, an array or a line's result: a letter and a number."""
        if thing not in self._names:
            prefix = "t" if isinstance(thing, Expression) else thing.prefix
            counter = self._counters.setdefault(prefix, itertools.count(1))
            name = next(f"{prefix}{n}" for n in counter if f"{prefix}{n}" not in self._taken)
            self._taken.add(name)
            self._names[thing] = name
        return self._names[thing]
