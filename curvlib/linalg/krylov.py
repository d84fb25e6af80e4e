"""Conjugate gradients: solve with a matrix that is known only by its products."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from curvlib.hyperparameters import check_at_least, check_count
from curvlib.linalg.dense import norm
from curvlib.linalg.stopping import CGOutcome, RelativeProgress
from curvlib.trees import Array, Params, check_params


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["x", "iterations", "outcome", "values", "residual_norms", "iterates", "kept", "kept_at"],
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
        kept: of the iterates k = 1, 2, 3, 4, 6, 8, 11, …, each about 1.3 times the one before, the last so
            many as were to be kept, newest first; None unless asked for.
        kept_at: their k, shape (keep,); −1 where fewer were done.
    """

    x: Params
    iterations: Array
    outcome: CGOutcome
    values: Array
    residual_norms: Array
    iterates: Params | None
    kept: Params | None = None
    kept_at: Array | None = None


def conjugate_gradients(
    product: Callable[[Params], Params],
    b: Params,
    steps: int,
    tol: float | Array = 0.0,
    x0: Params | None = None,
    radius: float | Array = float("inf"),
    preconditioner: Callable[[Params], Params] | None = None,
    path: bool = False,
    progress: RelativeProgress | None = None,
    keep: int = 0,
) -> CGResult:
    """Minimise q(x) = ½ xᵀAx − bᵀx, that is, solve A x = b, knowing A only by its products.

    In exact arithmetic it ends after at most as many iterations as M⁻¹A has distinct eigenvalues. A direction
    p with pᵀAp ≤ 0 ends it at once: with a finite radius it follows p to the boundary (Steihaug's rule for
    trust regions), else it keeps the iterate it has. An iterate that would leave the ball ‖x‖ ≤ radius is cut
    at its boundary. A product that is not finite ends it, and the iterate before is kept.

    Args:
        product: x ↦ Ax for a symmetric A, on pytrees like b.
        b: the right-hand side, any pytree.
        steps: the most iterations, a Python integer ≥ 1.
        tol: stop when the residual norm is at most tol · ‖b‖. Below the square of the unit roundoff, where
            the recursion's residual has long left that of x, it stops in any case.
        x0: the first iterate, structured like b; zero if left out. It must lie within the radius.
        radius: Δ > 0.
        preconditioner: r ↦ M⁻¹r for a symmetric positive definite M ≈ A, of any scale. The radius still
            measures ‖x‖.
        path: keep every iterate.
        progress: a second rule to stop by, or None.
        keep: how many iterates to keep of a geometric grid, in keep · n memory; a Python integer.

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
    _check_cg(b, steps, tol, x0, radius, keep)
    flat_b, unravel = ravel_pytree(b)
    dtype = flat_b.dtype

    def apply(map_: Callable[[Params], Params], v: Array) -> Array:
        return ravel_pytree(map_(unravel(v)))[0].astype(dtype)

    def inverse(r: Array, unit: Array | float = 1.0) -> Array:
        return r if preconditioner is None else apply(preconditioner, r) / unit

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
        z = inverse(r, of_inverse)
        new_rz = r @ z
        unfit = ~(new_rz > 0) & finite & positive & ~cut
        curved = jnp.where(bent < 0, CGOutcome.NEGATIVE_CURVATURE, CGOutcome.ZERO_CURVATURE)
        code = jnp.where(~positive, curved, jnp.where(cut, CGOutcome.BOUNDARY, _GOING_ON))
        code = jnp.where(unfit, CGOutcome.BAD_PRECONDITIONER, code)
        code = jnp.where(~cut & (norm(r) <= bound), CGOutcome.CONVERGED, code)
        code = jnp.where(finite, code, CGOutcome.NOT_FINITE)
        k = jnp.where(moved | (code == _GOING_ON), k + 1, k)
        records = _record_at(carry.records, k, x, r)
        if progress is not None:
            enough = (code == _GOING_ON) & progress.met(records["value"], k)
            code = jnp.where(enough, CGOutcome.PROGRESS, code)
        code = jnp.where((code == _GOING_ON) & (k >= steps), CGOutcome.ITERATIONS, code).astype(jnp.int32)
        return _CG(x, r, z + (new_rz / rz) * p, new_rz, k, code, records)

    def _record_at(records: dict[str, Array], k: Array, x: Array, r: Array) -> dict[str, Array]:
        now = {"value": value(x, r), "residual": norm(r)} | ({"x": x} if path else {})
        written = {name: records[name].at[k].set(value) for name, value in now.items()}
        return written | (_keep(records, k, x) if keep else {})

    x = jnp.zeros_like(flat_b) if x0 is None else ravel_pytree(x0)[0].astype(dtype)
    r = flat_b if x0 is None else flat_b - apply(product, x)
    # In units where the entries of b and r are at most 1: no square overflows, or is lost before it may be.
    unit = jax.lax.stop_gradient(jnp.max(jnp.abs(jnp.stack([flat_b, r]))))
    unit = jnp.where((unit > 0) & jnp.isfinite(unit), unit, 1)
    flat_b, x, r, radius = flat_b / unit, x / unit, r / unit, jnp.asarray(radius, dtype) / unit
    # Neither does it depend on the scale of M: its iterates do not.
    z = inverse(r)
    of_inverse = jax.lax.stop_gradient(jnp.max(jnp.abs(z)))
    of_inverse = jnp.where((of_inverse > 0) & jnp.isfinite(of_inverse), of_inverse, 1)
    z = z if preconditioner is None else z / of_inverse
    bound = jnp.maximum(jnp.asarray(tol, dtype) * norm(flat_b), jnp.finfo(dtype).eps ** 2)
    records = {name: jnp.zeros(steps + 1, dtype) for name in ("value", "residual")}
    if path:
        records["x"] = jnp.zeros((steps + 1, flat_b.size), dtype)
    if keep:
        records |= {"kept": jnp.zeros((keep, flat_b.size), dtype), "kept_at": jnp.full(keep, -1, jnp.int32)}
        records |= {"due": jnp.int32(1), "next": jnp.int32(0)}
    code = jnp.where(norm(r) <= bound, CGOutcome.CONVERGED, _GOING_ON)
    rz = r @ z
    code = jnp.where((code == _GOING_ON) & ~(rz > 0), CGOutcome.BAD_PRECONDITIONER, code)
    code = jnp.where(jnp.all(jnp.isfinite(r)), code, CGOutcome.NOT_FINITE).astype(jnp.int32)
    start = _CG(x, r, z, rz, jnp.int32(0), code, _record_at(records, jnp.int32(0), x, r))
    end = jax.lax.while_loop(lambda carry: carry.code == _GOING_ON, iterate, start)

    rows = jnp.minimum(jnp.arange(steps + 1), end.k)
    records = {name: end.records[name][rows] for name in ("value", "residual", *(["x"] if path else []))}
    newest = (end.records["next"] - 1 - jnp.arange(keep)) % keep if keep else None
    return CGResult(
        x=unravel(end.x * unit),
        iterations=end.k,
        outcome=CGOutcome(end.code),
        values=records["value"] * unit * unit,
        residual_norms=records["residual"] * unit,
        iterates=jax.vmap(unravel)(records["x"] * unit) if path else None,
        kept=jax.vmap(unravel)(end.records["kept"][newest] * unit) if keep else None,
        kept_at=end.records["kept_at"][newest] if keep else None,
    )


def _keep(records: dict[str, Array], k: Array, x: Array) -> dict[str, Array]:
    """x, if it is its turn, in the place of the oldest that is kept."""
    due, place = k == records["due"], records["next"] % len(records["kept"])
    kept, at = records["kept"], records["kept_at"]
    return {
        "kept": kept.at[place].set(jnp.where(due, x, kept[place])),
        "kept_at": at.at[place].set(jnp.where(due, k, at[place])),
        "due": jnp.where(due, jnp.maximum(k + 1, (13 * k + 9) // 10), records["due"]),  # ⌈1.3 k⌉
        "next": records["next"] + due,
    }


def _check_cg(b: Params, steps: int, tol: Any, x0: Params | None, radius: Any, keep: Any) -> None:
    check_count("steps", steps)
    if keep != 0:
        check_count("keep", keep)
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
