"""Likelihoods whose outputs are natural parameters: means, logits, logarithms of rates."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from curvlib.hyperparameters import check_at_least, hyperparameters
from curvlib.likelihoods.base import (
    Array,
    Likelihood,
    check_support,
    known,
    like_outputs,
    sum_per_datum,
    weighted_excess,
)


class _Natural(Likelihood):
    """Outputs are natural parameters: the Hessian does not depend on y, so it is its own mean, the Fisher."""

    def output_hessian(self, outputs: Array, targets: Array, v: Array) -> Array:
        return self.output_fisher(outputs, v)

    def natural(self, outputs: Array) -> Array:
        return outputs

    def from_natural(self, natural: Array) -> Array:
        return natural

    def statistic(self, targets: Array) -> Array:
        return targets


@hyperparameters
class Gaussian(_Natural):
    """y ~ N(f, σ²), independent: −log p = (y − f)²/(2σ²) + const.

    With σ² = 1 and l2 = 0 a ``Supervised`` problem's loss is 1/N times the ``LeastSquares`` one. Hessian and
    Fisher are 1/σ² times the identity.

    Args:
        variance: σ² > 0, one known number.

    Raises:
        ValueError: if σ² is not positive.
    """

    variance: float | Array = 1.0

    def check(self) -> None:
        check_at_least("variance", self.variance, 0.0, strictly=True)

    def check_targets(self, targets: Any) -> None:
        check_support("Gaussian", targets, np.isfinite, "be finite")

    def nll(self, outputs: Array, targets: Array) -> Array:
        targets = like_outputs(outputs, targets)
        return sum_per_datum(0.5 * (outputs - targets) ** 2 / self._variance(outputs))

    def output_fisher(self, outputs: Array, v: Array) -> Array:
        return v / self._variance(outputs)

    def output_fisher_root(self, outputs: Array, v: Array) -> Array:
        return v / jnp.sqrt(self._variance(outputs))

    def mean(self, outputs: Array) -> Array:
        return outputs

    def sample(self, key: Array, outputs: Array) -> Array:
        noise = jax.random.normal(key, outputs.shape, outputs.dtype)
        return outputs + jnp.sqrt(self._variance(outputs)) * noise

    def kl(self, outputs: Array, other: Array) -> Array:
        return sum_per_datum(0.5 * (other - outputs) ** 2 / self._variance(outputs))

    def natural(self, outputs: Array) -> Array:
        return outputs / self._variance(outputs)

    def from_natural(self, natural: Array) -> Array:
        return natural * self._variance(natural)

    def from_mean(self, mean: Array) -> Array:
        return mean

    def log_partition(self, natural: Array) -> Array:
        return sum_per_datum(0.5 * self._variance(natural) * natural**2)

    def _variance(self, outputs: Array) -> Array:
        return jnp.asarray(self.variance, outputs.dtype)


@hyperparameters
class Bernoulli(_Natural):
    """y ∈ {0, 1} with P(y = 1) = σ(f) = 1/(1 + e^{−f}), with
    −log p = −y log σ(f) − (1 − y) log σ(−f).

    f is the logit. Targets between 0 and 1 (*soft* ones) give the cross-entropy. Hessian and Fisher are
    σ(f) σ(−f) on the diagonal.
    """

    def nll(self, outputs: Array, targets: Array) -> Array:
        return sum_per_datum(_cross_entropy(outputs, like_outputs(outputs, targets)))

    def output_fisher(self, outputs: Array, v: Array) -> Array:
        return jax.nn.sigmoid(outputs) * jax.nn.sigmoid(-outputs) * v

    def output_fisher_root(self, outputs: Array, v: Array) -> Array:
        return jnp.sqrt(jax.nn.sigmoid(outputs) * jax.nn.sigmoid(-outputs)) * v

    def mean(self, outputs: Array) -> Array:
        return jax.nn.sigmoid(outputs)

    def sample(self, key: Array, outputs: Array) -> Array:
        return jax.random.bernoulli(key, jax.nn.sigmoid(outputs)).astype(outputs.dtype)

    def kl(self, outputs: Array, other: Array) -> Array:
        def part(f: Array, g: Array) -> Array:
            log_p = jax.nn.log_sigmoid(f)
            return weighted_excess(log_p, jax.nn.log_sigmoid(g) - log_p)

        return sum_per_datum(part(outputs, other) + part(-outputs, -other))

    def log_partition(self, natural: Array) -> Array:
        return sum_per_datum(jnp.logaddexp(0, natural))

    def from_mean(self, mean: Array) -> Array:
        return jnp.log(mean) - jnp.log1p(-mean)

    def check_targets(self, targets: Any) -> None:
        check_support("Bernoulli", targets, lambda y: (y >= 0) & (y <= 1), "lie in [0, 1]")


def _mean(p: Array, v: Array) -> Array:
    """Σ_k p_k v_k over the last axis, which stays, by a scalar product: as the sum of a product in v − Σ p v
    XLA for processors (jaxlib 0.10.2) miscompiles it in single precision, where v is one of many from a
    layer with a bias."""
    return jnp.einsum("...k,...k->...", p, v)[..., None]


@jax.custom_jvp
def _cross_entropy(f: Array, y: Array) -> Array:
    """log(1 + eᶠ) − y f, with all digits where it is small: log(1 + e⁻ᶠ) at y = 1, without a cancellation."""
    return jnp.maximum(f, 0) - y * f + jnp.log1p(jnp.exp(-jnp.abs(f)))


@_cross_entropy.defjvp
def _cross_entropy_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    (f, y), (df, dy) = primals, tangents
    slope = (1 - y) * jax.nn.sigmoid(f) - y * jax.nn.sigmoid(-f)
    return _cross_entropy(f, y), slope * df - f * dy


@hyperparameters
class Categorical(_Natural):
    """y is one of K classes, P(y = k) = softmax(f)_k: −log p = −Σ_k y_k (f_k − log Σ_j e^{f_j}).

    f are logits, on the last axis of shape (N, …, K). Targets are rows of probabilities that sum to 1
    (one-hot, or *soft* ones), or integer labels from 0 to K − 1, without that axis; inside ``jit``, where
    a label's value is not known, one out of range makes the loss NaN. Hessian and Fisher are diag(p) − ppᵀ
    with p = softmax(f).

    Raises:
        ValueError: from ``nll``, if the outputs have no axis of classes, or too few classes for the labels.
    """

    def nll(self, outputs: Array, targets: Array) -> Array:
        targets = self._probabilities(outputs, targets)
        return sum_per_datum(-jnp.sum(targets * jax.nn.log_softmax(outputs), axis=-1))

    def output_fisher(self, outputs: Array, v: Array) -> Array:
        p = jax.nn.softmax(outputs)
        return p * (v - _mean(p, v))

    def output_fisher_root(self, outputs: Array, v: Array) -> Array:
        p = jax.nn.softmax(outputs)  # R = diag(√p)(I − 1pᵀ)
        return jnp.sqrt(p) * (v - _mean(p, v))

    def mean(self, outputs: Array) -> Array:
        return jax.nn.softmax(outputs)

    def sample(self, key: Array, outputs: Array) -> Array:
        labels = jax.random.categorical(key, outputs)
        return jax.nn.one_hot(labels, outputs.shape[-1], dtype=outputs.dtype)

    def kl(self, outputs: Array, other: Array) -> Array:
        logs = jax.nn.log_softmax(outputs)
        return sum_per_datum(jnp.sum(weighted_excess(logs, jax.nn.log_softmax(other) - logs), axis=-1))

    def log_partition(self, natural: Array) -> Array:
        return sum_per_datum(jax.nn.logsumexp(natural, axis=-1))

    def from_mean(self, mean: Array) -> Array:
        return jnp.log(mean)

    def check_targets(self, targets: Any) -> None:
        values = known(targets)
        if values is None:
            return
        if values.dtype.kind in "iub":
            if np.any(values < 0):
                raise ValueError(f"Categorical labels must be 0 … K − 1, got {values.min()}")
            return
        rows = values.reshape(-1, values.shape[-1]) if values.ndim else values.reshape(1, 1)
        bad = np.any(rows < 0, axis=1) | ~(np.abs(rows.sum(1) - 1) < 1e-3)
        if np.any(bad):
            raise ValueError(
                "Categorical targets must be integer labels, or rows of probabilities that sum to 1, "
                f"got a row {rows[bad][0]}"
            )

    def _probabilities(self, outputs: Array, targets: Array) -> Array:
        if outputs.ndim < 2:
            raise ValueError(f"Categorical needs outputs of shape (N, …, K), got shape {outputs.shape}")
        if not jnp.issubdtype(jnp.result_type(targets), jnp.floating):
            if jnp.shape(targets) != outputs.shape[:-1]:
                raise ValueError(
                    f"Categorical labels for these outputs have shape {outputs.shape[:-1]}, got "
                    f"{jnp.shape(targets)}: rows of probabilities, one-hot ones too, must be floating-point"
                )
            values, classes = known(targets), outputs.shape[-1]
            if values is not None and values.size and values.max() >= classes:
                raise ValueError(
                    f"{classes} outputs stand for the labels 0 … {classes - 1}, got the label {values.max()}"
                )
            labels = jnp.asarray(targets)
            hot = jax.nn.one_hot(labels, classes, dtype=outputs.dtype)
            return jnp.where(((labels >= 0) & (labels < classes))[..., None], hot, jnp.nan)
        return like_outputs(outputs, targets)


@hyperparameters
class Poisson(_Natural):
    """y = 0, 1, 2, … with the rate e^f, independent: −log p = e^f − y f + const.

    f is the logarithm of the rate. Hessian and Fisher are e^f on the diagonal.
    """

    def nll(self, outputs: Array, targets: Array) -> Array:
        targets = like_outputs(outputs, targets)
        return sum_per_datum(jnp.exp(outputs) - targets * outputs)

    def output_fisher(self, outputs: Array, v: Array) -> Array:
        return jnp.exp(outputs) * v

    def output_fisher_root(self, outputs: Array, v: Array) -> Array:
        return jnp.exp(outputs / 2) * v

    def mean(self, outputs: Array) -> Array:
        return jnp.exp(outputs)

    def sample(self, key: Array, outputs: Array) -> Array:
        return jax.random.poisson(key, jnp.exp(outputs)).astype(outputs.dtype)

    def kl(self, outputs: Array, other: Array) -> Array:
        return sum_per_datum(weighted_excess(outputs, other - outputs))

    def log_partition(self, natural: Array) -> Array:
        return sum_per_datum(jnp.exp(natural))

    def from_mean(self, mean: Array) -> Array:
        return jnp.log(mean)

    def check_targets(self, targets: Any) -> None:
        check_support("Poisson", targets, lambda y: (y >= 0) & np.isfinite(y), "be finite and at least 0")
