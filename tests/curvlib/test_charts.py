"""Charts: inverses, closed forms, what becomes of curvature behind them, their numbers, and their edges."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats

import curvlib as cl
from curvlib import charts
from curvlib.problems import rotation
from tests.curvlib.densities import DENSITIES, expectation

TIGHT = {"rtol": 1e-10, "atol": 1e-11}
POWERS = [-2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0]
MATRIX = jnp.array([[2.0, 1.0, 0.0], [0.0, 0.5, 0.3], [1.0, 0.0, 1.0]])
HAVE_MEAN = [name for name in DENSITIES if name != "Gamma"]


def outputs_of(name):
    """Rows of outputs; logits of classes such that the exponentials add to 1: a chart knows no others."""
    outputs = DENSITIES[name].outputs
    return jax.nn.log_softmax(outputs) if name == "Categorical" else outputs


PAIRS, LOGITS = outputs_of("GaussianScale"), outputs_of("Bernoulli")
CASES = {
    "deviation": (charts.deviation, PAIRS),
    "log deviation": (charts.log_deviation, PAIRS),
    "variance": (charts.variance, PAIRS),
    "precision": (charts.precision, PAIRS),
    "logit": (charts.logit, LOGITS),
    "probability": (charts.probability, LOGITS),
    "affine": (charts.Affine(MATRIX, jnp.array([0.1, -0.2, 0.3])), jnp.cos(jnp.arange(9.0)).reshape(3, 3)),
    **{f"power {p:g}": (charts.Scale(p), PAIRS) for p in POWERS},
    **{
        f"natural {name}": (charts.Natural(DENSITIES[name].likelihood), outputs_of(name))
        for name in DENSITIES
    },
    **{f"mean {name}": (charts.Mean(DENSITIES[name].likelihood), outputs_of(name)) for name in HAVE_MEAN},
}


def one_distribution(name):
    """All data from one distribution of the family; θ is a row of outputs."""
    density = DENSITIES[name]
    family = lambda theta, y: jnp.broadcast_to(theta, (8, *theta.shape))  # noqa: E731
    return cl.Supervised(family, density.likelihood, density.targets, density.targets), outputs_of(name)[1]


@pytest.mark.parametrize("name", CASES)
def test_the_inverse_inverts_it_both_ways(name):
    chart, outputs = CASES[name]
    for theta, other in itertools.pairwise(outputs[:3]):
        np.testing.assert_allclose(chart(chart.inverse(theta)), theta, **TIGHT)
        phi = (chart.inverse(theta) + chart.inverse(other)) / 2  # their domains are convex
        np.testing.assert_allclose(chart.inverse(chart(phi)), phi, **TIGHT)


@pytest.mark.parametrize("name", CASES)
def test_an_array_in_single_precision_stays_there(name):
    chart, outputs = CASES[name]
    if name == "affine":
        chart = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), chart)
    phi = chart.inverse(outputs[0].astype(jnp.float32))
    assert phi.dtype == chart(phi).dtype == jnp.float32


@pytest.mark.parametrize("theta", [[0.4, -0.7], [-2.0, 1.1]])
def test_charts_of_the_normal_are_what_scipy_says(theta):
    normal = scipy.stats.norm(theta[0], np.exp(theta[1]))
    expected = {
        charts.deviation: normal.std(),
        charts.log_deviation: np.log(normal.std()),
        charts.variance: normal.var(),
        charts.precision: 1 / normal.var(),
        charts.Scale(3.0): normal.std() ** 3,
    }
    for chart, value in expected.items():
        np.testing.assert_allclose(chart.inverse(jnp.array(theta)), [normal.mean(), value], rtol=1e-13)
    likelihood = cl.likelihoods.GaussianScale()
    np.testing.assert_allclose(
        charts.Mean(likelihood).inverse(jnp.array(theta)), [normal.moment(1), normal.moment(2)], rtol=1e-13
    )
    np.testing.assert_allclose(
        charts.Natural(likelihood).inverse(jnp.array(theta)),
        [normal.mean() / normal.var(), -0.5 / normal.var()],
        rtol=1e-13,
    )


def test_charts_of_the_coin_are_what_scipy_says():
    p = jnp.array([0.03, 0.5, 0.9])
    np.testing.assert_allclose(charts.probability(p), scipy.special.logit(p), **TIGHT)
    np.testing.assert_allclose(charts.logit(charts.probability(p)), scipy.special.logit(p), **TIGHT)
    np.testing.assert_allclose(
        charts.probability.inverse(p), scipy.stats.bernoulli(scipy.special.expit(p)).mean()
    )


@pytest.mark.parametrize("name", HAVE_MEAN)
def test_mean_parameters_are_the_mean_of_the_statistic(name):
    density, (chart, outputs) = DENSITIES[name], CASES[f"mean {name}"]
    for f in outputs[:3]:
        expected = expectation(density, f, lambda y: density.likelihood.statistic(y[None])[0])
        np.testing.assert_allclose(chart.inverse(f), expected, **TIGHT)


@pytest.mark.parametrize("name", DENSITIES)
def test_natural_parameters_are_linear_in_the_log_density(name):
    """log p(y | η) − log p(z | η) is ηᵀ(T(y) − T(z)) and what does not depend on η."""
    density, (chart, outputs) = DENSITIES[name], CASES[f"natural {name}"]
    y, z = density.targets[:2]
    statistic = density.likelihood.statistic(jnp.stack([y, z]))

    def left(f):
        inner = jnp.vdot(chart.inverse(f), statistic[0] - statistic[1])
        return density.log_density(f, y) - density.log_density(f, z) - inner

    np.testing.assert_allclose([left(f) for f in outputs[1:]], left(outputs[0]), **TIGHT)


@pytest.mark.parametrize(
    ("case", "kind"),
    [(name, "exact") for name in CASES if name != "affine"]
    + [(name, "empirical") for name in ("variance", "natural Gamma", "mean Poisson")],
)
def test_fisher_behind_a_chart_is_transformed_as_a_metric_is(case, kind):
    chart, _ = CASES[case]
    words = {"logit": "Bernoulli", "probability": "Bernoulli"}
    name = words.get(case) or (case.split()[1] if case.split()[0] in ("natural", "mean") else "GaussianScale")
    problem, theta = one_distribution(name)
    phi = chart.inverse(theta)
    jacobian = jax.jacobian(chart)(phi)
    expected = jacobian.T @ cl.fisher(problem, theta, kind) @ jacobian
    np.testing.assert_allclose(cl.fisher(problem.through(chart), phi, kind), expected, **TIGHT)


@pytest.mark.parametrize("name", DENSITIES)
def test_in_natural_parameters_fisher_is_the_hessian(name):
    problem, theta = one_distribution(name)
    chart, _ = CASES[f"natural {name}"]
    behind, eta = problem.through(chart), chart.inverse(theta)
    fisher = cl.fisher(behind, eta)
    np.testing.assert_allclose(fisher, cl.hessian(behind, eta), **TIGHT)
    partition = lambda eta: problem.likelihood.log_partition(eta[None])[0]  # noqa: E731
    np.testing.assert_allclose(fisher, jax.hessian(partition)(eta), **TIGHT)


@pytest.mark.parametrize("name", HAVE_MEAN)
def test_in_mean_parameters_fisher_is_the_inverse_of_the_covariance(name):
    """Of the classes' probabilities, which add to 1, a generalized inverse: the covariance is singular."""
    problem, theta = one_distribution(name)
    partition = lambda eta: problem.likelihood.log_partition(eta[None])[0]  # noqa: E731
    covariance = jax.hessian(partition)(problem.likelihood.natural(theta[None])[0])
    chart, _ = CASES[f"mean {name}"]
    fisher = cl.fisher(problem.through(chart), chart.inverse(theta))
    np.testing.assert_allclose(covariance @ fisher @ covariance, covariance, **TIGHT)
    if name != "Categorical":
        np.testing.assert_allclose(covariance @ fisher, np.eye(len(covariance)), **TIGHT)


