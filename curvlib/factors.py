"""Kronecker factors of a network's Fisher information, a pair for each layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from curvlib.fisher import check_key, check_kind, check_likelihood, output_scores
from curvlib.networks import MLP
from curvlib.trees import Array, Params

Factors = tuple[tuple[Array, Array], ...]  # A and G of each layer


class LayerStatistics(NamedTuple):
    """What the factors of all layers are made of.

    Attributes:
        inputs: ā, a tuple of arrays (N, d_{l−1} + 1).
        gradients: g, a tuple of arrays (M, N, d_l), scaled: ΣΣ g gᵀ over the first two axes is the mean over
            the data.
    """

    inputs: tuple[Array, ...]
    gradients: tuple[Array, ...]


def layer_statistics(
    problem: Any, params: Params, kind: str = "exact", key: Array | None = None, samples: int = 1
) -> LayerStatistics:
    """Layer inputs, and gradients of −log p in the layer outputs, of one batch.

    The gradients are those of vectors v in the outputs, pulled back through the network, with Σ v vᵀ

    - "exact" (type 2): the output Fisher information, v the columns of its root: C passes back;
    - "monte-carlo" (type 1): its estimate from ``samples`` labels drawn from the model, a pass for each;
    - "empirical": the data's labels in their place.

    Raises:
        TypeError: if the problem has no likelihood, or its model is not a ``cl.MLP`` or in another chart.
        ValueError: for an unknown kind, or without the key that "monte-carlo" needs.

    Source: Martens & Grosse 2015, sections 3 and 5; Dangel et al. 2025, "Kronecker-factored approximate
    curvature (KFAC) from scratch", section 3, for the names of the types.
    """
    check_network(problem)
    vectors = fisher_vectors(problem, kind, key, samples)
    _, layer_inputs, gradients = look_inside(problem, params, vectors)
    return LayerStatistics(layer_inputs, gradients)


def look_inside(
    problem: Any, params: Params, vectors: Callable[[Array], Array]
) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
    """The outputs, the layer inputs, and vectors in the outputs pulled back to the layer outputs: one pass
    forward, and one back for each vector.

    Args:
        problem: with a ``cl.MLP``.
        params: its parameters.
        vectors: from the outputs (N, C) to vectors (K, N, C).

    Returns:
        f, shape (N, C); ā, shapes (N, d_{l−1} + 1); the vectors at each layer, shapes (K, N, d_l).
    """
    network, inputs = problem.predict, jnp.asarray(problem.inputs)
    outputs, pull, layer_inputs = jax.vjp(
        lambda taps: network.apply(params, inputs, taps), network.taps(inputs), has_aux=True
    )
    (gradients,) = jax.vmap(pull)(vectors(outputs))
    return outputs, layer_inputs, gradients


def fisher_vectors(problem: Any, kind: str, key: Array | None, samples: int = 1) -> Callable[[Array], Array]:
    """From the outputs to the vectors v, shape (M, N, C), with Σ v vᵀ the Fisher information of a kind.

    Raises:
        ValueError: for an unknown kind, or without the key that "monte-carlo" needs.
    """
    check_kind(kind, samples)
    check_key(kind, key)

    def columns(outputs: Array) -> Array:
        root = problem.fisher_root(outputs)
        basis = jnp.eye(outputs.shape[1], dtype=outputs.dtype)
        columns = jax.linear_transpose(root, outputs)  # of Rᵀ, with RᵀR the output Fisher
        return jax.vmap(lambda e: columns(jnp.broadcast_to(e, outputs.shape))[0])(basis)

    def scores(outputs: Array) -> Array:
        draws = None if kind == "empirical" else jax.random.split(key, samples)
        return output_scores(problem, outputs, draws)

    return columns if kind == "exact" else scores


def kronecker_factors(statistics: LayerStatistics) -> Factors:
    """For each layer A = E[ā āᵀ], shape (d_{l−1} + 1, d_{l−1} + 1), and G = E[g gᵀ], shape (d_l, d_l).

    The layer's block of the Fisher information, flattened as ``W.ravel()``, is about A ⊗ G. Each of the two
    expectations is taken by itself, *then* the product: that is the approximation.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> network, x = cl.MLP((1, 1)), jnp.array([[1.0], [3.0]])
        >>> line = cl.Supervised(network, cl.likelihoods.Gaussian(), x, x)
        >>> ((a, g),) = kronecker_factors(layer_statistics(line, (jnp.ones((2, 1)),)))
        >>> a.tolist(), round(float(g[0, 0]), 4)
        ([[5.0, 2.0], [2.0, 1.0]], 1.0)
    """
    rows = [g.reshape(-1, g.shape[-1]) for g in statistics.gradients]
    return tuple((a.T @ a / a.shape[0], g.T @ g) for a, g in zip(statistics.inputs, rows, strict=True))


def check_network(problem: Any) -> None:
    """Refuse a model whose layers cannot be seen.

    Raises:
        TypeError: if it is anything but ``cl.Supervised`` with a ``cl.MLP``, in its own parameters.
    """
    check_likelihood(problem)
    if not isinstance(problem.predict, MLP) or problem.chart is not None:
        what = "a network behind a chart" if isinstance(problem.predict, MLP) else repr(problem.predict)
        raise TypeError(
            "K-FAC needs to see the inputs and outputs of each layer: write the model as a cl.MLP, as in "
            f"cl.Supervised(cl.MLP(widths), likelihood, inputs, targets); got {what}"
        )
