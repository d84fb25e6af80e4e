"""K-FAC's ways to divide, and its parts of a batch: against the matrices themselves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl
from curvlib.factors import kronecker_factors, layer_statistics
from curvlib.lengths import model_lengths
from tests.curvlib.methods.test_kfac import flat, one_step
from tests.curvlib.test_kronecker import LIKELIHOODS, problem_of

KEY = jax.random.key(0)
DAMPING = 0.03


def blocks(problem, params, kind="exact"):
    """The layers' blocks of the Fisher information."""
    matrix, start = cl.fisher(problem, params, kind), 0
    for W in params:
        yield matrix[start : start + W.size, start : start + W.size]
        start += W.size


def divided(matrix, V):
    return jnp.linalg.solve(matrix + DAMPING * jnp.eye(V.size), V.ravel()).reshape(V.shape)


def fixed(**options):
    return cl.KFAC(step_size=1.0, momentum=0.0, damping=DAMPING, **{"kind": "exact", **options})


@pytest.mark.parametrize("kind", ["exact", "empirical"])
def test_the_eigenbasis_damps_the_product_itself(kind):
    problem, params = problem_of(cl.MLP((3, 4, 2)), LIKELIHOODS["Categorical"], 10)
    moved, _, _ = one_step(problem, params, fixed(variant="eigenbasis", kind=kind))
    gradient = jax.grad(problem.loss)(params)
    factors = kronecker_factors(layer_statistics(problem, params, kind))
    for (a, g), W, V, new in zip(factors, params, gradient, moved, strict=True):
        np.testing.assert_allclose(W - new, divided(jnp.kron(a, g), V), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("kind", ["exact", "empirical"])
def test_ekfac_divides_by_the_blocks_own_diagonal_in_that_basis(kind):
    problem, params = problem_of(cl.MLP((3, 4, 2)), LIKELIHOODS["Categorical"], 10)
    moved, _, _ = one_step(problem, params, fixed(variant="ekfac", kind=kind))
    gradient = jax.grad(problem.loss)(params)
    factors = kronecker_factors(layer_statistics(problem, params, kind))
    everything = zip(factors, blocks(problem, params, kind), params, gradient, moved, strict=True)
    for (a, g), block, W, V, new in everything:
        basis = jnp.kron(jnp.linalg.eigh(a)[1], jnp.linalg.eigh(g)[1])
        diagonal = jnp.diag(jnp.diag(basis.T @ block @ basis))
        nearest = basis @ diagonal @ basis.T
        np.testing.assert_allclose(W - new, divided(nearest, V), rtol=1e-8, atol=1e-10)
        assert jnp.linalg.norm(nearest - block) < jnp.linalg.norm(jnp.kron(a, g) - block)


def test_ekfac_averages_the_diagonal_since_its_basis_was_made():
    problem, params = problem_of(cl.MLP((3, 4, 2)), LIKELIHOODS["Gaussian"], 10)
    method = cl.KFAC(step_size=1e-3, kind="exact", variant="ekfac", period=12, decay=0.5)
    theta, state = params, method.init(problem, params)
    for _ in range(14):
        before = theta
        theta, state, _ = method.step(problem, theta, state)
    # Step 12 has made a basis, and 13 is the second in it.
    basis_a, basis_g, total, weight = state.layers[0]
    np.testing.assert_allclose(weight, 0.75)
    statistics = layer_statistics(problem, before)
    new = ((statistics.inputs[0] @ basis_a) ** 2).T @ jnp.sum((statistics.gradients[0] @ basis_g) ** 2, 0)
    np.testing.assert_allclose(total / weight, new, rtol=0.02)  # θ has hardly moved
    np.testing.assert_allclose(basis_a.T @ basis_a, jnp.eye(4), atol=1e-12)


def test_for_one_datum_the_eigenbasis_is_damped_natural_gradient_layer_by_layer():
    """A ⊗ G is the block then. Factored damping exceeds λI, so its steps are shorter."""
    problem, params = problem_of(cl.MLP((3, 4, 2)), LIKELIHOODS["Gaussian"], 1)
    gradient = jax.grad(problem.loss)(params)
    steps = {}
    for variant in ("factored", "eigenbasis", "ekfac"):
        moved, _, _ = one_step(problem, params, fixed(variant=variant))
        steps[variant] = [W - new for W, new in zip(params, moved, strict=True)]
    for layer, (block, V) in enumerate(zip(blocks(problem, params), gradient, strict=True)):
        for variant in ("eigenbasis", "ekfac"):
            np.testing.assert_allclose(steps[variant][layer], divided(block, V), rtol=1e-8, atol=1e-12)
        assert jnp.linalg.norm(steps["factored"][layer]) < jnp.linalg.norm(steps["ekfac"][layer])


@pytest.mark.parametrize("variant", ["factored", "eigenbasis"])
def test_undamped_it_is_invariant_under_affine_maps_of_the_outputs(variant):
    """tanh(s) of s = āW, and tanh(s'M + c) of s' = (s − c)M⁻¹, are the same network."""
    problem, params = problem_of(cl.MLP((3, 4, 2)), LIKELIHOODS["Gaussian"], 30)
    matrix = jnp.eye(4) + 0.4 * jax.random.normal(jax.random.key(5), (4, 4))
    shift = jnp.array([0.3, -1.0, 0.5, 0.1])
    network = cl.MLP((3, 4, 2), lambda s: jnp.tanh(s @ matrix + shift))
    turned = cl.Supervised(network, problem.likelihood, problem.inputs, problem.targets)
    first = jnp.linalg.solve(matrix.T, params[0].at[-1].add(-shift).T).T

    def end(problem, params, damping):
        method = cl.KFAC(0.3, momentum=0.0, damping=damping, kind="exact", period=1, variant=variant)
        return cl.minimize(problem, method, params, steps=4).params

    def apart(damping):
        ours, theirs = end(problem, params, damping), end(turned, (first, params[1]), damping)
        gap = problem.predict(ours, problem.inputs) - network(theirs, problem.inputs)
        return float(jnp.max(jnp.abs(gap)))

    np.testing.assert_allclose(
        network((first, params[1]), problem.inputs), problem.predict(params, problem.inputs), atol=1e-12
    )
    assert apart(1e-20) < 1e-6 and apart(0.1) > 1e-3


def test_statistics_and_model_may_be_of_parts_of_the_batch():
    problem, params = problem_of(cl.MLP((3, 4, 2)), LIKELIHOODS["Categorical"], 12)
    method = cl.KFAC(kind="exact", damping=DAMPING, statistics=1 / 4, model=1 / 3)
    moved, state, info = one_step(problem, params, method)
    np.testing.assert_allclose(info.loss, problem.loss(params), rtol=1e-12)
    first = kronecker_factors(layer_statistics(problem.take(slice(0, 3)), params))
    np.testing.assert_allclose(state.factors[0][0] / state.weight, first[0][0], rtol=1e-10)
    delta, gradient = flat(moved) - flat(params), flat(jax.grad(problem.loss)(params))
    matrix = cl.fisher(problem.take(slice(0, 4)), params) + DAMPING * jnp.eye(delta.size)
    assert abs((gradient + matrix @ delta) @ delta) < 1e-9 * abs(gradient @ delta)

    again, after, _ = method.step(problem, moved, state)
    second = kronecker_factors(layer_statistics(problem.take(slice(3, 6)), moved))
    mean = 0.95 * 0.05 * first[1][1] + 0.05 * second[1][1]
    np.testing.assert_allclose(after.factors[1][1], mean, rtol=1e-10)
    assert jnp.any(flat(again) != flat(moved))


def test_lengths_along_parallel_directions_are_along_the_first():
    problem, params = problem_of(cl.MLP((3, 2)), LIKELIHOODS["Gaussian"], 12)
    gradient = jax.grad(problem.loss)(params)
    alpha, mu, decrease = model_lengths(problem, params, gradient, (gradient, gradient), 0.1)
    g = flat(gradient)
    curved = g @ (cl.fisher(problem, params) + 0.1 * jnp.eye(g.size)) @ g
    np.testing.assert_allclose([alpha, mu, decrease], [-(g @ g) / curved, 0, (g @ g) ** 2 / curved / 2])


def test_damping_is_kept_above_a_thousandth_of_the_first():
    problem, params = problem_of(cl.MLP((3, 2), "linear"), LIKELIHOODS["Gaussian"], 12)
    method = cl.KFAC(kind="exact", damping=2.0)
    for damping, then in ((2.0, 2.0 * 0.95**5), (2.1e-3, 2e-3), (2e-3, 2e-3)):
        state = method.init(problem, params)._replace(count=jnp.int32(4), damping=jnp.asarray(damping))
        _, after, info = method.step(problem, params, state)
        assert info.details["gain_ratio"] > 0.75
        np.testing.assert_allclose(after.damping, then, rtol=1e-12)


@pytest.mark.parametrize("variant", ["eigenbasis", "ekfac"])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize("damping", [1e-8, 1e-2])
def test_the_eigenbasis_survives_dead_units_one_row_and_constant_columns(variant, dtype, damping):
    problem, params = problem_of(cl.MLP((3, 1, 4, 2), "relu"), LIKELIHOODS["Categorical"], 2)
    inputs = problem.inputs.at[:, 1].set(1.0).astype(dtype)
    dead = params[0].at[:, 0].set(0.0).at[-1, 0].set(-9.0)
    params = jax.tree.map(lambda leaf: leaf.astype(dtype), (dead, *params[1:]))
    problem = cl.Supervised(problem.predict, problem.likelihood, inputs, problem.targets.astype(dtype))
    for rows in (1, 2):
        trace = cl.minimize(
            problem.take(slice(0, rows)), cl.KFAC(damping=damping, variant=variant), params, 15, key=KEY
        )
        assert all(bool(jnp.all(jnp.isfinite(W))) and W.dtype == dtype for W in trace.params)
        assert trace.losses[-1] < trace.losses[0]


def test_misuse_of_the_new_names_gets_a_sentence():
    for options, said in (
        ({"variant": "kfac"}, 'variant must be one of "factored", "eigenbasis", "ekfac", got \'kfac\''),
        ({"statistics": 0.0}, "statistics must be a Python number greater than 0 and at most 1, got 0.0"),
        ({"model": 2}, "model must be a Python number greater than 0"),
    ):
        with pytest.raises(ValueError, match=said):
            cl.KFAC(**options)
