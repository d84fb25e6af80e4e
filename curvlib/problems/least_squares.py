"""Sums of squares: problems that are known by their residuals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from curvlib.problems.objective import Objective
from curvlib.trees import Array, Params, as_arrays, check_axes, check_params, unfit_dtype


@jax.tree_util.register_pytree_node_class
class LeastSquares(Objective):
    """L(θ) = ½ Σᵢ rᵢ(θ)², given by its residuals r.

    A sum, not a mean: L and its curvature grow with the number of residuals. Data are best handed over as
    arguments; see ``Objective`` for what becomes of arrays that the function finds elsewhere.

    Args:
        residual: ``residual(params, *data)``, a real array of any shape or a pytree of them: all their
            entries are the residuals. ``params`` may be any pytree of floating-point arrays.
        *data: further arguments of ``residual`` (arrays or pytrees of arrays); they are leaves of the
        problem.

    Raises:
        TypeError: if ``residual`` is not a function.

    Example:
        >>> import jax.numpy as jnp
        >>> line = LeastSquares(lambda theta, x, y: theta[0] + theta[1] * x - y, jnp.arange(3.0), jnp.ones(3))
        >>> float(line.loss(jnp.array([1.0, 1.0])))
        2.5
    """

    gives: ClassVar[frozenset[str]] = frozenset({"loss", "residuals", "outputs"})

    def __init__(self, residual: Callable[..., Any], *data: Any) -> None:
        if not callable(residual):
            raise TypeError(
                f"the residual must be a function residual(params) -> array, got {type(residual).__name__}: "
                "pass the function itself, not its value"
            )
        self.function = residual
        self.data = as_arrays(data)

    def residuals(self, params: Params) -> Array:
        """r(θ), shape (m,): all entries of what the function returns, in the order of ``ravel_pytree``.

        Raises:
            TypeError: if a leaf of ``params`` or of the residuals is not floating-point.
            ValueError: if there are no residuals.
        """
        check_axes(self.data)
        check_params(params)
        value = self.function(params, *self.data)
        for leaf in jax.tree.leaves(value):
            dtype = unfit_dtype(leaf)
            if dtype is not None:
                raise TypeError(
                    f"the residuals must be real floating-point arrays, got {dtype}: "
                    "return an array (or a pytree of them) that depends on params"
                )
        residuals = ravel_pytree(value)[0]
        if not residuals.size:
            raise ValueError(
                "the residual function returned no numbers: return an array with an entry for each residual"
            )
        return residuals

    def loss(self, params: Params) -> Array:
        """L(θ) = ½ Σᵢ rᵢ(θ)², a scalar."""
        return 0.5 * jnp.sum(self.residuals(params) ** 2)

    # What the generalized Gauss–Newton matrix is made of: L as a convex function of outputs.

    outputs = residuals

    def output_hessian(self, outputs: Array, v: Array) -> Array:
        """∇²_r (½ Σ r²) v = v."""
        return v

    def output_root(self, outputs: Array) -> Callable[[Array], Array]:
        """v ↦ B½v with B = ∇²_r (½ Σ r²) = I: v itself."""
        return lambda v: v
