"""Primitives on whole arrays against JAX: shapes, reductions, products, sorting, indexing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.livefig.javascript import check

RANDOM = np.random.default_rng(0).normal(size=(60, 3))

SHAPES = {
    "transpose": lambda x: x.T,
    "transpose of three": lambda x: jnp.transpose(x.reshape(4, 5, 9), (2, 0, 1)),
    "reshape": lambda x: x.reshape(9, 20),
    "reshape of a transpose": lambda x: x.T.reshape(20, 9) * 2,
    "insert axes": lambda x: x[:, None, :, None] + 1,
    "broadcast": lambda x: x[:, None] * x[None, :4] + x[0],
    "outer": lambda x: jnp.outer(x[:, 0], x[:, 1]),
    "slice": lambda x: x[3:50:7, 1:],
    "one row": lambda x: x[5],
    "reverse": lambda x: x[::-1] + jnp.flip(x, 1),
    "concatenate": lambda x: jnp.concatenate([x, 2 * x[:10], x[:1]]),
    "concatenate columns": lambda x: jnp.concatenate([x, x[:, :1] ** 2], axis=1),
    "stack": lambda x: jnp.stack([x, -x], axis=1),
    "split": lambda x: [part * k for k, part in enumerate(jnp.split(x, 4))],
    "tile": lambda x: jnp.tile(x, (2, 3)),
    "repeat": lambda x: jnp.repeat(x, 2, axis=0),
    "pad": lambda x: jnp.pad(x, ((1, 2), (0, 3)), constant_values=7),
    "pad inside": lambda x: lax.pad(x, 1.0, ((2, -3, 2), (-1, 2, 1))),
    "roll": lambda x: jnp.roll(x, 5, axis=0),
    "iota": lambda x: jnp.arange(60) * x[:, 0] + jnp.arange(60.0),
    "eye": lambda x: x @ jnp.eye(3) + jnp.eye(60, 3),
    "triangles": lambda x: (jnp.tril(x[:3]), jnp.triu(x @ x.T, 2)),
    "diagonals": lambda x: (jnp.diag(x[:, 0]), jnp.diagonal(x @ x.T), jnp.diag(x[0])),
    "meshgrid": lambda x: jnp.meshgrid(x[:, 0], x[:5, 1]),
    "full": lambda x: (jnp.full((7, 5), x[0, 0]), jnp.zeros((3, 40)), jnp.ones(4)),
    "kron": lambda x: jnp.kron(x[:4], x[4:8]),
}
REDUCTIONS = {
    "sum": jnp.sum, "mean": jnp.mean, "product": jnp.prod, "max": jnp.max, "min": jnp.min, "std": jnp.std,
    "all": lambda x, axis=None: jnp.all(x > -2, axis), "any": lambda x, axis=None: jnp.any(x > 2, axis),
    "argmax": jnp.argmax, "argmin": jnp.argmin, "norm": jnp.linalg.norm,
    "count": lambda x, axis=None: jnp.sum(x > 0, axis), "logsumexp": jax.scipy.special.logsumexp,
}  # fmt: skip
PRODUCTS = {
    "gram": lambda x: x.T @ x,
    "big gram": lambda x: x @ x.T,
    "matrix-vector": lambda x: x @ x[0],
    "vector-matrix": lambda x: x[:, 1] @ x,
    "dot": lambda x: x[:, 0] @ x[:, 1],
    "chain": lambda x: jnp.tanh(x @ x[:3]) @ x[3:6],
    "batch": lambda x: jnp.einsum("nij,njk->nik", x.reshape(20, 3, 3), x.reshape(20, 3, 3) + 1),
    "trilinear": lambda x: jnp.einsum("ni,nj,nk->ijk", x, x, x),
    "of integers": lambda x: jnp.round(x.T * 3).astype(int) @ jnp.round(x * 3).astype(int),
    "quadratic form": lambda x: jnp.einsum("ni,ij,nj->n", x, x[:3], x),
}
RUNNING = {
    "cumsum": lambda x: (jnp.cumsum(x, axis=0), lax.cumsum(x, axis=0, reverse=True), jnp.cumsum(x[0])),
    "cumsum of rows": lambda x: (jnp.cumsum(x, axis=1), jnp.cumsum(x > 0, axis=1), jnp.cumsum(x)),
    "cumprod": lambda x: (jnp.cumprod(x[:, 0]), lax.cumprod(x[0], reverse=True)),
    "cummax": lambda x: (lax.cummax(x, axis=0), lax.cummax(x, axis=1, reverse=True)),
    "cummin": lambda x: (lax.cummin(x, axis=0), lax.cummin(x, axis=1, reverse=True)),
    "cumlogsumexp": lambda x: (lax.cumlogsumexp(x, axis=0), lax.cumlogsumexp(9 * x, axis=1, reverse=True)),
    "derivatives": lambda x: [
        jax.jacrev(f)(x[:5, 0]) for f in (jnp.cumprod, lax.cumlogsumexp, lax.cummax, jnp.sort)
    ],
    "associative scan": lambda x: lax.associative_scan(
        lambda a, b: (a[0] * b[0], b[1] + a[1] * b[0]), (x, x)
    ),
}
SORTING = {
    "sort": lambda x: (
        jnp.sort(x[:, 0]),
        jnp.sort(x, axis=0),
        jnp.sort(x[:3], axis=1),
        jnp.sort(x, axis=None),
    ),
    "sort of three axes": lambda x: [jnp.sort(x.reshape(4, 5, 9), axis=axis) for axis in range(3)],
    "argsort": lambda x: [jnp.argsort(x, axis=a, descending=d) for a in (0, 1) for d in (True, False)],
    "by two keys": lambda x: lax.sort((jnp.round(x), x > 0, -x, x), dimension=0, num_keys=3),
    "stable": lambda x: lax.sort((jnp.round(x), x), num_keys=1),
    "rank": lambda x: jnp.argsort(jnp.argsort(x[:, 1]))[:7],
    "lexsort": lambda x: jnp.lexsort((x[:, 0], jnp.round(x[:, 1]))),
    "median": lambda x: (jnp.median(x, axis=0), jnp.quantile(x, 0.3), jnp.percentile(x[:, 1], 90)),
    "top_k": lambda x: (lax.top_k(x, 2), lax.top_k(x.T, 7), lax.top_k(x[:4, 0], 3)),
    "partition": lambda x: (jnp.partition(x, 3, axis=0), jnp.argpartition(x, 1)),
    "search": lambda x: (jnp.searchsorted(jnp.sort(x[:, 0]), x), jnp.interp(x, jnp.sort(x[:, 0]), x[:, 1])),
    "histogram": lambda x: jnp.histogram(x, bins=7),
    "unique": lambda x: jnp.unique(jnp.round(x), size=5),
    "under vmap": lambda x: jax.vmap(lambda row: (jnp.sort(row), jnp.argsort(row), lax.top_k(row, 1)))(x),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name):
    check(SHAPES[name], np.resize(RANDOM, (60, 3)))


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name):
    function = REDUCTIONS[name]
    check(lambda x: [function(v, axis=a) for v in (x, x[:4], (x * 2).T) for a in (None, 0, 1)], RANDOM)


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint32", bool, "float32"])
def test_reductions_of_other_numbers(dtype):
    def reductions(x):
        n = x.astype(int) if x.dtype == bool else x
        bits = (
            []
            if x.dtype.kind == "f"
            else [f(x, (0,)) for f in (lax.reduce_and, lax.reduce_or, lax.reduce_xor)]
        )
        number = [
            jnp.argmax(x),
            lax.reduce_max(x, (0,)),
            lax.reduce_min(x, (1,)),
            lax.cummax(n),
            lax.cummin(n),
        ]
        whole = [] if x.dtype.kind == "u" else [jnp.sum(x), jnp.cumsum(x, axis=0), jnp.prod(x[:2], axis=0)]
        return [*bits, *number, *whole, jnp.sort(x, axis=0), jnp.any(x), jnp.all(x, axis=1), jnp.mean(x)]

    for size in (2, 60):
        check(reductions, np.round(3 * RANDOM[:size]).astype(int).astype(dtype))


def test_empty_arrays():
    def functions(x):
        return (
            jnp.sum(x),
            jnp.prod(x),
            jnp.any(x > 0),
            jnp.all(x > 0),
            jnp.max(x, initial=-9),
            x @ x,
            x + 1,
            jnp.sort(x),
        )

    check(functions, np.zeros(0))


@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name):
    check(PRODUCTS[name], RANDOM, atol=1e-14)


@pytest.mark.parametrize("name", RUNNING)
def test_running(name):
    check(RUNNING[name], RANDOM)


@pytest.mark.parametrize("name", SORTING)
def test_sorting(name):
    check(SORTING[name], RANDOM)


EXTREME = np.array(
    [
        [1, 3, 3, 1],
        [np.nan, 1, np.nan, 2],
        [0.0, -0.0, 0.0, -0.0],
        [-np.inf] * 4,
        [np.inf, -np.inf, 9, np.nan],
    ]
)


@pytest.mark.parametrize(
    "function",
    [jnp.argmax, jnp.argmin, jnp.max, jnp.min, jnp.sort, jnp.argsort, jnp.cumsum, lax.cummax,
     lax.cumlogsumexp, jnp.median, jnp.sum, jnp.prod, jax.nn.logsumexp, jax.nn.softmax,
     lambda x: lax.top_k(x, 3)],
)  # fmt: skip
def test_ties_and_what_is_not_finite(function):
    check(lambda x: [(function(row), function(jnp.tile(row, 8))) for row in x], EXTREME)
    check(lambda: [function(jnp.array(row)) for row in EXTREME])  # folded


INDEXING = {
    "row": lambda x, i: x[i],
    "element": lambda x, i: x[i, 1],
    "small": lambda x, i: x[0][i],
    "column": lambda x, i: x[:, i],
    "rows": lambda x, i: x[jnp.array([3, 3, 0]) + i],
    "many rows": lambda x, i: x[jnp.arange(40) * 2 % 60 + i],
    "pairs": lambda x, i: x[jnp.arange(30) + i, jnp.arange(30) % 3],
    "filled": lambda x, i: x.at[jnp.array([0, 59, 60, 70]) + i].get(mode="fill"),
    "filled with": lambda x, i: x.at[70 + i].get(mode="fill", fill_value=-1.0),
    "clipped": lambda x, i: x.at[jnp.array([0, 59, 60, 70]) + i].get(mode="clip"),
    "window": lambda x, i: lax.dynamic_slice(x, (i, 1 + 0 * i), (5, 2)),
    "window beyond": lambda x, i: lax.dynamic_slice(x, (i + 1000, i - 5), (5, 2)),
    "under vmap": lambda x, i: jax.vmap(lambda row, k: row[k])(x, jnp.arange(60) % 3 * jnp.minimum(i, 1)),
    "windows under vmap": lambda x, i: jax.vmap(lambda k: lax.dynamic_slice(x, (k, i), (2, 2)))(
        jnp.arange(9) + 0 * i
    ),
    "take": lambda x, i: (
        jnp.take(x, jnp.array([1, 2]), axis=1) + jnp.take_along_axis(x, jnp.zeros((60, 1), int) + i, 1)
    ),
    "set": lambda x, i: x.at[i].set(7.0),
    "set an element": lambda x, i: x.at[i, 2].set(7.0),
    "set in a small one": lambda x, i: x[0].at[i].set(7.0),
    "set small fixed": lambda x, i: x[0].at[1].set(7.0),
    "set a column": lambda x, i: x.at[:, i].set(x[:, 0] ** 2),
    "set beyond": lambda x, i: (x.at[i + 60].set(7.0), x[0].at[i + 5].set(7.0)),
    "set from the end": lambda x, i: x.at[-1 - i].set(7.0),
    "add": lambda x, i: x.at[jnp.array([0, 1, 0]) + i].add(x[5:8]),
    "add many": lambda x, i: x.at[jnp.arange(60) % 7 + i].add(x),
    "histogram": lambda x, i: jnp.zeros(5).at[jnp.arange(60) % 4 + i].add(1.0),
    "multiply, min, max": lambda x, i: x.at[i].multiply(3.0).at[i].min(0.2).at[i + 1].max(0.1),
    "clipped set": lambda x, i: x.at[i + 100].set(1.0, mode="clip"),
    "set a block": lambda x, i: lax.dynamic_update_slice(x, -x[:4, :2], (i, i)),
    "set a block small": lambda x, i: lax.dynamic_update_slice(x[:4], -x[:2, :2], (i, i)),
    "set the diagonal": lambda x, i: (x @ x.T).at[jnp.arange(60), jnp.arange(60)].add(1.0 + i),
    "set under vmap": lambda x, i: jax.vmap(lambda row, k: row.at[k].set(0.0))(x, jnp.arange(60) % 3),
    "apply": lambda x, i: (
        x.at[i].apply(jnp.sin),
        x.at[:, 1].apply(lambda v: v * v),
        x[0].at[i].apply(jnp.exp),
    ),
    "subtract": lambda x, i: x.at[jnp.array([0, 1, 0]) + i].subtract(x[5:8]),
    "derivatives": lambda x, i: [
        jax.grad(f)(x[:5]) for f in (lambda x: x.at[i].multiply(x[1]).sum(), lambda x: jnp.sum(x[i] ** 2))
    ],
    "set and keep": lambda x, i: (x.at[i].set(7.0), x.at[i].set(8.0), x),
}


@pytest.mark.parametrize("name", INDEXING)
def test_indexing(name):
    function = INDEXING[name]
    check(lambda x, i: (function(x, i), function(2 * x, i)), RANDOM, 0, others=[(RANDOM, 1), (RANDOM, 2)])


@pytest.mark.parametrize("size", [5, 40])
def test_what_is_applied_to_an_element_is_not_mistaken_for_another(size):
    x = np.linspace(-1, 1, size)
    check(lambda x, i: (x.at[i].apply(jnp.sin), x.at[i].apply(jnp.cos), x.at[i].apply(jnp.sin)), x, 3)
    check(lambda x, i: (x.at[i].apply(lambda v: v * 2.0), x.at[i].apply(lambda v: v * 3.0)), x, 3)


def test_long_chains_compile():
    def chain(x):
        a = x
        for _ in range(1000):
            a = jnp.sin(a) * 0.9 + x
        return a

    check(chain, np.linspace(0, 1, 40), rtol=1e-9)


def test_the_smallest_have_nan_last():
    a = np.array([3.0, np.nan, 1.0, 5.0, 2.0, np.nan])
    check(lambda a: (jnp.partition(a, 3), jnp.argpartition(a, 3)), a)
    check(lambda a: [*lax.top_k(-a, 3), *lax.top_k(a, 3)], a)
