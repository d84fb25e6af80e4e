"""Every landscape's minima are minima, its saddles are not, and its formulas are the written ones."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl
from curvlib.minimize import _at_once
from curvlib.problems import (
    LANDSCAPES,
    double_well,
    monkey_saddle,
    product_saddle,
    quartic,
    rosenbrock,
    square_root,
)


@pytest.mark.parametrize("name", LANDSCAPES)
def test_minima_and_saddles_are_what_they_are_called(name):
    landscape = LANDSCAPES[name]
    # The points are given to six decimals, the scaled valley's Hessian reaches 1e8.
    for point in map(jnp.array, landscape.minima):
        scale = jnp.linalg.norm(cl.hessian(landscape.problem, point)) + 1
        assert jnp.linalg.norm(jax.grad(landscape.problem.loss)(point)) < 2e-6 * scale
        assert np.linalg.eigvalsh(cl.hessian(landscape.problem, point))[0] >= -1e-12
    for point in map(jnp.array, landscape.saddles):
        assert jnp.linalg.norm(jax.grad(landscape.problem.loss)(point)) < 2e-4
        lowest = np.linalg.eigvalsh(cl.hessian(landscape.problem, point))[0]
        assert lowest < -0.1 or ("monkey" in name and abs(lowest) < 1e-12)


@pytest.mark.parametrize("name", [name for name, landscape in LANDSCAPES.items() if landscape.minima])
def test_no_lower_point_is_found_on_a_fine_grid(name):
    landscape = LANDSCAPES[name]
    axes = [np.linspace(*interval, 201) for interval in landscape.window]
    grid = np.stack(np.meshgrid(*axes), -1).reshape(-1, len(axes))
    lowest = min(float(landscape.problem.loss(jnp.array(point))) for point in landscape.minima)
    assert jnp.min(jax.vmap(landscape.problem.loss)(grid)) >= lowest - 1e-9


@pytest.mark.parametrize("c", [0.5, 2.0])
def test_confined_saddles_have_the_values_in_their_docstrings(c):
    radius = 3 / (4 * c)
    np.testing.assert_allclose(
        monkey_saddle(c).loss(jnp.array([-radius, 0.0])), -27 / (256 * c**3), rtol=1e-12
    )
    point = jnp.array([1.0, -1.0]) / (2 * jnp.sqrt(c))
    np.testing.assert_allclose(product_saddle(c).loss(point), -1 / (8 * c), rtol=1e-12)
    np.testing.assert_allclose(jax.grad(product_saddle(c).loss)(point), 0, atol=1e-14)


def test_rosenbrock_in_any_dimension_and_where_it_is_indefinite():
    assert rosenbrock().loss(jnp.ones(7)) == 0
    for offset, definite in [(-0.001, True), (0.001, False)]:
        point = jnp.array([0.5, 0.25 + 1 / 200 + offset])
        assert (np.linalg.eigvalsh(cl.hessian(rosenbrock(), point))[0] > 0) is np.bool_(definite)


def newtons_step(problem, theta):
    """The slope along Newton's step, the point it leads to, and by how much the loss changes."""
    gradient = jax.grad(problem.loss)(theta)
    delta = -jnp.linalg.solve(cl.hessian(problem, theta), gradient)
    return gradient @ delta, theta + delta, problem.loss(theta + delta) - problem.loss(theta)


def test_where_the_double_well_bends_down_small_steps_climb_and_some_full_ones_descend():
    steps = jax.jit(jax.vmap(partial(newtons_step, double_well())))
    theta = jnp.linspace(0.003, 0.576, 400)[:, None]
    slope, end, change = steps(theta)
    assert jnp.all(slope > 0)
    np.testing.assert_allclose(end, 2 * theta**3 / (3 * theta**2 - 1), rtol=1e-9)
    low, high = 1 / 5**0.5, ((11 - 17**0.5) / 26) ** 0.5
    assert (round(low, 3), round(high, 3)) == (0.447, 0.514)
    np.testing.assert_array_equal(change < 0, (low < theta[:, 0]) & (theta[:, 0] < high))
    # Exactly on the other minimum: it meets Armijo's inequality, though no small step does.
    slope, end, change = newtons_step(double_well(), jnp.array([-0.5]))
    assert end == 1
    assert slope == 0.5625
    assert change <= 1e-4 * slope


@pytest.mark.parametrize(
    ("problem", "minimum", "order", "constant"),
    [(double_well(), 1.0, 2, 3 / 2), (quartic(), 0.0, 1, 2 / 3), (square_root(), 0.0, 3, 1.0)],
)
def test_newtons_order_and_its_constant(problem, minimum, order, constant):
    """C = |L‴|/(2L″) where the order is 2; |L⁗|/(3L″) where L‴ = 0 at the minimum, and it is 3."""
    error = 1e-3
    _, end, _ = newtons_step(problem, jnp.array([minimum + error]))
    np.testing.assert_allclose(jnp.abs(end[0] - minimum), constant * error**order, rtol=1e-2)


@pytest.mark.parametrize("name", LANDSCAPES)
def test_params_of_another_shape_are_refused(name):
    landscape = LANDSCAPES[name]
    count = len(landscape.window)
    fits_more = name == "rosenbrock"
    for shape in [(), (1, count), (1 if fits_more else count + 1,)]:
        with pytest.raises(ValueError, match="takes"):
            landscape.problem.loss(jnp.ones(shape))


def test_another_number_recompiles_nothing():
    start, method = jnp.array([0.3, 0.2]), cl.GradientDescent(1e-3)
    for make in (
        lambda k: monkey_saddle(k),
        lambda k: product_saddle(k),
        lambda k: rosenbrock(1 if k == 1 else 1.0, k),
        lambda k: cl.problems.himmelblau(),
    ):
        cl.minimize(make(0.5), method, start, 3)
        compiled = _at_once._cache_size()
        cl.minimize(make(1), method, start, 3)
        cl.minimize(make(np.float64(0.7)), method, start, 3)
        assert _at_once._cache_size() == compiled
