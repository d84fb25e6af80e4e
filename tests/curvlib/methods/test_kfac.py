"""K-FAC: what a step equals, what it is invariant under, and what it survives."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl
from curvlib.factors import kronecker_factors, layer_statistics
from tests.curvlib.test_kronecker import LIKELIHOODS, problem_of

KEY = jax.random.key(0)


@jax.jit
def one_step(problem, params, method, key=KEY):
    return method.step(problem, params, method.init(problem, params, key))


def flat(tree):
    return jax.flatten_util.ravel_pytree(tree)[0]


@pytest.mark.parametrize("kind", ["exact", "empirical"])
def test_a_step_divides_each_layer_by_its_damped_factors(kind):
    problem, params = problem_of(cl.MLP((3, 4, 2)), LIKELIHOODS["Categorical"], 10)
    problem = cl.Supervised(problem.predict, problem.likelihood, problem.inputs, problem.targets, l2=0.02)
    method = cl.KFAC(step_size=0.7, damping=0.08, kind=kind)
    moved, _, info = one_step(problem, params, method)
    gradient = jax.grad(problem.loss)(params)
    factors = kronecker_factors(layer_statistics(problem, params, kind))
    for (a, g), W, V, new in zip(factors, params, gradient, moved, strict=True):
        p, q = W.shape
        split = jnp.sqrt((jnp.trace(a) / p) / (jnp.trace(g) / q))
        left = a + split * jnp.sqrt(0.1) * jnp.eye(p)
        right = g + jnp.sqrt(0.1) / split * jnp.eye(q)
        step = -0.7 * jnp.linalg.solve(jnp.kron(left, right), V.ravel()).reshape(p, q)
        np.testing.assert_allclose(new - W, step, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(info.loss, problem.loss(params), rtol=1e-12)
    np.testing.assert_allclose(info.gradient_norm, jnp.linalg.norm(flat(gradient)), rtol=1e-10)


def test_where_factors_are_exact_a_step_is_the_natural_gradients_blockwise():
    """One datum's output Fisher aside: a linear layer with squared loss, undamped but for rounding."""
    problem, params = problem_of(cl.MLP((3, 2), "linear"), LIKELIHOODS["Gaussian"], 20)
    moved, _, _ = one_step(problem, params, cl.KFAC(step_size=1.0, damping=1e-20, kind="exact"))
    natural = cl.NaturalGradient()
    expected, _, _ = natural.step(problem, params, natural.init(problem, params))
    np.testing.assert_allclose(moved[0], expected[0], rtol=1e-7, atol=1e-9)


def test_the_models_lengths_minimise_the_model():
    problem, params = problem_of(cl.MLP((3, 4, 2)), LIKELIHOODS["Categorical"], 10)
    method = cl.KFAC(kind="exact", damping=0.05)
    moved, state, _ = one_step(problem, params, method)
    again, _, info = method.step(problem, moved, state)
    gradient = flat(jax.grad(problem.loss)(moved))
    matrix = cl.fisher(problem, moved) + 0.05 * jnp.eye(gradient.size)
    delta, last = flat(again) - flat(moved), flat(moved) - flat(params)
    model = lambda d: gradient @ d + 0.5 * d @ matrix @ d  # noqa: E731
    direction = (delta - info.details["mu"] * last) / info.details["alpha"]
    for way in (direction, last):
        slope = (gradient + matrix @ delta) @ way
        assert abs(slope) < 1e-9 * jnp.linalg.norm(gradient) * jnp.linalg.norm(way)
    np.testing.assert_allclose(info.details["decrease"], -model(delta), rtol=1e-8)


