"""Elementwise primitives: a rule of `arithmetic`, applied to every element of arrays that broadcast."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from livefig.compiler.errors import Unsupported
from livefig.compiler.graph.equations import Equation
from livefig.compiler.lower import arithmetic
from livefig.compiler.lower.arithmetic import ElementRule, wrap
from livefig.compiler.lower.arrays import LIMIT, Array, Scalars, define, scalars, unless_cheap
from livefig.compiler.lower.scope import Scope
from livefig.compiler.registry import lowers
from livefig.compiler.script.builder import Builder
from livefig.compiler.script.tree import Expression


def elementwise(
    scope: Scope, shape: tuple[int, ...], dtype: np.dtype, rule: Callable, *operands: Array
) -> Array:
    """rule(*elements) for operands that broadcast to `shape` as NumPy's do."""
    code = scope.code
    if all(isinstance(operand, Scalars) for operand in operands) and math.prod(shape) <= LIMIT:
        spread = [
            (o.elements if o.shape == shape else np.broadcast_to(o.elements, shape)).flat for o in operands
        ]
        return scalars(code, shape, dtype, map(rule, *spread))
    operands = [o if o.shape == shape else unless_cheap(code, o) for o in operands]

    def element(index: tuple[Expression, ...]) -> Expression:
        return rule(*(operand.at(code, _own_index(code, operand.shape, index)) for operand in operands))

    def flat(position: Expression) -> Expression:
        zero = code.constant(0)
        return rule(*(operand.flat(code, zero if operand.size == 1 else position) for operand in operands))

    linear = all(operand.linear and (operand.shape == shape or operand.size == 1) for operand in operands)
    return define(code, shape, dtype, element, operands, flat=flat if linear else None)


def _own_index(
    code: Builder, shape: tuple[int, ...], index: tuple[Expression, ...]
) -> tuple[Expression, ...]:
    """The index of a broadcast operand: 0 along its axes of length one."""
    own = index[len(index) - len(shape) :]
    return tuple(code.constant(0) if length == 1 else i for length, i in zip(shape, own, strict=True))


def _register(primitive: str, rule: ElementRule, functions: str, limits: str = "") -> None:
    """Let `rule` lower an elementwise primitive whose dtype is that of its first operand."""

    @lowers(primitive, functions=functions, limits=limits)
    def lower(scope: Scope, equation: Equation, *operands: Array) -> Array:
        dtype, output = operands[0].dtype, equation.outputs[0]
        return elementwise(
            scope, output.shape, output.dtype, lambda *x: rule(scope.code, dtype, *x), *operands
        )


def _function(name: str) -> ElementRule:
    return lambda code, dtype, *arguments: wrap(code, dtype, code.apply(name, *arguments))


def _exact(name: str) -> ElementRule:
    """An operator or function whose result needs no rounding."""
    return lambda code, dtype, *arguments: code.apply(name, *arguments)


_OF_X = "no derivatives by its parameters"
_PRODUCT = "int64 that passes 2^53 is NaN"
_WIDE = "int64 up to 2^53"

_register("add", arithmetic.add, "x + y")
_register("add_any", arithmetic.add, "sums of cotangents, in jax.grad and jax.vjp")
_register("sub", arithmetic.subtract, "x - y")
_register("mul", arithmetic.multiply, "x * y", _PRODUCT)
_register("div", arithmetic.divide, "x / y, jnp.floor_divide, x // y")
_register("rem", arithmetic.remainder, "x % y, jnp.fmod, jnp.remainder, jnp.divmod")
_register("neg", arithmetic.negate, "-x")
_register("max", arithmetic.maximum, "jnp.maximum, jnp.clip, jax.nn.relu")
_register("min", arithmetic.minimum, "jnp.minimum, jnp.clip")
_register("clamp", arithmetic.clamp, "jax.lax.clamp, jax.nn.relu6")
_register("pow", arithmetic.power, "x ** y, jnp.power")
_register(
    "square", lambda code, dtype, a: arithmetic.multiply(code, dtype, a, a), "x ** 2, jnp.square", _PRODUCT
)
_register(
    "one_minus_square",
    arithmetic.one_minus_square,
    "the derivatives of jnp.tanh and jnp.arcsin",
    _PRODUCT,
)
_register("polynomial", arithmetic.polynomial, "jnp.polyval", _PRODUCT)
_register("abs", _function("Math.abs"), "jnp.abs")
_register("sign", _exact("Math.sign"), "jnp.sign, the derivative of jnp.abs")
_register("floor", _exact("Math.floor"), "jnp.floor, x // y")
_register("ceil", _exact("Math.ceil"), "jnp.ceil")
_register("is_finite", _exact("Number.isFinite"), "jnp.isfinite")
_register("nextafter", arithmetic.next_after, "jnp.nextafter, jnp.spacing")

