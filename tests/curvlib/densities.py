"""Densities and exact expectations, known to nobody but SciPy: what the likelihoods are compared with.

An expectation over y is a sum over nodes with weights: all values for Bernoulli and Categorical, Gauss
quadrature for densities, and for Poisson the values 0 … 99: at rates below 4 they leave out less than 1e-99.
"""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
from jax.scipy import stats

import curvlib as cl


class Density(NamedTuple):
    """One likelihood beside what is known of it elsewhere.

    Attributes:
        likelihood: ours.
        log_density: (f, y) ↦ log p(y | f), for *one* datum.
        nodes: f ↦ (values of y, weights): expectations are weighted sums.
        outputs: outputs of eight data, shape (8, …).
        targets: labels that they may have.
    """

    likelihood: cl.likelihoods.Likelihood
    log_density: Callable
    nodes: Callable
    outputs: jax.Array
    targets: jax.Array


def _outputs(*shape):
    return 1.2 * jnp.sin(1.7 * jnp.arange(float(np.prod(shape)))).reshape(shape)


def _products(values, weights):
    """Nodes and weights of two independent variables, from those of each, shape (2, K)."""
    pairs = list(itertools.product(range(values.shape[1]), repeat=2))
    points = jnp.stack([jnp.stack([values[0, i], values[1, j]]) for i, j in pairs])
    return points, jnp.stack([weights[0, i] * weights[1, j] for i, j in pairs])


def _bernoulli(f):
    p = jax.nn.sigmoid(f)
    return _products(jnp.broadcast_to(jnp.array([0.0, 1.0]), (2, 2)), jnp.stack([1 - p, p], 1))


def _hermite(mean, deviation, count=12):
    x, w = np.polynomial.hermite_e.hermegauss(count)
    return mean[..., None] + deviation * x, jnp.asarray(w / w.sum())


def _gaussian(f):
    values, weights = _hermite(f, np.sqrt(0.3))
    return _products(values, jnp.broadcast_to(weights, values.shape))


def _gaussian_scale(f):
    return _hermite(f[0], jnp.exp(f[1]))


def _exponential(f):
    x, w = scipy.special.roots_laguerre(24)
    return _products(x / jnp.exp(f)[:, None], jnp.broadcast_to(jnp.asarray(w), (2, 24)))


def _gamma(f):
    # In log y, over which the density falls off faster than any polynomial.
    x, w = np.polynomial.legendre.leggauss(400)
    shape, rate = jnp.exp(f)
    logs = jnp.log(shape / rate) + 45 * x - 38
    weights = 45 * w * jnp.exp(stats.gamma.logpdf(jnp.exp(logs), shape, scale=1 / rate) + logs)
    return jnp.exp(logs), weights


def _poisson(f):
    counts = jnp.arange(100.0)
    weights = jnp.exp(stats.poisson.logpmf(counts, jnp.exp(f[0])))
    return counts[:, None], weights


_LABELS = jnp.array([0, 2, 1, 1, 0, 2, 2, 1])
DENSITIES = {
    "Gaussian": Density(
        cl.likelihoods.Gaussian(0.3),
        lambda f, y: jnp.sum(stats.norm.logpdf(y, f, jnp.sqrt(0.3))),
        _gaussian,
        _outputs(8, 2),
        jnp.cos(jnp.arange(16.0)).reshape(8, 2),
    ),
    "Bernoulli": Density(
        cl.likelihoods.Bernoulli(),
        lambda f, y: jnp.sum(stats.bernoulli.logpmf(y, jax.nn.sigmoid(f))),
        _bernoulli,
        _outputs(8, 2),
        (jnp.arange(16) % 3 == 0).astype(float).reshape(8, 2),
    ),
    "Categorical": Density(
        cl.likelihoods.Categorical(),
        lambda f, y: jnp.sum(y * jnp.log(jnp.exp(f) / jnp.sum(jnp.exp(f)))),
        lambda f: (jnp.eye(3), jnp.exp(f) / jnp.sum(jnp.exp(f))),
        _outputs(8, 3),
        jnp.eye(3)[_LABELS],
    ),
    "Poisson": Density(
        cl.likelihoods.Poisson(),
        lambda f, y: jnp.sum(stats.poisson.logpmf(y, jnp.exp(f))),
        _poisson,
        _outputs(8, 1),
        jnp.array([[0.0], [1], [4], [0], [2], [3], [1], [0]]),
    ),
    "GaussianScale": Density(
        cl.likelihoods.GaussianScale(),
        lambda f, y: stats.norm.logpdf(y, f[0], jnp.exp(f[1])),
        _gaussian_scale,
        _outputs(8, 2),
        jnp.cos(jnp.arange(8.0)),
    ),
    "Exponential": Density(
        cl.likelihoods.Exponential(),
        lambda f, y: jnp.sum(stats.expon.logpdf(y, scale=jnp.exp(-f))),
        _exponential,
        _outputs(8, 2),
        0.1 + jnp.cos(jnp.arange(16.0)).reshape(8, 2) ** 2,
    ),
    "Gamma": Density(
        cl.likelihoods.Gamma(),
        lambda f, y: stats.gamma.logpdf(y, jnp.exp(f[0]), scale=jnp.exp(-f[1])),
        _gamma,
        0.5 * _outputs(8, 2),
        0.1 + jnp.cos(jnp.arange(8.0)) ** 2,
    ),
}
NATURAL = ("Gaussian", "Bernoulli", "Categorical", "Poisson")


def expectation(density, f, function):
    """E[function(y)] over y ~ p(y | f), for one datum, whose nodes do not follow f when differentiated."""
    values, weights = density.nodes(jax.lax.stop_gradient(f))
    weights = jax.lax.stop_gradient(weights)
    return jnp.tensordot(weights, jax.vmap(function)(jax.lax.stop_gradient(values)), 1)