def test_a_radius_shortens_the_step_to_a_form_of_that_size():
    problem, params = problem_of(cl.MLP((3, 2), "linear"), LIKELIHOODS["Gaussian"], 20)
    method = cl.KFAC(step_size=1e3, radius=1e-4, damping=1e-12, momentum=0.0, kind="exact")
    moved, _, _ = one_step(problem, params, method)
    delta = jax.tree.map(jnp.subtract, moved, params)
    np.testing.assert_allclose(cl.geometry.quadratic_kl(problem, params, delta), 1e-4, rtol=1e-5)


def test_undamped_it_is_invariant_under_affine_maps_of_the_inputs():
    """x and Cx + c are the same data to a first layer whose weights are mapped back."""
    problem, params = problem_of(cl.MLP((3, 4, 2)), LIKELIHOODS["Gaussian"], 30)
    matrix, shift = (
        jnp.array([[2.0, 1.0, 0.0], [0.0, 0.5, 0.3], [1.0, 0.0, 1.0]]),
        jnp.array([0.3, -1.0, 0.5]),
    )
    turned = cl.Supervised(
        problem.predict, problem.likelihood, problem.inputs @ matrix + shift, problem.targets
    )
    full = jnp.eye(4).at[:3, :3].set(matrix).at[3, :3].set(shift)  # ā ↦ ā full
    start = (jnp.linalg.solve(full, params[0]), params[1])

    def end(problem, params, damping):
        method = cl.KFAC(step_size=0.3, momentum=0.0, damping=damping, kind="exact", period=1)
        return cl.minimize(problem, method, params, steps=4).params

    def apart(damping):
        ours, theirs = end(problem, params, damping), end(turned, start, damping)
        return float(
            jnp.max(jnp.abs(problem.predict(ours, problem.inputs) - turned.predict(theirs, turned.inputs)))
        )

    assert apart(1e-20) < 1e-6 and apart(0.1) > 1e-3


def test_averages_are_corrected_for_their_start_and_inverses_wait():
    problem, params = problem_of(cl.MLP((3, 4, 2)), LIKELIHOODS["Gaussian"], 10)
    method = cl.KFAC(kind="exact", period=7)
    states = [method.init(problem, params)]
    theta = params
    for _ in range(16):
        theta, state, _ = method.step(problem, theta, states[-1])
        states.append(state)
    first = kronecker_factors(layer_statistics(problem, params))
    for mean, (a, _) in zip(states[1].factors, first, strict=True):
        np.testing.assert_allclose(mean[0] / states[1].weight, a, rtol=1e-10)
    changed = [bool(jnp.any(new.layers[1][1] != old.layers[1][1])) for old, new in itertools.pairwise(states)]
    assert changed == [True] * 10 + [False] * 4 + [True] + [False]


def test_damping_follows_the_gain_ratio():
    problem, params = problem_of(cl.MLP((3, 6, 2)), LIKELIHOODS["Categorical"], 30)
    trace = cl.minimize(problem, cl.KFAC(kind="exact", damping=1.0), params, steps=40)
    ratio, damping = trace.details["gain_ratio"][:-1], trace.details["damping"]
    known = jnp.isfinite(ratio)
    assert [int(k) for k in jnp.flatnonzero(known)] == [*range(10), *range(14, 40, 5)]
    for k in jnp.flatnonzero(known)[:-1]:
        fifth = 0.95**5 if ratio[k] > 0.75 else 0.95**-5 if ratio[k] < 0.25 else 1.0
        factor = 10.0 if ratio[k] < 0 else fifth if k % 5 == 4 else 1.0
        np.testing.assert_allclose(damping[k + 1], damping[k] * factor, rtol=1e-10)
    assert trace.losses[-1] < trace.losses[0] and not trace.status.failed


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize("damping", [1e-8, 1e-2])
@pytest.mark.parametrize("case", ["dead unit", "constant column", "one row", "width one", "plain"])
def test_it_survives_what_makes_factors_singular(case, damping, dtype):
    widths = (3, 1, 2) if case == "width one" else (3, 4, 2)
    problem, params = problem_of(
        cl.MLP(widths, "relu"), LIKELIHOODS["Categorical"], 1 if case == "one row" else 12
    )
    inputs = problem.inputs
    if case == "constant column":
        inputs = inputs.at[:, 1].set(1.0)
    if case == "dead unit":
        params = (params[0].at[:, 0].set(0.0).at[-1, 0].set(-9.0), params[1])
    problem = cl.Supervised(
        problem.predict, problem.likelihood, inputs.astype(dtype), problem.targets.astype(dtype)
    )
    params = jax.tree.map(lambda leaf: leaf.astype(dtype), params)
    trace = cl.minimize(problem, cl.KFAC(damping=damping), params, steps=25, key=KEY)
    assert all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(trace.params))
    assert all(leaf.dtype == dtype for leaf in jax.tree.leaves(trace.params))
    assert trace.losses[-1] < trace.losses[0] and str(trace.status)


