"""What a function costs, counted on its jaxpr: nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from math import prod
from typing import Any

import jax
from jax.interpreters.partial_eval import dce_jaxpr


def operations(
    function: Callable[..., Any],
    *arguments: Any,
    entries: bool = False,
    rounds: int | Sequence[int] = 1,
    branches: Callable[[list[float]], float] = max,
) -> float:
    """The multiply–adds of all products of matrices and convolutions, and the usual counts of what
    factorizes and solves: n³/3 of a Cholesky factorization, n²(m − n/3) of LU, twice that of QR, n² of a
    triangular solve for each right-hand side, 9n³ of a symmetric matrix's eigenvectors, 25n³ of another's,
    14mn² + 8n³ of singular vectors. These are operations, of which a multiply–add is up to two.

    What is not needed for the result counts nothing.

    Args:
        function: a JAX function.
        *arguments: arrays, or their shapes as ``jax.ShapeDtypeStruct``.
        entries: count one also for each entry of a result that is not a product's, which else counts nothing.
        rounds: of each loop whose length is not known; or of one loop after another, in the order of the
            program, a loop before those inside it.
        branches: what the branches of a condition count together: the dearest, or ``min``.

    Raises:
        ValueError: if ``rounds`` are given one by one, and there are not as many such loops.

    Source: Golub & Van Loan 2013, Matrix Computations, 4th ed., for the factorizations.

    Example:
        >>> import jax.numpy as jnp
        >>> operations(lambda a, b: a @ b, jnp.ones((2, 3)), jnp.ones((3, 5)))
        30
    """
    one_by_one = isinstance(rounds, Sequence)
    left = iter(rounds) if one_by_one else repeat(rounds)
    try:
        total = _Count(entries, left, branches).of(_needed(function, *arguments))
    except StopIteration:
        raise ValueError(f"rounds of {len(rounds)} loops are given, and there are more") from None
    if one_by_one and (further := len(list(left))):
        raise ValueError(f"rounds of {len(rounds)} loops are given, and there are {len(rounds) - further}")
    return total


def numbers_held(function: Callable[..., Any], *arguments: Any) -> int:
    """The most numbers that are held at one time: arguments, what is computed and still needed, results.

    A program that writes into what it no longer needs, or fuses what it computes, as XLA's do, holds less,
    by a factor; what grows with the square of the parameters does so here as there.

    Args:
        function: a JAX function.
        *arguments: arrays, or their shapes as ``jax.ShapeDtypeStruct``.

    Example:
        >>> import jax.numpy as jnp
        >>> numbers_held(lambda x: jnp.sum(x[:, None] * x), jnp.ones(10))  # x, the matrix, x as a column
        120
    """
    return _peak(_needed(function, *arguments))


def _needed(function: Callable[..., Any], *arguments: Any) -> Any:
    """The function's jaxpr, without what its results do not need."""
    jaxpr = jax.make_jaxpr(function)(*arguments).jaxpr
    return dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))[0]


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


@dataclass(frozen=True)
class _Count:
    """Adds up what the equations of a program cost; ``rounds`` are of the loops to come."""

    entries: bool
    rounds: Iterator[int]
    branches: Callable[[list[float]], float]

    def of(self, jaxpr: Any) -> float:
        return sum([self.price(equation) for equation in jaxpr.eqns])

    def price(self, equation: Any) -> float:
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
            return self.of(params["jaxprs"].solve.jaxpr)
        if name == "cond":
            return self.branches([self.of(branch.jaxpr) for branch in params["branches"]])
        rounds = next(self.rounds) if name == "while" else params["length"] if name == "scan" else 1
        inner = list(_inside(params))
        if not inner and self.entries and name not in _MOVING:
            return sum(prod(variable.aval.shape) for variable in equation.outvars)
        # Also of a loop without a round the loops inside are gone through.
        return rounds * sum([self.of(one) for one in inner])


def _peak(jaxpr: Any) -> int:
    """The most numbers held during a program, its arguments and results included."""
    last = {v: place for place, equation in enumerate(jaxpr.eqns) for v in equation.invars if _named(v)}
    last |= {v: len(jaxpr.eqns) for v in jaxpr.outvars if _named(v)}
    held = {v: _size([v]) for v in (*jaxpr.invars, *jaxpr.constvars)}
    most = now = sum(held.values())
    for place, equation in enumerate(jaxpr.eqns):
        made = {v: _size([v]) for v in equation.outvars}
        inside = max((_peak(one) - _size(one.invars) for one in _inside(equation.params)), default=0)
        new = sum(made.values())
        if equation.primitive.name in ("scan", "while"):  # what a round makes, beside what all of them do
            most = max(most, now + new + inside)
        now += new
        most = max(most, now, now - new + inside)
        held |= made
        for v in (*filter(_named, equation.invars), *made):
            if last.get(v, -1) <= place:
                now -= held.pop(v, 0)
    return most


def _size(variables: Sequence[Any]) -> int:
    return sum(prod(variable.aval.shape) for variable in variables)


def _named(variable: Any) -> bool:
    """Whether it is a variable, and not a constant written in its place."""
    return not hasattr(variable, "val")


def _inside(params: dict[str, Any]) -> Iterator[Any]:
    """The jaxprs among the parameters of an equation."""
    for value in params.values():
        for one in value if isinstance(value, tuple) else (value,):
            jaxpr = getattr(one, "jaxpr", one)
            if hasattr(jaxpr, "eqns"):
                yield jaxpr
