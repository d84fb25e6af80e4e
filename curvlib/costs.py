"""What a step of each method costs on a network of equal layers: a small model, for ratios of ten."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp

from curvlib.trees import Array

COSTED = ("gradient descent", "Adam", "L-BFGS", "K-FAC", "Hessian-free", "Newton")
"""The methods of ``step_costs``, in their order."""


class StepCosts(NamedTuple):
    """The parts of a step, each of shape (6, …), the methods in the order of ``COSTED``.

    Attributes:
        over_data: multiplications for the data, which devices that share the data divide.
        apart: multiplications apart from them: on matrices and vectors of parameters.
        passes: entries of long vectors that are read or written, apart from products.
        sent: numbers that devices have to add up.
        meetings: how many times they have to do so, one after another.
    """

    over_data: Array
    apart: Array
    passes: Array
    sent: Array
    meetings: Array


def step_costs(
    n: float | Array,
    width: float | Array,
    *,
    data: float | Array = 1000,
    memory: float | Array = 10,
    rounds: float | Array = 10,
    period: float | Array = 20,
) -> StepCosts:
    """What a step of six methods costs on a network of n/d² layers of width d.

    Over N data: a gradient is 3Nn multiplications, a Hessian product 1.75 gradients, a Gauss–Newton product
    4/3 with the point's part saved. L-BFGS takes 1.1 gradients and 4mn; K-FAC, with its inverses every T
    steps, 10.2 Nn, 2nd to apply and 14/3 nd/T to invert; Hessian-free (17 + 4k) Nn; Newton's method
    (3 + 5.25n) Nn and n³/3. Devices add up a gradient, K-FAC its factors (2n numbers) too, Hessian-free its
    preconditioner's diagonal and a product for the start and for each round, Newton's method a Hessian.

    Args:
        n: parameters; a number or an array.
        width: d, of n's shape.
        data: N, the batch.
        memory: L-BFGS's pairs m.
        rounds: k of conjugate gradients.
        period: K-FAC's T.

    Source: counts of curvlib's own programs (``counting.operations``, ``shares.share``; tests compare them).

    Example:
        >>> costs = step_costs(4 * 256.0**2, 256.0, data=1000.0)
        >>> whole = costs.over_data + costs.apart
        >>> [round(float(x), 1) for x in whole[:5] / whole[0]]
        [1.0, 1.0, 1.1, 3.6, 19.0]
    """
    n = jnp.asarray(n, float)
    none = 0 * n
    over_data = [3 + none, 3 + none, 3.3 + none, 10.2 + none, 17 + 4.0 * rounds + none, 3 + 5.25 * n]
    apart = [none, none, 4.0 * memory * n, (2 + 14 / 3 / period) * n * width, none, n**3 / 3]
    passes = [2 + none, 5 + none, 4.0 * memory + 6 + none, 6 + none, 10.0 * rounds + none, 4 + none]
    sent = [1 + none, 1 + none, 1.1 + none, 3 + none, 3.0 + rounds + none, 1 + n]
    meetings = [1 + none, 1 + none, 1.1 + none, 3 + none, 2.0 + rounds + none, 2 + none]
    return StepCosts(
        jnp.stack(over_data) * data * n,
        jnp.stack(apart),
        jnp.stack(passes) * n,
        jnp.stack(sent) * n,
        jnp.stack(meetings),
    )
