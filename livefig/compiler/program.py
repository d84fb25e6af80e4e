"""The two entries of the compiler, `compile` and `compile_field`, and what they return."""

from __future__ import annotations

import contextlib
import gc
import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax

from livefig.compiler.errors import CompileError
from livefig.compiler.graph import simplify
from livefig.compiler.graph.equations import KINDS, Graph, Variable
from livefig.compiler.graph.from_jaxpr import from_jaxpr
from livefig.compiler.lower import Scope
from livefig.compiler.lower.arithmetic import wrap
from livefig.compiler.lower.arrays import (
    Array,
    Scalars,
    Stored,
    every_index,
    new,
    scalars,
    settled,
    write,
)
from livefig.compiler.script.builder import Builder
from livefig.compiler.script.printer import print_program
from livefig.compiler.script.tree import Buffer, Cell, Expression, Return

LARGEST = 5_000_000  # characters of a program


@dataclass(frozen=True)
class Leaf:
    """One array among the arguments or the results: its dotted name, its shape, and its dtype's name."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Program:
    """JavaScript that computes what a JAX function does.

    `source` is a function expression. Called with the runtime (`static/runtime.js`) it returns the compiled
    function, which takes `inputs` in order: numbers (booleans as 0 or 1), and flat row-major arrays for
    everything with axes. It returns an object with one such value per output: Float64Array, Float32Array,
    Int32Array, Uint32Array, or Uint8Array for booleans; int64 is a Float64Array of whole numbers. The arrays
    are new at each call.
    """

    source: str
    inputs: tuple[Leaf, ...]
    outputs: tuple[Leaf, ...]


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection meanwhile: what tracing and compiling make is in use until they end, and looking
    through it again and again takes a fifth of their time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@collector_paused()
def compile(function: Callable[..., Any], *example_arguments: Any) -> Program:
    """Compile a JAX function to JavaScript.

    Args:
        function: a traceable function of arrays (or pytrees of them) that returns an array, or a dict (any
            pytree) of arrays; nested names are joined by dots, a bare array is named "value".
        *example_arguments: arguments whose shapes and dtypes (not values) the program is made for.

    Raises:
        CompileError: for a primitive or a dtype that has no JavaScript here; names it and the user's line. Or
            for a program of more than LARGEST characters, which is data above all.
        ValueError: if two arrays would have the same name.
    """
    traced = _trace(function, example_arguments)
    code, parameters = Builder(), _parameters(traced.inputs)
    with code.function(parameters):
        values = Scope(code).run(traced.graph, _arguments(code, traced.graph.inputs, parameters))
        code.append(Return(_results(code, traced.outputs, values)))
    return Program(_text(code), traced.inputs, traced.outputs)


def compile_field(function: Callable[..., Any], point: Any, *example_arguments: Any) -> Program:
    """Compile `function(point, *arguments) -> scalar` for evaluation at many points.

    The program's source is `function (runtime) { return function (arguments…) { … return function (x0, x1, …)
    { … return number } } }`: what depends on the arguments alone is computed once for all points.
    `Program.inputs` are the arguments' leaves; x0, x1, … are the elements of `point`, in row-major order.

    Raises:
        CompileError: as `compile`.
        ValueError: if the function's value is not one scalar.
    """
    traced = _trace(function, (point, *example_arguments))
    if len(traced.outputs) != 1 or traced.outputs[0].shape != ():
        shapes = ", ".join(str(leaf.shape) for leaf in traced.outputs)
        raise ValueError(
            f"compile_field needs a function that returns one scalar; it returned shape(s) {shapes}."
        )
    count = len(jax.tree.leaves(point))
    inputs = traced.inputs[count:]
    fixed, varying = simplify.split(traced.graph, traced.graph.inputs[:count])
    code, parameters = Builder(), _parameters(inputs)
    with code.function(parameters):
        outer = Scope(code)
        outer.run(fixed, _arguments(code, fixed.inputs, parameters))
        outer.keep(fixed.outputs)
        outer.uses.update(varying.reads())  # what is read twice at a point is worked out once there
        coordinates = [Cell(f"x{k}", mutable=False) for k in range(sum(v.size for v in varying.inputs))]
        with code.function(coordinates):
            numbers = iter(coordinates)
            points = [
                _from_numbers(code, v, [code.read(next(numbers)) for _ in range(v.size)])
                for v in varying.inputs
            ]
            (result,) = outer.inner("loop").run(varying, points)
            code.append(Return(_number(code, result.at(code, ()))))
    return Program(_text(code), inputs, traced.outputs)


def _text(code: Builder) -> str:
    """The program's text, if a page can carry it."""
    text = print_program(code.top)
    if len(text) > LARGEST:
        raise CompileError(
            f"livefig.compile would make a program of {len(text) / 1e6:.1f} MB, more than the"
            f" {LARGEST / 1e6:.0f} MB that a page should carry: give the function less data, or it in float32"
        )
    return text


@dataclass(frozen=True)
class _Traced:
    graph: Graph
    inputs: tuple[Leaf, ...]
    outputs: tuple[Leaf, ...]


def _trace(function: Callable[..., Any], arguments: tuple) -> _Traced:
    """The simplified graph of function(*arguments) and the leaves it takes and gives."""
    paths: list[Any] = []

    def fresh(*traced: Any) -> Any:  # a function of its own: make_jaxpr remembers the last trace of each
        result = function(*traced)
        paths.append(jax.tree_util.tree_flatten_with_path(result)[0])
        return result

    closed = jax.make_jaxpr(fresh)(*arguments)
    graph = simplify.simplify(from_jaxpr(closed))
    parameters = _argument_names(function, len(arguments))
    inputs = [
        ".".join(part for part in (parameter, name) if part)
        for parameter, argument in zip(parameters, arguments, strict=True)
        for name in leaf_names(jax.tree_util.tree_flatten_with_path(argument)[0])
    ]
    outputs = [name or "value" for name in leaf_names(paths[-1])]
    return _Traced(graph, leaves(inputs, closed.in_avals), leaves(outputs, closed.out_avals))


def leaf_names(leaves: list[tuple[tuple, Any]]) -> list[str]:
    """Dotted names of a pytree's leaves. The only leaf of a node without names takes the node's."""
    paths = [path for path, _ in leaves]

    def alone(start: tuple) -> bool:
        return sum(path[: len(start)] == start for path in paths) == 1

    return [
        ".".join(
            _key(entry)
            for k, entry in enumerate(path)
            if not (isinstance(entry, jax.tree_util.FlattenedIndexKey) and alone(path[:k]))
        )
        for path in paths
    ]


def _argument_names(function: Callable[..., Any], count: int) -> list[str]:
    """The names of the first `count` positional parameters."""
    names: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}{k}" for k in range(count - len(names))]
        elif parameter.kind is not parameter.VAR_KEYWORD:
            names.append(parameter.name)
    return names[:count]


def leaves(names: Sequence[str], arrays: Iterable[Any]) -> tuple[Leaf, ...]:
    """Arrays, or what JAX traces for them, under these names, each of which there is once."""
    twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
    if twice is not None:
        raise ValueError(f"two arrays are both called '{twice}'; give them different names")
    return tuple(Leaf(n, tuple(a.shape), a.dtype.name) for n, a in zip(names, arrays, strict=True))


def _key(entry: Any) -> str:
    """One step of a path into a pytree."""
    for attribute in ("key", "name", "idx"):
        if hasattr(entry, attribute):
            return str(getattr(entry, attribute))
    return str(entry)


def _parameters(inputs: tuple[Leaf, ...]) -> list[Cell | Buffer]:
    """The parameters of the emitted function: a variable for a number, a buffer for an array."""
    return [
        Buffer(KINDS[leaf.dtype], math.prod(leaf.shape), leaf.name, fixed=True)
        if leaf.shape
        else Cell(leaf.name, mutable=False)
        for leaf in inputs
    ]


def _arguments(code: Builder, variables: list[Variable], parameters: list[Cell | Buffer]) -> list[Array]:
    """The values of the parameters, inside the function."""
    values: list[Array] = []
    for variable, parameter in zip(variables, parameters, strict=True):
        if isinstance(parameter, Cell):
            values.append(_from_numbers(code, variable, [code.read(parameter)]))
        else:
            parameter.home = code.block
            values.append(settled(code, Stored(variable.shape, variable.dtype, parameter)))
    return values


def _from_numbers(code: Builder, variable: Variable, values: list[Expression]) -> Array:
    """An array of the numbers that JavaScript passes, as its dtype holds them."""
    dtype = variable.dtype
    held = [code.apply("Boolean", v) if dtype.kind == "b" else wrap(code, dtype, v) for v in values]
    return scalars(code, variable.shape, dtype, held)


def _number(code: Builder, value: Expression) -> Expression:
    return code.apply("number", value) if value.boolean else value


def _results(code: Builder, leaves: tuple[Leaf, ...], values: list[Array]) -> dict:
    """What the function returns, by name."""
    results: dict[str, Any] = {}
    for leaf, value in zip(leaves, values, strict=True):
        if not leaf.shape:
            results[leaf.name] = _number(code, value.at(code, ()))
        elif isinstance(value, Scalars):
            elements = [value.at(code, index) for index in every_index(code, leaf.shape)]
            results[leaf.name] = (KINDS[leaf.dtype], elements)
        else:
            results[leaf.name] = _returned(code, value, list(results.values()))
    return results


def _returned(code: Builder, value: Array, others: list) -> Buffer:
    """The array in a buffer that is the caller's from now on."""
    if not isinstance(value, Stored) or value.buffer.fixed or value.buffer in others:
        value = write(code, value, new(code, value.shape, value.dtype))
    value.buffer.fresh = True
    return value.buffer