# A chart that is a pytree of numbers: its numbers are leaves of the problem.

CENTER = jnp.array([0.3, -0.4])
PHI = jnp.array([0.7, 0.9])
PROBLEMS = {
    "Objective": cl.Objective(lambda p, c: jnp.sum((p - c) ** 4) + p[0] * p[1], CENTER),
    "LeastSquares": cl.LeastSquares(lambda p, c: jnp.sin(p - c) + 0.2 * p**2, CENTER),
    "Supervised": cl.Supervised(
        lambda p, x: p + x,
        cl.likelihoods.GaussianScale(),
        jnp.zeros((3, 2)),
        jnp.array([0.1, 0.5, -1.0]),
        l2=0.1,
    ),
}
each_problem = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)


@jax.jit
def loss_of(problem, params):
    """With the problem as an argument of ``jit``, as in ``minimize``."""
    return problem.loss(params)


@each_problem
def test_the_power_may_be_mapped_over(problem):
    powers = jnp.array([-2.0, 0.5, 1.0, 2.0])
    values = jax.vmap(lambda power: loss_of(problem.through(charts.Scale(power)), PHI))(powers)
    expected = [problem.loss(jnp.array([PHI[0], jnp.log(PHI[1]) / power])) for power in powers]
    np.testing.assert_allclose(values, expected, rtol=1e-12)


