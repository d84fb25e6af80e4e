"""The columns of tables: as exact as they promise, in every state."""

import math

import numpy as np
import pytest

from livefig.packing import LEVELS, Column, Exact, encode


def decoded(column: Column) -> np.ndarray:
    rows = len(column.numbers if isinstance(column, Exact) else column.codes)
    return np.stack([column.value(row) for row in range(rows)])


@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1.0, 1e12, 1e290])
def test_levels_at_equal_distances_are_within_their_promise(scale):
    values = scale * np.random.default_rng(0).standard_normal((40, 7))
    values *= np.geomspace(1, 1e4, 40)[:, None]  # in some states they are larger
    column = encode("x", values)
    got = decoded(column)
    assert not column.logs.any() and column.codes.dtype.itemsize == 2
    ranges = values.max(axis=1) - values.min(axis=1)
    assert np.all(np.abs(got - values).max(axis=1) <= 8e-6 * ranges)
    np.testing.assert_allclose(got.min(axis=1), values.min(axis=1), rtol=1e-14)
    np.testing.assert_allclose(got.max(axis=1), values.max(axis=1), rtol=1e-13)


@pytest.mark.parametrize("decades", [3, 16, 300])
def test_levels_at_equal_ratios_are_within_their_promise(decades):
    values = 10.0 ** np.random.default_rng(0).uniform(-decades, 0, (40, 7))
    values[:, :2] = 1, 10.0**-decades
    values[3, 2] = 0
    column = encode("x", values)
    got = decoded(column)
    assert column.logs.all() and got[3, 2] == 0
    values[3, 2] = got[3, 2] = 1
    assert np.abs(got / values - 1).max() <= 8e-6 * decades * math.log(10)


def test_a_state_has_its_own_levels():
    flat, steep = np.linspace(0.95, 1, 9), np.geomspace(1e-12, 1, 9)
    column = encode("loss", np.stack([flat, steep]))
    assert column.logs.tolist() == [False, True]
    assert np.abs(column.value(0) - flat).max() <= 8e-6 * 0.05
    np.testing.assert_allclose(column.value(1), steep, rtol=3e-4)


@pytest.mark.parametrize("sign", [1, -1])
def test_states_that_diverge_take_nothing_from_the_others(sign):
    """Nor does a path's divergence hide how it began."""
    paths = np.stack([np.sin(np.arange(20.0)), sign * 3 * (-1e7) ** np.arange(20)])
    np.testing.assert_array_equal(decoded(encode("path", paths)), paths)
    losses = paths**2
    np.testing.assert_allclose(decoded(encode("loss", losses)), losses, rtol=4e-3)


@pytest.mark.parametrize(
    "ends",
    [
        (1e304, 7e304),
        (-1e305, 1e305),
        (1e303, 1.7e308),
        (-1.7e308, 1.7e308),
        (-1.7e308, 0.3),
        (0.5, 1.7e308),
        (5e-324, 0.5),
    ],
)
def test_the_ends_of_the_range_are_no_trap(ends):
    values = np.array([[*ends, sum(ends) / 3]])
    np.testing.assert_allclose(decoded(encode("x", values)), values, rtol=7e-3)


def test_what_stands_alone_is_kept_as_it_is():
    values = np.array([1e-9, -0.3, 1e200, np.nan, np.inf, 0.1])
    np.testing.assert_array_equal(decoded(encode("loss", values)), values)


@pytest.mark.parametrize(
    "values", [[1.0, 2.5], [1e-9, 1.0], [0.5, -1.0]], ids=["linear", "ratios", "negative"]
)
def test_nan_infinities_and_zero_are_kept(values):
    special = np.array([[0.0, np.nan, np.inf, -np.inf, *values]])
    np.testing.assert_array_equal(encode("x", special).value(0)[:4], special[0, :4])
    nothing = np.array([[np.nan, np.inf, np.nan]])
    np.testing.assert_array_equal(decoded(encode("x", nothing)), nothing)
    beside = np.concatenate([nothing, [[0.5, 0.25, 3.0]]])
    np.testing.assert_allclose(decoded(encode("x", beside)), beside, atol=8e-6 * 2.75)


def test_whole_numbers_are_kept():
    values = np.array([[-7], [0], [LEVELS - 7]])
    column = encode("n", values)
    assert column.codes.dtype.itemsize == 2
    assert decoded(column).tolist() == values.tolist()
    assert encode("b", np.array([True, False])).value(0) == 1
    assert encode("x", np.array([1.0, 3.0, np.nan, 1000.0])).value(1) == 3, "also where they are floats"
    for large in ([0, 1, 10**9], [[0, 3, 10**9]], [[2.0**60, 2.0**60 + 256]]):
        column = encode("n", np.array(large))
        np.testing.assert_array_equal(decoded(column), large)
    assert encode("n", np.array([0, 1])).leaf.dtype == "int64"
