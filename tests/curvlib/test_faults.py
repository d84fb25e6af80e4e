"""Faults that public reports of other libraries led to, each with its right end."""

import functools
import gc

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl
from curvlib.status import Status

ARMIJO = cl.Armijo()


# A. A step that damping shortened is no sign of a minimum.


@pytest.mark.parametrize("scaling", ["identity", "marquardt"])
@pytest.mark.parametrize("small", [1e-9, 1e-7, 1e-4])
def test_a_short_damped_step_is_not_converged(scaling, small):
    problem = cl.LeastSquares(lambda p: jnp.array([p[0] - 1, small * (p[1] - 1)]))
    trace = cl.minimize(problem, cl.LevenbergMarquardt(scaling=scaling), jnp.zeros(2), steps=100)
    np.testing.assert_allclose(trace.params, 1.0, rtol=1e-6)
    assert not trace.status.failed and trace.status != Status.STEPS


@pytest.mark.parametrize("scaling", ["identity", "marquardt"])
def test_a_direction_without_any_slope_does_not_keep_it_from_converging(scaling):
    problem = cl.LeastSquares(lambda p: jnp.array([p[0] - 1, 0 * p[1]]))
    trace = cl.minimize(problem, cl.LevenbergMarquardt(scaling=scaling), jnp.array([3.0, 2.0]), steps=100)
    assert trace.status.converged and abs(trace.params[0] - 1) < 1e-10 and trace.params[1] == 2


# B. A point at which the method cannot go on is a rejected trial.


def root(p):
    """Its minimum is at 1/16; at 0 it has no derivative."""
    return jnp.sum(p - 0.5 * jnp.sqrt(p))


def test_the_trust_region_goes_back_from_where_there_is_no_gradient():
    trace = cl.minimize(cl.Objective(root), cl.TrustRegionNewton(), jnp.array([1.0]), steps=50, tol=1e-10)
    np.testing.assert_allclose(trace.params, 1 / 16, rtol=1e-9)
    assert trace.status == Status.CONVERGED


def test_the_trust_region_goes_back_from_where_there_is_no_hessian():
    """p^1.5 has a gradient at 0, and no second derivative."""
    problem = cl.Objective(lambda p: jnp.sum(p**1.5 - 0.5 * p))
    trace = cl.minimize(problem, cl.TrustRegionNewton(), jnp.array([1.0]), steps=50, tol=1e-10)
    np.testing.assert_allclose(trace.params, 1 / 9, rtol=1e-6)
    assert trace.status == Status.CONVERGED


def test_newton_with_a_line_search_goes_back():
    problem = cl.Objective(lambda p: jnp.sum(p**1.5 - 0.5 * p))
    for start in (0.25, 1.0):
        trace = cl.minimize(problem, cl.Newton(line_search=ARMIJO), jnp.array([start]), steps=50, tol=1e-10)
        np.testing.assert_allclose(trace.params, 1 / 9, rtol=1e-6)
        assert trace.status == Status.CONVERGED


def test_levenberg_marquardt_goes_back_from_where_there_is_no_jacobian():
    """r is linear in u = √p, so that the first step lands on p = 0 where du/dp is infinite."""
    problem = cl.LeastSquares(lambda p: jnp.stack([jnp.sqrt(jnp.abs(p[0])) - 0.25, 0.1 * (p[0] - 0.1)]))
    plain = cl.LevenbergMarquardt(damping=1e-8, acceleration=None)
    trace = cl.minimize(problem, plain, jnp.array([0.25]), steps=100)
    assert not trace.status.failed and abs(jax.grad(problem.loss)(trace.params)[0]) < 1e-9


def test_gauss_newton_goes_back_in_single_precision():
    x, y = jnp.arange(4, dtype=jnp.float32), jnp.array([1, 1, 0, 0], jnp.float32)
    problem = cl.LeastSquares(lambda p: 1 / (1 + jnp.exp(-p[0] * (x - p[1]))) - y)
    start = jnp.array([5.0, 1.0], jnp.float32)
    trace = cl.minimize(problem, cl.GaussNewton(line_search=ARMIJO), start, steps=200)
    assert not trace.status.failed, str(trace.status)
    assert trace.losses[-1] < 0.5 * trace.losses[0] and np.all(np.isfinite(trace.params))


def test_where_no_step_leads_anywhere_the_run_says_so():
    """Beyond 1 there is no gradient, however short the step."""
    problem = cl.Objective(lambda p: jnp.sum(jnp.where(p < 1, jnp.sqrt(jnp.where(p < 1, 0.0, p)), -p)))
    trace = cl.minimize(problem, cl.TrustRegionNewton(), jnp.array([1.0]), steps=50)
    assert trace.status.code in (Status.STAGNATED, Status.DIVERGED, Status.STEPS, Status.UNBOUNDED)
    assert np.all(np.isfinite(trace.params))


# C. A line search ends where no step is left, and not after forty.


