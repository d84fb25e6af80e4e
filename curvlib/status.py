"""Why something iterative stopped: an integer code inside ``jit``, a sentence outside."""

from __future__ import annotations

import functools
import operator
import re
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
        brief: what happened in a few words that "after 12 steps" may follow, for figures and tables; by
            default the sentence up to its first colon or semicolon.
    """

    name: str
    kind: str
    sentence: str
    brief: str = ""


class Outcome:
    """A reason to stop. ``str(outcome)`` is a sentence; ``outcome == Class.NAME`` compares codes, also inside
    jit.

    A subclass lists its reasons; the code of each is its place, and an attribute of its name.

    Attributes:
        code: an int32 scalar (or an array of them, for several runs at once); the only leaf.
        BRIEF: the brief of each reason, by its code: the ``words`` of a live figure that returns a code.
    """

    REASONS: ClassVar[tuple[Reason, ...]] = ()
    BRIEF: ClassVar[list[str]] = []

    def __init_subclass__(cls) -> None:
        cls.BRIEF = [reason.brief or re.split("[:;]", reason.sentence)[0] for reason in cls.REASONS]
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
    BAD_PRECONDITIONER: ClassVar[int]

    REASONS: ClassVar[tuple[Reason, ...]] = (
        Reason(
            "STEPS", UNFINISHED, "took all its steps without reaching the tolerance", brief="not finished"
        ),
        Reason(
            "CONVERGED", CONVERGED, "converged: the gradient norm is within the tolerance", brief="converged"
        ),
        Reason(
            "STAGNATED",
            STALLED,
            "stagnated: in this precision no further step changes the parameters, or makes loss or gradient "
            "smaller",
            brief="stagnated",
        ),
        Reason(
            "BAD_START",
            FAILED,
            "stopped at the start: the loss or its gradient is not finite there; start where both are",
            brief="could not start",
        ),
        Reason(
            "DIVERGED",
            FAILED,
            "diverged: the loss or its gradient stopped being finite; the last finite point is kept; "
            "take smaller steps or more damping",
            brief="diverged",
        ),
        Reason(
            "SINGULAR",
            FAILED,
            "stopped: the method's linear system is singular, so there is no step; damp it (damping=…), or "
            "use cl.LevenbergMarquardt()",
            brief="met a singular system",
        ),
        Reason(
            "CLIMBED",
            FAILED,
            "took all its steps and ended above its start; take smaller steps or more damping",
            brief="above its start",
        ),
        Reason(
            "NO_DESCENT",
            FAILED,
            "stopped: the step's direction does not descend, so no small step along it helps; "
            "damp it, or give it an eigenvalue floor or a trust region (cl.TrustRegionNewton())",
            brief="found no direction of descent",
        ),
        Reason(
            "UNBOUNDED",
            FAILED,
            "unbounded: the loss fell without limit; the problem has no minimum in this direction",
            brief="fell without limit",
        ),
        Reason(
            "BAD_CURVATURE",
            FAILED,
            "stopped: the curvature is not finite here, though loss and gradient are, so there is no step; "
            "look for a second derivative that does not exist",
            brief="met a curvature that is not finite",
        ),
        Reason(
            "NOT_A_MINIMUM",
            FAILED,
            "stationary, but not a minimum: the Hessian has a negative eigenvalue here, and this method "
            "cannot leave; start elsewhere, or use cl.TrustRegionNewton()",
            brief="stationary, at no minimum",
        ),
        Reason(
            "CONVERGED_STEP",
            CONVERGED,
            "converged: the next step is within the step tolerance, relative to the parameters",
            brief="converged",
        ),
        Reason(
            "CONVERGED_DECREASE",
            CONVERGED,
            "converged: the decrease that the model still predicts is within the tolerance, relative to the "
            "loss",
            brief="converged",
        ),
        Reason(
            "CONVERGED_ANGLE",
            CONVERGED,
            "converged: the residuals are orthogonal to every column of the Jacobian, within the angle "
            "tolerance",
            brief="converged",
        ),
        Reason(
            "BAD_PRECONDITIONER",
            FAILED,
            "stopped: the preconditioner is not positive definite, rᵀM⁻¹r ≤ 0 for a residual r, so "
            "conjugate gradients cannot use it",
            brief="met a preconditioner that is not positive definite",
        ),
    )
