"""What programs must not grow with, and what compiling may take."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from livefig.compiler import compile
from tests.livefig.javascript import code, rosenbrock

START = np.array([-1.2, 1.0])


def data(n):
    generator = np.random.default_rng(0)
    return generator.normal(size=(n, 3)), generator.normal(size=n)


def regression(n):
    """A damped Gauss-Newton step on n points, which are arguments."""
    inputs, targets = data(n)

    def step(w, inputs, targets):
        residual = lambda w: jnp.tanh(inputs @ w) - targets  # noqa: E731
        jacobian = jax.jacrev(residual)(w)
        return w - jnp.linalg.solve(jacobian.T @ jacobian + jnp.eye(3), jacobian.T @ residual(w))

    return step, (np.ones(3), inputs, targets)


def held(n):
    """The Hessian of a loss over n points that the function holds itself."""
    inputs, targets = data(n)
    return jax.hessian(lambda w: jnp.mean(jnp.logaddexp(0.0, -targets * (inputs @ w)))), (np.ones(3),)


def matrices(n):
    """Linear algebra of n × n matrices."""
    a = np.eye(n) + data(n * n)[1].reshape(n, n) / n

    def functions(a):
        values, vectors = jnp.linalg.eigh(a @ a.T)
        return (
            jnp.linalg.inv(a),
            jnp.linalg.cholesky(a @ a.T),
            vectors * values,
            jnp.linalg.svdvals(a),
            a.at[1].add(a[0]),
        )

    return functions, (a,)


def arrays(n):
    """Sorting, running sums, gathering and scattering of n numbers."""

    def functions(x):
        order = jnp.argsort(x)
        return (
            x[order],
            jnp.cumsum(x),
            jnp.zeros(5).at[order % 5].add(x),
            lax.top_k(x, 2),
            jnp.median(x),
        )

    return functions, (data(n)[1],)


@pytest.mark.parametrize("make", [regression, held, matrices, arrays])
def test_programs_do_not_grow_with_the_data(make):
    (few, arguments), (many, others) = make(20), make(200)
    assert code(few, *arguments) == code(many, *others)


def test_loops_and_branches_do_not_grow():
    def nested(steps):
        def body(x, row):
            x = lax.cond(x[0] > 0, lambda x: x * row, lambda x: x - row, x)
            return lax.fori_loop(0, steps, lambda k, x: jnp.sin(x) + k, x), x[0]

        return lambda x: lax.scan(body, x, jnp.ones(steps))

    assert code(nested(100), START) == code(nested(1000), START)


def test_a_derivative_through_branches_branches_once():
    def surface(which, x):
        return lax.switch(which, [lambda x: jnp.sum(x**4), rosenbrock, lambda x: x[0] * jnp.exp(x[1])], x)

    def step(which, x):
        f = lambda x: surface(which, x)  # noqa: E731
        return f(x), x - jnp.linalg.solve(jax.hessian(f)(x), jax.grad(f)(x))

    source = compile(step, 1, START).source
    assert source.count("if (") == 2, "one choice of three"