def test_a_direction_far_too_long_is_cut_down():
    problem = cl.Supervised(
        lambda w, x: w * x, cl.likelihoods.Bernoulli(), jnp.ones(2), jnp.array([0.0, 1.0])
    )
    trace = cl.minimize(problem, cl.GaussNewton(line_search=ARMIJO), jnp.array(40.0), steps=100, tol=1e-8)
    assert trace.status == Status.CONVERGED and abs(trace.params) < 1e-6


@pytest.mark.parametrize("length", [1e20, 1e150])
def test_armijo_shortens_whatever_it_is_given(length):
    problem = cl.Objective(lambda p: jnp.sum(jnp.sqrt(1 + p**2)))
    theta = jnp.array([1.0])
    from curvlib.line_search import move_along

    loss, gradient = jax.value_and_grad(problem.loss)(theta)
    moved, failure, details = move_along(
        ARMIJO, problem, theta, jnp.array([-length]), loss, gradient[0] * -length
    )
    assert failure == 0 and problem.loss(moved) < loss and details["evaluations"] > 40


# D. Iterates that change in their last bits have stagnated.


def test_cycling_in_the_last_bit_is_a_stall():
    a, b = jnp.array([[3.0, 1.0], [1.0, 2.0]]), jnp.array([0.1, 0.7])
    problem = cl.Objective(lambda p: 0.5 * p @ a @ p - b @ p)
    trace = cl.minimize(problem, cl.Newton(), jnp.array([5.0, 5.0]), steps=1000)
    assert trace.status.code in (Status.STAGNATED, Status.CONVERGED) and trace.steps < 20
    np.testing.assert_allclose(trace.params, np.linalg.solve(a, b), rtol=1e-14)


def decay(p, t, y):
    return p[0] * jnp.exp(-p[1] * t) - y


def linear(w, x):
    return x @ w


def fits(kind, count, dtype=jnp.float64):
    """Random fits with noise: exponentials by least squares, or logistic regressions."""
    for seed in range(count):
        generator = np.random.default_rng(seed)
        if kind == "exponential":
            t = jnp.asarray(np.linspace(0, 2, 12), dtype)
            y = jnp.asarray(2 * np.exp(-1.3 * np.asarray(t)) + 0.1 * generator.normal(size=12), dtype)
            yield cl.LeastSquares(decay, t, y), jnp.ones(2, dtype)
        else:
            x = jnp.asarray(generator.normal(size=(40, 3)), dtype)
            y = jnp.asarray(generator.random(40) < 0.5, dtype)
            yield cl.Supervised(linear, cl.likelihoods.Bernoulli(), x, y), jnp.zeros(3, dtype)


@pytest.mark.parametrize("kind", ["exponential", "logistic"])
@pytest.mark.parametrize(
    "method",
    [
        cl.Newton(line_search=ARMIJO),
        cl.GaussNewton(),
        cl.GaussNewton(line_search=ARMIJO),
        cl.TrustRegionNewton(),
    ],
    ids=["Newton", "Gauss-Newton", "Gauss-Newton with Armijo", "trust region"],
)
def test_solved_fits_end_by_themselves(kind, method):
    for problem, start in fits(kind, 25):
        trace = cl.minimize(problem, method, start, steps=300)
        assert trace.steps < 60 and not trace.status.failed, str(trace.status)
        assert trace.gradient_norms[-1] < 1e-10


# G. In single precision too, and never as a failure.


@pytest.mark.parametrize("kind", ["exponential", "logistic"])
@pytest.mark.parametrize("method", [cl.Newton(line_search=ARMIJO), cl.GaussNewton(line_search=ARMIJO)])
def test_solved_fits_in_single_precision_do_not_fail(kind, method):
    for problem, start in fits(kind, 50, jnp.float32):
        trace = cl.minimize(problem, method, start, steps=300)
        assert not trace.status.failed and trace.steps < 100, str(trace.status)


def test_slow_descent_is_no_stall():
    """Its steps are in the rounding of the loss, and the gradient still shrinks."""
    problem = cl.Objective(lambda p: 1e3 + 0.5 * jnp.sum(p**2))
    trace = cl.minimize(problem, cl.GradientDescent(1e-2), jnp.array([1e-4]), steps=500)
    assert trace.status == Status.STEPS and trace.gradient_norms[-1] < 0.01 * trace.gradient_norms[0]


def test_a_true_cycle_is_no_stall():
    problem = cl.Objective(lambda p: 0.5 * jnp.sum(p**2))
    trace = cl.minimize(problem, cl.GradientDescent(2.0), jnp.array([1.0]), steps=100)
    assert trace.status == Status.STEPS and trace.steps == 100


# E. What a function finds outside of itself may change.

target = jnp.array([1.0, 2.0])
scale = 1.0


def shifted(p):
    return scale * (p - target)


def helper(p):
    return shifted(p) ** 2


@pytest.fixture
def restored():
    before = target, scale
    yield
    globals().update(target=before[0], scale=before[1])


def solved(problem):
    trace = cl.minimize(problem, cl.Newton(), jnp.zeros(2), steps=20, tol=1e-9)
    np.testing.assert_allclose(problem.loss(trace.params), trace.losses[-1], atol=1e-15)
    return np.asarray(trace.params)


