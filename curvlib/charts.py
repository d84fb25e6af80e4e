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

from curvlib.hyperparameters import hyperparameters
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

    def __call__(self, phi: Array) -> Array:
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

    def __call__(self, phi: Array) -> Array:
        return jnp.asarray(self.matrix) @ phi + self.shift

    def inverse(self, theta: Array) -> Array:
        return jnp.linalg.solve(jnp.asarray(self.matrix), theta - self.shift)


def natural(likelihood: Likelihood) -> Chart:
    """φ = η, the natural parameters of one distribution of the family."""
    return Chart("natural parameters", _of_one(likelihood.from_natural), _of_one(likelihood.natural))


def mean(likelihood: Likelihood) -> Chart:
    """φ = E[T(y)], the mean parameters of one distribution of the family.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> mean(cl.likelihoods.GaussianScale()).inverse(jnp.array([3.0, 0.0])).tolist()  # E[y], E[y²]
        [3.0, 10.0]
    """
    return Chart("mean parameters", _of_one(likelihood.from_mean), _of_one(likelihood.mean_parameters))


def _of_one(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """What takes a row for each datum, for one."""
    return lambda values: function(values[None])[0]


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
