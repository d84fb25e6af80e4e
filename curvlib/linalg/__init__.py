"""Linear algebra the methods share: symmetric and least-squares solves, conjugate gradients, Lanczos's
iteration, the trust-region subproblem, roots."""

from curvlib.linalg.dense import (
    SymmetricSolution,
    at_least_float32,
    column_lengths,
    condition_number,
    is_indefinite,
    is_negative,
    norm,
    shifted_inverse,
    solve_symmetric,
)
from curvlib.linalg.kronecker import (
    NearestKronecker,
    damping_split,
    kronecker_product,
    mean_eigenvalue,
    nearest_kronecker,
)
from curvlib.linalg.krylov import CGResult, conjugate_gradients
from curvlib.linalg.least_squares import (
    LeastSquaresSolution,
    damped_triangle,
    is_full_rank,
    solve_least_squares,
    solve_normal_equations,
    triangularize,
    undamped_step,
)
from curvlib.linalg.roots import inverse_root, polar_factor
from curvlib.linalg.spectrum import LanczosResult, lanczos
from curvlib.linalg.stopping import CGOutcome, RelativeProgress
from curvlib.linalg.trust_region import TrustRegionStep, check_radius, trust_region_step

__all__ = [
    "CGOutcome",
    "CGResult",
    "LanczosResult",
    "LeastSquaresSolution",
    "NearestKronecker",
    "RelativeProgress",
    "SymmetricSolution",
    "TrustRegionStep",
    "at_least_float32",
    "check_radius",
    "column_lengths",
    "condition_number",
    "conjugate_gradients",
    "damped_triangle",
    "damping_split",
    "inverse_root",
    "is_full_rank",
    "is_indefinite",
    "is_negative",
    "kronecker_product",
    "lanczos",
    "mean_eigenvalue",
    "nearest_kronecker",
    "norm",
    "polar_factor",
    "shifted_inverse",
    "solve_least_squares",
    "solve_normal_equations",
    "solve_symmetric",
    "triangularize",
    "trust_region_step",
    "undamped_step",
]