@each_problem
def test_an_angle_may_be_traced_and_mapped_over_through_a_run(problem):
    def end(angle):
        turned = problem.through(charts.Affine(rotation(angle), jnp.array([0.1, 0.0])))
        return cl.minimize(turned, cl.GradientDescent(0.05), PHI, steps=3).params

    angles = jnp.array([0.0, 0.4, 2.0])

    def by_hand(angle):
        start = rotation(angle) @ PHI + jnp.array([0.1, 0.0])
        moved = cl.minimize(problem, cl.GradientDescent(0.05), start, steps=3).params
        return rotation(angle).T @ (moved - jnp.array([0.1, 0.0]))

    expected = [by_hand(angle) for angle in angles]
    np.testing.assert_allclose(jax.jit(end)(angles[1]), expected[1], rtol=1e-11)
    np.testing.assert_allclose(jax.vmap(end)(angles), expected, rtol=1e-11)


def plain(theta):
    return theta + 0.1


@each_problem
@pytest.mark.parametrize(
    "between", [None, plain, charts.logit], ids=["nothing", "a function", "a static chart"]
)
def test_composed_twice_it_is_the_outer_after_the_inner(problem, between):
    def behind(power, angle):
        inner = problem.through(charts.Scale(power))
        inner = inner if between is None else inner.through(between)
        return loss_of(inner.through(charts.Affine(rotation(angle), 0.05)), PHI)

    def by_hand(power, angle):
        phi = rotation(angle) @ PHI + 0.05
        phi = phi if between is None else between(phi)
        return problem.loss(jnp.array([phi[0], jnp.log(phi[1]) / power]))

    powers, angles = jnp.array([0.5, 2.0, -1.0]), jnp.array([0.1, -0.2, 0.0])
    expected = [by_hand(*pair) for pair in zip(powers, angles, strict=True)]
    np.testing.assert_allclose(jax.jit(jax.vmap(behind))(powers, angles), expected, rtol=1e-12)


@each_problem
def test_it_may_be_differentiated_with_respect_to_its_numbers(problem):
    matrix, shift = jnp.array([[1.0, 0.2], [-0.3, 0.8]]), jnp.array([0.1, 0.2])
    value = lambda matrix, shift: loss_of(problem.through(charts.Affine(matrix, shift)), PHI)  # noqa: E731
    slope = jax.grad(problem.loss)(matrix @ PHI + shift)
    by_matrix, by_shift = jax.grad(value, argnums=(0, 1))(matrix, shift)
    np.testing.assert_allclose(by_matrix, jnp.outer(slope, PHI), rtol=1e-11)
    np.testing.assert_allclose(by_shift, slope, rtol=1e-11)
    by_power = jax.grad(lambda power: loss_of(problem.through(charts.Scale(power)), PHI))(2.0)
    theta = jnp.array([PHI[0], jnp.log(PHI[1]) / 2])
    expected = jax.grad(problem.loss)(theta)[1] * -jnp.log(PHI[1]) / 4
    np.testing.assert_allclose(by_power, expected, rtol=1e-11)


