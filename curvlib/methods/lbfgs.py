"""L-BFGS: a quasi-Newton step from the last few changes of the gradient."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from curvlib.hyperparameters import check_count, hyperparameters, static
from curvlib.linalg import norm
from curvlib.method import Info, Problem
from curvlib.status import Status
from curvlib.trees import Array, Params
from curvlib.wolfe import StrongWolfe


class LBFGSState(NamedTuple):
    """What L-BFGS remembers.

    Attributes:
        steps, changes: the last pairs s = θ' − θ and y = ∇L(θ') − ∇L(θ), shape (memory, n), round and round.
        inverse: 1/sᵀy of each, shape (memory,).
        scaling: γ = sᵀy / yᵀy of the newest.
        stored: the pairs stored so far, also those that were overwritten.
        used: how many of them count.
        loss, gradient: L(θ) and ∇L(θ), made flat: the line search has computed them.
    """

    steps: Array
    changes: Array
    inverse: Array
    scaling: Array
    stored: Array
    used: Array
    loss: Array
    gradient: Array


@hyperparameters
class LBFGS:
    """Limited-memory BFGS: θ ← θ − α H ∇L(θ), with H ≈ (∇²L)⁻¹ from the last m pairs (s, y).

    H is what BFGS's update makes of γI, γ = sᵀy / yᵀy of the last pair, by the pairs in their order; it is
    never formed (``two_loop``: 4mn multiplications). α comes from a strong Wolfe search, whose last gradient
    is the next step's: a step whose first trial is accepted costs one gradient. A pair with no positive
    curvature, sᵀy ≤ u ‖s‖ ‖y‖ with the unit roundoff u, is not stored. Where the search finds no decrease,
    the pairs are forgotten, and the next step goes down the gradient.

    It compares gradients at two points, so both have to be of the same data: ``cl.train`` refuses it.

    Reported in ``details``: ``alpha``, the ``evaluations`` of loss and gradient, and the ``pairs`` in use.

    Args:
        memory: m, a Python integer ≥ 1.
        line_search: a ``StrongWolfe``.

    Raises:
        ValueError: if ``memory`` is not a positive integer.
        TypeError: if the line search is another one; at a step, for curvature from another batch.

    Source: Nocedal & Wright 2006, Numerical Optimization, 2nd ed., algorithms 7.4 and 7.5, equation 7.20.

    Example:
        >>> import curvlib as cl
        >>> valley, start = cl.problems.rosenbrock(), jnp.array([-1.2, 1.0])
        >>> trace = cl.minimize(valley, LBFGS(), start, steps=100, tol=1e-3)
        >>> [round(float(x), 3) for x in trace.params], str(trace.status)
        ([1.0, 1.0], 'converged: the gradient norm is within the tolerance')
    """

    memory: int = static(10)
    line_search: StrongWolfe = StrongWolfe()

    full_batch = True

    def check(self) -> None:
        check_count("memory", self.memory)
        if not isinstance(self.line_search, StrongWolfe):
            raise TypeError(
                f"L-BFGS needs a cl.StrongWolfe() search, got {self.line_search!r}"
            )

    def watched(self, state: LBFGSState) -> tuple[()]:
        """Nothing of the state: if θ does not change, loss, gradient and pairs do not."""
        return ()

    def init(
        self, problem: Problem, params: Params, key: Array | None = None
    ) -> LBFGSState:
        loss, gradient = jax.value_and_grad(problem.loss)(params)
        flat = ravel_pytree(gradient)[0]
        pairs = jnp.zeros((self.memory, flat.size), flat.dtype)
        return LBFGSState(
            steps=pairs,
            changes=pairs,
            inverse=jnp.zeros(self.memory, flat.dtype),
            scaling=jnp.ones((), flat.dtype),
            stored=jnp.int32(0),
            used=jnp.int32(0),
            loss=loss,
            gradient=flat,
        )

    def step(
        self,
        problem: Problem,
        params: Params,
        state: LBFGSState,
        curvature: Problem | None = None,
    ) -> tuple[Params, LBFGSState, Info]:
        if curvature is not None:
            raise TypeError(
                "L-BFGS takes its curvature from the gradients: no other"
            )
        theta, unravel = ravel_pytree(params)
        loss, gradient = state.loss, state.gradient
        direction = -two_loop(state, gradient)
        slope = gradient @ direction

        def along(alpha: Array) -> tuple[Array, Array, tuple[Array, Array]]:
            point = (theta + alpha * direction).astype(theta.dtype)
            value, there = jax.value_and_grad(problem.loss)(unravel(point))
            there = ravel_pytree(there)[0]
            return value.astype(loss.dtype), there @ direction, (point, there)

        length = _length(gradient)
        short = jnp.minimum(1, 1 / jnp.where(length > 0, length, 1))
        found = self.line_search.search(
            along,
            loss,
            slope,
            (theta, gradient),
            jnp.where(state.used == 0, short, 1),
        )
        moves, (point, there) = found.descends, found.trial.extra
        after = remember(state, point - theta, there - gradient)
        after = after._replace(
            used=jnp.where(moves, after.used, 0),
            loss=found.trial.value,
            gradient=there,
        )
        hopeless = ~moves & (state.used == 0)
        info = Info(
            loss,
            length,
            stop=jnp.where(
                hopeless,
                Status.STAGNATED,
                jnp.where(found.endless & moves, Status.UNBOUNDED, 0),
            ),
            moves=moves,
            details={
                "alpha": found.trial.alpha,
                "evaluations": found.evaluations,
                "pairs": state.used,
            },
        )
        return unravel(point), after, info


def _length(gradient: Array) -> Array:
    """``norm``, at the price of a product where no square over- or underflows."""
    square, info = gradient @ gradient, jnp.finfo(gradient.dtype)
    plain = (square > info.tiny / info.eps) & (square < info.max)
    return jax.lax.cond(plain, lambda: jnp.sqrt(square), lambda: norm(gradient))


def two_loop(state: LBFGSState, gradient: Array) -> Array:
    """H times a vector, by the pairs backwards and then forwards: 4mn multiplications, no matrix.

    Source: Nocedal & Wright 2006, algorithm 7.4.
    """
    memory = len(state.inverse)
    places = (state.stored - 1 - jnp.arange(memory)) % memory  # the newest first
    used = jnp.arange(memory) < state.used
    pairs = places, jnp.where(used, state.inverse[places], 0)

    def backwards(q: Array, pair: tuple[Array, Array]) -> tuple[Array, Array]:
        k, inverse = pair
        weight = inverse * (state.steps[k] @ q)
        return q - weight * state.changes[k], weight

    def forwards(q: Array, pair: tuple[Array, Array, Array]) -> tuple[Array, None]:
        k, inverse, weight = pair
        taken = inverse * (state.changes[k] @ q)
        return q + (weight - taken) * state.steps[k], None

    q, weights = jax.lax.scan(backwards, gradient, pairs)
    gamma = jnp.where(state.used > 0, state.scaling, 1)
    return jax.lax.scan(forwards, gamma * q, (*pairs, weights), reverse=True)[0]


def remember(state: LBFGSState, s: Array, y: Array) -> LBFGSState:
    """The state with a further pair in the place of the oldest, if its curvature is positive."""
    curvature, square = s @ y, y @ y
    keep = curvature > jnp.finfo(s.dtype).eps * jnp.sqrt(s @ s) * jnp.sqrt(square)
    k = state.stored % len(state.inverse)

    def put(rows: Array, new: Array) -> Array:
        return rows.at[k].set(jnp.where(keep, new, rows[k]))

    return state._replace(
        steps=put(state.steps, s),
        changes=put(state.changes, y),
        inverse=put(state.inverse, 1 / jnp.where(keep, curvature, 1)),
        scaling=jnp.where(
            keep, curvature / jnp.where(keep, square, 1), state.scaling
        ),
        stored=state.stored + keep,
        used=jnp.minimum(state.used + keep, len(state.inverse)),
    )
