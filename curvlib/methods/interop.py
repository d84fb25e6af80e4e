"""A method of curvlib where an optax transformation is expected."""

from __future__ import annotations

from typing import Any

import jax
import optax

from curvlib.method import Method, Problem, State, check_method
from curvlib.trees import Array, Params


def to_optax(
    method: Method, problem: Problem, key: Array | None = None
) -> optax.GradientTransformationExtraArgs:
    """A method as an optax transformation: its updates are θ_{k+1} − θ_k.

    ``update(gradient, state, params, problem=…)`` takes the step from ``params`` on the problem it is given,
    for example the next batch; on ``problem`` if it is given none. The method computes what it needs of the
    problem itself: the gradient that is passed first is not used. So optax's training loops run it,
    ``optax.chain`` puts a clipping or a schedule behind it, ``optax.multi_transform`` does not fit, since a
    method moves all parameters together. What a step reports (its status too) is left out: where a step
    breaks down the update is zero.

    ``FirstOrder`` is the other direction.

    Args:
        method: any method, such as ``cl.Newton()``.
        problem: what to minimise; its shapes decide those of the state.
        key: a JAX random key, for methods that draw.

    Raises:
        TypeError: if ``method`` is not a method; from ``update``, if ``params`` is left out.

    Example:
        >>> import curvlib as cl, jax, jax.numpy as jnp, optax
        >>> bowl, theta = cl.problems.quadratic(kappa=100.0), jnp.ones(2)
        >>> newton = optax.chain(to_optax(cl.Newton(), bowl), optax.scale(0.5))
        >>> updates, state = newton.update(jax.grad(bowl.loss)(theta), newton.init(theta), theta)
        >>> [round(float(x), 6) for x in optax.apply_updates(theta, updates)]
        [0.5, 0.5]
    """
    check_method(method)
    given = problem

    def init(params: Params) -> State:
        return method.init(given, params, key)

    def update(
        gradient: Params,
        state: State,
        params: Params | None = None,
        *,
        problem: Problem = given,
        **_: Any,
    ) -> tuple[Params, State]:
        if params is None:
            raise TypeError(
                "this update needs params: call update(gradient, state, params)"
            )
        moved, state, _info = method.step(problem, params, state)
        return jax.tree.map(lambda new, old: new - old, moved, params), state

    return optax.GradientTransformationExtraArgs(init, update)
