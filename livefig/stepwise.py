"""Functions of very many operations, which Python runs one after another: XLA would compile them for minutes.

A loop of Python's is unrolled. The time in which XLA compiles a function grows with the square of its
operations, and worse; run one by one, they take as many times what one takes.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import core

from livefig.compiler.graph.versions import bind

LONG = 800  # operations (a loop or a branch is one) above which XLA is not asked to compile them together


def unless_short(run: Callable[..., Any]) -> Callable[..., Any]:
    """A jitted function, whose operations run one by one if they are many. Traced, it is as it was."""

    @functools.wraps(run)
    def call(*arguments: Any) -> Any:
        leaves = jax.tree.leaves(arguments)
        if any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
            return run(*arguments)
        traced = run.trace(*arguments)
        if _length(traced.jaxpr) <= LONG:
            return run(*arguments)
        return jax.tree.unflatten(jax.tree.structure(traced.out_info), _evaluate(traced.jaxpr, leaves))

    return call


def _called(equation: core.JaxprEqn) -> core.ClosedJaxpr | None:
    """What the equation runs, if it is a call of a jitted function."""
    return equation.params.get("jaxpr") if equation.primitive.name == "jit" else None


def _length(closed: core.ClosedJaxpr) -> int:
    """How many operations there are, those of jitted functions included."""
    calls = map(_called, closed.jaxpr.eqns)
    return sum(1 if call is None else _length(call) for call in calls)


def _evaluate(closed: core.ClosedJaxpr, arguments: list[Any]) -> list[Any]:
    """The results of a jaxpr, operation by operation; what is short is compiled, as elsewhere."""
    jaxpr = closed.jaxpr
    known = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    for variable, value in zip(jaxpr.invars, arguments, strict=True):
        known[variable] = jnp.asarray(value, variable.aval.dtype)

    def value(atom: core.Var | core.Literal) -> Any:
        return atom.val if isinstance(atom, core.Literal) else known[atom]

    for equation in jaxpr.eqns:
        call, operands = _called(equation), [value(atom) for atom in equation.invars]
        long = call is not None and _length(call) > LONG
        results = _evaluate(call, operands) if long else bind(equation, operands)
        known.update(zip(equation.outvars, results, strict=True))
    return [jnp.asarray(value(atom), atom.aval.dtype) for atom in jaxpr.outvars]
