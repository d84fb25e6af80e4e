"""Run a method on a problem, and the Trace of the run."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from curvlib import loop
from curvlib.hyperparameters import as_float, check_at_least, check_count
from curvlib.method import Method, Problem, check_method
from curvlib.problems import check_problem
from curvlib.status import Status
from curvlib.trees import Array, Params, check_params


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["params", "best_params", "losses", "gradient_norms", "details", "path", "steps", "status"],
    meta_fields=[],
)
@dataclasses.dataclass(frozen=True)
class Trace:
    """The record of a run. A pytree; inside ``jit`` its shapes do not depend on when the run stopped.

    Record k belongs to θ_k; entries after the last step repeat the last good one. So no
    record holds a NaN, unless the start itself is bad: then record 0 holds what was found there.

    Attributes:
        params: the last good θ.
        best_params: the θ of the lowest loss that was met.
        losses: L(θ_k), shape (steps + 1,).
        gradient_norms: ‖∇L(θ_k)‖, shape (steps + 1,).
        details: what the method reported of the step from θ_k, by name, each of shape (steps + 1,). After the
            last step there is none to report: the entry repeats the one before.
        path: the iterates θ_k, ``params`` with a leading axis steps + 1; None unless asked for. Where that
            would take more than 256 MB, outside ``jit``, it ends with the run.
        steps: how many steps were taken, an integer: records 0 … steps are the run.
        status: why it stopped.
    """

    params: Params
    best_params: Params
    losses: Array
    gradient_norms: Array
    details: dict[str, Array]
    path: Params | None
    steps: Array
    status: Status


def minimize(
    problem: Problem,
    method: Method,
    params: Params,
    steps: int,
    tol: float | Array = 0.0,
    key: Array | None = None,
    path: bool = False,
) -> Trace:
    """Minimise ``problem`` from ``params``: θ_{k+1} = step(θ_k) until a tolerance, a stall, a failure or the
    step limit.

    One compiled while-loop over preallocated records: memory grows with ``steps``, not with the steps taken
    (but for a long ``path``, which is kept in pieces). Another value of a hyperparameter, of the data or of
    the start does not recompile it; another function does, so define a loss, a schedule and an optax
    transformation once and use them again. It works inside an outer ``jit``, ``vmap`` and forward-mode
    derivatives; reverse mode does not go through a while-loop (differentiate a ``scan`` of ``method.step``
    instead).

    Args:
        problem: what is minimised.
        method: how.
        params: the start θ_0, a pytree of floating-point arrays.
        steps: the most steps to take, a Python integer ≥ 1.
        tol: stop when ‖∇L(θ)‖ ≤ tol.
        key: a JAX random key, for methods that draw.
        path: keep every iterate in ``Trace.path``.

    Returns:
        A ``Trace``. A run that fails ends with a status that says so and the last good point: it does not
        raise.

    Raises:
        TypeError: if ``method`` is not a method, or ``params`` not floating-point.
        ValueError: if ``steps`` or ``tol`` is out of range.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> trace = cl.minimize(cl.problems.quadratic(100.0), cl.Newton(), jnp.array([1.0, 1.0]), steps=5)
        >>> int(trace.steps), str(trace.status)
        (1, 'converged: the gradient norm is within the tolerance')
    """
    check_method(method)
    check_problem(problem)
    for leaf in jax.tree.leaves((problem, method)):
        if not hasattr(leaf, "dtype") and not isinstance(leaf, int | float):
            raise TypeError(
                f"problem and method must be pytrees of numbers, got a {type(leaf).__name__} in them: make a "
                "method's class @curvlib.hyperparameters.hyperparameters, and a problem's a pytree whose "
                "functions are static"
            )
    check_count("steps", steps)
    check_at_least("tol", tol, 0.0)
    check_params(params)
    # Not weakly typed, as Python's numbers are: one compiled loop for both.
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.result_type(leaf)), params)
    steps, tol = int(steps), as_float(tol)
    if not path or (steps + 1) * _size(params) <= _PATH_BYTES:
        return _at_once(problem, method, params, steps, tol, key, path)
    now = loop.start(problem, method, params, key)
    if isinstance(now.index, jax.core.Tracer):
        return _at_once(problem, method, params, steps, tol, key, path)
    rows, pieces = max(_PATH_BYTES // 8 // _size(params), loop.BLOCK), []
    while now.code == loop.RUNNING:
        first = int(now.index)
        now, records = loop.run(problem, method, now, steps, tol, rows, path)
        count = int(now.index) - first + int(now.code != loop.RUNNING)
        pieces.append(jax.tree.map(lambda record, count=count: record[:count], records))
    return _trace(now, jax.tree.map(lambda *parts: jnp.concatenate(parts), *pieces), steps)


def steps_until(values: Array, target: float | Array, hold: int = 1) -> Array:
    """The first step k with values_k, …, values_{k+hold−1} ≤ target; len(values) if there is none.

    A method at a large fixed rate may pass a target and come back out: ``hold`` asks it to stay. Works
    inside ``jit``.

    Args:
        values: what a run recorded, such as losses or errors, shape (steps + 1,).
        target: the largest value that counts.
        hold: how many records in a row have to count, a Python integer from 1 to len(values).

    Raises:
        ValueError: if ``hold`` is out of range, or the values have more than one axis.

    Example:
        >>> [int(steps_until(jnp.array([4.0, 1.0, 3.0, 1.0, 0.5]), 1.0, hold)) for hold in (1, 2, 3)]
        [1, 3, 5]
    """
    values = jnp.asarray(values)
    if values.ndim != 1:
        raise ValueError(f"values of one run have one axis, got the shape {values.shape}")
    check_count("hold", hold)
    if hold > len(values):
        raise ValueError(f"hold must be at most the {len(values)} values there are, got {hold}")
    misses = jnp.concatenate([jnp.zeros(1, int), jnp.cumsum(~(values <= target))])
    holds = misses[hold:] == misses[:-hold]
    return jnp.where(jnp.any(holds), jnp.argmax(holds), len(values))


_PATH_BYTES = 2**28  # of the longest path that is reserved at once


def _size(params: Params) -> int:
    """The bytes of the parameters."""
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(params))


@partial(jax.jit, static_argnames=("steps", "path"))
def _at_once(
    problem: Problem, method: Method, params: Params, steps: int, tol: Any, key: Array | None, path: bool
) -> Trace:
    """The whole run as one compiled program."""
    now = loop.start(problem, method, params, key)
    now, records = loop.run(problem, method, now, steps, tol, steps + 1, path)
    return _trace(now, records, steps)


def _trace(end: loop.Loop, records: dict[str, Any], steps: int) -> Trace:
    """What is returned of a run: records after the last step repeat it, but for a path in pieces."""
    rows = jnp.minimum(jnp.arange(steps + 1), end.index)
    path = records.pop("path", None)
    if path is not None and jax.tree.leaves(path)[0].shape[0] == steps + 1:
        path = jax.tree.map(lambda record: record[rows], path)
    records = jax.tree.map(lambda record: record[rows], records)
    return Trace(
        params=end.good,
        best_params=end.best,
        losses=records["loss"],
        gradient_norms=records["gradient_norm"],
        details=records["details"],
        path=path,
        steps=end.index,
        status=Status(end.code),
    )