_register("exp", _function("Math.exp"), "jnp.exp, jax.nn.softmax")
_register("exp2", lambda code, dtype, a: arithmetic.power(code, dtype, code.constant(2), a), "jnp.exp2")
_register("log", _function("Math.log"), "jnp.log, jnp.log10")
_register("log2", arithmetic.binary_logarithm, "jnp.log2")
_register("log1p", _function("Math.log1p"), "jnp.log1p, jnp.logaddexp, jax.nn.softplus")
_register("expm1", _function("Math.expm1"), "jnp.expm1, jax.nn.elu")
_register("sqrt", _function("Math.sqrt"), "jnp.sqrt, jnp.linalg.norm, jnp.hypot")
_register("rsqrt", arithmetic.inverse_root, "jax.lax.rsqrt, jax.nn.standardize")
_register("cbrt", _function("Math.cbrt"), "jnp.cbrt")
_register("logistic", arithmetic.logistic, "jax.nn.sigmoid, jax.nn.silu")
for _name in ("sin", "cos", "tan", "sinh", "cosh", "tanh"):
    _register(_name, _function(f"Math.{_name}"), f"jnp.{_name}")
for _name in ("asin", "acos", "atan", "asinh", "acosh", "atanh"):
    _register(_name, _function(f"Math.{_name}"), f"jnp.arc{_name[1:]}")
_register("atan2", _function("Math.atan2"), "jnp.arctan2, jnp.angle")

_register("erf", _function("runtime.erf"), "jax.scipy.special.erf, jax.nn.gelu")
_register("erfc", _function("runtime.erfc"), "jax.scipy.special.erfc, jax.scipy.stats.norm.cdf")
_register("erf_inv", _function("runtime.erfInverse"), "jax.scipy.special.erfinv, ndtri")
_register("lgamma", _function("runtime.logGamma"), "jax.scipy.special.gammaln, betaln; Poisson likelihoods")
_register("digamma", _function("runtime.digamma"), "jax.scipy.special.digamma, the derivative of gammaln")
_register("polygamma", _function("runtime.polygamma"), "jax.scipy.special.polygamma")
_register("zeta", _function("runtime.zeta"), "jax.scipy.special.zeta")
_register(
    "igamma",
    _function("runtime.gammaBelow"),
    "jax.scipy.special.gammainc, jax.scipy.stats.gamma.cdf, jax.scipy.stats.chi2.cdf",
    _OF_X,
)
_register(
    "igammac",
    _function("runtime.gammaAbove"),
    "jax.scipy.special.gammaincc, jax.scipy.stats.poisson.cdf",
    _OF_X,
)
_register(
    "regularized_incomplete_beta",
    _function("runtime.betaBelow"),
    "jax.scipy.special.betainc, jax.scipy.stats.beta.cdf",
    _OF_X,
)

_register("and", arithmetic.bitwise("&&", "&", "runtime.and"), "x & y, jnp.logical_and", _WIDE)
_register("or", arithmetic.bitwise("||", "|", "runtime.or"), "x | y, jnp.logical_or", _WIDE)
_register("xor", arithmetic.bitwise("!==", "^", "runtime.xor"), "x ^ y, jnp.logical_xor", _WIDE)
_register("not", arithmetic.invert, "~x, jnp.logical_not")
_register("shift_left", arithmetic.shift("runtime.shiftLeft"), "x << y", _WIDE)
_register("shift_right_arithmetic", arithmetic.shift("runtime.shiftRight"), "x >> y of signed numbers", _WIDE)
_register(
    "shift_right_logical",
    arithmetic.shift("runtime.shiftRightLogical"),
    "x >> y of unsigned numbers, jax.lax.shift_right_logical",
    _WIDE,
)
_register("population_count", arithmetic.population_count, "jnp.bitwise_count", _WIDE)
_register("clz", arithmetic.leading_zeros, "jax.lax.clz", _WIDE)

