"""Large trust-region subproblems, solved in the tridiagonal form: the same answers as from the eigenbasis."""

from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import curvlib as cl
from curvlib.linalg import bisection, tridiagonal, trust_region, trust_region_step

N = 90
RANDOM = np.random.default_rng(1)
ROTATION = np.linalg.qr(RANDOM.normal(size=(N, N)))[0]
SPECTRUM = np.sort(RANDOM.normal(size=N))
GRADIENT = RANDOM.normal(size=N)
EPS = np.finfo(float).eps


def solver(rows):
    """``trust_region_step``, compiled for a bound of so many rows on the eigenbasis."""

    @jax.jit
    def solve(matrix, g, radius):
        with mock.patch.object(trust_region, "EIGENBASIS_UP_TO", rows):
            return trust_region_step(matrix, g, radius)

    return solve


in_tridiagonal_form, in_eigenbasis = solver(0), solver(10**6)


def rotated(eigenvalues):
    return (ROTATION * eigenvalues) @ ROTATION.T


def without(g, directions):
    return g - directions @ (directions.T @ g)


def assert_same(problem, rtol=1e-12, sides=False, atol=2e-11):
    """All that is returned but for the step of a hard case, where there is a choice (``sides``)."""
    mine, theirs = in_tridiagonal_form(*problem), in_eigenbasis(*problem)
    radius, size = problem[2], np.max(np.abs(problem[0]))
    if not sides:
        np.testing.assert_allclose(mine.step, theirs.step, rtol=0, atol=atol * radius)
    np.testing.assert_allclose(norm(mine.step), norm(theirs.step), rtol=rtol)
    np.testing.assert_allclose(mine.decrease, theirs.decrease, rtol=10 * rtol)
    np.testing.assert_allclose(mine.multiplier, theirs.multiplier, rtol=rtol, atol=rtol * size)
    np.testing.assert_allclose(mine.smallest_eigenvalue, theirs.smallest_eigenvalue, rtol=0, atol=rtol * size)
    np.testing.assert_allclose(mine.condition, theirs.condition, rtol=max(1e4 * rtol, 1e-9))
    assert mine.indefinite == theirs.indefinite and mine.on_boundary == theirs.on_boundary
    assert mine.step.dtype == theirs.step.dtype
    return mine


def norm(x):
    return np.linalg.norm(np.asarray(x, np.longdouble))


def test_the_number_of_rows_decides():
    for rows, used, spared in ((100, "eigh", "tridiagonal"), (101, "tridiagonal", "eigh")):
        program = str(jax.make_jaxpr(trust_region_step)(np.eye(rows), np.ones(rows), 1.0))
        assert f" {used}[" in program and f" {spared}[" not in program


@pytest.mark.parametrize("radius", [1e-9, 0.3, 2.0, 1e3])
@pytest.mark.parametrize("spectrum", [np.abs(SPECTRUM) + 0.1, SPECTRUM, -np.abs(SPECTRUM) - 0.1])
@pytest.mark.parametrize("diagonal", [False, True])
def test_inside_and_on_the_boundary(spectrum, radius, diagonal):
    matrix = np.diag(np.random.default_rng(2).permutation(spectrum)) if diagonal else rotated(spectrum)
    inner = assert_same((matrix, GRADIENT, radius))
    assert inner.on_boundary == (spectrum[0] < 0 or radius < 100)


HARD = without(GRADIENT, ROTATION[:, :1])
LENGTH = np.linalg.norm(np.linalg.pinv(rotated(SPECTRUM - SPECTRUM[0]), rcond=1e-9) @ HARD)


@pytest.mark.parametrize("slope", [1e-3, -1e-6, 1e-9, -1e-12, 3e-14])
def test_nearly_hard_cases(slope):
    inner = assert_same((rotated(SPECTRUM), HARD + slope * ROTATION[:, 0], 2 * LENGTH))
    assert (ROTATION[:, 0] @ inner.step) * slope < 0


@pytest.mark.parametrize("g", [HARD, 0 * HARD, 1e-18 * HARD])
def test_the_hard_case(g):
    inner = assert_same((rotated(SPECTRUM), g, 2 * LENGTH), sides=True)
    np.testing.assert_allclose(inner.multiplier, -SPECTRUM[0], rtol=1e-13)
    np.testing.assert_allclose(norm(inner.step), 2 * LENGTH, rtol=1e-14)
    assert inner.on_boundary and inner.indefinite


