"""The covariance of fitted parameters against scipy's, and against what repeated experiments scatter."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import curve_fit

import curvlib as cl

X = np.linspace(0.2, 3.0, 12)
Y = 2 * (1 - np.exp(-1.2 * X)) + 0.08 * np.random.default_rng(3).normal(size=12)
SIGMAS = 0.05 + 0.1 * X


def model(x, a, b):
    return a * (1 - jnp.exp(-b * x))


def problem(x=X, y=Y, sigmas=1.0):
    return cl.LeastSquares(
        lambda p, x, y, s: (model(x, p["a"], p["b"]) - y) / s, jnp.asarray(x), jnp.asarray(y), sigmas
    )


def fitted(problem):
    start = {"a": jnp.array(1.5), "b": jnp.array(1.0)}
    return cl.minimize(problem, cl.LevenbergMarquardt(), start, 100).params


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("sigmas", [None, SIGMAS])
def test_is_curve_fits(sigmas, absolute):
    with jax.enable_x64(True):
        ours = problem(sigmas=1.0 if sigmas is None else jnp.asarray(sigmas))
        found = cl.covariance(ours, fitted(ours), variance=1.0 if absolute else None)
    expected = curve_fit(
        lambda x, a, b: np.asarray(a * (1 - np.exp(-b * x))), X, Y, [1.5, 1.0], sigmas, absolute,
        xtol=1e-14, ftol=1e-14, gtol=1e-14,
    )[1]  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_standard_errors_are_what_repeated_experiments_scatter():
    truth, noise = {"a": jnp.array(2.0), "b": jnp.array(1.2)}, 0.05
    with jax.enable_x64(True):
        exact = model(jnp.asarray(X), 2.0, 1.2)
        draws = exact + noise * jax.random.normal(jax.random.key(0), (2000, 12))

        @jax.jit
        @jax.vmap
        def estimate(y):
            found = fitted(problem(y=y))
            return jnp.stack([found["a"], found["b"]])

        scatter = np.cov(np.asarray(estimate(draws)).T)
        promised = cl.covariance(problem(y=exact), truth, variance=noise**2)
    np.testing.assert_allclose(promised, scatter, rtol=0.15)


def test_does_not_lose_digits_to_the_square_of_the_condition_number():
    with jax.enable_x64(True):
        q = np.linalg.qr(np.random.default_rng(0).normal(size=(9, 3)))[0]
        v = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
        spread = np.array([1.0, 1e-3, 1e-7])
        line = cl.LeastSquares(lambda p: jnp.asarray(q * spread @ v.T) @ p)
        found = cl.covariance(line, jnp.zeros(3), variance=1.0)
        np.testing.assert_allclose(found, v / spread**2 @ v.T, rtol=1e-6)


def test_of_a_parameter_held_fixed_and_of_another_chart():
    with jax.enable_x64(True):
        params = fitted(problem())
        held = problem().through(lambda a: {"a": a, "b": params["b"]})
        alone = cl.covariance(held, params["a"])
        column = np.asarray(model(X, 1.0, params["b"]))
        squares = 2 * problem().loss(params) / (12 - 1)
        np.testing.assert_allclose(alone, [[squares / (column @ column)]], rtol=1e-12)

        logs = problem().through(lambda phi: jax.tree.map(jnp.exp, phi))
        inner = cl.covariance(logs, jax.tree.map(jnp.log, params))
        tangent = np.diag([params["a"], params["b"]])
        np.testing.assert_allclose(tangent @ inner @ tangent, cl.covariance(problem(), params), rtol=1e-10)


@pytest.mark.parametrize("rows", [1, 5])
def test_is_infinite_where_the_data_do_not_tell_parameters_apart(rows):
    x = jnp.arange(1.0, rows + 1)
    product = cl.LeastSquares(lambda p: p[0] * p[1] * x - 6 * x)
    assert np.all(np.isposinf(jax.jit(cl.covariance)(product, jnp.array([2.0, 3.0]), 1.0)))


def test_refuses_what_it_cannot_do_in_a_sentence():
    with pytest.raises(ValueError, match="2 residuals of 2 parameters leave nothing to estimate"):
        cl.covariance(cl.LeastSquares(lambda p: p), jnp.zeros(2))
    with pytest.raises(ValueError, match="variance"):
        cl.covariance(cl.LeastSquares(lambda p: p), jnp.zeros(2), variance=0.0)
    with pytest.raises(TypeError, match="needs residuals"):
        cl.covariance(cl.Objective(jnp.sum), jnp.zeros(2))
