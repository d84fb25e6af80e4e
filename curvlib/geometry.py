"""Distances between a model's distributions: Kullback–Leibler divergence, and the ellipses that approximate
its balls."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from curvlib.fisher import check_likelihood
from curvlib.trees import Array, Params, check_like_params

_DOUBLINGS = 60
_HALVINGS = 50


def kl(problem: Any, params: Params, other: Params) -> Array:
    """1/N Σᵢ KL(p(· | xᵢ, θ) ‖ p(· | xᵢ, θ')), how far the model at θ' is from the one at θ; a scalar.

    It does not look at the problem's targets, nor at its ridge.

    Raises:
        TypeError: if the problem has no likelihood.
        ValueError: if the two parameters are not alike.
        NotImplementedError: if the likelihood lacks ``kl``.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> x, y = jnp.array([[1.0], [2.0]]), jnp.array([3.0, 6.0])
        >>> line = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Gaussian(), x, y)
        >>> float(kl(line, jnp.zeros(1), jnp.ones(1)))  # ½(1² + 2²)/2
        1.25
    """
    check_likelihood(problem)
    check_like_params(params, other)
    return jnp.mean(problem.likelihood.kl(problem.outputs(params), problem.outputs(other)))


def quadratic_kl(problem: Any, params: Params, delta: Params) -> Array:
    """½ δᵀFδ with the exact Fisher, what KL(p_θ ‖ p_{θ+δ}) and KL(p_{θ+δ} ‖ p_θ) are up to O(‖δ‖³).

    Raises:
        TypeError, ValueError, NotImplementedError: as ``kl`` and ``cl.fisher_vp``.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> x, y = jnp.array([[1.0], [2.0]]), jnp.array([0.0, 1.0])
        >>> coin = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Bernoulli(), x, y)
        >>> float(quadratic_kl(coin, jnp.zeros(1), jnp.array([0.5])))
        0.078125
    """
    check_likelihood(problem)
    check_like_params(params, delta)
    outputs, moved = jax.jvp(problem.outputs, (params,), (delta,))
    return 0.5 * jnp.vdot(moved, problem.output_fisher(outputs, moved))


def ellipse(metric: Array, level: float | Array, points: int = 64) -> Array:
    """Points of the ellipse {δ : ½ δᵀMδ = level}, shape (points + 1, 2), the last one equal to the first.

    With M = RᵀR, R the upper triangle of Cholesky's factorization, they are √(2·level) R⁻¹u for u around the
    unit circle.

    Where M is not positive definite the set is no ellipse (a pair of lines, a hyperbola, or nothing): every
    point is NaN then, which a figure leaves out.

    Args:
        metric: M, shape (2, 2), symmetric.
        level: > 0.
        points: how many.

    Raises:
        ValueError: if M is not of the shape (2, 2).

    Example:
        >>> import jax.numpy as jnp
        >>> around = ellipse(jnp.diag(jnp.array([1.0, 4.0])), 0.5, points=4)
        >>> jnp.abs(around).round(3).tolist()
        [[1.0, 0.0], [0.0, 0.5], [1.0, 0.0], [0.0, 0.5], [1.0, 0.0]]
    """
    if jnp.shape(metric) != (2, 2):
        raise ValueError(f"an ellipse in the plane needs a metric of shape (2, 2), got {jnp.shape(metric)}")
    (a, b), c = metric[0], metric[1, 1]
    left = c - b * b / a
    definite = (a > 0) & (left > 0)
    first, last = jnp.sqrt(jnp.where(definite, a, 1.0)), jnp.sqrt(jnp.where(definite, left, 1.0))
    angles = jnp.linspace(0, 2 * jnp.pi, points + 1, dtype=jnp.result_type(metric))
    y = jnp.sin(angles) / last
    x = (jnp.cos(angles) - b / first * y) / first
    around = jnp.sqrt(2 * level) * jnp.stack([x, y], axis=1)
    return jnp.where(definite, around, jnp.nan)


def kl_ball(
    problem: Any, params: Array, level: float | Array, points: int = 64, reverse: bool = False
) -> Array:
    """Points of the boundary {θ' : KL(p_θ ‖ p_θ') = level} of a ball around θ, in two parameters.

    Along each of ``points`` directions the distance is doubled until KL exceeds the level, then bisected: the
    first crossing, if KL grows along the ray up to it.

    Args:
        problem: ``cl.Supervised``; its likelihood has ``kl``.
        params: θ, shape (2,).
        level: ε > 0.
        points: how many.
        reverse: take KL(p_θ' ‖ p_θ) instead.

    Returns:
        Shape (points + 1, 2), the last one equal to the first; NaN in directions in which KL does not reach
        the level within 2⁶⁰ times the radius that ½ δᵀFδ = ε would have.

    Raises:
        ValueError: if ``params`` is not of shape (2,).

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> x, y = jnp.eye(2), jnp.zeros(2)
        >>> flat = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Gaussian(), x, y)
        >>> around = kl_ball(flat, jnp.zeros(2), 0.25, points=4)  # ¼‖δ‖² = ¼
        >>> jnp.abs(around).round(3).tolist()
        [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    """
    if jnp.shape(params) != (2,):
        raise ValueError(f"a ball in the plane needs params of shape (2,), got {jnp.shape(params)}")
    angles = jnp.linspace(0, 2 * jnp.pi, points + 1, dtype=jnp.result_type(params))
    directions = jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1)

    def inside(distance: Array, direction: Array) -> Array:
        moved = params + distance * direction
        return (kl(problem, moved, params) if reverse else kl(problem, params, moved)) < level

    def distance(direction: Array) -> Array:
        curvature = quadratic_kl(problem, params, direction)
        start = jnp.sqrt(level / jnp.where(curvature > 0, curvature, 1.0)) / 16

        def grow(state: tuple[Array, Array]) -> tuple[Array, Array]:
            return 2 * state[0], state[1] + 1

        far, doublings = jax.lax.while_loop(
            lambda state: inside(state[0], direction) & (state[1] < _DOUBLINGS), grow, (start, 0)
        )

        def halve(_: int, between: tuple[Array, Array]) -> tuple[Array, Array]:
            near, far = between
            middle = (near + far) / 2
            within = inside(middle, direction)
            return jnp.where(within, middle, near), jnp.where(within, far, middle)

        near = jnp.where(doublings > 0, far / 2, 0.0)
        near, far = jax.lax.fori_loop(0, _HALVINGS, halve, (near, far))
        return jnp.where(doublings < _DOUBLINGS, far, jnp.nan)

    return params + jax.vmap(distance)(directions)[:, None] * directions
