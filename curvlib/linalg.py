"""Linear algebra the methods share: symmetric and least-squares solves, conjugate gradients, the trust-region
subproblem."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from curvlib.hyperparameters import check_at_least
from curvlib.problems import Array, Params, check_params
from curvlib.status import Outcome


def norm(tree: Params) -> Array:
    """The Euclidean norm of all entries of a pytree, right also where their squares over- or underflow.

    Its derivative at zero is taken to be zero.
    """
    entries = ravel_pytree(tree)[0]
    largest = jax.lax.stop_gradient(jnp.max(jnp.abs(entries)))
    scale = jnp.where((largest > 0) & jnp.isfinite(largest), largest, 1)
    # Away from zero the sum is at least one; at zero its root must not be differentiated.
    squares = jnp.sum((entries / scale) ** 2)
    return scale * jnp.sqrt(jnp.where(largest == 0, 1, squares)) * (largest != 0)


def column_lengths(matrix: Array) -> Array:
    """The Euclidean norm of every column of an (m, n) matrix, shape (n,), by ``norm``.

    Example:
        >>> import jax.numpy as jnp
        >>> [round(float(x), 4) for x in column_lengths(jnp.array([[3.0, 0.0], [4.0, 0.0]]))]
        [5.0, 0.0]
    """
    return jax.vmap(norm, in_axes=1)(matrix)


class SymmetricSolution(NamedTuple):
    """What ``solve_symmetric`` returns.

    Attributes:
        x: the solution, shape (n,). Not finite if the matrix is exactly singular.
        positive_definite: whether the Cholesky factorization went through, a boolean scalar.
    """

    x: Array
    positive_definite: Array


def solve_symmetric(matrix: Array, b: Array) -> SymmetricSolution:
    """Solve A x = b for a symmetric A, and report whether A is positive definite.

    A Cholesky factorization A = RRᵀ exists exactly if A is positive definite (in floating point: if it is so
    by more than rounding), so it is tried first, and it is the solve. Where it breaks down A is indefinite or
    singular, and the system is solved by LU with partial pivoting instead: the caller learns that x solves
    the equation but minimises no quadratic.

    Args:
        matrix: A, shape (n, n), symmetric. Only its lower triangle decides definiteness.
        b: the right-hand side, shape (n,).

    Raises:
        ValueError: if the shapes do not fit.

    Source: Golub & Van Loan 2013, Matrix Computations, 4th ed., section 4.2.

    Example:
        >>> import jax.numpy as jnp
        >>> solution = solve_symmetric(jnp.array([[1.0, 0.0], [0.0, -2.0]]), jnp.array([3.0, 4.0]))
        >>> solution.x.tolist(), bool(solution.positive_definite)
        ([3.0, -2.0], False)
    """
    matrix, b, dtype = _promoted(matrix, b)
    check_square(matrix)
    if b.shape != matrix.shape[:1]:
        raise ValueError(f"a right-hand side of shape {matrix.shape[:1]} fits this matrix, got {b.shape}")
    fixed = jax.lax.stop_gradient(matrix)
    factor = jnp.linalg.cholesky(fixed, symmetrize_input=False)
    positive_definite = jnp.all(jnp.isfinite(factor))

    def solve(_: Callable[[Array], Array], b: Array) -> Array:
        return jax.lax.cond(
            positive_definite,
            lambda: jax.scipy.linalg.cho_solve((factor, True), b),
            lambda: jnp.linalg.solve(fixed, b),
        )

    # Its derivatives are those of A x = b: a factorization that breaks down has none.
    x = jax.lax.custom_linear_solve(matrix.__matmul__, b, solve, symmetric=True)
    return SymmetricSolution(x.astype(dtype), positive_definite)


class LeastSquaresSolution(NamedTuple):
    """What ``solve_least_squares`` returns.

    Attributes:
        x: the solution, shape (n,).
        full_rank: whether the matrix's columns are independent, so that there is only this one.
    """

    x: Array
    full_rank: Array


def solve_least_squares(matrix: Array, b: Array) -> LeastSquaresSolution:
    """Minimise ‖Ax − b‖, and among several minimisers take the shortest in units of the columns' lengths.

    By QR: with A = QR the solution is R⁻¹Qᵀb, with errors that grow like κ(A), where the normal equations
    AᵀAx = Aᵀb have κ(A)². Column i counts as a combination of those before it if |R_ii| ≤ 10 m u ‖A e_i‖, u
    the unit roundoff, whatever units the columns are in. Then, or with fewer rows than columns, the solution
    is the minimiser with the smallest ‖Dx‖, where D = diag(‖A e_i‖): x = D⁻¹ (RD⁻¹)⁺ Qᵀb, by a singular value
    decomposition of the small RD⁻¹.

    Args:
        matrix: A, shape (m, n).
        b: shape (m,).

    Raises:
        ValueError: if the shapes do not fit.

    Source: Golub & Van Loan 2013, Matrix Computations, 4th ed., sections 5.3 and 5.5.

    Example:
        >>> import jax.numpy as jnp
        >>> solution = solve_least_squares(jnp.array([[1.0, 1.0], [1.0, 1.0]]), jnp.array([1.0, 3.0]))
        >>> [round(float(x), 6) for x in solution.x], bool(solution.full_rank)
        ([1.0, 1.0], False)
    """
    matrix, b, dtype = _promoted(matrix, b)
    if matrix.ndim != 2 or b.shape != matrix.shape[:1]:
        raise ValueError(
            f"least squares needs a matrix and as many numbers as it has rows, got {matrix.shape} "
            f"and {b.shape}"
        )
    triangle, target = triangularize(matrix, b)

    lengths = column_lengths(triangle)  # those of A's columns

    def shortest() -> Array:
        # Columns of one length: which singular values are rounding does not depend on the columns' units.
        units = jnp.where(lengths > 0, lengths, 1)
        return jnp.linalg.lstsq(triangle / units, target)[0] / units

    rows, columns = matrix.shape
    if rows < columns:
        return LeastSquaresSolution(shortest().astype(dtype), jnp.array(False))
    rounding = rows * 5 * jnp.finfo(triangle.dtype).eps
    dependent = jnp.abs(jnp.diagonal(triangle)) <= rounding * lengths
    full_rank = ~jnp.any(dependent)
    x = jax.lax.cond(full_rank, lambda: jax.scipy.linalg.solve_triangular(triangle, target), shortest)
    return LeastSquaresSolution(x.astype(dtype), full_rank)


def triangularize(matrix: Array, b: Array) -> tuple[Array, Array]:
    """R and Qᵀb of the factorization A = QR, without forming Q.

    They stand in the triangle of the matrix [A b]. ‖Rx − Qᵀb‖ and ‖Ax − b‖ differ by what no x changes, so
    that a least-squares problem of m rows becomes one of n; and adding rows to the small one adds them to
    the large one.

    Args:
        matrix: A, shape (m, n).
        b: shape (m,).

    Returns:
        R, shape (min(m, n), n), and Qᵀb, shape (min(m, n),). Signs of R's rows are not fixed.

    Source: Golub & Van Loan 2013, Matrix Computations, 4th ed., section 5.3.3.

    Example:
        >>> import jax.numpy as jnp
        >>> triangle, target = triangularize(jnp.array([[3.0], [4.0]]), jnp.array([1.0, 2.0]))
        >>> round(abs(float(triangle[0, 0])), 4), round(float(target[0] / triangle[0, 0]), 4)
        (5.0, 0.44)
    """
    matrix, b = at_least_float32(matrix), at_least_float32(b)
    columns = matrix.shape[1]
    triangle = jnp.linalg.qr(jnp.column_stack([matrix, b]), mode="r")[:columns]
    return triangle[:, :columns], triangle[:, columns]


def condition_number(eigenvalues: Array) -> Array:
    """κ₂(A) = max|ℓ| / min|ℓ| of a symmetric A from its eigenvalues ℓ, shape (n,); infinite if one is zero.

    Definite or not, it bounds what solving A x = b loses: a relative error in b grows at most κ-fold.

    Source: Golub & Van Loan 2013, Matrix Computations, 4th ed., section 2.6.

    Example:
        >>> import jax.numpy as jnp
        >>> float(condition_number(jnp.array([-4.0, 0.5])))
        8.0
    """
    sizes = jnp.abs(at_least_float32(eigenvalues))
    smallest = jnp.min(sizes)
    singular = smallest == 0
    return jnp.where(singular, jnp.inf, jnp.max(sizes) / jnp.where(singular, 1, smallest))


def at_least_float32(array: Array) -> Array:
    """The array as floating-point numbers, and not in half precision, which no factorization takes."""
    array = jnp.asarray(array)
    return array.astype(jnp.promote_types(jnp.result_type(array, 1.0), jnp.float32))


def check_square(matrix: Array) -> None:
    """Refuse what is not a square matrix.

    Raises:
        ValueError: saying the shape.
    """
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"a symmetric solve needs a square matrix, got shape {matrix.shape}")


def _promoted(matrix: Array, b: Array) -> tuple[Array, Array, jnp.dtype]:
    """A system in the dtype to solve it in, and the dtype that its solution is returned in: that of b."""
    dtype = jnp.result_type(jnp.asarray(b), 1.0)
    matrix, b = at_least_float32(matrix), at_least_float32(b)
    solving = jnp.result_type(matrix, b)
    return matrix.astype(solving), b.astype(solving), dtype


class CGOutcome(Outcome):
    """Why conjugate gradients stopped."""

    ITERATIONS, CONVERGED, NEGATIVE_CURVATURE, BOUNDARY, NOT_FINITE = range(5)

    SENTENCES: ClassVar[tuple[str, ...]] = (
        "took all its iterations without reaching the tolerance",
        "converged: the residual norm is within the tolerance",
        "met a direction p with pᵀAp ≤ 0: the matrix is not positive definite",
        "reached the radius",
        "stopped: a product with the matrix, or the right-hand side, is not finite",
    )


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["x", "iterations", "outcome", "values", "residual_norms", "iterates"],
    meta_fields=[],
)
@dataclasses.dataclass(frozen=True)
class CGResult:
    """What ``conjugate_gradients`` returns. Records after the last iteration repeat the last value.

    Attributes:
        x: the last iterate, structured like b.
        iterations: how many iterations were done; records 0 … iterations are the run.
        outcome: why it stopped.
        values: q(x_k) = ½ x_kᵀAx_k − bᵀx_k, shape (steps + 1,).
        residual_norms: ‖b − Ax_k‖, by the recursion, shape (steps + 1,).
        iterates: the x_k, with a leading axis steps + 1; None unless asked for.
    """

    x: Params
    iterations: Array
    outcome: CGOutcome
    values: Array
    residual_norms: Array
    iterates: Params | None


def conjugate_gradients(
    product: Callable[[Params], Params],
    b: Params,
    steps: int,
    tol: float | Array = 0.0,
    x0: Params | None = None,
    radius: float | Array = float("inf"),
    preconditioner: Callable[[Params], Params] | None = None,
    path: bool = False,
) -> CGResult:
    """Minimise q(x) = ½ xᵀAx − bᵀx, that is, solve A x = b, knowing A only by its products.

    In exact arithmetic it ends after as many iterations as A has distinct eigenvalues. A direction p with
    pᵀAp ≤ 0 ends it at once: with a finite radius it follows p to the boundary (Steihaug's rule for trust
    regions), else it keeps the iterate it has. An iterate that would leave the ball ‖x‖ ≤ radius is cut at
    its boundary. A product that is not finite ends it, and the iterate before is kept.

    Args:
        product: x ↦ Ax for a symmetric A, on pytrees like b.
        b: the right-hand side, any pytree.
        steps: the most iterations, a Python integer ≥ 1.
        tol: stop when the residual norm is at most tol · ‖b‖. Below the square of the unit roundoff, where
            the recursion's residual has long left that of x, it stops in any case.
        x0: the first iterate, structured like b; zero if left out. It must lie within the radius.
        radius: Δ > 0.
        preconditioner: r ↦ M⁻¹r for a symmetric positive definite M ≈ A. The radius still measures ‖x‖.
        path: keep every iterate.

    Raises:
        TypeError: if a leaf of b is not floating-point.
        ValueError: if ``steps`` is not a positive integer, another number is out of its range, or x0 is not
            structured like b or lies outside the radius.

    Source: Hestenes & Stiefel 1952; Steihaug 1983; Nocedal & Wright 2006, Numerical Optimization, 2nd ed.,
    algorithms 5.3 and 7.2.

    Example:
        >>> import jax.numpy as jnp
        >>> scale = jnp.array([1.0, 4.0])
        >>> result = conjugate_gradients(lambda x: scale * x, scale, 5, tol=1e-6)
        >>> [round(float(x), 6) for x in result.x], int(result.iterations)
        ([1.0, 1.0], 2)
    """
    _check_cg(b, steps, tol, x0, radius)
    flat_b, unravel = ravel_pytree(b)
    dtype = flat_b.dtype

    def apply(map_: Callable[[Params], Params], v: Array) -> Array:
        return ravel_pytree(map_(unravel(v)))[0].astype(dtype)

    def inverse(r: Array) -> Array:
        return r if preconditioner is None else apply(preconditioner, r)

    def value(x: Array, r: Array) -> Array:
        largest = jnp.maximum(jnp.max(jnp.abs(x)), 1)
        return -0.5 * largest * ((x / largest) @ (flat_b + r))  # since Ax = b - r

    def iterate(carry: _CG) -> _CG:
        x, r, p, rz, k = carry.x, carry.r, carry.p, carry.rz, carry.k
        product_p = apply(product, p)
        bent = p @ product_p
        finite = jnp.all(jnp.isfinite(product_p)) & jnp.isfinite(bent)
        positive = bent > 0
        alpha = rz / jnp.where(positive, bent, 1)
        to_boundary = _distance_to_sphere(x, p, radius)
        cut = ~positive | (alpha > to_boundary)
        # Without a radius negative curvature leaves the iterate where it is, as does what is not finite.
        reach = jnp.where(jnp.isfinite(to_boundary) & finite, to_boundary, 0)
        alpha = jnp.where(cut | ~finite, reach, alpha)
        moved = alpha != 0
        x, r = x + alpha * p, jnp.where(moved, r - alpha * product_p, r)
        z = inverse(r)
        new_rz = r @ z
        code = jnp.where(
            ~positive, CGOutcome.NEGATIVE_CURVATURE, jnp.where(cut, CGOutcome.BOUNDARY, _GOING_ON)
        )
        code = jnp.where(~cut & (norm(r) <= bound), CGOutcome.CONVERGED, code)
        code = jnp.where(finite, code, CGOutcome.NOT_FINITE)
        k = jnp.where(moved | (code == _GOING_ON), k + 1, k)
        records = _record_at(carry.records, k, x, r)
        code = jnp.where((code == _GOING_ON) & (k >= steps), CGOutcome.ITERATIONS, code).astype(jnp.int32)
        return _CG(x, r, z + (new_rz / rz) * p, new_rz, k, code, records)

    def _record_at(records: dict[str, Array], k: Array, x: Array, r: Array) -> dict[str, Array]:
        now = {"value": value(x, r), "residual": norm(r)} | ({"x": x} if path else {})
        return {name: record.at[k].set(now[name]) for name, record in records.items()}

    x = jnp.zeros_like(flat_b) if x0 is None else ravel_pytree(x0)[0].astype(dtype)
    r = flat_b if x0 is None else flat_b - apply(product, x)
    # In units where the entries of b and r are at most 1: no square overflows, or is lost before it may be.
    unit = jax.lax.stop_gradient(jnp.max(jnp.abs(jnp.stack([flat_b, r]))))
    unit = jnp.where((unit > 0) & jnp.isfinite(unit), unit, 1)
    flat_b, x, r, radius = flat_b / unit, x / unit, r / unit, jnp.asarray(radius, dtype) / unit
    z = inverse(r)
    bound = jnp.maximum(jnp.asarray(tol, dtype) * norm(flat_b), jnp.finfo(dtype).eps ** 2)
    records = {name: jnp.zeros(steps + 1, dtype) for name in ("value", "residual")}
    if path:
        records["x"] = jnp.zeros((steps + 1, flat_b.size), dtype)
    code = jnp.where(norm(r) <= bound, CGOutcome.CONVERGED, _GOING_ON)
    code = jnp.where(jnp.all(jnp.isfinite(r)), code, CGOutcome.NOT_FINITE).astype(jnp.int32)
    start = _CG(x, r, z, r @ z, jnp.int32(0), code, _record_at(records, jnp.int32(0), x, r))
    end = jax.lax.while_loop(lambda carry: carry.code == _GOING_ON, iterate, start)

    rows = jnp.minimum(jnp.arange(steps + 1), end.k)
    records = {name: record[rows] for name, record in end.records.items()}
    return CGResult(
        x=unravel(end.x * unit),
        iterations=end.k,
        outcome=CGOutcome(end.code),
        values=records["value"] * unit * unit,
        residual_norms=records["residual"] * unit,
        iterates=jax.vmap(unravel)(records["x"] * unit) if path else None,
    )


def _check_cg(b: Params, steps: int, tol: Any, x0: Params | None, radius: Any) -> None:
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise ValueError(f"steps must be a Python integer of at least 1, got {steps!r}")
    check_at_least("tol", tol, 0.0)
    check_at_least("radius", radius, 0.0, strictly=True)
    check_params(b, "the right-hand side")
    if x0 is None:
        return
    if jax.tree.map(jnp.shape, x0) != jax.tree.map(jnp.shape, b):
        raise ValueError(
            f"x0 must be structured like the right-hand side, with shapes {jax.tree.map(jnp.shape, b)}, "
            f"got {jax.tree.map(jnp.shape, x0)}"
        )
    if any(isinstance(value, jax.core.Tracer) for value in (*jax.tree.leaves(x0), radius)):
        return
    # By numpy: under jit, JAX would trace it. In units of the radius, which may be infinite.
    entries = np.concatenate([np.ravel(np.asarray(leaf, float)) for leaf in jax.tree.leaves(x0)])
    length = np.linalg.norm(entries / radius)
    if length > 1 + 1e-5:
        raise ValueError(f"x0 must lie within the radius {radius}, got one of length {length * radius:.6g}")


class _CG(NamedTuple):
    """The carry: iterate, residual, direction, rᵀM⁻¹r, count, why to stop, records."""

    x: Array
    r: Array
    p: Array
    rz: Array
    k: Array
    code: Array
    records: dict[str, Array]


_GOING_ON = -1


def _distance_to_sphere(x: Array, p: Array, radius: Any) -> Array:
    """The α ≥ 0 with ‖x + αp‖ = radius, for ‖x‖ ≤ radius; infinite for an infinite radius."""
    length = norm(p)
    x, direction = x / radius, p / jnp.where(length > 0, length, 1)  # so that no square overflows
    along = x @ direction
    room = jnp.maximum(1 - x @ x, 0)
    root = jnp.sqrt(along**2 + room)
    # The root's form that does not cancel for along > 0.
    return jnp.where(along > 0, room / (along + root), root - along) * radius / length


class TrustRegionStep(NamedTuple):
    """What ``trust_region_step`` returns.

    Attributes:
        step: δ, shape (n,).
        decrease: m(0) − m(δ) ≥ 0 of the quadratic model.
        multiplier: λ ≥ 0 with (H + λI) δ = −g; 0 if the step is inside the region.
        smallest_eigenvalue: ℓ_min of H.
        condition: κ₂(H) = max|ℓ| / min|ℓ|.
        indefinite: whether ℓ_min is negative by more than rounding.
        on_boundary: whether ‖δ‖ = Δ.
    """

    step: Array
    decrease: Array
    multiplier: Array
    smallest_eigenvalue: Array
    condition: Array
    indefinite: Array
    on_boundary: Array


def trust_region_step(matrix: Array, g: Array, radius: float | Array) -> TrustRegionStep:
    """Minimise gᵀδ + ½ δᵀHδ over ‖δ‖ ≤ Δ exactly, for a symmetric H.

    δ is a solution exactly if (H + λI) δ = −g, H + λI is positive semidefinite, and λ ≥ 0 is zero unless ‖δ‖
    = Δ. In the eigenbasis of H the length ‖δ‖ falls as μ = λ + ℓ_min grows, so μ is found by bisection (on
    its logarithm, for it may be tiny against ℓ_min). In the *hard case* even μ → 0 leaves ‖δ‖ < Δ, since g
    has no part along the lowest eigenvector: then the rest of the length is gone along that vector, in either
    direction.

    Derivatives, forward and reverse, are those of the equations that δ and λ solve: eigenvalues may be equal.
    In the hard case they are those of the direction that was taken.

    Args:
        matrix: H, shape (n, n).
        g: the gradient, shape (n,).
        radius: Δ > 0, finite.

    Raises:
        TypeError: if the radius is not a number.
        ValueError: if it is out of range, or the shapes do not fit.

    Source: Moré & Sorensen 1983, "Computing a trust region step"; Nocedal & Wright 2006, Numerical
    Optimization, 2nd ed., theorem 4.1 and section 4.3.

    Example:
        >>> import jax.numpy as jnp
        >>> inner = trust_region_step(jnp.diag(jnp.array([1.0, -1.0])), jnp.array([0.0, 0.0]), 2.0)
        >>> [abs(float(x)) for x in inner.step], float(inner.decrease), float(inner.multiplier)
        ([0.0, 2.0], 2.0, 1.0)
    """
    matrix, g = at_least_float32(matrix), at_least_float32(g)
    check_square(matrix)
    if g.shape != matrix.shape[:1]:
        raise ValueError(f"a gradient of shape {matrix.shape[:1]} fits this matrix, got {g.shape}")
    check_radius("radius", radius)
    radius = jnp.asarray(radius, g.dtype)
    # In units of the radius and of the model's largest curvature, no square over- or underflows.
    unit = jnp.maximum(jnp.max(jnp.abs(matrix)), norm(g) / radius)
    unit = jnp.where(unit > 0, jnp.minimum(unit, 1 / jnp.finfo(g.dtype).tiny), 1)
    unit = jax.lax.stop_gradient(unit)
    matrix, g = matrix / unit, g / unit / radius
    ball = _minimum_in_ball((matrix + matrix.T) / 2, g)
    decrease = -(g @ ball.step + 0.5 * ball.step @ matrix @ ball.step)
    return TrustRegionStep(
        step=radius * ball.step,
        decrease=decrease * radius * unit * radius,  # in the order that stays in range
        multiplier=unit * ball.multiplier,
        smallest_eigenvalue=unit * ball.eigenvalues[0],
        condition=condition_number(ball.eigenvalues),
        indefinite=_indefinite(ball.eigenvalues),
        on_boundary=ball.multiplier > 0,
    )


def check_radius(name: str, radius: float | Array) -> None:
    """Refuse a radius that is not a positive finite number, where its value is known (a tracer's is not).

    Raises:
        TypeError: if it is not a number.
        ValueError: if it is out of range.
    """
    check_at_least(name, radius, 0.0, strictly=True)
    if not isinstance(radius, jax.core.Tracer) and np.isinf(radius):
        raise ValueError(f"{name} must be finite, got {radius}: Newton's method has no radius")


class _InBall(NamedTuple):
    """The minimiser in the unit ball, its multiplier, and the eigenvalues of H."""

    step: Array
    multiplier: Array
    eigenvalues: Array


class _Eigenbasis(NamedTuple):
    """The minimiser δ and the diagonal of H + λI in the eigenbasis of H; whether it is the hard case."""

    basis: Array
    delta: Array
    shifted: Array
    hard: Array


@jax.custom_jvp
def _minimum_in_ball(matrix: Array, g: Array) -> _InBall:
    return _solve_in_ball(matrix, g)[0]


@_minimum_in_ball.defjvp
def _derivative_in_ball(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[_InBall, _InBall]:
    """From (H + λI) δ = −g: (H + λI) δ̇ + λ̇δ = −(ġ + Ḣδ) = w, with δᵀδ̇ = 0 on the sphere, λ̇ = 0 inside."""
    ball, (basis, delta, shifted, hard) = _solve_in_ball(*primals)
    d_matrix = basis.T @ tangents[0] @ basis
    w = -(basis.T @ tangents[1] + d_matrix @ delta)

    on_sphere = ball.multiplier > 0
    weights = delta * shifted[0] / shifted  # (H + λI)⁻¹ δ, but for a factor that may be out of range
    d_multiplier = jnp.where(on_sphere, weights @ w / jnp.where(on_sphere, weights @ delta, 1), 0)
    d_delta = (w - d_multiplier * delta) / shifted
    # In the hard case the first of these equations reads 0 = 0.
    first = -(delta[1:] @ d_delta[1:]) / jnp.where(hard, delta[0], 1)
    d_delta = d_delta.at[0].set(jnp.where(hard, first, d_delta[0]))
    return ball, _InBall(basis @ d_delta, d_multiplier, jnp.diagonal(d_matrix))


def _solve_in_ball(matrix: Array, g: Array) -> tuple[_InBall, _Eigenbasis]:
    eigenvalues, basis = jnp.linalg.eigh(matrix, symmetrize_input=False)
    lowest = eigenvalues[0]
    gaps = eigenvalues - lowest
    along = basis.T @ g

    def too_long(mu: Array) -> Array:
        delta = along / (gaps + mu)
        return delta @ delta > 1

    def halve(_: int, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bracket
        middle = jnp.sqrt(low) * jnp.sqrt(high)
        longer = too_long(middle)
        return jnp.where(longer, middle, low), jnp.where(longer, high, middle)

    rounding, tiny = jnp.finfo(g.dtype).eps, jnp.finfo(g.dtype).tiny
    smallest = jnp.maximum(jnp.maximum(lowest, rounding**2 * jnp.max(jnp.abs(eigenvalues))), tiny)
    largest = jnp.maximum(norm(g), smallest)  # there, ‖δ‖ ≤ ‖g‖/μ ≤ 1
    fits = ~too_long(smallest)
    _, mu = jax.lax.fori_loop(0, 60, halve, (smallest, largest))
    mu = jnp.where(fits, smallest, mu)
    delta = -along / (gaps + mu)

    hard = fits & _indefinite(eigenvalues)
    rest = jnp.sqrt(jnp.maximum(1 - delta[1:] @ delta[1:], 0))
    outward = jnp.where(along[0] > 0, -rest, rest)
    delta = delta.at[0].set(jnp.where(hard, outward, delta[0]))
    multiplier = jnp.where(fits & ~hard, 0, jnp.maximum(mu - lowest, 0))
    ball = _InBall(basis @ delta, multiplier, eigenvalues)
    return ball, _Eigenbasis(basis, delta, gaps + mu, hard)


def _indefinite(eigenvalues: Array) -> Array:
    """Whether the lowest eigenvalue is negative by more than rounding."""
    rounding = 10 * jnp.finfo(eigenvalues.dtype).eps * eigenvalues.size
    return eigenvalues[0] < -rounding * jnp.max(jnp.abs(eigenvalues))
