"""Norms, symmetric solves, and what every factorization asks of its matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from curvlib.trees import Array, Params


def norm(tree: Params) -> Array:
    """The Euclidean norm of all entries of a pytree, right also where their squares over- or underflow.

    Its derivative at zero is taken to be zero.
    """
    entries = ravel_pytree(tree)[0]
    largest = jax.lax.stop_gradient(jnp.max(jnp.abs(entries)))
    scale = jnp.where((largest > 0) & jnp.isfinite(largest), largest, 1)
    # Away from zero the sum is at least one; at zero its root must not be differentiated.
    squares = jnp.sum((entries / scale) ** 2)
    return scale * jnp.sqrt(jnp.where(largest == 0, 1, squares)) * (largest != 0)


def column_lengths(matrix: Array) -> Array:
    """The Euclidean norm of every column of an (m, n) matrix, shape (n,), by ``norm``.

    Example:
        >>> import jax.numpy as jnp
        >>> [round(float(x), 4) for x in column_lengths(jnp.array([[3.0, 0.0], [4.0, 0.0]]))]
        [5.0, 0.0]
    """
    return jax.vmap(norm, in_axes=1)(matrix)


class SymmetricSolution(NamedTuple):
    """What ``solve_symmetric`` returns.

    Attributes:
        x: the solution, shape (n,). Not finite if the matrix is exactly singular.
        positive_definite: whether the Cholesky factorization went through, a boolean scalar.
        pivots: the smallest of its pivots over the largest, 0 where it broke down: a singular matrix whose
            factorization goes through by rounding has a ratio of about the rounding unit.
    """

    x: Array
    positive_definite: Array
    pivots: Array


def solve_symmetric(matrix: Array, b: Array) -> SymmetricSolution:
    """Solve A x = b for a symmetric A, and report whether A is positive definite.

    A Cholesky factorization A = RRᵀ exists exactly if A is positive definite (in floating point: if it is so
    by more than rounding), so it is tried first, and it is the solve. Where it breaks down A is indefinite or
    singular, and the system is solved by LU with partial pivoting instead: the caller learns that x solves
    the equation but minimises no quadratic.

    Args:
        matrix: A, shape (n, n), symmetric. Only its lower triangle decides definiteness.
        b: the right-hand side, shape (n,).

    Raises:
        ValueError: if the shapes do not fit.

    Source: Golub & Van Loan 2013, Matrix Computations, 4th ed., section 4.2.

    Example:
        >>> import jax.numpy as jnp
        >>> solution = solve_symmetric(jnp.array([[1.0, 0.0], [0.0, -2.0]]), jnp.array([3.0, 4.0]))
        >>> solution.x.tolist(), bool(solution.positive_definite)
        ([3.0, -2.0], False)
    """
    matrix, b, dtype = promoted(matrix, b)
    check_square(matrix)
    if b.shape != matrix.shape[:1]:
        raise ValueError(f"a right-hand side of shape {matrix.shape[:1]} fits this matrix, got {b.shape}")
    fixed = jax.lax.stop_gradient(matrix)
    factor = jnp.linalg.cholesky(fixed, symmetrize_input=False)
    positive_definite = jnp.all(jnp.isfinite(factor))

    def solve(_: Callable[[Array], Array], b: Array) -> Array:
        return jax.lax.cond(
            positive_definite,
            lambda: jax.scipy.linalg.cho_solve((factor, True), b),
            lambda: jnp.linalg.solve(fixed, b),
        )

    # Its derivatives are those of A x = b: a factorization that breaks down has none.
    x = jax.lax.custom_linear_solve(matrix.__matmul__, b, solve, symmetric=True)
    pivots = jnp.diagonal(factor) ** 2
    ratio = jnp.where(positive_definite, jnp.min(pivots) / jnp.max(pivots), 0.0)
    return SymmetricSolution(x.astype(dtype), positive_definite, ratio)


def shifted_inverse(matrix: Array, shift: Array) -> Array:
    """(M + cI)⁻¹ of a symmetric positive semidefinite M and c > 0, shape (n, n), by Cholesky.

    A c below 10 eps tr M, where rounding may make M + cI indefinite, is taken for that. So the inverse is
    finite for every M and c whose inverse does not overflow, symmetric and positive semidefinite.

    Example:
        >>> import jax.numpy as jnp
        >>> shifted_inverse(jnp.diag(jnp.array([3.0, 0.0])), 1.0).round(4).tolist()
        [[0.25, 0.0], [0.0, 1.0]]
    """
    unit = jnp.eye(len(matrix), dtype=matrix.dtype)
    shift = jnp.maximum(shift, 10 * jnp.finfo(matrix.dtype).eps * jnp.trace(matrix))
    triangle = jnp.linalg.cholesky(matrix + shift * unit, symmetrize_input=False)
    half = jax.lax.linalg.triangular_solve(triangle, unit, left_side=True, lower=True)
    return half.T @ half


def is_indefinite(matrix: Array) -> Array:
    """Whether a symmetric matrix has a negative eigenvalue, by more than rounding: a boolean scalar.

    A Cholesky factorization that goes through says no; only where it breaks down are eigenvalues computed.

    Example:
        >>> import jax.numpy as jnp
        >>> [bool(is_indefinite(jnp.diag(jnp.array([1.0, x])))) for x in (2.0, 0.0, -1.0)]
        [False, False, True]
    """
    matrix = jax.lax.stop_gradient(at_least_float32(matrix))
    check_square(matrix)
    definite = jnp.all(jnp.isfinite(jnp.linalg.cholesky(matrix, symmetrize_input=False)))

    return jax.lax.cond(definite, lambda: jnp.array(False), lambda: is_negative(jnp.linalg.eigvalsh(matrix)))


def is_negative(eigenvalues: Array, rows: int | None = None) -> Array:
    """Whether the lowest eigenvalue of a symmetric matrix, which comes first, is negative by more than
    rounding.

    Where these are not all eigenvalues, the largest in size is among them and the matrix's rows are given.
    """
    rounding = 10 * jnp.finfo(eigenvalues.dtype).eps * (eigenvalues.size if rows is None else rows)
    return eigenvalues[0] < -rounding * jnp.max(jnp.abs(eigenvalues))


def condition_number(eigenvalues: Array) -> Array:
    """κ₂(A) = max|ℓ| / min|ℓ| of a symmetric A from its eigenvalues ℓ, shape (n,); infinite if one is zero.

    Definite or not, it bounds what solving A x = b loses: a relative error in b grows at most κ-fold.

    Source: Golub & Van Loan 2013, Matrix Computations, 4th ed., section 2.6.

    Example:
        >>> import jax.numpy as jnp
        >>> float(condition_number(jnp.array([-4.0, 0.5])))
        8.0
    """
    sizes = jnp.abs(at_least_float32(eigenvalues))
    smallest = jnp.min(sizes)
    singular = smallest == 0
    return jnp.where(singular, jnp.inf, jnp.max(sizes) / jnp.where(singular, 1, smallest))


def at_least_float32(array: Array) -> Array:
    """The array as floating-point numbers, and not in half precision, which no factorization takes."""
    array = jnp.asarray(array)
    return array.astype(jnp.promote_types(jnp.result_type(array, 1.0), jnp.float32))


def check_square(matrix: Array) -> None:
    """Refuse what is not a square matrix.

    Raises:
        ValueError: saying the shape.
    """
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"a symmetric solve needs a square matrix, got shape {matrix.shape}")


def promoted(matrix: Array, b: Array) -> tuple[Array, Array, jnp.dtype]:
    """A system in the dtype to solve it in, and the dtype that its solution is returned in: that of b."""
    dtype = jnp.result_type(jnp.asarray(b), 1.0)
    matrix, b = at_least_float32(matrix), at_least_float32(b)
    solving = jnp.result_type(matrix, b)
    return matrix.astype(solving), b.astype(solving), dtype
