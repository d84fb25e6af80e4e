"""Armijo's rule: the largest power of the shrink factor that it allows, and honest refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl


@pytest.mark.parametrize("curvature, expected", [(1.0, 1.0), (1.9, 1.0), (3.0, 0.5), (100.0, 0.5**6)])
def test_it_takes_the_first_step_that_satisfies_the_rule(curvature, expected):
    # φ(α) = −α + ½ c α²: the rule holds exactly for α ≤ 2 (1 − decrease) / c.
    found = cl.Armijo().search(lambda a: -a + 0.5 * curvature * a**2, jnp.float64(0.0), jnp.float64(-1.0))
    assert found.success and found.step == expected
    assert found.evaluations == 1 + round(-np.log2(expected))


def test_a_larger_demand_gives_a_shorter_step():
    phi = lambda a: -a + 0.5 * 1.5 * a**2  # noqa: E731
    steps = [cl.Armijo(decrease=c).search(phi, jnp.float64(0.0), jnp.float64(-1.0)).step for c in (1e-4, 0.5)]
    assert steps == [1.0, 0.5]


@pytest.mark.parametrize("beyond", [jnp.nan, jnp.inf, -jnp.inf])
def test_it_backs_out_of_regions_that_are_not_finite(beyond):
    phi = lambda a: jnp.where(a > 0.3, beyond, -a)  # noqa: E731
    found = cl.Armijo().search(phi, jnp.float64(0.0), jnp.float64(-1.0))
    assert found.success and found.step == 0.25 and found.value == -0.25


@pytest.mark.parametrize("slope", [0.0, 1.0, jnp.nan])
def test_no_step_along_a_direction_that_does_not_descend(slope):
    found = cl.Armijo().search(lambda a: -a, jnp.float64(0.0), jnp.float64(slope))
    assert not found.success and found.step == 0 and found.value == 0


def test_it_gives_up_after_its_evaluations():
    found = cl.Armijo(most=7).search(lambda a: 1.0 + a, jnp.float64(0.0), jnp.float64(-1.0))
    assert not found.success and found.evaluations == 7 and found.step == 0


def test_differences_of_rounding_count_as_equal():
    base = jnp.float64(1e6)
    found = cl.Armijo().search(lambda a: base * (1 + 2e-16), base, jnp.float64(-1e-12))
    assert found.success and found.step == 1


def test_float32_stays_float32():
    found = jax.jit(lambda: cl.Armijo().search(lambda a: 4 * a**2 - a, jnp.float32(0), jnp.float32(-1)))()
    assert found.step.dtype == found.value.dtype == jnp.float32 and found.step == 0.125


@pytest.mark.parametrize(
    "bad, words",
    [
        ({"decrease": 0.0}, "decrease must be greater than 0"),
        ({"decrease": 1.0}, "decrease must be less than 1"),
        ({"shrink": 1.5}, "shrink must be less than 1"),
        ({"most": 0}, "most must be at least 1"),
    ],
)
def test_bad_numbers_get_a_sentence(bad, words):
    with pytest.raises(ValueError, match=words):
        cl.Armijo(**bad)
