"""Problems: their values and spectra against closed forms, and the sentences for bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl
from curvlib.problems import quadratic, random_rotation, rotation, spectrum


@pytest.mark.parametrize(
    "kappa, angle, dim", [(1.0, 0.0, 2), (100.0, 0.4, 2), (1e4, 1.1, 3), (50.0, 0.7, 10)]
)
def test_quadratic_has_the_condition_number_asked_for(kappa, angle, dim):
    hessian = cl.hessian(quadratic(kappa, angle, dim), jnp.zeros(dim))
    eigenvalues = np.linalg.eigvalsh(hessian)
    np.testing.assert_allclose(eigenvalues, kappa ** (np.arange(dim) / (dim - 1)), rtol=1e-10)


def test_quadratic_in_the_plane_is_the_written_formula():
    kappa, angle = 30.0, 0.6
    flat, steep = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    theta = np.array([1.3, -0.4])
    expected = 0.5 * ((theta @ flat) ** 2 + kappa * (theta @ steep) ** 2)
    np.testing.assert_allclose(quadratic(kappa, angle).loss(jnp.asarray(theta)), expected, rtol=1e-13)


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_rotations_are_orthogonal(dim):
    for matrix in (rotation(0.3, dim), random_rotation(jax.random.key(0), dim)):
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(dim), atol=1e-13)


def test_random_rotation_is_uniform_in_the_signs_too():
    matrices = jax.vmap(lambda key: random_rotation(key, 3))(jax.random.split(jax.random.key(1), 4000))
    # Haar measure: every entry has mean 0 and variance 1/n. A QR without the sign fix has a biased diagonal.
    np.testing.assert_allclose(jnp.mean(matrices, 0), np.zeros((3, 3)), atol=0.04)
    np.testing.assert_allclose(jnp.var(matrices, 0), np.full((3, 3), 1 / 3), atol=0.03)


def test_quadratic_with_a_key_keeps_the_spectrum():
    hessian = cl.hessian(quadratic(100.0, dim=10, key=jax.random.key(2)), jnp.zeros(10))
    np.testing.assert_allclose(np.linalg.eigvalsh(hessian), spectrum(100.0, 10), rtol=1e-10)
    assert np.abs(hessian - np.diag(np.diag(hessian))).max() > 1


def test_objective_is_a_pytree_whose_data_are_leaves():
    traces = 0

    @jax.jit
    def value(problem, params):
        nonlocal traces
        traces += 1
        return problem.loss(params)

    params = jnp.array([1.0, 2.0])
    assert value(quadratic(10.0), params) == 0.5 + 20.0
    assert value(quadratic(20.0), params) == 0.5 + 40.0
    assert traces == 1


@pytest.mark.parametrize(
    "loss, params, error, words",
    [
        (lambda p: p**2, jnp.ones(3), ValueError, r"one scalar, got shape \(3,\).*jnp.sum"),
        (lambda p: (p.sum(), p.sum()), jnp.ones(3), ValueError, r"one scalar, got shape \(\), \(\)"),
        (lambda p: None, jnp.ones(3), ValueError, "one scalar, got shape nothing"),
        (lambda p: jnp.argmax(p), jnp.ones(3), ValueError, "real floating-point scalar, got int"),
        (lambda p: p.sum(), jnp.ones(3, int), TypeError, "floating-point, got int"),
        (lambda p: 0.0, {}, TypeError, "no numbers in it"),
    ],
)
def test_bad_losses_and_params_get_a_sentence(loss, params, error, words):
    with pytest.raises(error, match=words):
        cl.Objective(loss).loss(params)


def test_a_loss_that_is_not_a_function_gets_a_sentence():
    with pytest.raises(TypeError, match="must be a function"):
        cl.Objective(3.0)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"kappa": 0.5}, "at least 1, got 0.5"),
        ({"kappa": float("nan")}, "at least 1, got nan"),
        ({"kappa": float("inf")}, "finite and at least 1, got inf"),
        ({"kappa": jnp.array([2.0, 3.0])}, "must be one number"),
        ({"kappa": 2.0, "dim": 2.5}, "whole dim of at least 2, got 2.5"),
        ({"kappa": 2.0, "dim": 1}, "dim of at least 2, got 1"),
        ({"kappa": 2.0, "angle": 0.1, "key": jax.random.key(0)}, "not both"),
    ],
)
def test_bad_quadratics_get_a_sentence(arguments, words):
    with pytest.raises((ValueError, TypeError), match=words):
        quadratic(**arguments)


def test_mismatched_params_get_a_sentence():
    with pytest.raises(ValueError, match=r"shape \(2,\), got \(3,\)"):
        quadratic(10.0).loss(jnp.ones(3))
    with pytest.raises(ValueError, match=r"shape \(2,\), got a list"):
        cl.minimize(cl.problems.quadratic(10.0), cl.Newton(), [1.0, 1.0], steps=1)


def test_a_quadratic_in_single_precision_stays_there():
    problem, point = quadratic(30.0, 0.4), jnp.ones(2, jnp.float32)
    assert problem.loss(point).dtype == cl.hessian(problem, point).dtype == jnp.float32


@pytest.mark.parametrize("kappa", [None, True, 2j, "9", [9.0]])
def test_a_condition_number_that_is_no_number_is_refused(kappa):
    with pytest.raises(TypeError, match="must be one number"):
        quadratic(kappa)


def test_the_ridge_has_its_own_derivatives_in_parameters_and_strength():
    """½ l2 ‖θ‖²: gradient l2 θ, Hessian l2 I, and ½ ‖θ‖² by l2."""
    x, theta = jnp.ones((3, 2)), jnp.array([3.0, -1.0])

    def loss(theta, l2):
        return cl.Supervised(lambda w, x: 0.0 * (x @ w), cl.likelihoods.Gaussian(), x, x[:, 0], l2).loss(
            theta
        )

    np.testing.assert_allclose(jax.grad(loss)(theta, 0.7), 0.7 * theta, rtol=1e-12)
    np.testing.assert_allclose(jax.grad(loss, argnums=1)(theta, 0.7), 5.0, rtol=1e-12)
    np.testing.assert_allclose(jax.hessian(loss)(theta, 0.7), 0.7 * np.eye(2), rtol=1e-12)
    np.testing.assert_allclose(jax.jvp(loss, (theta, 0.7), (theta, 1.0))[1], 0.7 * 10 + 5, rtol=1e-12)
    mixed = jax.jacfwd(jax.grad(loss), argnums=1)(theta, 0.7)
    np.testing.assert_allclose(mixed, theta, rtol=1e-12)
