"""Arrays and pytrees of them: what stands for parameters, and what is refused in their place."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

Array = jax.Array
Params = Any  # any pytree of floating-point arrays


def unfit_dtype(leaf: Any) -> Any:
    """The dtype, or the type, of what cannot be differentiated; None of what is floating-point."""
    dtype = getattr(leaf, "dtype", None)
    if dtype is None:
        return None if isinstance(leaf, float) else type(leaf).__name__
    return None if jnp.issubdtype(dtype, jnp.floating) else dtype


def check_params(params: Params, name: str = "params") -> None:
    """Refuse parameters that cannot be differentiated, or anything else that must be shaped like them.

    Raises:
        TypeError: if ``params`` has no entries, a leaf that is not floating-point, or one on a mesh with
            explicit axes.
    """
    leaves = jax.tree.leaves(params)
    for leaf in leaves:
        dtype = unfit_dtype(leaf)
        if dtype is not None:
            raise TypeError(
                f"{name} must be floating-point, got {dtype}: write 1.0 instead of 1, or use astype(float)"
            )
    if not sum(jnp.size(leaf) for leaf in leaves):
        raise TypeError(f"{name} has no numbers in it: pass an array or a pytree of arrays")
    check_axes(leaves)


def check_like_params(params: Params, v: Params) -> None:
    """Refuse a vector that is not shaped like the parameters.

    Raises:
        ValueError: naming the first mismatch of structure, shape or dtype.
    """
    if jax.tree.structure(params) != jax.tree.structure(v):
        raise ValueError(
            f"the vector must have the structure of params, {jax.tree.structure(params)}, "
            f"got {jax.tree.structure(v)}"
        )
    for (path, leaf), other in zip(
        jax.tree_util.tree_leaves_with_path(params), jax.tree.leaves(v), strict=True
    ):
        where = f" at {jax.tree_util.keystr(path)}" if path else ""
        if jnp.shape(leaf) != jnp.shape(other):
            raise ValueError(
                f"the vector must have the shape of params{where}, {jnp.shape(leaf)}, got {jnp.shape(other)}"
            )
        if jnp.result_type(leaf) != jnp.result_type(other):
            raise ValueError(
                f"the vector must have the dtype of params{where}, {jnp.result_type(leaf)}, "
                f"got {jnp.result_type(other)}"
            )


def same_entries(a: Any, b: Any) -> Array:
    """Whether two pytrees have the same floating-point entries; counters and keys do not matter."""
    same = [
        jnp.all(x == y)
        for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
        if jnp.issubdtype(jnp.result_type(x), jnp.inexact)
    ]
    return jnp.all(jnp.stack(same))


def check_array(name: str, value: Any) -> Any:
    """``value`` as an array, a list as NumPy's; what holds no numbers is refused.

    Raises:
        TypeError: if it is anything else.
    """
    array = value if isinstance(value, jax.Array) else np.asarray(value)
    if array.dtype.kind in "OSUM":
        raise TypeError(f"the {name} must be an array of numbers, got {value!r}")
    return array


def as_arrays(tree: Any) -> Any:
    """The tree, with what NumPy can read as an array and JAX cannot (a column of a table) as one.

    Raises:
        TypeError: for a leaf that holds no numbers.
    """

    def converted(leaf: Any) -> Any:
        if isinstance(leaf, jax.Array | np.ndarray | np.generic | int | float | complex):
            return leaf
        return check_array("data", leaf) if hasattr(leaf, "__array__") else leaf

    return jax.tree.map(converted, tree)


def check_axes(tree: Any) -> None:
    """Refuse arrays on a mesh with explicit axes: there every product over the data would have to be told
    how its result is sharded, and no function here tells it.

    Raises:
        TypeError: naming what to write instead.
    """
    for leaf in jax.tree.leaves(tree):
        if isinstance(leaf, jax.Array) and AxisType.Explicit in jax.typeof(leaf).sharding.mesh.axis_types:
            raise TypeError(
                "the arrays are on a mesh with explicit axes, as jax.make_mesh makes it by default, and "
                "curvlib leaves it to JAX how its results are sharded: make the mesh as "
                'jax.sharding.Mesh(jax.devices(), ("data",))'
            )


def over_devices(rows: Array, data: Array) -> Array:
    """Rows that were taken from data on a mesh of devices, divided among these again.

    JAX gathers them on each device, and all of them would then do the same work. More rows than a multiple
    of the devices are padded; fewer than there are devices are left as they are, and outside of ``jit``,
    where nothing is padded, what does not divide.
    """
    mesh = jax.typeof(data).sharding.mesh
    if mesh.empty or len(rows) < mesh.size:
        return rows
    if len(rows) % mesh.size and not isinstance(rows, jax.core.Tracer):
        return rows
    return jax.lax.with_sharding_constraint(rows, NamedSharding(mesh, PartitionSpec(mesh.axis_names)))
