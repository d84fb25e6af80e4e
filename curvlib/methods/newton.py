"""Newton's method, plain and damped."""

from __future__ import annotations

import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from curvlib.linalg import solve_symmetric
from curvlib.minimize import (
    Info,
    Problem,
    Schedule,
    at_step,
    check_at_least,
    method,
    value_and_gradient,
)
from curvlib.problems import Array, Params
from curvlib.products import hessian
from curvlib.status import Status


@method
class Newton:
    """Newton's method, θ ← θ − (H + λI)⁻¹ ∇L(θ).

    With λ = 0 the step solves ∇m(δ) = 0 for the second-order Taylor model m(δ) = L + gᵀδ + ½ δᵀHδ. That is
    the model's minimum only if H is positive definite; otherwise the step runs to a saddle or a maximum of
    the model, and ``Trace.details["positive_definite"]`` says so. Damping λ > −ℓ_min makes every step a
    descent direction and turns it towards −g/λ, a short gradient step, as λ grows.

    It forms the (n, n) Hessian by n Hessian–vector products and factorizes it in O(n³): for small n.

    Args:
        damping: λ ≥ 0, in units of the Hessian; a number or a schedule (a function of the step count).

    Raises:
        ValueError: if λ is negative.

    Source: Nocedal & Wright 2006, Numerical Optimization, 2nd ed., section 3.3 (the step), 3.4 (damping).

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> trace = cl.minimize(cl.problems.quadratic(kappa=1000.0), Newton(), jnp.ones(2), 3, tol=1e-9)
        >>> int(trace.steps), [round(float(x), 6) for x in trace.params]
        (1, [0.0, 0.0])
    """

    damping: float | Array | Schedule = 0.0

    def check(self) -> None:
        check_at_least("damping", self.damping, 0.0)

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
        flat, unravel = ravel_pytree(params)
        matrix = hessian(problem if curvature is None else curvature, params)
        damped = matrix + at_step(self.damping, state) * jnp.eye(
            flat.size, dtype=matrix.dtype
        )
        solution = solve_symmetric(damped, -ravel_pytree(gradient)[0])
        solvable = jnp.all(jnp.isfinite(solution.x))
        params = unravel(jnp.where(solvable, flat + solution.x, flat))
        failure = jnp.where(solvable, 0, Status.SINGULAR)
        details = {"positive_definite": solution.positive_definite}
        return (
            params,
            state + 1,
            Info(loss, gradient_norm, failure, details=details),
        )
