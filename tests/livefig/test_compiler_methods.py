"""Derivatives, single steps and whole methods, compiled, against JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax import lax

from tests.livefig.javascript import bowl, check, rosenbrock

RANDOM = np.random.default_rng(1)
START = np.array([-1.2, 1.0])
INPUTS = RANDOM.normal(size=(60, 3))
TARGETS = (INPUTS @ np.array([1.0, -2.0, 0.5]) + RANDOM.normal(size=60) > 0).astype(float)


def logistic(w, inputs, targets):
    logits = inputs @ w
    return jnp.mean(jnp.logaddexp(0.0, logits) - targets * logits) + 0.005 * w @ w


def network(params, x):
    """1-4-1 with tanh: 13 parameters."""
    w1, b1, w2, b2 = params[:4], params[4:8], params[8:12], params[12]
    return jnp.tanh(x[:, None] * w1 + b1) @ w2 + b2


GRID = np.linspace(-2, 2, 40)


def marquardt_step(params, damping):
    residual = lambda p: network(p, GRID) - jnp.sin(2 * GRID)  # noqa: E731
    jacobian = jax.jacfwd(residual)(params)
    gram = jacobian.T @ jacobian
    step = jnp.linalg.solve(gram + damping * jnp.eye(13), jacobian.T @ residual(params))
    return params - step


@pytest.mark.parametrize(
    "mode", [jax.grad, jax.hessian, lambda f: jax.jacrev(jax.grad(f)), jax.value_and_grad]
)
def test_derivatives(mode):
    check(mode(rosenbrock), START)
    check(mode(lambda x: jnp.sum(jnp.sin(x) * x[::-1] ** 2)), np.linspace(0, 1, 20), rtol=1e-11)
    check(mode(lambda w: logistic(w, INPUTS, TARGETS)), np.array([0.1, -0.3, 0.2]), rtol=1e-10)
    check(mode(lambda x: jax.scipy.special.logsumexp(x) + jax.nn.softplus(x[0]) + jax.nn.relu(x[1])), START)


def test_products():
    v = np.array([0.3, -0.7])
    check(lambda x, v: jax.jvp(jax.grad(rosenbrock), (x,), (v,))[1], START, v)
    check(lambda x, v: jax.vjp(jax.grad(rosenbrock), x)[1](v)[0], START, v)
    check(lambda x, v: jax.vmap(lambda p: jax.grad(rosenbrock)(p) @ v)(x), RANDOM.normal(size=(30, 2)), v)


def test_newton_steps():
    def newton(x, damping):
        hessian = jax.hessian(rosenbrock)(x) + damping * jnp.eye(2)
        factor = jax.scipy.linalg.cho_factor(hessian)
        return {
            "solve": x - jnp.linalg.solve(hessian, jax.grad(rosenbrock)(x)),
            "cholesky": x - jax.scipy.linalg.cho_solve(factor, jax.grad(rosenbrock)(x)),
        }

    check(newton, START, 0.0, rtol=1e-9, others=[(np.array([0.0, 1.0]), 0.0), (np.array([0.5, 3.0]), 100.0)])


def test_marquardt_step_of_a_network():
    params = RANDOM.normal(size=13)
    program = check(marquardt_step, params, 0.1, rtol=1e-9)
    assert len(program.source) < 20_000


def test_logistic_newton_does_not_grow_with_the_data():
    def step(w, inputs, targets):
        loss = lambda w: logistic(w, inputs, targets)  # noqa: E731
        return w - jnp.linalg.solve(jax.hessian(loss)(w), jax.grad(loss)(w))

    w = np.array([0.1, -0.3, 0.2])
    small = check(step, w, INPUTS[:30], TARGETS[:30], rtol=1e-9)
    large = check(step, w, INPUTS, TARGETS, rtol=1e-9)
    assert abs(len(large.source) - len(small.source)) < 20
    assert len(large.source) < 10_000
    check(lambda w: step(w, INPUTS, TARGETS), w, rtol=1e-9)  # data that the function holds itself


def test_derivative_of_a_solution():
    def solution(kappa):
        hessian = bowl(kappa, dim=3)
        return jnp.linalg.solve(hessian, jnp.arange(3.0)).sum() + jnp.log(jnp.linalg.det(hessian))

    check(jax.grad(solution), 7.0, rtol=1e-9)
    check(jax.grad(lambda k: jnp.linalg.cholesky(bowl(k, dim=3)).sum()), 7.0, rtol=1e-9)
    check(jax.grad(lambda k: jnp.linalg.eigvalsh(bowl(k, dim=3))[0]), 7.0, rtol=1e-9, atol=1e-12)


def optimiser(transformation, steps=200):
    def minimise(x, rate):
        optimizer = transformation(rate)

        def body(carry):
            k, x, state, path, losses = carry
            loss, gradient = jax.value_and_grad(rosenbrock)(x)
            updates, state = optimizer.update(gradient, state, x)
            x = optax.apply_updates(x, updates)
            return k + 1, x, state, path.at[k + 1].set(x), losses.at[k].set(loss)

        path = jnp.zeros((steps + 1, 2)).at[0].set(x)
        start = (0, x, optimizer.init(x), path, jnp.zeros(steps + 1))
        k, x, _, path, losses = lax.while_loop(lambda c: (c[0] < steps) & (c[4][c[0] - 1] < 1e6), body, start)
        return {"steps": k, "x": x, "path": path, "losses": losses}

    return minimise


@pytest.mark.parametrize(
    "transformation",
    [optax.adam, optax.sgd, lambda r: optax.sgd(r, momentum=0.9), lambda r: optax.sgd(r, 0.9, nesterov=True),
     optax.rmsprop, optax.adagrad, lambda r: optax.adam(optax.cosine_decay_schedule(r, 100)), optax.lion],
)  # fmt: skip
def test_optax(transformation):
    program = check(optimiser(transformation), START, 1e-3, rtol=1e-8, others=[(START, 1e-4)])
    assert ".set(" not in program.source.replace("Array.of", ""), "records are written in place"
    assert len(program.source) < 6000


def test_quadratics_in_ten_dimensions():
    def descend(kappa, start):
        hessian = bowl(kappa)
        path = lax.scan(lambda x, _: (x - hessian @ x / kappa, x), start, None, length=100)[1]
        return {
            "errors": jnp.linalg.norm(path, axis=1),
            "modes": path @ jnp.linalg.eigh(hessian)[1] ** 2,
            "newton": start - jnp.linalg.solve(hessian, hessian @ start),
        }

    check(descend, 50.0, np.ones(10), rtol=1e-9, atol=1e-12, others=[(5.0, np.linspace(-1, 1, 10))])


def test_conjugate_gradients():
    def solve(kappa, b):
        hessian = bowl(kappa, dim=6)
        return jax.scipy.sparse.linalg.cg(lambda v: hessian @ v, b, maxiter=5, tol=0.0)[0]

    check(solve, 10.0, np.ones(6), rtol=1e-9)


def test_float32_stays_float32():
    def step(x):
        hessian = jax.hessian(rosenbrock)(x)
        return x - jnp.linalg.solve(hessian, jax.grad(rosenbrock)(x)), jnp.cumsum(jnp.tile(x, 20))

    program = check(step, START.astype(np.float32), rtol=2e-5)
    assert {leaf.dtype for leaf in program.outputs} == {"float32"}
