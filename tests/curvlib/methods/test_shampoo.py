"""Shampoo and SOAP: what a step equals, what it is invariant under, and what it survives."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import curvlib as cl
from curvlib.linalg import inverse_root, nearest_kronecker, polar_factor
from tests.curvlib.test_kronecker import LIKELIHOODS, problem_of

KEYS = jax.random.split(jax.random.key(0), 8)
METHODS = {"Shampoo": cl.Shampoo, "SOAP": cl.SOAP}


def draw(index, *shape):
    return jax.random.normal(KEYS[index], shape)


def half_square(W, target, weights):
    return sum(
        jnp.sum(weights * (a - b) ** 2) / 2
        for a, b in zip(jax.tree.leaves(W), jax.tree.leaves(target), strict=True)
    )


def bowl(target, weights=1.0):
    """A loss of matrices whose gradient is weights∘(W − target)."""
    return cl.Objective(half_square, target, weights)


@jax.jit
def one_step(method, problem, params, state):
    """A step, compiled once for all bowls of one shape, and the gradient at its entry."""
    return method.step(problem, params, state), jax.grad(problem.loss)(params)


def run(problem, method, params, steps):
    """The gradients, the parameters and the last state, by the method's own steps."""
    state, path, gradients = method.init(problem, params), [params], []
    for _ in range(steps):
        (params, state, _), gradient = one_step(method, problem, path[-1], state)
        gradients.append(gradient)
        path.append(params)
    return gradients, path, state


def quartic(W, target):
    """A loss that does not change when rows and columns of both are turned."""
    return jnp.sum((W - target) ** 2) ** 2 / 4 + jnp.sum(((W - target).T @ (W - target)) ** 2)


def power(matrix, exponent):
    values, vectors = np.linalg.eigh(np.asarray(matrix))
    return (vectors * values**exponent) @ vectors.T


@pytest.mark.parametrize("exponent", [0.25, 0.5])
def test_a_step_divides_by_a_power_of_the_kronecker_product(exponent):
    """(L ⊗ R)^(−p) on the flattened average gradient, with averages over all gradients so far."""
    problem = bowl(draw(0, 3, 4), jnp.abs(draw(1, 3, 4)))
    method = cl.Shampoo(0.01, momentum=0.8, decay=0.7, damping=1e-12, exponent=exponent, period=1)
    gradients, path, _ = run(problem, method, draw(2, 3, 4), 12)
    ages = np.arange(12)[::-1]

    def average(decay, matrices):
        return np.average(np.stack(matrices), axis=0, weights=decay**ages)

    left = average(0.7, [G @ G.T for G in gradients])
    right = average(0.7, [G.T @ G for G in gradients])
    divided = power(np.kron(left, right), -exponent) @ average(0.8, gradients).ravel()
    step = -0.01 * np.trace(left) ** (2 * exponent - 0.5) * divided.reshape(3, 4)
    np.testing.assert_allclose(path[-1] - path[-2], step, rtol=1e-6, atol=1e-9)


def test_it_is_the_published_method_with_equal_weights_and_a_rate_that_falls():
    problem = bowl(draw(0, 3, 3))
    method = cl.Shampoo(lambda t: 0.1 / jnp.sqrt(t + 1.0), momentum=0.0, decay=1.0, damping=1e-12, period=1)
    gradients, path, _ = run(problem, method, draw(2, 3, 3), 4)
    left, right = sum(G @ G.T for G in gradients), sum(G.T @ G for G in gradients)
    step = -0.1 * power(left, -0.25) @ gradients[-1] @ power(right, -0.25)
    np.testing.assert_allclose(path[-1] - path[-2], step, rtol=1e-6)


