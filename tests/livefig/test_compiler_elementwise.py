"""Every elementwise primitive against JAX: random numbers and each dtype's extremes, as scalars and in loops.

XLA on a CPU takes subnormal numbers for zero and leaves zero in their place (a few library functions do not).
JavaScript has no such mode, and a compiled program keeps them. So here they are zeroed before and after it
runs: what then agrees with JAX shows that there is no other difference, and NumPy shows that they are kept.
"""

import json
import operator

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from scipy import special

from livefig.compiler import CompileError, compile
from tests.livefig.javascript import check, engine, flushed, run
from tests.livefig.stand_ins import of_lax

RANDOM = np.random.default_rng(0).normal(size=(2, 30))
FLOATS = ("float64", "float32")


def extremes(dtype):
    """The numbers at which floats end, turn or tie, the subnormal ones last."""
    limits = np.finfo(dtype)
    small = [limits.smallest_subnormal, limits.tiny / 3]
    size = [0, 4 * limits.tiny, limits.eps, 0.5, 1, 1 + limits.eps, 1.5, 2.5, 3.7, 8, limits.max, np.inf]
    signed = [sign * x for sign in (1, -1) for x in size]
    return np.array([*signed, np.nan, 80, -80, 300, -300, *small, *(-x for x in small)], dtype)


def pairs(values):
    """All pairs of the values: many, so a loop."""
    return [x.ravel() for x in np.meshgrid(values, values)]


UNARY = """
    neg abs sign floor ceil is_finite square one_minus_square exp exp2 log log2 log1p expm1 sqrt rsqrt cbrt
    logistic
    sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf erfc erf_inv lgamma digamma
""".split()  # noqa: SIM905
BINARY = "add sub mul div rem max min pow atan2 nextafter eq ne lt le gt ge".split()  # noqa: SIM905
NEW = hasattr(lax, "polynomial")  # JAX 0.12
# What JAX 0.12 has and older ones do not.
NEWER = {
    "one_minus_square": of_lax("one_minus_square", lambda x: (1 + x) * (1 - x)),
    "log2": of_lax("log2", lambda x: jnp.log(x) * np.asarray(1 / np.log(2), x.dtype)),
    "polynomial": of_lax("polynomial", lambda x, a, b, c: (c * x + b) * x + a),
}
# Library functions that XLA calls for these keep subnormal numbers, at least now and then.
UNFLUSHED = {"cbrt", "pow", "atan2", "nextafter"} | (
    {"asin", "lgamma"} if jax.__version_info__ >= (0, 11) else set()
)
# JAX's own answer has an error of this size where the function crosses zero.
ROOTS = {"lgamma": {"float64": 1e-14, "float32": 1e-6}, "digamma": {"float32": 1e-6}}

# Primitives that are more than a function of numbers, in functions that need them.
FUNCTIONS = {
    "integer_pow": lambda x: (x**3, x**-2, x**7, x**0, lax.integer_pow(x, 4)),
    "round": lambda x: [lax.round(x, way) for way in lax.RoundingMethod],
    "reduce_precision": lambda x: [
        lax.reduce_precision(x, *bits) for bits in ((8, 7), (5, 10), (8, 23), (4, 3), (5, 2), (11, 52))
    ],
    "clamp": lambda x: (lax.clamp(-1.0, x.astype(float), 1.0), lax.clamp(-x, x[::-1], jnp.abs(x))),
    "select_n": lambda x: (jnp.where(x > 0, x, -x), lax.select_n(jnp.int32(2 * (x > 1)), x, 2 * x, 3 * x)),
    "lt_to": lambda x: jnp.searchsorted(jnp.sort(x), x, side="right"),
    "le_to": lambda x: (jnp.searchsorted(jnp.sort(x), x), jnp.digitize(x, jnp.sort(x[:9]))),
    "polynomial": lambda x: NEWER["polynomial"].bind(x, x[::-1], jnp.zeros_like(x[:1]), 2 - x),
    "add_any": lambda x: jax.grad(lambda x: jnp.sum(x[:5] * x[5:10]) + jnp.sum(x))(x),
    "zeta": lambda x: lax.zeta(2 + jnp.minimum(jnp.abs(x), 9), jnp.minimum(jnp.abs(x[::-1]), 99)),
    "polygamma": lambda x: [lax.polygamma(jnp.full_like(x, n), jnp.abs(x)) for n in (0, 1, 3, 0.5)],
    "convert_element_type": lambda x: [x.astype(t) for t in ("float32", "float64", bool, "int32", "uint8")],
}

