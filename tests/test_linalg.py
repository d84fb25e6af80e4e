"""Symmetric solves: right on definite and indefinite systems, and honest about which is which."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from curvlib.linalg import solve_symmetric
from curvlib.problems import random_rotation


def symmetric(eigenvalues, seed=0):
    q = random_rotation(jax.random.key(seed), len(eigenvalues))
    return (q * jnp.asarray(eigenvalues)) @ q.T


@pytest.mark.parametrize(
    "eigenvalues, definite",
    [
        ([1.0, 2.0, 30.0], True),
        ([1e-9, 1.0, 5.0], True),
        ([-1.0, 2.0, 3.0], False),
        ([-3.0, -2.0, -1.0], False),
    ],
)
def test_solution_and_definiteness(eigenvalues, definite):
    matrix, b = symmetric(eigenvalues), jnp.array([1.0, -2.0, 0.5])
    solution = solve_symmetric(matrix, b)
    assert bool(solution.positive_definite) is definite
    np.testing.assert_allclose(solution.x, np.linalg.solve(matrix, b), rtol=1e-6)


def test_a_zero_pivot_is_no_obstacle():
    # Without pivoting the factorization of [[0, 1], [1, 0]] breaks down at its first entry.
    solution = solve_symmetric(jnp.array([[0.0, 1.0], [1.0, 0.0]]), jnp.array([2.0, 3.0]))
    np.testing.assert_allclose(solution.x, [3.0, 2.0])
    assert not solution.positive_definite


@pytest.mark.parametrize("matrix", [jnp.zeros((2, 2)), jnp.array([[1.0, 0.0], [0.0, 0.0]])])
def test_a_singular_system_shows_in_its_solution(matrix):
    solution = solve_symmetric(matrix, jnp.array([1.0, 1.0]))
    assert not np.all(np.isfinite(solution.x)) and not solution.positive_definite


@pytest.mark.parametrize(
    "matrix, b, words",
    [
        (jnp.ones((2, 3)), jnp.ones(2), r"square matrix, got shape \(2, 3\)"),
        (jnp.ones(2), jnp.ones(2), r"square matrix, got shape \(2,\)"),
        (jnp.eye(2), jnp.ones(3), r"shape \(2,\) fits this matrix, got \(3,\)"),
    ],
)
def test_shapes_that_do_not_fit_get_a_sentence(matrix, b, words):
    with pytest.raises(ValueError, match=words):
        solve_symmetric(matrix, b)
