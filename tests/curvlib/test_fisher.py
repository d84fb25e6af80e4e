"""The Fisher information matrices against their definitions, by brute force, and against each other."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import curvlib as cl
from curvlib.fisher import KINDS
from tests.curvlib.densities import DENSITIES, NATURAL, expectation

INPUTS = jnp.sin(0.1 * jnp.arange(24.0) ** 2).reshape(8, 3)
DATA = jnp.arange(8)
SOFT = {
    "Bernoulli": jnp.linspace(0.0, 1.0, 16).reshape(8, 2),
    "Categorical": jnp.tile(0.1 * jnp.array([5.0, 2, 3]), (8, 1)),
}
KEY = jax.random.key(7)
TIGHT = {"rtol": 1e-10, "atol": 1e-11}


def linear(params, x):
    return x @ params


def network(params, x):
    return jnp.tanh(x @ params["in"] + params["bias"]) @ params["out"]


def start(model, width):
    if model is linear:
        return 0.5 * jnp.cos(jnp.arange(3.0 * width)).reshape(3, width)
    wide = {"in": jnp.zeros((3, 4)), "bias": jnp.zeros(4), "out": jnp.zeros((4, width))}
    flat, unravel = ravel_pytree(wide)
    return unravel(0.6 * jnp.cos(1.0 + jnp.arange(float(flat.size))))


def problem_of(name, model, soft=False, l2=0.0):
    density = DENSITIES[name]
    targets = SOFT[name] if soft else density.targets
    problem = cl.Supervised(model, density.likelihood, INPUTS, targets, l2)
    return problem, start(model, density.outputs.shape[1])


CASES = [
    (name, model, soft)
    for name in DENSITIES
    for model in (linear, network)
    for soft in ((False, True) if name in SOFT else (False,))
]
each = pytest.mark.parametrize(("name", "model", "soft"), CASES)


def mean_over_data(problem, params, of_datum):
    """1/N Σᵢ of_datum(f(θ, xᵢ), i) with the outputs as a function of the flat parameters."""
    flat, unravel = ravel_pytree(params)
    outputs = lambda i: lambda theta: problem.predict(unravel(theta), INPUTS[i][None])[0]  # noqa: E731
    mean = lambda flat: jnp.mean(jax.vmap(lambda i: of_datum(outputs(i), i, flat))(DATA), 0)  # noqa: E731
    return jax.jit(mean)(flat)


def by_definition(name, problem, params, square=True):
    """E[s sᵀ], or −E[∇² log p], of the density in θ: an expectation over y for every datum."""
    density = DENSITIES[name]

    def of_datum(output, _, theta):
        def of_label(y):
            log_density = lambda theta: density.log_density(output(theta), y)  # noqa: E731
            if not square:
                return -jax.hessian(log_density)(theta)
            score = jax.grad(log_density)(theta)
            return jnp.outer(score, score)

        return expectation(density, output(theta), of_label)

    return mean_over_data(problem, params, of_datum)


@each
def test_exact_is_the_definition_by_brute_force(name, model, soft):
    problem, params = problem_of(name, model, soft, l2=0.3)
    expected = by_definition(name, problem, params) + 0.3 * np.eye(ravel_pytree(params)[0].size)
    np.testing.assert_allclose(cl.fisher(problem, params), expected, **TIGHT)


@pytest.mark.parametrize("name", DENSITIES)
def test_exact_is_the_mean_hessian_of_the_log_density(name):
    problem, params = problem_of(name, network)
    np.testing.assert_allclose(
        cl.fisher(problem, params), by_definition(name, problem, params, False), **TIGHT
    )


@each
def test_empirical_is_the_second_moment_of_the_datas_scores(name, model, soft):
    problem, params = problem_of(name, model, soft, l2=0.3)

    def nll(output, i):
        label = problem.targets[i]
        return lambda theta: problem.likelihood.nll(output(theta)[None], label[None])[0]

    def of_datum(output, i, theta):
        score = jax.grad(nll(output, i))(theta)
        return jnp.outer(score, score)

    expected = mean_over_data(problem, params, of_datum)
    rows = cl.scores(problem, params)
    np.testing.assert_allclose(rows.T @ rows / len(INPUTS), expected, **TIGHT)
    got = cl.fisher(problem, params, kind="empirical")
    np.testing.assert_allclose(got, expected + 0.3 * np.eye(len(expected)), **TIGHT)
    gradient = ravel_pytree(jax.grad(problem.loss)(params))[0] - 0.3 * ravel_pytree(params)[0]
    np.testing.assert_allclose(jnp.mean(rows, 0), -gradient, **TIGHT)


@each
def test_in_natural_parameters_it_is_the_gauss_newton_matrix(name, model, soft):
    problem, params = problem_of(name, model, soft, l2=0.3)
    fisher, ggn = cl.fisher(problem, params), cl.ggn(problem, params)
    if name in NATURAL:
        np.testing.assert_allclose(fisher, ggn, **TIGHT)
    else:
        assert jnp.linalg.norm(fisher - ggn) > 0.05 * jnp.linalg.norm(fisher)


def test_with_a_sum_for_a_loss_it_is_n_times_as_large():
    problem, params = problem_of("Gaussian", linear)
    problem = cl.Supervised(linear, cl.likelihoods.Gaussian(), INPUTS, problem.targets)
    squares = cl.LeastSquares(lambda p: (linear(p, INPUTS) - problem.targets).ravel())
    np.testing.assert_allclose(cl.ggn(squares, params), 8 * cl.fisher(problem, params), **TIGHT)


def test_the_gaussian_with_a_scale_has_an_indefinite_gauss_newton_matrix_and_a_fisher_that_is_not():
    problem, params = problem_of("GaussianScale", linear)
    problem = problem.with_targets(4 * problem.targets)
    assert jnp.linalg.eigvalsh(cl.ggn(problem, params))[0] < -0.1
    assert jnp.linalg.eigvalsh(cl.fisher(problem, params))[0] > 0.05


@pytest.mark.parametrize("name", DENSITIES)
@pytest.mark.parametrize("kind", KINDS)
def test_products_and_rows_are_those_of_the_matrix(name, kind):
    problem, params = problem_of(name, network, l2=0.3)
    options = {"kind": kind, "key": KEY, "samples": 3}
    matrix = cl.fisher(problem, params, **options)
    flat, unravel = ravel_pytree(params)
    v = jnp.sin(jnp.arange(float(flat.size)))
    product = cl.fisher_vp(problem, params, unravel(v), **options)
    assert jax.tree.structure(product) == jax.tree.structure(params)
    np.testing.assert_allclose(ravel_pytree(product)[0], matrix @ v, **TIGHT)
    curvature = cl.fisher_map(problem, params, **options)
    rows = curvature.rows()
    np.testing.assert_allclose(rows.T @ rows + curvature.shift * np.eye(flat.size), matrix, **TIGHT)
    assert jnp.linalg.eigvalsh(matrix)[0] > 0.3 - 1e-10


@pytest.mark.parametrize("name", DENSITIES)
def test_monte_carlo_is_empirical_at_labels_drawn_from_the_model(name):
    problem, params = problem_of(name, network)
    drawn = [
        cl.fisher(
            problem.with_targets(problem.likelihood.sample(key, problem.outputs(params))), params, "empirical"
        )
        for key in jax.random.split(KEY, 3)
    ]
    np.testing.assert_allclose(cl.fisher(problem, params, "monte-carlo", KEY, 3), sum(drawn) / 3, **TIGHT)


@pytest.mark.parametrize("name", DENSITIES)
def test_the_error_of_monte_carlo_falls_like_one_over_the_root_of_the_labels(name):
    problem, params = problem_of(name, linear)
    exact = cl.fisher(problem, params)
    counts = [1, 8, 64, 512]

    def root_mean_square(samples):
        error = lambda key: jnp.sum((cl.fisher(problem, params, "monte-carlo", key, samples) - exact) ** 2)  # noqa: E731
        keys = jax.random.split(jax.random.key(3), max(60, 2000 // samples))  # few labels have heavy tails
        return jnp.sqrt(jnp.mean(jax.lax.map(error, keys))) / jnp.linalg.norm(exact)

    errors = [float(jax.jit(root_mean_square, static_argnums=0)(count)) for count in counts]
    slope = np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert abs(slope + 0.5) < 0.05, (slope, errors)


def test_one_label_a_datum_is_unbiased():
    problem, params = problem_of("Categorical", linear)
    keys = jax.random.split(KEY, 4000)
    mean = jnp.mean(jax.lax.map(lambda key: cl.fisher(problem, params, "monte-carlo", key), keys), 0)
    exact = cl.fisher(problem, params)
    assert jnp.linalg.norm(mean - exact) < 0.02 * jnp.linalg.norm(exact)


def noisy(deviation):
    x = jnp.stack([jnp.linspace(-1, 1, 4000), jnp.ones(4000)], 1)
    y = x @ jnp.array([2.0, -1.0]) + deviation * jax.random.normal(KEY, (4000,))
    problem = cl.Supervised(linear, cl.likelihoods.Gaussian(), x, y)
    return problem, jnp.linalg.lstsq(x, y)[0]


@pytest.mark.parametrize("deviation", [0.5, 1.0, 3.0])
def test_empirical_is_off_by_the_noise_that_the_model_does_not_know(deviation):
    problem, best = noisy(deviation)
    ratio = jnp.linalg.solve(cl.fisher(problem, best), cl.fisher(problem, best, "empirical"))
    np.testing.assert_allclose(jnp.linalg.eigvals(ratio).real, deviation**2, rtol=0.12)


def test_empirical_vanishes_where_the_model_interpolates():
    problem, best = noisy(0.0)
    assert jnp.max(jnp.abs(cl.fisher(problem, best, "empirical"))) < 1e-20
    assert jnp.min(jnp.diag(cl.fisher(problem, best))) > 0.3


def test_a_soft_label_has_the_soft_score_not_the_mean_square_of_its_labels():
    problem, params = problem_of("Categorical", linear, soft=True)
    hard = [problem.with_targets(jnp.full(8, k)) for k in range(3)]
    mixed = sum(
        weight * cl.fisher(each, params, "empirical")
        for weight, each in zip((0.5, 0.2, 0.3), hard, strict=True)
    )
    assert jnp.linalg.norm(mixed - cl.fisher(problem, params, "empirical")) > 0.1 * jnp.linalg.norm(mixed)


@pytest.mark.parametrize("kind", KINDS)
def test_in_other_coordinates_it_is_transformed_as_a_metric_is(kind):
    problem, theta = problem_of("Gamma", linear, l2=0.3)
    chart = lambda phi: jnp.sinh(phi).reshape(3, 2)  # noqa: E731
    phi = jnp.arcsinh(theta).ravel()
    turned = cl.fisher(problem.through(chart), phi, kind, KEY, 2)
    jacobian = jax.jacobian(lambda p: chart(p).ravel())(phi)
    expected = jacobian.T @ cl.fisher(problem, theta, kind, KEY, 2) @ jacobian
    np.testing.assert_allclose(turned, expected, **TIGHT)


def test_the_rank_is_at_most_the_directions_in_which_outputs_move():
    for name, directions in (("Gaussian", 8 * 2), ("Categorical", 8 * (3 - 1))):
        width = DENSITIES[name].outputs.shape[1]
        wide = {
            "in": 0.5 * jnp.cos(jnp.arange(90.0)).reshape(3, 30),
            "bias": jnp.sin(jnp.arange(30.0)),
            "out": 0.3 * jnp.cos(2.0 + jnp.arange(30.0 * width)).reshape(30, width),
        }
        problem, _ = problem_of(name, network)
        assert np.linalg.matrix_rank(cl.fisher(problem, wide), tol=1e-9) == directions


# What real code mixes up: each is a plausible Fisher with a fault that one identity shows.


def averaged_before_squared(problem, params):
    mean = jnp.mean(cl.scores(problem, params), 0)
    return jnp.outer(mean, mean)


def labels_of_the_data(problem, params):
    return cl.fisher(problem, params, "empirical")


def most_likely_labels(problem, params):
    likely = jax.nn.one_hot(jnp.argmax(problem.outputs(params), 1), 3)
    return cl.fisher(problem.with_targets(likely), params, "empirical")


def divided_twice(problem, params):
    rows = cl.scores(problem, params) / len(INPUTS)
    return rows.T @ rows / len(INPUTS)


def mean_over_the_wrong_axis(problem, params):
    rows = cl.scores(problem, params)
    return rows.T @ rows / rows.shape[1]


def observed(problem, params):
    return cl.hessian(problem, params)


def inverse(problem, params):
    return jnp.linalg.pinv(cl.fisher(problem, params))


@pytest.mark.parametrize(
    "mixed_up",
    [
        averaged_before_squared,
        labels_of_the_data,
        most_likely_labels,
        divided_twice,
        mean_over_the_wrong_axis,
        observed,
        inverse,
    ],
)
def test_every_mix_up_breaks_the_definition(mixed_up):
    problem, params = problem_of("Categorical", network)
    exact = by_definition("Categorical", problem, params)
    assert jnp.linalg.norm(mixed_up(problem, params) - exact) > 0.2 * jnp.linalg.norm(exact)


@pytest.mark.parametrize("kind", KINDS)
def test_no_product_forms_an_array_of_data_times_parameters(kind):
    count, width = 50, 40
    x = jnp.ones((count, width))
    problem = cl.Supervised(
        lambda p, x: jnp.tanh(x @ p["in"]) @ p["out"], cl.likelihoods.Categorical(), x, jnp.zeros(count, int)
    )
    params = {"in": jnp.ones((width, 30)), "out": jnp.ones((30, 3))}
    product = lambda v: cl.fisher_vp(problem, params, v, kind, KEY, 2)  # noqa: E731
    text = str(jax.make_jaxpr(product)(params))
    sizes = [np.prod([int(d) for d in m.split(",")]) for m in re.findall(r"f(?:32|64)\[([\d,]+)\]", text)]
    assert max(sizes) <= 2 * count * width < count * (width * 30 + 90)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_stays_float32_and_jit_takes_the_problem(kind):
    problem, params = problem_of("Poisson", network, l2=0.1)
    problem, params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), (problem, params))
    matrix = jax.jit(lambda problem, params: cl.fisher(problem, params, kind, KEY, 2))(problem, params)
    assert matrix.dtype == jnp.float32
    np.testing.assert_allclose(matrix, cl.fisher(problem, params, kind, KEY, 2), rtol=2e-5, atol=1e-6)


class Laplace(cl.likelihoods.Likelihood):
    def nll(self, outputs, targets):
        return jnp.sum(jnp.abs(outputs - targets), -1)


def test_misuse_gets_a_sentence():
    problem, params = problem_of("Gaussian", linear)
    with pytest.raises(ValueError, match='"exact", "monte-carlo" or "empirical", got \'expected\''):
        cl.fisher(problem, params, kind="expected")
    with pytest.raises(ValueError, match=r"draws labels: pass a key, as in key=jax.random.key\(0\)"):
        cl.fisher(problem, params, kind="monte-carlo")
    with pytest.raises(ValueError, match="at least one sample for each datum, got 0"):
        cl.fisher(problem, params, kind="monte-carlo", key=KEY, samples=0)
    with pytest.raises(TypeError, match=r"distribution of labels, which LeastSquares does not have"):
        cl.fisher(cl.LeastSquares(lambda p: p), jnp.ones(2))
    with pytest.raises(ValueError, match="structure of params"):
        cl.fisher_vp(problem, params, {"w": params})
    unknown = cl.Supervised(linear, Laplace(), INPUTS, problem.targets)
    with pytest.raises(NotImplementedError, match="Laplace has no sample"):
        cl.fisher(unknown, params, kind="monte-carlo", key=KEY)
    with pytest.raises(NotImplementedError, match="Laplace has no output_fisher"):
        cl.fisher(unknown, params)
    assert cl.fisher(unknown, params, kind="empirical").shape == (6, 6)
    wrong = cl.Supervised(linear, cl.likelihoods.Categorical(), INPUTS, jnp.arange(8))
    with pytest.raises(ValueError, match="2 outputs stand for the labels 0 … 1, got the label 7"):
        cl.fisher(wrong, params, kind="empirical")


@pytest.mark.parametrize("name", DENSITIES)
def test_a_root_of_the_output_fisher_is_one(name):
    density = DENSITIES[name]
    outputs, size = density.outputs, density.outputs[0].size
    problem = cl.Supervised(lambda w, x: w, density.likelihood, jnp.zeros(8), density.targets)
    root = problem.fisher_root(outputs)
    basis = jnp.eye(size).reshape(size, *outputs.shape[1:])
    at_each = lambda e: jnp.broadcast_to(e, outputs.shape)  # noqa: E731
    rows = jax.vmap(lambda e: root(at_each(e)).reshape(8, size), out_axes=2)(basis)
    products = jax.vmap(lambda e: problem.output_fisher(outputs, at_each(e)).reshape(8, size), out_axes=2)(
        basis
    )
    np.testing.assert_allclose(jnp.einsum("nki,nkj->nij", rows, rows), products, rtol=1e-9, atol=1e-12)
