"""Equations of JAX as its versions make them: what a parameter is called, what was no primitive before.

JAX does not promise to keep the parameters of its equations. Those whose names differ between the versions
that are supported are read here; one that is missing is an error that names the primitive and the line.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax.extend import core

from livefig.compiler.errors import Unsupported

_CALLED = ("jaxpr", "call_jaxpr", "call")  # the parameter that holds the jaxpr of a primitive that only calls
HIGH = "call_hi_primitive"  # from JAX 0.12 on: an operation that says what it is made of


class Parameters(dict[str, Any]):
    """The parameters of an equation."""

    def __init__(self, primitive: str, parameters: dict[str, Any]) -> None:
        super().__init__(parameters)
        self.primitive = primitive

    def __missing__(self, name: str) -> Any:
        raise Unsupported(
            f"the JAX primitive '{self.primitive}' without its parameter '{name}'"
            f" (JAX {jax.__version__} has changed it)"
        )


def called(parameters: Parameters) -> Any:
    """The jaxpr that a primitive calls."""
    return parameters[next((name for name in _CALLED if name in parameters), _CALLED[0])]


def scan_counts(parameters: Parameters) -> tuple[int, int]:
    """How many arguments of a scan its body only reads, and how many it carries; the rest are rows."""
    if "ft_in" in parameters:  # from JAX 0.11 on
        constants, carried, _ = parameters["ft_in"].unpack()
        return len(constants), len(carried)
    return parameters["num_consts"], parameters["num_carry"]


def expanded(equation: core.JaxprEqn) -> core.ClosedJaxpr | None:
    """What an equation is made of: one of a HIGH primitive, or of one that a library has made of JAX's.

    Such are Equinox's, of which Diffrax and Optimistix are full: most give what they get and only forbid a
    derivative, or see through `jax.vmap`. None, if the primitive does not say it, or only for numbers.
    """
    make = equation.primitive.to_lojax if equation.primitive.name == HIGH else _implementation(equation)
    if make is None:
        return None
    try:
        closed = jax.make_jaxpr(functools.partial(make, **equation.params))(
            *(v.aval for v in equation.invars)
        )
    except Exception:
        return None
    made_here = [inner.replace(source_info=equation.source_info) for inner in closed.jaxpr.eqns]
    return core.ClosedJaxpr(closed.jaxpr.replace(eqns=made_here), closed.consts)


def _implementation(equation: core.JaxprEqn) -> Callable[..., Any] | None:
    """The function of a library that says what its primitive computes; JAX's own say it to XLA alone."""
    make = inner = equation.primitive.impl
    while isinstance(inner, functools.partial):
        inner = inner.func
    library = (getattr(inner, "__module__", None) or "jax").partition(".")[0]
    return None if library == "jax" or equation.effects else make


def bind(equation: core.JaxprEqn, operands: Sequence[Any]) -> list[Any]:
    """The results of an equation, computed now by JAX."""
    primitive = equation.primitive
    with equation.ctx.manager:
        results = primitive.bind(*operands, **primitive.get_bind_params(equation.params))
    return list(results) if primitive.multiple_results else [results]
