"""The strong Wolfe search: its conditions hold where it says so, and nothing stops it silently."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl

CURVES = {  # φ, the first trial
    "bowl": (lambda a: (a - 3.0) ** 2, 1.0),
    "far bowl": (lambda a: (a - 300.0) ** 2, 1.0),
    "steep bowl": (lambda a: 1e6 * (a - 1e-3) ** 2, 1.0),
    "quartic": (lambda a: (a - 2.0) ** 4, 0.1),
    "wavy": (lambda a: (a - 2.0) ** 2 + 0.3 * jnp.cos(9 * a), 1.0),
    "log barrier": (lambda a: -jnp.log(1 - a) - 5 * a, 4.0),  # not a number from 1 on
    "wall": (lambda a: jnp.where(a > 0.7, jnp.inf, -a), 5.0),
    "More and Thuente 1": (lambda a: -a / (a**2 + 2), 1e-3),
    "More and Thuente 2": (lambda a: (a + 0.004) ** 5 - 2 * (a + 0.004) ** 4, 10.0),
}


def searched(name, search, dtype=jnp.float64):
    curve, first = CURVES[name]
    both = jax.value_and_grad(curve)

    def phi(alpha):
        value, slope = both(alpha)
        return value, slope, alpha

    zero = jnp.zeros((), dtype)
    value, slope = both(zero)
    return search.search(phi, value, slope, zero, first), value, slope, curve


@pytest.mark.parametrize("curvature", [0.9, 0.1])
@pytest.mark.parametrize("name", [name for name in CURVES if name != "wall"])
def test_both_conditions_hold_where_it_succeeds(name, curvature):
    found, value, slope, curve = searched(name, cl.StrongWolfe(curvature=curvature))
    trial = found.trial
    assert found.success and found.descends and trial.alpha > 0 and found.evaluations < 30
    assert trial.value <= value + 1e-4 * trial.alpha * slope
    assert jnp.abs(trial.slope) <= curvature * jnp.abs(slope)
    np.testing.assert_allclose(trial.value, curve(trial.alpha), rtol=1e-12)
    np.testing.assert_array_equal(trial.extra, trial.alpha)  # what belongs to this trial, not to another


def test_at_a_wall_the_best_point_with_sufficient_decrease_is_kept():
    found, value, _, _ = searched("wall", cl.StrongWolfe(most=25))
    assert not found.success and found.descends and 0.5 < found.trial.alpha <= 0.7
    assert found.trial.value < value and found.evaluations == 25


def test_a_fall_without_an_end_is_told():
    found = cl.StrongWolfe(most=40).search(
        lambda a: (-a, -jnp.ones_like(a), None), jnp.array(0.0), jnp.array(-1.0), None
    )
    assert found.endless and not found.success and found.trial.alpha > 1e6
    assert not searched("wall", cl.StrongWolfe(most=25))[0].endless


def test_a_good_first_trial_costs_one_evaluation():
    search = cl.StrongWolfe().search(
        lambda a: ((1 - a) ** 2, 2 * (a - 1), None), jnp.array(1.0), jnp.array(-2.0), None
    )
    assert search.evaluations == 1 and search.trial.alpha == 1


def test_uphill_there_is_no_step():
    found = cl.StrongWolfe(most=30).search(
        lambda a: (1 + a, jnp.ones_like(a), None), jnp.array(1.0), jnp.array(1.0), None
    )
    assert not found.success and not found.descends and found.trial.alpha == 0


def test_single_precision_stays():
    found, *_ = searched("wavy", cl.StrongWolfe(), jnp.float32)
    assert found.success and found.trial.alpha.dtype == jnp.float32


@pytest.mark.parametrize("options", [{"decrease": 0.6}, {"curvature": 1.5}, {"most": 0}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        cl.StrongWolfe(**options)


def test_it_does_not_go_up_a_slope():
    found = cl.StrongWolfe().search(
        lambda a: (1 + a - a**3, 1 - 3 * a**2, None), 1.0 * jnp.ones(()), jnp.ones(()), None
    )
    assert not found.descends and found.trial.alpha == 0 and found.trial.value == 1
