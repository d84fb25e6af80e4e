"""Why something iterative stopped: an integer code inside ``jit``, a sentence outside."""

from __future__ import annotations

from typing import Any, ClassVar

import jax
import numpy as np


class Outcome:
    """A reason to stop. ``str(outcome)`` is a sentence; ``outcome == Class.NAME`` compares codes, also inside
    jit.

    A subclass lists its sentences, and names their positions.

    Attributes:
        code: an int32 scalar (or an array of them, for several runs at once); the only leaf.
    """

    SENTENCES: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        jax.tree_util.register_pytree_node(
            cls, lambda self: ((self.code,), None), lambda _, leaves: cls(*leaves)
        )

    def __init__(self, code: Any) -> None:
        self.code = code

    def __eq__(self, other: object) -> Any:
        return self.code == (other.code if isinstance(other, Outcome) else other)

    def __ne__(self, other: object) -> Any:
        return self.code != (other.code if isinstance(other, Outcome) else other)

    __hash__ = None  # type: ignore[assignment]  # equality is by a traced value

    def __str__(self) -> str:
        if isinstance(self.code, jax.core.Tracer):
            return f"{type(self).__name__}({self.code})"
        codes = np.atleast_1d(np.asarray(self.code)).ravel()
        if np.any((codes < 0) | (codes >= len(self.SENTENCES))):
            return f"no reason with the code {self.code} is known"
        if codes.size == 1:
            return self.SENTENCES[int(codes[0])]
        counts = [(int(np.sum(codes == code)), sentence) for code, sentence in enumerate(self.SENTENCES)]
        return "\n".join(f"{count} of {codes.size}: {sentence}" for count, sentence in counts if count)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.code}: {self})"


class Status(Outcome):
    """Why a minimization stopped.

    Example:
        >>> str(Status(Status.CONVERGED))
        'converged: the gradient norm is within the tolerance'
    """

    (
        STEPS,
        CONVERGED,
        STAGNATED,
        BAD_START,
        DIVERGED,
        SINGULAR,
        CLIMBED,
        NO_DESCENT,
        UNBOUNDED,
        BAD_CURVATURE,
        CONVERGED_STEP,
        CONVERGED_DECREASE,
        CONVERGED_ANGLE,
    ) = range(13)

    SENTENCES: ClassVar[tuple[str, ...]] = (
        "took all its steps without reaching the tolerance",
        "converged: the gradient norm is within the tolerance",
        "stagnated: the last step was too small to change the parameters or the loss in this precision",
        "stopped at the start: the loss or its gradient is not finite there; start where both are",
        "diverged: the loss or its gradient stopped being finite; the last finite point is kept; "
        "take smaller steps or more damping",
        "stopped: the method's linear system is singular, so there is no step; add damping",
        "took all its steps and ended above its start; take smaller steps or more damping",
        "stopped: the step's direction does not descend, so no step along it helps; "
        "add damping or an eigenvalue floor",
        "unbounded: the loss fell without limit; the problem has no minimum in this direction",
        "stopped: the curvature is not finite here, though loss and gradient are, so there is no step; "
        "look for a second derivative that does not exist",
        "converged: the next step is within the step tolerance, relative to the parameters",
        "converged: the decrease that the model still predicts is within the tolerance, relative to the loss",
        "converged: the residuals are orthogonal to every column of the Jacobian, within the angle tolerance",
    )

    @property
    def failed(self) -> Any:
        """Whether it broke down, one boolean for each run; also inside jit."""
        return (self.code >= Status.BAD_START) & (self.code < Status.CONVERGED_STEP)

    @property
    def converged(self) -> Any:
        """Whether it met a tolerance, one boolean for each run; also inside jit."""
        return (self.code == Status.CONVERGED) | (self.code >= Status.CONVERGED_STEP)
