"""Newton's method: exact on quadratics, drawn to saddles, a gradient step under heavy damping."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl

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
