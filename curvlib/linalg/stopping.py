"""When conjugate gradients stop, and why they did."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp

from curvlib.hyperparameters import check_at_least, check_count, hyperparameters, static
from curvlib.status import CONVERGED, FAILED, STALLED, UNFINISHED, Outcome, Reason
from curvlib.trees import Array


class CGOutcome(Outcome):
    """Why conjugate gradients stopped."""

    ITERATIONS: ClassVar[int]
    CONVERGED: ClassVar[int]
    NEGATIVE_CURVATURE: ClassVar[int]
    BOUNDARY: ClassVar[int]
    NOT_FINITE: ClassVar[int]
    ZERO_CURVATURE: ClassVar[int]
    PROGRESS: ClassVar[int]
    BAD_PRECONDITIONER: ClassVar[int]

    REASONS: ClassVar[tuple[Reason, ...]] = (
        Reason("ITERATIONS", UNFINISHED, "took all its iterations without reaching the tolerance"),
        Reason("CONVERGED", CONVERGED, "converged: the residual norm is within the tolerance"),
        Reason(
            "NEGATIVE_CURVATURE",
            STALLED,
            "met a direction p with pᵀAp < 0: the matrix has a negative eigenvalue",
        ),
        Reason("BOUNDARY", STALLED, "reached the radius"),
        Reason(
            "NOT_FINITE", FAILED, "stopped: a product with the matrix, or the right-hand side, is not finite"
        ),
        Reason(
            "ZERO_CURVATURE", STALLED, "met a direction p with pᵀAp = 0: the matrix is not positive definite"
        ),
        Reason("PROGRESS", STALLED, "stopped: the last iterations added too little to the decrease of q"),
        Reason(
            "BAD_PRECONDITIONER",
            FAILED,
            "stopped: the preconditioner is not positive definite, rᵀM⁻¹r ≤ 0 for a residual r",
        ),
    )

    @property
    def not_positive(self) -> Array:
        """Whether a direction p with pᵀAp ≤ 0 ended it: the matrix is not positive definite."""
        return (self.code == self.NEGATIVE_CURVATURE) | (self.code == self.ZERO_CURVATURE)


@hyperparameters
class RelativeProgress:
    """Stop where the last k iterations lowered q by too small a part: i > k, qᵢ < 0 and

        (qᵢ − qᵢ₋ₖ) / qᵢ < k ε,    k = max(window, ⌈part · i⌉).

    q is 0 at x = 0: with qᵢ < 0 the iterate is a better one than none, whatever it set out from.

    Args:
        tol: ε > 0.
        window: the least k, a Python integer ≥ 1.
        part: ≥ 0; of the iterations done, that k counts at least.

    Raises:
        ValueError: if a number is out of its range.

    Source: Martens 2010, "Deep learning via Hessian-free optimization", section 4.4.

    Example:
        >>> values = -(1 - 0.5 ** jnp.arange(40.0))  # half of what is left in each iteration
        >>> rule = RelativeProgress(tol=1e-4)
        >>> next(i for i in range(40) if rule.met(values, i))  # 2⁻ⁱ 1023 < 1e-3
        20
    """

    tol: float | Array = 5e-4
    window: int = static(10)
    part: float | Array = 0.1

    def check(self) -> None:
        check_at_least("tol", self.tol, 0.0, strictly=True)
        check_count("window", self.window)
        check_at_least("part", self.part, 0.0)

    def met(self, values: Array, i: int | Array) -> Array:
        """Whether iteration i is the last, with q₀ … qᵢ in ``values``."""
        share = jnp.ceil(self.part * i - 1e-4).astype(jnp.int32)  # 0.1 · 70 is a little above 7
        k = jnp.maximum(self.window, share)
        now, before = values[i], values[jnp.maximum(i - k, 0)]
        return (i > k) & (now < 0) & (now - before > k * self.tol * now)
