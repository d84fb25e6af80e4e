"""The flow of a method: closed forms, other coordinates, the limit of small steps, where it breaks off."""

import importlib
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from jax.flatten_util import ravel_pytree

import curvlib as cl
from curvlib import charts
from curvlib.flow import FlowOutcome
from curvlib.problems import quadratic

TIMES = [0.0, 0.1, 0.5, 1.0, 3.0]


@pytest.fixture(autouse=True)
def at_most_so_many_velocities(monkeypatch):
    """A flow that goes on for ever fails, and does not hang."""
    module = importlib.import_module("curvlib.flow")  # the package's attribute of this name is the function
    solve_ivp = module.solve_ivp

    def bounded(velocity, *args, **options):
        count = itertools.count()

        def counted(t, theta):
            assert next(count) < 20_000, "the flow goes on for ever"
            return velocity(t, theta)

        return solve_ivp(counted, *args, **options)

    monkeypatch.setattr(module, "solve_ivp", bounded)


def of_one(likelihood, targets):
    """All data from one distribution of the family."""
    targets = jnp.asarray(targets)
    family = lambda theta, y: jnp.broadcast_to(theta, (len(targets), *theta.shape))  # noqa: E731
    return cl.Supervised(family, likelihood, targets, targets)


NORMAL = of_one(cl.likelihoods.GaussianScale(), [0.3, -1.1, 0.8, 2.0])
COIN = of_one(cl.likelihoods.Bernoulli(), [0.0, 1.0, 1.0, 1.0])
NORMALS = {
    "deviation": charts.deviation,
    "log deviation": charts.log_deviation,
    "variance": charts.variance,
    "precision": charts.precision,
    "root": charts.Scale(0.5),
    "natural": charts.Natural(NORMAL.likelihood),
    "mean": charts.Mean(NORMAL.likelihood),
}
COINS = {"logit": charts.logit, "probability": charts.probability, "mean": charts.Mean(COIN.likelihood)}


def means(problem, thetas):
    return problem.likelihood.mean_parameters(thetas)


@pytest.mark.parametrize(
    ("problem", "chart", "start"),
    [
        *(pytest.param(NORMAL, chart, [1.5, 0.9], id=f"normal, {name}") for name, chart in NORMALS.items()),
        *(pytest.param(COIN, chart, -1.3, id=f"coin, {name}") for name, chart in COINS.items()),
        pytest.param(of_one(cl.likelihoods.Poisson(), [3.0, 0.0, 1.0]), charts.logit, 2.0, id="counts"),
        pytest.param(of_one(cl.likelihoods.Exponential(), [3.0, 0.1]), charts.logit, 2.0, id="waiting"),
        pytest.param(of_one(cl.likelihoods.Gamma(), [3.0, 0.1, 1.0]), charts.logit, [0.3, -0.5], id="gamma"),
    ],
)
def test_the_natural_flow_is_exponential_in_the_mean_parameters_in_all_charts(problem, chart, start):
    theta = jnp.array(start)
    found = cl.flow(problem.through(chart), cl.NaturalGradient(), chart.inverse(theta), TIMES)
    assert found.status == FlowOutcome.ARRIVED and found.status.converged and found.reached == len(TIMES)
    best = jnp.mean(problem.likelihood.statistic(problem.targets), 0)
    first = means(problem, theta[None])[0]
    expected = jnp.stack([best + np.exp(-t) * (first - best) for t in TIMES])
    np.testing.assert_allclose(means(problem, jax.vmap(chart)(found.path)), expected, rtol=1e-9, atol=1e-9)


def test_the_flow_of_gradient_descent_depends_on_the_chart():
    theta = jnp.array([1.5, 0.9])
    ends = []
    for chart in NORMALS.values():
        found = cl.flow(NORMAL.through(chart), cl.GradientDescent(1.0), chart.inverse(theta), [0.3])
        ends.append(chart(found.path[0]))
    for one, other in itertools.combinations(ends, 2):
        assert jnp.linalg.norm(one - other) > 1e-3


@pytest.mark.parametrize("step_size", [1e-3, 1.0, lambda count: 0.3])
def test_gradient_descent_on_a_quadratic_is_the_matrix_exponential(step_size):
    problem, start = quadratic(30.0, 0.6, dim=3), jnp.array([1.0, -2.0, 0.5])
    found = cl.flow(problem, cl.GradientDescent(step_size), start, TIMES)
    hessian = cl.hessian(problem, start)
    expected = [scipy.linalg.expm(-t * hessian) @ start for t in TIMES]
    np.testing.assert_allclose(found.path, expected, rtol=1e-9, atol=1e-11)
    np.testing.assert_array_equal(found.path[0], start)


