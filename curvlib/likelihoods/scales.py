"""Likelihoods with a scale or a rate to be found: outputs are logarithms of what must be positive.

They are no natural parameters: the Hessian in the outputs depends on y, and only its mean is the Fisher.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import digamma, gammaln, polygamma

from curvlib.hyperparameters import hyperparameters
from curvlib.likelihoods.base import (
    Array,
    Likelihood,
    check_support,
    excess,
    like_outputs,
    sum_per_datum,
    weighted_excess,
)


@hyperparameters
class GaussianScale(Likelihood):
    """y ~ N(μ, σ²) with outputs f = (μ, log σ), on the last axis of shape (N, …, 2):
    −log p = log σ + (y − μ)²/(2σ²) + const.

    Targets have the shape without that axis. The Fisher information is diag(1/σ², 2). The Hessian,
    [[1, 2z], [2z, 2z²]] with a row and a column of μ over σ, z = (y − μ)/σ, has the determinant −2z²/σ²: it
    is indefinite for every y ≠ μ.

    Natural parameters are η = (μ/σ², −1/(2σ²)), with T(y) = (y, y²).

    Raises:
        ValueError: from ``nll``, if the outputs are not pairs.

    Example:
        >>> import jax.numpy as jnp
        >>> f, y, v = jnp.array([[0.0, 0.0]]), jnp.array([2.0]), jnp.array([[2.0, -1.0]])
        >>> normal = GaussianScale()
        >>> float(jnp.vdot(v, normal.output_hessian(f, y, v)))
        -4.0
        >>> float(jnp.vdot(v, normal.output_fisher(f, v)))
        6.0
    """

    def nll(self, outputs: Array, targets: Array) -> Array:
        mu, log_scale = _pair(self, outputs)
        z = (like_outputs(mu, targets) - mu) * jnp.exp(-log_scale)
        return sum_per_datum(log_scale + 0.5 * z**2)

    def output_fisher(self, outputs: Array, v: Array) -> Array:
        _, log_scale = _pair(self, outputs)
        return jnp.stack([jnp.exp(-2 * log_scale) * v[..., 0], 2 * v[..., 1]], axis=-1)

    def output_fisher_root(self, outputs: Array, v: Array) -> Array:
        _, log_scale = _pair(self, outputs)
        return jnp.stack(
            [jnp.exp(-log_scale) * v[..., 0], jnp.sqrt(2.0).astype(v.dtype) * v[..., 1]], axis=-1
        )

    def mean(self, outputs: Array) -> Array:
        return _pair(self, outputs)[0]

    def sample(self, key: Array, outputs: Array) -> Array:
        mu, log_scale = _pair(self, outputs)
        return mu + jnp.exp(log_scale) * jax.random.normal(key, mu.shape, mu.dtype)

    def kl(self, outputs: Array, other: Array) -> Array:
        (mu, log_scale), (nu, log_other) = _pair(self, outputs), _pair(self, other)
        shift = 0.5 * ((nu - mu) * jnp.exp(-log_other)) ** 2
        return sum_per_datum(shift + 0.5 * excess(2 * (log_scale - log_other)))

    def natural(self, outputs: Array) -> Array:
        mu, log_scale = _pair(self, outputs)
        precision = jnp.exp(-2 * log_scale)
        return jnp.stack([mu * precision, -0.5 * precision], axis=-1)

    def from_natural(self, natural: Array) -> Array:
        variance = -0.5 / natural[..., 1]
        return jnp.stack([natural[..., 0] * variance, 0.5 * jnp.log(variance)], axis=-1)

    def from_mean(self, mean: Array) -> Array:
        first, second = mean[..., 0], mean[..., 1]
        return jnp.stack([first, 0.5 * jnp.log(second - first**2)], axis=-1)

    def statistic(self, targets: Array) -> Array:
        return jnp.stack([targets, targets**2], axis=-1)

    def log_partition(self, natural: Array) -> Array:
        first, second = natural[..., 0], natural[..., 1]
        return sum_per_datum(-(first**2) / (4 * second) - 0.5 * jnp.log(-2 * second))

    def check_targets(self, targets: Any) -> None:
        check_support("GaussianScale", targets, np.isfinite, "be finite")


@hyperparameters
class Exponential(Likelihood):
    """y ≥ 0 with the density ρ e^{−ρy} and the rate ρ = e^f: −log p = ρ y − f.

    f is the logarithm of the rate, not a natural parameter: the Hessian is ρ y, the Fisher information 1.
    The natural parameter is η = −ρ, with T(y) = y and A(η) = −log(−η).
    """

    def nll(self, outputs: Array, targets: Array) -> Array:
        return sum_per_datum(jnp.exp(outputs) * like_outputs(outputs, targets) - outputs)

    def output_fisher(self, outputs: Array, v: Array) -> Array:
        return v

    def output_fisher_root(self, outputs: Array, v: Array) -> Array:
        return v

    def mean(self, outputs: Array) -> Array:
        return jnp.exp(-outputs)

    def sample(self, key: Array, outputs: Array) -> Array:
        return jax.random.exponential(key, outputs.shape, outputs.dtype) * jnp.exp(-outputs)

    def kl(self, outputs: Array, other: Array) -> Array:
        return sum_per_datum(excess(other - outputs))

    def natural(self, outputs: Array) -> Array:
        return -jnp.exp(outputs)

    def from_natural(self, natural: Array) -> Array:
        return jnp.log(-natural)

    def from_mean(self, mean: Array) -> Array:
        return -jnp.log(mean)

    def statistic(self, targets: Array) -> Array:
        return targets

    def log_partition(self, natural: Array) -> Array:
        return sum_per_datum(-jnp.log(-natural))

    def check_targets(self, targets: Any) -> None:
        check_support("Exponential", targets, _at_least_zero, "be finite and at least 0")


@hyperparameters
class Gamma(Likelihood):
    """y > 0 with the shape α and the rate β, outputs f = (log α, log β), on the last axis of (N, …, 2):
    −log p = log Γ(α) − α log β − α log y + β y + const.

    Targets have the shape without that axis. With ψ = (log Γ)' the Fisher information is
    [[α²ψ'(α), −α], [−α, α]]. With α = 1 it is the exponential distribution.

    Natural parameters are η = (α, −β), with T(y) = (log y, y).

    Raises:
        ValueError: from ``nll``, if the outputs are not pairs.
    """

    def nll(self, outputs: Array, targets: Array) -> Array:
        log_shape, log_rate = _pair(self, outputs)
        shape, targets = jnp.exp(log_shape), like_outputs(log_shape, targets)
        power = shape * (log_rate + jnp.log(targets))
        return sum_per_datum(gammaln(shape) - power + jnp.exp(log_rate) * targets)

    def output_fisher(self, outputs: Array, v: Array) -> Array:
        shape = jnp.exp(_pair(self, outputs)[0])
        a, b = v[..., 0], v[..., 1]
        return jnp.stack([shape**2 * polygamma(1, shape) * a - shape * b, shape * (b - a)], axis=-1)

    def mean(self, outputs: Array) -> Array:
        log_shape, log_rate = _pair(self, outputs)
        return jnp.exp(log_shape - log_rate)

    def sample(self, key: Array, outputs: Array) -> Array:
        log_shape, log_rate = _pair(self, outputs)
        # By its logarithm: with a small shape y itself would be 0 more often than not, where log y is −∞.
        tiny = jnp.finfo(outputs.dtype).tiny
        logs = jax.random.loggamma(key, jnp.exp(log_shape), dtype=outputs.dtype)
        return jnp.maximum(jnp.exp(logs - log_rate), tiny)

    def kl(self, outputs: Array, other: Array) -> Array:
        (log_shape, log_rate), (log_other, log_rate_other) = _pair(self, outputs), _pair(self, other)
        shape, shape_other = jnp.exp(log_shape), jnp.exp(log_other)
        # First at the same shape, where only the rates differ; what is left is log Γ over its tangent at α.
        ratio = log_rate_other - log_rate
        tangent = _above_tangent(shape, shape_other - shape)
        return sum_per_datum(weighted_excess(log_shape, ratio) - (shape_other - shape) * ratio + tangent)

    def natural(self, outputs: Array) -> Array:
        log_shape, log_rate = _pair(self, outputs)
        return jnp.stack([jnp.exp(log_shape), -jnp.exp(log_rate)], axis=-1)

    def from_natural(self, natural: Array) -> Array:
        return jnp.stack([jnp.log(natural[..., 0]), jnp.log(-natural[..., 1])], axis=-1)

    def statistic(self, targets: Array) -> Array:
        return jnp.stack([jnp.log(targets), targets], axis=-1)

    def log_partition(self, natural: Array) -> Array:
        shape, rate = natural[..., 0], -natural[..., 1]
        return sum_per_datum(gammaln(shape) - shape * jnp.log(rate))

    def check_targets(self, targets: Any) -> None:
        check_support("Gamma", targets, lambda y: (y > 0) & np.isfinite(y), "be finite and greater than 0")


def _pair(likelihood: Likelihood, outputs: Array) -> tuple[Array, Array]:
    if outputs.ndim < 2 or outputs.shape[-1] != 2:
        name = type(likelihood).__name__
        what = "μ and log σ" if isinstance(likelihood, GaussianScale) else "the logarithms of shape and rate"
        raise ValueError(f"{name} needs outputs of shape (N, …, 2), {what}, got shape {outputs.shape}")
    return outputs[..., 0], outputs[..., 1]


# Gauss and Legendre's nodes and weights on [0, 1], as Python's numbers, which leave an array its dtype.
_LEGENDRE = [
    ((1 + t) / 2, w / 2)
    for t, w in zip(*(x.tolist() for x in np.polynomial.legendre.leggauss(8)), strict=True)
]


def _above_tangent(a: Array, h: Array) -> Array:
    """log Γ(a + h) − log Γ(a) − ψ(a) h, for small h as ∫₀¹ (1 − t) ψ'(a + th) h² dt: no digits are lost."""
    near = jnp.abs(h) < a / 4
    small = jnp.where(near, h, 0.0)
    bend = sum(w * (1 - t) * polygamma(1, a + t * small) for t, w in _LEGENDRE)
    return jnp.where(near, bend * small**2, gammaln(a + h) - gammaln(a) - digamma(a) * h)


def _at_least_zero(values: np.ndarray) -> np.ndarray:
    return (values >= 0) & np.isfinite(values)