@pytest.mark.parametrize("shape", [(3, 4), (3, 2)])
@pytest.mark.parametrize("exponent", [0.25, 0.5])
def test_without_memory_it_steps_along_the_polar_factor(shape, exponent):
    target = draw(3, *shape)
    method = cl.Shampoo(0.1, momentum=0.0, decay=0.0, damping=1e-12, exponent=exponent)
    moved = run(bowl(target, jnp.ones(shape)), method, 0 * target, 1)[1][-1]
    if exponent == 0.25:
        np.testing.assert_allclose(moved, 0.1 * polar_factor(target), rtol=1e-6)
    left, values, right = np.linalg.svd(target, full_matrices=False)
    sizes = values ** (1 - 4 * exponent) * np.sum(values**2) ** (2 * exponent - 0.5)
    np.testing.assert_allclose(moved, 0.1 * (left * sizes) @ right, rtol=1e-5)


def test_of_a_matrix_without_full_rank_only_the_range_moves():
    target = jnp.outer(draw(3, 4), draw(4, 3))
    method = cl.Shampoo(0.1, momentum=0.0, decay=0.0)
    moved = run(bowl(target), method, 0 * target, 1)[1][-1]
    np.testing.assert_allclose(moved, 0.1 * target / jnp.linalg.norm(target), rtol=1e-5, atol=1e-7)


def test_one_half_is_a_step_of_the_power_iteration_to_the_nearest_product():
    """From I the iteration's step is L ⊗ R/tr L; for a product itself that is the product."""
    drawn = draw(5, 40, 3, 2)
    left, right = (jnp.einsum(rule, drawn, drawn) / 40 for rule in ("nij,nkj->ik", "nij,nik->jk"))
    flat = drawn.reshape(40, 6)
    second = flat.T @ flat / 40
    blocks = second.reshape(3, 2, 3, 2).transpose(0, 2, 1, 3).reshape(9, 4)
    np.testing.assert_allclose(blocks @ jnp.eye(2).ravel(), left.ravel(), rtol=1e-10)
    np.testing.assert_allclose(blocks.T @ jnp.eye(3).ravel(), right.ravel(), rtol=1e-10)

    def off(matrix):
        return float(jnp.linalg.norm(matrix - second) / jnp.linalg.norm(second))

    product = jnp.kron(left, right) / jnp.trace(left)
    assert nearest_kronecker(second, 3, 2).error < off(product) < off(power(jnp.kron(left, right), 0.5))


def test_vectors_scalars_rows_and_long_sides_have_the_factors_that_are_documented():
    shapes = {"vector": (3,), "scalar": (), "row": (1, 4), "long": (3, 7), "tensor": (2, 2, 3), "wide": (9,)}
    params = {name: 1 + draw(i, *shape) for i, (name, shape) in enumerate(shapes.items())}
    problem = bowl(jax.tree.map(jnp.zeros_like, params))
    method = cl.Shampoo(0.1, momentum=0.0, decay=0.5, damping=1e-12, period=1, largest=6)
    gradients, path, _ = run(problem, method, params, 4)
    weights = 0.5 ** np.arange(4)[::-1] / sum(0.5 ** np.arange(4))
    step = jax.tree.map(lambda new, old: (old - new) / 0.1, path[-1], path[-2])

    def average(name, square):
        return sum(w * square(np.asarray(G[name])) for w, G in zip(weights, gradients, strict=True))

    last = {name: np.asarray(leaf) for name, leaf in gradients[-1].items()}
    full = inverse_root(jnp.asarray(average("vector", lambda g: np.outer(g, g))), 0.5, 1e-12)
    np.testing.assert_allclose(step["vector"], full @ last["vector"], rtol=1e-5)
    columns = inverse_root(jnp.asarray(average("row", lambda g: g.T @ g)), 0.5, 1e-12)
    np.testing.assert_allclose(step["row"], last["row"] @ columns, rtol=1e-5)
    rows = power(average("long", lambda g: g @ g.T), -0.5)
    np.testing.assert_allclose(step["long"], rows @ last["long"], rtol=1e-5)
    as_matrix = last["tensor"].reshape(4, 3)
    sides = [
        average("tensor", lambda g: g.reshape(4, 3) @ g.reshape(4, 3).T),
        average("tensor", lambda g: g.reshape(4, 3).T @ g.reshape(4, 3)),
    ]
    both = inverse_root(sides[0], 0.25, 1e-12) @ as_matrix @ inverse_root(sides[1], 0.25, 1e-12)
    np.testing.assert_allclose(step["tensor"].reshape(4, 3), both, rtol=1e-4)
    for name in ("scalar", "wide"):
        size = np.sqrt(average(name, np.square))
        np.testing.assert_allclose(step[name], last[name] / size, rtol=1e-8)


