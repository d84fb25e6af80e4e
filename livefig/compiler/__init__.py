"""A compiler from JAX to JavaScript: the arithmetic of a live figure, for a page that has no Python.

    program = compile(function, *example_arguments)

traces `function` once with `jax.make_jaxpr` and writes one JavaScript function that computes the same from
the same arguments. The way there has three stages, each a module or two:

1. **The graph** (`graph`: `from_jaxpr` with `versions`, `precompute` and `float_bits`, then `simplify` with
   `fuse`). The calls of the jaxpr are inlined, work that depends on no argument is done by JAX, equal
   equations are shared, loop-invariant ones moved out of their loops, branches on one condition joined, and
   what no output needs is dropped.
2. **The code** (`lower`: `scope`, and the rules, `elementwise` with `arithmetic`, `shaping`, `indexing`,
   `reducing`, `sorting`, `algebra`, `control`; `reference` writes `docs/primitives.md` from them). Each
   primitive says what element i of its result is, as an expression over elements of its operands (`arrays`).
   A small array is asked for all its elements at once and becomes as many scalars; a larger one stays a rule
   until something needs it stored or summed, and then becomes one loop over typed arrays. So chains of
   operations fuse by themselves, and a program grows with the code, not with the data or the number of steps.
   The builder (`script`: `builder`, `tree`, `folding`) folds constants, shares equal expressions and puts
   each in the outermost block where it is defined.
3. **The text** (`script`: `liveness`, `printer` with `names`, `expressions` and `data`, `syntax`). Dead
   statements go, expressions used once are written in place.

`scan`, `while` and `cond` become loops and branches; an array that a loop carries and updates is updated in
place. Cholesky, LU, triangular solves, symmetric eigenproblems, QR, singular values, sorting and special
functions are calls of short helpers (`static/functions.js`, `bits.js`, `matrices.js`).

Numbers. float64 is computed by the same operations as in XLA, so one step agrees to rounding; float32 is
rounded after each operation, int32 wraps, int64 is exact up to 2^53, and a product that passes it is NaN, so
that a figure says so. NaN, ±Infinity and -0 go the way they go in XLA: no simplification is made that would
change them (XLA itself takes x + 0 for x). Subnormal numbers are kept, where XLA on a CPU takes them for
zero. Random numbers whose key depends on no argument are constants; others are not compiled.
"""

from livefig.compiler.errors import CompileError
from livefig.compiler.program import Leaf, Program, compile, compile_field

__all__ = ["CompileError", "Leaf", "Program", "compile", "compile_field"]