_register("eq", _exact("==="), "x == y")
_register("ne", _exact("!=="), "x != y, jnp.isnan")
_register("lt", _exact("<"), "x < y")
_register("le", _exact("<="), "x <= y")
_register("gt", _exact(">"), "x > y")
_register("ge", _exact(">="), "x >= y")
_TOTAL = "NaN has no sign: all are above Infinity"
_register("lt_to", _exact("runtime.less"), "jnp.searchsorted, jnp.interp, jax.scipy.linalg.expm", _TOTAL)
_register("le_to", _exact("runtime.lessOrEqual"), "jnp.searchsorted, jnp.digitize, jnp.histogram", _TOTAL)


@lowers("integer_pow", functions="x ** 3, jnp.power with a whole number", limits=_PRODUCT)
def _integer_pow(scope: Scope, equation: Equation, operand: Array) -> Array:
    exponent, dtype = int(equation.parameters["y"]), operand.dtype

    def rule(x: Expression) -> Expression:
        return arithmetic.integer_power(scope.code, dtype, x, exponent)

    return elementwise(scope, operand.shape, dtype, rule, operand)


@lowers("round", functions="jnp.round, jnp.rint, jax.lax.round")
def _round(scope: Scope, equation: Equation, operand: Array) -> Array:
    even = int(equation.parameters["rounding_method"]) == 1
    name = "runtime.roundToEven" if even else "runtime.roundFromZero"
    return elementwise(scope, operand.shape, operand.dtype, lambda x: scope.code.apply(name, x), operand)


@lowers("convert_element_type", functions="x.astype, mixed dtypes")
def _convert(scope: Scope, equation: Equation, operand: Array) -> Array:
    new = equation.outputs[0].dtype
    if operand.dtype == new:
        return operand

    def rule(x: Expression) -> Expression:
        return arithmetic.convert(scope.code, operand.dtype, x, new)

    return elementwise(scope, operand.shape, new, rule, operand)


@lowers("reduce_precision", functions="jax.lax.reduce_precision, jax.checkpoint")
def _reduce_precision(scope: Scope, equation: Equation, operand: Array) -> Array:
    widths = [equation.parameters[key] for key in ("exponent_bits", "mantissa_bits")]
    limits = np.finfo(operand.dtype)
    if widths[0] >= limits.nexp and widths[1] >= limits.nmant:
        return operand
    widths = [scope.code.constant(width) for width in widths]

    def rule(x: Expression) -> Expression:
        return scope.code.apply("runtime.reducePrecision", x, *widths)

    return elementwise(scope, operand.shape, operand.dtype, rule, operand)


@lowers(
    "bitcast_convert_type",
    functions="jax.lax.bitcast_convert_type, x.view, jnp.signbit, copysign, jax.scipy.special.gamma",
    limits="of 64 bits only what is shifted by 11 or more, or masked and cast back",
)
def _bitcast(scope: Scope, equation: Equation, operand: Array) -> Array:
    code, old, new = scope.code, operand.dtype, equation.outputs[0].dtype
    if "above" in equation.parameters:
        first = code.constant(equation.parameters["above"])
        return elementwise(
            scope, operand.shape, new, lambda x: code.apply("runtime.bitsAbove", x, first), operand
        )
    if "masks" in equation.parameters:
        halves = [
            code.constant(half) for mask in equation.parameters["masks"] for half in divmod(mask, 2**32)
        ]
        return elementwise(
            scope, operand.shape, new, lambda x: code.apply("runtime.masked", x, *halves), operand
        )
    if old.itemsize != new.itemsize or (old.itemsize > 4 and old != new):
        raise Unsupported(f"the bits of {old} as {new}")

    def rule(x: Expression) -> Expression:
        if old.kind == "f":
            return wrap(code, new, code.apply("runtime.bitsOf", x)) if new.kind != "f" else x
        return code.apply("runtime.ofBits", x) if new.kind == "f" else wrap(code, new, x)

    return elementwise(scope, operand.shape, new, rule, operand)


@lowers("select_n", functions="jnp.where, jax.lax.select; jax.lax.cond under vmap")
def _select(scope: Scope, equation: Equation, which: Array, *cases: Array) -> Array:
    output = equation.outputs[0]

    def rule(which: Expression, *cases: Expression) -> Expression:
        return arithmetic.choose(scope.code, which, cases)

    return elementwise(scope, output.shape, output.dtype, rule, which, *cases)
