"""Newton's method: exact on quadratics, drawn to saddles, a gradient step under heavy damping."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl
from curvlib.problems import LANDSCAPES

START = jnp.array([-2.0, 1.0])
SADDLE = cl.Objective(lambda p: 0.5 * (p[0] ** 2 - 3 * p[1] ** 2))


@pytest.mark.parametrize("kappa", [1.0, 1e2, 1e6])
@pytest.mark.parametrize("dim", [2, 10])
def test_one_step_solves_a_quadratic(kappa, dim):
    problem = cl.problems.quadratic(kappa, 0.6, dim)
    trace = cl.minimize(problem, cl.Newton(), jnp.linspace(-2, 1, dim), steps=1)
    assert np.linalg.norm(trace.params) < 1e-14 * kappa * dim
    assert trace.details["positive_definite"][0]


def test_the_step_is_the_damped_systems_solution():
    problem = cl.Objective(lambda p: (1 - p[0]) ** 2 + 5 * (p[1] - p[0] ** 2) ** 2 + jnp.exp(0.1 * p[1]))
    gradient, hessian = jax.grad(problem.loss)(START), jax.hessian(problem.loss)(START)
    for damping in (0.0, 0.3, 20.0):
        step = cl.minimize(problem, cl.Newton(damping), START, steps=1, path=True).path[1] - START
        np.testing.assert_allclose((hessian + damping * np.eye(2)) @ step, -gradient, rtol=1e-10)


def test_large_damping_is_a_short_gradient_step():
    problem, damping = cl.problems.quadratic(10.0, 0.3), 1e7
    step = cl.minimize(problem, cl.Newton(damping), START, steps=1, path=True).path[1] - START
    np.testing.assert_allclose(step, -jax.grad(problem.loss)(START) / damping, rtol=1e-5)


def test_an_indefinite_hessian_leads_to_the_saddle_and_is_reported():
    trace = cl.minimize(SADDLE, cl.Newton(), START, steps=5)
    np.testing.assert_allclose(trace.params, [0.0, 0.0], atol=1e-15)
    assert not trace.details["positive_definite"][0]


def test_a_step_has_derivatives_at_an_indefinite_hessian():
    def first(c):
        problem = cl.Objective(lambda p: 0.5 * (p[0] ** 2 + c * p[1] ** 2) + p[0] ** 4 + p[0] * p[1])
        start = jnp.array([1.0, 2.0])
        return cl.Newton().step(problem, start, cl.Newton().init(problem, start))[0]

    # θ − H⁻¹g is (0, 0) + H⁻¹ (8, 0) for H = [[13, 1], [1, c]], at c = −1: H⁻¹ = [[1, 1], [1, −13]] / 14.
    np.testing.assert_allclose(first(-1.0), [8 / 14, 8 / 14], rtol=1e-12)
    np.testing.assert_allclose(jax.jacrev(first)(-1.0), [-8 / 14**2, 13 * 8 / 14**2], rtol=1e-12)


def test_enough_damping_leaves_the_saddle_downhill():
    trace = cl.minimize(SADDLE, cl.Newton(4.0), START, steps=5)
    assert trace.details["positive_definite"][0] and trace.losses[-1] < trace.losses[0] - 1


def test_a_singular_hessian_is_a_status_and_keeps_the_point():
    trace = cl.minimize(cl.Objective(lambda p: p[0] ** 2 + 0 * p[1]), cl.Newton(), START, steps=5)
    assert trace.status == cl.Status.SINGULAR and "singular" in str(trace.status) and trace.steps == 0
    np.testing.assert_array_equal(trace.params, START)
    damped = cl.minimize(
        cl.Objective(lambda p: p[0] ** 2 + 0 * p[1]), cl.Newton(1e-6), START, steps=5, tol=1e-9
    )
    assert damped.status == cl.Status.CONVERGED


def test_curvature_may_come_from_another_problem():
    method, other = cl.Newton(), cl.problems.quadratic(4.0)
    params, *_ = method.step(cl.problems.quadratic(9.0), START, method.init(other, START), curvature=other)
    np.testing.assert_allclose(params, START - np.array([1.0, 9 / 4]) * START)


@pytest.mark.parametrize("damping", [-1e-3, float("nan")])
def test_negative_damping_gets_a_sentence(damping):
    with pytest.raises(ValueError, match="damping must be at least 0"):
        cl.Newton(damping=damping)


def test_damping_may_be_a_schedule():
    problem = cl.Objective(lambda p: jnp.sum(jnp.cosh(p)))
    scheduled = cl.minimize(problem, cl.Newton(lambda k: 1.0 / (1 + k)), START, steps=2, path=True).path
    first = cl.minimize(problem, cl.Newton(1.0), START, steps=1).params
    second = cl.minimize(problem, cl.Newton(0.5), first, steps=1).params
    np.testing.assert_allclose(scheduled[1:], [first, second], rtol=1e-13)


WELL = cl.problems.double_well()


@pytest.mark.parametrize(
    "method",
    [cl.Newton(eigenvalue_floor=0.1, line_search=cl.Armijo()), cl.Newton(2.0, line_search=cl.Armijo())],
)
def test_floor_or_damping_with_a_line_search_reaches_a_minimum_from_the_hump(method):
    trace = cl.minimize(WELL, method, jnp.array([0.1]), steps=200, tol=1e-9)
    assert trace.status == cl.Status.CONVERGED
    np.testing.assert_allclose(trace.params, [1.0], atol=1e-8)
    assert np.all(np.diff(trace.losses) <= 0)


def test_the_floored_step_is_the_formula():
    hessian, gradient = jax.hessian(SADDLE.loss)(START), jax.grad(SADDLE.loss)(START)
    step = cl.minimize(SADDLE, cl.Newton(eigenvalue_floor=2.0), START, 1, path=True).path[1] - START
    np.testing.assert_allclose(step, -gradient / np.maximum(np.abs(np.diag(hessian)), 2.0), rtol=1e-12)


def test_a_direction_that_climbs_is_a_status():
    trace = cl.minimize(WELL, cl.Newton(line_search=cl.Armijo()), jnp.array([0.1]), steps=5)
    assert trace.status == cl.Status.NO_DESCENT and "does not descend" in str(trace.status)
    np.testing.assert_array_equal(trace.params, [0.1])


def test_the_line_search_cures_divergence_and_converges_quadratically():
    problem, start = cl.problems.square_root(), jnp.array([1.5])
    assert cl.minimize(problem, cl.Newton(), start, steps=50).status.failed
    trace = cl.minimize(problem, cl.Newton(line_search=cl.Armijo()), start, steps=50, tol=1e-12)
    assert trace.status == cl.Status.CONVERGED and trace.details["alpha"][0] < 1
    assert trace.details["evaluations"][0] == 1 - np.log2(trace.details["alpha"][0])


def starts(landscape, count=100):
    low, high = np.array(landscape.window).T
    return low + (high - low) * jax.random.uniform(jax.random.key(0), (count, len(low)))


@pytest.mark.parametrize("name", LANDSCAPES)
def test_the_trust_region_reaches_a_minimum_from_a_hundred_starts(name):
    landscape = LANDSCAPES[name]
    radius = 1e-3 if name == "scaled valley" else 1.0
    run = jax.jit(
        lambda starts: jax.lax.map(
            lambda start: cl.minimize(landscape.problem, cl.TrustRegionNewton(radius), start, 600, tol=1e-7),
            starts,
        )
    )
    traces = run(starts(landscape))
    assert np.all(np.isfinite(traces.params)) and np.all(np.diff(traces.losses, axis=1) <= 1e-9)
    if not landscape.minima:
        assert np.all(traces.status.code == cl.Status.UNBOUNDED), str(traces.status)
        return
    assert np.all(traces.status.code == cl.Status.CONVERGED), str(traces.status)
    distances = np.linalg.norm(traces.params[:, None] - np.array(landscape.minima), axis=-1).min(1)
    # ‖g‖ ≤ 1e-7 leaves the quartic's flat minimum at |θ| ≤ 1e-7^(1/3).
    assert np.max(distances) < (5e-3 if name == "quartic" else 1e-5)


@pytest.mark.parametrize("name", ["himmelblau", "confined product saddle", "double well"])
def test_the_trust_region_leaves_a_saddle_where_newton_stays(name):
    landscape = LANDSCAPES[name]
    saddle = jnp.array(landscape.saddles[0])
    assert (
        cl.minimize(landscape.problem, cl.Newton(), saddle, steps=20, tol=1e-3).status
        == cl.Status.NOT_A_MINIMUM
    )
    trace = cl.minimize(landscape.problem, cl.TrustRegionNewton(0.5), saddle, steps=100, tol=1e-6)
    assert trace.status == cl.Status.CONVERGED and trace.details["smallest_eigenvalue"][0] < 0
    assert np.linalg.norm(trace.params - np.array(landscape.minima), axis=1).min() < 1e-5


def test_radius_and_gain_ratio_follow_their_rules():
    trace = cl.minimize(
        cl.problems.rosenbrock(), cl.TrustRegionNewton(0.5), jnp.array([-1.2, 1.0]), 60, tol=1e-8, path=True
    )
    radius, ratio, path = trace.details["radius"], trace.details["gain_ratio"], np.asarray(trace.path)
    for k in range(int(trace.steps)):
        step = path[k + 1] - path[k]
        if ratio[k] > 1e-3:
            model = jax.grad(cl.problems.rosenbrock().loss)(path[k]) @ step
            model += 0.5 * step @ cl.hessian(cl.problems.rosenbrock(), jnp.asarray(path[k])) @ step
            np.testing.assert_allclose(ratio[k], (trace.losses[k] - trace.losses[k + 1]) / -model, rtol=1e-4)
            assert np.linalg.norm(step) <= radius[k] * (1 + 1e-9)
        else:
            assert np.all(step == 0)
        if ratio[k] < 0.25:
            assert radius[k + 1] <= 0.25 * radius[k] * (1 + 1e-9)
            if ratio[k] > 1e-3:
                np.testing.assert_allclose(radius[k + 1], 0.25 * np.linalg.norm(step), rtol=1e-9)
        elif ratio[k] <= 0.75:
            assert radius[k + 1] == radius[k]
        else:
            assert radius[k + 1] in (radius[k], 2 * radius[k])


def test_the_trust_region_backs_out_of_a_region_of_nan():
    problem = cl.Objective(lambda p: jnp.where(p[0] < 0.5, jnp.nan, (p[0] - 1) ** 2 + 0.1 * p[0] ** 3))
    trace = cl.minimize(problem, cl.TrustRegionNewton(50.0), jnp.array([5.0]), steps=60, tol=1e-8)
    assert trace.status == cl.Status.CONVERGED and trace.losses[-1] < 0.1


def test_the_trust_region_does_not_take_rounding_for_a_bad_model():
    # The whole decrease lies below the loss's last digit: the gain ratio is that of a model that is right.
    problem = cl.Objective(lambda p: 1e9 + 1e-9 * jnp.sum((p - 1) ** 2))
    trace = cl.minimize(problem, cl.TrustRegionNewton(), START / 10, steps=20)
    np.testing.assert_allclose(trace.params, 1, rtol=1e-12)
    np.testing.assert_allclose(trace.details["gain_ratio"], 1, rtol=1e-2)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_the_trust_region_is_stuck_only_where_steps_are_lost_in_rounding(unit):
    wall = cl.Objective(lambda p: jnp.where(p[0] < unit, jnp.nan, p[0] / unit))
    trace = cl.minimize(wall, cl.TrustRegionNewton(unit), jnp.array([2.7 * unit]), steps=200)
    assert trace.status == cl.Status.STAGNATED
    np.testing.assert_allclose(trace.params / unit, 1, rtol=1e-14)
    assert np.min(trace.details["gain_ratio"]) == -1


def test_flat_regions_and_unbounded_descent_end_with_a_status():
    flat = cl.minimize(cl.Objective(lambda p: 0 * jnp.sum(p)), cl.TrustRegionNewton(), START, steps=9)
    assert flat.status == cl.Status.CONVERGED and flat.steps == 0
    falling = cl.minimize(cl.Objective(lambda p: -jnp.sum(p**2)), cl.TrustRegionNewton(), START, steps=900)
    assert falling.status == cl.Status.UNBOUNDED and "no minimum" in str(falling.status)
    assert np.all(np.isfinite(falling.best_params)) and falling.losses[-1] < -1e80


@pytest.mark.parametrize("method", [cl.Newton(), cl.Newton(eigenvalue_floor=0.1), cl.TrustRegionNewton()])
def test_a_curvature_that_is_not_finite_is_a_status(method):
    # Loss and gradient are finite at 0, the second derivative of |x|^(3/2) is not.
    problem = cl.Objective(lambda p: jnp.sum(p**1.5 + p))
    trace = cl.minimize(problem, method, jnp.array([0.0, 1.0]), steps=20)
    assert trace.status == cl.Status.BAD_CURVATURE, str(trace.status)
    assert trace.status.failed and trace.steps == 0 and np.all(np.isfinite(trace.params))


def test_the_trust_region_moves_in_small_units_of_the_loss():
    problem = cl.Objective(lambda p: 1e-22 * (p[0] * p[1] + 0.25 * jnp.sum(p**4)))
    start = jnp.array([0.1, 0.1], jnp.float32)
    trace = cl.minimize(problem, cl.TrustRegionNewton(), start, steps=30, tol=1e-27)
    np.testing.assert_allclose(np.abs(trace.params), 1, rtol=1e-4)
    assert trace.params[0] * trace.params[1] < 0


def test_trust_region_runs_have_derivatives_both_ways():
    method, start = cl.TrustRegionNewton(0.4), jnp.array([2.0, 2.0])

    def problem(c):  # at (2, 2) and c = −1 its Hessian is a multiple of the identity
        return cl.Objective(lambda p: 0.25 * jnp.sum(p**4) + 0.5 * c * p @ p + 0.5 * (c + 1) * p[1] ** 2)

    def scanned(c):
        problem_c = problem(c)

        def step(carry, _):
            params, state, info = method.step(problem_c, *carry)
            return (params, state), info.details["radius"]

        (params, _), radii = jax.lax.scan(step, (start, method.init(problem_c, start)), None, length=5)
        return jnp.append(params, radii[-1])

    def minimized(c):
        return cl.minimize(problem(c), method, start, steps=5).params

    run, at, h = jax.jit(scanned), -1.0, 1e-6
    expected = (run(at + h) - run(at - h)) / (2 * h)
    np.testing.assert_allclose(jax.jit(jax.jacrev(scanned))(at), expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(jax.jit(jax.jacfwd(minimized))(at), expected[:2], rtol=1e-6, atol=1e-8)


def test_the_radius_never_exceeds_its_bound():
    trace = cl.minimize(
        cl.problems.rosenbrock(), cl.TrustRegionNewton(10.0, max_radius=0.1), START, steps=30, path=True
    )
    assert np.max(trace.details["radius"]) == 0.1
    assert np.max(np.linalg.norm(np.diff(trace.path, axis=0), axis=1)) <= 0.1 * (1 + 1e-12)


def test_eigenvalues_are_reported_where_they_are_computed():
    problem, theta = cl.problems.rosenbrock(), jnp.array([0.5, 1.5])
    eigenvalues = np.linalg.eigvalsh(cl.hessian(problem, theta))
    for method in (cl.Newton(eigenvalue_floor=1e-3), cl.TrustRegionNewton()):
        details = cl.minimize(problem, method, theta, steps=1).details
        np.testing.assert_allclose(details["smallest_eigenvalue"][0], eigenvalues[0], rtol=1e-10)
        condition = np.abs(eigenvalues).max() / np.abs(eigenvalues).min()
        np.testing.assert_allclose(details["condition"][0], condition, rtol=1e-10)


@pytest.mark.parametrize("method", [cl.Newton(), cl.Newton(eigenvalue_floor=1e-3)])
def test_definiteness_is_that_of_the_hessian_itself(method):
    trace = cl.minimize(cl.problems.double_well(), method, jnp.array([0.1]), steps=1)
    assert not trace.details["positive_definite"][0]  # θ = 0.1 lies on the hump
    trace = cl.minimize(cl.problems.double_well(), method, jnp.array([1.1]), steps=1)
    assert trace.details["positive_definite"][0]


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: cl.Newton(eigenvalue_floor=0.0), "eigenvalue_floor must be greater than 0"),
        (lambda: cl.Newton(line_search="armijo"), "must be a cl.Armijo"),
        (lambda: cl.Newton(eigenvalue_floor=lambda k: 0.1), "eigenvalue_floor must be a number, got"),
        (lambda: cl.TrustRegionNewton(radius=lambda k: 0.1), "radius must be a number, got"),
        (lambda: cl.TrustRegionNewton(radius=float("inf")), "radius must be finite, got inf"),
        (lambda: cl.TrustRegionNewton(radius=-1.0), "radius must be greater than 0"),
        (lambda: cl.TrustRegionNewton(accept=0.3), "accept must be less than 0.25, got 0.3"),
    ],
)
def test_bad_options_get_a_sentence(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()


def temporaries(method, size):
    """The bytes that a compiled step reserves for itself, on a softmax regression of so many parameters."""
    inputs, labels = jnp.ones((20, size // 10)), jnp.arange(20) % 10
    problem = cl.Supervised(
        lambda w, x: x @ w.reshape(-1, 10), cl.likelihoods.Categorical(), inputs, labels, l2=1e-3
    )
    params = jnp.zeros(size)
    step = jax.jit(lambda problem, params, state: method.step(problem, params, state)[0])
    compiled = step.lower(problem, params, method.init(problem, params)).compile()
    return compiled.memory_analysis().temp_size_in_bytes


def test_newton_cg_takes_memory_in_proportion_to_the_parameters():
    by_products = cl.Newton(solve=cl.CG(50), line_search=cl.Armijo())
    small, large = (temporaries(by_products, size) for size in (1000, 8000))
    vector = 8 * 8000
    assert large < 60 * vector and large < 8.5 * small
    assert temporaries(cl.Newton(), 1000) > 8 * 1000**2, "as with a matrix it is not"
