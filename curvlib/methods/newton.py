"""Newton's method: plain, damped, with modified eigenvalues, along a line search, and in a trust region."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from curvlib.gain import gain_ratio
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
    is_negative,
    norm,
    trust_region_step,
)
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
from curvlib.products import Curvature, hessian, hessian_map
from curvlib.solvers import Dense, Solver, check_solver
from curvlib.status import Status
from curvlib.trees import Array, Params


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

    By default it forms the (n, n) Hessian by n Hessian–vector products and factorizes it in O(n³): for small
    n. ``solve=cl.CG(50)`` with a line search is Newton–CG, which knows H by its products alone: for large n.

    Where the gradient is within the tolerance and H has a negative eigenvalue, the run ends with the status
    NOT_A_MINIMUM. (Conjugate gradients do not look at H where the gradient is zero.)

    Args:
        damping: λ ≥ 0, in units of the Hessian; a number or a schedule (a function of the step count).
        eigenvalue_floor: a positive number in units of the Hessian, or None to take H as it is.
        line_search: an ``Armijo``, or None for the full step. Its details are the accepted ``alpha`` and the
            ``evaluations`` of the loss.
        solve: how (H + λI) δ = −g is solved: ``cl.Dense()`` or ``cl.CG(iterations, tol)``.

    Raises:
        ValueError: if λ is negative, the floor not positive, or there is a floor with a solver that knows no
            eigenvalues.

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
    solve: Solver = Dense()

    def check(self) -> None:
        check_at_least("damping", self.damping, 0.0, schedule=True)
        check_line_search(self.line_search)
        check_solver(self.solve)
        if self.eigenvalue_floor is None:
            return
        check_at_least(
            "eigenvalue_floor", self.eigenvalue_floor, 0.0, strictly=True
        )
        if not isinstance(self.solve, Dense):
            raise ValueError(
                "an eigenvalue floor needs all eigenvalues: leave solve out"
            )

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
        loss, gradient, gradient_norm = value_and_gradient(problem, params)
        hessian = hessian_map(problem if curvature is None else curvature, params)
        damping = at_step(self.damping, state.count)
        downhill = jax.tree.map(jnp.negative, gradient)
        solve = self.solve.solve if self.eigenvalue_floor is None else self._floored
        direction, details = solve(hessian, downhill, damping)
        finite, indefinite = details.pop("finite"), details.pop("indefinite")
        details.pop("pivots", None)

        direction = ravel_pytree(direction)[0]
        slope = ravel_pytree(gradient)[0] @ direction
        params, stop, search_details = move_along(
            self.line_search, problem, params, direction, loss, slope,
            within(state, direction),
        )  # fmt: skip
        info = Info(
            loss,
            gradient_norm,
            stop=jnp.where(finite, stop, Status.BAD_CURVATURE),
            at_rest=jnp.where(indefinite, Status.NOT_A_MINIMUM, Status.CONVERGED),
            details=details | search_details,
        )
        return params, after_step(state), info

    def _floored(
        self, hessian: Curvature, b: Params, damping: Array
    ) -> tuple[Params, dict[str, Array]]:
        """M⁻¹b for M = H + λI with its eigenvalues floored; what is known of M."""
        flat, unravel = ravel_pytree(b)
        matrix = hessian.matrix()
        damping = jnp.asarray(damping, matrix.dtype)
        eigenvalues, basis = jnp.linalg.eigh(at_least_float32(matrix))
        shifted = eigenvalues + damping
        floored = jnp.maximum(jnp.abs(shifted), self.eigenvalue_floor)
        x = basis @ ((basis.T @ flat) / floored)
        return unravel(x.astype(flat.dtype)), {
            "positive_definite": shifted[0] > 0,
            "smallest_eigenvalue": shifted[0],
            "condition": condition_number(shifted),
            "indefinite": is_negative(eigenvalues),
            "finite": jnp.all(jnp.isfinite(matrix)),
        }


@hyperparameters
class TrustRegionNewton:
    """Newton's method in a trust region: δ minimises m(δ) = L + gᵀδ + ½ δᵀHδ over ‖δ‖ ≤ Δ.

    The subproblem is solved exactly (``linalg.trust_region_step``), so that at a saddle the step goes out
    along a direction of negative curvature, also where the gradient is zero. The gain ratio

        ρ = (L(θ) − L(θ + δ)) / (m(0) − m(δ))

    decides: ρ < ¼ shrinks the radius to ‖δ‖/4, ρ > ¾ with ‖δ‖ = Δ doubles it; the step is taken if ρ exceeds
    ``accept``. A step to where the loss, the gradient or H is not finite is rejected.

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

    def retreat(self, radius: Array, length: Array) -> Array:
        """The radius after a step to where gradient or H is not finite."""
        return (length / 4).astype(radius.dtype)

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

        ratio = gain_ratio(loss, new_loss, inner.decrease)
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
            stop=jnp.where(
                jnp.all(jnp.isfinite(matrix)),
                jnp.where(stuck, Status.STAGNATED, 0),
                Status.BAD_CURVATURE,
            ),
            moves=accepted,
            at_rest=jnp.where(inner.indefinite, 0, Status.CONVERGED),
            details=details,
        )
        moved = jnp.where(accepted, theta + inner.step, theta)
        params = unravel(moved.astype(theta.dtype))
        return params, radius, info
