"""Every likelihood beside SciPy's density of it, and as the exponential family that it says it is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl
from curvlib.likelihoods.base import excess
from tests.curvlib.densities import DENSITIES, NATURAL, expectation

each = pytest.mark.parametrize("name", DENSITIES)
TIGHT = {"rtol": 1e-10, "atol": 1e-11}


def nll(density, f, y):
    return density.likelihood.nll(f[None], y[None])[0]


def at_all_data(density, function):
    """``function(f)`` of one datum's outputs, for all eight, stacked."""
    return jax.jit(jax.vmap(function))(density.outputs)


@each
def test_nodes_of_the_oracle_integrate_to_one(name):
    density = DENSITIES[name]
    total = at_all_data(density, lambda f: expectation(density, f, lambda y: 1.0))
    np.testing.assert_allclose(total, 1, rtol=1e-12)


@each
def test_the_nll_differs_from_the_density_by_what_does_not_depend_on_f(name):
    density = DENSITIES[name]
    first, second = density.outputs[:2]
    for y in density.targets:
        ours = nll(density, first, y) - nll(density, second, y)
        expected = density.log_density(second, y) - density.log_density(first, y)
        np.testing.assert_allclose(ours, expected, rtol=1e-11, atol=1e-12)


@each
def test_the_score_has_mean_zero_and_the_outputs_fisher_for_its_second_moment(name):
    density = DENSITIES[name]
    score = lambda f, y: jax.grad(density.log_density)(f, y)  # noqa: E731
    mean = at_all_data(density, lambda f: expectation(density, f, lambda y: score(f, y)))
    np.testing.assert_allclose(mean, 0, atol=1e-11)
    square = lambda f, y: jnp.outer(score(f, y), score(f, y))  # noqa: E731
    moment = at_all_data(density, lambda f: expectation(density, f, lambda y: square(f, y)))
    basis = jnp.eye(density.outputs.shape[1])
    fisher = jax.vmap(
        lambda e: density.likelihood.output_fisher(
            density.outputs, jnp.broadcast_to(e, density.outputs.shape)
        ),
        out_axes=2,
    )(basis)
    np.testing.assert_allclose(fisher, moment, **TIGHT)


@each
def test_the_fisher_is_the_mean_hessian_and_only_natural_ones_do_not_depend_on_y(name):
    density = DENSITIES[name]
    hessian = lambda f, y: jax.hessian(nll, 1)(density, f, y)  # noqa: E731

    def of_datum(f):
        mean = expectation(density, f, lambda y: hessian(f, y))
        product = lambda e: density.likelihood.output_fisher(f[None], e[None])[0]  # noqa: E731
        spread = jnp.ptp(jax.vmap(lambda y: hessian(f, y))(density.targets), axis=0)
        return mean, jax.vmap(product)(jnp.eye(f.size)), jnp.max(spread)

    mean, fisher, spread = at_all_data(density, of_datum)
    np.testing.assert_allclose(mean, fisher, **TIGHT)
    assert np.all((spread < 1e-12) == (name in NATURAL))


@each
def test_output_hessian_and_score_are_derivatives_of_the_nll(name):
    density = DENSITIES[name]
    outputs, targets, likelihood = density.outputs, density.targets, density.likelihood
    v = jnp.cos(jnp.arange(float(outputs.size))).reshape(outputs.shape)
    hessians = jax.jit(jax.vmap(lambda f, y: jax.hessian(nll, 1)(density, f, y)))(outputs, targets)
    expected = jnp.einsum("nij,nj->ni", hessians, v)
    np.testing.assert_allclose(likelihood.output_hessian(outputs, targets, v), expected, **TIGHT)
    score = jax.jit(jax.vmap(jax.grad(density.log_density)))(outputs, targets)
    if name == "Categorical":  # the oracle's y may sum to anything
        score = targets - jax.nn.softmax(outputs)
    np.testing.assert_allclose(likelihood.output_score(outputs, targets), score, **TIGHT)


