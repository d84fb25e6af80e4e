"""Newton's method: plain, damped, with modified eigenvalues, along a line search, and in a trust region."""

from __future__ import annotations

import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from curvlib.hyperparameters import (
    Schedule,
    at_step,
    check_at_least,
    check_fraction,
    hyperparameters,
)
from curvlib.linalg import (
    at_least_float32,
    check_radius,
    condition_number,
    norm,
    solve_symmetric,
    trust_region_step,
)
from curvlib.line_search import Armijo, check_line_search, move_along
from curvlib.minimize import Info, Problem, value_and_gradient
from curvlib.problems import Array, Params
from curvlib.products import hessian
from curvlib.status import Status


@hyperparameters
class Newton:
    """Newton's method, θ ← θ − α (H + λI)⁻¹ ∇L(θ), with α = 1 unless there is a line search.

    With λ = 0 the step solves ∇m(δ) = 0 for the second-order Taylor model m(δ) = L + gᵀδ + ½ δᵀHδ. That is
    the model's minimum only if H is positive definite; otherwise the step runs to a saddle or a maximum of
    the model, and ``Trace.details["positive_definite"]`` says so. Damping λ > −ℓ_min makes every step a
    descent direction and turns it towards −g/λ, a short gradient step, as λ grows.

    An eigenvalue floor makes every step a descent direction whatever H is: H = Q diag(ℓ) Qᵀ is replaced by
    Q diag(max(|ℓ + λ|, floor)) Qᵀ, so that a direction of negative curvature is left as fast as one of
    positive curvature is approached. Then ``Trace.details`` also has the ``smallest_eigenvalue`` and the
    ``condition`` number max|ℓ| / min|ℓ| of H + λI.

    It forms the (n, n) Hessian by n Hessian–vector products and factorizes it in O(n³): for small n.

    Args:
        damping: λ ≥ 0, in units of the Hessian; a number or a schedule (a function of the step count).
        eigenvalue_floor: a positive number in units of the Hessian, or None to take H as it is.
        line_search: an ``Armijo``, or None for the full step. Its details are the accepted ``alpha`` and the
            ``evaluations`` of the loss.

    Raises:
        ValueError: if λ is negative or the floor not positive.

    Source: Nocedal & Wright 2006, Numerical Optimization, 2nd ed., section 3.3 (the step) and 3.4 (damping,
    modified eigenvalues).

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> trace = cl.minimize(cl.problems.quadratic(kappa=1000.0), Newton(), jnp.ones(2), 3, tol=1e-9)
        >>> int(trace.steps), [round(float(x), 6) for x in trace.params]
        (1, [0.0, 0.0])
    """

    damping: float | Array | Schedule = 0.0
    eigenvalue_floor: float | Array | None = None
    line_search: Armijo | None = None

    def check(self) -> None:
        check_at_least("damping", self.damping, 0.0, schedule=True)
        if self.eigenvalue_floor is not None:
            check_at_least(
                "eigenvalue_floor", self.eigenvalue_floor, 0.0, strictly=True
            )
        check_line_search(self.line_search)

    def init(
        self, problem: Problem, params: Params, key: Array | None = None
    ) -> Array:
        return jnp.int32(0)

    def step(
        self,
        problem: Problem,
        params: Params,
        state: Array,
        curvature: Problem | None = None,
    ) -> tuple[Params, Array, Info]:
        loss, gradient, gradient_norm = value_and_gradient(problem, params)
        g = ravel_pytree(gradient)[0]
        matrix = hessian(problem if curvature is None else curvature, params)
        damping = jnp.asarray(at_step(self.damping, state), matrix.dtype)
        matrix += damping * jnp.eye(g.size, dtype=matrix.dtype)
        direction, curvature_details = self._direction(matrix, g)

        params, failure, search_details = move_along(
            self.line_search, problem, params, direction, loss, g @ direction
        )
        finite = jnp.all(jnp.isfinite(matrix))
        info = Info(
            loss,
            gradient_norm,
            failure=jnp.where(finite, failure, Status.BAD_CURVATURE),
            details=curvature_details | search_details,
        )
        return params, state + 1, info

    def _direction(
        self, matrix: Array, g: Array
    ) -> tuple[Array, dict[str, Array]]:
        """−M⁻¹g for the matrix M, its eigenvalues floored if asked; and what is known of M."""
        if self.eigenvalue_floor is None:
            solution = solve_symmetric(matrix, -g)
            return solution.x, {"positive_definite": solution.positive_definite}
        eigenvalues, basis = jnp.linalg.eigh(at_least_float32(matrix))
        floored = jnp.maximum(jnp.abs(eigenvalues), self.eigenvalue_floor)
        details = {
            "positive_definite": eigenvalues[0] > 0,
            "smallest_eigenvalue": eigenvalues[0],
            "condition": condition_number(eigenvalues),
        }
        return -basis @ ((basis.T @ g) / floored), details


