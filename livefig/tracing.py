"""Where a figure's numbers come from: functions as a reader wrote them, traced by JAX, compiled for a page.

What cannot be compiled, a kernel computes (`livefig.fallback`); where there is none, it is an error.
"""

import functools
import inspect
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from livefig import fallback, lines, signature, stepwise
from livefig.compiler import CompileError, compile, compile_field
from livefig.compiler.program import collector_paused
from livefig.controls import Control
from livefig.definition import Field, Source
from livefig.views import Layer, Plane, Vectors


class NotTraced(TypeError):
    """A function works on numbers, but needs the value of what JAX only traces."""


def source(function: Callable[..., Any], controls: Mapping[str, Control], name: str) -> Source:
    """The outputs of a figure's function."""
    label = f"the function of figure '{name}'"
    inputs = signature.inputs(function, controls, label)
    arguments = _arguments(inputs, controls)
    call = run = _positional(_checked(function, label), inputs)
    try:
        run = record(call, arguments, label)
        return Source(inputs, compile(run, *arguments), run)
    except (CompileError, NotTraced) as error:
        if not fallback.is_there():
            raise
        run = fallback.remembering(run)
        outputs = signature.leaves(run(*arguments))
        run = signature.steady(run, inputs, outputs, label)
        return Source(inputs, fallback.program(inputs, arguments, outputs), run, str(error))


def field(layer: Layer, view: Plane, controls: Mapping[str, Control]) -> Field:
    """The field of a layer."""
    function = layer.field
    label = f"the field '{getattr(function, '__name__', 'field')}'"
    inputs = signature.inputs(function, controls, label, given=1)
    arguments = (np.zeros(2), *_arguments(inputs, controls))
    call = run = _positional(signature.checked_field(function, layer, label), inputs, given=1)
    axes = (0, 1) if isinstance(layer, Vectors) else (None,)
    try:
        run = record(call, arguments, label)
        programs = tuple(compile_field(_component(run, axis), *arguments) for axis in axes)
        return Field(inputs, programs, _over_points(run, inputs))
    except (CompileError, NotTraced) as error:
        limits = (view.xlim, view.ylim)
        if not fallback.is_there():
            raise
        if any(ends is None or None in ends for ends in limits):
            raise ValueError(
                f"{label} can be sampled by this kernel if its plane has xlim and ylim: {error}"
            ) from error
        over_points = _over_points(run, inputs)
        traced = (
            _raised(functools.partial(jax.eval_shape, over_points), (np.zeros((1, 2)), *arguments[1:]))
            is None
        )
        samples = fallback.Samples(limits, fallback.NODES[traced])
        over_points = over_points if traced else fallback.over_points(call)
        return Field(inputs, (fallback.NOTHING,) * len(axes), over_points, samples, str(error))


def _arguments(names: Sequence[str], controls: Mapping[str, Control]) -> list[Any]:
    """What the controls give a function as the figure opens."""
    signature.whole_numbers(controls[name] for name in names)
    return [controls[name].argument(controls[name].value) for name in names]


@collector_paused()
def record(function: Callable[..., Any], arguments: Sequence[Any], label: str) -> Callable[..., Any]:
    """The function as JAX traces it, this once: `jax.jit` remembers what it has traced.

    So what depends on no argument, such as random numbers of NumPy's or what a global was, is the same in the
    page and in Python from then on.

    Where the function needs the value of what is only traced, one sentence says so, with its line. What JAX,
    NumPy or Python raise then is of many kinds (there is no array of `n` zeros, no `x[:n]`, no `f"{n:d}"` for
    a traced `n`), so that what tells is whether the function works on plain numbers. If it does not, it has a
    mistake, which is raised as it is.
    """
    run = jax.jit(function)
    error = _raised(functools.partial(jax.eval_shape, run), arguments)
    if error is None:
        return stepwise.unless_short(run)
    mistake = _raised(function, arguments)
    if mistake is not None:
        raise mistake
    raise NotTraced(
        f"{label} needs a value that depends on a control as a plain Python or NumPy number at"
        f" {_own_line(error)}: decide with jnp.where or lax.cond, loop with lax.scan or lax.while_loop,"
        " give arrays a fixed shape, compute with jnp"
    ) from error


def _over_points(field: Callable[..., Any], inputs: Sequence[str]) -> Callable[..., Any]:
    """A field at many points, the rows of its first argument."""
    return stepwise.unless_short(jax.jit(jax.vmap(field, in_axes=(0, *(None for _ in inputs)))))


def _checked(function: Callable[..., Any], label: str) -> Callable[..., Any]:
    """The function, which refuses to return what is not arrays with names."""

    @functools.wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        return signature.outputs(function(*arguments, **named), label)

    return checked


def _component(function: Callable[..., Any], axis: int | None) -> Callable[..., Any]:
    """One component of a vector field; None: all of a scalar one."""

    @functools.wraps(function)
    def component(*arguments: Any) -> Any:
        return function(*arguments)[axis]

    return function if axis is None else component


def _positional(function: Callable[..., Any], names: Sequence[str], given: int = 0) -> Callable[..., Any]:
    """`function` with its controls in order after `given` positional arguments, whatever its own order."""

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        return function(*arguments[:given], **dict(zip(names, arguments[given:], strict=True)))

    first = [f"argument{index}" for index in range(given)]
    parameters = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in (*first, *names)
    ]
    call.__signature__ = inspect.Signature(parameters)
    return call


def _raised(function: Callable[..., Any], arguments: Sequence[Any]) -> Exception | None:
    """What a function raises, if it does."""
    try:
        function(*arguments)
    except Exception as error:
        return error
    return None


def _own_line(error: Exception) -> str:
    """The reader's line in which an error came about."""
    frames = traceback.extract_tb(error.__traceback__)
    own = lines.own((frame.filename, frame.lineno, frame.name) for frame in reversed(frames))
    return lines.said(own) if own else "a line that is not known"
