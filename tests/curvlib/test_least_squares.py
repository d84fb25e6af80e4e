"""LeastSquares and Supervised, and their generalized Gauss–Newton matrix against brute force."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import curvlib as cl
from curvlib.products import residuals_and_jacobian

X = jax.random.normal(jax.random.key(0), (7, 2))
PARAMS = {"w": jnp.array([[0.3, -0.2, 0.6], [0.5, 0.1, -0.4]]), "b": jnp.array([0.1, -0.3, 0.2])}
VECTOR = jax.tree.map(lambda leaf: jnp.cos(jnp.arange(leaf.size) + 1.0).reshape(leaf.shape), PARAMS)


def network(params, x):
    return jnp.tanh(x @ params["w"] + params["b"]) * jnp.array([1.0, 2.0, -1.0], x.dtype)


TARGETS = {
    "Gaussian": jnp.sin(jnp.arange(21.0)).reshape(7, 3),
    "Bernoulli": jnp.full((7, 3), 0.3),
    "Categorical": jnp.array([0, 1, 2, 1, 0, 2, 2]),
    "Poisson": jnp.arange(21.0).reshape(7, 3) % 4,
}


def supervised(name, l2=0.0, predict=network):
    return cl.Supervised(predict, getattr(cl.likelihoods, name)(), X, TARGETS[name], l2)


@pytest.mark.parametrize("l2", [0.0, 0.7])
@pytest.mark.parametrize("name", TARGETS)
def test_ggn_is_the_jacobian_around_the_hessian_of_the_nll_at_the_outputs(name, l2):
    problem = supervised(name, l2)
    flat, unravel = ravel_pytree(PARAMS)
    outputs = lambda theta: network(unravel(theta), X).ravel()  # noqa: E731
    mean_nll = lambda f: jnp.mean(problem.likelihood.nll(f.reshape(7, 3), problem.targets))  # noqa: E731
    jacobian = jax.jacfwd(outputs)(flat)
    expected = jacobian.T @ jax.hessian(mean_nll)(outputs(flat)) @ jacobian + l2 * np.eye(flat.size)
    np.testing.assert_allclose(cl.ggn(problem, PARAMS), expected, rtol=1e-10, atol=1e-14)
    product = ravel_pytree(cl.ggn_vp(problem, PARAMS, VECTOR))[0]
    np.testing.assert_allclose(product, expected @ ravel_pytree(VECTOR)[0], rtol=1e-10, atol=1e-14)
    loss = mean_nll(outputs(flat)) + 0.5 * l2 * flat @ flat
    np.testing.assert_allclose(problem.loss(PARAMS), loss, rtol=1e-13)


@pytest.mark.parametrize("name", TARGETS)
def test_for_a_linear_model_it_is_the_hessian(name):
    problem = supervised(name, 0.2, lambda params, x: x @ params["w"] + params["b"])
    np.testing.assert_allclose(cl.ggn(problem, PARAMS), cl.hessian(problem, PARAMS), rtol=1e-10, atol=1e-14)
    curved = supervised(name, 0.2)
    assert np.abs(cl.ggn(curved, PARAMS) - cl.hessian(curved, PARAMS)).max() > 1e-3


def test_the_split_decides_for_another_link():
    """Probit: at the linear predictor the GGN is the Hessian, at the logit it is the Fisher."""

    class Probit(cl.likelihoods.Likelihood):
        def nll(self, outputs, targets):
            sign = 2 * targets - 1
            return -jax.scipy.stats.norm.logcdf(sign * outputs)

    def logit(w, x):
        log_p, log_q = (jax.scipy.stats.norm.logcdf(sign * (x @ w)) for sign in (1, -1))
        return log_p - log_q

    w, y = jnp.array([0.4, -0.3]), jnp.array([1.0, 0, 0, 1, 1, 0, 1])
    at_predictor = cl.Supervised(lambda w, x: x @ w, Probit(), X, y)
    at_logit = cl.Supervised(logit, cl.likelihoods.Bernoulli(), X, y)
    np.testing.assert_allclose(at_predictor.loss(w), at_logit.loss(w), rtol=1e-12)
    np.testing.assert_allclose(cl.ggn(at_predictor, w), cl.hessian(at_predictor, w), rtol=1e-9)
    z = X @ w
    density, p = jax.scipy.stats.norm.pdf(z), jax.scipy.stats.norm.cdf(z)
    fisher = X.T @ (X * (density**2 / (p * (1 - p)))[:, None]) / 7
    np.testing.assert_allclose(cl.ggn(at_logit, w), fisher, rtol=1e-9)
    assert np.abs(fisher - cl.hessian(at_logit, w)).max() > 1e-3
    jitted = jax.jit(lambda problem, w: problem.loss(w))  # a likelihood that is no pytree is static
    np.testing.assert_allclose(jitted(at_predictor, w), at_predictor.loss(w), rtol=1e-14)


def test_least_squares_is_half_the_sum_of_squares_of_any_pytree():
    problem = cl.LeastSquares(lambda p, c: {"a": p["w"] ** 2 - c, "b": (jnp.sum(p["b"]),)}, jnp.array(0.5))
    values = np.concatenate([np.ravel(PARAMS["w"] ** 2 - 0.5), [np.sum(PARAMS["b"])]])
    np.testing.assert_allclose(problem.residuals(PARAMS), values, rtol=1e-15)
    np.testing.assert_allclose(problem.loss(PARAMS), 0.5 * np.sum(values**2), rtol=1e-14)
    assert [leaf.shape for leaf in jax.tree.leaves(problem)] == [()] and "LeastSquares(" in repr(problem)
    r, jacobian = residuals_and_jacobian(problem, PARAMS)
    np.testing.assert_allclose(r @ jacobian, ravel_pytree(jax.grad(problem.loss)(PARAMS))[0], rtol=1e-12)
    np.testing.assert_allclose(cl.ggn(problem, PARAMS), jacobian.T @ jacobian, rtol=1e-12, atol=1e-15)


def test_gaussian_supervised_is_least_squares_over_n():
    y = TARGETS["Gaussian"]
    squares = cl.LeastSquares(lambda p: network(p, X) - y)
    mean = supervised("Gaussian")
    np.testing.assert_allclose(mean.loss(PARAMS), squares.loss(PARAMS) / 7, rtol=1e-14)
    np.testing.assert_allclose(cl.ggn(mean, PARAMS), cl.ggn(squares, PARAMS) / 7, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("size", [3, 20])
def test_the_jacobian_by_columns_and_by_rows(size):
    matrix = jax.random.normal(jax.random.key(1), (size, 9))
    problem = cl.LeastSquares(lambda p: jnp.sin(matrix @ ravel_pytree(p)[0]))
    _, jacobian = residuals_and_jacobian(problem, PARAMS)
    np.testing.assert_allclose(
        jacobian, jnp.cos(matrix @ ravel_pytree(PARAMS)[0])[:, None] * matrix, rtol=1e-12
    )
    # A square of directions: of parameters or of residuals, whichever are fewer.
    work = str(jax.make_jaxpr(lambda params: residuals_and_jacobian(problem, params))(PARAMS))
    fewer, more = sorted(matrix.shape)
    assert f"f64[{fewer},{fewer}]" in work and f"f64[{more},{more}]" not in work


def test_problems_are_pytrees_whose_data_are_leaves():
    traces = 0

    @jax.jit
    def value(problem):
        nonlocal traces
        traces += 1
        return problem.loss(PARAMS)

    first, second = supervised("Bernoulli", 0.1), supervised("Bernoulli", 0.2)
    assert value(second) > value(first) and traces == 1
    fewer = jax.tree.map(lambda leaf: leaf[:3] if jnp.ndim(leaf) else leaf, first)
    np.testing.assert_allclose(
        fewer.loss(PARAMS),
        jnp.mean(first.likelihood.nll(network(PARAMS, X[:3]), first.targets[:3]))
        + 0.05 * sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(PARAMS)),
        rtol=1e-13,
    )


def test_float32_stays_float32_beside_wide_targets():
    narrow = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), PARAMS)
    for name in TARGETS:
        problem = cl.Supervised(
            network, getattr(cl.likelihoods, name)(), X.astype(jnp.float32), TARGETS[name], np.float64(0.1)
        )
        assert problem.loss(narrow).dtype == cl.ggn(problem, narrow).dtype == jnp.float32


@pytest.mark.parametrize(
    "make, error, words",
    [
        (lambda: cl.LeastSquares(jnp.ones(3)), TypeError, "residual must be a function"),
        (lambda: cl.LeastSquares(lambda p: None).loss(PARAMS), ValueError, "returned no numbers"),
        (
            lambda: cl.LeastSquares(lambda p: "r").loss(PARAMS),
            TypeError,
            "real floating-point arrays, got str",
        ),
        (lambda: cl.LeastSquares(lambda p: jnp.arange(3)).loss(PARAMS), TypeError, "arrays, got int"),
        (lambda: cl.LeastSquares(lambda p: p["b"] * 1j).loss(PARAMS), TypeError, "arrays, got complex"),
        (
            lambda: cl.LeastSquares(lambda p: p * 1.0).loss(jnp.arange(3)),
            TypeError,
            "params must be floating",
        ),
        (lambda: cl.Supervised(X, cl.likelihoods.Gaussian(), X, X), TypeError, "predict must be a function"),
        (lambda: cl.Supervised(network, cl.likelihoods.Gaussian, X, X), TypeError, "must be an instance"),
        (lambda: cl.Supervised(network, "Gaussian", X, X), TypeError, "likelihood must be an instance"),
        (lambda: supervised("Gaussian", -1.0), ValueError, "l2 must be at least 0"),
        (
            lambda: supervised("Gaussian", 0.0, lambda p, x: x[0]).loss(PARAMS),
            ValueError,
            "each of the 7 targets",
        ),
        (lambda: supervised("Gaussian", 0.0, lambda p, x: 1.0).loss(PARAMS), TypeError, "one real floating"),
        (
            lambda: supervised("Gaussian", 0.0, lambda p, x: x).loss(PARAMS),
            ValueError,
            r"\(7, 2\), got \(7, 3\)",
        ),
        (lambda: cl.ggn(cl.problems.rosenbrock(), jnp.ones(2)), TypeError, r"cl.LeastSquares\(residual\) or"),
        (lambda: cl.ggn_vp(supervised("Gaussian"), PARAMS, jnp.ones(9)), ValueError, "structure of params"),
        (
            lambda: residuals_and_jacobian(supervised("Gaussian"), PARAMS),
            TypeError,
            "needs residuals, which Sup",
        ),
    ],
)
def test_misuse_gets_a_sentence(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_no_ridge_is_none_where_the_squares_overflow():
    far = jnp.array([1e20, 1.0], jnp.float32)
    problem = cl.Supervised(
        lambda w, x: x @ w * 1e-20, cl.likelihoods.Gaussian(), X.astype(jnp.float32), jnp.zeros(7)
    )
    expected = 0.5 * np.mean(np.square(np.asarray(X[:, 0], np.float32)))
    np.testing.assert_allclose(problem.loss(far), expected, rtol=1e-5)
    many = {"big": jnp.ones((300, 300), jnp.float16)}  # 90 000 squares are more than float16 holds

    def half(w, x):
        return x.astype(jnp.float16) @ w["big"][:2, :3]

    problem = cl.Supervised(half, cl.likelihoods.Gaussian(), X, jnp.zeros((7, 3)), l2=1e-5)
    without = cl.Supervised(half, cl.likelihoods.Gaussian(), X, jnp.zeros((7, 3)))
    np.testing.assert_allclose(problem.loss(many) - without.loss(many), 0.45, atol=5e-3)


def test_targets_may_be_a_list_of_numbers_only():
    coin = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Bernoulli(), X[:3], [0, 1, 1])
    np.testing.assert_allclose(coin.loss(jnp.zeros(2)), np.log(2), rtol=1e-12)
    with pytest.raises(TypeError, match="the targets must be an array of numbers, got 'yes'"):
        cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Bernoulli(), X[:3], "yes")
    assert "N = ?" in repr(jax.tree.map(lambda _: 0, coin))


def test_a_jacobian_has_the_dtype_of_its_residuals():
    """Also where it is made in reverse mode, from parameters of another precision."""

    def residual(p):
        return (p**2).astype(jnp.float32)[:1]

    values, jacobian = residuals_and_jacobian(cl.LeastSquares(residual), jnp.array([1.0, 2.0]))
    assert values.dtype == jacobian.dtype == jnp.float32
    trace = cl.minimize(cl.LeastSquares(residual), cl.LevenbergMarquardt(), jnp.array([1.0, 2.0]), 5)
    assert trace.losses[-1] < trace.losses[0]
