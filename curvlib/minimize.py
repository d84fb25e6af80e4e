"""Run a method on a problem: the Method protocol, the loop, and the Trace it returns."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp

from curvlib.hyperparameters import as_float, check_at_least, check_count
from curvlib.linalg import norm
from curvlib.problems import Array, Params, check_params, check_problem
from curvlib.status import Status

Problem = Any
State = Any


class Info(NamedTuple):
    """What one step already knows, so that nothing is computed twice for the record.

    Attributes:
        loss: L(θ) at the step's *entry*, a scalar.
        gradient_norm: ‖∇L(θ)‖ at entry, a scalar.
        failure: 0, or the ``Status`` code of a breakdown that leaves no step to take.
        converged: 0, or the ``Status`` code of a test of the method's own that θ passes: the run ends at θ.
        accepted: whether the step means to move; else leaving θ as it is is no stall.
        may_stop: whether a small gradient is a reason to stop; not where the method sees negative curvature.
        details: further scalars by name that the method reports (a fixed set for each method).
    """

    loss: Array
    gradient_norm: Array
    failure: int | Array = 0
    converged: int | Array = 0
    accepted: bool | Array = True
    may_stop: bool | Array = True
    details: dict[str, Array] = {}  # noqa: RUF012 (never mutated)


@runtime_checkable
class Method(Protocol):
    """A minimization method: hyperparameters, and two pure functions."""

    def init(self, problem: Problem, params: Params, key: Array | None = None) -> State:
        """The state before the first step, with the shapes and dtypes it keeps."""

    def step(
        self, problem: Problem, params: Params, state: State, curvature: Problem | None = None
    ) -> tuple[Params, State, Info]:
        """One step from ``params``; ``curvature`` is the problem to take curvature from, if not the same."""


def check_method(method: Any) -> None:
    """Refuse what is no method.

    Raises:
        TypeError: if it is not an instance with ``init`` and ``step``.
    """
    if isinstance(method, type) or not isinstance(method, Method):
        raise TypeError(
            f"the method must be an instance with init and step, such as cl.Newton(), got {method!r}"
        )


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
        details: what the method reported, by name, each of shape (steps + 1,).
        path: the iterates θ_k, ``params`` with a leading axis steps + 1; None unless asked for.
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

    One compiled while-loop over preallocated records: memory grows with ``steps``, not with the steps taken.
    Another value of a hyperparameter, of the data or of the start does not recompile it; another function
    does, so define a loss, a schedule and an optax transformation once and use them again. It works inside an
    outer ``jit``, ``vmap`` and forward-mode derivatives; reverse mode does not go through a while-loop
    (differentiate a ``scan`` of ``method.step`` instead).

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
    return _minimize(problem, method, params, int(steps), as_float(tol), key, path)


class _Loop(NamedTuple):
    """The carry: θ_k, the method's state, the last point known to be finite, the best one, the records."""

    index: Array
    code: Array  # _RUNNING until the run stops
    params: Params
    state: State
    good: Params
    best: Params
    best_loss: Array
    first_loss: Array
    records: dict[str, Any]


_RUNNING = -1
# Records are written in blocks: on a CPU, XLA runs a loop on one thread, without the price of handing work to
# others at every operation, only if all that its body touches is small.
_BLOCK = 32


