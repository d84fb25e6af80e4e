"""Linear algebra: calls of the short helpers in `static/matrices.js`, on row-major stacks of matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence

from livefig.compiler.errors import Unsupported
from livefig.compiler.graph.equations import Equation
from livefig.compiler.lower.arrays import Array, Stored, new, stored
from livefig.compiler.lower.scope import Scope
from livefig.compiler.registry import lowers


def _call(
    scope: Scope,
    equation: Equation,
    helper: str,
    inputs: list[Array],
    *numbers: int,
    extra: Sequence[Stored] = (),
) -> list[Stored]:
    """helper(outputs…, extra outputs…, inputs…, numbers…), into new arrays."""
    outputs = [new(scope.code, v.shape, v.dtype) for v in equation.outputs]
    written = tuple(output.buffer for output in (*outputs, *extra))
    read = [stored(scope.code, array).buffer for array in inputs]
    scope.code.call(f"runtime.{helper}", *written, *read, *numbers, writes=written)
    return outputs


def _sizes(matrices: Array) -> tuple[int, int, int]:
    """How many matrices, their rows and their columns."""
    return math.prod(matrices.shape[:-2]), *matrices.shape[-2:]


@lowers("cholesky", functions="jnp.linalg.cholesky, jax.scipy.linalg.cho_factor, solve(assume_a='pos')")
def _cholesky(scope: Scope, equation: Equation, matrix: Array) -> list[Stored]:
    count, n, _ = _sizes(matrix)
    return _call(scope, equation, "cholesky", [matrix], count, n)


@lowers("lu", functions="jnp.linalg.solve, inv, det, slogdet; jax.scipy.linalg.lu")
def _lu(scope: Scope, equation: Equation, matrix: Array) -> list[Stored]:
    return _call(scope, equation, "lu", [matrix], *_sizes(matrix))


@lowers("lu_pivots_to_permutation", functions="jnp.linalg.solve, jax.scipy.linalg.lu_solve")
def _lu_pivots_to_permutation(scope: Scope, equation: Equation, pivots: Array) -> list[Stored]:
    count, size = math.prod(pivots.shape[:-1]), equation.parameters["permutation_size"]
    return _call(scope, equation, "pivotsToPermutation", [pivots], count, pivots.shape[-1], size)


@lowers("triangular_solve", functions="jax.scipy.linalg.solve_triangular, cho_solve, jnp.linalg.solve")
def _triangular_solve(scope: Scope, equation: Equation, matrix: Array, right: Array) -> list[Stored]:
    count, rows, columns = _sizes(right)
    flags = (equation.parameters[key] for key in ("left_side", "lower", "transpose_a", "unit_diagonal"))
    return _call(scope, equation, "solveTriangular", [matrix, right], count, rows, columns, *map(int, flags))


@lowers("eigh", functions="jnp.linalg.eigh, eigvalsh", limits="signs of eigenvectors are free")
def _eigh(scope: Scope, equation: Equation, matrix: Array) -> list[Stored]:
    if equation.parameters.get("subset_by_index") is not None:
        raise Unsupported("the JAX primitive 'eigh' with a subset of eigenvalues")
    count, n, _ = _sizes(matrix)
    return _call(scope, equation, "eigh", [matrix], count, n, int(equation.parameters["lower"]))


@lowers("qr", functions="jnp.linalg.qr", limits="no pivoting")
def _qr(scope: Scope, equation: Equation, matrix: Array) -> list[Stored]:
    if equation.parameters.get("pivoting"):
        raise Unsupported("the JAX primitive 'qr' with pivoting")
    return _call(scope, equation, "qr", [matrix], *_sizes(matrix), int(equation.parameters["full_matrices"]))


@lowers("geqrf", functions='jnp.linalg.qr(mode="raw")')
def _reflections(scope: Scope, equation: Equation, matrix: Array) -> list[Stored]:
    return _call(scope, equation, "reflections", [matrix], *_sizes(matrix))


@lowers("ormqr", functions="least squares in Lineax, Optimistix", limits="Q stands on the left")
def _reflected(scope: Scope, equation: Equation, packed: Array, taus: Array, right: Array) -> list[Stored]:
    if not equation.parameters["left"]:
        raise Unsupported("the JAX primitive 'ormqr' with Q on the right")
    width, transposed = packed.shape[-1], int(equation.parameters["transpose"])
    return _call(scope, equation, "reflected", [packed, taus, right], *_sizes(right), width, transposed)


@lowers(
    "svd",
    functions="jnp.linalg.svd, pinv, lstsq, matrix_rank, cond, norm(ord=2)",
    limits="signs of singular vectors are free",
)
def _svd(scope: Scope, equation: Equation, matrix: Array) -> list[Stored]:
    parameters, (count, rows, columns) = equation.parameters, _sizes(matrix)
    if parameters.get("subset_by_index") is not None:
        raise Unsupported("the JAX primitive 'svd' with a subset of singular values")
    full = int(parameters["compute_uv"] and parameters["full_matrices"])
    vectors = [] if parameters["compute_uv"] else _vectors(scope, matrix)
    return _call(scope, equation, "svd", [matrix], count, rows, columns, full, extra=vectors)


def _vectors(scope: Scope, matrix: Array) -> list[Stored]:
    """Room for the singular vectors that nobody asked for."""
    (*stack, rows, columns), dtype = matrix.shape, matrix.dtype
    steps = min(rows, columns)
    shapes = (*stack, rows, steps), (*stack, steps, columns)
    return [new(scope.code, shape, dtype) for shape in shapes]
