"""First-order baselines: gradient descent with a step size, and any optax transformation."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

from curvlib.hyperparameters import (
    Schedule,
    at_step,
    check_at_least,
    hyperparameters,
)
from curvlib.method import Info, Problem, State, value_and_gradient
from curvlib.trees import Array, Params


@hyperparameters
class GradientDescent:
    """Gradient descent, θ ← θ − η ∇L(θ).

    On a quadratic with Hessian eigenvalues ℓ the error along each eigenvector shrinks by the factor 1 − ηℓ a
    step, so it converges for 0 < η < 2/ℓ_max; the best fixed step is η = 2/(ℓ_max + ℓ_min), with the factor
    (κ − 1)/(κ + 1).

    Args:
        step_size: η > 0, a number or a schedule (a function of the step count).

    Raises:
        ValueError: if η is not positive.

    Source: Polyak 1987, Introduction to Optimization, section 1.4; Nesterov 2004, Introductory Lectures on
    Convex Optimization, theorem 2.1.15.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> bowl = cl.problems.quadratic(kappa=9.0)
        >>> trace = cl.minimize(bowl, GradientDescent(2 / 10), jnp.array([1.0, 1.0]), steps=1)
        >>> [round(float(x), 6) for x in trace.params]
        [0.8, -0.8]
    """

    step_size: float | Array | Schedule

    def check(self) -> None:
        check_at_least(
            "step_size", self.step_size, 0.0, strictly=True, schedule=True
        )

    def init(
        self, problem: Problem, params: Params, key: Array | None = None
    ) -> Array:
        return jnp.int32(0)

    def step(
        self,
        problem: Problem,
        params: Params,
        state: Array,
        curvature: Problem | None = None,
    ) -> tuple[Params, Array, Info]:
        loss, gradient, gradient_norm = value_and_gradient(problem, params)
        step_size = at_step(self.step_size, state)
        params = jax.tree.map(
            lambda p, g: (p - step_size * g).astype(p.dtype), params, gradient
        )
        # A schedule may begin at zero: that is no stall.
        info = Info(loss, gradient_norm, moves=jnp.asarray(step_size) != 0)
        return params, state + 1, info


@hyperparameters
class FirstOrder:
    """Any optax gradient transformation as a method: ``FirstOrder(optax.adam(1e-2))``.

    Transformations that search along a line get the loss and its value, as optax's own solvers expect.

    A transformation is made of functions, which are static: ``minimize`` compiles anew for each one that is
    built, also for two of the same numbers: build it once and use it again.

    Args:
        transformation: an ``optax.GradientTransformation``.

    Raises:
        TypeError: if it is something else (for example ``optax.adam`` without its arguments).
    """

    transformation: optax.GradientTransformation
    # Momentum runs past a minimum, and takes some tens of steps to come back.
    patience = 100

    def check(self) -> None:
        if not isinstance(self.transformation, optax.GradientTransformation):
            raise TypeError(
                f"FirstOrder takes an optax transformation such as optax.adam(1e-3), "
                f"got {self.transformation!r}"
            )

    def init(
        self, problem: Problem, params: Params, key: Array | None = None
    ) -> State:
        return self.transformation.init(params)

    def step(
        self,
        problem: Problem,
        params: Params,
        state: State,
        curvature: Problem | None = None,
    ) -> tuple[Params, State, Info]:
        loss, gradient, gradient_norm = value_and_gradient(problem, params)
        update = optax.with_extra_args_support(self.transformation).update
        extra: dict[str, Any] = {
            "value": loss,
            "grad": gradient,
            "value_fn": problem.loss,
        }
        updates, state = update(gradient, state, params, **extra)
        # Some transformations wait (warm-up, gradient accumulation): an update of zero is no stall.
        moves = [jnp.any(leaf != 0) for leaf in jax.tree.leaves(updates)]
        info = Info(loss, gradient_norm, moves=jnp.any(jnp.stack(moves)))
        return optax.apply_updates(params, updates), state, info