@pytest.mark.parametrize("kept", [0.0, 1e-13, 1e-5, 1.0])
def test_many_lowest_eigenvectors(kept):
    spectrum = np.where(np.arange(N) < 7, SPECTRUM[0], SPECTRUM)
    g = without(GRADIENT, ROTATION[:, :7]) + kept * ROTATION[:, 3]
    # Rounding of H parts the seven, by 1e-15, which is not nothing beside λ + ℓ_min = 5e-8.
    assert_same((rotated(spectrum), g, 200.0), sides=kept < 1e-12, atol=1e-7 if kept == 1e-5 else 2e-11)


@pytest.mark.parametrize("slope", [0.0, 1e-30, 1e-13, 1e-3])
def test_a_matrix_in_blocks(slope):
    # Tridiagonal from the start, with zeros beside the diagonal, the lowest eigenvalue seven times over.
    matrix = np.diag(np.where(np.arange(N) % 13 == 0, -1.0, np.arange(N)))
    matrix[4, 5] = matrix[5, 4] = 2.0
    g = np.where(np.arange(N) % 13 == 0, 0, GRADIENT)
    g[26] = slope
    inner = assert_same((matrix, g, 30.0), sides=slope < 1e-12)
    assert slope < 1e-12 or inner.step[26] < 0


@pytest.mark.parametrize("sign", [1.0, -1.0, 0.0])
@pytest.mark.parametrize("radius", [0.3, 30.0])
def test_multiples_of_the_identity(sign, radius):
    for g in (GRADIENT, 0 * GRADIENT):
        assert_same((sign * np.eye(N), g, radius), sides=not g.any())


def test_singular_matrices():
    zero = np.arange(N) < 20
    inner = assert_same((np.diag(np.where(zero, 0.0, np.abs(SPECTRUM))), np.where(zero, 0, GRADIENT), 1e9))
    assert inner.condition == np.inf and inner.smallest_eigenvalue == 0 and not inner.indefinite
    flat = rotated(np.where(zero, 0.0, np.abs(SPECTRUM)))
    inner = in_tridiagonal_form(flat, GRADIENT, 1e3)
    assert inner.on_boundary and inner.condition > 1e14 and not inner.indefinite
    np.testing.assert_allclose(inner.decrease, in_eigenbasis(flat, GRADIENT, 1e3).decrease, rtol=1e-12)


def test_eigenvalues_of_very_different_sizes():
    graded = np.geomspace(1e-20, 1.0, N)
    assert_same((np.diag(graded), graded * GRADIENT, 1e2))


@pytest.mark.parametrize("units", [1e150, 1e-150])
@pytest.mark.parametrize("length", [1.0, 1e60, 1e-60])
def test_units_do_not_matter(units, length):
    for g, radius in ((GRADIENT, 2.0), (GRADIENT, 1e-3), (HARD, 2 * LENGTH)):
        once = in_tridiagonal_form(rotated(SPECTRUM), g, radius)
        scaled = in_tridiagonal_form(rotated(SPECTRUM) * units, g * units * length, radius * length)
        if g is not HARD:
            np.testing.assert_allclose(scaled.step / length, once.step, rtol=0, atol=1e-12 * radius)
        np.testing.assert_allclose(norm(scaled.step), norm(once.step) * length, rtol=1e-12)
        np.testing.assert_allclose(scaled.multiplier / units, once.multiplier, rtol=1e-12)
        np.testing.assert_allclose(scaled.smallest_eigenvalue / units, SPECTRUM[0], rtol=1e-12)
        np.testing.assert_allclose(scaled.decrease / units / length / length, once.decrease, rtol=1e-12)


