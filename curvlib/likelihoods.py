"""Likelihoods: what a model's outputs say about the data.

Outputs f are *natural parameters* (means, logits, logarithms of rates), so that ∇_f of the negative
log-likelihood is E[y] − y (over the variance, for ``Gaussian``), and its Hessian ∇²_f does not depend on y:
it equals the Fisher information of f. Arrays have a row for each datum, shape (N, …); what has further axes
is independent given f, and summed over (for ``Categorical`` all but the last, which holds the classes).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from curvlib.hyperparameters import check_at_least, hyperparameters

Array = jax.Array


class Likelihood:
    """p(y | f). A subclass needs ``nll`` alone for the generalized Gauss–Newton matrix, and the others for
    what is made of them: ``output_fisher`` for the exact Fisher, ``sample`` for its Monte Carlo estimate.

    Hessian and Fisher are given as products with a vector per datum, of the outputs' shape: no matrix of
    outputs × outputs is formed.

    Example:
        >>> import jax.numpy as jnp
        >>> class Probit(Likelihood):  # y in {-1, 1}; P(y = 1) = Φ(f)
        ...     def nll(self, outputs, targets):
        ...         return -jax.scipy.stats.norm.logcdf(targets * outputs)
        >>> f, y = jnp.array([0.0]), jnp.array([1.0])
        >>> round(float(Probit().output_hessian(f, y, jnp.ones(1))[0]), 6)  # 2/π
        0.63662
    """

    def nll(self, outputs: Array, targets: Array) -> Array:
        """−log p(y | f) for each datum, shape (N,), up to terms that do not depend on f."""
        raise NotImplementedError(self._lacks("nll(outputs, targets) -> (N,)"))

    def output_hessian(self, outputs: Array, targets: Array, v: Array) -> Array:
        """∇²_f (−log p(y | f)) v for each datum, shaped like the outputs; by derivatives of ``nll``."""
        gradient = jax.grad(lambda f: jnp.sum(self.nll(f, targets)))
        return jax.jvp(gradient, (outputs,), (v,))[1]

    def output_fisher(self, outputs: Array, v: Array) -> Array:
        """F v for each datum, F = E[∇_f log p ∇_f log pᵀ] over y drawn from p(y | f), shaped like outputs."""
        raise NotImplementedError(self._lacks("output_fisher(outputs, v)"))

    def mean(self, outputs: Array) -> Array:
        """E[y | f], shaped like the outputs."""
        raise NotImplementedError(self._lacks("mean(outputs)"))

    def sample(self, key: Array, outputs: Array) -> Array:
        """Draw y from p(y | f), shaped like the outputs and of their dtype."""
        raise NotImplementedError(self._lacks("sample(key, outputs)"))

    def check_targets(self, targets: Any) -> None:
        """Refuse targets that this likelihood cannot have, where their values are known."""

    def _lacks(self, signature: str) -> str:
        name = type(self).__name__
        return f"the likelihood {name} has no {signature.split('(')[0]}: define {name}.{signature}"


class _Natural(Likelihood):
    """Outputs are natural parameters: the Hessian does not depend on y, so it is its own mean, the Fisher."""

    def output_hessian(self, outputs: Array, targets: Array, v: Array) -> Array:
        return self.output_fisher(outputs, v)


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
        known = _known(targets)
        if known is not None and not np.all(np.isfinite(known)):
            raise ValueError(f"Gaussian targets must be finite, got {known[~np.isfinite(known)][0]}")

    def nll(self, outputs: Array, targets: Array) -> Array:
        targets = _like_outputs(outputs, targets)
        return _sum_per_datum(0.5 * (outputs - targets) ** 2 / self._variance(outputs))

    def output_fisher(self, outputs: Array, v: Array) -> Array:
        return v / self._variance(outputs)

    def mean(self, outputs: Array) -> Array:
        return outputs

    def sample(self, key: Array, outputs: Array) -> Array:
        noise = jax.random.normal(key, outputs.shape, outputs.dtype)
        return outputs + jnp.sqrt(self._variance(outputs)) * noise

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
        targets = _like_outputs(outputs, targets)
        # −log σ(±f) = log(1 + e^{∓f}), each precise where it is small.
        one, zero = jnp.logaddexp(0, -outputs), jnp.logaddexp(0, outputs)
        return _sum_per_datum(targets * one + (1 - targets) * zero)

    def output_fisher(self, outputs: Array, v: Array) -> Array:
        return jax.nn.sigmoid(outputs) * jax.nn.sigmoid(-outputs) * v

    def mean(self, outputs: Array) -> Array:
        return jax.nn.sigmoid(outputs)

    def sample(self, key: Array, outputs: Array) -> Array:
        return jax.random.bernoulli(key, jax.nn.sigmoid(outputs)).astype(outputs.dtype)

    def check_targets(self, targets: Any) -> None:
        known = _known(targets)
        if known is not None and not np.all((known >= 0) & (known <= 1)):
            bad = known[~((known >= 0) & (known <= 1))][0]
            raise ValueError(f"Bernoulli targets must lie in [0, 1], got {bad}")


@hyperparameters
class Categorical(_Natural):
    """y is one of K classes, P(y = k) = softmax(f)_k: −log p = −Σ_k y_k (f_k − log Σ_j e^{f_j}).

    f are logits, on the last axis of shape (N, …, K). Targets are rows of probabilities that sum to 1
    (one-hot, or *soft* ones), or integer labels from 0 to K − 1, without that axis; a label out of range
    makes the loss NaN. Hessian and Fisher are diag(p) − ppᵀ with p = softmax(f).

    Raises:
        ValueError: from ``nll``, if the outputs have no axis of classes.
    """

    def nll(self, outputs: Array, targets: Array) -> Array:
        targets = self._probabilities(outputs, targets)
        return _sum_per_datum(-jnp.sum(targets * jax.nn.log_softmax(outputs), axis=-1))

    def output_fisher(self, outputs: Array, v: Array) -> Array:
        p = jax.nn.softmax(outputs)
        return p * (v - jnp.sum(p * v, axis=-1, keepdims=True))

    def mean(self, outputs: Array) -> Array:
        return jax.nn.softmax(outputs)

    def sample(self, key: Array, outputs: Array) -> Array:
        labels = jax.random.categorical(key, outputs)
        return jax.nn.one_hot(labels, outputs.shape[-1], dtype=outputs.dtype)

    def check_targets(self, targets: Any) -> None:
        known = _known(targets)
        if known is None:
            return
        if known.dtype.kind in "iub":
            if np.any(known < 0):
                raise ValueError(f"Categorical labels must be 0 … K − 1, got {known.min()}")
            return
        rows = known.reshape(-1, known.shape[-1]) if known.ndim else known.reshape(1, 1)
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
            labels, classes = jnp.asarray(targets), outputs.shape[-1]
            hot = jax.nn.one_hot(labels, classes, dtype=outputs.dtype)
            return jnp.where(((labels >= 0) & (labels < classes))[..., None], hot, jnp.nan)
        return _like_outputs(outputs, targets)


@hyperparameters
class Poisson(_Natural):
    """y = 0, 1, 2, … with the rate e^f, independent: −log p = e^f − y f + const.

    f is the logarithm of the rate. Hessian and Fisher are e^f on the diagonal.
    """

    def nll(self, outputs: Array, targets: Array) -> Array:
        targets = _like_outputs(outputs, targets)
        return _sum_per_datum(jnp.exp(outputs) - targets * outputs)

    def output_fisher(self, outputs: Array, v: Array) -> Array:
        return jnp.exp(outputs) * v

    def mean(self, outputs: Array) -> Array:
        return jnp.exp(outputs)

    def sample(self, key: Array, outputs: Array) -> Array:
        return jax.random.poisson(key, jnp.exp(outputs)).astype(outputs.dtype)

    def check_targets(self, targets: Any) -> None:
        known = _known(targets)
        if known is None:
            return
        bad = ~((known >= 0) & np.isfinite(known))
        if np.any(bad):
            raise ValueError(f"Poisson targets must be finite and at least 0, got {known[bad][0]}")


def _like_outputs(outputs: Array, targets: Any) -> Array:
    """The targets in the outputs' dtype; of another shape, broadcasting would pair what is not a pair."""
    if jnp.shape(targets) != jnp.shape(outputs):
        raise ValueError(
            f"the targets must have the outputs' shape {jnp.shape(outputs)}, got {jnp.shape(targets)}: "
            "reshape one of them"
        )
    return jnp.asarray(targets, outputs.dtype)


def _sum_per_datum(values: Array) -> Array:
    return jnp.sum(values, axis=tuple(range(1, values.ndim)))


def _known(targets: Any) -> np.ndarray | None:
    """The targets' values, unless they are traced."""
    return None if isinstance(targets, jax.core.Tracer) else np.asarray(targets)
