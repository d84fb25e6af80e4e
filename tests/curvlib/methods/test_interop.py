"""A method of curvlib inside optax."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import curvlib as cl

TIMES = jnp.arange(6.0)


def decay(p, heights):
    return p[0] * jnp.exp(-p[1] * TIMES) - heights


def problem(rate):
    return cl.LeastSquares(decay, 2 * jnp.exp(-rate * TIMES))


def test_its_updates_are_the_methods_steps() -> None:
    """A loop of optax ends where minimize does, also for a method with a state of its own."""
    start, method = jnp.array([1.0, 1.0]), cl.LevenbergMarquardt(1.0)
    transformation = cl.to_optax(method, problem(0.5))
    params, state = start, transformation.init(start)
    step = jax.jit(lambda params, state: transformation.update(None, state, params))
    for _ in range(5):
        updates, state = step(params, state)
        params = optax.apply_updates(params, updates)
    expected = cl.minimize(problem(0.5), method, start, 5).params
    np.testing.assert_allclose(params, expected, rtol=1e-12)
    assert not np.allclose(params, start)


def test_another_batch_gives_another_step() -> None:
    start = jnp.array([1.0, 1.0])
    transformation = cl.to_optax(cl.GaussNewton(), problem(0.5))
    state = transformation.init(start)
    other, _ = transformation.update(None, state, start, problem=problem(2.0))
    expected, _, _ = cl.GaussNewton().step(problem(2.0), start, cl.GaussNewton().init(problem(2.0), start))
    np.testing.assert_allclose(start + other, expected, rtol=1e-12)


def test_there_and_back_is_the_same_method() -> None:
    bowl, start = cl.problems.quadratic(30.0), jnp.array([1.0, 2.0])
    there = cl.FirstOrder(cl.to_optax(cl.GradientDescent(0.02), bowl))
    direct = cl.minimize(bowl, cl.GradientDescent(0.02), start, 20).params
    np.testing.assert_allclose(cl.minimize(bowl, there, start, 20).params, direct, rtol=1e-12)


def test_what_is_missing_is_said() -> None:
    bowl = cl.problems.quadratic(30.0)
    with pytest.raises(TypeError, match="instance with init and step"):
        cl.to_optax(cl.Newton, bowl)
    transformation = cl.to_optax(cl.Newton(), bowl)
    with pytest.raises(TypeError, match="needs params"):
        transformation.update(jnp.ones(2), transformation.init(jnp.ones(2)))
