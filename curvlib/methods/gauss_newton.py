"""The Gauss–Newton method, for least squares and beyond."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from curvlib.hyperparameters import (
    Schedule,
    at_step,
    check_at_least,
    hyperparameters,
)
from curvlib.linalg import norm, solve_least_squares, solve_normal_equations
from curvlib.line_search import (
    Armijo,
    Reach,
    after_step,
    check_line_search,
    go_less_far,
    move_along,
    start_search,
    within,
)
from curvlib.method import Info, Problem, value_and_gradient
from curvlib.problems import gives
from curvlib.products import ggn_map, residuals_and_jacobian
from curvlib.solvers import Dense, Solver, check_solver
from curvlib.trees import Array, Params


@hyperparameters
class GaussNewton:
    """Gauss–Newton, θ ← θ + αδ, where δ minimises the loss with its model made linear.

    - ``LeastSquares``: δ minimises ½ ‖r + Jδ‖², so that JᵀJ δ = −Jᵀr; by QR of J, never by JᵀJ, also where J
      is that of another problem (``curvature``). Where J has dependent columns, or more columns than rows, δ
      is the minimiser that is shortest in units of the columns' lengths.
    - ``Supervised``: G δ = −∇L with the generalized Gauss–Newton matrix G (``curvlib.ggn``). For a linear
      ``predict`` and a likelihood in natural parameters this is Newton's method, Fisher scoring and
      iteratively reweighted least squares, all the same.

    Near a minimum the error shrinks by μ a step, the spectral radius of (JᵀJ)⁻¹S with S = Σᵢ rᵢ ∇²rᵢ, and
    quadratically where S = 0. Far from it nothing is promised: the step may overshoot. δ always descends, so
    a line search helps; for μ > 1 so does α < 2/(1 + μ).

    Reported in ``details``: ``full_rank`` (from a solver: whether G is positive definite), what a solver
    adds, and with a line search the accepted ``alpha`` and the ``evaluations`` of the loss.

    Args:
        alpha: α > 0, a number or a schedule (a function of the step count); with a line search, the first α
            that it tries.
        line_search: an ``Armijo``, or None.
        solve: how G δ = −∇L is solved, ``cl.Dense()`` or ``cl.CG(iterations, tol)``; None for QR where there
            are residuals, else ``cl.Dense()``.

    Raises:
        ValueError: if α is not positive.
        TypeError: at the first step, if the problem has neither residuals nor a likelihood.

    Source: Nocedal & Wright 2006, Numerical Optimization, 2nd ed., section 10.3; Schraudolph 2002, "Fast
    curvature matrix-vector products for second-order gradient descent".

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> t = jnp.arange(4.0)
        >>> problem = cl.LeastSquares(lambda p: p[0] * jnp.exp(p[1] * t) - 2 * jnp.exp(-0.5 * t))
        >>> trace = cl.minimize(problem, GaussNewton(), jnp.array([1.0, 0.0]), steps=20, tol=1e-5)
        >>> [round(float(x), 4) for x in trace.params]
        [2.0, -0.5]
    """

    alpha: float | Array | Schedule = 1.0
    line_search: Armijo | None = None
    solve: Solver | None = None

    def check(self) -> None:
        check_at_least("alpha", self.alpha, 0.0, strictly=True, schedule=True)
        check_line_search(self.line_search)
        if self.solve is not None:
            check_solver(self.solve)

    @property
    def retreat(self) -> Callable[[Reach, Array], Reach] | None:
        return None if self.line_search is None else go_less_far

    def init(
        self, problem: Problem, params: Params, key: Array | None = None
    ) -> Reach:
        return start_search(params)

    def step(
        self,
        problem: Problem,
        params: Params,
        state: Reach,
        curvature: Problem | None = None,
    ) -> tuple[Params, Reach, Info]:
        source = problem if curvature is None else curvature
        by_rows = self.solve is None and gives(source, "residuals")
        if by_rows and curvature is None:
            r, jacobian = residuals_and_jacobian(problem, params)
            loss, gradient = 0.5 * r @ r, r @ jacobian
            delta, full_rank = solve_least_squares(jacobian, -r)
            details = {"full_rank": full_rank}
        else:
            loss, tree, _ = value_and_gradient(problem, params)
            gradient = ravel_pytree(tree)[0]
            matrix = ggn_map(source, params)
            if by_rows:
                delta, full_rank = solve_normal_equations(matrix.rows(), -gradient)
                details = {"full_rank": full_rank}
            else:
                downhill = jax.tree.map(jnp.negative, tree)
                solve = (self.solve or Dense()).solve
                delta, details = solve(matrix, downhill)
                delta = ravel_pytree(delta)[0]
                details["full_rank"] = details.pop("positive_definite")
                del details["indefinite"], details["finite"]
                details.pop("pivots", None)
        alpha = jnp.asarray(at_step(self.alpha, state.count), delta.dtype)
        params, stop, search_details = move_along(
            self.line_search, problem, params, delta, loss,
            gradient @ delta, within(state, delta, alpha),
        )  # fmt: skip
        info = Info(
            loss,
            norm(gradient),
            stop=stop,
            moves=alpha != 0,  # a schedule may begin at zero: no stall
            details=details | search_details,
        )
        return params, after_step(state), info
