"""Simplifications of a graph: what is computed twice, in vain, or again and again.

In this order: loops lose the carried values that never change, equal equations are shared, equations that do
not depend on a loop leave it, branches on one condition are joined (`fusion`), what no output needs is
dropped (a record that a figure does not draw costs nothing), and updates of arrays wait until all that reads
the old array is done, so that they can be made in place.
"""

from __future__ import annotations

import dataclasses
from collections import ChainMap
from typing import Any

from livefig.compiler.graph.equations import Constant, Equation, Graph, Variable
from livefig.compiler.graph.fuse import fuse

_LOOPS = ("while", "scan")
_UPDATES = ("dynamic_update_slice", "scatter")
_SMALL = 64  # constants up to this size are compared by value

Names = dict[Variable, Variable]  # a variable, and the one that takes its place


def simplify(graph: Graph) -> Graph:
    """An equivalent graph that does less."""
    names: Names = {}
    graph = _drop_unchanged_carries(graph, names)
    graph = _share(graph, ChainMap(), names)
    graph = fuse(_hoist(graph))
    graph = _share(graph, ChainMap(), {})  # what two bodies had in common may now stand in one graph
    graph = prune(graph, [True] * len(graph.outputs))
    return _delay_updates(graph)


def _resolve(names: Names, variable: Variable) -> Variable:
    while variable in names:
        variable = names[variable]
    return variable


def _chosen(items: list, marks: list[bool]) -> list:
    return [item for item, mark in zip(items, marks, strict=True) if mark]


def _carried(equation: Equation) -> int:
    """How many values a loop carries: they come first among its inputs, its outputs and its body's."""
    return len(equation.outputs) if equation.primitive == "while" else equation.parameters["num_carry"]


def _keep(equation: Equation, inputs: list[bool], outputs: list[bool]) -> Equation:
    """A loop with only the marked inputs and outputs."""
    *conditions, body = equation.bodies
    conditions = [Graph(_chosen(c.inputs, inputs), c.equations, c.outputs) for c in conditions]
    body = Graph(_chosen(body.inputs, inputs), body.equations, _chosen(body.outputs, outputs))
    parameters = dict(equation.parameters)
    if equation.primitive == "scan":
        parameters["num_carry"] = sum(inputs[: _carried(equation)])
    return dataclasses.replace(
        equation,
        inputs=_chosen(equation.inputs, inputs),
        outputs=_chosen(equation.outputs, outputs),
        parameters=parameters,
        bodies=[*conditions, body],
    )


def _drop_unchanged_carries(graph: Graph, names: Names) -> Graph:
    """A value that a loop carries but never changes is the value it had before the loop."""
    equations = []
    for equation in graph.equations:
        equation = equation.with_bodies(lambda body: _drop_unchanged_carries(body, names))
        if equation.primitive in _LOOPS:
            body, carried = equation.bodies[-1], _carried(equation)
            changes = [_resolve(names, body.outputs[k]) is not body.inputs[k] for k in range(carried)]
            for k in range(carried):
                if not changes[k]:
                    names[equation.outputs[k]] = equation.inputs[k]
                    names.update((each.inputs[k], equation.inputs[k]) for each in equation.bodies)
            more_inputs, more_outputs = (len(e) - carried for e in (equation.inputs, equation.outputs))
            equation = _keep(equation, changes + [True] * more_inputs, changes + [True] * more_outputs)
        equations.append(equation)
    return Graph(graph.inputs, equations, graph.outputs)


def _share(graph: Graph, known: ChainMap, names: Names) -> Graph:
    """Equal equations are computed once, those in bodies also with the graphs around them."""
    equations = []
    for equation in graph.equations:
        if not names.keys().isdisjoint(equation.inputs):
            inputs = [_resolve(names, v) for v in equation.inputs]
            equation = dataclasses.replace(equation, inputs=inputs)
        if equation.bodies:
            equation = equation.with_bodies(lambda body: _share(body, known.new_child(), names))
        elif (key := _key(equation)) in known:
            names.update(zip(equation.outputs, known[key], strict=True))
            continue
        else:
            known[key] = equation.outputs
        equations.append(equation)
    return Graph(graph.inputs, equations, [_resolve(names, v) for v in graph.outputs])


