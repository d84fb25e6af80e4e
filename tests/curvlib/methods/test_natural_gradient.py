"""Natural gradient: what it equals, what it is invariant under, how long its steps are, and how it solves."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import curvlib as cl
from curvlib.counting import operations
from curvlib.fisher import fisher_map
from tests.curvlib.densities import DENSITIES, NATURAL
from tests.curvlib.test_fisher import KEY, linear, network, problem_of


def direction(problem, params, **options):
    """−F⁻¹∇L, by one full step."""
    return _direction(cl.NaturalGradient(**options), problem, params)


@jax.jit
def _direction(method, problem, params):
    moved, _, info = method.step(problem, params, method.init(problem, params, KEY))
    return ravel_pytree(moved)[0] - ravel_pytree(params)[0], info


@pytest.mark.parametrize("name", NATURAL)
def test_with_a_canonical_link_it_is_newtons_method(name):
    problem, params = problem_of(name, linear, l2=0.3)
    newton = cl.minimize(problem, cl.Newton(), params, steps=4, path=True)
    natural = cl.minimize(problem, cl.NaturalGradient(), params, steps=4, path=True)
    np.testing.assert_allclose(natural.path, newton.path, rtol=1e-9, atol=1e-10)


def test_for_a_network_and_in_other_parameters_it_is_not():
    for name, model in (("Categorical", network), ("Gamma", linear)):
        problem, params = problem_of(name, model, l2=0.3)
        step, _ = direction(problem, params)
        newton = -jnp.linalg.solve(
            cl.hessian(problem, params), ravel_pytree(jax.grad(problem.loss)(params))[0]
        )
        assert jnp.linalg.norm(step - newton) > 0.05 * jnp.linalg.norm(step)


def test_a_linear_gaussian_model_takes_one_step():
    problem, params = problem_of("Gaussian", linear, l2=0.3)
    step, _ = direction(problem, params)
    assert jnp.linalg.norm(jax.grad(problem.loss)(params + step.reshape(params.shape))) < 1e-12


@pytest.mark.parametrize("kind", ["exact", "empirical"])
def test_undamped_it_is_invariant_under_affine_changes_and_damped_it_is_not(kind):
    x = jax.random.normal(KEY, (40, 3))
    y = (jax.random.uniform(KEY, (40,)) < 0.5).astype(float)
    problem = cl.Supervised(linear, cl.likelihoods.Bernoulli(), x, y)
    matrix = jnp.array([[2.0, 1.0, 0.0], [0.0, 0.5, 0.3], [1.0, 0.0, 1.0]])
    shift, phi = jnp.array([0.1, -0.2, 0.3]), jnp.array([0.4, 0.1, -0.3])
    turned = problem.through(lambda phi: matrix @ phi + shift)

    def apart(damping):
        method = cl.NaturalGradient(0.5, damping=damping, kind=kind)
        ours = cl.minimize(problem, method, matrix @ phi + shift, steps=6, path=True).path
        theirs = cl.minimize(turned, method, phi, steps=6, path=True).path @ matrix.T + shift
        return float(jnp.max(jnp.abs(ours - theirs)))

    assert apart(0.0) < 1e-10 and apart(0.1) > 1e-3


def test_under_other_changes_a_step_deviates_in_the_second_order_and_a_run_in_the_first():
    y = jnp.array([0.3, -1.1, 0.8, 2.0])
    family = lambda theta, x: jnp.broadcast_to(theta, (4, 2))  # noqa: E731
    problem = cl.Supervised(family, cl.likelihoods.GaussianScale(), y, y)
    turned = problem.through(lambda phi: jnp.stack([phi[0], jnp.log(phi[1])]))
    start = jnp.array([1.0, 0.5])

    def deviation(rate, steps):
        method = cl.NaturalGradient(rate)
        ours = cl.minimize(problem, method, start, steps).params
        theirs = cl.minimize(turned, method, start.at[1].set(jnp.exp(0.5)), steps).params
        return float(jnp.linalg.norm(ours - theirs.at[1].set(jnp.log(theirs[1]))))

    one_step = np.log2(deviation(0.02, 1) / deviation(0.01, 1))
    fixed_time = np.log2(deviation(0.02, 50) / deviation(0.01, 100))
    assert abs(one_step - 2) < 0.1 and abs(fixed_time - 1) < 0.1


@pytest.mark.parametrize("name", DENSITIES)
def test_a_radius_bounds_the_divergence_of_a_step(name):
    problem, params = problem_of(name, linear)
    for radius, slack in ((1e-3, 0.15), (1e-5, 0.015)):
        step, info = direction(problem, params, step_size=1e9, radius=radius)
        moved = params + step.reshape(params.shape)
        np.testing.assert_allclose(cl.geometry.kl(problem, params, moved), radius, rtol=slack)
        np.testing.assert_allclose(info.details["form"], radius, rtol=1e-9)
    short, info = direction(problem, params, step_size=1e-3, radius=1.0)
    full, _ = direction(problem, params)
    np.testing.assert_allclose(short, 1e-3 * full, rtol=1e-9)


@pytest.mark.parametrize("kind", ["exact", "monte-carlo", "empirical"])
@pytest.mark.parametrize("name", ["Categorical", "GaussianScale"])
def test_all_solvers_find_the_damped_step(name, kind):
    problem, params = problem_of(name, network, l2=0.05)
    options = {"damping": 0.1, "kind": kind, "samples": 2}
    dense, _ = direction(problem, params, **options)
    for solve in (cl.CG(200, tol=1e-12), cl.Rows()):
        other, _ = direction(problem, params, solve=solve, **options)
        np.testing.assert_allclose(other, dense, rtol=1e-8, atol=1e-9)


def wide_problem():
    """More parameters than the outputs of all data."""
    x = jax.random.normal(KEY, (4, 30))
    return cl.Supervised(linear, cl.likelihoods.Categorical(), x, jnp.arange(4) % 3), jnp.zeros((30, 3))


def test_rows_solve_what_is_singular_with_damping_and_by_the_pseudo_inverse():
    problem, params = wide_problem()
    gradient = ravel_pytree(jax.grad(problem.loss)(params))[0]
    matrix = cl.fisher(problem, params)
    damped, _ = direction(problem, params, solve=cl.Rows(), damping=1e-3)
    expected = -jnp.linalg.solve(matrix + 1e-3 * jnp.eye(90), gradient)
    np.testing.assert_allclose(damped, expected, rtol=1e-9, atol=1e-10)
    shortest, info = direction(problem, params, solve=cl.Rows(pseudo_inverse=True))
    np.testing.assert_allclose(shortest, -jnp.linalg.pinv(matrix, rtol=1e-10) @ gradient, atol=1e-9)
    assert info.stop == 0


def test_rows_take_b_outside_of_their_space_and_their_ridge():
    problem, params = wide_problem()
    problem = cl.Supervised(linear, problem.likelihood, problem.inputs, problem.targets, l2=0.01)
    b = jnp.cos(jnp.arange(90.0)).reshape(30, 3)
    curvature = fisher_map(problem, params)
    x, _ = cl.Rows().solve(curvature, b, damping=0.02)
    left = jax.tree.map(lambda c, v: c + 0.02 * v, curvature.product(x), x)
    np.testing.assert_allclose(left, b, rtol=1e-9, atol=1e-10)


def test_rows_form_nothing_of_parameters_times_parameters():
    problem, params = wide_problem()
    solve = lambda b: cl.Rows().solve(fisher_map(problem, params), b, damping=0.1)[0]  # noqa: E731
    shapes = [v.aval.shape for e in jax.make_jaxpr(solve)(params).jaxpr.eqns for v in e.outvars]
    assert max(int(np.prod(shape)) for shape in shapes) <= 12 * 90


@pytest.mark.parametrize("solve", [cl.Dense(), cl.Rows()])
def test_a_singular_fisher_without_damping_ends_with_a_sentence(solve):
    problem, params = wide_problem()
    trace = cl.minimize(problem, cl.NaturalGradient(solve=solve), params, steps=5)
    assert trace.status == cl.Status.SINGULAR and trace.steps == 0
    assert np.all(np.isfinite(trace.params))


def test_what_is_singular_up_to_rounding_is_noticed_too():
    """Five drawn labels for six parameters: a factorization that succeeds by rounding leaves no digits."""
    x, y = jax.random.normal(KEY, (5, 3)), jax.random.normal(jax.random.key(1), (5, 2))
    problem = cl.Supervised(linear, cl.likelihoods.Gaussian(), x, y)
    method = cl.NaturalGradient(kind="monte-carlo")
    for seed in range(12):
        trace = cl.minimize(problem, method, jnp.zeros((3, 2)), steps=3, key=jax.random.key(seed))
        assert trace.status == cl.Status.SINGULAR and trace.steps == 0, (seed, trace.status)


def test_a_chart_that_is_left_ends_with_a_status_and_the_last_good_point():
    family = lambda theta, x: jnp.broadcast_to(jnp.stack([theta[0], jnp.log(theta[1])]), (3, 2))  # noqa: E731
    y = jnp.array([0.01, 0.0, -0.01])
    problem = cl.Supervised(family, cl.likelihoods.GaussianScale(), y, y)
    trace = cl.minimize(problem, cl.NaturalGradient(2.5), jnp.array([0.0, 5.0]), steps=50)
    assert trace.status.failed and np.all(np.isfinite(trace.params)) and trace.params[1] > 0


def test_labels_are_drawn_anew_each_step_from_the_key():
    problem, params = problem_of("Categorical", linear, l2=0.1)
    method = cl.NaturalGradient(0.1, kind="monte-carlo", samples=4)
    runs = [cl.minimize(problem, method, params, steps=30, key=jax.random.key(k)).params for k in (0, 0, 1)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert jnp.linalg.norm(runs[0] - runs[2]) > 1e-6
    exact = cl.minimize(problem, cl.NaturalGradient(0.1), params, steps=30).params
    assert jnp.linalg.norm(runs[0] - exact) < 0.2 * jnp.linalg.norm(exact - params)
    state = method.init(problem, params, KEY)
    once, state, _ = method.step(problem, params, state)
    again, _, _ = method.step(problem, params, state)
    assert jnp.linalg.norm(once - again) > 1e-9


def test_float32_stays_float32_and_a_schedule_may_begin_at_zero():
    problem, params = problem_of("Poisson", network, l2=0.1)
    problem, params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), (problem, params))
    method = cl.NaturalGradient(lambda count: 0.1 * count, damping=0.01, radius=0.1)
    trace = cl.minimize(problem, method, params, steps=5)
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(trace.params))
    assert trace.status == cl.Status.STEPS and trace.losses[-1] < trace.losses[0]


def test_misuse_gets_a_sentence():
    problem, params = problem_of("Gaussian", linear)
    with pytest.raises(ValueError, match="give minimize a key"):
        cl.minimize(problem, cl.NaturalGradient(kind="monte-carlo"), params, steps=2)
    with pytest.raises(ValueError, match="got 'expected'"):
        cl.NaturalGradient(kind="expected")
    with pytest.raises(ValueError, match="radius must be greater than 0"):
        cl.NaturalGradient(radius=0.0)
    with pytest.raises(TypeError, match="distribution of labels, which Objective does not have"):
        cl.minimize(cl.Objective(lambda p: p @ p), cl.NaturalGradient(), jnp.ones(2), steps=2)
    with pytest.raises(TypeError, match="known by its rows"):
        cl.minimize(problem, cl.Newton(solve=cl.Rows()), params, steps=2)


# What the solvers cost, counted on their jaxprs.


def soft_linear(width, classes=3, count=6):
    """n = width · classes parameters, m = count · classes rows."""
    x, labels = jnp.ones((count, width)), jnp.arange(count) % classes
    params = jax.ShapeDtypeStruct((width, classes), float)
    return cl.Supervised(linear, cl.likelihoods.Categorical(), x, labels), params


def soft_network(width, classes=3, count=6):
    """n = (3 + 1 + classes) width parameters in two layers, m = count · classes rows."""
    x, labels = jnp.ones((count, 3)), jnp.arange(count) % classes
    params = {"in": (3, width), "bias": (width,), "out": (width, classes)}
    params = {name: jax.ShapeDtypeStruct(shape, float) for name, shape in params.items()}
    return cl.Supervised(network, cl.likelihoods.Categorical(), x, labels), params


def cost(solve, problem, params):
    """Of a solve, and of forming the rows alone; and n."""
    whole = operations(lambda p, b: solve.solve(fisher_map(problem, p), b, 0.1)[0], params, params)
    rows = operations(lambda p: fisher_map(problem, p).rows(), params)
    return whole, rows, sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize("model", [soft_linear, soft_network])
def test_rows_cost_as_many_operations_as_they_say_linear_in_the_parameters(model):
    m = 18
    for width in (100, 300, 1000):
        whole, rows, n = cost(cl.Rows(), *model(width))
        # RRᵀ, its factor, two products with R, two triangular solves.
        assert whole - rows == pytest.approx(m**2 * n + m**3 / 3 + 2 * m * n + 2 * m**2, rel=1e-12)
        assert whole - rows == pytest.approx(m**2 * n + m**3 / 3, rel=0.2)
        twice = cost(cl.Rows(), *model(2 * width))[0]
        assert twice / whole == pytest.approx(2, rel=0.03)
    assert whole < 1e-3 * n**3


@pytest.mark.parametrize("model", [soft_linear, soft_network])
def test_rows_cost_the_cube_of_their_number_where_these_are_many(model):
    """Four times the solve of half the rows leaves out m³/3, and takes the terms linear in m twice."""
    (few, few_rows, n), (many, many_rows, _) = (cost(cl.Rows(), *model(50, count=k)) for k in (60, 120))
    growth = (many - many_rows) - 4 * (few - few_rows)
    m = 180
    assert growth == pytest.approx((8 - 4) * m**3 / 3 - 2 * 2 * m * n, rel=1e-12)


@pytest.mark.parametrize("model", [soft_linear, soft_network])
def test_a_dense_solve_costs_the_cube_of_the_parameters(model):
    (whole, _, n), (twice, _, _) = (cost(cl.Dense(), *model(width)) for width in (400, 800))
    # A Cholesky factorization, and LU where that breaks down.
    assert twice / whole == pytest.approx(8, rel=0.02) and whole == pytest.approx(n**3, rel=0.02)
    assert cost(cl.Rows(), *model(400))[0] < 0.01 * whole


# What all solvers agree to.

UNITS = 20


@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-6, 1e-8])
@pytest.mark.parametrize("name", ["Categorical", "GaussianScale", "Gamma", "wide"])
def test_solvers_agree_to_a_few_roundings_times_the_condition(name, size):
    """‖δ − δ'‖ ≤ 20 ε (‖F‖/λ') ‖δ‖, half of λ' being damping and half of it the ridge."""
    problem, params = wide_problem() if name == "wide" else problem_of(name, network)
    problem = cl.Supervised(problem.predict, problem.likelihood, problem.inputs, problem.targets, size / 2)
    steps = [
        direction(problem, params, damping=size / 2, solve=solve)[0]
        for solve in (cl.Dense(), cl.CG(2000, tol=1e-15), cl.Rows())
    ]
    largest = jnp.linalg.norm(cl.fisher(problem, params), 2) + size / 2
    bound = UNITS * jnp.finfo(float).eps * largest / size
    for one, other in itertools.combinations(steps, 2):
        assert jnp.linalg.norm(one - other) <= bound * jnp.linalg.norm(one)


