"""Run compiled programs in V8 and compare them with JAX; functions that several tests compile."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from py_mini_racer import MiniRacer, init_mini_racer

from livefig import assets
from livefig.compiler import Program, compile
from livefig.compiler.graph import versions
from livefig.compiler.graph.equations import KINDS

_SPECIAL = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf, "-0": -0.0}
_SECONDS = 20  # that a program may take: far more than any does, unless it does not end
_TOLERANCES = {"float64": 1e-12, "float32": 3e-6}
_JS = """
const special = x => (Number.isFinite(x) && !Object.is(x, -0) ? x : Object.is(x, -0) ? "-0" : String(x));
const plain = value => (typeof value === "number" ? special(value) : Array.from(value, special));
const call = (f, values) => {
  const results = f(...values.map(value => {
    if (!Array.isArray(value)) return value;
    const [kind, elements] = value;
    const numbers = elements.map(Number);
    return kind === "number" ? numbers[0] : globalThis[kind].from(numbers);
  }));
  if (typeof results === "number") return JSON.stringify({value: special(results)});
  return JSON.stringify(Object.fromEntries(Object.entries(results).map(([name, r]) => [name, plain(r)])));
};
"""


# V8 works in the thread that initialises it and in those started afterwards, and crashes in others, so the
# main thread, which frees engines at the end, initialises it. It runs in a thread of its own: where an event
# loop runs, as after a browser was driven, it would accept no time limit.
init_mini_racer(ignore_duplicate_init=True)
_thread = ThreadPoolExecutor(1)


class Engine:
    """A V8 with some of the front end's files in it, by name, and with code of the test's own."""

    def __init__(self, *files: str, code: str = "") -> None:
        self._context = _thread.submit(MiniRacer).result()
        self.eval("".join(map(assets.plain, files)) + code)

    def eval(self, code: str) -> Any:
        """The value of JavaScript code that ends within the limit."""
        return _thread.submit(self._context.eval, code, timeout_sec=_SECONDS).result()


@cache
def engine() -> Engine:
    """The engine of all compiled programs: they need no more than the runtime."""
    return Engine(*assets.RUNTIME, code=_JS)


def _number(x) -> str:
    x = float(x)
    return "NaN" if np.isnan(x) else ("Infinity" if x > 0 else "-Infinity") if np.isinf(x) else repr(x)


def _argument(leaf, value) -> list:
    value = np.asarray(value)
    return [KINDS[leaf.dtype] if leaf.shape else "number", [_number(x) for x in value.ravel()]]


def run(program: Program, *arguments) -> dict[str, np.ndarray]:
    """The outputs of a program, by name, in their shapes and dtypes."""
    values = [_argument(leaf, x) for leaf, x in zip(program.inputs, jax.tree.leaves(arguments), strict=True)]
    text = f"call(({program.source})(runtime), {json.dumps(values)})"
    results = json.loads(engine().eval(text))
    outputs = {}
    for leaf in program.outputs:
        numbers = results[leaf.name] if leaf.shape else [results[leaf.name]]
        numbers = [_SPECIAL.get(x, x) for x in numbers]
        outputs[leaf.name] = np.array(numbers).astype(leaf.dtype).reshape(leaf.shape)
    return outputs


def flushed(values):
    """The arrays with subnormal numbers replaced by zero, as XLA on a CPU takes them and leaves them."""

    def flush(x):
        x = np.asarray(x)
        if x.dtype.kind != "f":
            return x
        return np.where(np.abs(x) < np.finfo(x.dtype).tiny, np.copysign(x.dtype.type(0), x), x)

    return jax.tree.map(flush, values)


def check(function, *arguments, rtol=None, atol=0.0, zeros=False, flush=False, others=()) -> Program:
    """Compile for `arguments`; compare with JAX there and at `others`, to some units in the last place.

    `zeros`: -0 must be -0 too. `flush`: subnormal numbers among the arguments and the results count as zero,
    which is all that XLA on a CPU makes of them; JavaScript keeps them. `atol` may depend on the dtype.
    """
    program = compile(function, *arguments)
    for values in (arguments, *others):
        expected = jax.tree.leaves(jax.jit(function)(*values))
        outputs = run(program, *(flushed(values) if flush else values))
        for (name, got), want in zip(outputs.items(), expected, strict=True):
            want = np.asarray(want)
            assert got.shape == want.shape and got.dtype == want.dtype, name
            got, want = flushed((got, want)) if flush else (got, want)
            relative = rtol if rtol is not None else _TOLERANCES.get(got.dtype.name, 0)
            absolute = atol.get(got.dtype.name, 0) if isinstance(atol, dict) else atol
            np.testing.assert_allclose(got, want, rtol=relative, atol=absolute, err_msg=name)
            if zeros and want.dtype.kind == "f":
                ok = np.isnan(want) | (np.signbit(got) == np.signbit(want))
                assert ok.all(), f"{name}: signs of zero differ: {got} {want}"
    return program


def primitives(function, *arguments) -> set[str]:
    """The names of all primitives in the function's jaxpr, and in those that it calls or is expanded to."""
    found: set[str] = set()

    def visit(jaxpr) -> None:
        for equation in jaxpr.eqns:
            found.add(equation.primitive.name)
            if equation.primitive.name == versions.HIGH:
                visit(versions.expanded(equation))
            for inner in jax.tree.leaves(list(equation.params.values())):
                if hasattr(inner, "eqns"):
                    visit(inner)

    visit(jax.make_jaxpr(function)(*arguments))
    return found


def code(function, *arguments):
    """The program without the lengths in it and without its data."""
    source = re.sub(r"of\([^()]*\)", "of()", compile(function, *arguments).source)
    return re.sub(r"\d+", "#", source)


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 10 * (x[1] - x[0] ** 2) ** 2


def bowl(kappa, dim=10, seed=0):
    """A random rotated quadratic of any dimension, with a traced condition number."""
    basis = np.linalg.qr(np.random.default_rng(seed).normal(size=(dim, dim)))[0]
    return basis @ jnp.diag(kappa ** jnp.linspace(0, 1, dim)) @ basis.T


METHODS = {
    "descent": lambda kappa: optax.sgd(2 / (1 + kappa)),
    "momentum": lambda kappa: optax.sgd(1 / kappa, momentum=0.9),
    "adam": lambda kappa: optax.adam(0.1),
}


def race(kappa, angle, start):
    """Each method's 200 steps on the same quadratic, as a figure would draw them."""
    turn = jnp.array([[jnp.cos(angle), -jnp.sin(angle)], [jnp.sin(angle), jnp.cos(angle)]])
    hessian = turn @ jnp.diag(jnp.stack([1.0, kappa])) @ turn.T
    loss = lambda x: 0.5 * x @ hessian @ x  # noqa: E731
    outputs = {}
    for name, make in METHODS.items():
        method = make(kappa)

        def advance(carry, _, method=method):
            x, state = carry
            value, gradient = jax.value_and_grad(loss)(x)
            updates, state = method.update(gradient, state, x)
            return (optax.apply_updates(x, updates), state), (x, value)

        (final, _), (path, losses) = jax.lax.scan(advance, (start, method.init(start)), None, length=200)
        outputs[name] = {"path": path, "losses": losses, "steps": jnp.sum(losses > 1e-8), "final": final}
    return outputs