def test_without_turning_soap_is_adam():
    """Vectors are not turned; nor are sides that are too long, nor gradients that stay diagonal."""
    problem, start = bowl(draw(0, 5), jnp.abs(draw(1, 5))), draw(2, 5)
    adam = cl.FirstOrder(optax.adam(0.1, 0.95, 0.9, eps=1e-8))
    soap = cl.SOAP(0.1, momentum=0.95, decay=0.9, period=3)
    np.testing.assert_allclose(
        run(problem, soap, start, 8)[1][-1], run(problem, adam, start, 8)[1][-1], rtol=1e-10
    )
    problem, start = bowl(draw(0, 3, 4)), draw(2, 3, 4)
    soap = cl.SOAP(0.1, momentum=0.95, decay=0.9, largest=2)
    np.testing.assert_allclose(
        run(problem, soap, start, 8)[1][-1], run(problem, adam, start, 8)[1][-1], rtol=1e-10
    )
    # Here the eigenvectors are those of I, in another order: what is kept has to follow it.
    diagonal = jnp.diag(jnp.array([3.0, 1.0, 2.0]))
    problem = bowl(0.0, 1.0 + diagonal)
    soap = cl.SOAP(0.1, momentum=0.95, decay=0.9, period=2)
    np.testing.assert_allclose(
        run(problem, soap, diagonal, 8)[1][-1], run(problem, adam, diagonal, 8)[1][-1], atol=1e-10
    )


def test_a_step_of_soap_is_adams_in_eigenvectors():
    """By vec and (Q_L ⊗ Q_R), with the eigenvectors of step 3 for the steps 4 to 6."""
    problem = bowl(draw(0, 3, 2), jnp.abs(draw(1, 3, 2)))
    method = cl.SOAP(0.05, momentum=0.8, decay=0.7, period=3)
    gradients, path, state = run(problem, method, draw(2, 3, 2), 6)
    left = sum(0.3 * 0.7 ** (3 - k) * gradients[k] @ gradients[k].T for k in range(4))
    right = sum(0.3 * 0.7 ** (3 - k) * gradients[k].T @ gradients[k] for k in range(4))
    bases = [np.linalg.eigh(matrix)[1] for matrix in (left, right)]
    turn = np.kron(*bases).T
    for mine, expected in zip(state.layers[0].bases, bases, strict=True):
        np.testing.assert_allclose(np.abs(mine.T @ expected), np.eye(len(expected)), atol=1e-8)
    mean = sum(0.2 * 0.8 ** (5 - k) * gradients[k] for k in range(6)).ravel() / (1 - 0.8**6)
    size = np.sqrt(state.layers[0].squares / (1 - 0.7**6))
    # The squares belong to the eigenvectors of the state, whose signs and order may be others.
    kept = np.kron(*state.layers[0].bases).T
    step = -0.05 * kept.T @ ((kept @ mean) / (size.ravel() + 1e-8))
    np.testing.assert_allclose((path[-1] - path[-2]).ravel(), step, rtol=1e-8)
    np.testing.assert_allclose(np.abs(turn @ kept.T), np.eye(6), atol=1e-8)