@pytest.mark.parametrize(
    "make",
    [
        lambda: cl.LeastSquares(shifted),
        lambda: cl.Objective(lambda p: jnp.sum(helper(p))),
        lambda: cl.LeastSquares(functools.partial(lambda factor, p: factor * shifted(p), 3.0)),
        lambda: cl.LeastSquares(shifted).through(lambda q: q),
    ],
    ids=["global", "through functions", "partial", "behind a chart"],
)
def test_a_global_that_changes_is_seen(make, restored):
    problem = make()
    np.testing.assert_allclose(solved(problem), [1, 2], rtol=1e-8)
    globals()["target"] = jnp.array([5.0, -3.0])
    gc.collect()
    np.testing.assert_allclose(solved(problem), [5, -3], rtol=1e-8)


def test_closures_attributes_and_arrays_changed_in_place_are_seen():
    class Model:
        def __init__(self):
            self.target = jnp.ones(2)

        def residual(self, p):
            return p - self.target

    model = Model()
    problem = cl.LeastSquares(model.residual)
    np.testing.assert_allclose(solved(problem), 1.0)
    model.target = jnp.full(2, 7.0)
    np.testing.assert_allclose(solved(problem), 7.0)

    data = np.ones(2)
    problem = cl.LeastSquares(lambda p: p - data)
    np.testing.assert_allclose(solved(problem), 1.0)
    data[:] = 4.0
    np.testing.assert_allclose(solved(problem), 4.0)


def test_what_did_not_change_is_not_compiled_again(restored):
    traced = []

    def residual(p):
        traced.append(p)
        return p - target

    problem = cl.LeastSquares(residual)
    first = solved(problem)
    once = len(traced)
    np.testing.assert_array_equal(solved(cl.LeastSquares(residual)), first)
    assert len(traced) <= once + 2, "only `loss` outside of the loop"


# F. Conjugate gradients do not depend on the scale of M.


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize("size", [1e-25, 1e-3, 1.0, 1e20])
def test_the_scale_of_a_preconditioner_does_not_matter(dtype, size):
    diagonal, b = jnp.array([1.0, 2.0], dtype), jnp.ones(2, dtype)
    found = cl.conjugate_gradients(
        lambda x: diagonal * x, b, 5, tol=1e-5, preconditioner=lambda r: jnp.asarray(size, dtype) * r
    )
    assert found.outcome.converged and found.iterations == 2, str(found.outcome)
    np.testing.assert_allclose(found.x, [1.0, 0.5], rtol=1e-5)


# K. A maximum is no minimum.


@pytest.mark.parametrize("method", [cl.Newton(), cl.Newton(damping=3.0), cl.Newton(line_search=ARMIJO)])
@pytest.mark.parametrize("tol", [0.0, 1e-6])
def test_newton_does_not_call_a_maximum_converged(method, tol):
    hill = cl.Objective(lambda p: jnp.sum(jnp.cos(p)))
    trace = cl.minimize(hill, method, jnp.zeros(2), steps=20, tol=tol)
    assert trace.status == Status.NOT_A_MINIMUM and trace.status.failed and not trace.status.converged
    assert "not a minimum" in str(trace.status)


def test_a_flat_minimum_is_one():
    for loss in (lambda p: jnp.sum(p**4), lambda p: p[0] ** 2 + 0 * p[1]):
        trace = cl.minimize(cl.Objective(loss), cl.Newton(damping=1e-3), jnp.zeros(2), steps=5)
        assert trace.status == Status.CONVERGED


# Bad input


class Column:
    """As a column of a table is: an array to NumPy, and something else to JAX."""

    def __init__(self, values):
        self.values = np.asarray(values)
        self.dtype = self.values.dtype

    def __array__(self, dtype=None, copy=None):
        return self.values.astype(dtype or self.values.dtype)


def test_columns_of_a_table_are_data():
    x, y = Column([1.0, 2.0, 3.0]), Column([2.0, 4.0, 6.0])
    problem = cl.LeastSquares(lambda p, x, y: p * x - y, x, y)
    np.testing.assert_allclose(cl.minimize(problem, cl.GaussNewton(), jnp.array(0.0), 5).params, 2.0)
    problem = cl.Supervised(lambda p, x: p * x, cl.likelihoods.Gaussian(), x, y)
    np.testing.assert_allclose(cl.minimize(problem, cl.Newton(), jnp.array(0.0), 5).params, 2.0)
    with pytest.raises(TypeError, match="must be an array of numbers"):
        cl.LeastSquares(lambda p, x: p - x, Column(["a", "b"]))


def test_a_singular_system_is_told_what_there_is_against_it():
    problem = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Gaussian(), jnp.ones((3, 2)), jnp.arange(3.0))
    trace = cl.minimize(problem, cl.GaussNewton(solve=cl.Dense()), jnp.zeros(2), steps=5)
    assert trace.status == Status.SINGULAR or not trace.status.failed
    assert "LevenbergMarquardt" in str(Status(Status.SINGULAR))