@partial(jax.jit, static_argnames=("steps", "path"))
def _minimize(
    problem: Problem, method: Method, params: Params, steps: int, tol: Any, key: Array | None, path: bool
) -> Trace:
    step = jax.jit(method.step)  # traced once, for the records' shapes and for the loop

    def advance(loop: _Loop, row: Array) -> _Loop:
        """Take the step from θ_k: it reports L(θ_k), which decides whether θ_k is kept at all."""
        params, state, info = step(problem, loop.params, loop.state)
        finite = jnp.isfinite(info.loss) & jnp.isfinite(info.gradient_norm)
        index = loop.index
        # The last good point, now that θ_k's own loss is known; the records end there too (end.index, below).
        good = _where(finite, loop.params, loop.good)
        improved = finite & (info.loss < loop.best_loss)
        records = jax.tree.map(
            lambda record, value: record.at[row].set(value), loop.records, _record(info, loop.params, path)
        )
        first_loss = jnp.where(index == 0, info.loss, loop.first_loss)
        # A method whose own numbers still change (a momentum, a radius) may yet move.
        stalled = info.accepted & _equal((params, state), (loop.params, loop.state))
        reasons = [
            (~finite & (index == 0), Status.BAD_START),
            (info.loss == -jnp.inf, Status.UNBOUNDED),
            (~finite, Status.DIVERGED),
            ((info.gradient_norm <= tol) & info.may_stop, Status.CONVERGED),
            (info.loss < -deep * jnp.maximum(1, jnp.abs(first_loss)), Status.UNBOUNDED),
            (jnp.asarray(info.converged) != 0, info.converged),
            (jnp.asarray(info.failure) != 0, info.failure),
            (stalled, Status.STAGNATED),
            ((index >= steps) & (info.loss - first_loss > rounding * jnp.abs(first_loss)), Status.CLIMBED),
            (index >= steps, Status.STEPS),
        ]
        code = jnp.int32(_RUNNING)
        for holds, reason in reversed(reasons):  # the first that holds
            code = jnp.where(holds, jnp.asarray(reason, jnp.int32), code)
        index = jnp.where(code == _RUNNING, index + 1, jnp.where(finite, index, jnp.maximum(index - 1, 0)))
        return _Loop(
            index, code, params, state, good,
            _where(improved, loop.params, loop.best), jnp.where(improved, info.loss, loop.best_loss),
            first_loss, records,
        )  # fmt: skip

    def advance_block(loop: _Loop) -> _Loop:
        first = loop.index
        end = jax.lax.while_loop(
            lambda inner: (inner.code == _RUNNING) & (inner.index < first + block),
            lambda inner: advance(inner, inner.index - first),
            loop._replace(records=zeros(block)),
        )
        records = jax.tree.map(
            lambda all_, new: jax.lax.dynamic_update_slice_in_dim(all_, new, first, 0),
            loop.records,
            end.records,
        )
        return end._replace(records=records)

    def zeros(rows: int) -> dict[str, Any]:
        return jax.tree.map(
            lambda value: jnp.zeros((rows, *jnp.shape(value)), jnp.result_type(value)),
            _record(info, params, path),
        )

    state = method.init(problem, params, key)
    info = jax.eval_shape(step, problem, params, state)[2]
    # Far below any loss that has a minimum, seen from the start's (1e139; 2e17 in single, 4096 in half
    # precision); and early enough that powers of θ do not overflow first.
    deep = max(float(jnp.finfo(info.loss.dtype).max) ** 0.45, 4096.0)
    rounding = 10 * float(jnp.finfo(info.loss.dtype).eps)
    block = min(_BLOCK, steps + 1)
    start = _Loop(
        jnp.int32(0), jnp.int32(_RUNNING), params, state, params, params,
        jnp.full((), jnp.inf, info.loss.dtype), jnp.zeros((), info.loss.dtype),
        zeros(-(-(steps + 1) // block) * block),
    )  # fmt: skip
    end = jax.lax.while_loop(lambda loop: loop.code == _RUNNING, advance_block, start)

    rows = jnp.minimum(jnp.arange(steps + 1), end.index)
    records = jax.tree.map(lambda record: record[rows], end.records)
    return Trace(
        params=end.good,
        best_params=end.best,
        losses=records["loss"],
        gradient_norms=records["gradient_norm"],
        details=records["details"],
        path=records.get("path"),
        steps=end.index,
        status=Status(end.code),
    )


def _record(info: Info, params: Params, path: bool) -> dict[str, Any]:
    record = {"loss": info.loss, "gradient_norm": info.gradient_norm, "details": info.details}
    return record | {"path": params} if path else record


def _where(condition: Array, new: Params, old: Params) -> Params:
    return jax.tree.map(partial(jnp.where, condition), new, old)


def _equal(a: Any, b: Any) -> Array:
    """Whether two pytrees have the same floating-point entries; counters and keys do not matter."""
    same = [
        jnp.all(x == y)
        for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
        if jnp.issubdtype(jnp.result_type(x), jnp.inexact)
    ]
    return jnp.all(jnp.stack(same))


def value_and_gradient(problem: Problem, params: Params) -> tuple[Array, Params, Array]:
    """L(θ), ∇L(θ) and ‖∇L(θ)‖: what every step begins with."""
    loss, gradient = jax.value_and_grad(problem.loss)(params)
    return loss, gradient, norm(gradient)
