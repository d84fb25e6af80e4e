"""Linear least squares by orthogonal factorization."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from curvlib.linalg.dense import at_least_float32, column_lengths, norm, promoted
from curvlib.trees import Array


class LeastSquaresSolution(NamedTuple):
    """What ``solve_least_squares`` returns.

    Attributes:
        x: the solution, shape (n,).
        full_rank: whether the matrix's columns are independent, so that there is only this one.
    """

    x: Array
    full_rank: Array


def solve_least_squares(matrix: Array, b: Array) -> LeastSquaresSolution:
    """Minimise ‖Ax − b‖, and among several minimisers take the shortest in units of the columns' lengths.

    By QR: with A = QR the solution is R⁻¹Qᵀb, with errors that grow like κ(A), where the normal equations
    AᵀAx = Aᵀb have κ(A)². Column i counts as a combination of those before it if |R_ii| ≤ 10 m u ‖A e_i‖, u
    the unit roundoff, whatever units the columns are in. Then, or with fewer rows than columns, the solution
    is the minimiser with the smallest ‖Dx‖, where D = diag(‖A e_i‖): x = D⁻¹ (RD⁻¹)⁺ Qᵀb, by a singular value
    decomposition of the small RD⁻¹.

    Args:
        matrix: A, shape (m, n).
        b: shape (m,).

    Raises:
        ValueError: if the shapes do not fit.

    Source: Golub & Van Loan 2013, Matrix Computations, 4th ed., sections 5.3 and 5.5.

    Example:
        >>> import jax.numpy as jnp
        >>> solution = solve_least_squares(jnp.array([[1.0, 1.0], [1.0, 1.0]]), jnp.array([1.0, 3.0]))
        >>> [round(float(x), 6) for x in solution.x], bool(solution.full_rank)
        ([1.0, 1.0], False)
    """
    matrix, b, dtype = promoted(matrix, b)
    if matrix.ndim != 2 or b.shape != matrix.shape[:1]:
        raise ValueError(
            f"least squares needs a matrix and as many numbers as it has rows, got {matrix.shape} "
            f"and {b.shape}"
        )
    triangle, target = triangularize(matrix, b)

    lengths = column_lengths(triangle)  # those of A's columns

    def shortest() -> Array:
        # Columns of one length: which singular values are rounding does not depend on the columns' units.
        units = jnp.where(lengths > 0, lengths, 1)
        return jnp.linalg.lstsq(triangle / units, target)[0] / units

    rows, columns = matrix.shape
    if rows < columns:
        return LeastSquaresSolution(shortest().astype(dtype), jnp.array(False))
    full_rank = is_full_rank(triangle, rows)
    x = jax.lax.cond(full_rank, lambda: jax.scipy.linalg.solve_triangular(triangle, target), shortest)
    return LeastSquaresSolution(x.astype(dtype), full_rank)


def solve_normal_equations(matrix: Array, b: Array) -> LeastSquaresSolution:
    """Solve AᵀA x = b by QR of A, without forming AᵀA: x = R⁻¹ R⁻ᵀ b.

    Where columns are dependent, or more than the rows, it is a shortest solution for the part of b that AᵀA
    reaches.

    Args:
        matrix: A, shape (m, n).
        b: shape (n,).

    Raises:
        ValueError: if the shapes do not fit.

    Source: Björck 1996, Numerical Methods for Least Squares Problems, section 2.4.6 (semi-normal equations).

    Example:
        >>> import jax.numpy as jnp
        >>> solution = solve_normal_equations(jnp.array([[3.0, 0.0], [4.0, 2.0]]), jnp.array([25.0, 8.0]))
        >>> [round(abs(float(x)), 4) for x in solution.x]
        [1.0, 0.0]
    """
    matrix, b, dtype = promoted(matrix, b)
    if matrix.ndim != 2 or b.shape != matrix.shape[1:]:
        raise ValueError(
            f"normal equations need a matrix and as many numbers as it has columns, got {matrix.shape} "
            f"and {b.shape}"
        )
    triangle, _ = triangularize(matrix, jnp.zeros(matrix.shape[0], matrix.dtype))
    rows, columns = triangle.shape
    if rows < columns:
        x = jnp.linalg.lstsq(triangle, jnp.linalg.lstsq(triangle.T, b)[0])[0]
        return LeastSquaresSolution(x.astype(dtype), jnp.array(False))
    halfway = jax.scipy.linalg.solve_triangular(triangle, b, trans="T")
    full_rank = is_full_rank(triangle, matrix.shape[0])
    x = jax.lax.cond(
        full_rank,
        lambda: jax.scipy.linalg.solve_triangular(triangle, halfway),
        lambda: jnp.linalg.lstsq(triangle, jnp.linalg.lstsq(triangle.T, b)[0])[0],
    )
    return LeastSquaresSolution(x.astype(dtype), full_rank)


def is_full_rank(triangle: Array, rows: int) -> Array:
    """Whether no column of A = QR, which has so many rows, is a combination of those before it.

    Column i counts as one if |R_ii| ≤ 10 m u ‖A e_i‖, u the unit roundoff, whatever the columns' units.
    """
    rounding = rows * 5 * jnp.finfo(triangle.dtype).eps
    return ~jnp.any(jnp.abs(jnp.diagonal(triangle)) <= rounding * column_lengths(triangle))


def triangularize(matrix: Array, b: Array) -> tuple[Array, Array]:
    """R and Qᵀb of the factorization A = QR, without forming Q.

    They stand in the triangle of the matrix [A b]. ‖Rx − Qᵀb‖ and ‖Ax − b‖ differ by what no x changes, so
    that a least-squares problem of m rows becomes one of n; and adding rows to the small one adds them to
    the large one.

    Args:
        matrix: A, shape (m, n).
        b: shape (m,).

    Returns:
        R, shape (min(m, n), n), and Qᵀb, shape (min(m, n),). Signs of R's rows are not fixed.

    Source: Golub & Van Loan 2013, Matrix Computations, 4th ed., section 5.3.3.

    Example:
        >>> import jax.numpy as jnp
        >>> triangle, target = triangularize(jnp.array([[3.0], [4.0]]), jnp.array([1.0, 2.0]))
        >>> round(abs(float(triangle[0, 0])), 4), round(float(target[0] / triangle[0, 0]), 4)
        (5.0, 0.44)
    """
    matrix, b = at_least_float32(matrix), at_least_float32(b)
    columns = matrix.shape[1]
    triangle = jnp.linalg.qr(jnp.column_stack([matrix, b]), mode="r")[:columns]
    return triangle[:, :columns], triangle[:, columns]


def damped_triangle(triangle: Array, target: Array, damping: Array, scale: Array) -> tuple[Array, Array]:
    """The triangle of [R; √λ D^½], and what stands for Qᵀr beside it.

    Args:
        triangle: R of J = QR, shape (min(m, n), n).
        target: Qᵀr, shape (min(m, n),).
        damping: λ ≥ 0.
        scale: the diagonal of D^½, shape (n,).

    Source: Moré 1978, "The Levenberg–Marquardt algorithm: implementation and theory", section 3.
    """
    return triangularize(
        jnp.vstack([triangle, jnp.diag(jnp.sqrt(damping) * scale)]),
        jnp.append(target, jnp.zeros_like(scale)),
    )


def undamped_step(triangle: Array, target: Array, scale: Array) -> tuple[Array, Array]:
    """‖D^½δ‖ of the Gauss–Newton step δ = −R⁻¹Qᵀr, and the decrease ½ ‖Qᵀr‖² that it predicts.

    Columns that depend on those before them, up to the rounding of J, get no
    step: in their direction there is nothing to see. Arguments as in ``damped_triangle``.
    """
    rows, columns = triangle.shape
    missing = max(columns - rows, 0)
    square = jnp.pad(triangle, ((0, missing), (0, 0)))
    target = jnp.pad(target, (0, missing))
    hidden = 5 * jnp.finfo(target.dtype).eps * (rows + columns)
    seen = jnp.abs(jnp.diagonal(square)) > hidden * column_lengths(square)
    square = jnp.where(seen[:, None], square, jnp.eye(columns, dtype=square.dtype))
    target = jnp.where(seen, target, 0)
    delta = jax.scipy.linalg.solve_triangular(square, target)
    return norm(scale * delta), 0.5 * jnp.sum(target**2)
