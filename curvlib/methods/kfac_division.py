"""How K-FAC divides a layer's gradient by its block of the Fisher information: three ways.

Each is a class with three functions of all layers at once: ``prepare`` does what is expensive, every so many
steps, ``observe`` what needs each step's statistics, and ``divide`` returns (F_l + shift I)⁻¹ V_l.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from curvlib.factors import Factors, LayerStatistics
from curvlib.linalg import damping_split, kronecker_product, shifted_inverse
from curvlib.trees import Array

Layers = tuple[Any, ...]


class Factored:
    """F_l + shift I ≈ (A + π√shift I) ⊗ (G + √shift/π I): two inverses a layer.

    The product exceeds A ⊗ G + shift I by π√shift I ⊗ G + A ⊗ √shift/π I; π is ``linalg.damping_split``.

    Source: Martens & Grosse 2015, section 6.3.
    """

    @staticmethod
    def prepare(factors: Factors, shift: Array) -> Layers:
        """(A + π√shift I)⁻¹ and (G + √shift/π I)⁻¹."""
        root = jnp.sqrt(shift)
        splits = (damping_split(a, g) for a, g in factors)
        return tuple(
            (shifted_inverse(a, split * root), shifted_inverse(g, root / split))
            for (a, g), split in zip(factors, splits, strict=True)
        )

    @staticmethod
    def observe(
        layers: Layers, statistics: LayerStatistics, decay: Array
    ) -> Layers:
        """Nothing."""
        return layers

    @staticmethod
    def divide(layers: Layers, gradient: Layers, shift: Array) -> Layers:
        """Â⁻¹ V Ĝ⁻¹, with the shift of ``prepare``."""
        return tuple(
            kronecker_product(a, g, matrix)
            for (a, g), matrix in zip(layers, gradient, strict=True)
        )


class Eigenbasis(Factored):
    """F_l + shift I ≈ A ⊗ G + shift I, exactly, in the eigenvectors Q_A ⊗ Q_G, where A ⊗ G is diagonal."""

    @staticmethod
    def prepare(factors: Factors, shift: Array) -> Layers:
        """Q_A, Q_G and the products of the eigenvalues."""
        layers = []
        for a, g in factors:
            (of_a, basis_a), (of_g, basis_g) = (
                jnp.linalg.eigh(a),
                jnp.linalg.eigh(g),
            )
            scales = jnp.maximum(of_a, 0)[:, None] * jnp.maximum(
                of_g, 0
            )  # rounding may leave some negative
            layers.append((basis_a, basis_g, scales, jnp.ones((), scales.dtype)))
        return tuple(layers)

    @staticmethod
    def divide(layers: Layers, gradient: Layers, shift: Array) -> Layers:
        """Q_A [(Q_Aᵀ V Q_G) / (scales + shift)] Q_Gᵀ."""
        divided = []
        for kept, matrix in zip(layers, gradient, strict=True):
            basis_a, basis_g, scales, weight = kept
            inside = kronecker_product(basis_a.T, basis_g.T, matrix)
            inside = inside / (scales / weight + shift)
            divided.append(kronecker_product(basis_a, basis_g, inside))
        return tuple(divided)


class Corrected(Eigenbasis):
    """EKFAC: in the same eigenvectors, the diagonal that F_l itself has there in place of A ⊗ G's.

    S_ij = E[(Q_Aᵀ ā gᵀ Q_G)²_ij], averaged over the steps since the eigenvectors were computed. Of all
    diagonals it is the one nearest to F_l in the Frobenius norm.

    Source: George et al. 2018, "Fast approximate natural gradient descent in a Kronecker-factored
    eigenbasis".
    """

    @staticmethod
    def prepare(factors: Factors, shift: Array) -> Layers:
        """Q_A, Q_G, and a diagonal that has seen nothing yet."""
        return tuple(
            (basis_a, basis_g, jnp.zeros_like(scales), jnp.zeros_like(weight))
            for basis_a, basis_g, scales, weight in Eigenbasis.prepare(
                factors, shift
            )
        )

    @staticmethod
    def observe(
        layers: Layers, statistics: LayerStatistics, decay: Array
    ) -> Layers:
        """The average with one more batch in it."""

        def layer(kept: Any, inputs: Array, gradients: Array) -> Any:
            basis_a, basis_g, scales, weight = kept
            new = diagonal_in(basis_a, basis_g, inputs, gradients).astype(
                scales.dtype
            )
            return (
                basis_a,
                basis_g,
                decay * scales + (1 - decay) * new,
                decay * weight + (1 - decay),
            )

        return tuple(map(layer, layers, statistics.inputs, statistics.gradients))


def diagonal_in(
    basis_a: Array, basis_g: Array, inputs: Array, gradients: Array
) -> Array:
    """Of one layer's block F the diagonal of (Q_A ⊗ Q_G)ᵀ F (Q_A ⊗ Q_G), shape (p, q).

    Args:
        basis_a, basis_g: orthogonal, shapes (p, p) and (q, q).
        inputs, gradients: of the layer, as ``layer_statistics`` gives them.
    """
    return ((inputs @ basis_a) ** 2).T @ jnp.sum((gradients @ basis_g) ** 2, axis=0)


DIVISIONS = {"factored": Factored, "eigenbasis": Eigenbasis, "ekfac": Corrected}


def zeros_like_prepared(division: Any, factors: Factors) -> Layers:
    """What ``prepare`` returns, all zero."""
    shapes = jax.eval_shape(division.prepare, factors, factors[0][0][0, 0])
    return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
