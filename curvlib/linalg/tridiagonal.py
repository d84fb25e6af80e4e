"""Symmetric matrices in tridiagonal form, where a shifted system costs O(n)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from curvlib.linalg.bisection import bisect
from curvlib.trees import Array


class Tridiagonal(NamedTuple):
    """The tridiagonal form T of a symmetric H = QTQᵀ, and Q as a product of Householder reflections I − τvvᵀ.

    Attributes:
        diagonal: of T, shape (n,).
        off_diagonal: what stands beside it, shape (n − 1,).
        reflectors: the vectors v, a row each, shape (n − 1, n).
        factors: the numbers τ, shape (n − 1,).
    """

    diagonal: Array
    off_diagonal: Array
    reflectors: Array
    factors: Array


def tridiagonalize(matrix: Array) -> Tridiagonal:
    """Reduce a symmetric H, shape (n, n), to tridiagonal form in O(n³): a fraction of an eigendecomposition.

    Only the lower triangle is read. On CPU and GPU only.

    Source: Golub & Van Loan 2013, Matrix Computations, 4th ed., section 8.3.1.

    Example:
        >>> import jax.numpy as jnp
        >>> form = tridiagonalize(jnp.array([[1.0, 3.0, 4.0], [3.0, 2.0, 0.0], [4.0, 0.0, 2.0]]))
        >>> [round(float(x), 4) for x in form.diagonal], abs(round(float(form.off_diagonal[0]), 4))
        ([1.0, 2.0, 2.0], 5.0)
    """
    packed, diagonal, off_diagonal, factors = jax.lax.linalg.tridiagonal(matrix, lower=True)
    # A reflector's first entry is a one that is not stored; it stands below the diagonal.
    reflectors = (jnp.tril(packed, -2) + jnp.eye(len(packed), k=-1, dtype=packed.dtype)).T[:-1]
    return Tridiagonal(diagonal, off_diagonal, reflectors, factors)


def rotate(form: Tridiagonal, x: Array) -> Array:
    """Qᵀx, shape (n,), in O(n²): x in the basis in which H is tridiagonal."""
    return jax.lax.scan(_reflect, x, (form.reflectors, form.factors))[0]


def rotate_back(form: Tridiagonal, x: Array) -> Array:
    """Qx, shape (n,), in O(n²)."""
    return jax.lax.scan(_reflect, x, (form.reflectors, form.factors), reverse=True)[0]


def _reflect(x: Array, reflection: tuple[Array, Array]) -> tuple[Array, None]:
    v, factor = reflection
    return x - factor * (v @ x) * v, None


def telling_eigenvalues(form: Tridiagonal) -> Array:
    """ℓ_min, min|ℓ| and max|ℓ| of T's eigenvalues ℓ, shape (3,): what definiteness and condition hang on.

    Each is found by bisection, counting in O(n) how many eigenvalues are below a bound. What is below ε² of
    the largest is zero.

    Source: Golub & Van Loan 2013, Matrix Computations, 4th ed., section 8.4.1.

    Example:
        >>> import jax.numpy as jnp
        >>> form = tridiagonalize(jnp.array([[1.0, 2.0], [2.0, 1.0]]))
        >>> [round(float(x), 4) for x in telling_eigenvalues(form)]
        [-1.0, 1.0, 3.0]
    """
    n = form.diagonal.size
    discs = jnp.max(jnp.abs(form.diagonal)) + 2 * jnp.max(jnp.abs(form.off_diagonal), initial=0)
    tiny = jnp.finfo(discs.dtype).tiny
    bound = jnp.maximum(2 * discs, tiny)  # of Gershgorin's discs, and room for rounding

    def holds(bounds: Array) -> Array:
        under, over = jnp.split(count_below(form, jnp.concatenate([-bounds, bounds])), 2)
        between = over - under
        return jnp.stack([under[0] == 0, between[1] >= 1, between[2] == n])

    smallest = jnp.maximum(jnp.finfo(discs.dtype).eps ** 2 * bound, tiny)
    found = bisect(holds, jnp.full(3, smallest), jnp.full(3, bound))
    lowest, nearest, farthest = jnp.where(found.already, 0, found.at)
    return jnp.stack([jnp.where(found.already[0], nearest, -lowest), nearest, farthest])


def count_below(form: Tridiagonal, bounds: Array) -> Array:
    """How many eigenvalues of T are below each of the bounds x, shape (k,), in O(n): the negative pivots of
    T − xI = LDLᵀ, by Sylvester's law of inertia.

    Source: Golub & Van Loan 2013, Matrix Computations, 4th ed., section 8.4.1.
    """
    tiny = jnp.finfo(form.diagonal.dtype).tiny

    def eliminate(above: tuple[Array, Array], row: tuple[Array, Array]) -> tuple[tuple[Array, Array], None]:
        pivot, count = above
        diagonal, square = row
        pivot = (diagonal - bounds) - square / pivot
        pivot = jnp.where(pivot == 0, tiny, pivot)
        return (pivot, count + (pivot < 0)), None

    start = jnp.ones_like(bounds), jnp.zeros(bounds.shape, int)
    rows = form.diagonal, jnp.append(jnp.zeros((), bounds.dtype), form.off_diagonal**2)
    return jax.lax.scan(eliminate, start, rows)[0][1]


def solve_shifted(form: Tridiagonal, shift: Array, b: Array) -> Array:
    """Solve (T + λI) x = b in O(n), where T + λI is positive definite.

    The factorization is T + λI = LDLᵀ, which needs no pivoting there. Where a pivot is not positive the
    matrix is not definite (in floating point: not by more than rounding), and x is NaN.

    Args:
        form: T; its Q does not matter.
        shift: λ, a scalar.
        b: the right-hand side, shape (n,).

    Source: Golub & Van Loan 2013, Matrix Computations, 4th ed., section 4.3.6.

    Example:
        >>> import jax.numpy as jnp
        >>> form = tridiagonalize(jnp.array([[2.0, 1.0], [1.0, 2.0]]))
        >>> [solve_shifted(form, shift, jnp.array([3.0, 3.0])).tolist() for shift in (0.0, -1.5)]
        [[1.0, 1.0], [nan, nan]]
    """
    zero, one = jnp.zeros((), b.dtype), jnp.ones((), b.dtype)

    def eliminate(
        above: tuple[Array, Array], row: tuple[Array, Array, Array]
    ) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        pivot, y = above
        diagonal, beside, entry = row
        ratio = beside / pivot
        pivot = diagonal - ratio * beside
        here = jnp.where(pivot > 0, pivot, jnp.nan), entry - ratio * y
        return here, here

    def substitute(below: Array, row: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        pivot, y, beside = row
        x = (y - beside * below) / pivot
        return x, x

    beside = form.off_diagonal
    rows = form.diagonal + shift, jnp.append(zero, beside), b
    _, (pivots, ys) = jax.lax.scan(eliminate, (one, zero), rows)
    return jax.lax.scan(substitute, zero, (pivots, ys, jnp.append(beside, zero)), reverse=True)[1]
