"""The Fisher information matrix of a model, all its kinds, as products and as dense matrices.

F(θ) = E_x E_{y ~ p(y | x, θ)} [s sᵀ], the second moment of the score s = ∇_θ log p(y | x, θ). The expectation
over x is the mean over the problem's inputs; the one over y is what the kinds differ in:

- "exact": y is drawn from the model, and the expectation is known in closed form;
- "monte-carlo": the same expectation, estimated from labels that *are* drawn from the model;
- "empirical": y is not drawn at all: the data's labels stand in its place. It is another matrix.

Every kind is JᵀBJ with the Jacobian J of the outputs f and a B that has a small block for each datum. The
ridge ½ l2 ‖θ‖² of the loss is no part of the score: it adds l2 I to each of them, outside the square.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from curvlib.problems import gives
from curvlib.products import Curvature, matrix_of, pulled_back
from curvlib.trees import Array, Params, check_like_params, check_params

KINDS = ("exact", "monte-carlo", "empirical")


def fisher_map(
    problem: Any, params: Params, kind: str = "exact", key: Array | None = None, samples: int = 1
) -> Curvature:
    """The Fisher information matrix (see ``fisher_vp``) as a map, the outputs linearized once.

    Its rows are, for the exact kind, RJ with a root, RᵀR, of the outputs' Fisher information; for the
    others the scores, over √N or √(N·samples).

    Raises:
        TypeError, ValueError, NotImplementedError: as ``fisher_vp``.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> x, y = jnp.array([[1.0], [2.0]]), jnp.array([0.0, 1.0])
        >>> coin = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Bernoulli(), x, y)
        >>> [f"{row:.3f}" for row in fisher_map(coin, jnp.zeros(1)).rows().ravel()]  # x ½ / √2
        ['0.354', '0.707']
    """
    check_likelihood(problem)
    check_kind(kind, samples)
    check_key(kind, key)
    if kind == "exact":
        bend, root = (lambda outputs: partial(problem.output_fisher, outputs)), problem.fisher_root
    else:
        draws = None if kind == "empirical" else jax.random.split(key, samples)
        bend = lambda outputs: _bend(output_scores(problem, outputs, draws))  # noqa: E731
        root = lambda outputs: _along(output_scores(problem, outputs, draws))  # noqa: E731
    return pulled_back(problem, params, bend, root)


def output_scores(problem: Any, outputs: Array, draws: Array | None) -> Array:
    """∇_f log p(y | f), over √(MN), shape (M, N, C): of the data's labels, or of those drawn from M keys."""
    likelihood = problem.likelihood
    if draws is None:
        scores = likelihood.output_score(outputs, problem.targets)[None]
    else:
        scores = jax.vmap(lambda draw: likelihood.output_score(outputs, likelihood.sample(draw, outputs)))(
            draws
        )
    samples, count = scores.shape[:2]
    return scores.reshape(samples, count, -1) / jnp.sqrt(jnp.asarray(samples * count, outputs.dtype))


def _along(scores: Array) -> Callable[[Array], Array]:
    """v ↦ sᵀv for every sample and datum, shape (M, N)."""
    return lambda v: jnp.einsum("mnc,nc->mn", scores, v.reshape(scores.shape[1:]))


def _bend(scores: Array) -> Callable[[Array], Array]:
    """v ↦ Σ s (sᵀv), a sum over samples, for every datum; shaped like v."""
    return lambda v: jnp.einsum("mnc,mn->nc", scores, _along(scores)(v)).reshape(v.shape)


