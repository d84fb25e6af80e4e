"""The loop under ``minimize``: step after step, why it stops, and how it goes back from a dead end."""

from __future__ import annotations

import functools
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from curvlib.linalg import norm
from curvlib.method import Info, Method, Problem, State, value_and_gradient
from curvlib.status import Status
from curvlib.trees import Array, Params, same_entries


class Loop(NamedTuple):
    """The carry: where the run is, and what decides how it goes on."""

    index: Array
    code: Array  # RUNNING until the run stops
    params: Params
    state: State
    good: Params  # the last point known to be finite
    retreat_index: Array  # the point from which the last retreat was
    retreats: Array  # from there
    best: Params
    best_loss: Array
    first_loss: Array
    least_gradient: Array
    idle: Array  # steps, one after another, in the rounding of θ or L that made neither L nor ‖∇L‖ smaller
    at_rest: Array  # what the last step said of a small gradient


RUNNING = -1
# Records are written in blocks. On a CPU, XLA compiles a loop into one function if a round of it reads and
# writes less than 1 kB; else every operation is dispatched, at some ten times the price, and those on long
# arrays are handed to other threads. In single precision gradient descent in two dimensions is below that, in
# double precision on some losses only (1.1 kB on a quadratic).
BLOCK = 32
_PATIENCE = 5  # so many idle steps are a stall: iterates that change in their last bits
_RETREATS = 60  # from one point, at the most


@jax.jit
def start(problem: Problem, method: Method, params: Params, key: Array | None) -> Loop:
    """The carry before the first step."""
    state = method.init(problem, params, key)
    info = jax.eval_shape(method.step, problem, params, state)[2]
    infinite = jnp.full((), jnp.inf, info.loss.dtype)
    return Loop(
        index=jnp.int32(0), code=jnp.int32(RUNNING), params=params, state=state,
        good=params,
        retreat_index=jnp.int32(-1), retreats=jnp.int32(0),
        best=params, best_loss=infinite, first_loss=jnp.zeros_like(infinite),
        least_gradient=jnp.full((), jnp.inf, info.gradient_norm.dtype),
        idle=jnp.int32(0), at_rest=jnp.int32(Status.CONVERGED),
    )  # fmt: skip