@each
def test_samples_have_the_mean_and_are_allowed_targets(name):
    density = DENSITIES[name]
    keys = jax.random.split(jax.random.key(1), 20_000)
    samples = jax.jit(jax.vmap(lambda key: density.likelihood.sample(key, density.outputs[:2])))(keys)
    assert samples.shape[1:] == density.targets[:2].shape and samples.dtype == density.outputs.dtype
    density.likelihood.check_targets(np.asarray(samples[:50]).reshape(100, *samples.shape[2:]))
    expected = at_all_data(density, lambda f: expectation(density, f, lambda y: y))[:2]
    np.testing.assert_allclose(density.likelihood.mean(density.outputs[:2]), expected, **TIGHT)
    error = jnp.std(samples, axis=0) / np.sqrt(len(keys))
    assert float(jnp.max(jnp.abs(jnp.mean(samples, 0) - expected) / error)) < 4.5


@each
def test_the_log_partition_gives_the_moments_of_the_statistic(name):
    density = DENSITIES[name]
    likelihood = density.likelihood

    def partition(eta):
        return likelihood.log_partition(eta[None])[0]

    def statistic(y):
        return likelihood.statistic(y[None])[0]

    def moments(f):
        mean = expectation(density, f, statistic)
        centred = lambda y: jnp.outer(statistic(y) - mean, statistic(y) - mean)  # noqa: E731
        return mean, expectation(density, f, centred)

    def derivatives(f):
        eta = likelihood.natural(f[None])[0]
        return jax.grad(partition)(eta), jax.hessian(partition)(eta)

    mean, covariance = at_all_data(density, moments)
    gradient, hessian = at_all_data(density, derivatives)
    np.testing.assert_allclose(gradient, mean, **TIGHT)
    np.testing.assert_allclose(likelihood.mean_parameters(density.outputs), mean, **TIGHT)
    np.testing.assert_allclose(hessian, covariance, **TIGHT)


@each
def test_the_density_is_the_exponential_family(name):
    density = DENSITIES[name]
    likelihood, y = density.likelihood, density.targets
    eta = likelihood.natural(density.outputs)
    inner = jnp.sum((eta * likelihood.statistic(y)).reshape(8, -1), 1)
    rest = likelihood.log_partition(eta) - inner - likelihood.nll(density.outputs, y)
    shifted = density.outputs[::-1]
    eta = likelihood.natural(shifted)
    inner = jnp.sum((eta * likelihood.statistic(y)).reshape(8, -1), 1)
    other = likelihood.log_partition(eta) - inner - likelihood.nll(shifted, y)
    np.testing.assert_allclose(rest, other, rtol=1e-11, atol=1e-11)  # what is left does not depend on f


@each
def test_kl_is_the_mean_difference_of_log_densities(name):
    density = DENSITIES[name]

    def mean_difference(f, g):
        return expectation(density, f, lambda y: density.log_density(f, y) - density.log_density(g, y))

    f, g = density.outputs[:4], density.outputs[4:]
    expected = jax.jit(jax.vmap(mean_difference))(f, g)
    np.testing.assert_allclose(density.likelihood.kl(f, g), expected, **TIGHT)


@each
def test_kl_is_half_the_fishers_form_and_precise_near_zero(name):
    density = DENSITIES[name]
    likelihood, outputs = density.likelihood, density.outputs
    assert not np.any(np.asarray(likelihood.kl(outputs, outputs)))
    step = jnp.cos(jnp.arange(float(outputs.size))).reshape(outputs.shape)
    form = lambda d: 0.5 * jnp.sum((d * likelihood.output_fisher(outputs, d)).reshape(8, -1), 1)  # noqa: E731
    for size, tolerance in ((1e-3, 1e-2), (1e-6, 1e-5)):
        delta = size * step
        for divergence in (
            likelihood.kl(outputs, outputs + delta),
            likelihood.kl(outputs + delta, outputs),
        ):
            np.testing.assert_allclose(divergence / form(delta), 1, atol=tolerance)


