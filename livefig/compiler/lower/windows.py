"""Primitives on moving windows: reductions of windows and convolutions, as reductions of a padded array."""

from __future__ import annotations

from livefig.compiler.errors import Unsupported
from livefig.compiler.graph.equations import Equation
from livefig.compiler.lower import arithmetic
from livefig.compiler.lower.arrays import Array, Index, unless_cheap
from livefig.compiler.lower.reducing import reduced, start
from livefig.compiler.lower.scope import Scope
from livefig.compiler.lower.shaping import padded
from livefig.compiler.registry import lowers
from livefig.compiler.script.builder import Builder
from livefig.compiler.script.code import Expression


def _in_window(code: Builder, index: Index, stride: tuple, k: Index, dilation: tuple) -> Index:
    """stride · index + dilation · k."""

    def scaled(i: Expression, factor: int) -> Expression:
        return code.apply("*", i, code.constant(factor))

    steps = zip(index, stride, k, dilation, strict=True)
    return tuple(code.apply("+", scaled(i, s), scaled(j, d)) for i, s, j, d in steps)


@lowers("reduce_window_sum", functions="jax.lax.reduce_window with add, average pooling")
@lowers("reduce_window_max", functions="jax.lax.reduce_window with max, max pooling")
@lowers("reduce_window_min", functions="jax.lax.reduce_window with min")
def _reduce_window(scope: Scope, equation: Equation, operand: Array) -> Array:
    code, parameters = scope.code, equation.parameters
    kind = equation.primitive.removeprefix("reduce_window_")
    edges = zip(parameters["padding"], parameters["base_dilation"], strict=True)
    around = [(low, high, dilation - 1) for (low, high), dilation in edges]
    operand = unless_cheap(code, operand)
    wide = padded(scope, operand, code.constant(start(kind, operand.dtype)), around)

    def term(index: Index, k: Index) -> Expression:
        strides, dilation = parameters["window_strides"], parameters["window_dilation"]
        return wide.at(code, _in_window(code, index, strides, k, dilation))

    return reduced(scope, equation.outputs[0], parameters["window_dimensions"], kind, term, [wide])


@lowers(
    "conv_general_dilated",
    functions="jnp.convolve, jnp.correlate, jax.lax.conv, jax.scipy.linalg.toeplitz",
    limits="no groups",
)
def _convolution(scope: Scope, equation: Equation, left: Array, right: Array) -> Array:
    """Sums over the input channels and the window; `lhs_spec` and the others say which axis is which."""
    code, parameters, output = scope.code, equation.parameters, equation.outputs[0]
    if parameters["feature_group_count"] != 1 or parameters["batch_group_count"] != 1:
        raise Unsupported("the JAX primitive 'conv_general_dilated' with groups")
    numbers = parameters["dimension_numbers"]
    (row, channel, *places), (to, source, *window) = numbers.lhs_spec, numbers.rhs_spec
    around = [(0, 0, 0)] * len(left.shape)
    for axis, (low, high), dilation in zip(
        places, parameters["padding"], parameters["lhs_dilation"], strict=True
    ):
        around[axis] = (low, high, dilation - 1)
    right = unless_cheap(code, right)
    wide = padded(scope, unless_cheap(code, left), code.constant(0), around)

    def term(index: Index, k: Index) -> Expression:
        at = [index[axis] for axis in numbers.out_spec]
        strides, dilation = parameters["window_strides"], parameters["rhs_dilation"]
        inside = _in_window(code, tuple(at[2:]), strides, k[1:], dilation)
        a = dict(zip((row, channel, *places), (at[0], k[0], *inside), strict=True))
        b = dict(zip((to, source, *window), (at[1], *k), strict=True))
        factors = (
            array.at(code, tuple(axes[axis] for axis in range(len(axes))))
            for array, axes in ((wide, a), (right, b))
        )
        return arithmetic.multiply(code, output.dtype, *factors)

    extent = tuple(right.shape[axis] for axis in (source, *window))
    return reduced(scope, output, extent, "sum", term, [wide, right])