@partial(jax.jit, static_argnames=("rows", "path"))
def run(
    problem: Problem, method: Method, loop: Loop, steps: Any, tol: Any, rows: int, path: bool
) -> tuple[Loop, dict[str, Any]]:
    """Go on until the run stops or its records, ``rows`` of them, are full but for one; returns these too,
    from the loop's index on: as many as the index has gone on, and one more if the run has stopped."""
    step = jax.jit(method.step)  # traced once, for the records' shapes and for the loop
    retreat, draws = _retreat(method), getattr(method, "draws", False)
    patience = getattr(method, "patience", _PATIENCE)
    watched = getattr(method, "watched", lambda state: state)
    info = jax.eval_shape(step, problem, loop.params, loop.state)[2]
    # Far below any loss that has a minimum, seen from the start's (1e139; 2e17 in single, 4096 in half
    # precision); and early enough that powers of θ do not overflow first.
    deep = max(float(jnp.finfo(info.loss.dtype).max) ** 0.45, 4096.0)
    block = min(BLOCK, rows)
    spare = 0 if retreat is None else 1  # a row before the first, for a retreat from there
    base = loop.index - spare
    end = jnp.minimum(loop.index + rows - 1, steps)  # a row is left for what `settle` has to say

    def zeros(count: int) -> dict[str, Any]:
        return jax.tree.map(
            lambda value: jnp.zeros((count, *jnp.shape(value)), jnp.result_type(value)),
            record_of(info, loop.params if path else None),
        )

    def advance(loop: Loop) -> tuple[Loop, dict[str, Any]]:
        """Take the step from θ_k: it reports L(θ_k), which decides whether θ_k is kept at all."""
        params, state, info = step(problem, loop.params, loop.state)
        finite = jnp.isfinite(info.loss) & jnp.isfinite(info.gradient_norm)
        seen, stop = _seen(loop, info.loss, info.gradient_norm, finite), jnp.asarray(info.stop)
        # A method whose own numbers still change (a momentum, a radius) may yet move, as may one that draws.
        before, after = ((one, watched(old)) for one, old in ((loop.params, loop.state), (params, state)))
        stalled = info.moves & same_entries(after, before)
        stalled = (stalled | (seen.idle >= patience)) & (not draws)
        at_rest = jnp.asarray(info.at_rest, jnp.int32)
        # A full step that leads nowhere is one from a stationary point; one that a retreat cut short is not.
        whole = True if retreat is None else loop.retreat_index != loop.index
        saddle = (at_rest == Status.NOT_A_MINIMUM) & whole
        code = first_that_holds(
            (~finite & (loop.index == 0), Status.BAD_START),
            (info.loss == -jnp.inf, Status.UNBOUNDED),
            (~finite, Status.DIVERGED),
            ((info.gradient_norm <= tol) & (at_rest != 0), at_rest),
            (info.loss < -deep * jnp.maximum(1, jnp.abs(seen.first_loss)), Status.UNBOUNDED),
            (stop != 0, stop),
            (stalled, jnp.where(saddle, at_rest, Status.STAGNATED)),
        )
        going = code == RUNNING
        gone = seen._replace(
            index=jnp.where(going, loop.index + 1, _last_good(loop.index, finite)),
            code=code, params=params, state=state, at_rest=at_rest,
        )  # fmt: skip
        return _dead_end(loop, gone), record_of(info, loop.params if path else None)

    def settle(loop: Loop, records: dict[str, Any]) -> tuple[Loop, dict[str, Any]]:
        """After the last step: only L(θ_k) and ∇L(θ_k) are left to know."""
        loss, _, gradient_norm = value_and_gradient(problem, loop.params)
        loss = loss.astype(loop.best_loss.dtype)
        gradient_norm = gradient_norm.astype(loop.least_gradient.dtype)
        finite = jnp.isfinite(loss) & jnp.isfinite(gradient_norm)
        seen = _seen(loop, loss, gradient_norm, finite)
        rounding = 10 * jnp.finfo(loss.dtype).eps * jnp.abs(seen.first_loss)
        code = first_that_holds(
            (loss == -jnp.inf, Status.UNBOUNDED),
            # To a method that retreats, the last step was a trial that is rejected.
            (~finite, Status.DIVERGED if retreat is None else Status.STEPS),
            ((gradient_norm <= tol) & (loop.at_rest == Status.CONVERGED), Status.CONVERGED),
            (loss < -deep * jnp.maximum(1, jnp.abs(seen.first_loss)), Status.UNBOUNDED),
            (loss - seen.first_loss > rounding, Status.CLIMBED),
            (True, Status.STEPS),
        )
        ended = seen._replace(index=_last_good(loop.index, finite), code=code)
        row = loop.index - base
        last = {"loss": loss, "gradient_norm": gradient_norm} | ({"path": loop.params} if path else {})
        last["details"] = jax.tree.map(lambda record: record[row - 1], records["details"])
        records = put_record(records, last, row)
        return ended, records

    def _dead_end(before: Loop, after: Loop) -> Loop:
        """``after``; or, where a method that can retreat cannot go on, all that it needs to."""
        if retreat is None:
            return after
        bad = (before.index > 0) & _is_dead_end(after.code)
        return after._replace(
            index=jnp.where(bad, before.index - 1, after.index),
            params=where(bad, before.params, after.params),
            state=where(bad, before.state, after.state),
            good=where(bad, before.good, after.good),
        )

    def go_back(loop: Loop) -> Loop:
        """From a dead end to the point before, with a state that goes less far."""
        again = loop.retreat_index == loop.index
        tried = jnp.where(again, loop.retreats, 0)
        length = norm(jax.tree.map(jnp.subtract, loop.params, loop.good))
        back = _is_dead_end(loop.code) & (length > 0) & (tried < _RETREATS)
        gone = loop._replace(
            code=jnp.int32(RUNNING), params=loop.good, state=retreat(loop.state, length),
            retreat_index=loop.index, retreats=tried + 1,
        )  # fmt: skip
        return jax.lax.cond(back, lambda: gone, lambda: loop)

    def advance_block(loop: Loop, records: dict[str, Any]) -> tuple[Loop, dict[str, Any]]:
        first = loop.index

        def one(carry: tuple[Loop, dict[str, Any]]) -> tuple[Loop, dict[str, Any]]:
            loop, records = carry
            advanced, record = advance(loop)
            row = loop.index - first
            return advanced, put_record(records, record, row)

        def inside(carry: tuple[Loop, dict[str, Any]]) -> Array:
            index = carry[0].index
            return (carry[0].code == RUNNING) & (index >= first) & (index < jnp.minimum(first + block, end))

        loop, written = jax.lax.while_loop(inside, one, (loop, zeros(block)))
        place = first - base
        records = jax.tree.map(
            lambda all_, new: jax.lax.dynamic_update_slice_in_dim(all_, new, place, 0), records, written
        )
        return loop, records

    def go_on(carry: tuple[Loop, dict[str, Any]]) -> tuple[Loop, dict[str, Any]]:
        loop, records = advance_block(*carry)
        return (loop if retreat is None else go_back(loop)), records

    # Room for a block that begins at the last row.
    loop, records = jax.lax.while_loop(
        lambda carry: (carry[0].code == RUNNING) & (carry[0].index < end),
        go_on,
        (loop, zeros(spare + rows + block)),
    )
    ended = (loop.code == RUNNING) & (loop.index >= steps)
    loop, records = jax.lax.cond(ended, settle, lambda *same: same, loop, records)
    return loop, jax.tree.map(lambda record: record[spare : spare + rows], records)