@each
def test_the_two_directions_of_kl_differ_in_the_third_order(name):
    likelihood, outputs = DENSITIES[name].likelihood, DENSITIES[name].outputs
    step = jnp.cos(jnp.arange(float(outputs.size))).reshape(outputs.shape)

    def gap(size):
        there, back = (
            likelihood.kl(outputs, outputs + size * step),
            likelihood.kl(outputs + size * step, outputs),
        )
        return jnp.max(jnp.abs(there - back))

    if name == "Gaussian":
        assert gap(0.1) < 1e-15
    else:
        assert abs(float(jnp.log2(gap(0.02) / gap(0.01))) - 3) < 0.1


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_the_excess_of_the_exponential_has_all_its_digits(dtype):
    x = jnp.concatenate([jnp.logspace(-8, 1, 200), -jnp.logspace(-8, 1, 200)]).astype(dtype)
    wide = np.asarray(x, np.longdouble)
    series = sum(wide**k / np.prod(np.arange(1.0, k + 1).astype(np.longdouble)) for k in range(2, 40))
    expected = np.where(np.abs(wide) < 1, series, np.expm1(wide) - wide)
    np.testing.assert_allclose(excess(x), expected.astype(dtype), rtol=8 * jnp.finfo(dtype).eps)
    assert np.all(np.isfinite(jax.vmap(jax.grad(excess))(x)))


@pytest.mark.parametrize(
    ("likelihood", "outputs", "words"),
    [
        (
            cl.likelihoods.GaussianScale(),
            jnp.zeros((4, 3)),
            r"\(N, …, 2\), μ and log σ, got shape \(4, 3\)",
        ),
        (cl.likelihoods.GaussianScale(), jnp.zeros(4), r"\(N, …, 2\), μ and log σ, got shape \(4,\)"),
        (
            cl.likelihoods.Gamma(),
            jnp.zeros((4, 1)),
            r"the logarithms of shape and rate, got shape \(4, 1\)",
        ),
    ],
)
def test_outputs_that_are_no_pairs_get_a_sentence(likelihood, outputs, words):
    problem = cl.Supervised(lambda p, x: p, likelihood, jnp.zeros(4), jnp.ones(4))
    with pytest.raises(ValueError, match=words):
        problem.loss(outputs)


@pytest.mark.parametrize(
    ("likelihood", "bad"),
    [
        (cl.likelihoods.GaussianScale(), np.inf),
        (cl.likelihoods.Exponential(), -1.0),
        (cl.likelihoods.Exponential(), np.nan),
        (cl.likelihoods.Gamma(), 0.0),
        (cl.likelihoods.Gamma(), np.inf),
    ],
)
def test_targets_outside_the_support_get_a_sentence(likelihood, bad):
    name = type(likelihood).__name__
    with pytest.raises(ValueError, match=f"{name} targets must be finite.*got {bad}"):
        likelihood.check_targets(np.array([1.0, bad]))


@each
def test_float32_stays_float32(name):
    density = DENSITIES[name]
    f = density.outputs.astype(jnp.float32)
    likelihood = density.likelihood

    def arrays(f, key):
        return (
            likelihood.nll(f, density.targets),
            likelihood.kl(f, f + 1),
            likelihood.output_fisher(f, f),
            likelihood.output_score(f, density.targets),
            likelihood.sample(key, f),
            likelihood.log_partition(likelihood.natural(f)),
        )

    for array in jax.eval_shape(arrays, f, jax.random.key(0)):
        assert array.dtype == jnp.float32


@pytest.mark.parametrize("far", [100.0, 800.0])
def test_kl_of_what_cannot_happen_any_more_is_finite(far):
    """0 · ∞ lurks where one distribution gives a label no probability that a float can hold."""
    off, on = jnp.array([[-far]]), jnp.array([[5.0]])
    np.testing.assert_allclose(cl.likelihoods.Bernoulli().kl(off, on), jnp.log1p(jnp.exp(5.0)), rtol=1e-12)
    np.testing.assert_allclose(cl.likelihoods.Poisson().kl(off, on), jnp.exp(5.0), rtol=1e-12)
    rows = [jnp.concatenate([f, -f], axis=1) for f in (off / 2, on / 2)]
    np.testing.assert_allclose(cl.likelihoods.Categorical().kl(*rows), jnp.log1p(jnp.exp(5.0)), rtol=1e-12)
