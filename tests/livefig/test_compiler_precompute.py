"""What depends on no argument is computed while compiling; what is quickly said stays a rule."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from livefig.compiler import CompileError, compile
from tests.livefig.javascript import check, run

MATRIX = np.random.default_rng(0).normal(size=(30, 30))
WORK = {
    "random numbers": lambda a: a * jax.random.normal(jax.random.PRNGKey(0), (40,)),
    "random numbers from a new key": lambda a: a * jax.random.uniform(jax.random.key(1), (5,)),
    "random numbers in single precision": lambda a: a * jax.random.normal(jax.random.key(2), (5,), "float32"),
    "a shuffled range": lambda a: a * jax.random.permutation(jax.random.key(3), 40),
    "a Fourier transform": lambda a: a * jnp.abs(jnp.fft.fft(MATRIX[0])),
    "eigenvalues": lambda a: a * jnp.linalg.eigvals(MATRIX[:5, :5]).real,
    "an inverse": lambda a: a * jnp.linalg.inv(MATRIX),
    "an inverse of what is made here": lambda a: a * jnp.linalg.inv(jnp.eye(30) + 0.01 * jnp.arange(30.0)),
    "a product": lambda a: a * (MATRIX @ MATRIX),
    "a loop": lambda a: a * lax.fori_loop(0, 9, lambda i, x: jnp.sin(x) + i, jnp.ones(3)),
    "a loop until": lambda a: a * lax.while_loop(lambda x: x < 99, lambda x: 2 * x, 1.0),
    "inside a loop": lambda a: lax.fori_loop(0, 5, lambda i, x: x / 2 + jnp.linalg.det(MATRIX[:4, :4]), a),
    "inside a branch": lambda a: lax.cond(a > 0, lambda: jnp.linalg.inv(MATRIX)[0], lambda: MATRIX[0]),
}


@pytest.mark.parametrize("name", WORK)
def test_work_on_constants_is_done_now(name):
    program = check(WORK[name], 2.0, others=[(-1.0,)])
    assert not re.search(r"\b(lu|solveTriangular|while|order|sin)\b|for \(let j", program.source)


@pytest.mark.parametrize(
    "function",
    [
        lambda n: lambda a: a * jnp.arange(n) * 2.5 + jnp.ones(n),
        lambda n: lambda a: a + jnp.broadcast_to(jnp.linalg.det(MATRIX[:4, :4]), (n,)),
        lambda n: lambda a: a * jnp.outer(jnp.arange(n), jnp.arange(n) ** 2.0),
        lambda n: lambda a: a * jnp.linspace(0, 1, n),
        lambda n: lambda a: lax.scan(lambda x, t: (x + a, x * t), 0.0, jnp.arange(float(n)))[1],
    ],
)
def test_what_is_quickly_said_is_no_data(function):
    few, many = (compile(function(n), 2.0).source for n in (30, 900))
    assert len(many) < len(few) + 20


def test_many_numbers_are_bytes_and_exact():
    """V8 takes no such number of arguments in a call."""
    values = np.random.default_rng(0).normal(size=300_000)
    values[:6] = np.nan, np.inf, -np.inf, -0.0, 5e-324, 1e308
    for size in (1001, 70_000, 300_000):
        program = compile(lambda a, x=values[:size]: a * jnp.asarray(x), 1.0)
        assert run(program, 1.0)["value"].tobytes() == values[:size].tobytes()
        assert len(program.source) < 11 * size + 400


@pytest.mark.parametrize(
    ("numbers", "kind", "bytes_each"),
    [
        (np.arange(2000.0) % 90, "Int8Array", 1),
        (np.arange(2000) % 200, "Uint8Array", 1),
        (np.arange(2000) * 30, "Uint16Array", 2),
        (np.arange(2000) - 9000, "Int16Array", 2),
        (np.arange(2000, dtype=np.int32) * 10**6, "Int32Array", 4),
        (np.arange(2000.0) + 0.5, "Float32Array", 4),
        (np.where(np.arange(2000) % 2, -0.0, 0.0), "Float32Array", 4),
        (np.arange(2000) % 3 == 0, "Int8Array", 1),
        (np.arange(2000) / 3, "Float64Array", 8),
    ],
)
def test_bytes_are_as_few_as_hold_the_numbers(numbers, kind, bytes_each):
    shuffled = np.random.default_rng(0).permutation(numbers)
    program = check(
        lambda a: jnp.where(a > 0, jnp.asarray(shuffled), jnp.asarray(shuffled)[::-1]), 1.0, zeros=True
    )
    assert f"unpack({kind}, " in program.source
    assert len(program.source) < 4 / 3 * bytes_each * 2000 + 500


def test_few_numbers_can_be_read():
    assert "Float64Array.of(" in compile(lambda a: a * jnp.asarray(MATRIX), 1.0).source


def test_too_much_data_for_a_page_is_refused_with_its_weight():
    values = np.random.default_rng(0).normal(size=600_000)
    with pytest.raises(CompileError, match=r"a program of 6\.4 MB, more than the 5 MB that a page should"):
        compile(lambda a: a * jnp.asarray(values), 1.0)
    compile(lambda a: a * jnp.asarray(values, "float32"), np.float32(1.0))


def test_too_much_to_travel_is_computed_in_the_page():
    source = compile(lambda a: a + jnp.cumsum(jnp.sin(jnp.arange(20_000.0))), 2.0).source
    assert len(source) < 1000


def test_keys_that_depend_on_an_argument_say_what_to_do():
    def drawn(a):
        return jax.random.normal(jax.random.fold_in(jax.random.key(0), a), (5,))

    with pytest.raises(
        CompileError, match=r"random keys .*draw random numbers outside.* as data.*precompute\.py"
    ):
        compile(drawn, 2)


def test_callbacks_with_effects_are_not_run():
    heard = []

    def function(a):
        jax.debug.callback(heard.append, jnp.ones(()))
        return a

    compile(function, 1.0)
    assert not heard
