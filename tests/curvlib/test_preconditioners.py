"""The diagonal of the empirical Fisher information, and what divides by it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl
from curvlib.preconditioners import CHUNK
from tests.curvlib.test_kronecker import LIKELIHOODS, problem_of


def behind_a_function(problem):
    """The same model, whose layers cannot be seen."""
    return cl.Supervised(
        lambda params, x: problem.predict(params, x), problem.likelihood, problem.inputs, problem.targets
    )


@pytest.mark.parametrize("name", LIKELIHOODS)
@pytest.mark.parametrize("count", [1, CHUNK, CHUNK + 3])
def test_layers_and_chunks_give_the_diagonal_of_the_dense_matrix(name, count):
    problem, params = problem_of(cl.MLP((3, 4, 2)), LIKELIHOODS[name], count)
    expected = jnp.diag(cl.fisher(problem, params, "empirical"))
    for one in (problem, behind_a_function(problem)):
        found = jax.flatten_util.ravel_pytree(cl.empirical_diagonal(one, params))[0]
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-14)


def test_the_ridge_is_left_to_the_damping():
    problem, params = problem_of(cl.MLP((3, 2)), LIKELIHOODS["Gaussian"], 5)
    with_ridge = cl.Supervised(problem.predict, problem.likelihood, problem.inputs, problem.targets, l2=10.0)
    for a, b in zip(*(cl.empirical_diagonal(p, params) for p in (problem, with_ridge)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_it_never_holds_a_gradient_for_each_datum():
    """The temporaries of 4096 data are no larger than a few chunks of gradients."""
    n, count = 20_000, 4096
    x = jnp.ones((count, 10))
    problem = cl.Supervised(
        lambda w, x: jnp.tanh(x @ w.reshape(10, -1)).sum(1), cl.likelihoods.Gaussian(), x, jnp.zeros(count)
    )
    compiled = jax.jit(cl.empirical_diagonal).lower(problem, jnp.zeros(n)).compile()
    assert compiled.memory_analysis().temp_size_in_bytes < 8 * n * 8 * CHUNK < 8 * n * count / 20


def test_the_power_of_three_quarters_and_single_precision():
    problem, params = problem_of(cl.MLP((3, 4, 2)), LIKELIHOODS["Categorical"], 9)
    inverse = cl.diagonal_preconditioner(problem, params, 0.1)
    diagonal = cl.empirical_diagonal(problem, params)
    for r, d, z in zip(params, diagonal, inverse(params), strict=True):
        np.testing.assert_allclose(z, r / (d + 0.1) ** 0.75, rtol=1e-12)
    single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), params)
    problem = cl.Supervised(
        problem.predict, problem.likelihood, problem.inputs.astype(jnp.float32), problem.targets
    )
    inverse = cl.diagonal_preconditioner(problem, single, jnp.float32(0.1))
    assert all(z.dtype == jnp.float32 for z in inverse(single))


def test_without_a_likelihood_all_entries_are_divided_alike():
    rosenbrock = cl.problems.rosenbrock()
    z = cl.diagonal_preconditioner(rosenbrock, jnp.ones(2), 16.0)(jnp.array([1.0, 3.0]))
    np.testing.assert_allclose(z, np.array([1.0, 3.0]) / 8, rtol=1e-12)
    with pytest.raises(TypeError, match="likelihood"):
        cl.empirical_diagonal(rosenbrock, jnp.ones(2))
