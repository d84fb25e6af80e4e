"""Linear algebra the methods share: symmetric solves that report what they met."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from curvlib.problems import Array


class SymmetricSolution(NamedTuple):
    """What ``solve_symmetric`` returns.

    Attributes:
        x: the solution, shape (n,). Not finite if the matrix is exactly singular.
        positive_definite: whether the Cholesky factorization went through, a boolean scalar.
    """

    x: Array
    positive_definite: Array


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
    if jnp.ndim(matrix) != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"a symmetric solve needs a square matrix, got shape {jnp.shape(matrix)}")
    if jnp.shape(b) != matrix.shape[:1]:
        raise ValueError(
            f"a right-hand side of shape {matrix.shape[:1]} fits this matrix, got {jnp.shape(b)}"
        )
    factor = jnp.linalg.cholesky(matrix, symmetrize_input=False)
    positive_definite = jnp.all(jnp.isfinite(factor))
    x = jax.lax.cond(
        positive_definite,
        lambda: jax.scipy.linalg.cho_solve((factor, True), b),
        lambda: jnp.linalg.solve(matrix, b),
    )
    return SymmetricSolution(x, positive_definite)