def test_what_soap_keeps_of_squares_moves_with_the_eigenvectors():
    """If the entries are uncorrelated their covariance is diagonal, and its diagonal elsewhere is known."""
    problem, start = bowl(draw(0, 3, 2)), draw(2, 3, 2)
    method = cl.SOAP(0.1, period=1)
    after = run(problem, method, start, 1)[2]
    kept = 0.05 * (jax.grad(problem.loss)(start) ** 2).ravel()
    turn = np.kron(*after.layers[0].bases).T
    np.testing.assert_allclose(
        after.layers[0].squares.ravel(), np.diag(turn @ np.diag(kept) @ turn.T), rtol=1e-10
    )


@pytest.mark.parametrize("name", METHODS)
def test_turning_rows_and_columns_turns_the_steps(name):
    """Shampoo's from the first step; SOAP's once its coordinates are eigenvectors, and squares are new."""
    turns = [np.linalg.qr(draw(i, n, n))[0] for i, n in ((3, 3), (4, 4))]
    target, start = draw(0, 3, 4), draw(2, 3, 4)
    turned = [turns[0] @ matrix @ turns[1].T for matrix in (target, start)]

    def end(target, start):
        problem = cl.Objective(quartic, target)
        if name == "Shampoo":
            return run(problem, cl.Shampoo(0.05), start, 5)[1][-1]
        method = cl.SOAP(0.05, momentum=0.0, decay=0.0, period=1, damping=0.1)
        state = run(problem, method, start, 1)[2]
        return one_step(method, problem, start, state)[0][0]

    ours, theirs = end(target, start), end(*turned)
    np.testing.assert_allclose(turns[0] @ ours @ turns[1].T, theirs, atol=1e-7)
    adam = cl.FirstOrder(optax.adam(0.05))
    ours, theirs = (run(bowl(t), adam, s, 1)[1][-1] for t, s in ((target, start), turned))
    assert jnp.max(jnp.abs(turns[0] @ ours @ turns[1].T - theirs)) > 1e-2


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_it_survives_gradients_that_are_zero_or_of_any_size(name, dtype):
    problem, params = problem_of(cl.MLP((3, 4, 2), "relu"), LIKELIHOODS["Categorical"], 12)
    params = (params[0].at[:, 0].set(0.0).at[-1, 0].set(-9.0), params[1])  # a dead unit
    inputs = problem.inputs.at[:, 1].set(0.0)
    problem = cl.Supervised(
        problem.predict, problem.likelihood, inputs.astype(dtype), problem.targets.astype(dtype)
    )
    params = jax.tree.map(lambda leaf: leaf.astype(dtype), params)
    trace = cl.minimize(problem, METHODS[name](0.02), params, steps=30)
    assert all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(trace.params))
    assert all(leaf.dtype == dtype for leaf in jax.tree.leaves(trace.params))
    assert trace.losses[-1] < trace.losses[0]
    # The weights of the input that is zero stay. (In single precision SOAP cannot tell a direction without
    # a gradient from one whose share is below the root of the rounding unit, and Adam's step is long.)
    if (name, dtype) != ("SOAP", jnp.float32):
        np.testing.assert_allclose(trace.params[0][1], params[0][1], atol=1e-5)
    for scale in (0.0, 1e-12, 1e12):
        problem, start = bowl(jnp.zeros((3, 4), dtype), jnp.asarray(scale, dtype)), jnp.ones((3, 4), dtype)
        moved = run(problem, METHODS[name](0.02), start, 3)[1][-1]
        assert bool(jnp.all(jnp.isfinite(moved))) and moved.dtype == dtype
        assert bool(jnp.all(moved == 1)) == (scale == 0)


def test_the_size_of_the_loss_does_not_matter_to_shampoo():
    for exponent in (0.25, 0.5):
        method, ends = cl.Shampoo(0.05, exponent=exponent), []
        for scale in (1.0, 100.0):
            problem = bowl(draw(0, 3, 2), scale * jnp.abs(draw(1, 3, 2)))
            ends.append(run(problem, method, draw(2, 3, 2), 5)[1][-1])
        np.testing.assert_allclose(*ends, rtol=1e-8)