INTEGRALS = {  # primitives, and what SciPy calls them
    "igamma": (lax.igamma, special.gammainc),
    "igammac": (lax.igammac, special.gammaincc),
    "regularized_incomplete_beta": (lax.betainc, special.betainc),
}


def function_of(primitive):
    """The function in `jax.lax` that is the primitive."""
    return getattr(lax, primitive, None) or NEWER[primitive].bind


def check_both_ways(function, *arrays, **options):
    """Compare a function of arrays with JAX in a loop, and a dozen elements, as scalars, with the loop."""
    program = check(function, *arrays, **options)
    step = arrays[0].size // 12
    values = [flushed(array) if options.get("flush") else array for array in arrays]
    few = [array[::step][:12] for array in values]
    scalars = run(compile(function, *few), *few)
    for name, looped in run(program, *values).items():
        np.testing.assert_array_equal(scalars[name], looped[::step][:12], err_msg=name)


@pytest.mark.parametrize("primitive", UNARY + BINARY)
def test_floats(primitive):
    function = function_of(primitive)
    for dtype in FLOATS:
        x = extremes(dtype)[: -4 if primitive in UNFLUSHED else None]
        if primitive == "digamma" and not NEW:
            x = x[~(np.abs(x) < np.finfo(dtype).tiny)]
        if primitive in ("sin", "cos", "tan"):
            x = x[np.abs(x) < 1e9]  # of what is larger both sides only guess
        arguments = [x] if primitive in UNARY else pairs(x)
        arguments = [np.append(a, some).astype(dtype) for a, some in zip(arguments, RANDOM, strict=False)]
        options = {"atol": ROOTS.get(primitive, {}), "zeros": primitive not in ROOTS, "flush": True}
        check_both_ways(function, *arguments, **options)


@pytest.mark.parametrize("primitive", FUNCTIONS)
def test_floats_in_functions(primitive):
    function = FUNCTIONS[primitive]
    arguments = [np.append(extremes(dtype), RANDOM[0]).astype(dtype) for dtype in FLOATS]
    arguments += [np.asarray(RANDOM[0][:12], dtype) for dtype in FLOATS]  # as scalars
    if primitive == "polygamma" and not NEW:
        arguments = [x[~(np.abs(x) < np.finfo(x.dtype).tiny)] for x in arguments]
    zeros = primitive not in ("zeta", "polygamma")
    check(lambda *values: [function(x) for x in values], *arguments, zeros=zeros, flush=True)


def test_subnormal_numbers_are_kept():
    x = np.array([5e-324, 1e-310, -2e-308, 2.3e-308])
    for function, numpys in [
        (lax.add, np.add), (lax.sub, np.subtract), (lax.mul, np.multiply), (lax.div, np.divide),
        (lax.max, np.maximum), (lax.atan2, np.arctan2), (lax.nextafter, np.nextafter),
        (lax.pow, np.power), (lax.rem, np.fmod),
    ]:  # fmt: skip
        got = run(compile(function, x, x), x, np.array([0.5, 3.0, 0.25, 2e-308]))["value"]
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(got, numpys(x, [0.5, 3.0, 0.25, 2e-308]), rtol=1e-13)
    for function, numpys in [(lax.abs, np.abs), (lax.cbrt, np.cbrt), (lax.log, np.log), (lax.sin, np.sin)]:
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(run(compile(function, x), x)["value"], numpys(x), rtol=1e-13)


@pytest.mark.parametrize("primitive", ["erf", "erfc", "erf_inv", "lgamma", "digamma", "zeta", "polygamma"])
def test_special_functions_over_their_range(primitive):
    function, line = function_of(primitive), np.linspace(-7.3, 9.7, 301)
    if primitive == "zeta":
        check(lambda x: [lax.zeta(s + 0 * x, x) for s in (1.5, 2.0, 9.0)], np.abs(line), rtol=1e-12)
        check(lambda x: lax.zeta(jnp.full_like(x, 2), x), line, rtol=1e-7)  # XLA stops too early below 0
    elif primitive == "polygamma":
        check(lambda x: [lax.polygamma(n + 0 * x, x) for n in (1.0, 2.0)], np.abs(line), rtol=1e-12)
        check(jax.vmap(jax.grad(jax.grad(lax.lgamma))), np.abs(line), rtol=1e-12)
    else:
        line = line / 9.8 if primitive == "erf_inv" else line
        check(function, line, rtol=1e-11, atol=1e-13)
        line = np.abs(line) if primitive == "digamma" else line
        check(jax.vmap(jax.grad(function)), line, rtol=1e-10, atol=1e-12)


