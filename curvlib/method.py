"""The protocol of a method: hyperparameters, a state, a step, and what the step says."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax

from curvlib.linalg import norm
from curvlib.status import Status
from curvlib.trees import Array, Params

Problem = Any
State = Any


class Info(NamedTuple):
    """What one step already knows, so that nothing is computed twice for the record.

    Attributes:
        loss: L(θ) at the step's *entry*, a scalar.
        gradient_norm: ‖∇L(θ)‖ at entry, a scalar.
        stop: 0, or the ``Status`` code with which the run ends at θ: a test of the method's own that θ
            passes, or a breakdown that leaves no step to take.
        moves: whether the step means to move; else leaving θ as it is is no stall.
        at_rest: what a gradient within the tolerance means at θ, a ``Status`` code: CONVERGED; NOT_A_MINIMUM
            where the method sees negative curvature and cannot leave; 0 where it sees that and will leave.
        details: further scalars by name that the method reports (a fixed set for each method).
    """

    loss: Array
    gradient_norm: Array
    stop: int | Array = 0
    moves: bool | Array = True
    at_rest: int | Array = Status.CONVERGED
    details: dict[str, Array] = {}  # noqa: RUF012 (never mutated)


@runtime_checkable
class Method(Protocol):
    """A minimization method: hyperparameters, and two pure functions.

    Three things more a method may have. ``draws = True`` says that its steps depend on its key: one that does
    not move is then no stall. ``patience`` is the number of steps in a row, 5 by default, that are a stall if
    they are lost in rounding and none makes the loss or the gradient smaller: with momentum it takes more to
    be sure. ``retreat(state, length) -> state`` is called when a step, which ended in this
    state, went ``length`` far to where the method cannot go on, since the gradient or the curvature is not
    finite: it returns the state from which to try it again, less far.
    """

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


def value_and_gradient(problem: Problem, params: Params) -> tuple[Array, Params, Array]:
    """L(θ), ∇L(θ) and ‖∇L(θ)‖: what every step begins with."""
    loss, gradient = jax.value_and_grad(problem.loss)(params)
    return loss, gradient, norm(gradient)