def test_roots_and_eigenvectors_wait_for_their_period():
    problem, start = bowl(draw(0, 3, 2), jnp.abs(draw(1, 3, 2))), draw(2, 3, 2)
    for method, field, expected in (
        (cl.Shampoo(0.1, period=7), "roots", [True] * 10 + [False] * 4 + [True, False]),
        (cl.SOAP(0.1, period=7), "bases", ([True] + [False] * 6) * 2 + [True, False]),
    ):
        params, state, changed = start, method.init(problem, start), []
        for _ in range(16):
            (params, after, _), _ = one_step(method, problem, params, state)
            old, new = (getattr(one.layers[0], field)[0] for one in (state, after))
            changed.append(bool(jnp.any(old != new)))
            state = after
        assert changed == expected


@pytest.mark.parametrize("name", METHODS)
def test_it_trains_on_batches_of_any_pytree(name):
    x = jnp.linspace(-1, 1, 64)[:, None]

    def predict(p, x):
        return p["scale"] * jnp.tanh(x @ p["first"]["W"] + p["first"]["b"]) @ p["last"]

    problem = cl.Supervised(predict, cl.likelihoods.Gaussian(), x, jnp.sin(3 * x[:, 0]))
    start = {
        "first": {"W": draw(0, 1, 8), "b": draw(1, 8)},
        "last": 0.3 * draw(2, 8, 1)[:, 0],
        "scale": jnp.ones(()),
    }
    trace = cl.train(problem, METHODS[name](0.03), start, 16, 150, jax.random.key(0))
    assert problem.loss(trace.params) < 0.1 * problem.loss(start)


@pytest.mark.parametrize("name", METHODS)
def test_misuse_gets_a_sentence(name):
    for options, said in (
        ({"step_size": 0.0}, "step_size must be greater than 0"),
        ({"step_size": 0.1, "momentum": 1.0}, "momentum must be"),
        ({"step_size": 0.1, "decay": -0.1}, "decay must be"),
        ({"step_size": 0.1, "damping": 0.0}, "damping must be greater than 0"),
        ({"step_size": 0.1, "period": 0}, "period must be a Python integer"),
        ({"step_size": 0.1, "largest": 2.5}, "largest must be a Python integer"),
    ):
        with pytest.raises(ValueError, match=said):
            METHODS[name](**options)
    with pytest.raises(ValueError, match="exponent must be"):
        cl.Shampoo(0.1, exponent=2.0)


# The linear algebra


def test_roots_are_powers_and_finite_where_there_are_none():
    drawn = draw(0, 4, 4)
    matrix = drawn @ drawn.T + 0.1 * jnp.eye(4)
    for p in (0.25, 0.5, 1.0):
        np.testing.assert_allclose(inverse_root(matrix, p), power(matrix, -p), rtol=1e-8)
    shift = 0.01 * jnp.linalg.eigvalsh(matrix)[-1]
    np.testing.assert_allclose(
        inverse_root(matrix, 0.5, 0.01), power(matrix + shift * jnp.eye(4), -0.5), rtol=1e-8
    )
    np.testing.assert_array_equal(inverse_root(jnp.zeros((3, 3)), 0.5), jnp.eye(3))
    for scale in (1e-30, 1e30):
        root = inverse_root(jnp.float32(scale) * jnp.ones((3, 3), jnp.float32), 0.25)
        assert root.dtype == jnp.float32 and bool(jnp.all(jnp.isfinite(root)))


def test_the_polar_factor_touches_the_ball_of_the_spectral_norm():
    for i, shape in enumerate([(3, 3), (2, 5), (4, 1)]):
        matrix = draw(i, *shape)
        factor = polar_factor(matrix)
        np.testing.assert_allclose(np.linalg.svd(factor)[1], 1.0, rtol=1e-10)
        np.testing.assert_allclose(jnp.sum(factor * matrix), np.linalg.norm(matrix, "nuc"), rtol=1e-10)
    np.testing.assert_array_equal(polar_factor(jnp.zeros((2, 3))), 0)
