"""When conjugate gradients stop, what they keep, and how fast they are, against dense algebra."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from curvlib.linalg import CGOutcome, RelativeProgress, conjugate_gradients

RULE = RelativeProgress()


@functools.partial(jax.jit, static_argnames=("steps", "path", "keep", "preconditioner"))
def solve(eigenvalues, steps, b=None, **options):
    eigenvalues = jnp.asarray(eigenvalues, float)
    b = jnp.ones_like(eigenvalues) if b is None else b
    return conjugate_gradients(lambda x: eigenvalues * x, b, steps, **options)


def krylov_minima(eigenvalues, b, most):
    """φ₀, φ₁, … by brute force: the quadratic's minimum over each Krylov space, whose basis is made
    orthogonal in double precision by QR, vector by vector."""
    basis, values, v = np.zeros((len(b), 0)), [0.0], np.array(b, float)
    for _ in range(most):
        for _ in range(2):
            v = v - basis @ (basis.T @ v)
        basis = np.column_stack([basis, v / np.linalg.norm(v)])
        y = np.linalg.solve(basis.T @ (eigenvalues[:, None] * basis), basis.T @ b)
        x = basis @ y
        values.append(0.5 * x @ (eigenvalues * x) - b @ x)
        v = eigenvalues * basis[:, -1]
    return np.array(values)


def stop_by_hand(values, eps=5e-4):
    for i in range(1, len(values)):
        k = max(10, -(-i // 10))
        if i > k and values[i] < 0 and (values[i] - values[i - k]) / values[i] < k * eps:
            return i
    return None


@pytest.mark.parametrize("spread", [30.0, 300.0])
def test_progress_stops_where_the_rule_does_on_values_by_brute_force(spread):
    eigenvalues = np.geomspace(1, spread, 60)
    b = np.linspace(1, 2, 60)
    index = stop_by_hand(krylov_minima(eigenvalues, b, 59))
    found = solve(eigenvalues, 60, jnp.asarray(b), progress=RULE)
    assert found.iterations == index and found.outcome == CGOutcome.PROGRESS and 10 < index < 59
    assert not found.outcome.converged and "too little" in str(found.outcome)


def test_the_window_grows_with_the_iterations_done():
    values = -1 - jnp.arange(400.0) * 6e-4  # so even a fall that k drops out
    met = [i for i in range(400) if RULE.met(values, i)]
    assert met[0] == stop_by_hand(np.asarray(values))
    late = -1.0 - jnp.where(jnp.arange(400) < 300, jnp.arange(400.0), 300.0)  # flat from 300 on
    index = next(i for i in range(400) if RULE.met(late, i))
    assert index == stop_by_hand(np.asarray(late)) and index - 300 >= 30 - 1  # k = 33, not 10


@pytest.mark.parametrize("i, k", [(11, 10), (70, 10), (101, 11), (110, 11), (111, 12), (700, 70)])
def test_the_share_is_not_rounded_up_past_a_whole_number(i, k):
    values = jnp.where(jnp.arange(i + 1) <= i - k, 0.0, -1.0)  # the fall is at i − k + 1: just inside
    assert not RULE.met(values, i)
    assert RULE.met(jnp.where(jnp.arange(i + 1) < i - k, 0.0, -1.0), i)


def test_progress_waits_until_the_value_is_below_that_of_no_step():
    """From a bad start q is positive for long: without φ < 0 the rule ends there."""
    eigenvalues = np.geomspace(1, 1e6, 40)
    start = jnp.asarray(np.where(eigenvalues > 10, 0.0, 40.0))
    found = solve(eigenvalues, 200, x0=start, progress=RULE, tol=1e-9)
    assert found.values[0] > 0 and found.values[found.iterations] < 0
    rule = RelativeProgress(tol=1e3)  # any progress is too little
    assert solve(eigenvalues, 200, x0=start, progress=rule).values[-1] < 0
    at = solve(eigenvalues, 200, x0=start, progress=rule).iterations
    assert at == next(
        i for i, q in enumerate(solve(eigenvalues, 200, x0=start).values) if q < 0 and i > 10 and i > i / 10
    )


def test_the_value_falls_in_every_iteration():
    found = solve(np.geomspace(1, 1e3, 30), 25, x0=jnp.full(30, 3.0))
    assert np.all(np.diff(found.values[: int(found.iterations) + 1]) < 0)


@pytest.mark.parametrize("keep", [1, 4, 20])
@pytest.mark.parametrize("steps", [1, 5, 30])
def test_the_last_iterates_of_a_geometric_grid_are_kept(keep, steps):
    found = solve(np.geomspace(1, 1e5, 40), steps, path=True, keep=keep)
    grid = [k for k in (1, 2, 3, 4, 6, 8, 11, 15, 20, 26, 34) if k <= steps][::-1][:keep]
    np.testing.assert_array_equal(found.kept_at, grid + [-1] * (keep - len(grid)))
    for place, k in enumerate(grid):
        np.testing.assert_array_equal(found.kept[place], found.iterates[k])


def test_what_is_kept_has_the_structure_of_the_right_hand_side():
    b = {"a": jnp.ones(2, jnp.float32), "b": jnp.array(3.0, jnp.float32)}
    found = conjugate_gradients(lambda x: jax.tree.map(lambda v: 2 * v, x), b, 3, keep=2)
    assert found.kept["a"].shape == (2, 2) and found.kept["b"].dtype == jnp.float32
    assert solve([1.0, 2.0], 2).kept is None


@pytest.mark.parametrize("distinct", [1, 2, 3, 4, 5])
def test_as_many_iterations_as_distinct_eigenvalues_reach_ten_digits(distinct):
    eigenvalues = np.repeat(np.geomspace(1, 100, distinct), 8)
    found = solve(eigenvalues, distinct, jax.random.normal(jax.random.key(distinct), (8 * distinct,)))
    assert found.residual_norms[-1] <= 1e-10 * found.residual_norms[0]


def test_ten_equally_spaced_ones_do_and_ten_log_spaced_do_not():
    b = jax.random.normal(jax.random.key(0), (100,))
    even = solve(np.repeat(np.linspace(1, 1e3, 10), 10), 10, b)
    logs = solve(np.repeat(np.geomspace(1, 1e3, 10), 10), 40, b, tol=1e-10)
    assert even.residual_norms[-1] <= 1e-10 * even.residual_norms[0]
    assert logs.residual_norms[10] > 1e-3 * logs.residual_norms[0] and logs.iterations > 12


def test_the_exact_preconditioner_ends_in_one_iteration():
    eigenvalues = jnp.asarray(np.geomspace(1, 1e6, 50))
    found = solve(eigenvalues, 20, tol=1e-10, preconditioner=lambda r: r / eigenvalues)
    assert found.iterations == 1 and found.outcome.converged


@pytest.mark.parametrize(
    "inverse, most",
    [(lambda r: -r, 0), (lambda r: r * jnp.array([1.0, -1.0, 1.0]), 3), (lambda r: jnp.nan * r, 0)],
    ids=["negative", "indefinite", "not finite"],
)
def test_a_preconditioner_that_is_not_positive_definite_is_named(inverse, most):
    found = solve([1.0, 2.0, 5.0], 50, jnp.array([1.0, 0.5, 2.0]), tol=1e-12, preconditioner=inverse)
    assert found.outcome == CGOutcome.BAD_PRECONDITIONER and found.outcome.failed
    assert found.iterations <= most and np.all(np.isfinite(found.x))


@pytest.mark.parametrize("options", [{"tol": 0.0}, {"window": 0}, {"part": -0.1}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        RelativeProgress(**options)
