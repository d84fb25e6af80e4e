"""First-order methods against their theory on quadratics and against optax's own loop."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import curvlib as cl

START = jnp.array([-2.0, 1.0])


@pytest.mark.parametrize("kappa", [3.0, 40.0, 300.0])
def test_gradient_descent_shrinks_each_eigendirection_by_its_factor(kappa):
    angle, step_size, steps = 0.7, 1.7 / kappa, 15
    path = cl.minimize(
        cl.problems.quadratic(kappa, angle), cl.GradientDescent(step_size), START, steps=steps, path=True
    ).path
    errors = path @ cl.problems.rotation(angle)  # along the eigenvectors, flat first
    factors = 1 - step_size * np.array([1.0, kappa])
    np.testing.assert_allclose(
        errors, errors[0] * factors ** np.arange(steps + 1)[:, None], rtol=1e-9, atol=1e-14
    )


@pytest.mark.parametrize("kappa", [3.0, 100.0])
def test_best_fixed_step_contracts_by_the_known_factor(kappa):
    start = jnp.array([kappa, 1.0])  # equal gradients: the worst case, attained at every step
    losses = cl.minimize(
        cl.problems.quadratic(kappa), cl.GradientDescent(2 / (kappa + 1)), start, steps=30
    ).losses
    np.testing.assert_allclose(losses[1:] / losses[:-1], ((kappa - 1) / (kappa + 1)) ** 2, rtol=1e-9)


def test_schedules_count_from_zero():
    trace = cl.minimize(
        cl.Objective(lambda p: p[0]), cl.GradientDescent(lambda k: 10.0**-k), jnp.array([0.0]), 3, path=True
    )
    np.testing.assert_allclose(trace.path[:, 0], [0.0, -1.0, -1.1, -1.11])


@pytest.mark.parametrize("transformation", [optax.sgd(0.01, momentum=0.9), optax.adam(0.1), optax.lbfgs()])
def test_optax_transformations_take_optax_own_steps(transformation):
    problem = cl.problems.quadratic(30.0, 0.4)
    path = cl.minimize(problem, cl.FirstOrder(transformation), START, steps=6, path=True).path
    params, state = START, transformation.init(START)
    update = jax.jit(optax.with_extra_args_support(transformation).update, static_argnames="value_fn")
    for k in range(6):
        np.testing.assert_allclose(path[k], params, rtol=1e-9, atol=1e-14)
        value, grad = jax.value_and_grad(problem.loss)(params)
        updates, state = update(grad, state, params, value=value, grad=grad, value_fn=problem.loss)
        params = optax.apply_updates(params, updates)


@pytest.mark.parametrize("method", [cl.GradientDescent(1e-20), cl.FirstOrder(optax.sgd(1e-20))])
def test_steps_lost_in_rounding_are_a_stall_though_one_parameter_is_not_used(method):
    trace = cl.minimize(cl.Objective(lambda p: p[0]), method, jnp.ones(2), steps=9)
    assert trace.status == cl.Status.STAGNATED and trace.steps == 0


@pytest.mark.parametrize("step_size", [0.0, -0.1, float("nan")])
def test_a_step_size_that_is_not_positive_gets_a_sentence(step_size):
    with pytest.raises(ValueError, match="step_size must be greater than 0"):
        cl.GradientDescent(step_size)


@pytest.mark.parametrize("wrong", [optax.adam, 0.1, "adam"])
def test_first_order_says_what_it_takes(wrong):
    with pytest.raises(TypeError, match="takes an optax transformation"):
        cl.FirstOrder(wrong)
