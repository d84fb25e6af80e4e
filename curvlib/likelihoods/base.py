"""What a likelihood is, and what all of them share."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Array = jax.Array


class Likelihood:
    """p(y | f). A subclass needs ``nll`` alone for the generalized Gauss–Newton matrix, and the others for
    what is made of them: ``output_fisher`` for the exact Fisher, ``sample`` for its Monte Carlo estimate,
    ``kl`` for distances between two outputs.

    Hessian and Fisher are given as products with a vector per datum, of the outputs' shape: no matrix of
    outputs × outputs is formed.

    Those of this package are *exponential families*, p(y) = h(y) exp(ηᵀT(y) − A(η)), and say so: ``natural``
    is the map from outputs to η, ``statistic`` is T, ``log_partition`` is A and ``mean_parameters`` is
    E[T(y)] = ∇A(η); ``from_natural`` and ``from_mean`` go back. In η the Fisher information is
    ∇²A(η) = Cov[T(y)].

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

    def output_fisher_root(self, outputs: Array, v: Array) -> Array:
        """R v for each datum, shaped like the outputs, with RᵀR = F, where a root is known in closed form.

        Where a likelihood does not define it, the symmetric root is taken, by eigenvalues.
        """
        raise NotImplementedError(self._lacks("output_fisher_root(outputs, v)"))

    def output_score(self, outputs: Array, targets: Array) -> Array:
        """∇_f log p(y | f) for each datum, shaped like the outputs.

        Its mean over y drawn from p(y | f) is zero. For soft targets it is the mean of the scores of the
        labels that they mix.
        """
        return jax.grad(lambda f: -jnp.sum(self.nll(f, targets)))(outputs)

    def mean(self, outputs: Array) -> Array:
        """E[y | f], shaped like y."""
        raise NotImplementedError(self._lacks("mean(outputs)"))

    def sample(self, key: Array, outputs: Array) -> Array:
        """Draw y from p(y | f), shaped as ``nll`` takes it and of the outputs' dtype."""
        raise NotImplementedError(self._lacks("sample(key, outputs)"))

    def kl(self, outputs: Array, other: Array) -> Array:
        """KL(p(· | f) ‖ p(· | f')) for each datum, shape (N,); f is ``outputs`` and f' is ``other``.

        It is ½ δᵀFδ + O(‖δ‖³) for f' = f + δ. Those of this package keep their digits there, where
        differences of A(η) would lose half of them.
        """
        raise NotImplementedError(self._lacks("kl(outputs, other) -> (N,)"))

    def natural(self, outputs: Array) -> Array:
        """η, the natural parameters, shaped like the outputs."""
        raise NotImplementedError(self._lacks("natural(outputs)"))

    def from_natural(self, natural: Array) -> Array:
        """The outputs with these natural parameters, the inverse of ``natural``."""
        raise NotImplementedError(self._lacks("from_natural(natural)"))

    def from_mean(self, mean: Array) -> Array:
        """The outputs with these mean parameters, the inverse of ``mean_parameters``."""
        raise NotImplementedError(self._lacks("from_mean(mean)"))

    def statistic(self, targets: Array) -> Array:
        """T(y), shaped like η."""
        raise NotImplementedError(self._lacks("statistic(targets)"))

    def log_partition(self, natural: Array) -> Array:
        """A(η) for each datum, shape (N,)."""
        raise NotImplementedError(self._lacks("log_partition(natural) -> (N,)"))

    def mean_parameters(self, outputs: Array) -> Array:
        """E[T(y) | f] = ∇A(η), shaped like η: its gradient, by autodiff."""
        return jax.grad(lambda eta: jnp.sum(self.log_partition(eta)))(self.natural(outputs))

    def check_targets(self, targets: Any) -> None:
        """Refuse targets that this likelihood cannot have, where their values are known."""

    def _lacks(self, signature: str) -> str:
        name = type(self).__name__
        return f"the likelihood {name} has no {signature.split('(')[0]}: define {name}.{signature}"


def excess(x: Array) -> Array:
    """eˣ − 1 − x ≥ 0, with all its digits near x = 0, where it is ½x² + O(x³).

    Example:
        >>> import jax.numpy as jnp
        >>> round(float(excess(jnp.array(1e-3, jnp.float32))) * 1e6, 4)
        0.5002
    """
    small = jnp.where(jnp.abs(x) < 0.5, x, 0.0)
    series = jnp.ones_like(small)
    for k in range(15, 2, -1):
        series = 1 + small / k * series
    return jnp.where(jnp.abs(x) < 0.5, 0.5 * small**2 * series, jnp.exp(x) - 1 - x)


def weighted_excess(log_weight: Array, x: Array) -> Array:
    """w (eˣ − 1 − x) for a weight w = e^log_weight that may be tiny where eˣ is huge: never 0 · ∞.

    Example:
        >>> import jax.numpy as jnp
        >>> [round(float(weighted_excess(jnp.array(-400.0), jnp.array(x))), 4) for x in (1.0, 400.0)]
        [0.0, 1.0]
    """
    small = jnp.minimum(x, 1.0)
    large = jnp.exp(log_weight + x) - jnp.exp(log_weight) * (1 + x)
    return jnp.where(x < 1, jnp.exp(log_weight) * excess(small), large)


def like_outputs(outputs: Array, targets: Any) -> Array:
    """The targets in the outputs' dtype; of another shape, broadcasting would pair what is not a pair.

    Raises:
        ValueError: if the shapes differ.
    """
    if jnp.shape(targets) != jnp.shape(outputs):
        raise ValueError(
            f"the targets must have the outputs' shape {jnp.shape(outputs)}, got {jnp.shape(targets)}: "
            "reshape one of them"
        )
    return jnp.asarray(targets, outputs.dtype)


def sum_per_datum(values: Array) -> Array:
    """Shape (N, …) to (N,)."""
    return jnp.sum(values, axis=tuple(range(1, values.ndim)))


def known(values: Any) -> np.ndarray | None:
    """The values as NumPy's, unless they are traced, or parts of them are on other machines."""
    if isinstance(values, jax.core.Tracer) or not getattr(values, "is_fully_addressable", True):
        return None
    return np.asarray(values)


def check_support(name: str, targets: Any, allowed: Any, words: str) -> None:
    """Refuse targets outside the support, where their values are known.

    Args:
        name: the likelihood's.
        targets: y.
        allowed: a function from values to booleans.
        words: "must …", the rest of the sentence.

    Raises:
        ValueError: naming the first one.
    """
    values = known(targets)
    if values is not None:
        bad = ~allowed(values)
        if np.any(bad):
            raise ValueError(f"{name} targets must {words}, got {values[bad][0]}")
