"""Line searches: how far to go along a direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from curvlib.hyperparameters import check_at_least, check_fraction, hyperparameters
from curvlib.linalg import norm
from curvlib.status import Status
from curvlib.trees import Array, Params


class LineSearchResult(NamedTuple):
    """What a line search found.

    Attributes:
        step: the accepted multiple α of the direction; 0 if none was.
        value: the function there.
        evaluations: how many function values it took.
        success: whether a step was accepted.
    """

    step: Array
    value: Array
    evaluations: Array
    success: Array


@hyperparameters
class Armijo:
    """Backtracking to sufficient decrease: the first α = 1, ½, ¼, … with φ(α) ≤ φ(0) + c α φ′(0).

    φ(α) = L(θ + αp) along a descent direction p, φ′(0) = gᵀp < 0. A value that is not finite counts as too
    high, so the search also backs out of regions where the loss is NaN. It ends without a step only where αp
    no longer changes θ: also a direction that is far too long leads somewhere.

    Args:
        decrease: c, the part of the linear prediction that must be achieved, in (0, 1).
        shrink: the factor from one α to the next, in (0, 1).
        most: the most function values to try, at least 1; by default as many as there are halvings of a
            floating-point number.

    Raises:
        ValueError: if a number is out of its range.

    Source: Armijo 1966; Nocedal & Wright 2006, Numerical Optimization, 2nd ed., algorithm 3.1.

    Example:
        >>> import jax.numpy as jnp
        >>> result = Armijo().search(lambda alpha: (1 - 4 * alpha) ** 2, jnp.float32(1.0), jnp.float32(-8.0))
        >>> float(result.step), int(result.evaluations)
        (0.25, 3)
    """

    decrease: float = 1e-4
    shrink: float = 0.5
    most: float | Array = 1100

    def check(self) -> None:
        check_fraction("decrease", self.decrease)
        check_fraction("shrink", self.shrink)
        check_at_least("most", self.most, 1)

    def search(
        self,
        phi: Callable[[Array], Array],
        value: Array,
        slope: Array,
        first: float | Array = 1.0,
        shortest: float | Array = 0.0,
    ) -> LineSearchResult:
        """Find α for ``phi`` with φ(0) = ``value``, φ′(0) = ``slope``, from α = ``first`` down to
        ``shortest``; no step unless the slope is negative."""

        def accepted(alpha: Array, at_alpha: Array) -> Array:
            # Values that differ by rounding alone count as equal, or the search
            # would fail close to a minimum.
            rounding = 4 * jnp.finfo(value.dtype).eps * jnp.abs(value)
            most = value + self.decrease * alpha * slope + rounding
            return (at_alpha <= most) & jnp.isfinite(at_alpha)

        def trying(carry: tuple[Array, Array, Array]) -> Array:
            alpha, at_alpha, evaluations = carry
            goes_on = (evaluations < self.most) & (alpha > shortest) & (slope < 0)
            return ~accepted(alpha, at_alpha) & goes_on

        def shorter(carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            alpha, _, evaluations = carry
            alpha = (alpha * self.shrink).astype(value.dtype)
            return alpha, phi(alpha), evaluations + 1

        first = jnp.asarray(first, value.dtype)
        alpha, at_alpha, evaluations = jax.lax.while_loop(trying, shorter, (first, phi(first), jnp.int32(1)))
        underflown = (alpha == 0) & (first > 0)
        success = accepted(alpha, at_alpha) & (slope < 0) & ~underflown
        return LineSearchResult(
            jnp.where(success, alpha, 0), jnp.where(success, at_alpha, value), evaluations, success
        )


def check_line_search(line_search: Any) -> None:
    """Refuse what is neither a line search nor None.

    Raises:
        TypeError: if it is anything else.
    """
    if line_search is not None and not isinstance(line_search, Armijo):
        raise TypeError(f"the line search must be a cl.Armijo() or None, got {line_search!r}")


def move_along(
    line_search: Armijo | None,
    problem: Any,
    params: Params,
    direction: Array,
    loss: Array,
    slope: Array,
    first: float | Array = 1.0,
) -> tuple[Params, Array, dict[str, Array]]:
    """Go from θ along a direction p, as far as the line search finds, or by α = ``first`` without one.

    Args:
        line_search: what looks for α, or None.
        problem, params: the problem and θ.
        direction: p, shape (n,), in the order of the parameters made flat.
        loss, slope: L(θ), and gᵀp, which is not finite where p is not.
        first: the α without a line search, and the first that a line search tries.

    Returns:
        θ + αp; a ``Status`` code where there is no step and α is zero (SINGULAR for a direction that is not
        finite, NO_DESCENT for one along which the loss does not fall at first, STAGNATED where no α helps, or
        where the slope is lost in the rounding of L), else 0; and what to report of the search.
    """
    theta, unravel = ravel_pytree(params)

    def moved(alpha: Array) -> Params:
        delta = jnp.where(alpha == 0, 0, alpha * direction)  # with α = 0, p need not be finite
        return unravel((theta + delta).astype(theta.dtype))

    solvable = jnp.isfinite(slope)
    failure = jnp.where(solvable, 0, Status.SINGULAR)
    if line_search is None:
        return moved(jnp.where(solvable, jnp.asarray(first, loss.dtype), 0)), failure, {}
    longest = jnp.max(jnp.abs(direction))
    shortest = jnp.finfo(theta.dtype).eps * jnp.max(jnp.abs(theta)) / jnp.where(longest > 0, longest, 1) / 4
    found = line_search.search(lambda alpha: problem.loss(moved(alpha)), loss, slope, first, shortest)
    flat = jnp.abs(slope) <= 10 * jnp.finfo(loss.dtype).eps * jnp.abs(loss)
    no_step = jnp.where((slope < 0) | flat, Status.STAGNATED, Status.NO_DESCENT)
    failure = jnp.where(solvable & ~found.success, no_step, failure)
    # Shortened until it was lost in θ, with a loss that is the same for that.
    lost = found.success & (found.step < first) & jnp.all(theta + found.step * direction == theta)
    failure = jnp.where(solvable & lost, Status.STAGNATED, failure)
    return moved(found.step), failure, {"alpha": found.step, "evaluations": found.evaluations}


class Reach(NamedTuple):
    """The state of a method with a line search: the steps taken so far, and how long the next may be at
    first: infinitely, but where it led to where the method could not go on."""

    count: Array
    longest: Array


def start_search(params: Params) -> Reach:
    """The state before the first step."""
    return Reach(jnp.int32(0), jnp.full((), jnp.inf, ravel_pytree(params)[0].dtype))


def after_step(state: Reach) -> Reach:
    """The state after a step."""
    return Reach(state.count + 1, jnp.full_like(state.longest, jnp.inf))


def go_less_far(state: Reach, length: Array) -> Reach:
    """The state from which the last step is tried again, at most half as long as ``length``."""
    return Reach(state.count - 1, (length / 2).astype(state.longest.dtype))


def within(state: Reach, direction: Array, first: float | Array = 1.0) -> Array:
    """The first α to try: ``first``, or less where the step may not be so long."""
    length = jax.lax.stop_gradient(norm(direction))
    longest = state.longest / jnp.where(length > 0, length, 1)
    return jnp.minimum(jnp.asarray(first, direction.dtype), longest.astype(direction.dtype))
