"""Run compiled programs in V8 and compare them with JAX."""

import json
from functools import cache
from pathlib import Path

import jax
import numpy as np
from py_mini_racer import MiniRacer

import curvlib
from curvlib.live.compiler import Program, compile

RUNTIME = Path(curvlib.__file__).parent / "live" / "static" / "runtime.js"
_SPECIAL = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf, "-0": -0.0}
_QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}  # it runs once
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


@cache
def engine() -> MiniRacer:
    """One V8 with the runtime in it."""
    context = MiniRacer()
    context.eval(RUNTIME.read_text() + _JS)
    return context


def _number(x) -> str:
    x = float(x)
    return "NaN" if np.isnan(x) else ("Infinity" if x > 0 else "-Infinity") if np.isinf(x) else repr(x)


def _argument(leaf, value) -> list:
    kinds = {"float32": "Float32Array", "int32": "Int32Array", "bool": "Uint8Array", "uint32": "Uint32Array"}
    value = np.asarray(value)
    kind = kinds.get(leaf.dtype, "Float64Array") if leaf.shape else "number"
    return [kind, [_number(x) for x in value.ravel()]]


def run(program: Program, *arguments) -> dict[str, np.ndarray]:
    """The outputs of a program, by name, in their shapes and dtypes."""
    values = [_argument(leaf, x) for leaf, x in zip(program.inputs, jax.tree.leaves(arguments), strict=True)]
    results = json.loads(engine().eval(f"call(({program.source})(runtime), {json.dumps(values)})"))
    outputs = {}
    for leaf in program.outputs:
        numbers = results[leaf.name] if leaf.shape else [results[leaf.name]]
        numbers = [_SPECIAL.get(x, x) for x in numbers]
        outputs[leaf.name] = np.array(numbers).astype(leaf.dtype).reshape(leaf.shape)
    return outputs


def check(function, *arguments, rtol=1e-12, atol=0.0, zeros=False, others=()) -> Program:
    """Compile for `arguments`; compare with JAX there and at `others`. `zeros`: -0 must be -0 too."""
    program = compile(function, *arguments)
    for values in (arguments, *others):
        expected = jax.tree.leaves(jax.jit(function, compiler_options=_QUICK)(*values))
        outputs = run(program, *values)
        for (name, got), want in zip(outputs.items(), expected, strict=True):
            want = np.asarray(want)
            assert got.shape == want.shape and got.dtype == want.dtype, name
            np.testing.assert_allclose(got, want, rtol=rtol, atol=atol, err_msg=name)
            if zeros and want.dtype.kind == "f":
                ok = np.isnan(want) | (np.signbit(got) == np.signbit(want))
                assert ok.all(), f"{name}: signs of zero differ: {got} {want}"
    return program
