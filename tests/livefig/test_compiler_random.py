"""Random JAX functions, differentiated and vectorised, compiled and compared with JAX.

A function is a list of steps. Each takes values made before (numbers, vectors, square matrices) and adds one;
steps keep their results of moderate size, so that rounding stays rounding. Hypothesis draws the steps, and
when one list fails, finds the shortest that does. Its draws are the same in every run.
"""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jax import lax

from tests.livefig.javascript import check

NUMBER, VECTOR, MATRIX = 0, 1, 2  # kinds of values: how many axes they have


def index(s, v):
    """A whole number computed from s; now and then it lies outside of v."""
    return jnp.floor(4 * s).astype(jnp.int32) % (v.shape[0] + 1)


def definite(a):
    """A well-conditioned positive definite matrix."""
    return a @ a.T / a.shape[0] + jnp.eye(a.shape[0], dtype=a.dtype)


def regular(a):
    """A well-conditioned matrix that is not symmetric."""
    return jnp.tanh(a) / a.shape[0] + 2 * jnp.eye(a.shape[0], dtype=a.dtype)


def whole(x):
    """x by way of whole numbers and their bits."""
    n = (8 * x).astype(jnp.int32)
    return ((n // 3 + n % 5) ^ (n << 1) & ~(n >> 1)).astype(x.dtype) / 8


def loop(v, s):
    """A scan that updates an array, records, and reads its rows."""

    def body(carry, row):
        k, total = carry
        total = total.at[k % total.shape[0]].add(jnp.sin(row) * s)
        return (k + 1, total), (jnp.max(total), row * total)

    (_, total), (largest, rows) = lax.scan(body, (0, v), v)
    return total / 2 + largest + rows.sum(0) / 9


def search(v):
    """A while loop whose number of steps depends on the values."""

    def body(state):
        k, x = state
        return k + 1, x / 2 + jnp.cos(x[::-1]) / 4

    return lax.while_loop(lambda state: (jnp.sum(state[1] ** 2) > 0.3) & (state[0] < 9), body, (0, v))[1]


ELEMENTWISE = [
    jnp.tanh,
    jnp.sin,
    jnp.abs,
    jnp.sign,
    jnp.round,
    jnp.floor,
    jax.nn.sigmoid,
    jax.nn.softplus,
    lax.erf,
    lambda x: jnp.exp(-x * x),
    lambda x: jnp.log1p(x * x),
    lambda x: jnp.sqrt(1 + x**2),
    lambda x: x**3 / (1 + x**2),
    lambda x: jnp.where(x > 0.1, x, jnp.cos(x)),
    lambda x: jnp.clip(x, -0.7, 0.9),
    lambda x: jnp.arctan2(x, 1.5),
    lambda x: (x > 0) * x,
    lambda x: lax.lgamma(1 + x**2) / 4,
    lambda x: jax.nn.relu(x) - x % 0.7,
    whole,
]
BINARY = [
    jnp.add,
    jnp.subtract,
    jnp.multiply,
    jnp.maximum,
    jnp.minimum,
    lambda a, b: a / (1 + b * b),
    lambda a, b: jnp.where(a > b, a, 2 * b),
    lambda a, b: jnp.logaddexp(a, b),
    lambda a, b: jnp.sqrt(a * a + 0.3 * b * b + 0.1),
]
# The kinds of the operands, the kind of the result, and the functions that are so.
OTHER = {
    (VECTOR, NUMBER): [
        jnp.sum,
        jnp.mean,
        jnp.max,
        jnp.min,
        jnp.std,
        jax.nn.logsumexp,
        lambda v: jnp.linalg.norm(v) / 2,
        lambda v: jnp.prod(jnp.cos(v)),
        lambda v: v[-1],
        lambda v: jnp.argmax(v) / v.size,
        lambda v: jnp.median(v),
        lambda v: jnp.any(v > 0.5) * v[0],
        lambda v: jnp.sum(v > 0) / v.size,
    ],
    (VECTOR, VECTOR): [
        jnp.sort,
        jax.nn.softmax,
        search,
        lambda v: jnp.cumsum(v) / v.size,
        lambda v: v[::-1],
        lambda v: jnp.cumprod(jnp.cos(v)),
        lambda v: lax.cummax(v),
        lambda v: jnp.roll(v, 1),
        lambda v: v[jnp.argsort(v)],
        lambda v: jnp.concatenate([v[1:], v[:1] ** 2]),
        lambda v: jnp.pad(v[1:-1], 1, constant_values=0.3),
        lambda v: lax.top_k(v, v.size)[0],
        lambda v: lax.map(lambda x: jnp.sin(x) * x, v),
        lambda v: v.at[::2].multiply(0.5),
    ],
    (VECTOR, NUMBER, VECTOR): [
        loop,
        lambda v, s: v.at[index(s, v)].set(s),
        lambda v, s: v.at[index(s, v)].add(v[0]),
        lambda v, s: v + v[index(s, v)],
        lambda v, s: lax.dynamic_slice(jnp.tile(v, 2), (index(s, v),), v.shape),
        lambda v, s: lax.cond(s > 0.2, jnp.sin, lambda v: v[::-1] * s, v),
        lambda v, s: lax.switch(index(s, v), [jnp.cos, lambda v: v * s, lambda v: jnp.sort(v) / 2], v),
        lambda v, s: lax.fori_loop(0, 4, lambda k, v: jnp.tanh(v + s * k / 4), v),
    ],
    (MATRIX, VECTOR): [
        jnp.diag,
        lambda a: a.sum(0) / a.shape[0],
        lambda a: a.max(1),
        lambda a: a.mean(1),
        lambda a: a[1],
        lambda a: jnp.linalg.eigvalsh(definite(a)),
        lambda a: jnp.linalg.svdvals(regular(a)),
    ],
    (MATRIX, MATRIX): [
        jnp.transpose,
        jnp.tril,
        regular,
        lambda a: jnp.linalg.cholesky(definite(a)),
        lambda a: jnp.linalg.inv(regular(a)),
        lambda a: a[:, ::-1],
        lambda a: jnp.sort(a, axis=0),
        lambda a: jnp.kron(a[:1], a[:, :1]),
        lambda a: jax.vmap(jnp.cumsum)(a) / a.shape[0],
    ],
    (MATRIX, NUMBER): [
        jnp.trace,
        lambda a: jnp.linalg.slogdet(definite(a))[1],
        lambda a: jnp.linalg.norm(a) / a.shape[0],
    ],
    (MATRIX, VECTOR, VECTOR): [
        lambda a, v: a @ v / v.size,
        lambda a, v: jnp.linalg.solve(regular(a), v),
        lambda a, v: jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(definite(a)), v),
        lambda a, v: jnp.linalg.lstsq(regular(a), v)[0],
        lambda a, v: a.at[0].set(v)[:, 0],
    ],
    (VECTOR, VECTOR, NUMBER): [lambda v, w: jnp.dot(v, w) / v.size],
    (VECTOR, VECTOR, MATRIX): [jnp.outer, lambda v, w: v[:, None] - jnp.tanh(w)],
    (MATRIX, MATRIX, MATRIX): [lambda a, b: a @ b / a.shape[0]],
}
STEPS = [(kinds, f) for kinds, functions in OTHER.items() for f in functions]
STEPS += [((kind, kind), f) for kind in (NUMBER, VECTOR, MATRIX) for f in ELEMENTWISE]
STEPS += [
    ((*pair, max(pair)), f) for pair in [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)] for f in BINARY
]