def _key(equation: Equation) -> Any:
    """Equal for two equations that compute the same."""

    def of(variable: Variable) -> Any:
        if isinstance(variable, Constant) and variable.value.size <= _SMALL:
            return (variable.dtype.str, variable.shape, variable.value.tobytes())
        return id(variable)

    parameters = tuple(sorted((k, repr(v)) for k, v in equation.parameters.items() if "jaxpr" not in k))
    results = tuple((v.dtype.str, v.shape) for v in equation.outputs)
    # What x.at[i].apply applies: a function of its own, where for other scatters the primitive says it.
    applied = id(equation.parameters.get("update_jaxpr")) if equation.primitive == "scatter" else None
    return (equation.primitive, parameters, results, tuple(of(v) for v in equation.inputs), applied)


def _hoist(graph: Graph) -> Graph:
    """Equations of a loop that need nothing of the loop move in front of it."""
    equations: list[Equation] = []
    for equation in graph.equations:
        equation = equation.with_bodies(_hoist)
        if equation.primitive in _LOOPS:
            runs = equation.primitive == "scan" and equation.parameters["length"] > 0
            equation = equation.with_bodies(lambda body: _without_invariants(body, equations, runs))  # noqa: B023
        equations.append(equation)
    return Graph(graph.inputs, equations, graph.outputs)


def _without_invariants(body: Graph, before: list[Equation], runs: bool = True) -> Graph:
    """The body without the equations that are the same in each iteration; these are appended to `before`.

    `runs`: whether the body surely runs. Where it may not, what may never end stays in it: a loop that its
    condition keeps from running at all would otherwise hang before it.
    """
    local, remaining = set(body.inputs), []
    for equation in body.equations:
        if local.isdisjoint(equation.reads()) and (runs or not _may_not_end(equation)):
            before.append(equation)
        else:
            local.update(equation.outputs)
            remaining.append(equation)
    return Graph(body.inputs, remaining, body.outputs)


def _may_not_end(equation: Equation) -> bool:
    return equation.primitive == "while" or any(
        _may_not_end(inner) for body in equation.bodies for inner in body.equations
    )


def split(graph: Graph, varying: list[Variable]) -> tuple[Graph, Graph]:
    """The graph in two: what does not depend on the inputs `varying`, and the rest, a graph of those."""
    before: list[Equation] = []
    rest = _without_invariants(Graph(varying, graph.equations, graph.outputs), before)
    read = set(rest.reads())
    shared = [v for equation in before for v in equation.outputs if v in read]
    return Graph([v for v in graph.inputs if v not in varying], before, shared), rest


def prune(graph: Graph, needed: list[bool]) -> Graph:
    """The graph with only the marked outputs, and only what they need."""
    outputs = _chosen(graph.outputs, needed)
    live = set(outputs)
    equations: list[Equation] = []
    for equation in reversed(graph.equations):
        used = [v in live for v in equation.outputs]
        if not any(used):
            continue
        if equation.primitive in _LOOPS:
            equation = _prune_loop(equation, used)
        elif equation.primitive == "cond":
            bodies = [prune(body, used) for body in equation.bodies]
            equation = dataclasses.replace(equation, outputs=_chosen(equation.outputs, used), bodies=bodies)
        live.update(equation.reads())
        equations.append(equation)
    return Graph(graph.inputs, equations[::-1], outputs)


def _prune_loop(equation: Equation, used: list[bool]) -> Equation:
    """A carried value is needed if it is used after the loop, by its condition, or by another needed one."""
    carried, body = _carried(equation), equation.bodies[-1]
    always = set().union(*map(_positions, equation.bodies[:-1]))
    while True:
        read = always | _positions(prune(body, used))
        more = [u or (k < carried and k in read) for k, u in enumerate(used)]
        if more == used:
            break
        used = more
    inputs = [used[k] if k < carried else k in read for k in range(len(equation.inputs))]
    kept = _keep(equation, inputs, used)
    kept.bodies[-1] = prune(kept.bodies[-1], [True] * sum(used))
    return kept


def _positions(graph: Graph) -> set[int]:
    """Which of its inputs a graph reads."""
    read = set(graph.reads())
    return {k for k, v in enumerate(graph.inputs) if v in read}


def _delay_updates(graph: Graph) -> Graph:
    """Each update of an array stands right before the first equation that reads the new one, or last."""
    equations: list[Equation] = []
    waiting: list[Equation] = []  # updates in order
    for equation in graph.equations:
        equation = equation.with_bodies(_delay_updates)
        if equation.primitive.startswith(_UPDATES):
            waiting.append(equation)
            continue
        read, needed = set(equation.reads()), []
        for update in reversed(waiting):
            if update.outputs[0] in read:
                needed.append(update)
                read.update(update.inputs)
        waiting = [update for update in waiting if update not in needed]
        equations += [*reversed(needed), equation]
    return Graph(graph.inputs, equations + waiting, graph.outputs)
