"""Symmetric solves: right on definite and indefinite systems, and honest about which is which."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from curvlib.linalg import (
    CGOutcome,
    column_lengths,
    condition_number,
    conjugate_gradients,
    norm,
    solve_least_squares,
    solve_symmetric,
    trust_region_step,
)
from curvlib.problems import random_rotation


def symmetric(eigenvalues, seed=0):
    q = random_rotation(jax.random.key(seed), len(eigenvalues))
    return (q * jnp.asarray(eigenvalues)) @ q.T


@pytest.mark.parametrize(
    "entries, length",
    [
        ([3.0, -4.0], 5),
        ([3e200, 4e200], 5e200),
        ([3e-200, 4e-200], 5e-200),
        ([0.0, 0.0], 0),
        ([1.0, np.inf], np.inf),
        ([1.0, np.nan], np.nan),
    ],
)
def test_a_norm_is_right_where_squares_are_not(entries, length):
    np.testing.assert_allclose(norm(jnp.array(entries)), length, rtol=1e-15)
    slope = jax.grad(norm)(jnp.array(entries))
    expected = np.divide(entries, length) if 0 < length < np.inf else np.zeros(2)
    if np.isfinite(length):
        np.testing.assert_allclose(slope, expected, rtol=1e-15)


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


@pytest.mark.parametrize("eigenvalues", [[1.0, 2.0, 30.0], [-1.0, 2.0, 3.0]])
def test_a_solution_has_derivatives_whether_or_not_the_matrix_is_definite(eigenvalues):
    matrix, b = symmetric(eigenvalues), jnp.array([1.0, -2.0, 0.5])
    change = symmetric([0.3, -0.2, 0.5], seed=5)

    def solution(t):
        return solve_symmetric(matrix + t * change, b * (1 + 2 * t)).x

    inverse = np.linalg.inv(matrix)
    expected = inverse @ (2 * b - change @ inverse @ b)
    np.testing.assert_allclose(jax.jacrev(solution)(0.0), expected, rtol=1e-9)
    np.testing.assert_allclose(jax.jacfwd(solution)(0.0), expected, rtol=1e-9)


def test_condition_number():
    assert condition_number(jnp.array([-8.0, 0.5])) == 16
    assert condition_number(jnp.array([0.0, 1.0])) == np.inf == condition_number(jnp.zeros(2))
    assert np.isnan(condition_number(jnp.array([1.0, jnp.nan])))


@pytest.mark.parametrize("make", [np.array, jnp.array, lambda x: x], ids=["numpy", "jax", "lists"])
def test_whole_numbers_and_lists_are_solved_in_floating_point(make):
    matrix, b = make([[1, 0], [0, 4]]), make([1, 2])
    for solution in (solve_symmetric(matrix, b), solve_least_squares(matrix, b)):
        assert solution.x.dtype == jnp.float64
        np.testing.assert_allclose(solution.x, [1.0, 0.5])
    np.testing.assert_allclose(trust_region_step(matrix, b, 9).step, [-1.0, -0.5])


@pytest.mark.parametrize(
    "matrix_dtype, b_dtype", [("float16", "float16"), ("float64", "float32"), ("float32", "float64")]
)
def test_solutions_come_in_the_dtype_of_the_right_hand_side(matrix_dtype, b_dtype):
    for solve in (solve_symmetric, solve_least_squares):
        x = solve(jnp.diag(jnp.array([1.0, 4.0], matrix_dtype)), jnp.array([1.0, 2.0], b_dtype)).x
        assert x.dtype == b_dtype
        np.testing.assert_allclose(x, [1.0, 0.5])


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


@pytest.mark.parametrize(
    "matrix, b, minimiser",
    [
        ([[1.0, 1.0, 0.0], [0.0, 0.0, 1e-8], [0.0, 0.0, 0.0]], [1.0, 1e-8, 0.0], [0.5, 0.5, 1.0]),
        ([[1.0, 1.0, 0.0], [0.0, 0.0, 1e-8]], [1.0, 1e-8], [0.5, 0.5, 1.0]),  # wide
        ([[3.0, 6.0], [4.0, 8.0]], [3.0, 4.0], [0.5, 0.25]),  # both columns do as much: lengths are 5 and 10
        ([[0.0, 2.0], [0.0, 0.0]], [2.0, 1.0], [0.0, 1.0]),  # a column of zeros
    ],
)
def test_dependent_columns_of_unequal_units_get_the_minimiser(matrix, b, minimiser):
    solution = solve_least_squares(jnp.array(matrix, jnp.float32), jnp.array(b, jnp.float32))
    assert not solution.full_rank
    np.testing.assert_allclose(solution.x, minimiser, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "dtype, scale",
    [(jnp.float64, 1e160), (jnp.float64, 1e-170), (jnp.float32, 1e20), (jnp.float32, 1e-25)],
)
def test_least_squares_where_squares_over_or_underflow(dtype, scale):
    solution = solve_least_squares(jnp.diag(jnp.array([1.0, 2.0], dtype) * scale), jnp.full(2, scale, dtype))
    assert solution.full_rank
    np.testing.assert_allclose(solution.x, [1.0, 0.5], rtol=1e-6)
    np.testing.assert_allclose(column_lengths(jnp.full((4, 2), scale, dtype)) / scale, 2.0, rtol=1e-6)


@functools.partial(jax.jit, static_argnames=("steps", "path", "preconditioner"))
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


@pytest.mark.parametrize(
    "dtype, scale", [(jnp.float32, 1e20), (jnp.float32, 1e-20), (jnp.float64, 1e160), (jnp.float64, 1e-165)]
)
def test_cg_solves_where_squares_over_or_underflow(dtype, scale):
    diagonal = jnp.array([1.0, 2.0, 3.0], dtype)
    result = cg(jnp.diag(diagonal), jnp.full(3, scale, dtype), steps=4, tol=1e-5, path=True)
    assert result.outcome == CGOutcome.CONVERGED and result.iterations == 3
    np.testing.assert_allclose(result.x / scale, 1 / diagonal, rtol=1e-5)
    np.testing.assert_allclose(result.iterates[-1], result.x)
    np.testing.assert_allclose(result.residual_norms[0] / scale, np.sqrt(3), rtol=1e-6)
    assert not np.any(np.isnan(result.values))


def test_cg_scales_its_values_and_its_start_with_the_right_hand_side():
    matrix, b = symmetric([1.0, 4.0, 9.0]), jnp.array([3e3, -1e3, 2e3])
    result = cg(matrix, b, steps=2, path=True, x0=jnp.array([50.0, 0.0, 1.0]))
    for x, value in zip(result.iterates, result.values, strict=True):
        np.testing.assert_allclose(value, 0.5 * x @ matrix @ x - b @ x, rtol=1e-10)
    zero = cg(matrix, jnp.zeros(3), steps=9, tol=1e-9, x0=jnp.full(3, 1e160))
    np.testing.assert_allclose(zero.x, 0, atol=1e146)


def test_cg_reaches_a_radius_whose_square_overflows():
    diagonal = jnp.array([2.0, -1.0], jnp.float32)
    result = cg(jnp.diag(diagonal), jnp.array([0.1, 1.0], jnp.float32), steps=5, radius=1e25)
    assert result.outcome == CGOutcome.NEGATIVE_CURVATURE and result.iterations == 1
    np.testing.assert_allclose(result.x / 1e25, np.array([0.1, 1.0]) / np.hypot(0.1, 1), rtol=1e-6)
    assert result.values[-1] == -np.inf


def test_cg_without_a_tolerance_stops_before_its_numbers_underflow():
    # In float32, rᵀr vanishes long before ‖r‖ does.
    result = cg(jnp.diag(jnp.linspace(1, 1e3, 8, dtype=jnp.float32)), jnp.ones(8, jnp.float32), 200, radius=9)
    assert result.outcome == CGOutcome.CONVERGED
    np.testing.assert_allclose(result.x, 1 / np.linspace(1, 1e3, 8), rtol=1e-4)


def test_cg_ends_where_no_step_can_be_represented():
    # α = rᵀr / pᵀAp is below the smallest float32.
    result = cg(jnp.diag(jnp.array([1e38, 2e37], jnp.float32)), jnp.ones(2, jnp.float32), 5)
    assert result.outcome == CGOutcome.ITERATIONS and np.all(np.isfinite(result.x))


def test_cg_keeps_the_dtype_of_the_right_hand_side():
    wide = np.array([1.0, 2.0])
    result = conjugate_gradients(
        lambda x: wide * x, jnp.ones(2, jnp.float32), 3, tol=1e-6, preconditioner=lambda r: wide * r
    )
    assert result.x.dtype == jnp.float32
    np.testing.assert_allclose(result.x, [1.0, 0.5], rtol=1e-6)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"tol": float("nan")}, "tol must be at least 0, got nan"),
        ({"tol": -1.0}, "tol must be at least 0"),
        ({"radius": -1.0}, "radius must be greater than 0"),
        ({"x0": {"a": jnp.ones(2)}}, r"x0 must be structured like the right-hand side, with shapes \(2,\)"),
        ({"x0": jnp.ones(3)}, r"x0 must be structured like .* got \(3,\)"),
        ({"x0": jnp.ones(2), "radius": 1.0}, r"x0 must lie within the radius 1.0, got one of length 1.41421"),
    ],
)
def test_cg_refuses_options_in_a_sentence(options, words):
    with pytest.raises(ValueError, match=words):
        cg.__wrapped__(jnp.eye(2), jnp.ones(2), 3, **options)  # a number is known outside of jit only


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


@pytest.mark.parametrize("slope", [0.0, 5e-32, -1e-31, 1e-30, 1e-12])
def test_trust_region_step_in_the_hard_case(slope):
    # No slope, or hardly any, along the direction of negative curvature; the other one wants a step inside.
    matrix, radius = jnp.diag(jnp.array([-2.0, 1.0])), 3.0
    inner = trust_region_step(matrix, jnp.array([slope, 1.0]), radius)
    np.testing.assert_allclose(jnp.linalg.norm(inner.step), radius, rtol=1e-9)
    np.testing.assert_allclose(inner.step[1], -1 / 3, rtol=1e-6)
    np.testing.assert_allclose(inner.multiplier, 2.0, rtol=1e-6)
    assert inner.on_boundary and inner.indefinite and inner.step[0] * slope <= 0


REFERENCE = [  # diagonal, gradient, radius: an interior, a boundary, an indefinite and a hard case
    ([1.0, 2.0], [1.0, 1.0], 3.0),
    ([1.0, 2.0], [1.0, 1.0], 0.1),
    ([-1.0, 2.0], [1.0, 1.0], 2.0),
    ([-1.0, 2.0], [0.0, 1.0], 2.0),
]


@pytest.mark.parametrize(
    "dtype, units",
    [
        (jnp.float32, [(1e-30, 1.0), (1e30, 1.0), (1.0, 1e-25), (1e25, 1e-22), (1e-20, 1e20)]),
        (jnp.float64, [(1e-200, 1.0), (1e250, 1.0), (1.0, 1e-170), (1e-100, 1e200)]),
    ],
)
def test_trust_region_step_does_not_depend_on_units(dtype, units):
    solve = jax.jit(trust_region_step)
    rtol = 1e-5 if dtype == jnp.float32 else 1e-12
    for diagonal, g, radius in REFERENCE:
        once = trust_region_step(jnp.diag(jnp.array(diagonal)), jnp.array(g), radius)
        for curvature, length in units:
            matrix = jnp.diag(jnp.array(diagonal, dtype) * curvature)
            scaled = solve(matrix, jnp.array(g, dtype) * curvature * length, dtype(radius * length))
            np.testing.assert_allclose(np.abs(scaled.step / length), np.abs(once.step), rtol, rtol)
            np.testing.assert_allclose(scaled.multiplier / curvature, once.multiplier, rtol, rtol)
            np.testing.assert_allclose(scaled.smallest_eigenvalue / curvature, diagonal[0], rtol)
            assert scaled.on_boundary == once.on_boundary and scaled.indefinite == once.indefinite


@pytest.mark.parametrize("radius", [1e-25, 2e-38])
def test_trust_region_step_in_a_tiny_region_goes_down_the_gradient(radius):
    g = jnp.array([300.0, 400.0], jnp.float32)
    inner = trust_region_step(jnp.diag(jnp.array([1.0, 2.0], jnp.float32)), g, radius)
    np.testing.assert_allclose(inner.step / radius, [-0.6, -0.8], rtol=1e-6)


def test_trust_region_step_has_derivatives():
    # Of H, g and Δ at once; the last two cases have equal eigenvalues.
    def outputs(t, diagonal, g, radius):
        matrix = jnp.diag(diagonal * (1 + 0.3 * t))
        inner = trust_region_step(matrix, g * (1 - 0.2 * t), radius * (1 + 0.5 * t))
        return jnp.concatenate([inner.step, jnp.stack([inner.decrease, inner.multiplier])])

    solve, forward, reverse = jax.jit(outputs), jax.jit(jax.jacfwd(outputs)), jax.jit(jax.jacrev(outputs))
    h = 1e-5
    for case in (*REFERENCE, ([2.0, 2.0], [1.0, 1.0], 0.3), ([3.0, 3.0], [1.0, 1.0], 1.0)):
        case = tuple(map(jnp.array, case))
        expected = (solve(h, *case) - solve(-h, *case)) / (2 * h)
        np.testing.assert_allclose(forward(0.0, *case), expected, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(reverse(0.0, *case), expected, rtol=1e-7, atol=1e-9)


def test_trust_region_step_has_derivatives_by_every_entry():
    def outputs(entries):
        return jnp.append(*trust_region_step(entries[:9].reshape(3, 3), entries[9:12], entries[12])[:2])

    entries = jnp.concatenate([symmetric([-1.0, 0.5, 4.0], seed=1).ravel(), jnp.array([1.0, -2.0, 0.5, 0.3])])
    solve, h = jax.jit(outputs), 1e-5
    expected = np.stack([(solve(entries + e) - solve(entries - e)) / (2 * h) for e in h * np.eye(13)], 1)
    np.testing.assert_allclose(jax.jit(jax.jacrev(outputs))(entries), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    "matrix, g, radius, words",
    [
        (jnp.ones((2, 3)), jnp.ones(2), 1.0, r"square matrix, got shape \(2, 3\)"),
        (jnp.eye(2), jnp.ones(3), 1.0, r"gradient of shape \(2,\) fits this matrix, got \(3,\)"),
        (jnp.eye(2), jnp.ones(2), 0.0, "radius must be greater than 0"),
        (jnp.eye(2), jnp.ones(2), jnp.inf, "radius must be finite, got inf"),
    ],
)
def test_trust_region_step_refuses_in_a_sentence(matrix, g, radius, words):
    with pytest.raises(ValueError, match=words):
        trust_region_step(matrix, g, radius)


def test_trust_region_step_of_a_flat_model_stays():
    inner = trust_region_step(jnp.zeros((2, 2)), jnp.zeros(2), 1.0)
    np.testing.assert_array_equal(inner.step, 0)
    assert inner.decrease == 0 and not inner.indefinite
