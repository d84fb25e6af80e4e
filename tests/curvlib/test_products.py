"""Products with curvature against finite differences, closed forms, and double precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl


def pytree_loss(params):
    hidden = jnp.tanh(params["w"] @ jnp.array([1.0, -2.0]) + params["b"])
    return jnp.sum(hidden**2) + jnp.exp(0.3 * params["b"][0]) * params["w"][0, 1] ** 3


PARAMS = {"w": jnp.array([[0.3, -0.2], [0.5, 0.1], [-0.4, 0.9]]), "b": jnp.array([0.1, -0.3, 0.2])}
PROBLEM = cl.Objective(pytree_loss)


def test_hvp_is_the_derivative_of_the_gradient():
    v = jax.tree.map(lambda leaf: jnp.cos(jnp.arange(leaf.size)).reshape(leaf.shape), PARAMS)
    step = 1e-5
    gradient = jax.grad(pytree_loss)
    ahead = gradient(jax.tree.map(lambda p, d: p + step * d, PARAMS, v))
    behind = gradient(jax.tree.map(lambda p, d: p - step * d, PARAMS, v))
    expected = jax.tree.map(lambda a, b: (a - b) / (2 * step), ahead, behind)
    for got, want in zip(jax.tree.leaves(cl.hvp(PROBLEM, PARAMS, v)), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-7, atol=1e-8)


def test_dense_hessian_of_a_pytree_matches_second_differences_of_the_loss():
    flat, unravel = jax.flatten_util.ravel_pytree(PARAMS)
    loss = lambda x: float(pytree_loss(unravel(x)))  # noqa: E731
    n, step = flat.size, 1e-4
    basis = np.eye(n) * step
    expected = np.array(
        [
            [
                (loss(flat + a + b) - loss(flat + a - b) - loss(flat - a + b) + loss(flat - a - b))
                / (4 * step**2)
                for b in basis
            ]
            for a in basis
        ]
    )
    hessian = cl.hessian(PROBLEM, PARAMS)
    np.testing.assert_allclose(hessian, expected, atol=2e-6)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-14)


def test_float32_stays_float32():
    params = jnp.array([1.0, 2.0], jnp.float32)
    problem = cl.Objective(lambda p: jnp.sum(p**4))
    assert cl.hvp(problem, params, params).dtype == jnp.float32
    assert cl.hessian(problem, params).dtype == jnp.float32


@pytest.mark.parametrize(
    "v, words",
    [
        (jnp.ones(3), r"structure of params"),
        ({"w": jnp.ones((3, 2)), "b": jnp.ones(2)}, r"at \['b'\], \(3,\), got \(2,\)"),
        (
            {"w": jnp.ones((3, 2), jnp.float32), "b": jnp.ones(3)},
            r"dtype of params at \['w'\], float64, got float32",
        ),
    ],
)
def test_a_vector_that_does_not_fit_gets_a_sentence(v, words):
    with pytest.raises(ValueError, match=words):
        cl.hvp(PROBLEM, PARAMS, v)


@pytest.mark.parametrize("likelihood", ["Categorical", "Bernoulli", "Gaussian"])
def test_dense_matrices_are_right_in_single_precision_under_jit(likelihood):
    """Many outputs, data and parameters at once: where a fused kernel once computed v − Σ p v wrongly."""
    keys = jax.random.split(jax.random.key(0), 3)
    network, kind = cl.MLP((16, 12, 10)), getattr(cl.likelihoods, likelihood)()
    x = jax.random.uniform(keys[0], (200, 16), jnp.float32)
    labels = jax.nn.one_hot(jax.random.randint(keys[1], (200,), 0, 10), 10, dtype=jnp.float32)
    params = network.init(keys[2], jnp.float32)
    single = cl.Supervised(network, kind, x, labels)
    double = cl.Supervised(network, kind, x.astype(float), labels.astype(float))
    there = jax.tree.map(lambda W: W.astype(float), params)
    for matrix in (cl.fisher, cl.ggn, cl.hessian):
        ours = jax.jit(lambda params, matrix=matrix: matrix(single, params))(params)
        np.testing.assert_allclose(ours, matrix(double, there), atol=2e-6)
    rows = jax.jit(lambda params: cl.fisher_map(single, params).rows())(params)
    np.testing.assert_allclose(rows.T @ rows, cl.fisher(double, there), atol=2e-6, err_msg="by rows")
