"""Parameters as matrices, and which of their sides get a factor: what Shampoo and SOAP share."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from curvlib.trees import Array, Params

Sides = tuple[Array | None, Array | None]  # a matrix for the rows, one for the columns; None: no factor


def as_matrix(leaf: Array) -> Array:
    """A parameter as a matrix: the last axis stays, all others become the rows; a vector is a column.

    Example:
        >>> import jax.numpy as jnp
        >>> [as_matrix(jnp.ones(shape)).shape for shape in ((), (5,), (2, 3), (4, 2, 3))]
        [(1, 1), (5, 1), (2, 3), (8, 3)]
    """
    return leaf.reshape(-1, 1) if leaf.ndim < 2 else leaf.reshape(-1, leaf.shape[-1])


def identities(leaf: Array, largest: int) -> Sides:
    """I for each side of the matrix that gets a factor, of its size.

    A side of length one has nothing to turn, and one longer than ``largest`` would need too large a matrix.

    Example:
        >>> import jax.numpy as jnp
        >>> [None if i is None else i.shape for i in identities(jnp.ones((3, 50)), largest=10)]
        [(3, 3), None]
    """
    return tuple(
        jnp.eye(size, dtype=leaf.dtype) if 1 < size <= largest else None for size in as_matrix(leaf).shape
    )


def squares(gradient: Array, like: Sides) -> Sides:
    """G Gᵀ and Gᵀ G, of those sides that have a factor."""
    rows, columns = like
    return (
        None if rows is None else gradient @ gradient.T,
        None if columns is None else gradient.T @ gradient,
    )


def between(rows: Array | None, matrix: Array, columns: Array | None) -> Array:
    """A M Cᵀ, where a side without a factor stands for I.

    Example:
        >>> import jax.numpy as jnp
        >>> between(2 * jnp.eye(2), jnp.ones((2, 3)), None).tolist()
        [[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]]
    """
    matrix = matrix if rows is None else rows @ matrix
    return matrix if columns is None else matrix @ columns.T


def moved(params: Params, rate: Array, directions: Sequence[Array]) -> Params:
    """The parameters less η times their directions, each a matrix.

    Example:
        >>> import jax.numpy as jnp
        >>> moved({"b": jnp.ones(2)}, 0.5, [jnp.ones((2, 1))])["b"].tolist()
        [0.5, 0.5]
    """
    leaves, structure = jax.tree.flatten(params)
    return jax.tree.unflatten(
        structure,
        [
            leaf - (rate * direction).reshape(leaf.shape).astype(leaf.dtype)
            for leaf, direction in zip(leaves, directions, strict=True)
        ],
    )


def any_moves(means: Sequence[Array]) -> Array:
    """Whether an average of gradients has an entry: where all are zero, a step of zero is no stall."""
    return jnp.any(jnp.stack([jnp.any(mean != 0) for mean in means]))
