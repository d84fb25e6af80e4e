"""The flow of a method: where its path goes as the steps become small and many."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy.integrate import solve_ivp

from curvlib.method import Method, Problem, check_method
from curvlib.status import CONVERGED, FAILED, Outcome, Reason
from curvlib.trees import Array, Params, check_params


class FlowOutcome(Outcome):
    """How a flow ended."""

    ARRIVED: ClassVar[int]
    STOPPED: ClassVar[int]

    REASONS: ClassVar[tuple[Reason, ...]] = (
        Reason("ARRIVED", CONVERGED, "arrived: the flow was followed to the last time"),
        Reason(
            "STOPPED",
            FAILED,
            "stopped: beyond its last point the flow has no finite velocity: it leaves the domain of the "
            "loss (as σ ≤ 0 would), or its linear system is singular there",
        ),
    )


class Flow(NamedTuple):
    """A flow at given times.

    Attributes:
        path: θ(t), ``params`` with a leading axis of the times; after the flow stopped its last good point.
        reached: how many of the times were reached.
        status: how it ended.
    """

    path: Params
    reached: int
    status: FlowOutcome


def flow(
    problem: Problem,
    method: Method,
    params: Params,
    times: Any,
    rtol: float | None = None,
    atol: float | None = None,
) -> Flow:
    """The flow of a method, dθ/dt = lim (step(θ) − θ)/η as its step size η → 0, from t = 0.

    Of ``GradientDescent`` it is dθ/dt = −∇L, of ``NaturalGradient`` −(F + λI)⁻¹∇L, which without damping does
    not depend on the coordinates. A run with the step size η is at t = ηk after k steps, up to O(η).

    By Dormand and Prince's method of order 8 with adaptive steps (SciPy's DOP853), in double precision. It is
    not for use inside ``jit``.

    Args:
        problem: what is minimised.
        method: one whose step is proportional to its ``step_size``, without a radius, and which does not
            draw. The value of its step size does not matter.
        params: θ(0).
        times: increasing, ≥ 0, shape (K,).
        rtol, atol: the local error allowed, relative and absolute; by default 1e-11 and 1e-13, for
            parameters in single precision 1e-5 and 1e-7.

    Returns:
        A ``Flow``: it does not raise where the flow breaks off.

    Raises:
        TypeError: if the method has no flow.
        ValueError: for times that do not increase.

    Source: Hairer, Nørsett & Wanner 1993, Solving Ordinary Differential Equations I, section II.5.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> bowl = cl.problems.quadratic(kappa=4.0)
        >>> end = flow(bowl, cl.GradientDescent(1.0), jnp.ones(2), [0.0, 1.0]).path[-1]
        >>> [f"{x:.4f}" for x in end]  # e⁻ᵗ, e⁻⁴ᵗ
        ['0.3679', '0.0183']
    """
    check_method(method)
    check_params(params)
    limits = [name for name in ("radius", "line_search") if getattr(method, name, None) is not None]
    if not hasattr(method, "step_size") or limits or getattr(method, "draws", False):
        raise TypeError(
            "a flow needs a method whose step is proportional to its step_size and which draws nothing, such "
            f"as cl.NaturalGradient() without a radius, got {method!r}"
        )
    times = np.asarray(times, float)
    finite = times.ndim == 1 and times.size and np.all(np.isfinite(times))
    if not finite or times[0] < 0 or np.any(np.diff(times) <= 0):
        raise ValueError(f"times must be increasing, finite and at least 0, in one axis, got {times}")
    method = dataclasses.replace(method, step_size=1.0)
    start, unravel = ravel_pytree(params)

    @jax.jit
    def velocity(problem: Problem, theta: Array) -> Array:
        point = unravel(theta.astype(start.dtype))
        moved, _, info = method.step(problem, point, method.init(problem, point))
        return jnp.where(info.stop == 0, ravel_pytree(moved)[0] - theta, jnp.nan)

    first = np.asarray(start, float)
    if not np.all(np.isfinite(velocity(problem, jnp.asarray(first)))):
        return Flow(_rows(unravel, first[None], start, len(times)), 0, FlowOutcome(FlowOutcome.STOPPED))
    if times[-1] == 0:
        return Flow(_rows(unravel, first[None], start, 1), 1, FlowOutcome(FlowOutcome.ARRIVED))
    single = jnp.finfo(start.dtype).eps > 1e-10
    found = solve_ivp(
        lambda _, theta: np.asarray(velocity(problem, jnp.asarray(theta)), float),
        (0.0, times[-1]),
        first,
        method="DOP853",
        t_eval=times,
        rtol=(1e-5 if single else 1e-11) if rtol is None else rtol,
        atol=(1e-7 if single else 1e-13) if atol is None else atol,
    )
    reached = np.asarray(found.y).T if len(found.t) else np.empty((0, start.size))
    path = _rows(unravel, np.concatenate([first[None], reached]), start, len(times))
    status = FlowOutcome(FlowOutcome.ARRIVED if found.status == 0 else FlowOutcome.STOPPED)
    return Flow(path, len(found.t), status)


def _rows(unravel: Callable[[Array], Params], path: np.ndarray, start: Array, count: int) -> Params:
    """A start and the points that were reached, without the start and the last one repeated."""
    rows = np.minimum(np.arange(1, count + 1), len(path) - 1)
    return jax.vmap(unravel)(jnp.asarray(path[rows], start.dtype))
