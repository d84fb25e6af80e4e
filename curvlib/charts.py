"""Charts: the same distributions in other coordinates φ, θ = T(φ), known both ways.

``problem.through(chart)`` is a problem in the coordinates φ, and ``chart.inverse(θ)`` is where it starts. θ
are the outputs of a likelihood: (μ, log σ) of ``GaussianScale``, the logit of ``Bernoulli``, and so on. Where
φ means no distribution (σ ≤ 0, a probability above 1) T(φ) is not finite, and neither is the loss: a run that
steps there ends with the status that says so, at its last good point.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp

from curvlib.hyperparameters import check_at_least, hyperparameters
from curvlib.likelihoods import Bernoulli, Likelihood
from curvlib.trees import Array


@dataclasses.dataclass(frozen=True)
class Chart:
    """A change of coordinates, called as a function: ``chart(φ)`` is θ.

    Attributes:
        name: what the coordinates φ are.
        forward: T, from φ to θ.
        inverse: from θ to φ.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> normal = cl.Supervised(lambda f, y: f[None], cl.likelihoods.GaussianScale(), [0.0], [0.0])
        >>> cl.fisher(normal.through(deviation), deviation.inverse(jnp.zeros(2))).tolist()  # diag(1, 2)/σ²
        [[1.0, 0.0], [0.0, 2.0]]
    """

    name: str
    forward: Callable[[Array], Array]
    inverse: Callable[[Array], Array]

    def __call__(self, phi: Array) -> Array:
        return self.forward(phi)


@hyperparameters
class Scale:
    """φ = (μ, σᵖ) of a normal distribution, or (μ, log σ) for p = 0; θ = (μ, log σ), ``GaussianScale``'s
    outputs. p is a leaf.

    p = 1 is the standard deviation, 2 the variance, −2 the precision.

    Args:
        power: p.

    Example:
        >>> import jax.numpy as jnp
        >>> phi = Scale(-2.0).inverse(jnp.array([1.0, jnp.log(0.5)]))
        >>> [round(float(x), 5) for x in phi]
        [1.0, 4.0]
    """

    power: float | Array = 1.0

    def check(self) -> None:
        if not isinstance(self.power, jax.core.Tracer):
            check_at_least("power", self.power, -jnp.inf)

    def __call__(self, phi: Array) -> Array:
        if jnp.shape(phi) != (2,):
            raise ValueError(f"the parameters of a normal distribution have shape (2,), got {jnp.shape(phi)}")
        log = self.power == 0
        inside = jnp.where(log, 1.0, phi[1])  # no logarithm where there is none to take
        return jnp.stack([phi[0], jnp.where(log, phi[1], jnp.log(inside) / jnp.where(log, 1.0, self.power))])

    def inverse(self, theta: Array) -> Array:
        return jnp.stack([theta[0], jnp.where(self.power == 0, theta[1], jnp.exp(self.power * theta[1]))])


@hyperparameters
class Affine:
    """θ = Aφ + b with an invertible matrix A, on a vector of parameters; A and b are leaves.

    Args:
        matrix: A, shape (n, n).
        shift: b, a number or shape (n,).

    Raises:
        ValueError: if A is not square.

    Example:
        >>> import jax.numpy as jnp
        >>> turn = Affine(jnp.array([[0.0, -1.0], [1.0, 0.0]]), jnp.array([0.0, 3.0]))
        >>> turn(jnp.array([1.0, 2.0])).tolist(), turn.inverse(jnp.array([-2.0, 4.0])).tolist()
        ([-2.0, 4.0], [1.0, 2.0])
    """

    matrix: Array
    shift: float | Array = 0.0

    def check(self) -> None:
        shape = jnp.shape(self.matrix)
        if len(shape) != 2 or shape[0] != shape[1]:
            raise ValueError(f"an affine chart needs a square matrix, got shape {shape}")
        shift = jnp.shape(self.shift)
        if shift not in ((), shape[:1]):
            raise ValueError(f"the shift must be a number or have shape {shape[:1]}, got {shift}")

    def __call__(self, phi: Array) -> Array:
        return (jnp.asarray(self.matrix) @ phi + jnp.asarray(self.shift)).astype(phi.dtype)

    def inverse(self, theta: Array) -> Array:
        solution = jnp.linalg.solve(jnp.asarray(self.matrix), theta - jnp.asarray(self.shift))
        return solution.astype(theta.dtype)


@hyperparameters
class Natural:
    """φ = η, the natural parameters of one distribution of a family; θ are the likelihood's outputs.

    Args:
        likelihood: has ``natural`` and ``from_natural``.
    """

    likelihood: Likelihood

    def __call__(self, phi: Array) -> Array:
        return self.likelihood.from_natural(phi[None])[0]

    def inverse(self, theta: Array) -> Array:
        return self.likelihood.natural(theta[None])[0]


@hyperparameters
class Mean:
    """φ = E[T(y)], the mean parameters of one distribution of a family; θ are the likelihood's outputs.

    Args:
        likelihood: has ``mean_parameters`` and ``from_mean``.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> Mean(cl.likelihoods.GaussianScale()).inverse(jnp.array([3.0, 0.0])).tolist()  # E[y], E[y²]
        [3.0, 10.0]
    """

    likelihood: Likelihood

    def __call__(self, phi: Array) -> Array:
        return self.likelihood.from_mean(phi[None])[0]

    def inverse(self, theta: Array) -> Array:
        return self.likelihood.mean_parameters(theta[None])[0]


deviation = Scale(1.0)
"""φ = (μ, σ), θ = (μ, log σ)."""

log_deviation = Scale(0.0)
"""φ = θ = (μ, log σ)."""

variance = Scale(2.0)
"""φ = (μ, σ²)."""

precision = Scale(-2.0)
"""φ = (μ, 1/σ²)."""

logit = Chart("logit", lambda f: f, lambda f: f)
"""φ = θ, the logit of a Bernoulli variable."""

probability = Chart("probability", Bernoulli().from_mean, jax.nn.sigmoid)
"""φ = P(y = 1), elementwise; θ is the logit."""
