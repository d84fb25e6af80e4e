"""What a function costs, counted on its jaxpr: nothing is run."""

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import jax
from jax.interpreters.partial_eval import dce_jaxpr


def operations(function: Callable[..., Any], *arguments: Any) -> float:
    """The multiply–adds of all products of matrices, and the usual counts of what factorizes and solves:
    m³/3 of a Cholesky factorization, 2m³/3 of LU, m² of a triangular solve for each right-hand side, 9m³ of
    eigenvalues with eigenvectors. These are operations, of which a multiply–add is up to two.

    What works entry by entry, or is not needed for the result, counts nothing; of the branches of a condition
    the dearest counts, of a loop whose length is not known one round.

    Args:
        function: a JAX function.
        *arguments: arrays, or their shapes as ``jax.ShapeDtypeStruct``.

    Raises:
        NotImplementedError: for a factorization without a price.

    Example:
        >>> import jax.numpy as jnp
        >>> operations(lambda a, b: a @ b, jnp.ones((2, 3)), jnp.ones((3, 5)))
        30
    """
    jaxpr = jax.make_jaxpr(function)(*arguments).jaxpr
    return _of(dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))[0])


_FACTORS = {"cholesky": 1 / 3, "lu": 2 / 3, "eigh": 9}
_UNPRICED = ("svd", "qr", "geqrf", "householder_product", "eig", "schur", "conv_general_dilated")


def _of(jaxpr: Any) -> float:
    return sum(_price(equation) for equation in jaxpr.eqns)


def _price(equation: Any) -> float:
    name, params = equation.primitive.name, equation.params
    shapes = [variable.aval.shape for variable in equation.invars]
    if name == "dot_general":
        (contracted, _), _ = params["dimension_numbers"]
        return prod(equation.outvars[0].aval.shape) * prod(shapes[0][axis] for axis in contracted)
    if name in _FACTORS:
        return _FACTORS[name] * prod(shapes[0]) * shapes[0][-1]
    if name == "triangular_solve":
        left = params["left_side"]
        return prod(shapes[1]) * shapes[1][-2 if left else -1]
    if name in _UNPRICED:
        raise NotImplementedError(f"no price is known for {name}")
    if name == "custom_linear_solve":
        return _of(params["jaxprs"].solve.jaxpr)
    if name == "cond":
        return max(_of(branch.jaxpr) for branch in params["branches"])
    rounds = params["length"] if name == "scan" else 1
    return rounds * sum(_of(inner) for inner in _inside(params))


def _inside(params: dict[str, Any]) -> Iterator[Any]:
    """The jaxprs among the parameters of an equation."""
    for value in params.values():
        jaxpr = getattr(value, "jaxpr", value)
        if hasattr(jaxpr, "eqns"):
            yield jaxpr
