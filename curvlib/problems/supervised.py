"""Supervised learning: a model, a likelihood and data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp

from curvlib.hyperparameters import as_float, check_at_least
from curvlib.likelihoods import Likelihood
from curvlib.problems.functions import Composed, Static, check_chart, joined, split
from curvlib.trees import Array, Params, as_arrays, check_array, check_axes, check_params, over_devices


@jax.tree_util.register_pytree_node_class
class Supervised:
    """L(θ) = 1/N Σᵢ −log p(yᵢ | f(θ, xᵢ)) + ½ l2 ‖θ‖²: the mean negative log-likelihood, with a ridge.

    A mean, not a sum: L and its curvature do not grow with N. The ridge adds l2 to every curvature matrix.

    Data that are divided among the devices of a ``jax.sharding.Mesh`` are the same problem: all that is
    computed over them divides, and sums over them are sent. Mini-batches and parts are divided again. Arrays
    that ``predict`` finds outside of itself are not: every device holds and works on all of them.

    Args:
        predict: ``predict(params, inputs) -> (N, …)``, a row of outputs f for each datum; a static function.
        likelihood: a ``curvlib.likelihoods.Likelihood``; it says what the outputs mean.
        inputs: x, an array or a pytree of arrays whose first axis counts the data.
        targets: y, shaped like the outputs (for ``Categorical`` integer labels will do).
        l2: ≥ 0.

    Raises:
        TypeError: if an argument is not of its kind; when used, if arrays are on a mesh with explicit axes.
        ValueError: if ``l2`` is negative, or a target is not a value that the likelihood knows.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> x, y = jnp.array([[1.0], [2.0]]), jnp.array([0.0, 1.0])
        >>> coin = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Bernoulli(), x, y)
        >>> round(float(coin.loss(jnp.zeros(1))), 6)  # log 2
        0.693147
    """

    gives: ClassVar[frozenset[str]] = frozenset({"loss", "outputs", "ridge", "likelihood"})

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
        self.predict, self.likelihood, self.chart = predict, likelihood, None
        self.inputs, self.targets, self.l2 = as_arrays(inputs), targets, as_float(l2)

    def take(self, rows: Any) -> Self:
        """The same problem on some of the data: a mini-batch, whose loss is the mean over its own rows.

        Of data on several devices the rows are divided among these.

        Args:
            rows: indices of the data, shape (B,), or a slice.

        Example:
            >>> import curvlib as cl, jax.numpy as jnp
            >>> x, y = jnp.array([[1.0], [2.0]]), jnp.array([0.0, 1.0])
            >>> coin = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Bernoulli(), x, y)
            >>> coin.take(jnp.array([1])).targets.tolist()
            [1.0]
        """
        at = jnp.asarray if isinstance(rows, jax.core.Tracer) else lambda leaf: leaf  # NumPy takes no tracer
        inputs, targets = jax.tree.map(
            lambda leaf: over_devices(at(leaf)[rows], leaf), (self.inputs, self.targets)
        )
        return self._with(inputs=inputs, targets=targets)

    def part(self, fraction: float, count: Array) -> Self:
        """The same problem on a fraction of its rows, others at each count: the next ones, round and round.

        Args:
            fraction: in (0, 1], a Python number; of one row at least.
            count: 0, 1, …

        Example:
            >>> import curvlib as cl, jax.numpy as jnp
            >>> x = jnp.arange(4.0)[:, None]
            >>> line = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Gaussian(), x, x[:, 0])
            >>> [line.part(1 / 2, count).targets.tolist() for count in range(3)]
            [[0.0, 1.0], [2.0, 3.0], [0.0, 1.0]]
        """
        if fraction == 1:
            return self
        total = len(jax.tree.leaves(self.targets)[0])
        size = max(1, round(fraction * total))
        return self.take((count * size + jnp.arange(size)) % total)

    def with_targets(self, targets: Any) -> Self:
        """The same model at the same inputs, with other targets: labels drawn from the model itself, say.

        Raises:
            TypeError, ValueError: as for the class.
        """
        targets = check_array("targets", targets)
        self.likelihood.check_targets(targets)
        return self._with(targets=targets)

    def through(self, chart: Callable[[Params], Params]) -> Self:
        """The same problem in other coordinates φ, θ = chart(φ): L(chart(φ)), the ridge on θ included.

        Args:
            chart: a JAX function from φ, any pytree, to θ, such as those of ``cl.charts``; numbers of one
                that is a pytree are leaves of the problem.
        """
        check_chart(chart)
        return self._with(chart=chart if self.chart is None else Composed(self.chart, chart))

    def _with(self, **parts: Any) -> Self:
        problem = object.__new__(type(self))
        problem.__dict__.update({**self.__dict__, **parts})
        return problem

    def _theta(self, params: Params) -> Params:
        check_params(params)
        return params if self.chart is None else self.chart(params)

    def outputs(self, params: Params) -> Array:
        """f(θ, x), shape (N, …).

        Raises:
            TypeError: if a leaf of ``params`` is not floating-point.
            ValueError: if ``predict`` returns anything but a row of real numbers for each datum.
        """
        check_axes((self.inputs, self.targets))
        outputs = self.predict(self._theta(params), self.inputs)
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
        if self.without_ridge:
            return mean
        ridge = sum(_ridge(leaf, self.l2) for leaf in jax.tree.leaves(self._theta(params)))
        return mean + ridge.astype(mean.dtype)

    def output_hessian(self, outputs: Array, v: Array) -> Array:
        """∇²_f (1/N Σᵢ −log p(yᵢ | fᵢ)) v, shaped like the outputs."""
        return self.likelihood.output_hessian(outputs, self.targets, v) / outputs.shape[0]

    def output_root(self, outputs: Array) -> Callable[[Array], Array]:
        """v ↦ B½v with the symmetric root of B = ∇²_f (1/N Σᵢ −log p(yᵢ | fᵢ)), one small matrix a datum.

        For a likelihood that is not convex in the outputs B has no root: negative eigenvalues count as zero.
        """
        return _root(self.output_hessian, outputs)

    def output_fisher(self, outputs: Array, v: Array) -> Array:
        """1/N times the Fisher information of each datum's outputs, times v; shaped like the outputs.

        Raises:
            NotImplementedError: if the likelihood has no ``output_fisher``.
        """
        return self.likelihood.output_fisher(outputs, v) / outputs.shape[0]

    def fisher_root(self, outputs: Array) -> Callable[[Array], Array]:
        """v ↦ Rv with RᵀR = B, the matrix of ``output_fisher``: the likelihood's own root, or the symmetric
        one."""
        if type(self.likelihood).output_fisher_root is Likelihood.output_fisher_root:
            return _root(self.output_fisher, outputs)
        scale = jnp.sqrt(jnp.asarray(outputs.shape[0], outputs.dtype))
        return lambda v: self.likelihood.output_fisher_root(outputs, v) / scale

    @property
    def without_ridge(self) -> bool:
        """Whether l2 is Python's zero, and so known to be zero also inside ``jit``."""
        return isinstance(self.l2, float) and self.l2 == 0

    def ridge(self, params: Params, v: Params) -> Params:
        """The curvature of ½ l2 ‖θ‖² times v: l2 v, or l2 CᵀC v behind a chart with the derivative C."""
        if self.chart is None:
            return jax.tree.map(lambda x: self.l2 * x, v)
        _, push = jax.linearize(self.chart, params)
        scaled = jax.tree.map(lambda x: self.l2 * x, push(v))
        return jax.linear_transpose(push, params)(scaled)[0]

    def tree_flatten(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        # A likelihood of a class that JAX does not know as a pytree has no leaves: it is static.
        known = not any(leaf is self.likelihood for leaf in jax.tree.leaves(self.likelihood))
        chart, fixed_chart = split(self.chart)
        l2 = None if self.without_ridge else self.l2  # no leaf: inside jit too there is known to be none
        leaves = (self.likelihood if known else None, self.inputs, self.targets, l2, chart)
        return leaves, (Static(self.predict), None if known else self.likelihood, fixed_chart)

    @classmethod
    def tree_unflatten(cls, static: tuple[Any, ...], leaves: tuple[Any, ...]) -> Self:
        problem = object.__new__(cls)  # no checks: JAX also unflattens placeholders
        likelihood, problem.inputs, problem.targets, problem.l2, chart = leaves
        predict, fixed, fixed_chart = static
        problem.l2 = 0.0 if problem.l2 is None else problem.l2
        problem.predict = predict.value
        problem.likelihood = likelihood if fixed is None else fixed
        problem.chart = joined(chart, fixed_chart)
        return problem

    def __repr__(self) -> str:
        name = getattr(self.predict, "__name__", repr(self.predict))
        rows = jnp.shape(self.targets)[:1] if hasattr(self.targets, "shape") else "?"
        return f"Supervised({name}, {self.likelihood!r}, N = {rows[0] if rows else 0})"


def _root(bend: Callable[[Array, Array], Array], outputs: Array) -> Callable[[Array], Array]:
    """v ↦ B½v of a B with a block for each datum, given by its products (f, v) ↦ Bv."""
    count, shape, size = outputs.shape[0], outputs.shape, outputs[0].size

    def column(basis: Array) -> Array:
        at_each = jnp.broadcast_to(basis.reshape(shape[1:]), shape)
        return bend(outputs, at_each).reshape(count, size)

    blocks = jax.vmap(column, out_axes=2)(jnp.eye(size, dtype=outputs.dtype))
    eigenvalues, basis = jnp.linalg.eigh(blocks)
    root = (basis * jnp.sqrt(jnp.maximum(eigenvalues, 0))[:, None]) @ jnp.swapaxes(basis, 1, 2)
    return lambda v: jnp.einsum("nij,nj->ni", root, v.reshape(count, size)).reshape(shape)


def _ridge(leaf: Array, l2: float | Array) -> Array:
    """½ l2 Σθ². In at least single precision, and l2 inside the sum: Σθ² alone may overflow."""
    leaf = jnp.asarray(leaf)
    leaf = leaf.astype(jnp.promote_types(leaf.dtype, jnp.float32))
    return 0.5 * jnp.sum((jnp.asarray(l2, leaf.dtype) * leaf) * leaf)