# A start at the minimum.


@pytest.mark.parametrize(
    "solve", [cl.Dense(), cl.CG(50), cl.Rows(), cl.Diagonal()], ids=lambda s: type(s).__name__
)
def test_a_start_where_the_gradient_is_zero_has_converged(solve):
    """Also where Fisher is singular, as the least squares of more parameters than data."""
    x = jnp.array([[1.0, 2.0, 0.0], [0.5, -1.0, 4.0]])
    problem = cl.Supervised(linear, cl.likelihoods.Gaussian(), x, x @ jnp.array([1.0, -2.0, 0.5]))
    trace = cl.minimize(problem, cl.NaturalGradient(solve=solve), jnp.array([1.0, -2.0, 0.5]), steps=10)
    assert trace.status.converged and trace.steps == 0 and trace.params.tolist() == [1.0, -2.0, 0.5]


@pytest.mark.parametrize("name", DENSITIES)
def test_a_start_at_the_minimum_ends_after_few_steps_without_a_failure(name):
    problem, params = problem_of(name, linear, l2=0.3)
    best = cl.minimize(problem, cl.TrustRegionNewton(), params, steps=100, tol=1e-14).params
    for method in (cl.NaturalGradient(), cl.NaturalGradient(0.5, damping=0.1, radius=0.1)):
        trace = cl.minimize(problem, method, best, steps=200)
        assert not trace.status.failed and trace.steps < 80, (str(trace.status), trace.steps)
        np.testing.assert_allclose(trace.params, best, rtol=1e-9, atol=1e-9)


