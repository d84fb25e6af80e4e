"""Branches on the same condition become one.

The derivative of a `cond` comes as several: one computes the values, one what the derivative needs of them,
one the derivative. Joined, a branch computes all of it from its own values: they need not be carried from one
`cond` to the next, and what the parts have in common is shared.
"""

from __future__ import annotations

import dataclasses

from livefig.compiler.graph.equations import Equation, Graph, Variable


def fuse(graph: Graph) -> Graph:
    """The graph with each `cond` joined to the last one on the same condition, if the order allows it."""
    equations: list[Equation] = []
    for equation in graph.equations:
        place = _partner(equations, equation) if equation.primitive == "cond" else None
        if place is None:
            equations.append(equation)
            continue
        earlier, rest = equations[place], equations[place + 1 :]
        needed = _needed(rest, equation)
        equations[place:] = [*needed, _joined(earlier, equation), *(e for e in rest if e not in needed)]
    return Graph(graph.inputs, [equation.with_bodies(fuse) for equation in equations], graph.outputs)


def _partner(equations: list[Equation], cond: Equation) -> int | None:
    """Where the last `cond` on the same condition is that this one can be joined to."""
    for place in reversed(range(len(equations))):
        earlier = equations[place]
        if earlier.primitive == "cond" and earlier.inputs[0] is cond.inputs[0]:
            needed = _needed(equations[place + 1 :], cond)
            results = set(earlier.outputs)
            return place if all(results.isdisjoint(each.reads()) for each in needed) else None
    return None


def _needed(equations: list[Equation], cond: Equation) -> list[Equation]:
    """Those of the equations that the `cond` after them depends on."""
    read, needed = set(cond.reads()), []
    for equation in reversed(equations):
        if not read.isdisjoint(equation.outputs):
            needed.append(equation)
            read.update(equation.reads())
    return needed[::-1]


def _joined(first: Equation, second: Equation) -> Equation:
    """One `cond` that does what the two do."""
    bodies = []
    for one, other in zip(first.bodies, second.bodies, strict=True):
        other = _renamed(other, dict(zip(first.outputs, one.outputs, strict=True)))
        bodies.append(Graph([], [*one.equations, *other.equations], [*one.outputs, *other.outputs]))
    return dataclasses.replace(first, outputs=[*first.outputs, *second.outputs], bodies=bodies)


def _renamed(graph: Graph, names: dict[Variable, Variable]) -> Graph:
    """The graph with other variables of the graphs around it."""
    equations = [
        dataclasses.replace(
            equation,
            inputs=[names.get(v, v) for v in equation.inputs],
            bodies=[_renamed(body, names) for body in equation.bodies],
        )
        for equation in graph.equations
    ]
    return Graph(graph.inputs, equations, [names.get(v, v) for v in graph.outputs])