def fisher_vp(
    problem: Any,
    params: Params,
    v: Params,
    kind: str = "exact",
    key: Array | None = None,
    samples: int = 1,
) -> Params:
    """The product F v with the Fisher information matrix, without forming F.

    With the scores sᵢ(y) = ∇_θ log p(y | xᵢ, θ) = Jᵢᵀ ∇_f log p(y | fᵢ) it is

    - "exact": F = 1/N Σᵢ E_{y ~ p(y | xᵢ, θ)}[sᵢ(y) sᵢ(y)ᵀ] = 1/N Σᵢ Jᵢᵀ F_out(fᵢ) Jᵢ;
    - "monte-carlo": 1/(NM) Σᵢ Σₘ sᵢ(yᵢₘ) sᵢ(yᵢₘ)ᵀ, yᵢₘ ~ p(y | xᵢ, θ), M = ``samples`` for each datum. It is
      unbiased, and its error falls like 1/√M;
    - "empirical": 1/N Σᵢ sᵢ(yᵢ) sᵢ(yᵢ)ᵀ with the data's labels. A *soft* label has the soft score, the mean
      of its labels' scores, so that this is not the mean over the labels of what each would give.

    plus l2 I. One pass forward along v and one back: it costs a small multiple of a gradient, and no array of
    the shape (N, n) is formed.

    Args:
        problem: ``cl.Supervised``, whose inputs the mean is over. The exact and the Monte Carlo kind do not
            look at its targets.
        params: θ, any pytree.
        v: the direction, of the same structure, shapes and dtypes as ``params``.
        kind: "exact", "monte-carlo" or "empirical".
        key: for "monte-carlo", the key from which labels are drawn; the same key, the same labels.
        samples: for "monte-carlo", M ≥ 1, the labels drawn for each datum.

    Returns:
        F v, structured like ``params``.

    Raises:
        TypeError: if the problem has no likelihood, or ``params`` is not floating-point.
        ValueError: if v does not match ``params``, for an unknown kind, without the key that "monte-carlo"
            needs, or with fewer than one sample.
        NotImplementedError: if the likelihood lacks ``output_fisher`` ("exact") or ``sample``
            ("monte-carlo").

    Source: Martens 2020, "New insights and perspectives on the natural gradient method", sections 5 and 11;
    Kunstner, Balles and Hennig 2019, "Limitations of the empirical Fisher approximation for natural gradient
    descent", section 2.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> x, y = jnp.array([[1.0], [2.0]]), jnp.array([3.0, 6.0])
        >>> line = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Gaussian(), x, y)
        >>> fisher_vp(line, jnp.zeros(1), jnp.ones(1)).tolist()  # (1² + 2²)/2
        [2.5]
        >>> fisher_vp(line, jnp.zeros(1), jnp.ones(1), kind="empirical").round(3).tolist()  # (3² + 12²)/2
        [76.5]
    """
    check_like_params(params, v)
    return fisher_map(problem, params, kind, key, samples).product(v)


def fisher(
    problem: Any, params: Params, kind: str = "exact", key: Array | None = None, samples: int = 1
) -> Array:
    """The dense Fisher information matrix, shape (n, n): ``fisher_vp`` applied to the n basis vectors.

    Rows and columns follow ``jax.flatten_util.ravel_pytree(params)``. It takes n products and n² memory: for
    small n.

    Raises:
        TypeError, ValueError, NotImplementedError: as ``fisher_vp``.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> x, y = jnp.array([[1.0], [2.0]]), jnp.array([0.0, 1.0])
        >>> coin = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Bernoulli(), x, y)
        >>> fisher(coin, jnp.zeros(1)).tolist()  # (1² + 2²)/2 · ¼
        [[0.625]]
    """
    return fisher_map(problem, params, kind, key, samples).matrix()


def scores(problem: Any, params: Params) -> Array:
    """The scores ∇_θ log p(yᵢ | xᵢ, θ) of the data, shape (N, n), a row for each datum.

    Columns follow ``jax.flatten_util.ravel_pytree(params)``. Their mean is −∇L(θ), without the ridge, and
    their second moment, scoresᵀ scores / N, the empirical Fisher. The array has N·n entries: for small n.

    Raises:
        TypeError: if the problem has no likelihood, or ``params`` is not floating-point.

    Example:
        >>> import curvlib as cl, jax.numpy as jnp
        >>> x, y = jnp.array([[1.0], [2.0]]), jnp.array([3.0, 6.0])
        >>> line = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Gaussian(), x, y)
        >>> scores(line, jnp.zeros(1)).tolist()
        [[3.0], [12.0]]
    """
    check_likelihood(problem)
    check_params(params)
    outputs, push = jax.linearize(problem.outputs, params)
    flat = problem.likelihood.output_score(outputs, problem.targets).reshape(outputs.shape[0], -1)
    return matrix_of(lambda v: jnp.sum(flat * push(v).reshape(flat.shape), axis=1), params)


def check_likelihood(problem: Any) -> None:
    """Refuse a problem that has no distribution of labels.

    Raises:
        TypeError: if it has no likelihood.
    """
    if not gives(problem, "likelihood"):
        raise TypeError(
            f"the Fisher information needs a distribution of labels, which {type(problem).__name__} does not "
            "have: write the problem as cl.Supervised(predict, likelihood, inputs, targets)"
        )


def check_kind(kind: str, samples: int = 1) -> None:
    """Refuse what is no kind of Fisher.

    Raises:
        ValueError: for an unknown kind, or fewer than one sample.
    """
    if kind not in KINDS:
        raise ValueError(f'the kind of Fisher must be "exact", "monte-carlo" or "empirical", got {kind!r}')
    if kind == "monte-carlo" and operator.index(samples) < 1:
        raise ValueError(f"the Monte Carlo Fisher needs at least one sample for each datum, got {samples}")


def check_key(kind: str, key: Array | None) -> None:
    """Refuse a Monte Carlo Fisher without the key that labels are drawn from.

    Raises:
        ValueError: if there is none.
    """
    if kind == "monte-carlo" and key is None:
        raise ValueError("the Monte Carlo Fisher draws labels: pass a key, as in key=jax.random.key(0)")
