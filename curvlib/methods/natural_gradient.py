"""The natural gradient: steepest descent where distance is between distributions."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from curvlib.fisher import check_kind, fisher_map
from curvlib.hyperparameters import (
    Schedule,
    at_step,
    check_at_least,
    hyperparameters,
    static,
)
from curvlib.linalg import norm
from curvlib.method import Info, Problem, value_and_gradient
from curvlib.solvers import Dense, Solver, check_solver
from curvlib.status import Status
from curvlib.trees import Array, Params


class Drawing(NamedTuple):
    """The state: the steps taken so far, and the key from which labels are drawn."""

    count: Array
    key: Array | None


@hyperparameters
class NaturalGradient:
    """Natural gradient descent, θ ← θ − η (F + λI)⁻¹ ∇L with the Fisher information F of the model.

    With L the mean negative log-likelihood, −F⁻¹∇L is the direction in which the loss falls fastest for a
    given change of the model's distributions, as the change goes to zero. A step of fixed η is as long as it
    is; with a ``radius`` ε it is shortened to

        η = min(η₀, √(2ε / ∇Lᵀ(F + λI)⁻¹∇L)),

    so that the mean over the inputs of KL(p_θ ‖ p_{θ+δ}), ½ δᵀFδ + O(‖δ‖³), is at most ε + O(ε^{3/2}).

    The ridge of a problem adds l2 I to F, as to each curvature matrix.

    In natural parameters that are linear in θ (a generalized linear model with its canonical link) F is the
    Hessian, and with η = 1 this is Newton's method. Undamped it is invariant under affine changes of the
    parameters; λ I breaks that.

    Reported in ``details``: ``eta``, the ``form`` ½ δᵀ(F + λI)δ of the step, which is about KL, and what a
    solver adds.

    Args:
        step_size: η₀ > 0, a number or a schedule (a function of the step count).
        radius: ε > 0, or None for the fixed step.
        damping: λ ≥ 0, in units of F; a number or a schedule.
        kind: of Fisher: "exact", "monte-carlo" (new labels each step: give ``minimize`` a key), "empirical".
        samples: for "monte-carlo", the labels drawn for each datum.
        solve: how (F + λI) δ = −∇L is solved: ``cl.Dense()``; ``cl.CG(iterations, tol)`` on products;
            ``cl.Rows()`` where there are fewer outputs than parameters. ``cl.Diagonal(power)`` takes the
            diagonal of F for F; the radius and ``form`` are by that diagonal then.

    Raises:
        ValueError: if a number is out of its range; at the start, without the key that labels are drawn from.
        TypeError: at the first step, if the problem has no likelihood.

    Source: Amari 1998, "Natural gradient works efficiently in learning"; Martens 2020, "New insights and
    perspectives on the natural gradient method", section 6 (steepest descent in KL).

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> x, y = jnp.array([[1.0], [2.0]]), jnp.array([3.0, 6.0])
        >>> line = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Gaussian(), x, y)
        >>> trace = cl.minimize(line, NaturalGradient(), jnp.zeros(1), steps=3, tol=1e-4)
        >>> int(trace.steps), round(float(trace.params[0]), 4)
        (1, 3.0)
    """

    step_size: float | Array | Schedule = 1.0
    radius: float | Array | None = None
    damping: float | Array | Schedule = 0.0
    kind: str = "exact"
    samples: int = static(1)
    solve: Solver = Dense()

    def check(self) -> None:
        check_at_least(
            "step_size", self.step_size, 0.0, strictly=True, schedule=True
        )
        if self.radius is not None:
            check_at_least("radius", self.radius, 0.0, strictly=True)
        check_at_least("damping", self.damping, 0.0, schedule=True)
        check_kind(self.kind, self.samples)
        check_solver(self.solve)

    @property
    def draws(self) -> bool:
        """Whether a step depends on the key."""
        return self.kind == "monte-carlo"

    def init(
        self, problem: Problem, params: Params, key: Array | None = None
    ) -> Drawing:
        if self.draws and key is None:
            raise ValueError(
                "the Monte Carlo Fisher draws labels: give minimize a key, "
                "as in key=jax.random.key(0)"
            )
        return Drawing(jnp.int32(0), key if self.draws else None)

    def step(
        self,
        problem: Problem,
        params: Params,
        state: Drawing,
        curvature: Problem | None = None,
    ) -> tuple[Params, Drawing, Info]:
        loss, gradient, gradient_norm = value_and_gradient(problem, params)
        source = problem if curvature is None else curvature
        key = jax.random.fold_in(state.key, state.count) if self.draws else None
        fisher = fisher_map(source, params, self.kind, key, self.samples)
        damping = at_step(self.damping, state.count)
        natural, details = self.solve.solve(fisher, gradient, damping)

        g, direction = ravel_pytree(gradient)[0], ravel_pytree(natural)[0]
        slope = g @ direction  # gᵀ(F + λI)⁻¹g
        eta = jnp.asarray(at_step(self.step_size, state.count), slope.dtype)
        if self.radius is not None:
            eta = jnp.minimum(
                eta, jnp.sqrt(2 * self.radius / jnp.maximum(slope, 0))
            )

        # Where F + λI is singular up to rounding, the solution has no digits.
        steep = ravel_pytree(fisher.product(gradient))[0] + damping * g
        rounding = 8 * g.size * jnp.finfo(g.dtype).eps
        growth = (norm(direction) / gradient_norm) * (norm(steep) / gradient_norm)
        lost = (growth * rounding > 1) | (details.pop("pivots", 1.0) < rounding)
        lost &= getattr(self.solve, "inverts", True)
        singular = lost | ~details.pop("positive_definite")
        finite = details.pop("finite")
        del details["indefinite"]
        theta, unravel = ravel_pytree(params)
        info = Info(
            loss,
            gradient_norm,
            stop=jnp.where(
                finite,
                jnp.where(singular & (gradient_norm > 0), Status.SINGULAR, 0),
                Status.BAD_CURVATURE,
            ),
            moves=eta != 0,  # a schedule may begin at zero: no stall
            details={"eta": eta, "form": 0.5 * eta**2 * slope, **details},
        )
        moved = unravel((theta - eta * direction).astype(theta.dtype))
        return moved, Drawing(state.count + 1, state.key), info
