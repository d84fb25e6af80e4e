"""How far to go along two directions, by the exact quadratic model."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from curvlib.trees import Array, Params


def model_lengths(
    problem: Any, params: Params, gradient: Params, ways: tuple[Params, Params], damping: Array
) -> tuple[Array, Array, Array]:
    """The α and μ that minimise the quadratic model m(δ) = L + gᵀδ + ½ δᵀ(F + λI)δ at δ = αd + μv.

    F is never formed: with J of the outputs and their Fisher information F_f, dᵀFv = (Jd)ᵀF_f(Jv). Where the
    two directions are all but parallel, or v is zero, μ is zero.

    Args:
        problem: that F is taken of, with a likelihood.
        params: θ.
        gradient: g, of L at θ.
        ways: d and v, as ``params``.
        damping: λ.

    Returns:
        α, μ and the decrease L − m(δ).

    Source: Martens & Grosse 2015, sections 6.4 and 7.

    Example:
        >>> import curvlib as cl
        >>> x = jnp.array([[1.0], [2.0]])
        >>> line = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Gaussian(), x, 3 * x[:, 0])
        >>> way, none = jnp.ones(1), jnp.zeros(1)
        >>> [float(n) for n in model_lengths(line, none, jax.grad(line.loss)(none), (way, none), 0.0)[:2]]
        [3.0, 0.0]
    """
    outputs, push = jax.linearize(problem.outputs, params)
    moves = [push(way) for way in ways]
    bent = [problem.output_fisher(outputs, move) for move in moves]
    pairs = zip(moves, ways, strict=True)
    (q, r), (_, s) = [
        [jnp.vdot(move, b) + damping * inner(way, other) for b, other in zip(bent, ways, strict=True)]
        for move, way in pairs
    ]
    first, second = (inner(gradient, way) for way in ways)
    det = q * s - r**2
    regular = det > 1e-6 * q * s
    safe = jnp.where(regular, det, 1.0)
    alpha = jnp.where(regular, (r * second - s * first) / safe, -first / jnp.where(q > 0, q, 1.0))
    mu = jnp.where(regular, (r * first - q * second) / safe, 0.0)
    return alpha, mu, -0.5 * (alpha * first + mu * second)


def inner(a: Params, b: Params) -> Array:
    """The scalar product of two pytrees of one shape."""
    return sum(jnp.vdot(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))
