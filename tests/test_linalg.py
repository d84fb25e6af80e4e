"""Symmetric solves: right on definite and indefinite systems, and honest about which is which."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from curvlib.linalg import CGOutcome, conjugate_gradients, solve_symmetric, trust_region_step
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


def cg(matrix, b, steps, **options):
    return conjugate_gradients(lambda x: matrix @ x, b, steps, **options)


@pytest.mark.parametrize("distinct", [1, 3, 6])
def test_cg_ends_after_as_many_iterations_as_there_are_distinct_eigenvalues(distinct):
    eigenvalues = np.repeat(np.linspace(1, 10, distinct), 12 // distinct)
    matrix, b = symmetric(eigenvalues), jax.random.normal(jax.random.key(1), (12,))
    result = cg(matrix, b, steps=12, tol=1e-10)
    assert result.iterations == distinct and result.outcome == CGOutcome.CONVERGED
    np.testing.assert_allclose(result.x, np.linalg.solve(matrix, b), rtol=1e-9)


def test_cg_iterates_minimise_the_quadratic_over_krylov_spaces():
    matrix, b = symmetric([1.0, 3.0, 10.0, 30.0, 80.0]), jnp.arange(1.0, 6.0)
    result = cg(matrix, b, steps=4, path=True)
    krylov = np.stack([np.linalg.matrix_power(matrix, k) @ b for k in range(4)], 1)
    for k in range(1, 5):
        space = np.linalg.qr(krylov[:, :k])[0]
        best = space @ np.linalg.solve(space.T @ matrix @ space, space.T @ b)
        np.testing.assert_allclose(result.iterates[k], best, rtol=1e-7)
        np.testing.assert_allclose(result.values[k], 0.5 * best @ matrix @ best - b @ best, rtol=1e-10)
        np.testing.assert_allclose(result.residual_norms[k], np.linalg.norm(b - matrix @ best), rtol=1e-6)
    assert np.all(np.diff(result.values) < 0)


def test_cg_repeats_its_last_record_and_says_why_it_stopped():
    result = cg(jnp.diag(jnp.array([1.0, 2.0])), jnp.array([1.0, 1.0]), steps=6, tol=1e-8)
    assert "converged" in str(result.outcome) and np.all(result.values[2:] == result.values[2])
    assert "took all its iterations" in str(
        cg(symmetric([1.0, 5.0, 9.0]), jnp.ones(3), steps=1, tol=1e-8).outcome
    )
    nothing = cg(jnp.eye(2), jnp.zeros(2), steps=3)
    assert nothing.iterations == 0 and nothing.outcome == CGOutcome.CONVERGED


def test_cg_starts_where_it_is_told():
    matrix, b = symmetric([1.0, 4.0, 9.0]), jnp.array([1.0, 2.0, 3.0])
    solution = np.linalg.solve(matrix, b)
    assert cg(matrix, b, steps=3, tol=1e-9, x0=jnp.asarray(solution)).iterations == 0
    np.testing.assert_allclose(cg(matrix, b, steps=3, x0=jnp.ones(3)).x, solution, rtol=1e-9)


def test_cg_with_the_inverse_as_preconditioner_takes_one_iteration():
    matrix, b = symmetric([1.0, 40.0, 900.0]), jnp.array([1.0, -1.0, 2.0])
    result = cg(matrix, b, 3, tol=1e-9, preconditioner=lambda r: jnp.linalg.solve(matrix, r))
    assert result.iterations == 1
    np.testing.assert_allclose(result.x, jnp.linalg.solve(matrix, b), rtol=1e-9)


def test_cg_at_negative_curvature():
    matrix, b = jnp.diag(jnp.array([2.0, -1.0])), jnp.array([0.1, 1.0])
    free = cg(matrix, b, steps=5, path=True)
    assert free.outcome == CGOutcome.NEGATIVE_CURVATURE and free.iterations == 0
    np.testing.assert_array_equal(free.x, 0)
    bounded = cg(matrix, b, steps=5, radius=3.0)
    assert bounded.outcome == CGOutcome.NEGATIVE_CURVATURE
    np.testing.assert_allclose(bounded.x, 3 * b / jnp.linalg.norm(b), rtol=1e-12)


@pytest.mark.parametrize("radius", [0.1, 0.5, 2.0])
def test_cg_never_leaves_the_radius_and_equals_the_path_inside(radius):
    matrix, b = symmetric([1.0, 3.0, 10.0]), jnp.array([1.0, 1.0, 1.0])
    result, free = cg(matrix, b, 3, tol=1e-9, radius=radius), cg(matrix, b, 3, tol=1e-9)
    if jnp.linalg.norm(free.x) <= radius:
        np.testing.assert_allclose(result.x, free.x)
    else:
        assert result.outcome == CGOutcome.BOUNDARY
        np.testing.assert_allclose(jnp.linalg.norm(result.x), radius, rtol=1e-12)


def test_cg_takes_pytrees_float32_and_jit():
    b = {"a": jnp.ones(2, jnp.float32), "b": jnp.array(3.0, jnp.float32)}
    scale = {"a": jnp.array([1.0, 2.0], jnp.float32), "b": jnp.array(4.0, jnp.float32)}
    solve = jax.jit(
        lambda b: conjugate_gradients(lambda x: jax.tree.map(jnp.multiply, scale, x), b, 3, path=True)
    )
    result = solve(b)
    assert result.x["b"].dtype == jnp.float32 and result.iterates["a"].shape == (4, 2)
    np.testing.assert_allclose(result.x["a"], [1.0, 0.5], rtol=1e-5)


@pytest.mark.parametrize("where", ["matrix", "right-hand side"])
def test_cg_says_what_is_not_finite_and_keeps_what_it_has(where):
    matrix, b = jnp.diag(jnp.array([1.0, 2.0, 3.0])), jnp.ones(3)
    if where == "matrix":
        matrix = matrix.at[1, 1].set(jnp.nan)
    else:
        b = b.at[2].set(jnp.inf)
    for radius in (jnp.inf, 2.0):
        result = cg(matrix, b, 3, radius=radius)
        assert result.outcome == CGOutcome.NOT_FINITE and "not finite" in str(result.outcome)
        np.testing.assert_array_equal(result.x, 0)


def test_cg_keeps_the_iterate_before_a_product_overflows():
    def product(x):
        return jnp.where(x[0] == 1.0, jnp.array([1.0, 4.0]) * x, jnp.nan)

    result = conjugate_gradients(product, jnp.ones(2), 5)
    assert result.outcome == CGOutcome.NOT_FINITE and result.iterations == 1
    np.testing.assert_allclose(result.x, 2 / 5)


def test_cg_refuses_whole_numbers():
    with pytest.raises(TypeError, match="right-hand side must be floating-point, got int"):
        cg(jnp.eye(2), jnp.array([1, 2]), 3)


@pytest.mark.parametrize("steps", [0, 1.5, True])
def test_cg_says_what_steps_must_be(steps):
    with pytest.raises(ValueError, match="at least 1"):
        cg(jnp.eye(2), jnp.ones(2), steps)


def brute_force(matrix, g, radius):
    """The best of many points of the disc, the boundary included."""
    angles, radii = np.linspace(0, 2 * np.pi, 4001), np.linspace(0, radius, 401)
    points = radii[:, None, None] * np.stack([np.cos(angles), np.sin(angles)], -1)
    return np.min(points @ g + 0.5 * np.einsum("...i,ij,...j", points, matrix, points))


@pytest.mark.parametrize("eigenvalues", [(1.0, 5.0), (-2.0, 3.0), (-4.0, -1.0), (0.0, 2.0)])
@pytest.mark.parametrize("radius", [0.05, 0.7, 30.0])
def test_trust_region_step_is_the_constrained_minimum(eigenvalues, radius):
    matrix, g = symmetric(eigenvalues, seed=3), jnp.array([0.8, -0.3])
    inner = trust_region_step(matrix, g, radius)
    assert jnp.linalg.norm(inner.step) <= radius * (1 + 1e-9)
    np.testing.assert_allclose(inner.decrease, -brute_force(matrix, g, radius), rtol=2e-4)
    np.testing.assert_allclose(
        (matrix + inner.multiplier * np.eye(2)) @ inner.step,
        -g,
        atol=1e-7 * (1 + radius * np.max(np.abs(eigenvalues))),
    )
    assert bool(inner.indefinite) is (eigenvalues[0] < 0)


@pytest.mark.parametrize("slope", [0.0, 1e-30, 1e-12])
def test_trust_region_step_in_the_hard_case(slope):
    # No slope, or hardly any, along the direction of negative curvature; the other one wants a step inside.
    matrix, radius = jnp.diag(jnp.array([-2.0, 1.0])), 3.0
    inner = trust_region_step(matrix, jnp.array([slope, 1.0]), radius)
    np.testing.assert_allclose(jnp.linalg.norm(inner.step), radius, rtol=1e-9)
    np.testing.assert_allclose(inner.step[1], -1 / 3, rtol=1e-6)
    np.testing.assert_allclose(inner.multiplier, 2.0, rtol=1e-6)
    assert inner.on_boundary and inner.indefinite and inner.step[0] * slope <= 0


def test_trust_region_step_of_a_flat_model_stays():
    inner = trust_region_step(jnp.zeros((2, 2)), jnp.zeros(2), 1.0)
    np.testing.assert_array_equal(inner.step, 0)
    assert inner.decrease == 0 and not inner.indefinite
