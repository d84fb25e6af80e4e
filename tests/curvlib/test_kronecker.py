"""Kronecker factors of the Fisher information: where they are exact, where not, and the algebra."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl
from curvlib.factors import kronecker_factors, layer_statistics
from curvlib.linalg import damping_split, kronecker_product, nearest_kronecker, shifted_inverse

KEY = jax.random.key(0)
LIKELIHOODS = {
    "Gaussian": cl.likelihoods.Gaussian(0.7), "Bernoulli": cl.likelihoods.Bernoulli(),
    "Categorical": cl.likelihoods.Categorical(), "Poisson": cl.likelihoods.Poisson(),
}  # fmt: skip


@functools.cache
def problem_of(network, likelihood, count):
    """Data of a network, its labels drawn, and parameters with biases."""
    params = network.init(KEY)
    params = tuple(W + 0.3 * jax.random.normal(jax.random.key(i), W.shape) for i, W in enumerate(params))
    x = jax.random.normal(jax.random.key(1), (count, network.widths[0]))
    targets = likelihood.sample(jax.random.key(2), jax.jit(network)(params, x))
    return cl.Supervised(network, likelihood, x, targets), params


def off(problem, params, kind="exact", key=None):
    """For each layer |A ⊗ G − F_l| / |F_l|."""
    matrix = np.asarray(jax.jit(lambda: cl.fisher(problem, params, kind, key))())
    gaps, start = [], 0
    factors = jax.jit(lambda: kronecker_factors(layer_statistics(problem, params, kind, key)))()
    for (a, g), W in zip(factors, params, strict=True):
        block = matrix[start : start + W.size, start : start + W.size]
        gaps.append(np.linalg.norm(np.kron(a, g) - block) / np.linalg.norm(block))
        start += W.size
    return gaps


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_for_one_datum_every_block_is_exact(name):
    problem, params = problem_of(cl.MLP((3, 4, 5, 2)), LIKELIHOODS[name], 1)
    assert max(off(problem, params)) < 1e-10
    assert max(off(problem, params, "empirical")) < 1e-10
    assert max(off(problem, params, "monte-carlo", KEY)) < 1e-10


@pytest.mark.parametrize("widths", [(3, 2), (3, 4, 5, 2), (4, 2, 4), (1, 1, 1)])
def test_for_deep_linear_networks_with_squared_loss_every_block_is_exact(widths):
    problem, params = problem_of(cl.MLP(widths, "linear"), LIKELIHOODS["Gaussian"], 20)
    assert max(off(problem, params)) < 1e-10


def test_with_squared_loss_the_last_layer_of_any_network_is_exact():
    problem, params = problem_of(cl.MLP((3, 4, 5, 2)), LIKELIHOODS["Gaussian"], 20)
    first, second, last = off(problem, params)
    assert last < 1e-10 and min(first, second) > 0.05


def test_softmax_regression_is_not_exact_nor_are_empirical_factors_of_linear_networks():
    softmax, weights = problem_of(cl.MLP((3, 4)), LIKELIHOODS["Categorical"], 20)
    assert off(softmax, weights)[0] > 0.05
    linear, params = problem_of(cl.MLP((3, 4, 2), "linear"), LIKELIHOODS["Gaussian"], 20)
    assert min(off(linear, params, "empirical")) > 0.05


def test_the_blocks_between_layers_are_missing():
    problem, params = problem_of(cl.MLP((3, 4, 2), "linear"), LIKELIHOODS["Gaussian"], 20)
    matrix, first = cl.fisher(problem, params), params[0].size
    assert jnp.linalg.norm(matrix[:first, first:]) > 0.2 * jnp.linalg.norm(matrix)


def test_a_monte_carlo_estimate_approaches_the_exact_factors():
    problem, params = problem_of(cl.MLP((3, 4, 3)), LIKELIHOODS["Categorical"], 8)
    exact = kronecker_factors(layer_statistics(problem, params))
    errors = []
    for samples in (100, 10_000):
        drawn = kronecker_factors(layer_statistics(problem, params, "monte-carlo", KEY, samples))
        gaps = [
            jnp.linalg.norm(g - h) / jnp.linalg.norm(h) for (_, g), (_, h) in zip(drawn, exact, strict=True)
        ]
        errors.append(float(max(gaps)))
    assert errors[1] < 0.03 and errors[1] < 0.3 * errors[0]


def test_factors_are_means_over_the_data():
    """Each datum twice changes nothing: a lost factor N would."""
    problem, params = problem_of(cl.MLP((3, 4, 2)), LIKELIHOODS["Categorical"], 6)
    twice = problem.take(jnp.repeat(jnp.arange(6), 2))
    for kind in ("exact", "empirical"):
        for one, two in zip(
            jax.tree.leaves(kronecker_factors(layer_statistics(problem, params, kind))),
            jax.tree.leaves(kronecker_factors(layer_statistics(twice, params, kind))),
            strict=True,
        ):
            np.testing.assert_allclose(one, two, rtol=1e-10, atol=1e-13)


def test_the_product_acts_on_matrices_flattened_by_rows():
    keys = jax.random.split(KEY, 3)
    a, g = jax.random.normal(keys[0], (3, 3)), jax.random.normal(keys[1], (4, 4))
    v = jax.random.normal(keys[2], (3, 4))
    np.testing.assert_allclose(kronecker_product(a, g, v).ravel(), jnp.kron(a, g) @ v.ravel(), rtol=1e-12)
    inverse = kronecker_product(jnp.linalg.inv(a), jnp.linalg.inv(g), v).ravel()
    np.testing.assert_allclose(inverse, jnp.linalg.solve(jnp.kron(a, g), v.ravel()), rtol=1e-9)


def positive(key, size):
    root = jax.random.normal(key, (size, size + 2))
    return root @ root.T


def test_the_nearest_product_is_found_and_no_other_is_nearer():
    keys = jax.random.split(KEY, 3)
    a, g = positive(keys[0], 3), positive(keys[1], 4)
    exact = nearest_kronecker(jnp.kron(a, g), 3, 4)
    np.testing.assert_allclose(jnp.kron(exact.a, exact.g), jnp.kron(a, g), rtol=1e-10, atol=1e-9)
    assert exact.error < 1e-12
    matrix = positive(keys[2], 12)
    found = nearest_kronecker(matrix, 3, 4)
    best = jnp.linalg.norm(matrix - jnp.kron(found.a, found.g))
    np.testing.assert_allclose(found.error, best / jnp.linalg.norm(matrix), rtol=1e-10)
    assert jnp.linalg.eigvalsh(found.a)[0] > -1e-10 and jnp.linalg.eigvalsh(found.g)[0] > -1e-10
    for seed in range(5):
        other = found.a + 0.05 * positive(jax.random.key(seed), 3), found.g
        assert jnp.linalg.norm(matrix - jnp.kron(*other)) > best
    with pytest.raises(ValueError, match="has the shape"):
        nearest_kronecker(matrix, 3, 3)


def test_the_split_of_the_damping_balances_the_cross_terms():
    keys = jax.random.split(KEY, 2)
    a, g = 100 * positive(keys[0], 3), positive(keys[1], 4)
    split = damping_split(a, g)
    cross = jnp.trace(split * jnp.kron(jnp.eye(3), g)), jnp.trace(jnp.kron(a, jnp.eye(4)) / split)
    np.testing.assert_allclose(*cross, rtol=1e-10)
    assert damping_split(jnp.zeros((2, 2)), g) == 1
    wide = damping_split(jnp.full((1, 1), 1e30, jnp.float32), jnp.full((1, 1), 1e-30, jnp.float32))
    np.testing.assert_allclose(wide, 1e30, rtol=1e-4)


@pytest.mark.parametrize("shift", [1.0, 1e-4, 1e-12])
def test_a_shifted_inverse_is_one_and_finite_where_rounding_makes_it_indefinite(shift):
    matrix = positive(KEY, 4)
    np.testing.assert_allclose(
        shifted_inverse(matrix, shift) @ (matrix + shift * jnp.eye(4)), jnp.eye(4), atol=1e-8
    )
    singular = jnp.ones((5, 5), jnp.float32) * 1e4 - 1e-3 * jnp.eye(5, dtype=jnp.float32)
    inverse = shifted_inverse(singular, jnp.float32(shift))
    assert jnp.all(jnp.isfinite(inverse)) and jnp.linalg.eigvalsh(inverse)[0] >= -1e-6 / shift
    np.testing.assert_array_equal(inverse, inverse.T)


def test_misuse_gets_a_sentence():
    network = cl.MLP((3, 2))
    problem, params = problem_of(network, LIKELIHOODS["Gaussian"], 4)
    with pytest.raises(ValueError, match="pass a key"):
        layer_statistics(problem, params, "monte-carlo")
    with pytest.raises(ValueError, match="got 'type-2'"):
        layer_statistics(problem, params, "type-2")
    with pytest.raises(TypeError, match=r"write the model as a cl\.MLP"):
        layer_statistics(
            cl.Supervised(lambda p, x: x @ p, problem.likelihood, problem.inputs, problem.targets), params
        )
    with pytest.raises(TypeError, match="a network behind a chart"):
        layer_statistics(problem.through(lambda p: p), params)
    with pytest.raises(TypeError, match="distribution of labels"):
        layer_statistics(cl.Objective(lambda p: 0.0), params)
