"""The gain ratio: how much of the decrease that a model predicted a step has achieved."""

from __future__ import annotations

import jax.numpy as jnp

from curvlib.trees import Array


def gain_ratio(loss: Array, new_loss: Array, predicted: Array) -> Array:
    """ρ = (L(θ) − L(θ + δ)) / (m(0) − m(δ)): 1 where the model was right, below 0 where the loss rose.

    Near a minimum both differences are lost in the rounding of L. Its size, 10 u |L| with the unit roundoff
    u, is added to both, so that a step whose decrease rounding hides counts as a good one. Where the ratio is
    not finite it is −1: a step to there is rejected.

    Args:
        loss, new_loss: L(θ) and L(θ + δ).
        predicted: m(0) − m(δ), the decrease of the model.

    Source: Nocedal & Wright 2006, Numerical Optimization, 2nd ed., equation 4.4; Conn, Gould & Toint 2000,
    Trust-Region Methods, section 17.4.2, for rounding.

    Example:
        >>> import jax.numpy as jnp
        >>> loss, predicted = jnp.array(1.0), jnp.array(0.5)
        >>> [round(float(gain_ratio(loss, jnp.array(new), predicted)), 4) for new in (0.75, jnp.nan)]
        [0.5, -1.0]
    """
    rounding = 10 * jnp.finfo(loss.dtype).eps * jnp.abs(loss)
    ratio = (loss - new_loss + rounding) / (predicted + rounding)
    return jnp.where(jnp.isfinite(ratio) & jnp.isfinite(new_loss), ratio, -1)
