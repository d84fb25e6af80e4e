"""The flow of a method: where its path goes as the steps become small and many."""

from __future__ import annotations

import dataclasses
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
    rtol: float = 1e-11,
    atol: float = 1e-13,
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
        rtol, atol: the local error allowed, relative and absolute.

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
    if times.ndim != 1 or not times.size or times[0] < 0 or np.any(np.diff(times) <= 0):
        raise ValueError("times must be increasing numbers of at least 0, in one axis")
    method = dataclasses.replace(method, step_size=1.0)
    start, unravel = ravel_pytree(params)

    @jax.jit
    def velocity(problem: Problem, theta: Array) -> Array:
        point = unravel(theta.astype(start.dtype))
        moved, _, info = method.step(problem, point, method.init(problem, point))
        return jnp.where(info.stop == 0, ravel_pytree(moved)[0] - theta, jnp.nan)

    found = solve_ivp(
        lambda _, theta: np.asarray(velocity(problem, jnp.asarray(theta)), float),
        (0.0, times[-1]),
        np.asarray(start, float),
        method="DOP853",
        t_eval=times,
        rtol=rtol,
        atol=atol,
    )
    path = np.concatenate([np.asarray(start, float)[None], found.y.T])
    rows = np.minimum(np.arange(1, len(times) + 1), len(path) - 1)
    status = FlowOutcome(FlowOutcome.ARRIVED if found.status == 0 else FlowOutcome.STOPPED)
    path = jax.vmap(unravel)(jnp.asarray(path[rows], start.dtype))
    return Flow(path, len(found.t), status)