def test_damping_belongs_to_the_flow():
    x, start = jnp.array([[1.0, 2.0], [0.5, -1.0]]), jnp.array([1.0, -2.0])
    problem = cl.Supervised(lambda p, x: x @ p, cl.likelihoods.Gaussian(), x, jnp.zeros(2))
    fisher = cl.fisher(problem, start)
    found = cl.flow(problem, cl.NaturalGradient(damping=0.7), start, [1.0])
    expected = scipy.linalg.expm(-jnp.linalg.solve(fisher + 0.7 * jnp.eye(2), fisher)) @ start
    np.testing.assert_allclose(found.path[0], expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("problem", "method", "start"),
    [
        (NORMAL.through(charts.deviation), cl.NaturalGradient, [1.5, 2.0]),
        (NORMAL.through(charts.precision), cl.NaturalGradient, [1.5, 0.3]),
        (NORMAL, cl.GradientDescent, [1.5, 0.7]),
    ],
)
def test_the_method_approaches_its_flow_in_the_first_order(problem, method, start):
    start = jnp.array(start)
    end = cl.flow(problem, method(1.0), start, [1.0]).path[0]

    def error(steps):
        return float(jnp.linalg.norm(cl.minimize(problem, method(1 / steps), start, steps).params - end))

    assert abs(np.log2(error(100) / error(200)) - 1) < 0.05 and error(200) > 1e-4


def test_it_breaks_off_at_the_edge_of_a_domain():
    """dp/dt = −1/(2√p) ends at p = 0, at t = 4/3."""
    edge = cl.Objective(lambda p: jnp.sqrt(p[0]))
    times = np.array([0.5, 1.0, 1.3, 1.4, 2.0])
    found = cl.flow(edge, cl.GradientDescent(1.0), jnp.array([1.0]), times)
    assert found.status == FlowOutcome.STOPPED and found.status.failed and found.reached == 3
    assert "no finite velocity" in str(found.status)
    expected = (1 - 0.75 * times[:3]) ** (2 / 3)
    np.testing.assert_allclose(found.path[:3, 0], expected, rtol=1e-8)
    np.testing.assert_array_equal(found.path[3:], np.broadcast_to(found.path[2], (2, 1)))


@pytest.mark.parametrize("times", [[2.0], [0.0, 2.0]])
def test_before_the_first_time_it_may_break_off_too(times):
    edge = cl.Objective(lambda p: jnp.sqrt(p[0]))
    found = cl.flow(edge, cl.GradientDescent(1.0), jnp.array([1.0]), times)
    assert found.status == FlowOutcome.STOPPED and found.reached == len(times) - 1
    np.testing.assert_array_equal(found.path, np.ones((len(times), 1)))


def partly_used(theta, y):
    return jnp.broadcast_to(theta[:2], (len(y), 2))


SINGULAR = cl.Supervised(partly_used, NORMAL.likelihood, NORMAL.inputs, NORMAL.targets)


@pytest.mark.parametrize(
    ("problem", "method", "start"),
    [
        (cl.Objective(lambda p: jnp.sqrt(p[0])), cl.GradientDescent(1.0), [-1.0]),
        (NORMAL.through(charts.deviation), cl.NaturalGradient(), [0.0, -1.0]),
        (SINGULAR, cl.NaturalGradient(), [0.0, 0.1, 0.2]),
        (SINGULAR, cl.NaturalGradient(solve=cl.Rows()), [0.0, 0.1, 0.2]),
    ],
    ids=["outside", "no deviation", "singular", "singular, a finite step"],
)
def test_without_a_velocity_at_the_start_it_stops_there(problem, method, start):
    found = cl.flow(problem, method, jnp.array(start), TIMES)
    assert found.status == FlowOutcome.STOPPED
    np.testing.assert_array_equal(found.path, np.broadcast_to(start, (len(TIMES), len(start))))


def test_it_breaks_off_where_fisher_becomes_singular():
    """With f = p² the Fisher information 4p² vanishes at p = 0, which is reached at t = ½ log 2."""
    problem = cl.Supervised(lambda p, x: p**2, cl.likelihoods.Gaussian(), jnp.zeros(1), -jnp.ones(1))
    found = cl.flow(problem, cl.NaturalGradient(), jnp.ones(1), [0.2, 0.6, 0.8])
    expected = np.sqrt(2 * np.exp(-np.array([0.2, 0.6])) - 1)
    np.testing.assert_allclose(found.path[:2, 0], expected, rtol=1e-8)
    assert found.status == FlowOutcome.STOPPED and found.reached == 2
    damped = cl.flow(problem, cl.NaturalGradient(damping=0.1), jnp.ones(1), [0.2, 0.6, 0.8])
    assert damped.status == FlowOutcome.ARRIVED


