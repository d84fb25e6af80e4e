"""What is minimised: problems as pytrees, and named instances whose minima are known."""

from curvlib.problems.landscapes import (
    LANDSCAPES,
    Landscape,
    double_well,
    himmelblau,
    monkey_saddle,
    product_saddle,
    quartic,
    rosenbrock,
    scaled_valley,
    square_root,
)
from curvlib.problems.least_squares import LeastSquares
from curvlib.problems.objective import Objective, check_problem, gives
from curvlib.problems.quadratics import quadratic, random_rotation, rotation, spectrum
from curvlib.problems.supervised import Supervised

__all__ = [
    "LANDSCAPES",
    "Landscape",
    "LeastSquares",
    "Objective",
    "Supervised",
    "check_problem",
    "double_well",
    "gives",
    "himmelblau",
    "monkey_saddle",
    "product_saddle",
    "quadratic",
    "quartic",
    "random_rotation",
    "rosenbrock",
    "rotation",
    "scaled_valley",
    "spectrum",
    "square_root",
]