def counted(kind, calls):
    """A problem with its minimum at θ = (1, 2) that takes down each time that it is traced."""

    def model(theta, *_):
        calls.append(kind)
        return theta - jnp.array([1.0, 2.0])

    if kind == "Objective":
        return cl.Objective(lambda theta: jnp.sum(model(theta) ** 2))
    if kind == "LeastSquares":
        return cl.LeastSquares(model)
    row = lambda theta, x: model(theta)[None]  # noqa: E731
    return cl.Supervised(row, cl.likelihoods.Gaussian(), jnp.zeros(1), jnp.zeros((1, 2)))


@pytest.mark.parametrize("kind", PROBLEMS)
def test_another_matrix_does_not_recompile_and_is_not_forgotten(kind):
    calls = []
    problem = counted(kind, calls)
    seen = []
    for angle in (0.3, 1.2):
        chart = charts.Affine(2 * rotation(angle), jnp.array([angle, 0.0]))
        trace = cl.minimize(problem.through(chart), cl.Newton(), jnp.zeros(2), steps=3, tol=1e-12)
        np.testing.assert_allclose(trace.params, chart.inverse(jnp.array([1.0, 2.0])), rtol=1e-12)
        outer = charts.Affine(jnp.array([[angle, 0.0], [1.0, 1.0]]))
        trace = cl.minimize(
            problem.through(chart).through(outer), cl.Newton(), jnp.zeros(2), steps=3, tol=1e-12
        )
        np.testing.assert_allclose(chart(outer(trace.params)), [1.0, 2.0], rtol=1e-11)
        seen.append(len(calls))
    assert seen[0] > 0 and seen[1] == seen[0]


def test_a_plain_function_and_a_chart_of_functions_are_static():
    calls = []
    problem = counted("Supervised", calls)
    chart = charts.Chart("doubled", lambda phi: 2 * phi, lambda theta: theta / 2)
    run = lambda chart: cl.minimize(problem.through(chart), cl.Newton(), jnp.zeros(2), steps=2).params  # noqa: E731
    np.testing.assert_allclose(run(chart), [0.5, 1.0], rtol=1e-12)
    first = len(calls)
    run(chart)
    assert len(calls) == first
    np.testing.assert_allclose(run(lambda phi: 4 * phi), [0.25, 0.5], rtol=1e-12)
    assert len(calls) > first
    assert len(jax.tree.leaves(problem.through(chart))) == len(jax.tree.leaves(problem))
    assert len(jax.tree.leaves(problem.through(charts.deviation))) == len(jax.tree.leaves(problem)) + 1


# Where φ means no distribution.

