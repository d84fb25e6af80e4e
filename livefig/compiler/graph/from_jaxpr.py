"""From a jaxpr to the graph.

A jaxpr is closed: a loop's body receives everything it needs as arguments, and jitted functions are calls.
Here calls are inlined, bodies get the variables around them, and what depends on no argument is computed
(`constants`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jax.extend import core

from livefig import lines
from livefig.compiler.errors import named, no_javascript
from livefig.compiler.graph import float_bits, precompute, versions
from livefig.compiler.graph.equations import (
    Constant,
    Equation,
    Graph,
    Variable,
    constant,
    is_key,
)
from livefig.compiler.registry import TABLE

CALLS = {  # primitives that only call, and who makes them
    "jit": "jax.jit, most of jax.numpy",
    "custom_jvp_call": "jax.custom_jvp, jax.nn.relu",
    "custom_vjp_call": "jax.custom_vjp",
    "custom_vmap_call": "jax.custom_batching.custom_vmap",
    "remat2": "jax.checkpoint",
    "composite": "jax.lax.composite",
}
ALIASES = {  # primitives that give what they get
    "copy": "jnp.array, jnp.copy",
    "stop_gradient": "jax.lax.stop_gradient",
    "optimization_barrier": "jax.lax.optimization_barrier",
    "name": "jax.ad_checkpoint.checkpoint_name",
    "device_put": "jax.device_put",
}
REWRITTEN = {  # primitives that become others
    "custom_linear_solve": "jnp.linalg.solve, jax.scipy.sparse.linalg.cg, jax.lax.custom_linear_solve",
    "platform_index": "jax.lax.platform_dependent: what it does on a CPU",
    versions.HIGH: "jnp.searchsorted, jnp.interp: what they are made of",
}


def from_jaxpr(closed: core.ClosedJaxpr) -> Graph:
    """The graph of a closed jaxpr."""
    inputs = [_variable(v) for v in closed.jaxpr.invars]
    for variable in inputs:
        variable.check("")
    equations: list[Equation] = []
    outputs = _inline(closed, inputs, equations, "")
    return Graph(inputs, equations, outputs)


def _variable(v: core.Var, place: str = "") -> Variable:
    """The variable for one of a jaxpr."""
    dtype = getattr(v.aval, "dtype", v.aval)
    if is_key(dtype):
        raise no_javascript(
            "random keys that depend on an argument (draw random numbers outside, and pass them in as data)",
            place,
        )
    return Variable(tuple(v.aval.shape), dtype)


def _inline(jaxpr: Any, inputs: list[Variable], equations: list[Equation], place: str) -> list[Variable]:
    """Append the equations of a jaxpr applied to `inputs`; return its outputs."""
    consts = jaxpr.consts if isinstance(jaxpr, core.ClosedJaxpr) else []
    jaxpr = jaxpr.jaxpr if isinstance(jaxpr, core.ClosedJaxpr) else jaxpr
    known = dict(zip(jaxpr.constvars, map(constant, consts), strict=True))
    known.update(zip(jaxpr.invars, inputs, strict=True))

    def value(atom: core.Var | core.Literal) -> Variable:
        if isinstance(atom, core.Literal):
            return constant(np.asarray(atom.val, dtype=atom.aval.dtype))
        return known[atom]

    for equation in jaxpr.eqns:
        here = lines.place(equation.source_info) or place
        arguments = [value(atom) for atom in equation.invars]
        with named(equation.primitive.name, equation.params, here):
            results = _convert(equation, arguments, equations, here)
        known.update(zip(equation.outvars, results, strict=True))
    return [value(atom) for atom in jaxpr.outvars]


def _convert(
    equation: core.JaxprEqn, arguments: list[Variable], equations: list[Equation], place: str
) -> list[Variable]:
    """Append what one equation of a jaxpr becomes; return the variables of its results."""
    name = equation.primitive.name
    parameters = versions.Parameters(name, equation.params)
    if name in ALIASES:
        return arguments
    if name in CALLS:
        return _inline(versions.called(parameters), arguments, equations, place)
    if name == "custom_linear_solve":
        lengths = parameters["const_lengths"]
        first = lengths.matvec + lengths.vecmat
        solve = arguments[first : first + lengths.solve]
        return _inline(parameters["jaxprs"].solve, solve + arguments[sum(lengths) :], equations, place)
    if name == "platform_index":  # which of several implementations: the one for any platform, or for a CPU
        choices = parameters["platforms"]
        chosen = next(k for k, names in enumerate(choices) if names is None or "cpu" in names)
        return [constant(np.int32(chosen))]
    if name == "cond" and isinstance(arguments[0], Constant):
        branches = parameters["branches"]
        chosen = min(max(int(arguments[0].value), 0), len(branches) - 1)
        return _inline(branches[chosen], arguments[1:], equations, place)
    recipe = precompute.recipe(equation, arguments)
    if recipe is not None and precompute.is_work(equation, arguments):
        return [constant(value, computed=True) for value in recipe.compute()]
    if name not in TABLE and (made_of := versions.expanded(equation)) is not None:
        return _inline(made_of, arguments, equations, place)
    result = Equation(name, arguments, [_variable(v, place) for v in equation.outvars], parameters, place)
    if name in _CONTROL:
        _CONTROL[name](result)
    if name == "top_k":
        # NaN is the largest by its sign, which JavaScript does not tell: of what is negated, as jnp.partition
        # negates what it takes the smallest of, it is the smallest.
        negated = any(e.primitive == "neg" and e.outputs[0] is arguments[0] for e in equations)
        result.parameters["nan_last"] = negated
    if result.inputs and result.inputs[0].dtype in float_bits.WIDE:
        result = float_bits.of_floats(result, equations)
    equations.append(result)
    if recipe is not None:
        for k, variable in enumerate(result.outputs):
            variable.recipe = recipe, k
    return result.outputs


def _body(jaxpr: Any, outer: list[Variable], own: list[Variable], place: str) -> Graph:
    """The graph of a body: its first inputs are variables around it, the others are its own."""
    equations: list[Equation] = []
    outputs = _inline(jaxpr, outer + own, equations, place)
    return Graph(own, equations, outputs)


def _cond(equation: Equation) -> None:
    branches, operands = equation.parameters["branches"], equation.inputs[1:]
    equation.inputs = equation.inputs[:1]
    equation.bodies = [_body(branch, operands, [], equation.place) for branch in branches]


def _scan(equation: Equation) -> None:
    parameters, place = equation.parameters, equation.place
    (count, carried), jaxpr = versions.scan_counts(parameters), parameters["jaxpr"]
    outer, equation.inputs = equation.inputs[:count], equation.inputs[count:]
    own = [_variable(v, place) for v in jaxpr.jaxpr.invars[count:]]
    equation.bodies = [_body(jaxpr, outer, own, place)]
    kept = {key: parameters[key] for key in ("length", "reverse")}
    equation.parameters = {**kept, "num_carry": carried}


def _while(equation: Equation) -> None:
    parameters, place = equation.parameters, equation.place
    first = parameters["cond_nconsts"]
    second = first + parameters["body_nconsts"]
    outer, equation.inputs = equation.inputs[:second], equation.inputs[second:]
    carry = [Variable(v.shape, v.dtype) for v in equation.inputs]
    condition = _body(parameters["cond_jaxpr"], outer[:first], carry, place)
    body = _body(parameters["body_jaxpr"], outer[first:], carry, place)
    equation.bodies = [condition, body]
    if condition.outputs[0].shape:
        again = _body(parameters["cond_jaxpr"], outer[:first], carry, place)
        equation.bodies = _until_all_are_done(condition, again, body, place)


_CONTROL = {"cond": _cond, "scan": _scan, "while": _while}  # these give an equation its bodies


def _until_all_are_done(condition: Graph, again: Graph, body: Graph, place: str) -> list[Graph]:
    """A loop under vmap, whose condition is an array: it goes on while any is true, and changes only those.

    `again` is a second copy of the condition, for the body, which asks before it changes anything.
    """
    (active,), anything = condition.outputs, Variable((), condition.outputs[0].dtype)
    axes = tuple(range(len(active.shape)))
    any_active = Equation("reduce_or", [active], [anything], {"axes": axes}, place)
    equations, outputs = [*again.equations, *body.equations], []
    for old, new in zip(body.inputs, body.outputs, strict=True):
        mask, kept = Variable(new.shape, active.dtype), Variable(new.shape, new.dtype)
        where = {"broadcast_dimensions": axes}
        equations.append(Equation("broadcast_in_dim", [again.outputs[0]], [mask], where, place))
        equations.append(Equation("select_n", [mask, old, new], [kept], {}, place))
        outputs.append(kept)
    return [
        Graph(condition.inputs, [*condition.equations, any_active], [anything]),
        Graph(body.inputs, equations, outputs),
    ]
