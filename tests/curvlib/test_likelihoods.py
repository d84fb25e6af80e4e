"""Likelihoods: values against scipy's distributions, derivatives by autodiff, samples by their moments."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

import curvlib as cl

OUTPUTS = jnp.array([[0.3, -1.2, 2.0], [0.0, 0.5, -0.7], [-3.0, 1.0, 0.1], [0.0, 0.0, 0.0]])
V = jnp.array([[1.0, -0.5, 0.2], [0.3, 0.0, -2.0], [1.5, 1.0, 0.7], [-1.0, 2.0, 0.4]])
CASES = {
    "Gaussian": (cl.likelihoods.Gaussian(), jnp.sin(jnp.arange(12.0)).reshape(4, 3)),
    "Gaussian with a variance": (cl.likelihoods.Gaussian(0.3), jnp.sin(jnp.arange(12.0)).reshape(4, 3)),
    "Bernoulli": (cl.likelihoods.Bernoulli(), jnp.array([[0, 1, 1], [1, 0, 0], [1, 1, 0], [0, 0, 1.0]])),
    "soft Bernoulli": (cl.likelihoods.Bernoulli(), jnp.full((4, 3), 0.2)),
    "Categorical": (cl.likelihoods.Categorical(), jnp.eye(3)[jnp.array([0, 2, 1, 1])]),
    "soft Categorical": (cl.likelihoods.Categorical(), jnp.array([[0.2, 0.5, 0.3]] * 4)),
    "Poisson": (cl.likelihoods.Poisson(), jnp.array([[0, 1, 4], [1, 0, 0], [2, 2, 0], [0, 3, 1.0]])),
}


@pytest.mark.parametrize("name", CASES)
def test_the_output_hessian_is_the_second_derivative_of_each_datums_nll(name):
    likelihood, targets = CASES[name]
    hessians = jax.vmap(jax.hessian(lambda f, y: likelihood.nll(f[None], y[None])[0]))(OUTPUTS, targets)
    expected = jnp.einsum("nij,nj->ni", hessians, V)
    np.testing.assert_allclose(
        likelihood.output_hessian(OUTPUTS, targets, V), expected, rtol=1e-12, atol=1e-15
    )
    general = cl.likelihoods.Likelihood.output_hessian(likelihood, OUTPUTS, targets, V)
    np.testing.assert_allclose(general, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", CASES)
def test_the_gradient_is_the_mean_minus_the_target(name):
    likelihood, targets = CASES[name]
    gradient = jax.grad(lambda f: jnp.sum(likelihood.nll(f, targets)))(OUTPUTS)
    variance = getattr(likelihood, "variance", 1.0)
    np.testing.assert_allclose(
        gradient, (likelihood.mean(OUTPUTS) - targets) / variance, rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("name", ["Gaussian with a variance", "Bernoulli", "Categorical", "Poisson"])
def test_the_fisher_is_the_mean_of_squared_scores_of_samples(name):
    likelihood, _ = CASES[name]
    row, direction = OUTPUTS[:1], V[:1]
    samples = jax.vmap(lambda key: likelihood.sample(key, row))(jax.random.split(jax.random.key(0), 40_000))
    assert samples.shape == (40_000, *row.shape) and samples.dtype == row.dtype
    likelihood.check_targets(samples[:100, 0])
    np.testing.assert_allclose(jnp.mean(samples, 0), likelihood.mean(row), atol=0.06)
    scores = jax.vmap(lambda y: jax.grad(lambda f: likelihood.nll(f, y)[0])(row))(samples)
    estimate = jnp.mean(scores * jnp.sum(scores * direction, axis=(1, 2), keepdims=True), 0)
    np.testing.assert_allclose(estimate, likelihood.output_fisher(row, direction), atol=0.12)


@pytest.mark.parametrize(
    "likelihood, values, log_probability",
    [
        (
            cl.likelihoods.Gaussian(0.3),
            [-1.0, 0.5, 2.0],
            lambda f, y: scipy.stats.norm.logpdf(y, f, 0.3**0.5),
        ),
        (
            cl.likelihoods.Bernoulli(),
            [0, 1],
            lambda f, y: scipy.stats.bernoulli.logpmf(y, 1 / (1 + np.exp(-f))),
        ),
        (cl.likelihoods.Poisson(), [0, 1, 5], lambda f, y: scipy.stats.poisson.logpmf(y, np.exp(f))),
    ],
    ids=["Gaussian", "Bernoulli", "Poisson"],
)
def test_differences_of_nll_are_those_of_the_distribution(likelihood, values, log_probability):
    for y in values:
        f = np.array([0.4, -0.9])
        nll = likelihood.nll(jnp.asarray(f)[:, None], jnp.full((2, 1), float(y)))
        expected = -log_probability(f, y)
        np.testing.assert_allclose(nll[0] - nll[1], expected[0] - expected[1], rtol=1e-12)


def test_categorical_labels_are_one_hot_rows_and_one_class_more_is_bernoulli():
    likelihood, labels = cl.likelihoods.Categorical(), jnp.array([0, 2, 1, 1])
    expected = -jax.nn.log_softmax(OUTPUTS)[jnp.arange(4), labels]
    np.testing.assert_allclose(likelihood.nll(OUTPUTS, labels), expected, rtol=1e-14)
    np.testing.assert_allclose(likelihood.nll(OUTPUTS, jnp.eye(3)[labels]), expected, rtol=1e-14)
    with pytest.raises(ValueError, match="3 outputs stand for the labels 0 … 2, got the label 3"):
        likelihood.nll(OUTPUTS, labels.at[0].set(3))
    assert jnp.isnan(jax.jit(likelihood.nll)(OUTPUTS, labels.at[0].set(3))[0])  # its value is not known
    f, y = OUTPUTS[:, :1], jnp.array([1, 0, 1, 0])
    two = jnp.concatenate([jnp.zeros_like(f), f], 1)
    bernoulli = cl.likelihoods.Bernoulli().nll(f, y[:, None])
    np.testing.assert_allclose(likelihood.nll(two, y), bernoulli, rtol=1e-14)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_extreme_logits_are_finite_and_precise(dtype):
    f = jnp.array([[-1e4], [-80.0], [80.0], [1e4]], dtype)
    bernoulli = cl.likelihoods.Bernoulli()
    for y in (0.0, 1.0, 0.3):
        targets = jnp.full((4, 1), y)  # float64 beside float32: the outputs' dtype is kept
        nll, gradient = jax.value_and_grad(lambda f, y=targets: jnp.sum(bernoulli.nll(f, y)))(f)
        assert nll.dtype == dtype and jnp.isfinite(nll) and np.all(np.isfinite(gradient))
    right = bernoulli.nll(f, jnp.array([[0.0], [0.0], [1.0], [1.0]]))
    np.testing.assert_allclose(right, [0, np.exp(-80), np.exp(-80), 0], rtol=1e-5)
    assert np.all(bernoulli.output_fisher(f, jnp.ones_like(f))[1:3] > 0)
    rows = jnp.concatenate([f, jnp.zeros_like(f), -f], 1)
    categorical = cl.likelihoods.Categorical()
    nll = categorical.nll(rows, jnp.array([0, 1, 2, 1]))
    np.testing.assert_allclose(nll, [2e4, 80, 160, 1e4], rtol=1e-6)
    assert np.all(np.isfinite(categorical.output_fisher(rows, jnp.ones_like(rows))))


@pytest.mark.parametrize(
    "likelihood, targets, words",
    [
        (cl.likelihoods.Bernoulli(), jnp.array([-1.0, 1.0]), r"lie in \[0, 1\], got -1.0"),
        (cl.likelihoods.Bernoulli(), jnp.array([jnp.nan, 1.0]), r"lie in \[0, 1\], got nan"),
        (
            cl.likelihoods.Categorical(),
            jnp.array([[1.0, 0.0], [0.5, 0.2]]),
            r"sum to 1, got a row \[0.5 0.2\]",
        ),
        (cl.likelihoods.Categorical(), jnp.array([0, -1]), r"0 … K − 1, got -1"),
        (cl.likelihoods.Poisson(), jnp.array([1.0, -2.0]), "at least 0, got -2.0"),
    ],
)
def test_impossible_targets_get_a_sentence(likelihood, targets, words):
    with pytest.raises(ValueError, match=words):
        cl.Supervised(lambda p, x: x @ p, likelihood, jnp.ones((2, 1)), targets)


def test_other_misuse_gets_a_sentence():
    with pytest.raises(ValueError, match=r"outputs' shape \(4, 3\), got \(4,\)"):
        cl.likelihoods.Gaussian().nll(OUTPUTS, jnp.ones(4))
    with pytest.raises(ValueError, match="variance must be greater than 0"):
        cl.likelihoods.Gaussian(0.0)

    class Laplace(cl.likelihoods.Likelihood):
        def nll(self, outputs, targets):
            return jnp.sum(jnp.abs(outputs - targets), -1)

    with pytest.raises(
        NotImplementedError, match=r"Laplace has no sample: define Laplace.sample\(key, outputs\)"
    ):
        Laplace().sample(jax.random.key(0), OUTPUTS)


def test_a_variance_may_be_as_small_as_data_are_precise():
    fisher = cl.likelihoods.Gaussian(1e-8).output_fisher(OUTPUTS, jnp.ones_like(OUTPUTS))
    np.testing.assert_allclose(fisher, 1e8, rtol=1e-12)


def test_categorical_needs_an_axis_of_classes():
    with pytest.raises(ValueError, match=r"outputs of shape \(N, …, K\), got shape \(3,\)"):
        cl.likelihoods.Categorical().nll(jnp.zeros(3), jnp.array([0, 1, 1]))
    with pytest.raises(ValueError, match="one-hot ones too, must be floating-point"):
        cl.likelihoods.Categorical().nll(jnp.zeros((2, 3)), jnp.array([[0, 1, 0], [1, 0, 0]]))


def test_labels_may_have_several_axes():
    outputs = jax.random.normal(jax.random.key(0), (2, 4, 3))
    labels = jnp.array([[0, 1, 2, 2], [1, 1, 0, 2]])
    logs = np.log(np.exp(outputs) / np.exp(outputs).sum(-1, keepdims=True))
    expected = [-sum(logs[i, t, labels[i, t]] for t in range(4)) for i in range(2)]
    categorical = cl.likelihoods.Categorical()
    categorical.check_targets(labels)
    np.testing.assert_allclose(categorical.nll(outputs, labels), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("likelihood", "bad"),
    [
        (cl.likelihoods.Gaussian(), np.nan),
        (cl.likelihoods.Gaussian(), np.inf),
        (cl.likelihoods.Poisson(), np.inf),
    ],
)
def test_targets_that_are_not_finite_are_refused(likelihood, bad):
    with pytest.raises(ValueError, match=f"must be finite.*got {bad}"):
        likelihood.check_targets(np.array([1.0, bad]))