@pytest.mark.parametrize("units", [1.0, 1e-30, 1e30])
def test_single_precision(units):
    def problem(matrix, g, radius):
        return tuple(np.float32(x) for x in (matrix * units, g * units, radius))

    close = {"rtol": 4e-6, "atol": 4e-5}
    assert_same(problem(rotated(np.abs(SPECTRUM) + 0.1), GRADIENT, 1e3), **close)
    assert_same(problem(rotated(SPECTRUM), GRADIENT, 2.0), **close)
    assert_same(problem(rotated(SPECTRUM), HARD + 1e-2 * ROTATION[:, 0], 2 * LENGTH), **close)
    assert_same(problem(rotated(SPECTRUM), HARD, 2 * LENGTH), **close, sides=True)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_gives_no_step(bad):
    matrix, g = rotated(SPECTRUM), GRADIENT.copy()
    matrix[N - 1, N - 1] = g[3] = bad
    inner = in_tridiagonal_form(matrix, GRADIENT, 1.0)
    assert np.isnan(inner.step).all() and np.isnan(inner.smallest_eigenvalue) and np.isnan(inner.condition)
    assert not inner.on_boundary and not inner.indefinite and inner.multiplier == 0
    assert np.isnan(in_tridiagonal_form(rotated(SPECTRUM), g, 1.0).step).all()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    few=st.lists(st.sampled_from([-3.0, -1.0, -1e-6, 0.0, 1e-9, 1.0, 2.5]), min_size=1, max_size=4),
    spread=st.sampled_from([0.0, 1e-15, 1e-8, 1.0]),
    kept=st.integers(0, N),
    magnitude=st.floats(-12, 3),
    radius=st.floats(-6, 6),
    diagonal=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_the_conditions_of_a_minimum(few, spread, kept, magnitude, radius, diagonal, seed):
    """(H + λI)δ = −g, H + λI ⪰ 0, ‖δ‖ ≤ Δ, λ(Δ − ‖δ‖) = 0: theorem 4.1 of Nocedal & Wright, to rounding."""
    random, radius = np.random.default_rng(seed), 10.0**radius
    eigenvalues = random.choice(few, N) + spread * random.normal(size=N)
    g = 10.0**magnitude * random.normal(size=N) * (random.permutation(N) < kept)
    matrix = np.diag(eigenvalues)
    if not diagonal:
        matrix, g = rotated(eigenvalues), ROTATION @ g
    inner = in_tridiagonal_form(matrix, g, radius)
    scale = np.max(np.abs(eigenvalues))
    rounding = 100 * EPS * N

    step, multiplier = np.asarray(inner.step), float(inner.multiplier)
    residual = matrix @ step + multiplier * step + g
    assert np.linalg.norm(residual) <= rounding * (scale * radius + np.linalg.norm(g))
    assert multiplier >= 0 and np.min(eigenvalues) + multiplier >= -rounding * scale
    assert np.linalg.norm(step) <= radius * (1 + rounding)
    assert multiplier == 0 or np.linalg.norm(step) >= radius * (1 - rounding)
    np.testing.assert_allclose(inner.smallest_eigenvalue, np.min(eigenvalues), rtol=0, atol=rounding * scale)


@pytest.mark.parametrize("lowest, radius", [(0.3, 1e3), (0.3, 0.5), (-1.0, 2.0)])
def test_derivatives(lowest, radius):
    n = 110
    diagonal = jnp.linspace(lowest, 4.0, n).at[5].set(lowest)  # twice the lowest
    v, g = np.random.default_rng(3).normal(size=(2, n))
    reflection = np.eye(n) - 2 * np.outer(v, v) / (v @ v)

    def outputs(t):
        matrix = (reflection * diagonal * (1 + 0.3 * t)) @ reflection + 0.1 * t * np.outer(g, g) / n
        inner = trust_region_step(matrix, g * (1 - 0.2 * t), radius * (1 + 0.5 * t))
        return jnp.concatenate([inner.step, jnp.stack([inner.decrease, inner.multiplier])])

    solve, h = jax.jit(outputs), 1e-4
    assert "tridiagonal[" in str(jax.make_jaxpr(outputs)(0.0))
    expected = (solve(h) - solve(-h)) / (2 * h)
    # H has two equal eigenvalues at t = 0 and the derivative of neither.
    np.testing.assert_allclose(jax.jit(jax.jacfwd(outputs))(0.0), expected, rtol=1e-6, atol=1e-6)
    weights = jnp.asarray(np.random.default_rng(4).normal(size=n + 2))
    slope = jax.jit(jax.grad(lambda t: weights @ outputs(t)))(0.0)
    np.testing.assert_allclose(slope, weights @ expected, rtol=1e-6, atol=1e-6)