def test_a_step_that_raises_the_loss_is_not_taken_and_damping_grows():
    problem, params = problem_of(cl.MLP((3, 4, 2)), LIKELIHOODS["Categorical"], 12)
    moved, state, info = one_step(problem, params, cl.KFAC(damping=1e-8))
    assert info.details["gain_ratio"] < 0 and not info.moves
    np.testing.assert_array_equal(flat(moved), flat(params))
    np.testing.assert_allclose(state.damping, 1e-7, rtol=1e-6)
    assert not jnp.any(flat(state.velocity))


def test_statistics_may_come_from_another_batch():
    problem, params = problem_of(cl.MLP((3, 4, 2)), LIKELIHOODS["Gaussian"], 12)
    method, part = cl.KFAC(step_size=1.0, damping=0.1, kind="exact"), problem.take(slice(0, 6))
    whole, _, _ = one_step(problem, params, method)
    split, _, info = method.step(problem, params, method.init(problem, params), part)
    assert jnp.linalg.norm(flat(whole) - flat(split)) > 1e-3
    np.testing.assert_allclose(info.loss, problem.loss(params), rtol=1e-12)
    _, state, _ = method.step(part, params, method.init(part, params))
    _, other, _ = method.step(problem, params, method.init(problem, params), part)
    np.testing.assert_allclose(state.factors[0][0], other.factors[0][0], rtol=1e-12)


def test_it_fits_a_network_faster_than_gradient_descent():
    x = jnp.linspace(-1, 1, 40)[:, None]
    problem = cl.Supervised(cl.MLP((1, 10, 10, 1)), cl.likelihoods.Gaussian(), x, jnp.sin(4 * x))
    params = problem.predict.init(KEY)
    ours = cl.minimize(problem, cl.KFAC(), params, steps=60, key=KEY).losses[-1]
    plain = min(
        float(cl.minimize(problem, cl.GradientDescent(rate), params, steps=60).losses[-1])
        for rate in (0.01, 0.03, 0.1, 0.3)
    )
    assert ours < 0.01 * plain


def test_misuse_gets_a_sentence():
    problem, params = problem_of(cl.MLP((3, 2)), LIKELIHOODS["Gaussian"], 4)
    with pytest.raises(ValueError, match="give minimize a key"):
        cl.minimize(problem, cl.KFAC(), params, steps=2)
    for options, said in (
        ({"damping": 0.0}, "damping must be greater than 0"),
        ({"period": 0}, "period must be a Python integer"),
        ({"momentum": 1.0}, "momentum must be"),
        ({"decay": -0.1}, "decay must be"),
        ({"kind": "type-1"}, "got 'type-1'"),
        ({"step_size": 0.0}, "step_size must be greater than 0"),
    ):
        with pytest.raises(ValueError, match=said):
            cl.KFAC(**options)
    with pytest.raises(TypeError, match="distribution of labels"):
        cl.minimize(cl.Objective(lambda p: p @ p), cl.KFAC(), jnp.ones(2), steps=2, key=KEY)
