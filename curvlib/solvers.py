"""Solvers as values: how a method solves (C + λI) x = b for a curvature C.

A solver is a pytree of hyperparameters with ``solve(curvature, b, damping, x0) -> (x, details)``.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from curvlib.hyperparameters import check_at_least, check_count, hyperparameters, static
from curvlib.linalg import CGOutcome, conjugate_gradients, is_indefinite, solve_symmetric
from curvlib.products import Curvature
from curvlib.trees import Array, Params


@runtime_checkable
class Solver(Protocol):
    """What solves (C + λI) x = b; one that does something else in its place says ``inverts = False``."""

    def solve(
        self, curvature: Curvature, b: Params, damping: float | Array = 0.0, x0: Params | None = None
    ) -> tuple[Params, dict[str, Array]]:
        """x, structured like b, and details of how it was found. Always among them: whether C + λI is
        ``positive_definite``, C is ``indefinite``, and C is ``finite``, as far as the solver has seen. One
        that factorizes adds ``pivots``, the ratio of the smallest to the largest."""


@hyperparameters
class Dense:
    """Form C by n products and factorize C + λI, in O(n³) and n² memory: for small n.

    By Cholesky where it is positive definite, else by LU: then x solves the equation but minimises nothing.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> curvature = cl.products.hessian_map(cl.problems.quadratic(4.0), jnp.zeros(2))
        >>> x, details = Dense().solve(curvature, jnp.array([2.0, 5.0]), damping=1.0)
        >>> [round(float(entry), 6) for entry in x], bool(details["positive_definite"])
        ([1.0, 1.0], True)
    """

    def solve(
        self, curvature: Curvature, b: Params, damping: float | Array = 0.0, x0: Params | None = None
    ) -> tuple[Params, dict[str, Array]]:
        flat, unravel = ravel_pytree(b)
        matrix = curvature.matrix()
        damping = jnp.asarray(damping, matrix.dtype)
        solution = solve_symmetric(matrix + damping * jnp.eye(flat.size, dtype=matrix.dtype), flat)
        certain = solution.positive_definite & (damping == 0)
        return unravel(solution.x), {
            "positive_definite": solution.positive_definite,
            "indefinite": jax.lax.cond(certain, lambda: jnp.array(False), lambda: is_indefinite(matrix)),
            "finite": jnp.all(jnp.isfinite(matrix)),
            "pivots": solution.pivots,
        }


@hyperparameters
class CG:
    """Conjugate gradients on products alone: O(n) memory, a product each iteration.

    They start at x0, or at zero. Where they meet a direction of negative or zero curvature they stop and
    return the iterate they have, or b itself if that is the first direction: for b = −g, a descent direction.

    Reported: ``cg_iterations``, and ``positive_definite``, which is false where such a direction was met.

    Args:
        iterations: the most, a Python integer ≥ 1.
        tol: stop when the residual norm is at most tol · ‖b‖.

    Raises:
        ValueError: if a number is out of its range.

    Source: Nocedal & Wright 2006, Numerical Optimization, 2nd ed., algorithm 7.1 (line search Newton–CG).

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> curvature = cl.products.hessian_map(cl.problems.quadratic(4.0), jnp.zeros(2))
        >>> x, details = CG(5, tol=1e-6).solve(curvature, jnp.array([2.0, 5.0]), damping=1.0)
        >>> [round(float(entry), 5) for entry in x], int(details["cg_iterations"])
        ([1.0, 1.0], 2)
    """

    iterations: int = static(50)
    tol: float | Array = 1e-3

    def check(self) -> None:
        check_count("iterations", self.iterations)
        check_at_least("tol", self.tol, 0.0)

    def solve(
        self, curvature: Curvature, b: Params, damping: float | Array = 0.0, x0: Params | None = None
    ) -> tuple[Params, dict[str, Array]]:
        found = conjugate_gradients(curvature.damped(damping), b, self.iterations, self.tol, x0)
        nothing = found.outcome.not_positive & (found.iterations == 0)
        if x0 is None:
            x = jax.tree.map(lambda own, first: jnp.where(nothing, first, own), found.x, b)
        else:
            x = found.x
        return x, {
            "positive_definite": ~found.outcome.not_positive,
            "indefinite": found.outcome == CGOutcome.NEGATIVE_CURVATURE,
            "finite": found.outcome != CGOutcome.NOT_FINITE,
            "cg_iterations": found.iterations,
        }


@hyperparameters
class Rows:
    """Solve among the rows: for C = RᵀR + λ₀I with an R of m rows, far fewer than the n parameters.

    With λ' = λ + λ₀ > 0, by Sherman, Morrison and Woodbury's identity,

        (C + λI)⁻¹ b = (b − Rᵀ(λ'I + RRᵀ)⁻¹R b) / λ',

    for any b: in m²n + m³ operations and mn memory, not n³ and n². Of a ``cl.Supervised`` problem's
    curvature R has a row for each output of each datum (of the empirical and the Monte Carlo Fisher, for each
    label). The relative error is about the rounding unit times ‖C‖/λ'.

    Args:
        pseudo_inverse: for λ' = 0, take the shortest x that makes ‖Cx − b‖ smallest, x = C⁺b, and call it a
            solution; else C is singular there. It is by a singular value decomposition of R.

    Raises:
        TypeError: from ``solve``, if C is not known by rows.

    Source: Golub & Van Loan 2013, Matrix Computations, 4th ed., section 2.1.4.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> wide = cl.LeastSquares(lambda p: jnp.array([[3.0, 0.0, 4.0]]) @ p)
        >>> curvature = cl.products.ggn_map(wide, jnp.zeros(3))
        >>> x, _ = Rows().solve(curvature, jnp.array([3.0, 1.0, 4.0]), damping=1.0)
        >>> [round(float(entry), 4) for entry in 26 * x]  # 25 + 1 along the row, 1 across it
        [3.0, 26.0, 4.0]
    """

    pseudo_inverse: bool = static(False)

    def solve(
        self, curvature: Curvature, b: Params, damping: float | Array = 0.0, x0: Params | None = None
    ) -> tuple[Params, dict[str, Array]]:
        if curvature.rows is None:
            raise TypeError(
                "cl.Rows() needs a curvature that is known by its rows: that of a likelihood or of residuals "
                "(Gauss–Newton, Fisher), not a Hessian, nor one with a ridge behind a chart"
            )
        flat, unravel = ravel_pytree(b)
        rows = curvature.rows()
        shift = jnp.asarray(damping + curvature.shift, rows.dtype)
        positive = shift > 0
        inner = rows @ rows.T + jnp.where(positive, shift, 1.0) * jnp.eye(len(rows), dtype=rows.dtype)
        along = jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(inner), rows @ flat)
        x = (flat - rows.T @ along) / jnp.where(positive, shift, 1.0)
        if self.pseudo_inverse:
            x = jax.lax.cond(positive, lambda: x, lambda: _pseudo_solve(rows, flat))
        finite = jnp.all(jnp.isfinite(rows))
        return unravel(x.astype(flat.dtype)), {
            "positive_definite": positive | self.pseudo_inverse,
            "indefinite": jnp.array(False),
            "finite": finite,
        }


@hyperparameters
class Diagonal:
    """Divide by the diagonal D of C, xᵢ = bᵢ / (Dᵢᵖ + λ): no inverse of C, unless C is diagonal and p = 1.

    With the empirical Fisher and p = ½ this is what Adam divides by at batches of one datum, without its
    running averages; λ has the place of Adam's ε then, outside of the root, and its units.

    Args:
        power: p > 0.

    Raises:
        ValueError: if p is not positive.

    Source: Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1 (p = ½).

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> curvature = cl.products.hessian_map(cl.problems.quadratic(4.0), jnp.zeros(2))
        >>> [Diagonal(p).solve(curvature, jnp.ones(2))[0].tolist() for p in (1.0, 0.5)]
        [[1.0, 0.25], [1.0, 0.5]]
    """

    power: float | Array = 1.0
    inverts = False

    def check(self) -> None:
        check_at_least("power", self.power, 0.0, strictly=True)

    def solve(
        self, curvature: Curvature, b: Params, damping: float | Array = 0.0, x0: Params | None = None
    ) -> tuple[Params, dict[str, Array]]:
        flat, unravel = ravel_pytree(b)
        diagonal = curvature.diagonal()
        scale = jnp.maximum(diagonal, 0) ** jnp.asarray(self.power, diagonal.dtype) + damping
        x = flat / jnp.where(scale > 0, scale, 1.0)  # bᵢ = 0 where nothing depends on θᵢ
        return unravel(x.astype(flat.dtype)), {
            "positive_definite": jnp.all((diagonal >= 0) & ((scale > 0) | (flat == 0))),
            "indefinite": jnp.any(diagonal < 0),
            "finite": jnp.all(jnp.isfinite(diagonal)),
        }


def _pseudo_solve(rows: Array, b: Array) -> Array:
    """(RᵀR)⁺ b, eigenvalues of RᵀR up to rounding taken for zero: R may be the root of a singular matrix."""
    _, values, basis = jnp.linalg.svd(rows, full_matrices=False)
    kept = values**2 > jnp.finfo(rows.dtype).eps * max(rows.shape) * values[0] ** 2
    return basis.T @ jnp.where(kept, (basis @ b) / jnp.where(kept, values, 1.0) ** 2, 0.0)


def check_solver(solver: Any, name: str = "solve") -> None:
    """Refuse what is no solver.

    Raises:
        TypeError: if it is not an instance with ``solve``.
    """
    if isinstance(solver, type) or not isinstance(solver, Solver):
        raise TypeError(f"{name} must be a solver such as cl.Dense() or cl.CG(50), got {solver!r}")
