"""Train on mini-batches, and the Trace of the run."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from curvlib.hyperparameters import check_count
from curvlib.loop import RUNNING, first_that_holds, put_record, record_of, where
from curvlib.method import Method, Problem, check_method, value_and_gradient
from curvlib.minimize import Trace
from curvlib.status import Status
from curvlib.trees import Array, Params, check_params


def train(
    problem: Problem,
    method: Method,
    params: Params,
    batch_size: int,
    steps: int,
    key: Array,
    curvature_size: int | None = None,
    progress: bool = False,
) -> Trace:
    """Take steps on mini-batches: shuffled epochs, each of ⌊N/B⌋ batches, all in one compiled loop.

    Each epoch has an order of its own, drawn from the key; what is left over of it waits for another. Record
    k belongs to θ_k and to the batch of step k, the last one to a batch that no step was taken on. A step is
    kept if the next batch's loss and gradient are finite: else the run ends, at the last good point.

    Args:
        problem: ``cl.Supervised``, or another that can ``take`` rows; the batches are ``problem.take(rows)``.
        method: how; one with ``full_batch = True`` is refused.
        params: the start θ_0.
        batch_size: B, a Python integer from 1 to N.
        steps: how many to take.
        key: for the orders, and for a method that draws.
        curvature_size: take curvature from so many rows of each batch only, for methods that look at it.
        progress: print a line a hundred times in the run.

    Returns:
        A ``Trace``. Its ``best_params`` are ``params``: losses of different batches do not compare.

    Raises:
        TypeError: if the problem has no rows to take, or the method needs all data.
        ValueError: if a size is out of range.

    Example:
        >>> import curvlib as cl, jax, jax.numpy as jnp
        >>> x = jnp.arange(8.0)[:, None] / 8
        >>> line = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Gaussian(), x, 3 * x[:, 0])
        >>> trace = train(line, cl.GradientDescent(0.5), jnp.zeros(1), 4, steps=200, key=jax.random.key(0))
        >>> round(float(trace.params[0]), 3), str(trace.status)
        (3.0, 'took all its steps without reaching the tolerance')
    """
    check_method(method)
    check_params(params)
    if not hasattr(problem, "take"):
        raise TypeError(
            f"mini-batches need rows of data, which {type(problem).__name__} does not have: write the "
            "problem as cl.Supervised(predict, likelihood, inputs, targets), or use cl.minimize"
        )
    if getattr(method, "full_batch", False):
        raise TypeError(f"{type(method).__name__} needs all data in each step: use cl.minimize")
    check_count("steps", steps)
    check_count("batch_size", batch_size)
    count = len(jax.tree.leaves(problem.targets)[0])
    if batch_size > count:
        raise ValueError(f"batch_size must be at most the {count} data there are, got {batch_size}")
    if curvature_size is not None:
        check_count("curvature_size", curvature_size)
        if curvature_size > batch_size:
            raise ValueError(f"curvature_size must be at most the batch's {batch_size}, got {curvature_size}")
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.result_type(leaf)), params)
    return _run(problem, method, params, key, count, batch_size, int(steps), curvature_size, progress)


@partial(jax.jit, static_argnames=("count", "batch_size", "steps", "curvature_size", "progress"))
def _run(
    problem: Problem,
    method: Method,
    params: Params,
    key: Array,
    count: int,
    batch_size: int,
    steps: int,
    curvature_size: int | None,
    progress: bool,
) -> Trace:
    order_key, method_key = jax.random.split(key)
    epoch = count // batch_size

    def order_at(index: Array) -> Array:
        """The order of the epoch that batch ``index`` is of."""
        return jax.random.permutation(jax.random.fold_in(order_key, index // epoch), count)

    def batch_at(index: Array, order: Array) -> Problem:
        start = (index % epoch) * batch_size
        return problem.take(jax.lax.dynamic_slice_in_dim(order, start, batch_size))

    def step(index: Array, order: Array, params: Params, state: Any) -> tuple[Params, Any, Any]:
        batch = batch_at(index, order)
        part = None if curvature_size is None else batch.take(slice(0, curvature_size))
        return method.step(batch, params, state, part)

    first = order_at(jnp.int32(0))
    state = method.init(batch_at(jnp.int32(0), first), params, method_key)
    info = jax.eval_shape(step, jnp.int32(0), first, params, state)[2]
    records = jax.tree.map(
        lambda leaf: jnp.zeros((steps + 1, *jnp.shape(leaf)), jnp.result_type(leaf)), record_of(info, None)
    )

    def advance(carry: tuple[Any, ...]) -> tuple[Any, ...]:
        index, _, order, params, good, state, records = carry
        order = jax.lax.cond(index % epoch == 0, lambda: order_at(index), lambda: order)
        moved, next_state, info = step(index, order, params, state)
        finite = jnp.isfinite(info.loss) & jnp.isfinite(info.gradient_norm)
        code = first_that_holds(
            (~finite & (index == 0), Status.BAD_START),
            (~finite, Status.DIVERGED),
            (jnp.asarray(info.stop) != 0, info.stop),
        )
        if progress:
            every = max(1, steps // 100)
            jax.lax.cond(index % every == 0, lambda: _tell(index, steps, info.loss), lambda: None)
        return (
            index + 1,
            code,
            order,
            where(code == RUNNING, moved, params),
            where(finite, params, good),
            next_state,
            put_record(records, record_of(info, None), index),
        )

    index, code, _, params, good, _, records = jax.lax.while_loop(
        lambda carry: (carry[1] == RUNNING) & (carry[0] < steps),
        advance,
        (jnp.int32(0), jnp.int32(RUNNING), first, params, params, state, records),
    )
    # A run that stopped has its last record; of one that did not, the point after its last step has none yet.
    loss, _, gradient_norm = value_and_gradient(batch_at(index, order_at(index)), params)
    finite = jnp.isfinite(loss) & jnp.isfinite(gradient_norm)
    ran = code == RUNNING
    last = {"loss": loss, "gradient_norm": gradient_norm}
    last["details"] = jax.tree.map(lambda record: record[jnp.maximum(index - 1, 0)], records["details"])
    records = jax.lax.cond(ran & finite, lambda: put_record(records, last, index), lambda: records)
    code = jnp.where(ran, jnp.where(finite, Status.STEPS, Status.DIVERGED), code)
    bad = (code == Status.DIVERGED) | (code == Status.BAD_START)
    # The steps whose end is good: all that were begun, but for the one that found, or led to, what is not.
    begun = jnp.where(ran, index, index - 1)
    taken = jnp.maximum(begun - bad, 0)
    params = where(ran & finite, params, good)
    kept = jnp.minimum(jnp.arange(steps + 1), taken)
    records = jax.tree.map(lambda record: record[kept], records)
    return Trace(
        params=params,
        best_params=params,
        losses=records["loss"],
        gradient_norms=records["gradient_norm"],
        details=records["details"],
        path=None,
        steps=taken,
        status=Status(code),
    )


def _tell(index: Array, steps: int, loss: Array) -> None:
    def say(index: Array, loss: Array) -> None:
        print(f"step {int(index):,} of {steps:,}: loss {float(loss):.6g}", flush=True)

    jax.debug.callback(say, index, loss)
