"""Lanczos's iteration against eigendecompositions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from curvlib.linalg import lanczos


def symmetric(n, seed=0, eigenvalues=None):
    draw = np.random.default_rng(seed)
    basis = np.linalg.qr(draw.normal(size=(n, n)))[0]
    ell = draw.normal(size=n) if eigenvalues is None else np.asarray(eigenvalues)
    return jnp.asarray(basis * ell @ basis.T), np.sort(ell)


def test_all_steps_give_all_eigenvalues_and_vectors():
    matrix, ell = symmetric(12)
    found = lanczos(lambda v: matrix @ v, jnp.ones(12), 12, vectors=True)
    np.testing.assert_allclose(found.values, ell, atol=1e-12)
    np.testing.assert_allclose(matrix @ found.vectors.T, found.vectors.T * ell, atol=1e-11)
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(12), atol=1e-12)


@pytest.mark.parametrize("steps", [3, 7])
def test_weights_are_gauss_quadrature(steps):
    matrix, _ = symmetric(30, 1)
    start = jnp.asarray(np.random.default_rng(2).normal(size=30))
    v = start / jnp.linalg.norm(start)
    found = lanczos(lambda v: matrix @ v, start, steps)
    power = v
    for degree in range(2 * steps + 1):
        moment = found.weights @ found.values**degree
        exact = v @ power
        if degree < 2 * steps:
            np.testing.assert_allclose(moment, exact, atol=1e-11)
        power = matrix @ power
    assert abs(moment - exact) > 1e-6  # the first that is not


def test_residuals_are_those_of_the_ritz_vectors():
    matrix, ell = symmetric(40, 3)
    found = lanczos(lambda v: matrix @ v, jnp.arange(1.0, 41), 10, vectors=True)
    errors = jnp.linalg.norm(matrix @ found.vectors.T - found.vectors.T * found.values, axis=0)
    np.testing.assert_allclose(found.residuals, errors, atol=1e-12)
    nearest = np.abs(np.asarray(found.values)[:, None] - ell).min(1)
    assert np.all(nearest <= found.residuals + 1e-12)


def test_no_copies_of_an_outlier_appear():
    ell = np.append(np.linspace(0, 1, 199), 1e4)
    found = lanczos(lambda v: jnp.asarray(ell) * v, jnp.ones(200), 60)
    assert np.sum(found.values > 2) == 1  # without orthogonalization there are several


def test_it_ends_where_the_directions_run_out():
    matrix, _ = symmetric(20, 4, np.repeat([1.0, 2.0, 5.0], [10, 6, 4]))
    found = lanczos(lambda v: matrix @ v, jnp.asarray(np.random.default_rng(5).normal(size=20)), 9)
    assert int(found.iterations) == 3
    counted = np.asarray(found.weights) > 1e-12
    np.testing.assert_allclose(np.asarray(found.values)[counted], [1, 2, 5], atol=1e-12)
    assert float(found.weights.sum()) == pytest.approx(1) and found.values[0] == pytest.approx(1)
    assert found.values[-1] == pytest.approx(5) and not np.any(np.isnan(found.values))


def test_pytrees_under_jit_in_single_precision():
    scales = {"a": jnp.asarray([3.0, 1.0], jnp.float32), "b": jnp.asarray([[7.0]], jnp.float32)}
    run = jax.jit(lambda t: lanczos(lambda v: jax.tree.map(jnp.multiply, t, v), t, 5, vectors=True))
    found = run(scales)
    assert found.values.dtype == found.vectors["b"].dtype == jnp.float32
    assert found.vectors["b"].shape == (3, 1, 1)  # no more than there are dimensions
    np.testing.assert_allclose(found.values, [1, 3, 7], rtol=1e-5)


def test_what_does_not_fit_gets_a_sentence():
    with pytest.raises(ValueError, match="steps must be a Python integer of at least 1, got 0"):
        lanczos(lambda v: v, jnp.ones(3), 0)
    with pytest.raises(TypeError, match="floating"):
        lanczos(lambda v: v, jnp.arange(3), 2)
    for bad in (jnp.zeros(3), jnp.array([1.0, jnp.nan]), jnp.array([jnp.inf])):
        with pytest.raises(ValueError, match="start must be finite and not zero"):
            lanczos(lambda v: v, bad, 2)
