"""Primitives that are not installed: those of another JAX, or of a library that is not here."""

from collections.abc import Callable
from typing import Any

import jax
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import mlir


def primitive(name: str, function: Callable[..., Any]) -> Primitive:
    """A primitive of one result that computes what `function(*arguments, **parameters)` does."""
    made = Primitive(name)

    @made.def_abstract_eval
    def _(*avals: Any, **parameters: Any) -> Any:
        shape = jax.eval_shape(lambda *x: function(*x, **parameters), *avals)
        return jax.core.ShapedArray(shape.shape, shape.dtype)

    made.def_impl(function)
    mlir.register_lowering(made, mlir.lower_fun(function, multiple_results=False))
    return made


def of_lax(name: str, function: Callable[..., Any]) -> Primitive:
    """A primitive of `jax.lax`, or a stand-in that computes `function` where this JAX has none."""
    return getattr(lax, f"{name}_p", None) or primitive(name, function)
