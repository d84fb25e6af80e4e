"""The strong Wolfe line search: far enough, and not too far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from curvlib.hyperparameters import check_at_least, check_fraction, hyperparameters
from curvlib.trees import Array

Function = Callable[[Array], tuple[Array, Array, Any]]  # α ↦ φ(α), φ′(α), and what else is to be kept


class Trial(NamedTuple):
    """An α, φ(α), φ′(α), and what came with them."""

    alpha: Array
    value: Array
    slope: Array
    extra: Any


class WolfeResult(NamedTuple):
    """What a strong Wolfe search found.

    Attributes:
        trial: the accepted one, or the best with sufficient decrease, or α = 0.
        evaluations: of φ and φ′ together.
        success: whether both conditions hold.
        descends: whether at least sufficient decrease holds.
        endless: whether φ fell at every trial, further and further out, without an end.
    """

    trial: Trial
    evaluations: Array
    success: Array
    descends: Array
    endless: Array


class _Search(NamedTuple):
    now: Trial  # the last trial
    low: Trial  # the best one with sufficient decrease, an end of the interval
    high: Trial  # the other end, once there is one, without what came with it
    bracketed: Array
    evaluations: Array
    done: Array


@hyperparameters
class StrongWolfe:
    """An α with φ(α) ≤ φ(0) + c₁ α φ′(0) and |φ′(α)| ≤ c₂ |φ′(0)|, where φ(α) = L(θ + αp), φ′(0) < 0.

    It goes outwards until an interval has such a point, then shrinks it by the minima of cubics. Each trial
    is one value with its slope, and what belongs to the accepted one is returned. A trial that is not finite
    counts as too high. Where φ(α) and φ(0) differ by rounding alone, the slope decides in the first:
    φ′(α) ≤ (2c₁ − 1) φ′(0).

    Args:
        decrease: c₁ in (0, ½).
        curvature: c₂ in (c₁, 1).
        most: the most trials, at least 1.

    Raises:
        ValueError: if a number is out of its range.

    Source: Nocedal & Wright 2006, Numerical Optimization, 2nd ed., algorithms 3.5 and 3.6; Hager & Zhang
    2005, "A new conjugate gradient method with guaranteed descent and an efficient line search", section 4,
    for rounding.

    Example:
        >>> found = StrongWolfe(curvature=0.1).search(
        ...     lambda a: ((1 - a) ** 2, 2 * (a - 1), None), jnp.float32(1.0), jnp.float32(-2.0), None, 4.0)
        >>> float(found.trial.alpha), int(found.evaluations)
        (1.0, 2)
    """

    decrease: float | Array = 1e-4
    curvature: float | Array = 0.9
    most: float | Array = 60

    def check(self) -> None:
        check_fraction("decrease", self.decrease, 0.5)
        check_fraction("curvature", self.curvature)
        check_at_least("most", self.most, 1)

    def search(
        self, phi: Function, value: Array, slope: Array, extra: Any, first: float | Array = 1.0
    ) -> WolfeResult:
        """Search for ``phi`` with φ(0) = ``value``, φ′(0) = ``slope``, from α = ``first``; ``extra`` is what
        belongs to α = 0, where it stays if the slope is not negative."""
        dtype = value.dtype
        rounding = 10 * jnp.finfo(dtype).eps * jnp.abs(value)
        zero = Trial(jnp.zeros((), dtype), value, slope, extra)

        def at(alpha: Array) -> Trial:
            found, along, more = phi(alpha)
            good = jnp.isfinite(found) & jnp.isfinite(along)
            return Trial(alpha, jnp.where(good, found, jnp.inf), jnp.where(good, along, 0), more)

        def decreases(trial: Trial) -> Array:
            falls = trial.value <= value + self.decrease * trial.alpha * slope
            flat = jnp.abs(trial.value - value) <= rounding
            return (slope < 0) & (falls | (flat & (trial.slope <= (2 * self.decrease - 1) * slope)))

        def go_on(search: _Search) -> Array:
            return ~search.done & (search.evaluations < self.most)

        def judge(search: _Search) -> _Search:
            """Which end the last trial becomes."""
            now, low, high = search.now, search.low, search.high
            enough = decreases(now)
            worse = ~enough | ((now.value >= low.value + rounding) & (search.bracketed | (low.alpha > 0)))
            done = enough & (jnp.abs(now.slope) <= -self.curvature * slope)
            # A better trial, whose slope points to `low`, has a minimum between the two.
            back = ~worse & (now.slope * jnp.where(search.bracketed, high.alpha - low.alpha, 1.0) >= 0)
            new_high = _where(worse, _bare(now), _where(back, _bare(low), high))
            new_low = _where(worse & ~done, low, now)
            bracketed = search.bracketed | worse | back
            return _Search(now, new_low, new_high, bracketed, search.evaluations, done)

        def try_next(search: _Search) -> _Search:
            low, high = search.low, search.high
            inside = _inside(low, high)
            further = _cubic(zero, low)
            further = jnp.where(jnp.isfinite(further), further, 2 * low.alpha)
            outside = jnp.clip(further, 1.1 * low.alpha, 5 * low.alpha)
            alpha = jnp.where(search.bracketed, inside, outside).astype(dtype)
            return judge(search._replace(now=at(alpha), evaluations=search.evaluations + 1))

        trial = at(jnp.asarray(first, dtype))
        start = _Search(trial, zero, _bare(zero), jnp.array(False), jnp.int32(1), jnp.array(False))
        end = jax.lax.while_loop(go_on, try_next, judge(start))
        return WolfeResult(  # the last trial is the lowest one where both conditions hold
            end.low, end.evaluations, end.done, end.done | (end.low.alpha > 0), ~(end.done | end.bracketed)
        )


def _bare(trial: Trial) -> Trial:
    return trial._replace(extra=None)


def _where(condition: Array, a: Trial, b: Trial) -> Trial:
    return jax.tree.map(lambda x, y: jnp.where(condition, x, y), a, b)


def _cubic(a: Trial, b: Trial) -> Array:
    """The minimum of the cubic with two values and slopes; not finite where it has none."""
    span = b.alpha - a.alpha
    d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.alpha - b.alpha)
    root = jnp.sqrt(d1**2 - a.slope * b.slope) * jnp.sign(span)
    return b.alpha - span * (b.slope + root - d1) / (b.slope - a.slope + 2 * root)


def _inside(low: Trial, high: Trial) -> Array:
    """The minimum of the cubic, within the middle eight tenths of the interval; else its middle."""
    left, right = jnp.minimum(low.alpha, high.alpha), jnp.maximum(low.alpha, high.alpha)
    middle, edge = (left + right) / 2, 0.1 * (right - left)
    alpha = jnp.where(jnp.isfinite(high.value), _cubic(low, high), middle)
    return jnp.where(jnp.isfinite(alpha), jnp.clip(alpha, left + edge, right - edge), middle)
