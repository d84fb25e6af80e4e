"""The table of primitives: its page is what the rules say, and no primitive is in it untested."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.ad_checkpoint import checkpoint_name

from curvlib.live.compiler.rules import TABLE
from curvlib.live.compiler.table import markdown, replaced
from tests.live import test_compiler_elementwise as elementwise
from tests.live.javascript import check, primitives

PAGE = Path(__file__).parents[2] / "docs" / "primitives.md"
X = np.random.default_rng(0).normal(size=(24, 3))
OLDER = {"checkpoint"}  # primitives of earlier versions of JAX


@jax.custom_jvp
def bent(x):
    return x * x


bent.defjvp(lambda primals, tangents: (bent(*primals), 3 * tangents[0]))


@jax.custom_vjp
def straight(x):
    return x**3


straight.defvjp(lambda x: (straight(x), x), lambda x, cotangent: (5 * cotangent,))


@jax.custom_batching.custom_vmap
def batched(x):
    return jnp.sin(x)


@batched.def_vmap
def _batched(size, is_batched, x):
    return jnp.sin(x), is_batched[0]


def named(reduce):
    return lambda x, i: jax.vmap(lambda row: reduce(row, "axis"), axis_name="axis")(x)


def window(start, function):
    return lambda x, i: lax.reduce_window(x, start, function, (2, 2), (1, 1), "VALID")


def whole(reduce):
    return lambda x, i: reduce((9 * x).astype(int), (1,))


EXAMPLES = {  # functions of X and a whole number that need the primitive
    "psum": named(lax.psum),
    "pmax": named(lax.pmax),
    "pmin": named(lax.pmin),
    "reduce_sum": lambda x, i: jnp.sum(x, 0),
    "reduce_prod": lambda x, i: jnp.prod(x, 1),
    "reduce_max": lambda x, i: jnp.max(x, 0),
    "reduce_min": lambda x, i: jnp.min(x),
    "reduce_and": whole(lax.reduce_and),
    "reduce_or": whole(lax.reduce_or),
    "reduce_xor": whole(lax.reduce_xor),
    "dot_general": lambda x, i: x.T @ x,
    "argmax": lambda x, i: jnp.argmax(x, 0),
    "argmin": lambda x, i: jnp.argmin(x),
    "cumsum": lambda x, i: jnp.cumsum(x),
    "cumprod": lambda x, i: jnp.cumprod(x, 1),
    "cummax": lambda x, i: lax.cummax(x),
    "cummin": lambda x, i: lax.cummin(x, 1),
    "cumlogsumexp": lambda x, i: lax.cumlogsumexp(x),
    "sort": lambda x, i: jnp.sort(x, axis=0),
    "top_k": lambda x, i: lax.top_k(x.T, 2),
    "reduce_window_sum": window(0.0, lax.add),
    "reduce_window_max": window(-jnp.inf, lax.max),
    "reduce_window_min": window(jnp.inf, lax.min),
    "conv_general_dilated": lambda x, i: jnp.convolve(x[:, 0], x[:3, 1]),
    "broadcast_in_dim": lambda x, i: x[:, None] + x[:4],
    "reshape": lambda x, i: x.reshape(8, 9),
    "squeeze": lambda x, i: x[2],
    "transpose": lambda x, i: 2 * x.T,
    "rev": lambda x, i: x[::-1],
    "slice": lambda x, i: x[1:9:2],
    "split": lambda x, i: jnp.split(x, 3),
    "tile": lambda x, i: jnp.tile(x, (2, 1)),
    "iota": lambda x, i: jnp.arange(24) + i,
    "concatenate": lambda x, i: jnp.concatenate([x, x[:2]]),
    "unstack": lambda x, i: jnp.unstack(x[:3]),
    "stack": lambda x, i: jnp.stack([x, -x]),
    "pad": lambda x, i: lax.pad(x, 2.0, ((1, 2, 1), (-1, 0, 0))),
    "empty2": lambda x, i: jax.grad(lambda x: lax.cond(i > 0, jnp.sum, lambda x: jnp.sum(x**3), x))(x),
    "dynamic_slice": lambda x, i: lax.dynamic_slice(x, (i, 0), (4, 2)),
    "gather": lambda x, i: x[jnp.arange(3) + i],
    "dynamic_update_slice": lambda x, i: lax.dynamic_update_slice(x, x[:2] * 2, (i, 0)),
    "scatter": lambda x, i: x.at[i].set(1.0).at[i + 1].apply(jnp.exp),
    "scatter-add": lambda x, i: x.at[i].add(1.0),
    "scatter-sub": lambda x, i: x.at[i].subtract(1.0),
    "scatter-mul": lambda x, i: x.at[i].multiply(3.0),
    "scatter-min": lambda x, i: x.at[i].min(0.2),
    "scatter-max": lambda x, i: x.at[i].max(0.2),
    "while": lambda x, i: lax.while_loop(lambda x: jnp.sum(x) < 9, lambda x: x + 1, x),
    "scan": lambda x, i: lax.scan(lambda total, row: (total + row, total), x[0], x),
    "cond": lambda x, i: lax.cond(i > 0, jnp.sin, jnp.cos, x),
    "cholesky": lambda x, i: jnp.linalg.cholesky(x.T @ x),
    "lu": lambda x, i: lax.linalg.lu(x)[0],
    "lu_pivots_to_permutation": lambda x, i: lax.linalg.lu_pivots_to_permutation(lax.linalg.lu(x)[1], 24),
    "triangular_solve": lambda x, i: jax.scipy.linalg.solve_triangular(x[:3], x[0]),
    "eigh": lambda x, i: jnp.linalg.eigvalsh(x.T @ x),
    "qr": lambda x, i: jnp.linalg.qr(x),
    "svd": lambda x, i: jnp.linalg.svdvals(x),
    "jit": lambda x, i: jax.jit(jnp.sin)(x),
    "composite": lambda x, i: lax.composite(jnp.sin, "my.sine")(x),
    "custom_jvp_call": lambda x, i: (bent(x), jax.jvp(bent, (x,), (x,))[1]),
    "custom_vjp_call": lambda x, i: (straight(x), jax.vjp(straight, x)[1](x)),
    "custom_vmap_call": lambda x, i: batched(x),
    "remat2": lambda x, i: jax.grad(lambda x: jnp.sum(jax.checkpoint(jnp.sin)(x)))(x),
    "copy": lambda x, i: jnp.copy(x),
    "stop_gradient": lambda x, i: lax.stop_gradient(x),
    "optimization_barrier": lambda x, i: lax.optimization_barrier(x),
    "name": lambda x, i: checkpoint_name(x, "kept"),
    "device_put": lambda x, i: jax.device_put(x),
    "custom_linear_solve": lambda x, i: jnp.linalg.solve(x[:3], x[0]),
    "platform_index": lambda x, i: lax.platform_dependent(x, cpu=jnp.sin, default=jnp.cos),
}


def test_page_is_what_the_rules_say():
    assert PAGE.read_text() == markdown(), "run: python -m curvlib.live.compiler.table > docs/primitives.md"


def test_every_primitive_has_an_example():
    listed = TABLE.keys() | replaced().keys()
    assert listed - OLDER == EXAMPLES.keys() | elementwise.PRIMITIVES


@pytest.mark.parametrize("primitive", EXAMPLES)
def test_primitive(primitive):
    assert primitive in primitives(EXAMPLES[primitive], X, 3)
    check(EXAMPLES[primitive], X, 3, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("primitive", sorted(elementwise.PRIMITIVES))
def test_elementwise_primitive_is_in_its_test(primitive):
    function, arguments = elementwise.example(primitive)
    assert primitive in primitives(function, *arguments)
