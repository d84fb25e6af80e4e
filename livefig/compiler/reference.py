"""The page that says which primitives are translated, written from the rules themselves.

python -m livefig.compiler.reference > docs/primitives.md
"""

from __future__ import annotations

from itertools import groupby

from livefig.compiler import lower  # noqa: F401 (it registers the rules)
from livefig.compiler.graph.equations import KINDS
from livefig.compiler.graph.from_jaxpr import ALIASES, CALLS, REWRITTEN
from livefig.compiler.registry import TABLE

_TITLES = {
    "elementwise": "Element by element",
    "reducing": "Reductions and products",
    "sorting": "Sorting",
    "shaping": "Shapes",
    "indexing": "Indexing",
    "control": "Loops and branches",
    "algebra": "Linear algebra",
}
_INTRODUCTION = f"""\
# What live figures can compute

`livefig.compile` translates these primitives of JAX to JavaScript. This page is written from its rules
by `python -m livefig.compiler.reference`. A figure may use whatever JAX makes of them: derivatives of
any order and mode, `jax.vmap`, `jax.jit`, functions with derivatives of their own, most of `jax.numpy`.
So may it use primitives that a library makes of these, as Equinox does for Diffrax and Optimistix (call these
with `throw=False`). Anything else is an error that names the primitive and the line.

Numbers may be {", ".join(list(KINDS)[:-1])} or {list(KINDS)[-1]}.
float32 is rounded after each operation, whole numbers of up to 32 bits wrap, int64 is exact up to 2^53 (a
product that passes it is NaN). There is no uint64, which is what sums and products of unsigned numbers are
where JAX computes in 64 bits: make them signed before. XLA on a CPU takes subnormal numbers (below 2.2e-308;
in float32 below 1.2e-38) for zero and leaves zero in their place; a compiled figure keeps them. A sum of
zeros alone may have the other sign. What depends on no argument is computed by JAX beforehand, with all that
it has: random numbers, Fourier transforms, eigenvalues.
"""


def markdown() -> str:
    """The page."""
    rows = sorted(TABLE.items(), key=lambda item: list(_TITLES).index(item[1].module))
    sections = [
        _section(_TITLES[module], [(name, rule.functions, rule.limits) for name, rule in group])
        for module, group in groupby(rows, key=lambda item: item[1].module)
    ]
    inlined = [(name, functions, "") for name, functions in replaced().items()]
    return "\n".join([_INTRODUCTION, *sections, _section("Replaced before translation", inlined)])


def replaced() -> dict[str, str]:
    """Primitives that no rule is asked for, and the functions that lead to them."""
    return CALLS | ALIASES | REWRITTEN


def _section(title: str, rows: list[tuple[str, str, str]]) -> str:
    lines = [f"## {title}", "", "| primitive | used by | limits |", "| --- | --- | --- |"]
    for name, *notes in rows:
        cells = [f"`{name}`", *(note.replace("|", "\\|") for note in notes)]
        lines.append("| " + " | ".join(cells).rstrip() + " |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(markdown(), end="")
