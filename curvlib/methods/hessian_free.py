"""Hessian-free optimization: a damped Newton step by conjugate gradients on products alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from curvlib.counting import relative_costs
from curvlib.gain import gain_ratio
from curvlib.hyperparameters import (
    check_at_least,
    check_count,
    check_fraction,
    check_name,
    check_part,
    hyperparameters,
    static,
)
from curvlib.lengths import inner
from curvlib.linalg import (
    CGOutcome,
    CGResult,
    RelativeProgress,
    conjugate_gradients,
)
from curvlib.line_search import Armijo, check_line_search, move_along
from curvlib.method import Info, Problem, value_and_gradient
from curvlib.preconditioners import diagonal_preconditioner
from curvlib.problems import gives
from curvlib.products import Curvature, ggn_map, hessian_map
from curvlib.status import Status
from curvlib.trees import Array, Params, same_entries

_MAPS: dict[str, Callable[[Problem, Params], Curvature]] = {
    "ggn": ggn_map,
    "hessian": hessian_map,
}
Preconditioner = Callable[[Problem, Params, Any], Callable[[Params], Params]]


class HessianFreeState(NamedTuple):
    """What Hessian-free optimization remembers.

    Attributes:
        count: the steps taken.
        damping: λ.
        start: where conjugate gradients ended, before any of it was taken back.
    """

    count: Array
    damping: Array
    start: Params


@hyperparameters
class HessianFree:
    """Hessian-free optimization: θ ← θ + αδ, with δ by a few conjugate gradients on (C + λI) δ = −g.

    C is the generalized Gauss–Newton matrix, or the Hessian, known by its products alone: a step takes O(n)
    memory. Conjugate gradients minimise the model m(δ) = L + gᵀδ + ½ δᵀ(C + λI)δ and stop where the last
    iterations lowered it too little (``progress``), where the residual is small (``tol``), or at a direction
    p with pᵀ(C + λI)p ≤ 0. They start from ``warm`` times where they ended last.

    Of the iterates kept, the step goes back to the last before which the loss, not the model, was higher
    (backtracking); then a line search may shorten it. λ is multiplied by 2/3 if the gain ratio ρ exceeds ¾,
    by 3/2 if it is below ¼, and by 4 where negative curvature was met. Where conjugate gradients end at no
    descent, the step goes down the gradient.

    Reported in ``details``: the ``cg_iterations``; ``taken``, the iterate that was; ``damping`` and
    ``gain_ratio``; ``alpha``; ``positive_definite``, false where negative curvature was met; the
    ``evaluations`` of the loss; and ``work``, what the step cost in gradients, by counting the multiply–adds
    of products of matrices: all products, preconditioner, line search and rejected trials included.

    Args:
        damping: the first λ > 0, in units of C.
        matrix: C, "ggn" or "hessian".
        iterations: the most of conjugate gradients, a Python integer ≥ 1.
        progress: a ``linalg.RelativeProgress``, or None.
        tol: stop conjugate gradients when the norm of the residual is at most tol · ‖g‖.
        warm: in [0, 1]; 0 to start at zero.
        preconditioner: a function (problem, params, λ) -> (r ↦ M⁻¹r), or None.
        keep: of how many iterates, on a geometric grid, the step is chosen, beside the last one; 0 to take
            that as it is.
        model: the part of the batch, in (0, 1], that C is taken of, other rows each step.
        line_search: an ``Armijo``, or None for the whole δ.

    Raises:
        ValueError: if a number is out of its range.
        TypeError: at the start, if the problem has no outputs ("ggn") or no rows to take a part of.

    Source: Martens 2010, "Deep learning via Hessian-free optimization"; Martens & Sutskever 2012, "Training
    deep and recurrent networks with Hessian-free optimization"; for negative curvature Nocedal & Wright 2006,
    Numerical Optimization, 2nd ed., algorithm 7.1.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> x = jnp.linspace(-1.0, 1.0, 20)[:, None]
        >>> problem = cl.Supervised(cl.MLP((1, 8, 1)), cl.likelihoods.Gaussian(), x, jnp.sin(3 * x))
        >>> start = problem.predict.init(jax.random.key(0))
        >>> trace = cl.minimize(problem, HessianFree(), start, steps=30)
        >>> bool(trace.losses[-1] < 0.01 * trace.losses[0])
        True
    """

    damping: float | Array = 0.1
    matrix: str = "ggn"
    iterations: int = static(100)
    progress: RelativeProgress | None = RelativeProgress()
    tol: float | Array = 0.0
    warm: float | Array = 0.95
    preconditioner: Preconditioner | None = diagonal_preconditioner
    keep: int = static(10)
    model: float = static(1.0)
    line_search: Armijo | None = Armijo(decrease=1e-2, shrink=0.8)

    def check(self) -> None:
        check_at_least("damping", self.damping, 0.0, strictly=True)
        check_name("matrix", self.matrix, _MAPS)
        check_count("iterations", self.iterations)
        if self.progress is not None and not isinstance(
            self.progress, RelativeProgress
        ):
            raise TypeError(
                "progress must be a cl.linalg.RelativeProgress() or None, got "
                f"{self.progress!r}"
            )
        check_at_least("tol", self.tol, 0.0)
        check_fraction("warm", self.warm, 1.0, strictly=False)
        if self.preconditioner is not None and not callable(self.preconditioner):
            raise TypeError(
                "the preconditioner must be a function (problem, params, damping) -> "
                f"(r -> M⁻¹r), or None, got {self.preconditioner!r}"
            )
        if self.keep != 0:
            check_count("keep", self.keep)
        check_part("model", self.model)
        check_line_search(self.line_search)

    def retreat(self, state: HessianFreeState, length: Array) -> HessianFreeState:
        """More damping, and a start at zero, after a step to where there is no gradient or no curvature."""
        start = jax.tree.map(jnp.zeros_like, state.start)
        return HessianFreeState(state.count - 1, 10 * state.damping, start)

    def init(
        self, problem: Problem, params: Params, key: Array | None = None
    ) -> HessianFreeState:
        if self.model != 1 and not hasattr(problem, "part"):
            raise TypeError(
                f"{type(problem).__name__} has no rows to take a part of: leave model "
                "out, or write the problem as cl.Supervised(…)"
            )
        if self.matrix == "ggn" and not gives(problem, "outputs"):
            raise TypeError(
                f"{type(problem).__name__} has no outputs for a generalized Gauss–"
                'Newton matrix: use HessianFree(matrix="hessian"), or write it as '
                "cl.LeastSquares(residual) or cl.Supervised(…)"
            )
        dtype = ravel_pytree(params)[0].dtype
        start = jax.tree.map(jnp.zeros_like, params)
        return HessianFreeState(
            jnp.int32(0), jnp.asarray(self.damping, dtype), start
        )

    def step(
        self,
        problem: Problem,
        params: Params,
        state: HessianFreeState,
        curvature: Problem | None = None,
    ) -> tuple[Params, HessianFreeState, Info]:
        source = problem if curvature is None else _batch_like(problem, curvature)
        part = source if self.model == 1 else source.part(self.model, state.count)
        loss, gradient, gradient_norm = value_and_gradient(problem, params)
        matrix = _MAPS[self.matrix](part, params)
        downhill = jax.tree.map(jnp.negative, gradient)
        inverse = None
        if self.preconditioner is not None:
            inverse = self.preconditioner(part, params, state.damping)
        found = conjugate_gradients(
            matrix.damped(state.damping),
            downhill,
            self.iterations,
            self.tol,
            jax.tree.map(lambda x: (self.warm * x).astype(x.dtype), state.start),
            preconditioner=inverse,
            progress=self.progress,
            keep=self.keep,
        )

        # The iterate to take: not always the last; down the gradient where none descends.
        step, value, at, (taken, tried) = self._backtrack(problem, params, found)
        slope = inner(gradient, step)
        descends = (value < 0) & (slope < 0)
        step = jax.tree.map(lambda x, d: jnp.where(descends, x, d), step, downhill)
        slope = jnp.where(descends, slope, -(gradient_norm**2)).astype(loss.dtype)
        moved, stop, searched = move_along(
            self.line_search, problem, params, ravel_pytree(step)[0], loss, slope
        )

        ratio = gain_ratio(loss, at, jnp.where(descends, -value, jnp.inf))
        bent = found.outcome.not_positive
        factor = jnp.where(ratio > 0.75, 2 / 3, jnp.where(ratio < 0.25, 3 / 2, 1.0))
        damping = state.damping * jnp.where(bent, 4.0, factor).astype(loss.dtype)
        damping = jnp.maximum(damping, jnp.finfo(damping.dtype).tiny)
        after = HessianFreeState(
            state.count + 1, damping.astype(state.damping.dtype), found.x
        )
        evaluations = tried + searched.pop("evaluations", 0)
        details = {
            "cg_iterations": found.iterations,
            "taken": jnp.where(descends, taken, 0),
            "damping": state.damping,
            "gain_ratio": ratio,
            "alpha": searched.pop("alpha", jnp.ones_like(loss)),
            "positive_definite": ~bent,
            "evaluations": evaluations,
            "work": self._work(
                problem, part, params, found.iterations, evaluations
            ),
        }
        stop = jnp.where(
            self._idle(params, moved, step, state, value, slope),
            Status.STAGNATED,
            stop,
        )
        unfit = found.outcome == CGOutcome.BAD_PRECONDITIONER
        failed = (found.outcome == CGOutcome.NOT_FINITE) & (found.iterations == 0)
        stop = jnp.where(failed, Status.BAD_CURVATURE, stop)
        stop = jnp.where(unfit, Status.BAD_PRECONDITIONER, stop)
        return moved, after, Info(loss, gradient_norm, stop=stop, details=details)

    def _idle(
        self,
        params: Params,
        moved: Params,
        step: Params,
        state: HessianFreeState,
        value: Array,
        slope: Array,
    ) -> Array:
        """Whether the step is lost in the rounding of θ, and not for the damping."""
        bent = 2 * (value - slope)  # δᵀ(C + λI)δ
        lost = same_entries(params, moved)
        return lost & (2 * state.damping * inner(step, step) <= bent)

    def _backtrack(
        self, problem: Problem, params: Params, found: CGResult
    ) -> tuple[Params, Array, Array, tuple[Array, Array]]:
        """Of the iterates kept, newest first, the last before the loss rises again; with the model's value
        and the loss there, which iterate it is, and how many losses that took."""

        def loss_at(x: Params) -> Array:
            moved = jax.tree.map(lambda p, d: (p + d).astype(p.dtype), params, x)
            loss = problem.loss(moved)
            return jnp.where(jnp.isfinite(loss), loss, jnp.inf)

        end = loss_at(found.x)
        if self.keep == 0:
            value = found.values[found.iterations]
            return found.x, value, end, (found.iterations, jnp.int32(1))

        def kept(place: Array) -> Params:
            return jax.tree.map(lambda x: x[place], found.kept)

        def back(carry: tuple[Array, ...]) -> tuple[Array, ...]:
            place, best, loss, tried, _ = carry
            new = loss_at(kept(place))
            better = (new < loss) | ~jnp.isfinite(loss)
            best = jnp.where(better, place, best)
            return place + 1, best, jnp.where(better, new, loss), tried + 1, better

        def on(carry: tuple[Array, ...]) -> Array:
            at = found.kept_at[jnp.minimum(carry[0], self.keep - 1)]
            return (carry[0] < self.keep) & (at > 0) & carry[4]

        last = found.iterations
        known = jnp.where(found.kept_at[0] == last, 1, 0)  # kept, and the last
        start = known, jnp.int32(-1), end, jnp.int32(1), jnp.array(True)
        _, best, loss, tried, _ = jax.lax.while_loop(on, back, start)
        x = jax.tree.map(
            lambda end, old: jnp.where(best < 0, end, old), found.x, kept(best)
        )
        taken = jnp.where(best < 0, last, found.kept_at[best])
        return x, found.values[taken], loss, (taken, tried)

    def _work(
        self,
        problem: Problem,
        part: Problem,
        params: Params,
        iterations: Array,
        evaluations: Array,
    ) -> Array:
        """The step's cost in gradients of the loss."""

        def product(p: Params, v: Params) -> Params:
            return _MAPS[self.matrix](part, p).product(v)

        saved = _MAPS[self.matrix](part, params).product

        def divide(p: Params, v: Params) -> Params:
            if self.preconditioner is None:
                return v
            return self.preconditioner(part, p, self.damping)(v)

        unit = jax.value_and_grad(problem.loss), params
        once, again, loss, divided = relative_costs(
            unit,
            (product, params, params),
            (saved, params),
            (problem.loss, params),
            (divide, params, params),
        )
        # Once for the residual at the start, from what the point has saved.
        work = 1 + once + iterations * again + evaluations * loss + divided
        return work.astype(ravel_pytree(params)[0].dtype)


def _batch_like(problem: Problem, batch: Problem) -> Problem:
    """The batch, if its data are shaped like the problem's but for their number."""

    def rows(which: Problem) -> Any:
        data = getattr(which, "inputs", None), getattr(which, "targets", None)
        return jax.tree.map(lambda leaf: jnp.shape(leaf)[1:], data)

    if rows(problem) != rows(batch):
        raise ValueError(
            "the batch that curvature is taken of must have inputs and targets shaped like the "
            f"problem's, {rows(problem)} for each datum, got {rows(batch)}"
        )
    return batch