@hyperparameters
class TrustRegionNewton:
    """Newton's method in a trust region: δ minimises m(δ) = L + gᵀδ + ½ δᵀHδ over ‖δ‖ ≤ Δ.

    The subproblem is solved exactly (``linalg.trust_region_step``), so that at a saddle the step goes out
    along a direction of negative curvature, also where the gradient is zero. The gain ratio

        ρ = (L(θ) − L(θ + δ)) / (m(0) − m(δ))

    decides: ρ < ¼ shrinks the radius to ‖δ‖/4, ρ > ¾ with ‖δ‖ = Δ doubles it; the step is taken if ρ exceeds
    ``accept``. A step to where the loss is not finite is rejected.

    Reported in ``details``: ``radius``, ``gain_ratio``, ``multiplier`` (the λ ≥ 0 with (H + λI)δ = −g),
    and of H the ``smallest_eigenvalue`` and the ``condition`` number max|ℓ| / min|ℓ|.

    Args:
        radius: the first Δ > 0, finite, in units of the parameters.
        max_radius: Δ never exceeds it.
        accept: the gain ratio above which a step is taken, in (0, ¼).

    Raises:
        ValueError: if a number is out of its range.

    Source: after Nocedal & Wright 2006, Numerical Optimization, 2nd ed., algorithm 4.1, which shrinks to Δ/4.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> well, hump = cl.problems.double_well(), jnp.array([0.0])
        >>> trace = cl.minimize(well, TrustRegionNewton(), hump, 30, tol=1e-5)
        >>> abs(round(float(trace.params[0]), 4)), str(trace.status)
        (1.0, 'converged: the gradient norm is within the tolerance')
    """

    radius: float | Array = 1.0
    max_radius: float | Array = float("inf")
    accept: float | Array = 1e-3

    def check(self) -> None:
        check_radius("radius", self.radius)
        check_at_least("max_radius", self.max_radius, 0.0, strictly=True)
        check_fraction("accept", self.accept, 0.25)

    def init(
        self, problem: Problem, params: Params, key: Array | None = None
    ) -> Array:
        """The state is the radius Δ."""
        radius = jnp.minimum(self.radius, self.max_radius)
        return radius.astype(ravel_pytree(params)[0].dtype)

    def step(
        self,
        problem: Problem,
        params: Params,
        state: Array,
        curvature: Problem | None = None,
    ) -> tuple[Params, Array, Info]:
        loss, gradient, gradient_norm = value_and_gradient(problem, params)
        theta, unravel = ravel_pytree(params)
        g = ravel_pytree(gradient)[0]
        matrix = hessian(problem if curvature is None else curvature, params)
        inner = trust_region_step(matrix, g, radius=state)
        new_loss = problem.loss(unravel(theta + inner.step))

        # Differences that rounding makes up are worth nothing, on either side of the ratio.
        rounding = 10 * jnp.finfo(loss.dtype).eps * jnp.abs(loss)
        ratio = (loss - new_loss + rounding) / (inner.decrease + rounding)
        ratio = jnp.where(
            jnp.isfinite(new_loss) & jnp.isfinite(ratio), ratio, -1.0
        )
        accepted = ratio > self.accept
        radius = jnp.where(
            ratio < 0.25,
            0.25 * norm(inner.step),
            jnp.where(
                (ratio > 0.75) & inner.on_boundary,
                jnp.minimum(2 * state, self.max_radius),
                state,
            ),
        ).astype(theta.dtype)
        details = {
            "radius": state,
            "gain_ratio": ratio,
            "multiplier": inner.multiplier,
            "smallest_eigenvalue": inner.smallest_eigenvalue,
            "condition": inner.condition,
        }
        too_short = jnp.finfo(theta.dtype).eps * norm(theta)
        stuck = ~accepted & (norm(inner.step) <= too_short)
        info = Info(
            loss,
            gradient_norm,
            failure=jnp.where(
                jnp.all(jnp.isfinite(matrix)),
                jnp.where(stuck, Status.STAGNATED, 0),
                Status.BAD_CURVATURE,
            ),
            accepted=accepted,
            may_stop=~inner.indefinite,
            details=details,
        )
        moved = jnp.where(accepted, theta + inner.step, theta)
        params = unravel(moved.astype(theta.dtype))
        return params, radius, info
