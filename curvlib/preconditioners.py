"""Preconditioners for conjugate gradients: what stands for the inverse of a curvature matrix, cheaply.

One is a function (problem, params, damping) -> (r ↦ M⁻¹r), with a symmetric positive definite M.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from curvlib.factors import fisher_vectors, look_inside
from curvlib.fisher import check_likelihood
from curvlib.networks import MLP
from curvlib.problems import gives
from curvlib.trees import Array, Params

CHUNK = 16  # gradients that are held at once
POWER = 0.75


def diagonal_preconditioner(
    problem: Any, params: Params, damping: float | Array
) -> Callable[[Params], Params]:
    """r ↦ M⁻¹r with M = (D + λ)^¾, D the diagonal of the empirical Fisher information.

    The exponent below 1 keeps apart less what D would: D is a rough guess of the curvature.

    Of a problem without a likelihood D is not known: it counts as zero, and M = λ^¾ I changes nothing.

    Args:
        problem: any; with a likelihood if D is to be used.
        params: θ.
        damping: λ > 0.

    Source: Martens 2010, "Deep learning via Hessian-free optimization", section 4.7.

    Example:
        >>> import curvlib as cl
        >>> x, y = jnp.array([[2.0, 0.0]]), jnp.array([0.0])
        >>> line = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Gaussian(), x, y)
        >>> inverse = diagonal_preconditioner(line, jnp.array([2.0, 0.0]), 1.0)  # residual 4, gradient (8, 0)
        >>> [round(float(entry) ** (-4 / 3), 3) for entry in inverse(jnp.ones(2))]
        [65.0, 1.0]
    """
    if not gives(problem, "likelihood"):
        return lambda r: jax.tree.map(lambda entry: (entry * damping**-POWER).astype(entry.dtype), r)
    scale = jax.tree.map(lambda d: (d + damping) ** -POWER, empirical_diagonal(problem, params))
    return lambda r: jax.tree.map(lambda s, entry: (s * entry).astype(entry.dtype), scale, r)


def empirical_diagonal(problem: Any, params: Params) -> Params:
    """The diagonal of the empirical Fisher information, 1/N Σᵢ (∇ log p(yᵢ | xᵢ))², shaped like ``params``.

    Of a ``cl.MLP`` layer by layer, (ā²)ᵀ g², by one pass forward and one back; of another model in chunks of
    16 gradients: N of them are never held.

    Raises:
        TypeError: if the problem has no likelihood.
    """
    check_likelihood(problem)
    if isinstance(problem.predict, MLP) and problem.chart is None:
        _, inputs, gradients = look_inside(problem, params, fisher_vectors(problem, "empirical", None))
        return jax.tree.unflatten(
            jax.tree.structure(params), [(a**2).T @ g[0] ** 2 for a, g in zip(inputs, gradients, strict=True)]
        )
    count = len(jax.tree.leaves(problem.targets)[0])
    chunks = -(-count // CHUNK)
    rows = jnp.arange(chunks * CHUNK).reshape(chunks, CHUNK)

    def squares(row: Array) -> Params:
        def fit(params: Params) -> Array:
            datum = problem.take(jnp.minimum(row, count - 1)[None])
            return jnp.mean(datum.likelihood.nll(datum.outputs(params), datum.targets))

        return jax.tree.map(lambda g: jnp.where(row < count, g**2, 0) / count, jax.grad(fit)(params))

    def add(total: Params, some: Array) -> tuple[Params, None]:
        return jax.tree.map(lambda t, new: t + jnp.sum(new, 0), total, jax.vmap(squares)(some)), None

    return jax.lax.scan(add, jax.tree.map(jnp.zeros_like, params), rows)[0]
