"""Supervised learning: a model, a likelihood and data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from curvlib.hyperparameters import as_float, check_at_least
from curvlib.likelihoods import Likelihood
from curvlib.problems.objective import Array, Params, check_array, check_params


@jax.tree_util.register_pytree_node_class
class Supervised:
    """L(θ) = 1/N Σᵢ −log p(yᵢ | f(θ, xᵢ)) + ½ l2 ‖θ‖²: the mean negative log-likelihood, with a ridge.

    A mean, not a sum: L and its curvature do not grow with N. The ridge adds l2 to every curvature matrix.

    Args:
        predict: ``predict(params, inputs) -> (N, …)``, a row of outputs f for each datum; a static function.
        likelihood: a ``curvlib.likelihoods.Likelihood``; it says what the outputs mean.
        inputs: x, an array or a pytree of arrays whose first axis counts the data.
        targets: y, shaped like the outputs (for ``Categorical`` integer labels will do).
        l2: ≥ 0.

    Raises:
        TypeError: if an argument is not of its kind.
        ValueError: if ``l2`` is negative, or a target is not a value that the likelihood knows.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> x, y = jnp.array([[1.0], [2.0]]), jnp.array([0.0, 1.0])
        >>> coin = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Bernoulli(), x, y)
        >>> round(float(coin.loss(jnp.zeros(1))), 6)  # log 2
        0.693147
    """

    def __init__(
        self,
        predict: Callable[[Params, Any], Array],
        likelihood: Likelihood,
        inputs: Any,
        targets: Any,
        l2: float | Array = 0.0,
    ) -> None:
        if not callable(predict):
            raise TypeError(
                f"predict must be a function predict(params, inputs) -> outputs, got {type(predict).__name__}"
            )
        if isinstance(likelihood, type) or not isinstance(likelihood, Likelihood):
            raise TypeError(
                "the likelihood must be an instance such as cl.likelihoods.Gaussian(), or of a subclass of "
                f"cl.likelihoods.Likelihood, got {likelihood!r}"
            )
        check_at_least("l2", l2, 0.0)
        targets = check_array("targets", targets)
        likelihood.check_targets(targets)
        self.predict, self.likelihood = predict, likelihood
        self.inputs, self.targets, self.l2 = inputs, targets, as_float(l2)

    def outputs(self, params: Params) -> Array:
        """f(θ, x), shape (N, …).

        Raises:
            TypeError: if a leaf of ``params`` is not floating-point.
            ValueError: if ``predict`` returns anything but a row of real numbers for each datum.
        """
        check_params(params)
        outputs = self.predict(params, self.inputs)
        if not hasattr(outputs, "dtype") or not jnp.issubdtype(outputs.dtype, jnp.floating):
            kind = getattr(outputs, "dtype", type(outputs).__name__)
            raise TypeError(f"predict must return one real floating-point array, got {kind}")
        rows = jnp.shape(self.targets)[:1]
        if outputs.shape[:1] != rows or not rows:
            raise ValueError(
                f"predict must return a row for each of the {rows[0] if rows else 0} targets, "
                f"got shape {outputs.shape}"
            )
        return outputs

    def loss(self, params: Params) -> Array:
        """L(θ), a scalar."""
        mean = jnp.mean(self.likelihood.nll(self.outputs(params), self.targets))
        ridge = sum(_ridge(leaf, self.l2) for leaf in jax.tree.leaves(params))
        return mean + ridge.astype(mean.dtype)

    def output_hessian(self, outputs: Array, v: Array) -> Array:
        """∇²_f (1/N Σᵢ −log p(yᵢ | fᵢ)) v, shaped like the outputs."""
        return self.likelihood.output_hessian(outputs, self.targets, v) / outputs.shape[0]

    def tree_flatten(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        # A likelihood of a class that JAX does not know as a pytree has no leaves: it is static.
        known = not any(leaf is self.likelihood for leaf in jax.tree.leaves(self.likelihood))
        leaves = (self.likelihood if known else None, self.inputs, self.targets, self.l2)
        return leaves, (self.predict, None if known else self.likelihood)

    @classmethod
    def tree_unflatten(cls, static: tuple[Any, ...], leaves: tuple[Any, ...]) -> Supervised:
        problem = object.__new__(cls)  # no checks: JAX also unflattens placeholders
        likelihood, problem.inputs, problem.targets, problem.l2 = leaves
        problem.predict = static[0]
        problem.likelihood = likelihood if static[1] is None else static[1]
        return problem

    def __repr__(self) -> str:
        name = getattr(self.predict, "__name__", repr(self.predict))
        rows = jnp.shape(self.targets)[:1] if hasattr(self.targets, "shape") else "?"
        return f"Supervised({name}, {self.likelihood!r}, N = {rows[0] if rows else 0})"


def _ridge(leaf: Array, l2: float | Array) -> Array:
    """½ l2 Σθ². In at least single precision, and l2 inside the sum: Σθ² alone may overflow."""
    leaf = jnp.asarray(leaf)
    leaf = leaf.astype(jnp.promote_types(leaf.dtype, jnp.float32))
    return 0.5 * jnp.sum((jnp.asarray(l2, leaf.dtype) * leaf) * leaf)