def test_a_run_to_a_loss_of_zero_in_single_precision_is_not_called_singular():
    x = jnp.array([[1.0, 0.0], [0.0, 30.0]], jnp.float32)
    problem = cl.Supervised(linear, cl.likelihoods.Gaussian(), x, jnp.zeros(2, jnp.float32))
    start = jnp.array([1.0, 1e-3], jnp.float32)
    trace = cl.minimize(problem, cl.NaturalGradient(0.5), start, steps=300)
    assert not trace.status.failed, (str(trace.status), trace.params)


# One distribution of a family, in its mean and its natural parameters.


def one_distribution(name):
    """All data from one distribution of the family; θ is a row of outputs."""
    density = DENSITIES[name]
    family = lambda theta, y: jnp.broadcast_to(theta, (len(y), *theta.shape))  # noqa: E731
    return cl.Supervised(family, density.likelihood, density.targets, density.targets), density.outputs[1]


@pytest.mark.parametrize("name", [name for name in DENSITIES if name != "Gamma"])
def test_in_mean_parameters_one_step_lands_on_the_optimum(name):
    problem, theta = one_distribution(name)
    chart = cl.charts.Mean(problem.likelihood)
    behind, start = problem.through(chart), chart.inverse(theta)
    best = jnp.mean(problem.likelihood.statistic(problem.targets), 0)
    if name == "Categorical":  # probabilities add to 1: all but the last are coordinates
        behind = behind.through(lambda phi: jnp.append(phi, 1 - jnp.sum(phi)))
        start, best = start[:-1], best[:-1]
    step, info = direction(behind, start)
    assert info.stop == 0 and jnp.linalg.norm(step) > 0.1
    np.testing.assert_allclose(start + step, best, rtol=1e-10, atol=1e-12)
    half, _ = direction(behind, start, step_size=0.5)
    np.testing.assert_allclose(start + half, (start + best) / 2, rtol=1e-10, atol=1e-12)
    trace = cl.minimize(behind, cl.NaturalGradient(), start, steps=5, tol=1e-10)
    assert trace.status.converged and trace.steps == 1