def test_sums_from_far_below_zero_end():
    """JAX and SciPy count up from there; here the reflection of polygamma says what is right."""
    x = np.array([-0.1, -1e-5, -2.5, -77.25, -1e6 - 0.5, -3e7 - 0.5, -4503599627370495.5])
    one, two = run(compile(lambda x: [lax.polygamma(n + 0 * x, x) for n in (1.0, 2.0)], x), x).values()
    part = x - np.round(x)
    sine, cosine = np.sin(np.pi * part), np.cos(np.pi * part)
    np.testing.assert_allclose(one, (np.pi / sine) ** 2 - special.polygamma(1, 1 - x), rtol=1e-13)
    cubed = 2 * (np.pi / sine) ** 3 * cosine
    np.testing.assert_allclose(two, special.polygamma(2, 1 - x) - cubed, rtol=1e-12, atol=1e-12)


def test_sums_end_wherever_they_start():
    x = extremes(np.float64)
    x = np.concatenate([x, [-3e7 - 0.5, -(2.0**52) + 0.5, -1e300, 1e300]])
    run(compile(lambda a, b: (lax.zeta(a, b), lax.polygamma(a, b)), *pairs(x)), *pairs(x))
    trigamma = run(compile(lambda x: lax.polygamma(jnp.ones_like(x), x), x), x)["value"]
    assert np.all(trigamma[(x <= 0) & (np.floor(x) == x)] == np.inf)