@st.composite
def programs(draw):
    """A function of a number, a vector and a matrix, as steps: a function and which values it takes."""
    kinds, steps = [NUMBER, VECTOR, MATRIX], []
    for _ in range(draw(st.integers(1, 8))):
        (*operands, result), function = draw(st.sampled_from(STEPS))
        # The latest values of a kind come first, so that steps build on each other.
        choices = [[k for k in reversed(range(len(kinds))) if kinds[k] == kind] for kind in operands]
        steps.append((function, [draw(st.sampled_from(choice)) for choice in choices]))
        kinds.append(result)
    return steps


def interpreted(steps):
    """The function that the steps are; it returns the last of its values."""

    def function(s, v, a):
        values = [s, v, a]
        for step, operands in steps:
            values.append(step(*(values[k] for k in operands)).astype(v.dtype))
        return values[-3:]

    return function


def total(function):
    return lambda *arguments: sum(jnp.sum(jnp.tanh(value)) for value in function(*arguments))


MODES = {
    "as it is": lambda f: f,
    "gradient": lambda f: jax.grad(total(f), argnums=(0, 1, 2)),
    "forward": lambda f: jax.jacfwd(total(f), argnums=1),
    "product": lambda f: lambda s, v, a: jax.jvp(lambda v: f(s, v, a), (v,), (jnp.cos(v),))[1],
    "linearized": lambda f: lambda s, v, a: jax.linearize(lambda v: f(s, v, a), v)[1](v),
    "transposed": lambda f: lambda s, v, a: jax.vjp(lambda a: total(f)(s, v, a), a)[1](s),
    "vectorised": lambda f: (
        lambda s, v, a: jax.vmap(f, (0, None, 0))(jnp.stack([s, -s]), v, jnp.stack([a, a.T]))
    ),
}
# What is not differentiated: JAX has no reverse derivative of while loops, nor a stable one where values tie.
FORWARD_ONLY = {search}


@given(
    steps=programs(), mode=st.sampled_from(sorted(MODES)), size=st.sampled_from([3, 3, 5, 20]),
    single=st.sampled_from([False, False, True]), seed=st.integers(0, 99),
)  # fmt: skip
@settings(
    max_examples=100, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
def test_random_functions(steps, mode, size, single, seed):
    if mode in ("gradient", "transposed") and any(step in FORWARD_ONLY for step, _ in steps):
        mode = "forward"
    generator, dtype = np.random.default_rng(seed), np.float32 if single else np.float64
    arguments = [np.asarray(generator.normal(size=shape), dtype) for shape in ((), size, (size, size))]
    tolerance = {"rtol": 1e-3, "atol": 2e-3} if single else {"rtol": 1e-8, "atol": 1e-10}
    check(MODES[mode](interpreted(steps)), *arguments, **tolerance)
