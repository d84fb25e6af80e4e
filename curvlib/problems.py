"""What is minimised: problems as pytrees, and named instances whose minima are known.

A problem is a pytree. Its data and hyperparameters are leaves, its functions are static: a jitted step
therefore takes the problem as an argument, and changing its numbers (not its functions or shapes) recompiles
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

Array = jax.Array
Params = Any


@jax.tree_util.register_pytree_node_class
class Objective:
    """A loss L(θ) to be minimised, given as any JAX function.

    Args:
        loss: ``loss(params, *data) -> scalar``. ``params`` may be any pytree of floating-point arrays.
        *data: further arguments of ``loss`` (arrays or pytrees of arrays); they are leaves of the problem.

    Example:
        >>> import jax.numpy as jnp
        >>> bowl = Objective(lambda theta, center: jnp.sum((theta - center) ** 2), jnp.array([1.0, 2.0]))
        >>> float(bowl.loss(jnp.array([1.0, 4.0])))
        4.0
    """

    def __init__(self, loss: Callable[..., Array], *data: Any) -> None:
        if not callable(loss):
            raise TypeError(
                f"the loss must be a function loss(params) -> scalar, got {type(loss).__name__}: "
                "pass the function itself, not its value"
            )
        self.function = loss
        self.data = data

    def loss(self, params: Params) -> Array:
        """L(θ), a scalar.

        Raises:
            TypeError: if a leaf of ``params`` is not floating-point.
            ValueError: if the function returns anything but one real scalar.
        """
        check_params(params)
        value = self.function(params, *self.data)
        leaves = jax.tree.leaves(value)
        if len(leaves) != 1 or jnp.shape(leaves[0]) != ():
            shapes = ", ".join(str(jnp.shape(leaf)) for leaf in leaves)
            raise ValueError(
                f"the loss must return one scalar, got shape {shapes or 'nothing'}: reduce it, "
                "for example with jnp.sum or jnp.mean"
            )
        if not jnp.issubdtype(jnp.result_type(leaves[0]), jnp.floating):
            raise ValueError(
                f"the loss must return a real floating-point scalar, got {jnp.result_type(leaves[0])}: "
                "convert it, for example with jnp.asarray(value, float)"
            )
        return jnp.asarray(leaves[0])

    def tree_flatten(self) -> tuple[tuple[Any, ...], Callable[..., Array]]:
        return self.data, self.function

    @classmethod
    def tree_unflatten(cls, function: Callable[..., Array], data: tuple[Any, ...]) -> Objective:
        problem = object.__new__(cls)  # no checks: JAX also unflattens placeholders
        problem.function, problem.data = function, tuple(data)
        return problem

    def __repr__(self) -> str:
        return f"{type(self).__name__}({getattr(self.function, '__name__', repr(self.function))})"


def check_params(params: Params) -> None:
    """Refuse parameters that cannot be differentiated.

    Raises:
        TypeError: if ``params`` has no leaves or a leaf that is not floating-point.
    """
    leaves = jax.tree.leaves(params)
    if not leaves:
        raise TypeError("params has no arrays in it: pass the parameters as an array or a pytree of arrays")
    for leaf in leaves:
        dtype = jnp.result_type(leaf)
        if not jnp.issubdtype(dtype, jnp.floating):
            raise TypeError(
                f"params must be floating-point, got {dtype}: write 1.0 instead of 1, or use astype(float)"
            )


def rotation(angle: float | Array, dim: int = 2) -> Array:
    """An orthogonal (dim, dim) matrix Q: Givens rotations by ``angle`` in the planes (1, 2), (2, 3), …,
    (dim−1, dim).

    In two dimensions it is [[cos, −sin], [sin, cos]].

    Args:
        angle: radians, counter-clockwise.
        dim: the dimension, at least 1 (where Q = 1).

    Example:
        >>> import jax.numpy as jnp
        >>> bool(jnp.allclose(rotation(jnp.pi / 2) @ jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0]), atol=1e-6))
        True
    """
    angle = jnp.asarray(angle, dtype=jnp.result_type(angle, float))
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    plane = jnp.stack([jnp.stack([cosine, -sine]), jnp.stack([sine, cosine])])
    matrix = jnp.eye(dim, dtype=angle.dtype)
    for first in range(dim - 1):
        matrix = matrix.at[:, first : first + 2].set(matrix[:, first : first + 2] @ plane)
    return matrix


def random_rotation(key: Array, dim: int) -> Array:
    """A uniformly (Haar) distributed orthogonal (dim, dim) matrix.

    The Q of a Gaussian matrix's QR factorization, its columns' signs fixed by the diagonal of R (Mezzadri
    2007, "How to generate random matrices from the classical compact groups", section 5); without that fix
    the distribution is not uniform.
    """
    q, r = jnp.linalg.qr(jax.random.normal(key, (dim, dim)))
    return q * jnp.sign(jnp.diagonal(r))


def spectrum(kappa: float | Array, dim: int = 2) -> Array:
    """The (dim,) eigenvalues of ``quadratic``: ℓᵢ = κ^((i−1)/(dim−1)), from ℓ_min = 1 to ℓ_max = κ."""
    kappa = jnp.asarray(kappa, dtype=jnp.result_type(kappa, float))
    return kappa ** jnp.linspace(0.0, 1.0, dim, dtype=kappa.dtype)


def quadratic(
    kappa: float | Array, angle: float | Array = 0.0, dim: int = 2, key: Array | None = None
) -> Objective:
    """L(θ) = ½ θᵀHθ with H = Q diag(ℓ) Qᵀ, its minimum L = 0 at θ = 0.

    The eigenvalues ℓ are those of ``spectrum``: spaced geometrically from 1 to the condition number κ, the
    flat direction first. Q is ``rotation(angle, dim)``, or uniformly random with ``key``.

    Args:
        kappa: the condition number κ = ℓ_max / ℓ_min, at least 1.
        angle: radians; 0 aligns the eigenvectors with the axes.
        dim: the number n of parameters, at least 2.
        key: a JAX random key; then Q is ``random_rotation(key, dim)`` and ``angle`` must stay 0.

    Raises:
        ValueError: if κ < 1, dim < 2, or both ``angle`` and ``key`` are given.

    Example:
        >>> import jax.numpy as jnp
        >>> float(quadratic(kappa=100.0).loss(jnp.array([1.0, 1.0])))
        50.5
    """
    if not isinstance(kappa, jax.core.Tracer) and not kappa >= 1:
        raise ValueError(f"the condition number kappa must be at least 1, got {kappa}")
    if dim < 2:
        raise ValueError(f"a quadratic with a condition number needs dim of at least 2, got {dim}")
    if key is None:
        basis = rotation(angle, dim)
    elif not isinstance(angle, jax.core.Tracer) and angle == 0:
        basis = random_rotation(key, dim)
    else:
        raise ValueError("give quadratic either an angle or a key for a random rotation, not both")
    return Objective(_quadratic_loss, (basis * spectrum(kappa, dim)) @ basis.T)


def _quadratic_loss(params: Array, hessian: Array) -> Array:
    if jnp.shape(params) != hessian.shape[:1]:
        raise ValueError(f"this quadratic takes params of shape {hessian.shape[:1]}, got {jnp.shape(params)}")
    return 0.5 * params @ hessian @ params