def _is_dead_end(code: Array) -> Array:
    """Whether there is no step from a point since something is not finite there."""
    return (code == Status.DIVERGED) | (code == Status.BAD_CURVATURE)


def _seen(loop: Loop, loss: Array, gradient_norm: Array, finite: Array) -> Loop:
    """The carry, now that L and ‖∇L‖ at its point are known."""
    improved = finite & (loss < loop.best_loss)
    sharper = finite & (gradient_norm < loop.least_gradient)
    change = _largest(jax.tree.map(jnp.subtract, loop.params, loop.good))
    lost = gradient_norm * change <= 10 * jnp.finfo(loss.dtype).eps * jnp.abs(loss)
    tiny = change <= 4 * jnp.finfo(change.dtype).eps * _largest(loop.params)
    idle = jnp.where(improved | sharper | ~(lost | tiny), 0, loop.idle + (change > 0))
    return loop._replace(
        good=where(finite, loop.params, loop.good),
        best=where(improved, loop.params, loop.best),
        best_loss=jnp.where(improved, loss, loop.best_loss),
        first_loss=jnp.where(loop.index == 0, loss, loop.first_loss),
        least_gradient=jnp.where(sharper, gradient_norm, loop.least_gradient),
        idle=idle,
    )


def _last_good(index: Array, finite: Array) -> Array:
    """The last index that is known to be good: this one, or the one before."""
    return jnp.where(finite, index, jnp.maximum(index - 1, 0))


def first_that_holds(*reasons: tuple[Any, Any]) -> Array:
    """The code of the first reason that holds; RUNNING if none does."""
    code = jnp.int32(RUNNING)
    for holds, reason in reversed(reasons):
        code = jnp.where(holds, jnp.asarray(reason, jnp.int32), code)
    return code


def _retreat(method: Method) -> Any:
    """How the method goes back, or None."""
    return getattr(method, "retreat", None)


def put_record(records: dict[str, Any], record: dict[str, Any], row: Array) -> dict[str, Any]:
    """The records with another one in a row."""
    put = partial(jax.lax.dynamic_update_index_in_dim, index=row, axis=0)
    return jax.tree.map(lambda all_, new: put(all_, jnp.asarray(new, all_.dtype)), records, record)


def record_of(info: Info, path: Params | None) -> dict[str, Any]:
    """What is recorded of a step, and the point that it set out from, if its path is kept."""
    record = {"loss": info.loss, "gradient_norm": info.gradient_norm, "details": info.details}
    return record if path is None else record | {"path": path}


def where(condition: Array, new: Params, old: Params) -> Params:
    """One pytree where the condition holds, else the other."""
    return jax.tree.map(partial(jnp.where, condition), new, old)


def _largest(tree: Params) -> Array:
    """The largest size of an entry."""
    return functools.reduce(
        jnp.maximum, [jnp.max(jnp.abs(leaf), initial=0) for leaf in jax.tree.leaves(tree)]
    )
