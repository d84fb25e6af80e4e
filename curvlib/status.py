"""Why something iterative stopped: an integer code inside ``jit``, a sentence outside."""

from __future__ import annotations

import functools
import operator
from typing import Any, ClassVar, NamedTuple

import jax
import numpy as np

UNFINISHED, STALLED, CONVERGED, FAILED = "unfinished", "stalled", "converged", "failed"


class Reason(NamedTuple):
    """A reason to stop.

    Attributes:
        name: what the class of outcomes calls its code.
        kind: "unfinished" if it ran out of steps, "stalled" if it can do no more, "converged" if it met a
            tolerance, "failed" if it broke down.
        sentence: what happened, and what to do about it.
    """

    name: str
    kind: str
    sentence: str


class Outcome:
    """A reason to stop. ``str(outcome)`` is a sentence; ``outcome == Class.NAME`` compares codes, also inside
    jit.

    A subclass lists its reasons; the code of each is its place, and an attribute of its name.

    Attributes:
        code: an int32 scalar (or an array of them, for several runs at once); the only leaf.
    """

    REASONS: ClassVar[tuple[Reason, ...]] = ()

    def __init_subclass__(cls) -> None:
        for code, reason in enumerate(cls.REASONS):
            setattr(cls, reason.name, code)
        jax.tree_util.register_pytree_node(
            cls, lambda self: ((self.code,), None), lambda _, leaves: cls(*leaves)
        )

    def __init__(self, code: Any) -> None:
        self.code = code

    @property
    def failed(self) -> Any:
        """Whether it broke down, one boolean for each run; also inside jit."""
        return self._is(FAILED)

    @property
    def converged(self) -> Any:
        """Whether it met a tolerance, one boolean for each run; also inside jit."""
        return self._is(CONVERGED)

    def _is(self, kind: str) -> Any:
        codes = [code for code, reason in enumerate(self.REASONS) if reason.kind == kind]
        return functools.reduce(operator.or_, [self.code == code for code in codes])

    def __eq__(self, other: object) -> Any:
        return self.code == (other.code if isinstance(other, Outcome) else other)

    def __ne__(self, other: object) -> Any:
        return self.code != (other.code if isinstance(other, Outcome) else other)

    __hash__ = None  # type: ignore[assignment]  # equality is by a traced value

    def __str__(self) -> str:
        if isinstance(self.code, jax.core.Tracer):
            return f"{type(self).__name__}({self.code})"
        codes = np.atleast_1d(np.asarray(self.code)).ravel()
        if np.any((codes < 0) | (codes >= len(self.REASONS))):
            return f"no reason with the code {self.code} is known"
        if codes.size == 1:
            return self.REASONS[int(codes[0])].sentence
        counts = [(int(np.sum(codes == code)), reason) for code, reason in enumerate(self.REASONS)]
        return "\n".join(f"{count} of {codes.size}: {reason.sentence}" for count, reason in counts if count)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.code}: {self})"


class Status(Outcome):
    """Why a minimization stopped.

    Example:
        >>> str(Status(Status.CONVERGED))
        'converged: the gradient norm is within the tolerance'
    """

    STEPS: ClassVar[int]
    CONVERGED: ClassVar[int]
    STAGNATED: ClassVar[int]
    BAD_START: ClassVar[int]
    DIVERGED: ClassVar[int]
    SINGULAR: ClassVar[int]
    CLIMBED: ClassVar[int]
    NO_DESCENT: ClassVar[int]
    UNBOUNDED: ClassVar[int]
    BAD_CURVATURE: ClassVar[int]
    NOT_A_MINIMUM: ClassVar[int]
    CONVERGED_STEP: ClassVar[int]
    CONVERGED_DECREASE: ClassVar[int]
    CONVERGED_ANGLE: ClassVar[int]

    REASONS: ClassVar[tuple[Reason, ...]] = (
        Reason("STEPS", UNFINISHED, "took all its steps without reaching the tolerance"),
        Reason("CONVERGED", CONVERGED, "converged: the gradient norm is within the tolerance"),
        Reason(
            "STAGNATED",
            STALLED,
            "stagnated: in this precision no further step changes the parameters, or makes loss or gradient "
            "smaller",
        ),
        Reason(
            "BAD_START",
            FAILED,
            "stopped at the start: the loss or its gradient is not finite there; start where both are",
        ),
        Reason(
            "DIVERGED",
            FAILED,
            "diverged: the loss or its gradient stopped being finite; the last finite point is kept; "
            "take smaller steps or more damping",
        ),
        Reason(
            "SINGULAR",
            FAILED,
            "stopped: the method's linear system is singular, so there is no step; damp it "
            "(cl.Newton(damping=…), cl.LevenbergMarquardt())",
        ),
        Reason(
            "CLIMBED",
            FAILED,
            "took all its steps and ended above its start; take smaller steps or more damping",
        ),
        Reason(
            "NO_DESCENT",
            FAILED,
            "stopped: the step's direction does not descend, so no small step along it helps; "
            "damp it, or give it an eigenvalue floor or a trust region (cl.TrustRegionNewton())",
        ),
        Reason(
            "UNBOUNDED",
            FAILED,
            "unbounded: the loss fell without limit; the problem has no minimum in this direction",
        ),
        Reason(
            "BAD_CURVATURE",
            FAILED,
            "stopped: the curvature is not finite here, though loss and gradient are, so there is no step; "
            "look for a second derivative that does not exist",
        ),
        Reason(
            "NOT_A_MINIMUM",
            FAILED,
            "stationary, but not a minimum: the Hessian has a negative eigenvalue here, and this method "
            "cannot leave; start elsewhere, or use cl.TrustRegionNewton()",
        ),
        Reason(
            "CONVERGED_STEP",
            CONVERGED,
            "converged: the next step is within the step tolerance, relative to the parameters",
        ),
        Reason(
            "CONVERGED_DECREASE",
            CONVERGED,
            "converged: the decrease that the model still predicts is within the tolerance, relative to the "
            "loss",
        ),
        Reason(
            "CONVERGED_ANGLE",
            CONVERGED,
            "converged: the residuals are orthogonal to every column of the Jacobian, within the angle "
            "tolerance",
        ),
    )
