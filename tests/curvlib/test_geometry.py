"""Divergences of models, and the curves drawn around them, against their definitions."""

import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl
from tests.curvlib.densities import DENSITIES
from tests.curvlib.test_fisher import linear, problem_of


@pytest.mark.parametrize("name", DENSITIES)
def test_quadratic_kl_is_half_the_fishers_form_without_the_ridge(name):
    problem, params = problem_of(name, linear, l2=0.7)
    delta = 1e-2 * jnp.cos(jnp.arange(float(params.size))).reshape(params.shape)
    matrix = cl.fisher(problem, params) - 0.7 * jnp.eye(params.size)
    form = 0.5 * delta.ravel() @ matrix @ delta.ravel()
    np.testing.assert_allclose(cl.geometry.quadratic_kl(problem, params, delta), form, rtol=1e-9)
    np.testing.assert_allclose(cl.geometry.kl(problem, params, params + delta), form, rtol=0.1)


def test_an_ellipse_is_the_level_set_and_nothing_where_there_is_none():
    metric = jnp.array([[2.0, 0.7], [0.7, 0.9]])
    around = cl.geometry.ellipse(metric, 0.3)
    np.testing.assert_allclose(0.5 * jnp.einsum("ki,ij,kj->k", around, metric, around), 0.3, rtol=1e-12)
    np.testing.assert_allclose(around[0], around[-1], atol=1e-12)
    for other in (jnp.diag(jnp.array([1.0, -1.0])), jnp.ones((2, 2)), -jnp.eye(2)):
        assert np.all(np.isnan(cl.geometry.ellipse(other, 0.3)))
    with pytest.raises(ValueError, match=r"shape \(2, 2\), got \(3, 3\)"):
        cl.geometry.ellipse(jnp.eye(3), 1.0)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("level", [1e-4, 0.5])
def test_a_ball_is_where_the_divergence_has_the_level(level, reverse):
    family = lambda theta, x: jnp.stack([theta[0], jnp.log(theta[1])])[None]  # noqa: E731
    normal = cl.Supervised(family, cl.likelihoods.GaussianScale(), jnp.zeros(1), jnp.zeros(1))
    center = jnp.array([0.3, 0.8])
    around = cl.geometry.kl_ball(normal, center, level, 16, reverse)
    divergence = [
        cl.geometry.kl(normal, *((point, center) if reverse else (center, point))) for point in around
    ]
    np.testing.assert_allclose(divergence, level, rtol=1e-9)
    if level < 1e-3:
        metric = cl.fisher(normal, center)
        form = 0.5 * jnp.einsum("ki,ij,kj->k", around - center, metric, around - center)
        np.testing.assert_allclose(form, level, rtol=0.03)
    with pytest.raises(ValueError, match=r"shape \(2,\), got \(3,\)"):
        cl.geometry.kl_ball(normal, jnp.ones(3), level)