def test_derivatives_of_eigenvalues():
    n = 104
    direction = np.random.default_rng(5).normal(size=(n, n))
    matrix = np.diag(np.linspace(-0.5, 3.0, n)) + 0.01 * (direction + direction.T)

    def outputs(t):
        inner = trust_region_step(matrix + t * (direction + direction.T), np.ones(n), 1.0)
        return jnp.stack([inner.smallest_eigenvalue, jnp.log(inner.condition)])

    solve, h = jax.jit(outputs), 1e-6
    expected = (solve(h) - solve(-h)) / (2 * h)
    np.testing.assert_allclose(jax.jit(jax.jacfwd(outputs))(0.0), expected, rtol=1e-5)


def test_many_at_once():
    matrices = np.stack([rotated(SPECTRUM), rotated(np.abs(SPECTRUM))])
    radii = np.array([2.0, 0.5])
    together = jax.vmap(in_tridiagonal_form, in_axes=(0, None, 0))(matrices, GRADIENT, radii)
    for i, matrix in enumerate(matrices):
        alone = in_tridiagonal_form(matrix, GRADIENT, radii[i])
        np.testing.assert_allclose(together.step[i], alone.step, rtol=1e-9, atol=1e-12)


def test_newtons_method_with_300_parameters():
    # Three hundred wells in a row, from the top of all: no gradient there, and many directions down.
    def loss(x):
        return jnp.sum((x**2 - 1) ** 2) / 4 + 0.3 * jnp.sum((x[1:] - x[:-1]) ** 2)

    trace = cl.minimize(cl.Objective(loss), cl.TrustRegionNewton(), jnp.zeros(300), steps=60, tol=1e-9)
    assert trace.status == cl.Status.CONVERGED, str(trace.status)
    assert trace.losses[0] == 75 and trace.steps < 20
    np.testing.assert_allclose(np.abs(trace.params), 1.0, rtol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 3, 40])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_tridiagonal_form(n, dtype):
    random = np.random.default_rng(n)
    matrix = random.normal(size=(n, n)).astype(dtype)
    matrix = matrix + matrix.T
    form = jax.jit(tridiagonal.tridiagonalize)(matrix)
    basis = jax.vmap(lambda x: tridiagonal.rotate_back(form, x), out_axes=1)(jnp.eye(n, dtype=dtype))
    inner = np.diag(form.diagonal) + np.diag(form.off_diagonal, 1) + np.diag(form.off_diagonal, -1)
    tolerance = 10 * n * np.finfo(dtype).eps
    np.testing.assert_allclose(basis @ inner @ basis.T, matrix, atol=tolerance * np.max(np.abs(matrix)))
    np.testing.assert_allclose(tridiagonal.rotate(form, basis[:, 0]), np.eye(n)[0], atol=tolerance)

    eigenvalues = np.linalg.eigvalsh(matrix.astype(float))
    sizes = np.abs(eigenvalues)
    expected = [eigenvalues[0], np.min(sizes), np.max(sizes)]
    found = tridiagonal.telling_eigenvalues(form)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.max(sizes))
    bounds = jnp.linspace(-3, 3, 7, dtype=dtype)
    below = [np.sum(eigenvalues < bound) for bound in bounds]
    np.testing.assert_array_equal(tridiagonal.count_below(form, bounds), below)

    b = random.normal(size=n).astype(dtype)
    shift = 1 - eigenvalues[0]
    solution = tridiagonal.solve_shifted(form, dtype(shift), b)
    np.testing.assert_allclose(inner @ solution + dtype(shift) * solution, b, atol=10 * tolerance)
    assert np.isnan(tridiagonal.solve_shifted(form, dtype(-0.1 - eigenvalues[0]), b)).all()


def test_counting_goes_on_behind_a_pivot_of_zero():
    form = tridiagonal.tridiagonalize(jnp.diag(jnp.array([1.0, 0.0, 2.0, -1.0])))
    np.testing.assert_array_equal(tridiagonal.count_below(form, jnp.array([1.0, 1.5, 2.0])), [2, 3, 3])


def test_bisection():
    found = bisection.bisect(
        lambda x: x >= jnp.array([1e-200, 3.0, 1e-320]), jnp.full(3, 1e-300), jnp.full(3, 1e300)
    )
    np.testing.assert_array_equal(found.already, [False, False, True])
    np.testing.assert_allclose(found.at, [1e-200, 3.0, 1e-300], rtol=1e-13)
    assert (found.below[:2] < found.at[:2]).all()