@pytest.mark.parametrize("times", [[0.0], [0.0, 1.0], jnp.array([0.0, 1e-9]), [0, 1], np.float32([1])])
@pytest.mark.parametrize("start", [[1.0, -2.0], [0.0, 0.0]], ids=["away", "at the minimum"])
def test_times_may_be_zero_alone_or_begin_there(start, times):
    found = cl.flow(quadratic(4.0), cl.GradientDescent(1.0), jnp.array(start), times)
    assert found.status == FlowOutcome.ARRIVED and found.reached == len(times)
    expected = np.exp(-np.outer(times, [1.0, 4.0])) * start
    np.testing.assert_allclose(found.path, expected, rtol=1e-9, atol=1e-12)


def test_params_may_be_a_pytree():
    start = {"mean": jnp.array([[1.5]]), "rest": (jnp.array(0.9),)}
    flat = ravel_pytree(start)[0]
    turned = NORMAL.through(lambda tree: jnp.stack([tree["mean"][0, 0], tree["rest"][0]]))
    found = cl.flow(turned, cl.NaturalGradient(), start, TIMES)
    expected = cl.flow(NORMAL, cl.NaturalGradient(), flat, TIMES).path
    assert jax.tree.structure(found.path) == jax.tree.structure(start)
    assert found.path["mean"].shape == (len(TIMES), 1, 1)
    np.testing.assert_allclose(jax.vmap(lambda tree: ravel_pytree(tree)[0])(found.path), expected, rtol=1e-12)


def test_params_in_single_precision_stay_there():
    problem, start = quadratic(4.0, 0.3), jnp.array([1.0, -2.0], jnp.float32)
    found = cl.flow(problem, cl.GradientDescent(1.0), start, TIMES, rtol=1e-5, atol=1e-6)
    wide = cl.flow(problem, cl.GradientDescent(1.0), start.astype(float), TIMES)
    assert found.path.dtype == jnp.float32 and found.status == FlowOutcome.ARRIVED
    np.testing.assert_allclose(found.path, wide.path, rtol=1e-4, atol=1e-5)


def test_the_tolerances_say_how_precise_it_is():
    problem, start = quadratic(4.0), jnp.ones(2)
    exact = np.exp([-1.0, -4.0])
    errors = [
        np.abs(
            cl.flow(problem, cl.GradientDescent(1.0), start, [1.0], rtol=tol, atol=tol).path[0] - exact
        ).max()
        for tol in (1e-4, 1e-11)
    ]
    assert errors[1] < 1e-10 < errors[0] < 1e-3


@pytest.mark.parametrize(
    "method",
    [
        cl.NaturalGradient(radius=0.1),
        cl.NaturalGradient(kind="monte-carlo"),
        cl.LevenbergMarquardt(),
        cl.Newton(),
        cl.GaussNewton(),
        cl.TrustRegionNewton(),
    ],
    ids=lambda method: type(method).__name__,
)
def test_a_method_without_a_flow_gets_a_sentence(method):
    with pytest.raises(TypeError, match="a flow needs a method whose step is proportional to its step_size"):
        cl.flow(NORMAL, method, jnp.zeros(2), TIMES)


@pytest.mark.parametrize(
    "times",
    [
        *([1.0, 0.5], [1.0, 1.0], [-1.0, 1.0], [], 1.0, [[0.0, 1.0]]),
        *([np.nan], [0.0, np.nan], [np.inf]),
    ],
)
def test_times_that_do_not_increase_get_a_sentence(times):
    with pytest.raises(ValueError, match="times must be increasing"):
        cl.flow(NORMAL, cl.NaturalGradient(), jnp.zeros(2), times)


def test_what_is_no_method_and_no_params_gets_a_sentence():
    with pytest.raises(TypeError, match="the method must be an instance"):
        cl.flow(NORMAL, cl.NaturalGradient, jnp.zeros(2), TIMES)
    with pytest.raises(TypeError, match="params must be floating-point, got int"):
        cl.flow(NORMAL, cl.NaturalGradient(), jnp.zeros(2, int), TIMES)
