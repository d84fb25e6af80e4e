"""What a function costs, counted on its jaxpr: nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import jax
from jax.interpreters.partial_eval import dce_jaxpr


def operations(function: Callable[..., Any], *arguments: Any, entries: bool = False) -> float:
    """The multiply–adds of all products of matrices and convolutions, and the usual counts of what
    factorizes and solves: n³/3 of a Cholesky factorization, n²(m − n/3) of LU, twice that of QR, n² of a
    triangular solve for each right-hand side, 9n³ of a symmetric matrix's eigenvectors, 25n³ of another's,
    14mn² + 8n³ of singular vectors. These are operations, of which a multiply–add is up to two.

    What is not needed for the result counts nothing; of the branches of a condition the dearest counts, of a
    loop whose length is not known one round.

    Args:
        function: a JAX function.
        *arguments: arrays, or their shapes as ``jax.ShapeDtypeStruct``.
        entries: count one also for each entry of a result that is not a product's, which else counts nothing.

    Source: Golub & Van Loan 2013, Matrix Computations, 4th ed., for the factorizations.

    Example:
        >>> import jax.numpy as jnp
        >>> operations(lambda a, b: a @ b, jnp.ones((2, 3)), jnp.ones((3, 5)))
        30
    """
    jaxpr = jax.make_jaxpr(function)(*arguments).jaxpr
    return _of(dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))[0], entries)


def relative_costs(unit: tuple[Any, ...], *others: tuple[Any, ...]) -> list[float]:
    """What functions cost in units of another one, a gradient say: ``operations`` over ``operations``, of
    entries too where the unit has no product of matrices.

    Args:
        unit, others: each a function and its arguments, in one tuple.

    Example:
        >>> import jax.numpy as jnp
        >>> A = jnp.ones((4, 4))
        >>> relative_costs((lambda x: A @ (A @ x), jnp.ones(4)), (lambda x: A @ x, jnp.ones(4)))
        [0.5]
    """
    entries = operations(*unit) == 0
    whole = operations(*unit, entries=entries)
    return [operations(*other, entries=entries) / max(whole, 1) for other in others]


_FACTORS: dict[str, Callable[[int, int], float]] = {  # of m × n, the longer side first
    "cholesky": lambda m, n: n**3 / 3,
    "lu": lambda m, n: n**2 * (m - n / 3),
    "qr": lambda m, n: 2 * n**2 * (m - n / 3),
    "geqrf": lambda m, n: 2 * n**2 * (m - n / 3),
    "householder_product": lambda m, n: 2 * n**2 * (m - n / 3),
    "eigh": lambda m, n: 9 * n**3,
    "svd": lambda m, n: 14 * m * n**2 + 8 * n**3,
    "eig": lambda m, n: 25 * n**3,
    "schur": lambda m, n: 25 * n**3,
}
_MOVING = ("reshape", "broadcast_in_dim", "transpose", "squeeze", "convert_element_type", "copy")


def _of(jaxpr: Any, entries: bool) -> float:
    return sum(_price(equation, entries) for equation in jaxpr.eqns)


def _price(equation: Any, entries: bool) -> float:
    name, params = equation.primitive.name, equation.params
    shapes = [variable.aval.shape for variable in equation.invars]
    if name == "dot_general":
        (contracted, _), _ = params["dimension_numbers"]
        return prod(equation.outvars[0].aval.shape) * prod(shapes[0][axis] for axis in contracted)
    if name == "conv_general_dilated":  # each output from a window, in all channels of its group
        to_outputs = params["dimension_numbers"].rhs_spec[0]
        return prod(equation.outvars[0].aval.shape) * prod(shapes[1]) / shapes[1][to_outputs]
    if name in _FACTORS:
        *batch, rows, columns = shapes[0]
        return prod(batch) * _FACTORS[name](max(rows, columns), min(rows, columns))
    if name == "triangular_solve":
        left = params["left_side"]
        return prod(shapes[1]) * shapes[1][-2 if left else -1]
    if name == "custom_linear_solve":
        return _of(params["jaxprs"].solve.jaxpr, entries)
    if name == "cond":
        return max(_of(branch.jaxpr, entries) for branch in params["branches"])
    rounds = params["length"] if name == "scan" else 1
    inner = list(_inside(params))
    if not inner and entries and name not in _MOVING:
        return sum(prod(variable.aval.shape) for variable in equation.outvars)
    return rounds * sum(_of(one, entries) for one in inner)


def _inside(params: dict[str, Any]) -> Iterator[Any]:
    """The jaxprs among the parameters of an equation."""
    for value in params.values():
        jaxpr = getattr(value, "jaxpr", value)
        if hasattr(jaxpr, "eqns"):
            yield jaxpr