@pytest.mark.parametrize("primitive", INTEGRALS)
def test_incomplete_integrals(primitive):
    function, scipys = INTEGRALS[primitive]
    generator = np.random.default_rng(1)
    positive = generator.gamma(1, 3, (2, 300))
    for size, digits in ((1, 1e-11), (50, 1e-9)):
        arguments = {"regularized_incomplete_beta": [*(size * positive), generator.uniform(size=300)]}
        arguments = arguments.get(primitive, size * positive)
        got = run(compile(function, *arguments), *arguments)["value"]
        np.testing.assert_allclose(got, scipys(*arguments), rtol=digits, atol=1e-13)
        check(function, *arguments, rtol=digits, atol=1e-13)
        few = [np.float32(a[:12]) for a in arguments]
        check(function, *few, rtol=1e-3, atol=1e-6)  # whose last digits JAX itself loses
    last = len(arguments) - 1
    check(jax.vmap(jax.grad(lambda *a: function(*a), argnums=last)), *arguments, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("primitive", INTEGRALS)
def test_incomplete_integrals_end_and_are_shares(primitive):
    """Where JAX's own loops do not all end."""
    function, scipys = INTEGRALS[primitive]
    x = extremes(np.float64)[:-4]
    arguments = pairs(x)
    arguments += [np.full(len(arguments[0]), 0.3)] * (primitive == "regularized_incomplete_beta")
    got = run(compile(function, *arguments), *arguments)["value"]
    assert np.all(np.isnan(got) | ((got >= 0) & (got <= 1)))
    usual = np.all([(a >= 0.5) & (a <= 300) for a in arguments[:2]], axis=0)
    np.testing.assert_allclose(got[usual], scipys(*(a[usual] for a in arguments)), rtol=1e-10, atol=1e-14)


def test_constants_are_folded_as_they_would_be_computed():
    constants, x = [0.0, 1.0, -1.0, 0.5, 2.0, np.inf, np.nan], extremes(np.float64)[:-4]
    for primitive in BINARY[:9]:
        function = function_of(primitive)
        check(lambda x, f=function: [(f(x, c), f(c, x)) for c in constants], x, zeros=True, flush=True)


def test_zero_keeps_its_sign():
    def functions(x):
        same = x + 0.0, x - 0.0, x * 1.0, lax.neg(-x), x / 1.0  # XLA takes x + 0 for x, so -0 + 0 is -0
        return *same, 0.0 * x, 0.0 - x, x * -1.0, x + -x, -x - x, abs(-x), -x + 2.0 * x

    check(functions, 0.0, others=[(-0.0,), (1.5,), (np.nan,), (-np.inf,)], zeros=True)


def test_float32_rounds_after_each_operation():
    x = np.float32(RANDOM)  # XLA may cancel the constants, NumPy does as it is told
    for value in (x, x[0]):
        np.testing.assert_array_equal(
            run(compile(lambda x: (x + 1e5) - 1e5, value), value)["value"], (value + 1e5) - 1e5
        )


# Whole numbers and booleans

WHOLE = np.array([0, 1, -1, 7, -7, 2**31 - 1, -(2**31), 12345, 3, -2, 31, 32, 8], np.int64)
DTYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"]
INTEGERS = {
    "add": lax.add, "sub": lax.sub, "mul": lax.mul, "div": lax.div, "rem": lax.rem,
    "max": lax.max, "min": lax.min, "neg": lambda a, b: -a, "abs": lambda a, b: abs(a),
    "sign": lambda a, b: lax.sign(a),
    "integer_pow": lambda a, b: ((a % 7) ** 3, (a % 7) ** 5), "pow": lambda a, b: (a % 7) ** (b % 4),
    "and": operator.and_, "or": operator.or_, "xor": operator.xor, "not": lambda a, b: ~a,
    "population_count": lambda a, b: lax.population_count(a), "clz": lambda a, b: lax.clz(a),
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le,
    "gt": operator.gt, "ge": operator.ge,
    "clamp": lambda a, b: lax.clamp(jnp.zeros((), a.dtype), a, jnp.abs(b)),
    "floor_divide": operator.floordiv, "remainder": operator.mod,
}  # fmt: skip
SHIFTS = ["shift_left", "shift_right_arithmetic", "shift_right_logical"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_whole_numbers(dtype):
    a, b = (x.astype(dtype) for x in pairs(WHOLE))
    if dtype == "int64":  # exact up to 2^53
        a = a * 2**21 - 1
        big = np.abs(a.astype(float) * b.astype(float)) > 2**53
        a = np.where(big, a >> 31, a)

    def functions(a, b):
        return {name: function(a, b) for name, function in INTEGERS.items()} | {"as floats": a * 1.5}

    check_both_ways(functions, a, b, zeros=True)


def test_products_that_pass_what_a_double_holds_are_right_or_not_a_number():
    a, b = pairs(np.array([0, 1, -3, 2**31 - 1, -(2**32), 2**52 + 1, 3**30, 2**53], np.int64))
    program = compile(lambda a, b: (a * b, a**2), a, b)
    text = f"Object.values(({program.source})(runtime)(...{json.dumps([a.tolist(), b.tolist()])}))"
    got = json.loads(engine().eval(f"JSON.stringify({text}.map(x => Array.from(x)))"))
    with np.errstate(over="ignore"):
        for values, exact in zip(got, (a * b, a**2), strict=True):
            held = np.abs(exact.astype(object)) < 2**53
            assert list(exact[held]) == [v for v, h in zip(values, held, strict=True) if h]
            assert all(v is None for v, h in zip(values, held, strict=True) if not h)  # NaN in JSON
            assert 0 < held.sum() < len(held)


def test_products_of_loop_counters_need_no_check():
    def table(a):
        return lax.fori_loop(0, 9, lambda i, x: x.at[i].set(a * (i * i + 3 * i)), jnp.zeros(9))

    assert "runtime" not in check(table, 2.0).source.removeprefix("function (runtime)")


@pytest.mark.parametrize("dtype", DTYPES)
def test_shifts(dtype):
    a, b = (x.astype(dtype) for x in pairs(WHOLE))
    if dtype == "int64":
        b = b % 20 + 44 * (a < 0)  # so that no result passes 2^53
    functions = [function_of(name) for name in SHIFTS[dtype == "int64" :]]
    check_both_ways(lambda a, b: [f(a, b) for f in functions], a, b)
    if dtype == "int64":
        check(lambda a, b: a << b, a, b % 20)


def test_booleans():
    a, b = pairs(np.array([False, True]))
    check(
        lambda a, b: (a & b, a | b, a ^ b, ~a, a == b, a < b, a >= b, jnp.maximum(a, b), a + b, a * b), a, b
    )


@pytest.mark.parametrize("dtype", ["float32", "float64", *DTYPES, bool])
def test_conversions(dtype):
    x = extremes(np.float64)[:-4]
    if dtype == "int64":
        x = x[~(np.abs(x) > 2**53)]
    values = x, np.float32(RANDOM), RANDOM > 0, *(WHOLE.astype(t) for t in DTYPES)
    check(lambda *values: [v.astype(dtype) for v in values], *values, zeros=True)
    check(lambda: [jnp.asarray(v).astype(dtype) for v in values])


def test_bits_of_floats():
    x, n = extremes(np.float32), np.arange(40, dtype=np.int32) * 60000003
    check(
        lambda x, n: (x.view(jnp.int32), x.view(jnp.uint32), n.view(jnp.float32)), x[~np.isnan(x)], n, rtol=0
    )
    check(lambda x: (jnp.signbit(x), jnp.copysign(x, -x), jnp.frexp(x)), np.float32(RANDOM))
    check(lambda x: jax.lax.bitcast_convert_type(x, jnp.int64) >> 20, np.array([1.5, -1e300, 3e-5]))
    with pytest.raises(CompileError, match=r"the bits of float64 as int64, used at .*elementwise\.py"):
        compile(lambda x: jax.lax.bitcast_convert_type(x, jnp.int64), 1.0)


@pytest.mark.parametrize("dtype", FLOATS)
def test_signs_and_exponents(dtype):
    def functions(x, n):
        parts = () if whole_bits else (jnp.frexp(x), jnp.ldexp(x, n))
        return jnp.signbit(x), jnp.copysign(3.0, x), jnp.spacing(x), special_gamma(x), parts

    special_gamma = jax.scipy.special.gamma
    whole_bits = NEW and dtype == "float64"
    x = extremes(dtype)[:-4]
    x = x[~np.isnan(x)]  # a NaN has no sign
    for few in (x, x[:12]):
        check(functions, few, np.arange(len(few)) - 9, flush=True, rtol=1e-12 if dtype == "float64" else 1e-5)
    if whole_bits:
        with pytest.raises(CompileError, match=r"values of type uint64, used at .*elementwise\.py"):
            compile(lambda x: jnp.frexp(x), x)


def test_the_pole_of_digamma():
    x = np.array([0.0, -0.0, -1.0, np.nan])
    np.testing.assert_equal(run(compile(lax.digamma, x), x)["value"], [-np.inf, -np.inf, np.nan, np.nan])


def test_precision_at_the_ends_of_its_range():
    x = np.array(
        [6.2e-5, 6.1e-5, 6e-5, 4e-5, 3e-8, 65503, 65519, 65520, 1e-40, 1e-38, 1.1e-38, 3.4e38, 3.5e38]
    )
    check(lambda x: [lax.reduce_precision(x, *bits) for bits in ((5, 10), (8, 7), (8, 23))], x, rtol=0)


def test_select_by_one_number():
    check(lambda c, x, y: jnp.where(c, x, y), True, RANDOM, -RANDOM, others=[(False, RANDOM, -RANDOM)])


PRIMITIVES = {*UNARY, *BINARY, *FUNCTIONS, *INTEGRALS, *INTEGERS, *SHIFTS, "bitcast_convert_type"} - {
    "floor_divide",
    "remainder",
}


def example(primitive):
    """A function that needs the primitive and is compared with JAX above, and arguments for it."""
    floats, numbers = RANDOM[0], np.arange(1, 9)
    if primitive in FUNCTIONS:
        return FUNCTIONS[primitive], [floats]
    if primitive in UNARY + BINARY:
        return function_of(primitive), [floats] if primitive in UNARY else [floats, floats]
    if primitive in INTEGRALS:
        count = 3 if primitive == "regularized_incomplete_beta" else 2
        return INTEGRALS[primitive][0], [floats] * count
    if primitive in INTEGERS:
        return INTEGERS[primitive], [numbers, numbers]
    if primitive in SHIFTS:
        return function_of(primitive), [numbers, numbers]
    return lambda x: x.view(jnp.int32), [np.float32(floats)]


@pytest.mark.parametrize("a", [31.0, 1e3, 2e5, 1e6, 4e6, 1e9])
def test_incomplete_gamma_functions_of_large_numbers_near_their_mean(a):
    x = a + np.sqrt(a) * np.array([-3.0, -1.0, 0.0, 1e-3, 1.0, 3.0])
    for ours, theirs in [
        (jax.scipy.special.gammainc, special.gammainc),
        (jax.scipy.special.gammaincc, special.gammaincc),
    ]:
        got = run(compile(ours, np.full(6, a), x), np.full(6, a), x)["value"]
        np.testing.assert_allclose(got, theirs(a, x), rtol=1e-11)


def test_incomplete_beta_functions_at_the_ends_of_their_parameters():
    ends = np.array([0.0, 1e-3, 1.0, 7.0, np.inf])
    a, b, x = (part.ravel() for part in np.meshgrid(ends, ends, [0.0, 0.1, 0.5, 1.0]))
    check(jax.scipy.special.betainc, a, b, x, rtol=1e-9)
