"""What holds for every problem of a kind: random ones, of random sizes, by hypothesis."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.flatten_util import ravel_pytree

import curvlib as cl
from curvlib.products import ggn_map, hessian_map

FEW = settings(max_examples=6, deadline=None, derandomize=True)
LIKELIHOODS = {
    "Gaussian": (cl.likelihoods.Gaussian(0.5), lambda key, n, c: jax.random.normal(key, (n, c))),
    "Bernoulli": (cl.likelihoods.Bernoulli(), lambda key, n, c: jax.random.uniform(key, (n, c))),
    "Categorical": (cl.likelihoods.Categorical(), lambda key, n, c: jax.random.randint(key, (n,), 0, c)),
    "Poisson": (
        cl.likelihoods.Poisson(),
        lambda key, n, c: jax.random.poisson(key, 2.0, (n, c)).astype(float),
    ),
}


def network(params, x):
    return jnp.tanh(x @ params["in"]) @ params["out"]


def supervised(seed, name, rows, hidden, outputs, l2):
    """A small network on random data, and its parameters."""
    keys = jax.random.split(jax.random.key(seed), 4)
    likelihood, draw = LIKELIHOODS[name]
    params = {
        "in": jax.random.normal(keys[0], (2, hidden)),
        "out": 0.5 * jax.random.normal(keys[1], (hidden, outputs)),
    }
    x = jax.random.normal(keys[2], (rows, 2))
    return cl.Supervised(network, likelihood, x, draw(keys[3], rows, outputs), l2=l2), params


def residual(p, t):
    return jnp.sin(p["a"] * t[:, None]).ravel() + p["b"] * jnp.tile(t, 3) ** 2


def squares(seed, rows):
    keys = jax.random.split(jax.random.key(seed), 3)
    params = {"a": jax.random.normal(keys[0], (3,)), "b": jax.random.normal(keys[1], ())}
    return cl.LeastSquares(residual, jax.random.normal(keys[2], (rows,))), params


seeds = st.integers(0, 10**6)
problems = st.one_of(
    st.builds(squares, seeds, st.integers(1, 4)),
    st.builds(
        supervised, seeds, st.sampled_from(sorted(LIKELIHOODS)), st.integers(1, 5), st.integers(1, 3),
        st.integers(2, 3), st.sampled_from([0.0, 0.1]),
    ),
)  # fmt: skip


def random_like(params, seed):
    flat, unravel = ravel_pytree(params)
    return unravel(jax.random.normal(jax.random.key(seed), flat.shape))


@FEW
@given(problems, seeds)
def test_maps_are_linear_symmetric_and_what_dense_autodiff_gives(made, seed):
    problem, params = made
    u, v = random_like(params, seed), random_like(params, seed + 1)
    both = jax.tree.map(lambda a, b: 2 * a - b, u, v)

    @jax.jit
    def by_map(params, u, v, both):
        maps = hessian_map(problem, params), ggn_map(problem, params)
        products = [[ravel_pytree(each.product(x))[0] for x in (u, v, both)] for each in maps]
        return [(each.matrix(), *three) for each, three in zip(maps, products, strict=True)]

    @jax.jit
    def by_autodiff(params):
        flat, unravel = ravel_pytree(params)
        hessian = jax.hessian(lambda theta: problem.loss(unravel(theta)))(flat)
        jacobian = jax.jacobian(lambda theta: problem.outputs(unravel(theta)).ravel())(flat)
        outputs = problem.outputs(params)
        bent = jax.vmap(lambda row: problem.output_hessian(outputs, row.reshape(outputs.shape)).ravel())
        ridge = getattr(problem, "l2", 0.0) * jnp.eye(flat.size)
        return hessian, jacobian.T @ bent(jacobian.T).T + ridge

    maps, dense = by_map(params, u, v, both), by_autodiff(params)
    flat_u, flat_v = np.asarray(ravel_pytree(u)[0]), np.asarray(ravel_pytree(v)[0])
    for (matrix, of_u, of_v, of_both), expected in zip(maps, dense, strict=True):
        np.testing.assert_allclose(matrix, expected, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(flat_u @ of_v, flat_v @ of_u, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(of_both, 2 * np.asarray(of_u) - of_v, rtol=1e-9, atol=1e-11)


@FEW
@given(problems)
def test_rows_are_a_root_of_the_gauss_newton_matrix(made):
    problem, params = made
    curvature = ggn_map(problem, params)
    rows = curvature.rows()
    assert rows.shape == (problem.outputs(params).size, ravel_pytree(params)[0].size)
    product = rows.T @ rows + curvature.shift * np.eye(rows.shape[1])
    np.testing.assert_allclose(product, curvature.matrix(), rtol=1e-8, atol=1e-11)


@FEW
@given(problems, seeds, st.sampled_from([1e-3, 0.1, 10.0]))
def test_solvers_solve_the_damped_system(made, seed, damping):
    problem, params = made
    curvature, b = ggn_map(problem, params), random_like(params, seed)
    flat = ravel_pytree(b)[0]
    damped = curvature.matrix() + damping * np.eye(flat.size)
    for solver, tol in ((cl.Dense(), 1e-9), (cl.CG(4 * flat.size, 1e-10), 1e-7)):
        x, details = solver.solve(curvature, b, damping)
        assert jax.tree.structure(x) == jax.tree.structure(params)
        np.testing.assert_allclose(damped @ ravel_pytree(x)[0], flat, rtol=0, atol=tol * np.linalg.norm(flat))
        assert details["positive_definite"] and details["finite"] and not details["indefinite"]
        assert {"positive_definite", "finite", "indefinite"} <= details.keys()


@FEW
@given(seeds, st.sampled_from(sorted(LIKELIHOODS)), st.sampled_from([0.0, 0.1]))
def test_a_batch_is_the_same_problem_with_fewer_rows(seed, name, l2):
    problem, params = supervised(seed, name, 6, 2, 3, l2)
    halves = [problem.take(slice(0, 3)), problem.take(jnp.array([5, 3, 4]))]
    assert all(type(half) is cl.Supervised for half in halves)
    np.testing.assert_allclose(
        np.mean([half.loss(params) for half in halves]), problem.loss(params), rtol=1e-12
    )
    other = problem.with_targets(problem.targets[::-1])
    np.testing.assert_array_equal(other.targets, problem.targets[::-1])
    assert other.inputs is problem.inputs and other.l2 == problem.l2


@FEW
@given(problems, seeds)
def test_through_a_chart_it_is_the_same_problem_elsewhere(made, seed):
    problem, params = made
    flat, unravel = ravel_pytree(params)
    matrix = jnp.eye(flat.size) + 0.1 * jax.random.normal(jax.random.key(seed), (flat.size, flat.size))
    inner = problem.through(lambda phi: unravel(jnp.sinh(phi))).through(lambda psi: matrix @ psi)
    psi = jnp.linalg.solve(matrix, jnp.arcsinh(flat))
    assert type(inner) is type(problem)
    np.testing.assert_allclose(inner.loss(psi), problem.loss(params), rtol=1e-10)
    derivative = jnp.cosh(jnp.arcsinh(flat))[:, None] * matrix
    gradient = derivative.T @ ravel_pytree(jax.grad(problem.loss)(params))[0]
    np.testing.assert_allclose(jax.grad(inner.loss)(psi), gradient, rtol=1e-8, atol=1e-10)
    transformed = derivative.T @ cl.ggn(problem, params) @ derivative
    np.testing.assert_allclose(cl.ggn(inner, psi), transformed, rtol=1e-8, atol=1e-10)
    # A pytree still: another chart of the same shapes is another function, the same one compiles once.
    rebuilt = jax.tree.map(lambda x: x, inner)
    np.testing.assert_array_equal(rebuilt.loss(psi), inner.loss(psi))


METHODS = {
    "gradient descent": cl.GradientDescent(0.1),
    "Newton": cl.Newton(),
    "Newton with Armijo": cl.Newton(line_search=cl.Armijo()),
    "Newton-CG": cl.Newton(line_search=cl.Armijo(), solve=cl.CG(20, 1e-8)),
    "trust region": cl.TrustRegionNewton(),
    "Gauss-Newton": cl.GaussNewton(line_search=cl.Armijo()),
    "Levenberg-Marquardt": cl.LevenbergMarquardt(),
}


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=4, deadline=None, derandomize=True)
@given(seeds, st.sampled_from([0.0, 1e-6, 1e-2]))
def test_what_a_status_says_is_so(name, seed, tol):
    """On random smooth sums of squares, from random starts: converged means a small gradient (or the method's
    own tests), no run ends higher than it began but by saying so, and nothing returned is NaN."""
    problem, params = squares(seed, 2)
    trace = cl.minimize(problem, METHODS[name], params, steps=40, tol=tol)
    for leaf in jax.tree.leaves((trace.params, trace.losses, trace.gradient_norms)):
        assert np.all(np.isfinite(leaf))
    gradient = ravel_pytree(jax.grad(problem.loss)(trace.params))[0]
    np.testing.assert_allclose(trace.gradient_norms[-1], np.linalg.norm(gradient), rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(trace.losses[-1], problem.loss(trace.params), rtol=1e-9, atol=1e-25)
    if trace.status == cl.Status.CONVERGED:
        assert np.linalg.norm(gradient) <= tol * (1 + 1e-9)
    if not trace.status.failed:
        assert trace.losses[-1] <= trace.losses[0] * (1 + 1e-9)
    assert trace.steps <= 40
