"""The loop: what it records, why it stops, what it compiles, and what it says of bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import curvlib as cl
from curvlib.hyperparameters import hyperparameters
from curvlib.minimize import _at_once

START = jnp.array([-2.0, 1.0])


def test_records_are_the_run_written_out():
    problem, step_size, steps = cl.problems.quadratic(20.0, 0.5), 0.04, 12
    hessian = np.asarray(cl.hessian(problem, START))
    trace = cl.minimize(problem, cl.GradientDescent(step_size), START, steps=steps, path=True)
    theta = np.asarray(START)
    for k in range(steps + 1):
        np.testing.assert_allclose(trace.path[k], theta, rtol=1e-12)
        np.testing.assert_allclose(trace.losses[k], 0.5 * theta @ hessian @ theta, rtol=1e-12)
        np.testing.assert_allclose(trace.gradient_norms[k], np.linalg.norm(hessian @ theta), rtol=1e-12)
        theta = theta - step_size * hessian @ theta
    assert trace.steps == steps and trace.status == cl.Status.STEPS
    np.testing.assert_array_equal(trace.params, trace.path[-1])


def test_it_stops_at_the_tolerance_and_repeats_the_last_record():
    trace = cl.minimize(
        cl.problems.quadratic(5.0), cl.GradientDescent(1 / 3), START, steps=100, tol=1e-3, path=True
    )
    k = int(trace.steps)
    assert trace.status == cl.Status.CONVERGED and 0 < k < 100
    assert trace.gradient_norms[k] <= 1e-3 < trace.gradient_norms[k - 1]
    assert np.all(trace.losses[k:] == trace.losses[k]) and np.all(trace.path[k:] == trace.path[k])
    np.testing.assert_array_equal(trace.params, trace.path[k])


def test_a_start_at_the_minimum_takes_no_step():
    trace = cl.minimize(cl.problems.quadratic(5.0), cl.Newton(), jnp.zeros(2), steps=3)
    assert trace.steps == 0 and trace.status == cl.Status.CONVERGED


def test_divergence_keeps_the_last_finite_point_and_the_best_one():
    trace = cl.minimize(cl.problems.quadratic(10.0), cl.GradientDescent(1.0), START, steps=2000, path=True)
    assert trace.status == cl.Status.DIVERGED and trace.status.failed and "diverged" in str(trace.status)
    for leaf in jax.tree.leaves((trace.params, trace.losses, trace.gradient_norms, trace.path)):
        assert np.all(np.isfinite(leaf))
    np.testing.assert_array_equal(trace.params, trace.path[int(trace.steps)])
    np.testing.assert_array_equal(trace.best_params, START)  # it climbed from the first step


def test_a_loss_that_turns_nan_keeps_the_point_before():
    problem = cl.Objective(lambda p: jnp.where(p[0] > 0.5, p[0] ** 2, jnp.nan))
    trace = cl.minimize(problem, cl.GradientDescent(0.3), jnp.array([2.0]), steps=10, path=True)
    assert trace.status == cl.Status.DIVERGED
    np.testing.assert_allclose(trace.path[:4, 0], [2.0, 0.8, 0.8, 0.8])
    np.testing.assert_allclose(trace.params, [0.8])


def test_the_best_point_is_kept_when_the_run_climbs_from_it():
    problem = cl.Objective(lambda p: jnp.sum(p**2))
    trace = cl.minimize(problem, cl.GradientDescent(lambda k: jnp.where(k == 0, 0.25, 1.5)), START, steps=6)
    np.testing.assert_allclose(trace.best_params, START / 2)
    assert trace.status == cl.Status.CLIMBED


@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf])
def test_a_start_that_is_not_finite_is_a_status(bad):
    trace = cl.minimize(cl.problems.quadratic(5.0), cl.GradientDescent(0.1), START.at[0].set(bad), steps=5)
    assert trace.status == cl.Status.BAD_START and trace.steps == 0 and "start" in str(trace.status)


def test_a_step_too_small_to_matter_is_a_stall():
    problem = cl.Objective(lambda p: jnp.sum((p - 3.0) ** 4))
    trace = cl.minimize(problem, cl.GradientDescent(1e-30), START, steps=50)
    assert trace.status == cl.Status.STAGNATED and trace.steps == 0


@pytest.mark.parametrize(
    "method",
    [
        cl.GradientDescent(lambda k: 0.02 * k),
        cl.FirstOrder(optax.adam(optax.linear_schedule(0.0, 0.1, 5))),
        cl.FirstOrder(optax.MultiSteps(optax.sgd(0.1), every_k_schedule=3).gradient_transformation()),
    ],
    ids=["warm-up", "Adam's warm-up", "accumulated gradients"],
)
def test_a_step_that_waits_is_no_stall(method):
    trace = cl.minimize(cl.problems.quadratic(5.0), method, START, steps=20, path=True)
    np.testing.assert_array_equal(trace.path[1], START)
    assert trace.status == cl.Status.STEPS and trace.losses[-1] < 0.9 * trace.losses[0]


def test_a_method_may_say_itself_that_it_has_converged():
    @hyperparameters
    class Halving:
        def init(self, problem, params, key=None):
            return jnp.int32(0)

        def step(self, problem, params, state, curvature=None):
            loss = problem.loss(params)
            converged = jnp.where(loss < 0.1, cl.Status.CONVERGED_DECREASE, 0)
            return params / 2, state + 1, cl.Info(loss, loss, stop=converged)

    trace = cl.minimize(cl.problems.quadratic(1.0), Halving(), jnp.ones(2), steps=50, path=True)
    assert trace.status == cl.Status.CONVERGED_DECREASE and trace.status.converged
    assert not trace.status.failed and trace.steps == 2  # losses 1, 1/4, 1/16
    np.testing.assert_array_equal(trace.params, [0.25, 0.25])


@pytest.mark.parametrize("steps", [1, 30, 31, 32, 33, 64, 100])
def test_records_are_whole_at_the_edges_of_their_blocks(steps):
    trace = cl.minimize(cl.problems.quadratic(2.0), cl.GradientDescent(0.1), START, steps, path=True)
    assert trace.steps == steps and trace.losses.shape == (steps + 1,)
    expected = START * np.array([0.9, 0.8]) ** np.arange(steps + 1)[:, None]
    np.testing.assert_allclose(trace.path, expected, rtol=1e-12)
    np.testing.assert_allclose(trace.losses, 0.5 * expected**2 @ np.array([1.0, 2.0]), rtol=1e-12)


def test_a_failure_on_the_first_row_of_a_block_keeps_the_last_of_the_block_before():
    # θ grows by one a step, and the loss ends after θ = 31: step 32 opens the second block.
    problem = cl.Objective(lambda p: jnp.where(p[0] < 31.5, -p[0], jnp.nan))
    trace = cl.minimize(problem, cl.GradientDescent(1.0), jnp.zeros(1), steps=80, path=True)
    assert trace.status == cl.Status.DIVERGED and trace.steps == 31
    np.testing.assert_allclose(trace.path[:, 0], np.minimum(np.arange(81), 31))
    np.testing.assert_allclose(trace.losses, -trace.path[:, 0])


def test_a_momentum_that_still_grows_is_no_stall():
    # The first steps are lost in rounding; they add up until they are not.
    problem = cl.Objective(lambda p: 1e-8 * jnp.sum(p))
    method = cl.FirstOrder(optax.sgd(5e-9, momentum=0.999))
    trace = cl.minimize(problem, method, jnp.ones(2), steps=50, path=True)
    np.testing.assert_array_equal(trace.path[1], trace.path[0])
    assert trace.status == cl.Status.STEPS and trace.params[0] < 1


@pytest.mark.parametrize("dtype, offset", [(jnp.float32, -1e13), (jnp.float16, -3e3), (jnp.float32, 1e30)])
def test_a_low_loss_is_not_an_unbounded_one(dtype, offset):
    problem = cl.Objective(lambda p: jnp.sum(p**2) + jnp.asarray(offset, dtype))
    trace = cl.minimize(problem, cl.GradientDescent(0.25), jnp.ones(2, dtype), steps=200)
    assert not trace.status.failed, str(trace.status)


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_a_gradient_whose_square_over_or_underflows_has_its_norm(size):
    trace = cl.minimize(
        cl.Objective(lambda p: size * (3 * p[0] + 4 * p[1])), cl.GradientDescent(1e-9 / size), START, steps=1
    )
    np.testing.assert_allclose(trace.gradient_norms, 5 * size, rtol=1e-15)


def test_forward_derivatives_go_through_a_run():
    def final(step_size):
        return cl.minimize(cl.problems.quadratic(5.0), cl.GradientDescent(step_size), START, steps=4).params[
            0
        ]

    np.testing.assert_allclose(jax.jvp(final, (0.1,), (1.0,))[1], -2.0 * 4 * 0.9**3 * -1, rtol=1e-12)


def test_new_numbers_do_not_recompile():
    _at_once.clear_cache()
    for kappa, step_size, tol in [(10.0, 0.1, 0.0), (20.0, 0.05, 1e-3), (30.0, 0.02, 1e-6)]:
        cl.minimize(
            cl.problems.quadratic(kappa), cl.GradientDescent(step_size), kappa * START, steps=7, tol=tol
        )
    assert _at_once._cache_size() == 1


def test_it_runs_inside_jit_vmap_and_map():
    def final_loss(kappa, step_size):
        return cl.minimize(
            cl.problems.quadratic(kappa), cl.GradientDescent(step_size), START, steps=9
        ).losses[-1]

    kappas = jnp.array([2.0, 8.0])
    expected = jnp.array([final_loss(kappa, 0.1) for kappa in kappas])
    np.testing.assert_allclose(jax.jit(final_loss)(8.0, 0.1), expected[1], rtol=1e-13)
    np.testing.assert_allclose(jax.vmap(final_loss, (0, None))(kappas, 0.1), expected, rtol=1e-13)
    np.testing.assert_allclose(
        jax.lax.map(lambda kappa: final_loss(kappa, 0.1), kappas), expected, rtol=1e-13
    )


def test_a_code_that_means_nothing_says_so():
    assert "code -1" in str(cl.Status(-1)) and "99" in str(cl.Status(jnp.array([0, 99])))


def test_statuses_of_several_runs_read_as_counts():
    steps = jnp.array([0.01, 0.1, 3.0, 3.0])
    statuses = jax.lax.map(
        lambda eta: (
            cl.minimize(cl.problems.quadratic(5.0), cl.GradientDescent(eta), START, 1000, tol=1e-9).status
        ),
        steps,
    )
    lines = str(statuses).split("\n")
    assert lines[0].startswith("1 of 4: took all its steps") and lines[1].startswith("1 of 4: converged")
    assert lines[2].startswith("2 of 4: diverged") and sum(statuses.failed) == 2


def test_any_pytree_and_float32_under_x64():
    params = {"a": jnp.array([1.0, 2.0], jnp.float32), "b": (jnp.array(3.0, jnp.float32),)}
    problem = cl.Objective(lambda p: jnp.sum(p["a"] ** 2) + 3 * p["b"][0] ** 2)
    wide = np.float64(0.5)  # a number of NumPy's must not promote what it meets
    for method in (
        cl.GradientDescent(wide / 5),
        cl.FirstOrder(optax.adam(0.1)),
        cl.Newton(),
        cl.Newton(wide),
        cl.Newton(wide, eigenvalue_floor=wide, line_search=cl.Armijo()),
        cl.TrustRegionNewton(wide),
    ):
        trace = cl.minimize(problem, method, params, steps=4, path=True)
        assert jax.tree.structure(trace.params) == jax.tree.structure(params)
        dtypes = {
            leaf.dtype
            for leaf in jax.tree.leaves((trace.params, trace.losses, trace.gradient_norms, trace.path))
        }
        assert dtypes == {jnp.dtype("float32")}
        assert trace.losses[-1] < trace.losses[0]


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.float32])
@pytest.mark.parametrize(
    "method",
    [cl.GradientDescent(0.1), cl.Newton(0.1), cl.Newton(0.1, 0.1, cl.Armijo()), cl.TrustRegionNewton()],
    ids=["gradient descent", "Newton", "floored", "trust region"],
)
def test_narrow_parameters_keep_their_dtype_beside_wide_data(method, dtype):
    problem = cl.Objective(lambda p, scale: jnp.sum(scale * p**2), jnp.array([1.0, 2.0], jnp.float64))
    trace = cl.minimize(problem, method, START.astype(dtype), steps=20)
    assert trace.params.dtype == dtype and trace.losses[-1] < 0.1 * trace.losses[0]


@pytest.mark.parametrize(
    "change, error, words",
    [
        ({"steps": 0}, ValueError, "at least 1, got 0"),
        ({"steps": 2.5}, ValueError, "Python integer"),
        ({"tol": -1.0}, ValueError, "tol must be at least 0, got -1"),
        ({"tol": float("nan")}, ValueError, "tol must be at least 0, got nan"),
        ({"method": cl.Newton}, TypeError, "must be an instance"),
        ({"method": optax.adam(0.1)}, TypeError, "init and step"),
        ({"problem": lambda p: p.sum()}, TypeError, r"cl.Objective\(loss\)"),
        ({"tol": lambda k: 0.1}, TypeError, "tol must be a number, got"),
        ({"tol": 1j}, TypeError, "tol must be a number, got 1j"),
        ({"params": jnp.array([1, 2])}, TypeError, "floating-point, got int"),
        ({"params": {"a": "b"}}, TypeError, "floating-point, got str"),
        ({"params": jnp.zeros(0)}, TypeError, "no numbers in it"),
        ({"params": jnp.ones(3)}, ValueError, r"shape \(2,\), got \(3,\)"),
    ],
)
def test_bad_input_gets_a_sentence(change, error, words):
    arguments = {
        "problem": cl.problems.quadratic(5.0),
        "method": cl.GradientDescent(0.1),
        "params": START,
        "steps": 5,
    } | change
    with pytest.raises(error, match=words):
        cl.minimize(**arguments)


def test_whole_numbers_and_weak_types_compile_once():
    problem, start = cl.problems.quadratic(20.0, 0.5), jnp.array(1.0)
    square = cl.Objective(lambda p: p**2)
    cl.minimize(problem, cl.GradientDescent(0.01), START, 4)
    cl.minimize(square, cl.Newton(), start, 4)
    compiled = _at_once._cache_size()
    for step_size, tol in ((1, 0), (np.float64(0.1), np.float32(0.1)), (0.1, 1)):
        cl.minimize(problem, cl.GradientDescent(step_size), START, 4, tol=tol)
    cl.minimize(square, cl.Newton(0), 1.0, 4)
    assert _at_once._cache_size() == compiled


@pytest.mark.parametrize(
    ("dtype", "loss", "steps"),
    [
        (jnp.float32, lambda p: jnp.sum(0.5 * p**2 - 1e8 * p), 200),  # its minimum is -5e15
        (jnp.float16, lambda p: jnp.sum(0.1 * (p - 40) ** 2 - 160), 200),
    ],
    ids=["float32", "float16"],
)
def test_a_low_minimum_is_not_unbounded(dtype, loss, steps):
    trace = cl.minimize(cl.Objective(loss), cl.GradientDescent(0.5), jnp.zeros(1, dtype), steps)
    assert not trace.status.failed, str(trace.status)


def test_falling_to_minus_infinity_is_unbounded():
    problem = cl.Objective(lambda p: -jnp.sum(jnp.exp(p)))
    trace = cl.minimize(problem, cl.GradientDescent(1.0), jnp.array([1.0]), 50)
    assert trace.status == cl.Status.UNBOUNDED and np.isfinite(trace.losses).all()


def test_a_rise_within_rounding_is_no_climb():
    """At a minimum the loss goes up and down by units in its last place."""
    eps = np.finfo(np.float32).eps

    @hyperparameters
    class Wander:
        def init(self, problem, params, key=None):
            return jnp.int32(0)

        def step(self, problem, params, state, curvature=None):
            loss = problem.loss(params)
            return params + 1, state + 1, cl.Info(loss, jnp.float32(1.0))

    for rise, status in ((2 * eps, cl.Status.STEPS), (30 * eps, cl.Status.CLIMBED)):
        problem = cl.Objective(lambda p, rise=rise: 1 + jnp.float32(rise / 3) * p[0])
        trace = cl.minimize(problem, Wander(), jnp.zeros(1, jnp.float32), 3)
        assert trace.status == status


def test_statuses_differ_inside_jit_too():
    codes = cl.Status(jnp.array([0, 1, 4, cl.Status.CONVERGED_STEP]))
    assert jax.jit(lambda s: s != cl.Status.CONVERGED)(codes).tolist() == [True, False, True, True]
    assert jax.jit(lambda s: s.failed)(codes).tolist() == [False, False, True, False]


def test_what_is_no_pytree_is_named():
    class Plain:
        def init(self, problem, params, key=None):
            return 0

        def step(self, problem, params, state, curvature=None):
            return params, state, None

    with pytest.raises(TypeError, match="got a Plain in them"):
        cl.minimize(cl.problems.quadratic(5.0), Plain(), START, 3)
    with pytest.raises(TypeError, match="got a function in them"):
        cl.minimize(cl.Objective(lambda p, f: f(p), jnp.sum), cl.Newton(), START, 3)
    with pytest.raises(TypeError, match="must have a loss, got function: wrap it"):
        cl.hessian(jnp.sum, START)
    with pytest.raises(ValueError, match="a schedule must return one number, got shape"):
        cl.minimize(cl.problems.quadratic(5.0), cl.GradientDescent(lambda k: jnp.ones(1)), START, 3)


def test_gradient_norms_have_forward_derivatives_at_the_minimum():
    def norms(kappa):
        return cl.minimize(cl.problems.quadratic(kappa), cl.Newton(), START, 3).gradient_norms

    value, slope = jax.jvp(norms, (9.0,), (1.0,))
    np.testing.assert_allclose(value, [np.hypot(2, 9), 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(slope, [9 / np.hypot(2, 9), 0, 0, 0], atol=1e-12)