@pytest.mark.parametrize("name", DENSITIES)
def test_in_natural_parameters_it_takes_newtons_step(name):
    problem, theta = one_distribution(name)
    chart = cl.charts.Natural(problem.likelihood)
    behind, eta = problem.through(chart), chart.inverse(theta)
    for damping in (0.0, 0.1) if name != "Categorical" else (0.1,):  # logits may all be shifted: singular
        newton = cl.Newton(damping=damping)
        moved, _, _ = newton.step(behind, eta, newton.init(behind, eta))
        step, info = direction(behind, eta, damping=damping)
        assert info.stop == 0 and jnp.linalg.norm(step) > 0.01
        np.testing.assert_allclose(step, moved - eta, rtol=1e-9, atol=1e-10)


def test_an_exactly_singular_fisher_is_noticed_from_every_start():
    """Four parameters of a distribution that has two: rounding decides what the null space gets."""
    y = jnp.array([0.3, -1.1, 0.8, 2.0])
    family = lambda theta, x: jnp.broadcast_to(theta, (4, 2))  # noqa: E731
    problem = cl.Supervised(family, cl.likelihoods.GaussianScale(), y, y)
    doubled = problem.through(lambda p: p[:2] + p[2:])
    method = cl.NaturalGradient()
    step = jax.jit(lambda start: method.step(doubled, start, method.init(doubled, start))[2].stop)
    for seed in range(40):
        start = 0.5 * jax.random.normal(jax.random.key(seed), (4,))
        assert step(start) == cl.Status.SINGULAR, seed


def test_rows_solve_behind_a_chart_that_has_no_ridge():
    problem, params = wide_problem()
    chart = cl.charts.Affine(jnp.eye(90) + 0.1 * jnp.tri(90, k=-1))
    flat = problem.through(lambda w: w.reshape(30, 3)).through(chart)
    rows, _ = direction(flat, chart.inverse(params.ravel()), solve=cl.Rows(), damping=0.1)
    dense, _ = direction(flat, chart.inverse(params.ravel()), damping=0.1)
    np.testing.assert_allclose(rows, dense, rtol=1e-9, atol=1e-11)
    with pytest.raises(TypeError, match="known by its rows"):
        ridged = cl.Supervised(linear, problem.likelihood, problem.inputs, problem.targets, l2=0.1)
        direction(ridged.through(lambda w: 2 * w), params, solve=cl.Rows())