NORMAL, COIN = cl.likelihoods.GaussianScale(), cl.likelihoods.Bernoulli()
EDGES = {
    "deviation": (charts.deviation, "GaussianScale", [0.0, 5.0], [[0.0, 0.0], [0.0, -1.0]]),
    "variance": (charts.variance, "GaussianScale", [0.0, 25.0], [[0.0, 0.0], [0.0, -1.0]]),
    "precision": (charts.precision, "GaussianScale", [0.0, 100.0], [[0.0, 0.0], [0.0, -1.0]]),
    "root": (charts.Scale(0.5), "GaussianScale", [0.0, 2.0], [[0.0, 0.0], [0.0, -1.0]]),
    "probability": (charts.probability, "Bernoulli", [0.2, 0.9], [[1.5, 0.5], [0.5, -0.1]]),
    "natural normal": (charts.Natural(NORMAL), "GaussianScale", [0.0, -50.0], [[0.0, 0.0], [0.0, 1.0]]),
    "natural exponential": (
        charts.Natural(cl.likelihoods.Exponential()),
        "Exponential",
        [-10.0, -10.0],
        [[0.0, -1.0], [1.0, -1.0]],
    ),
    "natural gamma": (
        charts.Natural(cl.likelihoods.Gamma()),
        "Gamma",
        [1.0, -10.0],
        [[-1.0, -1.0], [1.0, 1.0]],
    ),
    "mean normal": (charts.Mean(NORMAL), "GaussianScale", [0.0, 25.0], [[2.0, 4.0], [2.0, 3.0]]),
    "mean exponential": (
        charts.Mean(cl.likelihoods.Exponential()),
        "Exponential",
        [10.0, 10.0],
        [[0.0, 1.0], [-1.0, 1.0]],
    ),
    "mean poisson": (charts.Mean(cl.likelihoods.Poisson()), "Poisson", [10.0], [[0.0], [-1.0]]),
    "mean classes": (
        charts.Mean(cl.likelihoods.Categorical()),
        "Categorical",
        [0.8, 0.1, 0.1],
        [[-0.1, 0.6, 0.5], [0.0, 0.5, 0.5]],
    ),
}


@pytest.mark.parametrize("case", EDGES)
def test_outside_of_a_chart_the_loss_is_not_finite_and_a_run_that_leaves_it_fails(case):
    chart, name, start, outside = EDGES[case]
    problem = one_distribution(name)[0].through(chart)
    for phi in outside:
        assert not np.isfinite(problem.loss(jnp.array(phi))), phi
    start = jnp.array(start)
    assert np.isfinite(problem.loss(start))
    trace = cl.minimize(problem, cl.GradientDescent(1e6), start, steps=5, path=True)
    assert trace.status.failed and trace.status == cl.Status.DIVERGED, str(trace.status)
    assert np.all(np.isfinite(trace.path)) and np.all(np.isfinite(trace.losses))
    assert np.isfinite(problem.loss(trace.params)) and np.all(np.isfinite(trace.best_params))


def test_a_run_that_leaves_after_some_steps_ends_at_the_last_one_inside():
    """A natural step of 2.5 in mean parameters multiplies the distance to the best ones by −1.5."""
    targets = jnp.array([0.0, 1.0, 1.0, 1.0, 0.0])
    coin = cl.Supervised(lambda f, y: jnp.broadcast_to(f, y.shape), COIN, targets, targets)
    problem, start = coin.through(charts.probability), jnp.array(0.62)
    trace = cl.minimize(problem, cl.NaturalGradient(2.5), start, steps=50)
    expected = 0.6 + 0.02 * (-1.5) ** np.arange(20)
    first_outside = int(np.argmax((expected <= 0) | (expected >= 1)))
    assert trace.status == cl.Status.DIVERGED and trace.steps == first_outside - 1 > 3
    np.testing.assert_allclose(trace.params, expected[first_outside - 1], rtol=1e-10)


def test_misuse_gets_a_sentence():
    for matrix, shape in ((jnp.ones((2, 3)), r"\(2, 3\)"), (jnp.ones(3), r"\(3,\)"), (2.0, r"\(\)")):
        with pytest.raises(ValueError, match=f"^an affine chart needs a square matrix, got shape {shape}$"):
            charts.Affine(matrix)
    chart = charts.Mean(cl.likelihoods.Gamma())
    assert chart.inverse(jnp.zeros(2)).shape == (2,)  # E[log y], E[y] are known
    sentence = r"^the likelihood Gamma has no from_mean: define Gamma.from_mean\(mean\)"
    with pytest.raises(NotImplementedError, match=sentence):
        chart(jnp.ones(2))
    problem, _ = one_distribution("Gamma")
    with pytest.raises(NotImplementedError, match=sentence):
        cl.minimize(problem.through(chart), cl.GradientDescent(0.1), jnp.ones(2), steps=1)
    for problem in PROBLEMS.values():
        with pytest.raises(TypeError, match="the chart must be a function from new to old params, got float"):
            problem.through(3.0)
