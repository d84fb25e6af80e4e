"""Every primitive against JAX, on random and on awkward numbers, as scalars and as loops."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from curvlib.live.compiler import CompileError, compile
from tests.live.javascript import check, run

AWKWARD = np.array(
    [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, -2.5, 1.5, np.inf, -np.inf, np.nan, 1e-300, -3.7, 1e300, 710.0]
)
INTEGERS = np.array([0, 1, -1, 7, -7, 2**31 - 1, -(2**31), 12345, 3, -2], np.int32)
PAIRS = [x.ravel() for x in np.meshgrid(AWKWARD, AWKWARD)]  # 256 pairs: a loop
INTEGER_PAIRS = [x.ravel() for x in np.meshgrid(INTEGERS, INTEGERS)]
RANDOM = np.random.default_rng(0).normal(size=(60, 3))

UNARY = [
    lax.neg, lax.abs, lax.sign, lax.floor, lax.ceil, lax.is_finite, lax.exp, lax.exp2, lax.log, lax.log1p,
    lax.expm1, lax.sqrt, lax.rsqrt, lax.cbrt, lax.sin, lax.cos, lax.tan, lax.asin, lax.acos, lax.atan,
    lax.sinh, lax.cosh, lax.tanh, lax.asinh, lax.acosh, lax.atanh, lax.logistic, lax.erf, lax.erfc,
    lax.square,
    lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN),
    lambda x: lax.round(x, lax.RoundingMethod.AWAY_FROM_ZERO),
    lambda x: x**3, lambda x: x**-2, lambda x: x**7, lambda x: x**0,
]  # fmt: skip
BINARY = [
    lax.add, lax.sub, lax.mul, lax.div, lax.rem, lax.max, lax.min, lax.pow, lax.atan2,
    lax.eq, lax.ne, lax.lt, lax.le, lax.gt, lax.ge,
]  # fmt: skip
CONSTANT = [0.0, 1.0, -1.0, 0.5, 2.0, np.inf, np.nan]
SHAKY = {lax.sin, lax.cos, lax.tan}  # of 1e300: both sides only guess


@pytest.mark.parametrize("function", UNARY)
def test_unary(function):
    x = AWKWARD[AWKWARD != 1e300] if function in SHAKY else AWKWARD
    check(lambda x: (function(x), function(jnp.tile(x, 2))), x, zeros=True)
    check(lambda x: (function(x), function(x.astype(jnp.float64)[0])), RANDOM.astype(np.float32), rtol=3e-6)


@pytest.mark.parametrize("function", BINARY)
def test_binary(function):
    check(function, *PAIRS, zeros=True)
    check(function, np.float32(RANDOM), np.float32(RANDOM[::-1]), rtol=3e-6)
    zeros = function not in (lax.add, lax.sub)  # XLA takes x + 0 for x, here -0 + 0 is 0 as IEEE has it
    # what is folded, simplified or picked by a constant
    check(lambda x: [(function(x, c), function(c, x)) for c in CONSTANT], AWKWARD, zeros=zeros)


@pytest.mark.parametrize(
    "function", [lax.add, lax.sub, lax.mul, lax.div, lax.rem, lax.max, lax.min, lax.eq, lax.lt]
)
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_integers(function, dtype):
    a, b = (x.astype(dtype) for x in INTEGER_PAIRS)
    if dtype == np.int64:  # whole numbers up to 2^53 are exact
        a, b = a // 512, b // 512
    check(lambda a, b: (function(a, b), function(a[:7], b[11:18]), function(a, b) * 1.0), a, b, zeros=True)


def test_bits():
    a, b = INTEGER_PAIRS
    check(lambda a, b: (a & b, a | b, a ^ b, ~a), a, b)
    check(lambda a, b: (a & b, a | b, a ^ b, ~a, a == b, a < b, jnp.maximum(a, b)), a > 0, b > 3)
    with pytest.raises(
        CompileError, match=r"bit operations on int64, used at .*test_compiler_primitives.py:\d+"
    ):
        compile(lambda a: a & 3, np.int64(1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64, np.uint8, np.uint32, bool])
def test_conversions(dtype):
    x = AWKWARD if dtype != np.int64 else np.array([0.0, -0.0, 2.7, -2.7, np.nan, 3e9, -3e9])
    values = x, np.tile(x, 4), RANDOM > 0, INTEGERS
    check(lambda *values: [v.astype(dtype) for v in values], *values)
    check(lambda: [jnp.asarray(v).astype(dtype) for v in values])


def test_choices():
    low, x, high = (v.ravel() for v in np.meshgrid(CONSTANT, AWKWARD, CONSTANT))
    check(lax.clamp, low, x, high)
    check(lambda x: lax.clamp(-1.0, x, 1.0), AWKWARD)
    check(lambda c, x, y: jnp.where(c, x, y), RANDOM > 0, RANDOM, -RANDOM)
    check(lambda c, x, y: jnp.where(c, x, y), True, RANDOM, -RANDOM, others=[(False, RANDOM, -RANDOM)])
    check(lambda k, x: lax.select_n(k, x, 2 * x, 3 * x), np.array([2, 0, 1], np.int32), RANDOM[0])


def test_error_functions_over_their_range():
    check(lambda x: (lax.erf(x), lax.erfc(x)), np.linspace(-7, 7, 301), rtol=1e-11)


def test_zero_keeps_its_sign():
    signs = run(compile(lambda x: (x + 0.0, x - 0.0, 0.0 * x, x * 1.0, -x, lax.neg(-x)), 1.0), -0.0)
    assert [bool(np.signbit(value)) for value in signs.values()] == [False, True, True, True, False, True]


def test_integer_powers_of_integers():
    check(lambda n: (n**2, n**3, n**5), INTEGERS[:5])


def test_float32_rounds_after_each_operation():
    x = np.float32(RANDOM)  # XLA may cancel the constants, NumPy does as it is told
    for value in (x, x[0]):
        np.testing.assert_array_equal(
            run(compile(lambda x: (x + 1e5) - 1e5, value), value)["value"], (value + 1e5) - 1e5
        )


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
    "cumsum": lambda x: jnp.cumsum(x, axis=0),
    "cumsum of rows": lambda x: jnp.cumsum(x, axis=1),
    "cumprod": lambda x: jnp.cumprod(x[:, 0]),
    "reversed": lambda x: lax.cumsum(x, axis=0, reverse=True),
    "cummax": lambda x: lax.cummax(x, axis=0) + lax.cummin(x, axis=0),
    "small": lambda x: (jnp.cumsum(x[0]), lax.cumsum(x[0], reverse=True)),
    "sort": lambda x: jnp.sort(x[:, 0]),
    "argsort": lambda x: jnp.argsort(x[:, 0]),
    "rank": lambda x: jnp.argsort(jnp.argsort(x[:, 1]))[:7],
    "median": lambda x: jnp.median(x[:, 0]),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name):
    check(SHAPES[name], np.resize(RANDOM, (60, 3)))


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_reductions(name, axis):
    function = REDUCTIONS[name]
    check(lambda x: [function(v, axis=axis) for v in (x, x[:4], (x * 2).T)], RANDOM)


@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name):
    check(PRODUCTS[name], RANDOM, atol=1e-14)


@pytest.mark.parametrize("name", RUNNING)
def test_running_and_sorted(name):
    check(RUNNING[name], RANDOM)


@pytest.mark.parametrize(
    "function", [jnp.argmax, jnp.argmin, jnp.max, jnp.min, jnp.sort, jnp.argsort, jnp.cumsum]
)
def test_ties_and_missing_numbers(function):
    nan, inf = np.nan, np.inf
    lists = [[1, 3, 3, 1], [nan, 1, nan], [1, 2, nan], [0.0, -0.0, 0.0], [-inf] * 3, [inf, -inf]]
    check(lambda: [function(jnp.array(v)) for v in lists])
    check(
        lambda *x: [(function(v), function(jnp.tile(v, 8))) for v in x], *(np.array(v, float) for v in lists)
    )


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
    "set and keep": lambda x, i: (x.at[i].set(7.0), x.at[i].set(8.0), x),
}


@pytest.mark.parametrize("name", INDEXING)
def test_indexing(name):
    function = INDEXING[name]
    check(lambda x, i: (function(x, i), function(2 * x, i)), RANDOM, 0, others=[(RANDOM, 1), (RANDOM, 2)])


def symmetric(n, definite=True, seed=0):
    a = np.random.default_rng(seed).normal(size=(n, n))
    return a @ a.T + 0.1 * np.eye(n) if definite else a + a.T


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_factorizations(n):
    def results(definite, general, b):
        factor = jax.scipy.linalg.cho_factor(definite)
        return {
            "cholesky": jnp.linalg.cholesky(definite),
            "upper": factor[0],
            "cho_solve": jax.scipy.linalg.cho_solve(factor, b),
            "solve_pos": jax.scipy.linalg.solve(definite, b, assume_a="pos"),
            "lu": lax.linalg.lu(general),
            "solve": jnp.linalg.solve(general, b),
            "solve_vector": jnp.linalg.solve(general, b[:, 0]),
            "inverse": jnp.linalg.inv(general),
            "determinant": (jnp.linalg.det(general), jnp.linalg.slogdet(general)),
        }

    check(results, symmetric(n), symmetric(n, definite=False, seed=1), RANDOM[:n], rtol=1e-9)


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("transpose", [True, False])
def test_triangular_solves(lower, transpose):
    def solve(a, b):
        options = [
            {"left_side": left, "unit_diagonal": unit} for left in (True, False) for unit in (True, False)
        ]
        return [
            lax.linalg.triangular_solve(
                a, b if each["left_side"] else b.T, lower=lower, transpose_a=transpose, **each
            )
            for each in options
        ]

    for n in (3, 5):
        check(solve, symmetric(n) + 3 * np.eye(n), RANDOM[:n, :2], rtol=1e-9)


def test_matrices_without_an_answer():
    check(jnp.linalg.cholesky, np.array([[1.0, 2.0], [2.0, 1.0]]))
    check(jnp.linalg.cholesky, symmetric(6, definite=False))
    check(jnp.linalg.cholesky, np.full((3, 3), np.nan))
    check(jnp.linalg.solve, np.zeros((2, 2)), np.ones(2))
    check(jnp.linalg.solve, np.array([[1.0, 2.0], [2.0, 4.0]]), np.ones(2))
    check(jnp.linalg.solve, np.array([[0.0, 1.0], [1.0, 0.0]]), np.ones(2))
    values = run(compile(jnp.linalg.eigvalsh, np.full((2, 2), np.nan)), np.full((2, 2), np.nan))
    assert np.isnan(values["value"]).all()


def test_stacks_of_matrices():
    stack = np.stack([symmetric(3, seed=k) for k in range(4)])
    check(jnp.linalg.cholesky, stack)
    check(jax.vmap(jnp.linalg.solve), stack, RANDOM[:4], rtol=1e-9)
    check(lambda a: jnp.linalg.eigvalsh(a), stack, rtol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_eigenproblems_by_what_is_unique(n):
    def invariants(a):
        values, vectors = jnp.linalg.eigh(a)
        return {
            "values": values,
            "same": vectors @ jnp.diag(values) @ vectors.T,
            "orthogonal": vectors.T @ vectors,
            "projector": jnp.outer(vectors[:, 0], vectors[:, 0]),
            "condition": values[-1] / values[0],
        }

    for a in (symmetric(n), symmetric(n, definite=False, seed=2)):
        check(invariants, a, rtol=1e-9, atol=1e-13)
    check(lambda a: jnp.linalg.eigvalsh(a), np.diag([3.0, 1.0, 1.0, 0.0, -2.0]), atol=1e-15)
    spread = run(compile(jnp.linalg.eigvalsh, np.eye(2)), np.array([[1e-8, 1e-9], [1e-9, 1e8]]))["value"]
    np.testing.assert_allclose(spread, [1e-8, 1e8], rtol=1e-9)


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 5), (2, 1)])
@pytest.mark.parametrize("mode", ["reduced", "complete"])
def test_qr(shape, mode):
    check(
        lambda a: jnp.linalg.qr(a, mode=mode),
        np.random.default_rng(3).normal(size=shape),
        rtol=1e-9,
        atol=1e-14,
    )
    check(lambda a: jnp.linalg.qr(a, mode=mode), np.zeros(shape))


def test_unknown_primitive_names_itself_and_the_line():
    def noisy(x):
        return x + jax.random.normal(jax.random.key(0))

    with pytest.raises(
        CompileError, match=r"live.compile has no JavaScript for .*test_compiler_primitives\.py:\d+"
    ):
        compile(noisy, 1.0)
    with pytest.raises(
        CompileError, match=r"primitive 'lgamma', used at .*test_compiler_primitives\.py:\d+\."
    ):
        compile(lambda x: jax.lax.lgamma(x), 1.0)
    with pytest.raises(CompileError, match="complex128"):
        compile(lambda x: x * 1j, 1.0)
