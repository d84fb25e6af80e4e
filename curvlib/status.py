"""Why a minimization stopped: an integer code inside ``jit``, a sentence outside."""

from __future__ import annotations

from typing import ClassVar

import jax
import numpy as np

from curvlib.problems import Array


@jax.tree_util.register_pytree_node_class
class Status:
    """The reason a run stopped. ``str(status)`` is a sentence; ``status == Status.CONVERGED`` compares codes.

    Attributes:
        code: an int32 scalar (or an array of them, for several runs at once); the only leaf.

    Example:
        >>> str(Status(Status.CONVERGED))
        'converged: the gradient norm is within the tolerance'
    """

    STEPS, CONVERGED, STAGNATED, BAD_START, DIVERGED, SINGULAR, CLIMBED = range(7)

    SENTENCES: ClassVar[tuple[str, ...]] = (
        "took all its steps without reaching the tolerance",
        "converged: the gradient norm is within the tolerance",
        "stagnated: the last step was too small to change the parameters in this precision",
        "stopped at the start: the loss or its gradient is not finite there; start where both are",
        "diverged: the loss or its gradient stopped being finite; the last finite point is kept; "
        "take smaller steps or more damping",
        "stopped: the method's linear system is singular, so there is no step; add damping",
        "took all its steps and ended above its start; take smaller steps or more damping",
    )

    def __init__(self, code: int | Array) -> None:
        self.code = code

    @property
    def failed(self) -> bool:
        """Whether it broke down (bad start, divergence, singular system, net climb). Outside jit only."""
        return bool(np.any(np.asarray(self.code) >= Status.BAD_START))

    def __eq__(self, other: object) -> bool:
        return self.code == (other.code if isinstance(other, Status) else other)

    __hash__ = None  # type: ignore[assignment]  # equality is by a traced value

    def __str__(self) -> str:
        codes = np.atleast_1d(np.asarray(self.code)).ravel()
        if codes.size == 1:
            return self.SENTENCES[int(codes[0])]
        counts = [(int(np.sum(codes == code)), sentence) for code, sentence in enumerate(self.SENTENCES)]
        return "\n".join(f"{count} of {codes.size}: {sentence}" for count, sentence in counts if count)

    def __repr__(self) -> str:
        if isinstance(self.code, jax.core.Tracer):
            return f"Status({self.code})"
        return f"Status({self.code}: {self})"

    def tree_flatten(self) -> tuple[tuple[int | Array], None]:
        return (self.code,), None

    @classmethod
    def tree_unflatten(cls, _: None, leaves: tuple[int | Array]) -> Status:
        return cls(*leaves)
