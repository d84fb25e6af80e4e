"""Nonlinear least squares: Gauss–Newton, and Levenberg–Marquardt."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.scipy.linalg import solve_triangular

from curvlib.hyperparameters import (
    Schedule,
    at_step,
    check_at_least,
    check_fraction,
    hyperparameters,
)
from curvlib.linalg import (
    at_least_float32,
    column_lengths,
    norm,
    solve_least_squares,
    solve_symmetric,
    triangularize,
)
from curvlib.line_search import Armijo, check_line_search, move_along
from curvlib.minimize import Info, Problem, value_and_gradient
from curvlib.problems import Array, Params
from curvlib.products import check_residuals, ggn, residuals_and_jacobian
from curvlib.status import Status


@hyperparameters
class GaussNewton:
    """Gauss–Newton, θ ← θ + αδ, where δ minimises the loss with its model made linear.

    - ``LeastSquares``: δ minimises ½ ‖r + Jδ‖², so that JᵀJ δ = −Jᵀr; by QR of J, never by JᵀJ. Where J has
      dependent columns, or more columns than rows, δ is the minimiser that is shortest in units of the
      columns' lengths.
    - ``Supervised``: G δ = −∇L with the generalized Gauss–Newton matrix G (``curvlib.ggn``). For a linear
      ``predict`` and a likelihood in natural parameters this is Newton's method, Fisher scoring and
      iteratively reweighted least squares, all the same.

    Near a minimum the error shrinks by μ a step, the spectral radius of (JᵀJ)⁻¹S with S = Σᵢ rᵢ ∇²rᵢ, and
    quadratically where S = 0. Far from it nothing is promised: the step may overshoot. δ always descends, so
    a line search helps; for μ > 1 so does α < 2/(1 + μ).

    Reported in ``details``: ``full_rank`` (for ``Supervised``: whether G is positive definite), and with a
    line search the accepted ``alpha`` and the ``evaluations`` of the loss.

    Args:
        alpha: α > 0, a number or a schedule (a function of the step count); with a line search, the first α
            that it tries.
        line_search: an ``Armijo``, or None.

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

    def check(self) -> None:
        check_at_least("alpha", self.alpha, 0.0, strictly=True, schedule=True)
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
        if curvature is None and hasattr(problem, "residuals"):
            r, jacobian = residuals_and_jacobian(problem, params)
            loss, gradient = 0.5 * r @ r, r @ jacobian
            delta, full_rank = solve_least_squares(jacobian, -r)
        else:
            loss, tree, _ = value_and_gradient(problem, params)
            gradient = ravel_pytree(tree)[0]
            matrix = ggn(problem if curvature is None else curvature, params)
            delta, full_rank = solve_symmetric(matrix, -gradient)
        alpha = jnp.asarray(at_step(self.alpha, state), delta.dtype)
        params, failure, details = move_along(
            self.line_search,
            problem,
            params,
            delta,
            loss,
            gradient @ delta,
            alpha,
        )
        info = Info(
            loss,
            norm(gradient),
            failure=failure,
            accepted=alpha != 0,  # a schedule may begin at zero: no stall
            details={"full_rank": full_rank} | details,
        )
        return params, state + 1, info


class DampingState(NamedTuple):
    """What Levenberg–Marquardt remembers: λ, the scale D^½ of each parameter, the decrease that the last step
    predicted, and the steps taken so far."""

    damping: Array
    scale: Array
    predicted: Array
    count: Array


class _Model(NamedTuple):
    """r(θ + δ) ≈ r + Jδ around θ; the triangle R of J with Qᵀr, the scale D^½, the unit of λ."""

    theta: Array
    r: Array
    jacobian: Array
    loss: Array
    gradient: Array
    triangle: Array
    target: Array
    lengths: Array
    scale: Array
    unit: Array


class _Trial(NamedTuple):
    """An attempt at a step: its λ, ‖D^½δ‖, where it led, how it was judged; and λ and ν for the next."""

    damping: Array
    length: Array
    predicted: Array
    moved: Array
    ratio: Array
    accepted: Array
    again: Array
    next_damping: Array
    growth: Array
    evaluations: Array


