"""The trust-region subproblem, solved exactly."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from curvlib.hyperparameters import check_at_least
from curvlib.linalg.bisection import bisect
from curvlib.linalg.dense import at_least_float32, check_square, condition_number, is_negative, norm
from curvlib.linalg.tridiagonal import (
    Tridiagonal,
    rotate,
    rotate_back,
    solve_shifted,
    telling_eigenvalues,
    tridiagonalize,
)
from curvlib.trees import Array

# Up to so many rows the eigenbasis is about as quick as the tridiagonal form, and makes shorter programs.
EIGENBASIS_UP_TO = 100


class TrustRegionStep(NamedTuple):
    """What ``trust_region_step`` returns.

    Attributes:
        step: δ, shape (n,).
        decrease: m(0) − m(δ) ≥ 0 of the quadratic model.
        multiplier: λ ≥ 0 with (H + λI) δ = −g; 0 if the step is inside the region.
        smallest_eigenvalue: ℓ_min of H.
        condition: κ₂(H) = max|ℓ| / min|ℓ|.
        indefinite: whether ℓ_min is negative by more than rounding.
        on_boundary: whether ‖δ‖ = Δ.
    """

    step: Array
    decrease: Array
    multiplier: Array
    smallest_eigenvalue: Array
    condition: Array
    indefinite: Array
    on_boundary: Array


def trust_region_step(matrix: Array, g: Array, radius: float | Array) -> TrustRegionStep:
    """Minimise gᵀδ + ½ δᵀHδ over ‖δ‖ ≤ Δ exactly, for a symmetric H.

    δ is a solution exactly if (H + λI) δ = −g, H + λI is positive semidefinite, and λ ≥ 0 is zero unless ‖δ‖
    = Δ. The length ‖δ‖ falls as λ > −ℓ_min grows, so λ is found by bisection. In the *hard case* even λ →
    −ℓ_min leaves ‖δ‖ < Δ, since g has no part along the lowest eigenvector: then the rest of the length is
    gone along that vector, in either direction.

    Up to 100 rows all of this is done in the eigenbasis of H, where every equation is one of numbers. A
    larger H is only reduced to tridiagonal form, H = QTQᵀ, where each trial of λ costs O(n): in a quarter to
    a half of the time.

    Derivatives, forward and reverse, are those of the equations that δ and λ solve: eigenvalues may be equal.
    They are computed in the eigenbasis, of a large H too. In the hard case they are those of the direction
    that was taken.

    Args:
        matrix: H, shape (n, n).
        g: the gradient, shape (n,).
        radius: Δ > 0, finite.

    Raises:
        TypeError: if the radius is not a number.
        ValueError: if it is out of range, or the shapes do not fit.

    Source: Moré & Sorensen 1983, "Computing a trust region step"; Nocedal & Wright 2006, Numerical
    Optimization, 2nd ed., theorem 4.1 and section 4.3.

    Example:
        >>> import jax.numpy as jnp
        >>> inner = trust_region_step(jnp.diag(jnp.array([1.0, -1.0])), jnp.array([0.0, 0.0]), 2.0)
        >>> [abs(float(x)) for x in inner.step], float(inner.decrease), float(inner.multiplier)
        ([0.0, 2.0], 2.0, 1.0)
    """
    matrix, g = at_least_float32(matrix), at_least_float32(g)
    check_square(matrix)
    if g.shape != matrix.shape[:1]:
        raise ValueError(f"a gradient of shape {matrix.shape[:1]} fits this matrix, got {g.shape}")
    check_radius("radius", radius)
    radius = jnp.asarray(radius, g.dtype)
    # In units of the radius and of the model's largest curvature, no square over- or underflows.
    unit = jnp.maximum(jnp.max(jnp.abs(matrix)), norm(g) / radius)
    unit = jnp.where(unit > 0, jnp.minimum(unit, 1 / jnp.finfo(g.dtype).tiny), 1)
    unit = jax.lax.stop_gradient(unit)
    matrix, g = matrix / unit, g / unit / radius
    ball = _minimum_in_ball((matrix + matrix.T) / 2, g)
    decrease = -(g @ ball.step + 0.5 * ball.step @ matrix @ ball.step)
    return TrustRegionStep(
        step=radius * ball.step,
        decrease=decrease * radius * unit * radius,  # in the order that stays in range
        multiplier=unit * ball.multiplier,
        smallest_eigenvalue=unit * ball.eigenvalues[0],
        condition=condition_number(ball.eigenvalues),
        indefinite=is_negative(ball.eigenvalues, len(matrix)),
        on_boundary=ball.multiplier > 0,
    )


def check_radius(name: str, radius: float | Array) -> None:
    """Refuse a radius that is not a positive finite number, where its value is known (a tracer's is not).

    Raises:
        TypeError: if it is not a number.
        ValueError: if it is out of range.
    """
    check_at_least(name, radius, 0.0, strictly=True)
    if not isinstance(radius, jax.core.Tracer) and np.isinf(radius):
        raise ValueError(f"{name} must be finite, got {radius}: Newton's method has no radius")


class _InBall(NamedTuple):
    """The minimiser in the unit ball, its multiplier, and the eigenvalues of H in rising order; of a large H
    ℓ_min, min|ℓ| and max|ℓ| alone."""

    step: Array
    multiplier: Array
    eigenvalues: Array


class _Eigenbasis(NamedTuple):
    """The minimiser δ and the diagonal of H + λI in the eigenbasis of H; whether it is the hard case."""

    basis: Array
    delta: Array
    shifted: Array
    hard: Array


@jax.custom_jvp
def _minimum_in_ball(matrix: Array, g: Array) -> _InBall:
    if len(matrix) > EIGENBASIS_UP_TO:
        return _solve_in_tridiagonal_form(matrix, g)
    return _solve_in_eigenbasis(matrix, g)[0]


@_minimum_in_ball.defjvp
def _derivative_in_ball(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[_InBall, _InBall]:
    """From (H + λI) δ = −g: (H + λI) δ̇ + λ̇δ = −(ġ + Ḣδ) = w, with δᵀδ̇ = 0 on the sphere, λ̇ = 0 inside."""
    ball, (basis, delta, shifted, hard) = _solve_in_eigenbasis(*primals)
    d_matrix = basis.T @ tangents[0] @ basis
    w = -(basis.T @ tangents[1] + d_matrix @ delta)

    on_sphere = ball.multiplier > 0
    weights = delta * shifted[0] / shifted  # (H + λI)⁻¹ δ, but for a factor that may be out of range
    d_multiplier = jnp.where(on_sphere, weights @ w / jnp.where(on_sphere, weights @ delta, 1), 0)
    d_delta = (w - d_multiplier * delta) / shifted
    # In the hard case the first of these equations reads 0 = 0.
    first = -(delta[1:] @ d_delta[1:]) / jnp.where(hard, delta[0], 1)
    d_delta = d_delta.at[0].set(jnp.where(hard, first, d_delta[0]))
    d_eigenvalues = jnp.diagonal(d_matrix)
    if len(d_matrix) > EIGENBASIS_UP_TO:
        few, d_eigenvalues = jax.jvp(_telling, (ball.eigenvalues,), (d_eigenvalues,))
        ball = ball._replace(eigenvalues=few)
    return ball, _InBall(basis @ d_delta, d_multiplier, d_eigenvalues)


def _telling(eigenvalues: Array) -> Array:
    sizes = jnp.abs(eigenvalues)
    return jnp.stack([eigenvalues[0], jnp.min(sizes), jnp.max(sizes)])


def _solve_in_eigenbasis(matrix: Array, g: Array) -> tuple[_InBall, _Eigenbasis]:
    eigenvalues, basis = jnp.linalg.eigh(matrix, symmetrize_input=False)
    lowest = eigenvalues[0]
    gaps = eigenvalues - lowest
    along = basis.T @ g

    def fits(mu: Array) -> Array:
        delta = along / (gaps + mu)
        return ~(delta @ delta > 1)

    rounding, tiny = jnp.finfo(g.dtype).eps, jnp.finfo(g.dtype).tiny
    smallest = jnp.maximum(jnp.maximum(lowest, rounding**2 * jnp.max(jnp.abs(eigenvalues))), tiny)
    # μ = λ + ℓ_min is bisected in place of λ: it may be tiny against ℓ_min.
    largest = jnp.maximum(norm(g), smallest)  # there, ‖δ‖ ≤ ‖g‖/μ ≤ 1
    short, _, mu = bisect(fits, smallest, largest)
    delta = -along / (gaps + mu)

    hard = short & is_negative(eigenvalues)
    rest = jnp.sqrt(jnp.maximum(1 - delta[1:] @ delta[1:], 0))
    outward = jnp.where(along[0] > 0, -rest, rest)
    delta = delta.at[0].set(jnp.where(hard, outward, delta[0]))
    multiplier = jnp.where(short & ~hard, 0, jnp.maximum(mu - lowest, 0))
    ball = _InBall(basis @ delta, multiplier, eigenvalues)
    return ball, _Eigenbasis(basis, delta, gaps + mu, hard)


def _solve_in_tridiagonal_form(matrix: Array, g: Array) -> _InBall:
    """The same minimiser without eigenvectors: each trial of λ is a factorization of T + λI, in O(n)."""
    form = tridiagonalize(matrix)
    eigenvalues = telling_eigenvalues(form)
    along = rotate(form, g)

    def fits(shift: Array) -> Array:
        delta = solve_shifted(form, shift, along)
        return delta @ delta <= 1  # not so where T + λI is not definite

    lowest, _, size = eigenvalues
    rounding = jnp.finfo(g.dtype).eps
    smallest = jnp.asarray(rounding**2, g.dtype)  # nothing beside the largest of H or g, which is 1
    largest = jnp.maximum(norm(g) - lowest + g.size * rounding * size, smallest)  # ‖δ‖ ≤ ‖g‖/(λ + ℓ_min) ≤ 1
    newton, below, shift = bisect(fits, smallest, largest)
    delta = -solve_shifted(form, shift, along)

    # T + λI is definite from some λ on. If δ is short even there, it is short for every λ.
    short = newton | jnp.isnan(solve_shifted(form, below, along)[0])
    hard = short & ~newton & is_negative(eigenvalues, g.size)
    inside = short & ~hard
    delta = jnp.where(inside, delta, _reach_sphere(form, shift, delta, hard))
    multiplier = jnp.where(inside, 0, jnp.where(hard, -lowest, shift))
    return _InBall(rotate_back(form, delta), multiplier, eigenvalues)


def _reach_sphere(form: Tridiagonal, shift: Array, delta: Array, hard: Array) -> Array:
    """Go from δ to ‖δ‖ = 1 along the direction that T + λI hardly bends, by inverse iteration from δ.

    Where T + λI is nearly singular, the last bit of λ changes δ along this direction by more than rounding.
    In the hard case it is the lowest eigenvector, of which δ has no part: there the iteration starts at
    random.
    """
    random = jax.random.normal(jax.random.key(0), delta.shape, delta.dtype)

    def iterate(_: int, x: Array) -> Array:
        x = solve_shifted(form, shift, x)
        return x / norm(x)

    x = jax.lax.fori_loop(0, 3, iterate, jnp.where(hard, random, delta))
    overlap, rest = x @ delta, 1 - delta @ delta
    root = jnp.sqrt(jnp.maximum(overlap**2 + rest, 0))
    return delta + rest / (overlap + jnp.where(overlap < 0, -root, root)) * x  # the nearer of two ways
