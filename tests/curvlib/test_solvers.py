"""The diagonal solver: against the dense diagonal, where nothing depends on a parameter, and its units."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import curvlib as cl
from curvlib.fisher import KINDS, fisher_map
from curvlib.products import hessian_map
from tests.curvlib.test_fisher import KEY, linear, network, problem_of

TIGHT = {"rtol": 1e-10, "atol": 1e-12}


def some_vector(params):
    flat, unravel = ravel_pytree(params)
    return unravel(jnp.sin(1.0 + jnp.arange(float(flat.size))))


def check_against_dense(curvature, matrix, b, power, damping):
    """x with the diagonal of a matrix that was formed elsewhere."""
    x, details = cl.Diagonal(power).solve(curvature, b, damping)
    diagonal = np.diag(matrix)
    np.testing.assert_allclose(curvature.diagonal(), diagonal, **TIGHT)
    expected = ravel_pytree(b)[0] / (diagonal**power + damping)
    assert jax.tree.structure(x) == jax.tree.structure(b)
    np.testing.assert_allclose(ravel_pytree(x)[0], expected, **TIGHT)
    assert details["positive_definite"] and not details["indefinite"] and details["finite"]


@pytest.mark.parametrize("power", [1.0, 0.5])
@pytest.mark.parametrize("kind", KINDS)
def test_it_divides_by_the_diagonal_of_the_dense_fisher(kind, power):
    problem, params = problem_of("Categorical", network, l2=0.3)
    options = {"kind": kind, "key": KEY, "samples": 3}
    curvature, matrix = fisher_map(problem, params, **options), cl.fisher(problem, params, **options)
    assert curvature.rows is not None
    check_against_dense(curvature, matrix, some_vector(params), power, 0.1)


@pytest.mark.parametrize("power", [1.0, 0.5])
def test_it_divides_by_the_diagonal_of_what_is_not_known_by_rows(power):
    problem, params = problem_of("Poisson", network, l2=3.0)
    curvature = hessian_map(problem, params)
    assert curvature.rows is None
    check_against_dense(curvature, cl.hessian(problem, params), some_vector(params), power, 0.0)
    behind = problem.through(lambda phi: jax.tree.map(jnp.sinh, phi))
    curvature = fisher_map(behind, params)  # a ridge behind a chart
    assert curvature.rows is None
    check_against_dense(curvature, cl.fisher(behind, params), some_vector(params), power, 0.0)


def test_the_diagonal_of_products_forms_no_matrix():
    problem = cl.Objective(lambda p: jnp.sum(jnp.cos(p) * jnp.roll(p, 1)))
    params = jnp.ones(300)
    text = str(jax.make_jaxpr(lambda p: hessian_map(problem, p).diagonal())(params))
    assert "300,300" not in text and "scan" in text


@pytest.mark.parametrize("kind", KINDS)
def test_an_exact_diagonal_is_solved_and_another_is_not(kind):
    """With power 1 it is the inverse of a diagonal matrix alone."""
    x = jnp.diag(jnp.array([1.0, 2.0, 3.0]))
    problem = cl.Supervised(linear, cl.likelihoods.Poisson(), x, jnp.array([[3.0], [1.0], [2.0]]))
    params, b = jnp.ones((3, 1)), jnp.array([[1.0], [-2.0], [3.0]])
    curvature = fisher_map(problem, params, kind, KEY, 8)
    diagonal, dense = (solve.solve(curvature, b)[0] for solve in (cl.Diagonal(), cl.Dense()))
    np.testing.assert_allclose(diagonal, dense, rtol=1e-12)
    mixed = fisher_map(cl.Supervised(linear, problem.likelihood, x + 0.5, problem.targets), params)
    assert jnp.linalg.norm(cl.Diagonal().solve(mixed, b)[0] - cl.Dense().solve(mixed, b)[0]) > 0.1


# Where nothing depends on a parameter.


def partly_used(params, x):
    return x @ params[:2]


UNUSED = cl.Supervised(
    partly_used,
    cl.likelihoods.Gaussian(),
    jnp.array([[1.0, 2.0], [0.5, -1.0], [2.0, 0.3]]),
    jnp.array([1.0, 2.0, 0.5]),
)


@pytest.mark.parametrize("power", [1.0, 0.5])
@pytest.mark.parametrize("kind", ["exact", "empirical"])
def test_a_parameter_on_which_nothing_depends_stays_where_it_is(kind, power):
    params = jnp.array([0.1, -0.2, 5.0])
    gradient = jax.grad(UNUSED.loss)(params)
    assert gradient[2] == 0
    x, details = cl.Diagonal(power).solve(fisher_map(UNUSED, params, kind), gradient)
    assert x[2] == 0 and np.all(np.isfinite(x)) and np.all(x[:2] != 0) and details["positive_definite"]
    trace = cl.minimize(UNUSED, cl.NaturalGradient(0.3, kind=kind, solve=cl.Diagonal(power)), params, steps=5)
    assert not trace.status.failed and trace.steps == 5 and trace.params[2] == 5.0
    assert trace.losses[-1] < trace.losses[0]


def test_a_b_where_the_diagonal_is_zero_is_singular_unless_damped():
    params = jnp.array([0.1, -0.2, 5.0])
    curvature = fisher_map(UNUSED, params)
    x, details = cl.Diagonal().solve(curvature, jnp.ones(3))
    assert not details["positive_definite"] and not details["indefinite"] and np.all(np.isfinite(x))
    x, details = cl.Diagonal().solve(curvature, jnp.ones(3), damping=0.5)
    assert details["positive_definite"] and x[2] == 2.0


def test_a_run_ends_where_a_diagonal_is_zero_and_the_gradient_is_not():
    """The curvature is of another problem, without the ridge that pulls at the third parameter."""
    params = jnp.array([0.1, -0.2, 5.0])
    pulled = cl.Supervised(partly_used, UNUSED.likelihood, UNUSED.inputs, UNUSED.targets, l2=0.1)
    method = cl.NaturalGradient(solve=cl.Diagonal())
    moved, _, info = method.step(pulled, params, method.init(pulled, params), curvature=UNUSED)
    assert info.stop == cl.Status.SINGULAR and np.all(np.isfinite(moved))
    _, _, info = method.step(pulled, params, method.init(pulled, params))
    assert info.stop == 0


def test_it_ends_a_run_of_the_natural_gradient_as_singular():
    """The gradient is 1e-200, and its square, the diagonal, underflows."""
    tiny = cl.Supervised(
        lambda p, x: 1e-200 * p[None] + x, cl.likelihoods.Gaussian(), jnp.zeros((1, 1)), jnp.ones((1, 1))
    )
    trace = cl.minimize(tiny, cl.NaturalGradient(solve=cl.Diagonal()), jnp.zeros(1), steps=5)
    assert trace.status == cl.Status.SINGULAR and trace.steps == 0 and trace.params[0] == 0
    damped = cl.NaturalGradient(damping=1e-3, solve=cl.Diagonal())
    assert cl.minimize(tiny, damped, jnp.zeros(1), steps=5).status != cl.Status.SINGULAR


@pytest.mark.parametrize("power", [1.0, 0.5])
def test_a_negative_diagonal_of_a_hessian_is_reported(power):
    saddle = cl.Objective(lambda p: p[0] ** 2 - p[1] ** 2 + 0.1 * p[0] * p[1])
    x, details = cl.Diagonal(power).solve(hessian_map(saddle, jnp.zeros(2)), jnp.ones(2))
    assert details["indefinite"] and not details["positive_definite"] and details["finite"]
    assert np.all(np.isfinite(x))
    trace = cl.minimize(saddle, cl.Newton(solve=cl.Diagonal(power)), jnp.zeros(2), steps=3)
    assert trace.status == cl.Status.NOT_A_MINIMUM


def test_a_diagonal_that_is_not_finite_is_reported():
    spike = cl.Objective(lambda p: jnp.sum(jnp.abs(p) ** 1.5))
    _, details = cl.Diagonal().solve(hessian_map(spike, jnp.array([1.0, 0.0])), jnp.ones(2))
    assert not details["finite"]


# Units.


@pytest.mark.parametrize(
    ("method", "same"),
    [
        (cl.NaturalGradient(0.1, kind="empirical", solve=cl.Diagonal(0.5)), True),
        (cl.NaturalGradient(0.1, kind="exact", solve=cl.Dense()), True),
        (cl.NaturalGradient(0.1, kind="exact", solve=cl.Diagonal(1.0)), True),
        (cl.NaturalGradient(0.1, kind="empirical", solve=cl.Diagonal(1.0)), False),
        (cl.NaturalGradient(0.1, kind="exact", solve=cl.Diagonal(0.5)), False),
        (cl.NaturalGradient(0.1, kind="empirical", solve=cl.Diagonal(0.5), damping=0.1), False),
    ],
)
def test_scores_that_are_all_multiplied_leave_the_step_where_units_cancel(method, same):
    """With the variance v the scores scale by 1/v, the empirical Fisher by 1/v², and the exact one by 1/v."""

    model = linear if isinstance(method.solve, cl.Dense) else network  # of which F is not singular

    def step(variance):
        problem, params = problem_of("Gaussian", model)
        likelihood = cl.likelihoods.Gaussian(variance)
        problem = cl.Supervised(model, likelihood, problem.inputs, problem.targets)
        moved, _, info = method.step(problem, params, method.init(problem, params))
        assert info.stop == 0
        return ravel_pytree(moved)[0] - ravel_pytree(params)[0]

    one, other = step(1.0), step(0.01)
    apart = jnp.linalg.norm(one - other) / jnp.linalg.norm(one)
    assert apart < 1e-12 if same else apart > 0.5


@pytest.mark.parametrize("size", [1e-30, 1e-10, 1.0, 1e10, 1e30])
@pytest.mark.parametrize(
    "solve", [cl.Diagonal(), cl.Diagonal(0.5), cl.Dense(), cl.CG(50)], ids=["1", "1/2", "dense", "cg"]
)
@pytest.mark.parametrize("dtype", [jnp.float64, jnp.float32])
def test_nothing_is_called_singular_for_its_size(size, solve, dtype):
    """F is of this size: with the variance 1/size."""
    problem, params = problem_of("Gaussian", linear)
    likelihood = cl.likelihoods.Gaussian(jnp.asarray(1 / size, dtype))
    problem = cl.Supervised(linear, likelihood, problem.inputs.astype(dtype), problem.targets)
    params = params.astype(dtype)
    assert 0.01 * size < jnp.max(jnp.diag(cl.fisher(problem, params))) < 100 * size
    method = cl.NaturalGradient(0.3, solve=solve)
    moved, _, info = method.step(problem, params, method.init(problem, params))
    assert info.stop == 0 and np.all(np.isfinite(moved))
    assert getattr(solve, "power", 1.0) == 0.5 or jnp.any(moved != params)  # g/√F has the size √F


def test_a_step_is_adams_without_its_averages():
    """θ ← θ − η g/√(mean of squares of the scores), at λ = 0."""
    problem, params = problem_of("Categorical", network)
    method = cl.NaturalGradient(0.01, kind="empirical", solve=cl.Diagonal(0.5))
    moved, _, info = method.step(problem, params, method.init(problem, params))
    scores = cl.scores(problem, params)
    expected = 0.01 * jnp.mean(scores, 0) / jnp.sqrt(jnp.mean(scores**2, 0))
    np.testing.assert_allclose(ravel_pytree(moved)[0] - ravel_pytree(params)[0], expected, **TIGHT)
    assert info.stop == 0


def test_single_precision_stays_and_jit_takes_the_power():
    problem, params = problem_of("Poisson", network, l2=0.1)
    problem, params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), (problem, params))
    solve = jax.jit(lambda solver: solver.solve(fisher_map(problem, params), params)[0])
    for power in (1.0, 0.5):
        x = solve(cl.Diagonal(power))
        assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(x))
        expected = cl.Diagonal(power).solve(fisher_map(problem, params), params)[0]
        np.testing.assert_allclose(ravel_pytree(x)[0], ravel_pytree(expected)[0], rtol=1e-5)
    assert solve._cache_size() == 1


def test_misuse_gets_a_sentence():
    for power in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match=f"power must be greater than 0, got {power}"):
            cl.Diagonal(power)
    with pytest.raises(TypeError, match="solve must be a solver"):
        cl.NaturalGradient(solve=cl.Diagonal)