@hyperparameters
class LevenbergMarquardt:
    """Levenberg–Marquardt: the Gauss–Newton step, damped as much as the model turns out to be wrong.

    δ minimises ‖r + Jδ‖² + λ δᵀDδ, that is, (JᵀJ + λD) δ = −Jᵀr. It is solved as the least-squares problem
    [J; √λ D^½] δ ≈ −[r; 0] by QR, of J once and then of its small triangle with the rows √λ D^½ below, so
    that a rejected δ costs little. λ → 0 gives the Gauss–Newton step, λ → ∞ the short step −D⁻¹Jᵀr/λ. The
    gain ratio

        ρ = (L(θ) − L(θ + δ)) / (½ ‖r‖² − ½ ‖r + Jδ‖²)

    decides: the step is taken if ρ > 10⁻³, and then λ ← λ max(⅓, 1 − (2ρ − 1)³); else λ ← νλ, ν ← 2ν and it
    is tried again, with ν = 2 at first (Nielsen). A loss that is not finite is a rejection. So one step of
    the method is one Jacobian, and as many evaluations of r as there are trials.

    Scales: "marquardt" takes D = diag(JᵀJ), so that units of the parameters do not matter; it holds the
    largest value seen (Moré), but forgets it by the factor ``memory`` a step, since a parameter that once
    mattered more may have to move now. A zero column gets D = 1. "identity" takes D = I (Levenberg).

    Geodesic acceleration moves by δ + ½ δ₂, where δ₂ = −(JᵀJ + λD)⁻¹ Jᵀ r″ with the second derivative r″ of r
    along δ: the step then follows the model's curve to second order. Where ‖δ₂‖ > ``acceleration`` · ‖δ‖
    (lengths in the metric D) r is too far from linear along δ, and δ is rejected: this keeps a parameter
    from running off to where r no longer depends on it. On NIST's 54 problems it saves a quarter of the
    steps, and the few that fail without it succeed. ``acceleration=None`` is the plain method.

    Its own reasons to stop, besides ``minimize``'s: a step, a predicted decrease or an angle within its
    tolerance. Short steps of heavy damping do not count: lengths and decreases are taken times 1 +
    λ/u, u being the largest diagonal entry of D^−½ JᵀJ D^−½ (1 for D = diag(JᵀJ)). Where the decrease still
    predicted is lost in the rounding of L and shrinks no more, it has stagnated.

    Reported in ``details``: ``damping`` (the λ of the last trial), its ``gain_ratio``, and the
    ``evaluations`` of r, one for each trial.

    Args:
        damping: the first λ > 0; with "identity" in units of the largest entry of diag(JᵀJ).
        scaling: "marquardt" or "identity".
        memory: the factor in [0, 1] by which D forgets in a step: 1 keeps maxima for ever, as MINPACK does.
        acceleration: the largest ‖δ₂‖/‖δ‖ of a step that is taken, > 0; or None.
        step_tol: stop when ‖D^½δ‖ ≤ step_tol · ‖D^½θ‖; never below the rounding of θ.
        decrease_tol: stop when the predicted decrease is at most decrease_tol · L.
        angle_tol: stop when |cos| of the angle between r and every column of J is at most this.

    Raises:
        ValueError: if a number is out of its range, or the scaling has another name.
        TypeError: at the first step, if the problem has no residuals.

    Source: Levenberg 1944; Marquardt 1963; Moré 1978, "The Levenberg–Marquardt algorithm: implementation and
    theory"; Nielsen 1999, "Damping parameter in Marquardt's method"; Transtrum & Sethna 2012, "Improvements
    to the Levenberg–Marquardt algorithm for nonlinear least-squares minimization".

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> t = jnp.arange(4.0)
        >>> problem = cl.LeastSquares(lambda p: p[0] * jnp.exp(p[1] * t) - 2 * jnp.exp(-0.5 * t))
        >>> trace = cl.minimize(problem, LevenbergMarquardt(), jnp.array([1.0, 1.0]), steps=30, tol=1e-5)
        >>> [round(float(x), 4) for x in trace.params]
        [2.0, -0.5]
    """

    damping: float | Array = 1e-3
    scaling: str = "marquardt"
    memory: float | Array = 0.5
    acceleration: float | Array | None = 0.75
    step_tol: float | Array = 1e-11
    decrease_tol: float | Array = 1e-24
    angle_tol: float | Array = 0.0

    def check(self) -> None:
        check_at_least("damping", self.damping, 0.0, strictly=True)
        if self.scaling not in ("marquardt", "identity"):
            raise ValueError(
                f"scaling must be 'marquardt' or 'identity', got {self.scaling!r}"
            )
        check_fraction("memory", self.memory, strictly=False)
        if self.acceleration is not None:
            check_at_least(
                "acceleration", self.acceleration, 0.0, strictly=True
            )
        for name in ("step_tol", "decrease_tol", "angle_tol"):
            check_at_least(name, getattr(self, name), 0.0)

    def init(
        self, problem: Problem, params: Params, key: Array | None = None
    ) -> DampingState:
        check_residuals(problem)
        dtype = jax.eval_shape(problem.residuals, params).dtype
        dtype = jnp.promote_types(dtype, jnp.float32)
        theta = ravel_pytree(params)[0]
        return DampingState(
            jnp.asarray(self.damping, dtype),
            jnp.zeros(theta.shape, dtype),
            jnp.asarray(jnp.inf, dtype),
            jnp.int32(0),
        )

    def step(
        self,
        problem: Problem,
        params: Params,
        state: DampingState,
        curvature: Problem | None = None,
    ) -> tuple[Params, DampingState, Info]:
        if curvature is not None:
            raise ValueError(
                "Levenberg–Marquardt takes residuals and Jacobian from one "
                "problem: leave out curvature, or use cl.GaussNewton()"
            )
        theta, unravel = ravel_pytree(params)

        def residuals(theta: Array) -> Array:
            return problem.residuals(unravel(theta))

        model = self._model(
            theta, *residuals_and_jacobian(problem, params), state
        )
        trial = jax.lax.while_loop(
            lambda last: last.again,
            lambda last: self._try(residuals, model, last),
            self._no_trial(model, state),
        )
        predicted = trial.predicted * (1 + trial.damping / model.unit)
        info = Info(
            model.loss,
            norm(model.gradient),
            failure=self._stuck(model, trial, predicted, state.predicted),
            converged=self._converged(model, trial, predicted),
            details={
                "damping": trial.damping,
                "gain_ratio": trial.ratio,
                "evaluations": trial.evaluations,
            },
        )
        params = unravel(jnp.where(trial.accepted, trial.moved, theta))
        state = DampingState(
            trial.next_damping, model.scale, predicted, state.count + 1
        )
        return params, state, info

    def _model(
        self, theta: Array, r: Array, jacobian: Array, state: DampingState
    ) -> _Model:
        r, jacobian = at_least_float32(r), at_least_float32(jacobian)
        triangle, target = triangularize(jacobian, r)
        lengths = column_lengths(triangle)  # those of J's columns
        scale = jnp.ones_like(lengths)
        if self.scaling == "marquardt":
            memory = jnp.sqrt(jnp.asarray(self.memory, scale.dtype))
            largest = jnp.maximum(lengths, memory * state.scale)
            scale = jnp.where(largest > 0, largest, scale)
        # The largest entry of D^−½ JᵀJ D^−½: what λ is small or large against.
        unit = jnp.max(lengths / scale) ** 2
        unit = jnp.where(unit > 0, unit, 1)
        loss, gradient = 0.5 * jnp.sum(r**2), target @ triangle
        return _Model(
            theta, r, jacobian, loss, gradient,
            triangle, target, lengths, scale, unit,
        )  # fmt: skip

    def _no_trial(self, model: _Model, state: DampingState) -> _Trial:
        zero = jnp.zeros_like(model.loss)
        damping = state.damping * jnp.where(state.count == 0, model.unit, 1)
        return _Trial(
            damping, zero, zero, model.theta, zero,
            accepted=jnp.array(False), again=jnp.array(True),
            next_damping=damping, growth=zero + 2, evaluations=jnp.int32(0),
        )  # fmt: skip

    def _try(
        self,
        residuals: Callable[[Array], Array],
        model: _Model,
        last: _Trial,
    ) -> _Trial:
        """Solve for δ with the λ that is due, go there, and judge."""
        theta, loss, scale = model.theta, model.loss, model.scale
        damping = last.next_damping
        factor, target = triangularize(
            jnp.vstack([model.triangle, jnp.diag(jnp.sqrt(damping) * scale)]),
            jnp.append(model.target, jnp.zeros_like(scale)),
        )
        delta = -solve_triangular(factor, target)
        length = norm(scale * delta)
        # ½ ‖r‖² − ½ ‖r + Jδ‖² = ½ ‖Jδ‖² + λ δᵀDδ, and ‖Jδ‖² + λ δᵀDδ is the target's square.
        predicted = 0.5 * (jnp.sum(target**2) + damping * length**2)

        bend, straight = self._bend(residuals, model, factor, delta, length)
        moved = (theta + delta + 0.5 * bend).astype(theta.dtype)
        new_r = at_least_float32(residuals(moved))
        new_loss = 0.5 * jnp.sum(new_r**2)
        # Differences that rounding makes up are worth nothing.
        eps = jnp.finfo(loss.dtype).eps
        rounding = 10 * eps * loss
        ratio = (loss - new_loss + rounding) / (predicted + rounding)
        ratio = jnp.where(jnp.isfinite(ratio), ratio, -1)
        moves = jnp.any(moved != theta)
        accepted = (ratio > 1e-3) & straight & moves

        shrink = jnp.maximum(1 / 3, 1 - (2 * ratio - 1) ** 3)
        change = jnp.where(accepted, shrink, last.growth)
        return _Trial(
            damping, length, predicted, moved, ratio, accepted,
            again=~accepted & moves & jnp.isfinite(length),
            next_damping=jnp.maximum(change * damping, eps**2 * model.unit),
            growth=2 * last.growth,
            evaluations=last.evaluations + 1,
        )  # fmt: skip

    def _bend(
        self,
        residuals: Callable[[Array], Array],
        model: _Model,
        factor: Array,
        delta: Array,
        length: Array,
    ) -> tuple[Array | float, Array | bool]:
        """The geodesic's δ₂, and whether it is short enough; zero and true where it is not finite."""
        if self.acceleration is None:
            return 0.0, True
        along = delta.astype(model.theta.dtype)

        def slope(theta: Array) -> Array:
            return jax.jvp(residuals, (theta,), (along,))[1]

        second = jax.jvp(slope, (model.theta,), (along,))[1]
        pull = at_least_float32(second) @ model.jacobian
        bend = -solve_triangular(
            factor, solve_triangular(factor, pull, trans="T")
        )
        size = norm(model.scale * bend)
        usable = jnp.isfinite(size)
        straight = ~usable | (size <= self.acceleration * length)
        return jnp.where(usable, bend, 0), straight

    def _stuck(
        self, model: _Model, trial: _Trial, predicted: Array, before: Array
    ) -> Array:
        """Whether no step descends, or what is left to descend is lost in rounding and no longer shrinks."""
        lost = predicted <= jnp.finfo(model.loss.dtype).eps * model.loss
        stuck = ~trial.accepted | (lost & (predicted >= before))
        return jnp.where(stuck, Status.STAGNATED, 0)

    def _converged(
        self, model: _Model, trial: _Trial, predicted: Array
    ) -> Array:
        """0, or the code of the tolerance that is met at θ."""
        eps = jnp.finfo(model.theta.dtype).eps
        length = trial.length * (1 + trial.damping / model.unit)
        reach = norm(model.scale * model.theta)
        cosines = self.angle_tol * jnp.sqrt(2 * model.loss) * model.lengths
        by_step = length <= jnp.maximum(self.step_tol, eps) * reach
        by_decrease = predicted <= (
            jnp.maximum(self.decrease_tol, eps**2) * model.loss
        )
        by_angle = jnp.all(jnp.abs(model.gradient) <= cosines)
        code = jnp.where(by_angle, Status.CONVERGED_ANGLE, 0)
        code = jnp.where(by_decrease, Status.CONVERGED_DECREASE, code)
        return jnp.where(by_step, Status.CONVERGED_STEP, code)
