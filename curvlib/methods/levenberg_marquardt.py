"""The Levenberg–Marquardt method for nonlinear least squares."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.scipy.linalg import solve_triangular

from curvlib.gain import gain_ratio
from curvlib.hyperparameters import check_at_least, check_fraction, hyperparameters
from curvlib.linalg import (
    at_least_float32,
    column_lengths,
    damped_triangle,
    norm,
    triangularize,
    undamped_step,
)
from curvlib.method import Info, Problem
from curvlib.products import check_residuals, residuals_and_jacobian
from curvlib.status import Status
from curvlib.trees import Array, Params


class DampingState(NamedTuple):
    """What Levenberg–Marquardt remembers: λ, by how much it grows where the last step led nowhere, the
    scale D^½ of each parameter, the gain ratio of the last step, the decrease that it predicted, and the
    steps taken so far."""

    damping: Array
    growth: Array
    scale: Array
    ratio: Array
    predicted: Array
    count: Array


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
    is tried again, with ν = 2 at first (Nielsen). A loss or a Jacobian that is not finite is a rejection. So
    one step of the method is one Jacobian, and as many evaluations of r as there are trials.

    Scales: "marquardt" takes D = diag(JᵀJ), so that units of the parameters do not matter; it holds the
    largest value seen (Moré), but forgets it by the factor ``memory`` after a step with ρ < 0.9, since a
    parameter that once mattered more may have to move now. After better steps λ falls and D stands in no
    one's way. A zero column gets D = 1. "identity" takes D = I (Levenberg). Forgetting at every step sends a
    sine's frequency to another lobe of its spectrum, from some starts in half of the draws of the noise;
    never forgetting costs one of NIST's runs. In ``benchmarks/sines.py`` the default misses the minimum at
    the truth in 3.7 % of the fits, MINPACK in 11 %.

    Geodesic acceleration moves by δ + ½ δ₂, where δ₂ = −(JᵀJ + λD)⁻¹ Jᵀ r″ with the second derivative r″ of r
    along δ: the step then follows the model's curve to second order. Where ‖δ₂‖ > ``acceleration`` · ‖δ‖
    (lengths in the metric D) r is too far from linear along δ, and δ is rejected. That is no guarantee: a
    parameter may still run off to where r no longer depends on it. The second derivative is taken along δ
    alone. ``acceleration=None`` is the plain method, with first derivatives only; ``benchmarks/`` has both on
    NIST's problems.

    Its own reasons to stop, besides ``minimize``'s: a step, a predicted decrease or an angle within its
    tolerance. Short steps of heavy damping do not count: what is compared is the step without damping, also
    along directions in which J is tiny. Where the decrease that it predicts is lost in the rounding of L and
    shrinks no more, the run has stagnated.

    Reported in ``details``: ``damping`` (the λ of the last trial), its ``gain_ratio``, and the
    ``evaluations`` of r, one for each trial.

    Args:
        damping: the first λ > 0: a pure number with "marquardt"; with "identity" in units of the largest
            entry of diag(JᵀJ) at the start. Those in ``details`` are the λ of the formula.
        scaling: "marquardt" or "identity".
        memory: the factor in [0, 1] by which D forgets: 1 keeps maxima for ever, as MINPACK does.
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
            check_at_least("acceleration", self.acceleration, 0.0, strictly=True)
        for name in ("step_tol", "decrease_tol", "angle_tol"):
            check_at_least(name, getattr(self, name), 0.0)

    def init(
        self, problem: Problem, params: Params, key: Array | None = None
    ) -> DampingState:
        check_residuals(problem)
        dtype = jax.eval_shape(problem.residuals, params).dtype
        dtype = jnp.promote_types(dtype, jnp.float32)
        return DampingState(
            damping=jnp.asarray(self.damping, dtype),
            growth=jnp.asarray(8.0, dtype),
            scale=jnp.zeros(ravel_pytree(params)[0].shape, dtype),
            ratio=jnp.ones((), dtype),
            predicted=jnp.asarray(jnp.inf, dtype),
            count=jnp.int32(0),
        )

    def retreat(self, state: DampingState, length: Array) -> DampingState:
        """More damping, after a step to where the Jacobian is not finite."""
        damping, growth = state.damping * state.growth, 2 * state.growth
        return state._replace(damping=damping, growth=growth)

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
        r, jacobian = map(at_least_float32, residuals_and_jacobian(problem, params))
        triangle, target = triangularize(jacobian, r)  # J = QR; R and Qᵀr
        loss, gradient = 0.5 * jnp.sum(r**2), target @ triangle
        scale, unit = self._scale(triangle, state)  # D^½, and what λ is big to

        def residuals(theta: Array) -> Array:
            return at_least_float32(problem.residuals(unravel(theta)))

        def attempt(last: _Trial) -> _Trial:
            damping = last.next_damping
            # (JᵀJ + λD) δ = −Jᵀr, as the least squares [R; √λ D^½] δ ≈ −[Qᵀr; 0]
            factor, rest = damped_triangle(triangle, target, damping, scale)
            delta = -solve_triangular(factor, rest)
            length = norm(scale * delta)
            # ½ ‖r‖² − ½ ‖r + Jδ‖² = ½ ‖Jδ‖² + λ δᵀDδ, and ‖Jδ‖² + λ δᵀDδ = ‖rest‖²
            predicted = 0.5 * (jnp.sum(rest**2) + damping * length**2)

            bend = self._bend(residuals, theta, jacobian, factor, delta)
            straight, bend = self._is_straight(scale, bend, length)
            moved = (theta + delta + 0.5 * bend).astype(theta.dtype)
            new_loss = 0.5 * jnp.sum(residuals(moved) ** 2)
            ratio = gain_ratio(loss, new_loss, predicted)
            moves = jnp.any(moved != theta)
            accepted = (ratio > 1e-3) & straight & moves

            shrink = jnp.maximum(1 / 3, 1 - (2 * ratio - 1) ** 3)
            change = jnp.where(accepted, shrink, last.growth)
            smallest = jnp.finfo(loss.dtype).eps ** 2 * unit
            return _Trial(
                damping, length, predicted, moved, ratio, accepted,
                again=~accepted & moves & jnp.isfinite(length),
                next_damping=jnp.maximum(change * damping, smallest),
                growth=2 * last.growth,
                evaluations=last.evaluations + 1,
            )  # fmt: skip

        first = state.damping * jnp.where(state.count == 0, unit, 1)
        trial = jax.lax.while_loop(
            lambda last: last.again, attempt, _no_trial(theta, loss, first)
        )
        predicted = trial.predicted * (1 + trial.damping / unit)
        info = Info(
            loss,
            norm(gradient),
            stop=self._stop(
                theta, loss, triangle, target, scale, trial.accepted,
                predicted >= state.predicted,
            ),
            details={
                "damping": trial.damping,
                "gain_ratio": trial.ratio,
                "evaluations": trial.evaluations,
            },
        )  # fmt: skip
        params = unravel(jnp.where(trial.accepted, trial.moved, theta))
        state = DampingState(
            trial.next_damping, state.growth,
            scale, trial.ratio, predicted, state.count + 1,
        )  # fmt: skip
        return params, state, info

    def _scale(self, triangle: Array, state: DampingState) -> tuple[Array, Array]:
        """D^½, and the largest entry of D^−½ JᵀJ D^−½: what λ is small or large against."""
        lengths = column_lengths(triangle)  # those of J's columns
        scale = jnp.ones_like(lengths)
        if self.scaling == "marquardt":
            # After a good step λ falls, and D has not stood in the way.
            memory = jnp.where(state.ratio < 0.9, self.memory, 1)
            kept = jnp.sqrt(memory).astype(scale.dtype) * state.scale
            largest = jnp.maximum(lengths, kept)
            scale = jnp.where(largest > 0, largest, scale)
        unit = jnp.max(lengths / scale) ** 2
        return scale, jnp.where(unit > 0, unit, 1)

    def _bend(
        self,
        residuals: Callable[[Array], Array],
        theta: Array,
        jacobian: Array,
        factor: Array,
        delta: Array,
    ) -> Array:
        """The geodesic's δ₂ = −(JᵀJ + λD)⁻¹ Jᵀ r″, r″ the second derivative of r along δ."""
        if self.acceleration is None:
            return jnp.zeros_like(delta)
        along = delta.astype(theta.dtype)

        def slope(theta: Array) -> Array:
            return jax.jvp(residuals, (theta,), (along,))[1]

        second = jax.jvp(slope, (theta,), (along,))[1]
        pull = solve_triangular(factor, second @ jacobian, trans="T")
        return -solve_triangular(factor, pull)

    def _is_straight(
        self, scale: Array, bend: Array, length: Array
    ) -> tuple[Array, Array]:
        """Whether δ₂ is short enough, and δ₂; zero where it is not finite."""
        if self.acceleration is None:
            return jnp.array(True), bend
        size = norm(scale * bend)
        usable = jnp.isfinite(size)
        straight = ~usable | (size <= self.acceleration * length)
        return straight, jnp.where(usable, bend, 0)

    def _stop(
        self,
        theta: Array,
        loss: Array,
        triangle: Array,
        target: Array,
        scale: Array,
        accepted: Array,
        shrinks_no_more: Array,
    ) -> Array:
        """0, or the code of the tolerance that is met at θ, or of a stall."""
        eps = jnp.finfo(theta.dtype).eps
        reach = jnp.maximum(self.step_tol, eps) * norm(scale * theta)
        least = jnp.maximum(self.decrease_tol, eps**2) * loss
        lost = jnp.finfo(loss.dtype).eps * loss

        # A step that damping made short says little: the one without decides.
        length, predicted = undamped_step(triangle, target, scale)
        cosines = self.angle_tol * jnp.sqrt(2 * loss) * column_lengths(triangle)
        by_angle = jnp.all(jnp.abs(target @ triangle) <= cosines)
        stuck = ~accepted | ((predicted <= lost) & shrinks_no_more)
        code = jnp.where(stuck, Status.STAGNATED, 0)
        code = jnp.where(by_angle, Status.CONVERGED_ANGLE, code)
        code = jnp.where(predicted <= least, Status.CONVERGED_DECREASE, code)
        return jnp.where(length <= reach, Status.CONVERGED_STEP, code)


def _no_trial(theta: Array, loss: Array, damping: Array) -> _Trial:
    """Before the first attempt."""
    zero = jnp.zeros_like(loss)
    return _Trial(
        damping, zero, zero, theta, zero,
        accepted=jnp.array(False), again=jnp.array(True),
        next_damping=damping, growth=zero + 2, evaluations=jnp.int32(0),
    )  # fmt: skip
