"""Problems that the public tests of other libraries try, by every method that fits: each ends with the right
status, and at the minimum where there is one to reach."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import curvlib as cl
from curvlib.status import Status

MINIMISE, HELPERS = "optimistix tests/test_minimise.py", "optimistix tests/helpers.py"
LINE_SEARCH, LBFGS = "optax _src/linesearch_test.py", "optax _src/lbfgs_test.py"
LEAST_SQUARES, OPTIMIZE = (
    "scipy optimize/tests/test_least_squares.py",
    "scipy optimize/tests/test_optimize.py",
)

FIRST = {
    "gradient descent": cl.GradientDescent(1e-3),
    "Adam": cl.FirstOrder(optax.adam(3e-3)),
    "L-BFGS": cl.FirstOrder(optax.lbfgs()),
}
SECOND = {
    "Newton": cl.Newton(),
    "Newton, Armijo": cl.Newton(line_search=cl.Armijo()),
    "Newton, CG": cl.Newton(solve=cl.CG(50), line_search=cl.Armijo()),
    "Newton, floor": cl.Newton(eigenvalue_floor=1e-3, line_search=cl.Armijo()),
    "trust region": cl.TrustRegionNewton(),
}
SQUARES = {
    "Gauss–Newton": cl.GaussNewton(),
    "Gauss–Newton, Armijo": cl.GaussNewton(line_search=cl.Armijo()),
    "Levenberg–Marquardt": cl.LevenbergMarquardt(),
    "Levenberg–Marquardt, plain": cl.LevenbergMarquardt(acceleration=None),
    "Levenberg–Marquardt, identity": cl.LevenbergMarquardt(scaling="identity"),
}
METHODS = FIRST | SECOND | SQUARES


class Case(NamedTuple):
    """A problem; where it comes from; where it starts; its least loss, or None where there is no such or the
    methods find different ones; and the methods to try."""

    source: str
    problem: type[cl.Objective | cl.LeastSquares]
    function: Callable
    start: list[float]
    least: float | None
    methods: tuple[str, ...]


def loss(source: str, function: Callable, start: list[float], least: float | None) -> Case:
    """An ordinary problem, for methods that need no step size."""
    return Case(source, cl.Objective, function, start, least, ("L-BFGS", *SECOND))


def corner(source: str, function: Callable, start: list[float], least: float | None) -> Case:
    """A problem at which the status is the question, for all methods."""
    return Case(source, cl.Objective, function, start, least, (*FIRST, *SECOND))


def squares(source: str, function: Callable, start: list[float], least: float | None) -> Case:
    """A sum of squares, whose least value is half of what the sources that do not halve it say."""
    return Case(source, cl.LeastSquares, function, start, least, ("trust region", *SQUARES))


def one_of(functions: list[Callable], p: jax.Array, number: jax.Array) -> jax.Array:
    """The value at p of the function of that number."""
    return jax.lax.switch(number, functions, p)


def himmelblau(p):
    return (p[0] ** 2 + p[1] - 11) ** 2 + (p[0] + p[1] ** 2 - 7) ** 2


def beale(p):
    x, y = p
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def eggholder(p):
    x, y = p
    first = (y + 47) * jnp.sin(jnp.sqrt(jnp.abs(x / 2 + y + 47)))
    return -first - x * jnp.sin(jnp.sqrt(jnp.abs(x - y - 47)))


def zakharov(p):
    slope = jnp.sum(0.5 * jnp.arange(1, p.size + 1) * p)
    return jnp.sum(p**2) + slope**2 + slope**4


def quadratic(p):
    return p @ jnp.array([[2.0, -1.0], [-1.0, 3.0]]) @ p + jnp.array([-100.0, 5.0]) @ p + 100


def walled(p):
    return jnp.where(p[0] < 0, 1.79769313e308, p[0] + 1 / p[0])


def variably_dimensioned(p):
    slope = jnp.sum(jnp.arange(1, p.size + 1) * (p - 1))
    return jnp.concatenate([p - 1, jnp.stack([slope, slope**2])])


def trigonometric(p):
    factor = jnp.arange(1, p.size + 1)
    return p.size - jnp.sum(jnp.cos(p)) + factor * (1 - jnp.cos(p)) - jnp.sin(p)


def penalty(p):
    index, small = jnp.arange(2, p.size + 1), jnp.sqrt(1e-5)
    targets = jnp.exp(index / 10) + jnp.exp((index - 1) / 10)
    growth = jnp.exp(p / 10)
    return jnp.concatenate(
        [
            p[:1] - 0.2,
            small * (growth[1:] + growth[:-1] - targets),
            small * (growth[1:] - jnp.exp(-1 / 10)),
            jnp.sum(jnp.arange(p.size, 0, -1) * p**2)[None] - 1,
        ]
    )


def tridiagonal(p):
    return ((3 - p) * p + 1).at[1:].add(-p[:-1]).at[:-1].add(-2 * p[1:])


def boundary_value(p):
    u = jnp.zeros((5, 5)).at[1:-1, 1:-1].set(p.reshape(3, 3))
    neighbours = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]
    return (neighbours - 4 * u[1:-1, 1:-1] + u[1:-1, 1:-1] ** 3).ravel()


CASES = {
    # Solvable ones
    "himmelblau": loss(MINIMISE, himmelblau, [1.0, 1.0], 0.0),
    "himmelblau from afar": loss(LBFGS, himmelblau, [92.0, 1e-3], 0.0),
    "matyas": loss(MINIMISE, lambda p: 0.26 * p @ p - 0.48 * p[0] * p[1], [6.0, 6.0], 0.0),
    "beale": loss(MINIMISE, beale, [2.0, 0.0], 0.0),
    "no loss at the start": loss(HELPERS, lambda p: p @ p - 1, [1.0], -1.0),
    "no loss at the start, 2-d": loss("optimistix issue 47", lambda p: p @ p - 2, [1.0, 1.0], -2.0),
    "a quadratic": loss(MINIMISE, quadratic, [2.0, 3.0], -1352.5),
    "eggholder": loss(LBFGS, eggholder, [6.0, 6.0], None),
    "zakharov": loss(LBFGS, zakharov, [600.0, 700.0, 200.0, 100.0, 90.0, 1e3], 0.0),
    "polynomial": loss(LINE_SEARCH, lambda p: jnp.sum(-p - p**3 + p**4), [0.0], -1.0),
    "exponential": loss(LINE_SEARCH, lambda p: jnp.sum(jnp.exp(-4 * p) + p**2), [-1.0], 0.361891),
    "sine": loss(LINE_SEARCH, lambda p: -jnp.sin(10 * p[0]), [0.3], -1.0),
    "steep": loss(LBFGS, lambda p: jnp.mean((1e4 * p) ** 2), [1.0, 1.0], 0.0),
    "cosine": loss(OPTIMIZE + ", gh-20214", lambda p: jnp.cos(p[0]), [0.1], -1.0),
    # Corners: a kink, flat, infinite, unbounded, nowhere finite, solved
    "kink": corner(LBFGS, lambda p: jnp.sum(jnp.abs(100 - p**3)), [1.0, 1.0], 0.0),
    "flat": corner(LINE_SEARCH, lambda p: jnp.exp(-1 / p[0] ** 2), [-0.2], 0.0),
    "infinite": corner(LINE_SEARCH, lambda p: jnp.log(p[0]), [1.0], None),
    "minus infinity": corner(OPTIMIZE + ", gh-2019", lambda p: -jnp.exp(-p[0]), [0.0], None),
    "a line": corner(OPTIMIZE + ", gh-2067", lambda p: p[0], [1.0], None),
    "a line from NaN": corner(OPTIMIZE + ", gh-2067", lambda p: p[0], [np.nan], None),
    "NaN": corner(OPTIMIZE + ", gh-4793", lambda p: p[0] * jnp.nan, [0.0], None),
    "NaN but at the start": corner(
        OPTIMIZE + ", gh-4793", lambda p: jnp.where(p[0] == 0, p[0], jnp.nan), [0.0], None
    ),
    "a wall": corner(OPTIMIZE + ", gh-2169", walled, [10.0], 2.0),
    "solved at the start": corner(LINE_SEARCH, lambda p: p @ p, [0.0, 0.0], 0.0),
    # Sums of squares
    "fewer residuals than parameters": squares(
        LEAST_SQUARES, lambda p: 10 * (p[1] - p[0] ** 2)[None], [-2.0, 1.0], 0.0
    ),
    "rosenbrock": squares(
        LEAST_SQUARES, lambda p: jnp.stack([10 * (p[1] - p[0] ** 2), 1 - p[0]]), [-2.0, 1.0], 0.0
    ),
    "no Jacobian at the minimum": squares(LEAST_SQUARES, lambda p: p**2 + 5, [2.0], 12.5),
    "no Jacobian at the start": squares(LEAST_SQUARES, lambda p: p**2 + 5, [0.0], 12.5),
    "tiny": squares(LEAST_SQUARES + ", gh-18793", lambda p: (p - 1e-12) ** 2, [1.1e-12], 0.0),
    "a singular start": squares(
        "optimistix issue 204", lambda p: (p - jnp.array([1.0, 2.0])) ** 2, [2.0, 2.0], 0.0
    ),
    "solved residuals": squares(HELPERS, lambda p: p - 1, [1.0, 1.0], 0.0),
    "variably dimensioned": squares(MINIMISE, variably_dimensioned, 1 - np.arange(1, 11) / 10, 0.0),
    "trigonometric": squares(MINIMISE, trigonometric, np.full(10, 0.1), None),
    "penalty II": squares(MINIMISE, penalty, np.full(4, 0.5), 9.37629e-6 / 2),
    "tanh": squares("optimistix tests/test_best_so_far.py", lambda p: p - jnp.tanh(p + 1), [0.0], 0.0),
    "tridiagonal": squares(LEAST_SQUARES, tridiagonal, -np.ones(10), 0.0),
    "boundary value": squares(LEAST_SQUARES, boundary_value, np.full(9, 0.5), 0.0),
}

BAD_START = dict.fromkeys((*FIRST, *SECOND), "BAD_START")
# What is not CONVERGED. STEPS: slow, or it never ends. STAGNATED: a gradient within the tolerance does not
# exist, or needs a loss of more digits.
EXPECTED = {
    "himmelblau": {"Newton, Armijo": "NO_DESCENT"},
    "polynomial": {"Newton": "SINGULAR", "Newton, Armijo": "SINGULAR"},
    "cosine": {"Newton": "NOT_A_MINIMUM", "Newton, Armijo": "NO_DESCENT"},
    "kink": {
        "gradient descent": "STEPS",
        "Adam": "STEPS",
        "L-BFGS": "STAGNATED",
        "Newton": "NOT_A_MINIMUM",  # at 0, where −p³ has an inflection
        "Newton, Armijo": "NO_DESCENT",
        "Newton, CG": "STAGNATED",
        "Newton, floor": "STAGNATED",
        "trust region": "STAGNATED",
    },
    "infinite": {
        "gradient descent": "DIVERGED",
        "Adam": "DIVERGED",
        "L-BFGS": "UNBOUNDED",
        "Newton": "NOT_A_MINIMUM",  # it goes uphill, to infinity
        "Newton, Armijo": "NO_DESCENT",
        "Newton, CG": "STAGNATED",  # where 1/p² overflows
        "Newton, floor": "STAGNATED",
        "trust region": "STEPS",
    },
    "minus infinity": {
        "gradient descent": "UNBOUNDED",
        "Adam": "STEPS",
        "L-BFGS": "UNBOUNDED",
        "Newton": "NOT_A_MINIMUM",
        "Newton, Armijo": "NO_DESCENT",
        "Newton, CG": "UNBOUNDED",
        "Newton, floor": "UNBOUNDED",
        "trust region": "UNBOUNDED",
    },
    "a line": {
        "gradient descent": "STEPS",
        "Adam": "STEPS",
        "L-BFGS": "STEPS",
        "Newton": "SINGULAR",
        "Newton, Armijo": "SINGULAR",
        "Newton, CG": "STEPS",
        "Newton, floor": "STEPS",
        "trust region": "UNBOUNDED",
    },
    "a line from NaN": BAD_START,
    "NaN": BAD_START,
    "NaN but at the start": {
        "gradient descent": "DIVERGED",
        "Adam": "DIVERGED",
        "L-BFGS": "STEPS",  # optax's search gives up with an update of zero, as a warm-up has it too
        "Newton": "SINGULAR",
        "Newton, Armijo": "SINGULAR",
        "Newton, CG": "STAGNATED",
        "Newton, floor": "STAGNATED",
        "trust region": "STEPS",
    },
    "a wall": {"gradient descent": "STEPS", "Adam": "STEPS"},
    "no Jacobian at the minimum": {
        "Gauss–Newton": "STEPS or CLIMBED",  # chaos
        "Gauss–Newton, Armijo": "STAGNATED",
        "Levenberg–Marquardt, identity": "STAGNATED",
    },
    "penalty II": {"Gauss–Newton": "STEPS or CLIMBED"},
}
# The full step lands behind the wall, on a plateau as high as numbers go.
PLATEAUS = {("a wall", "Newton")}


def kind(case: Case) -> tuple:
    """What a compiled run is for: the class of problem, how many parameters, and how many residuals."""
    return case.problem, len(case.start), np.shape(jax.eval_shape(case.function, jnp.array(case.start)))


FUNCTIONS: dict[tuple, list[Callable]] = {}
for each in CASES.values():
    FUNCTIONS.setdefault(kind(each), []).append(each.function)
CHOICES = {kind: partial(one_of, functions) for kind, functions in FUNCTIONS.items()}


def problem_of(case: Case) -> cl.Objective | cl.LeastSquares:
    """The problem, its function chosen by a number among those of its kind: one compiled run serves all."""
    return case.problem(CHOICES[kind(case)], FUNCTIONS[kind(case)].index(case.function))


@pytest.mark.parametrize(
    ("name", "method"), [(name, method) for name, case in CASES.items() for method in case.methods]
)
def test_it_ends_with_the_right_status(name, method):
    case = CASES[name]
    steps = 3000 if method in ("gradient descent", "Adam") else 600
    trace = cl.minimize(problem_of(case), METHODS[method], jnp.array(case.start), steps, tol=1e-8)
    expected = EXPECTED.get(name, {}).get(method, "CONVERGED")
    assert Status.REASONS[int(trace.status.code)].name in expected.split(" or "), str(trace.status)
    if expected != "BAD_START":
        assert np.all(np.isfinite(trace.params)) and np.all(np.isfinite(trace.losses))
    if expected == "CONVERGED":
        assert trace.gradient_norms[-1] <= 1e-8
        if case.least is not None and (name, method) not in PLATEAUS:
            np.testing.assert_allclose(trace.losses[-1], case.least, rtol=1e-5, atol=1e-8)


def test_no_negative_curvature_is_seen_where_there_is_none():
    """On a line pᵀHp is zero: to conjugate gradients not positive, and yet no sign of a saddle."""
    slope = cl.Objective(lambda p: 1e-9 * p[0])
    assert cl.minimize(slope, SECOND["Newton, CG"], jnp.zeros(1), 5, tol=1e-8).status == Status.CONVERGED


@pytest.mark.parametrize(
    "transformation", [optax.adam(3e-3), optax.adam(3e-2), optax.sgd(1e-3, momentum=0.95)]
)
def test_momentum_that_runs_past_the_minimum_has_not_stagnated(transformation):
    case = CASES["sine"]
    method = cl.FirstOrder(transformation)
    trace = cl.minimize(problem_of(case), method, jnp.array(case.start), 3000, tol=1e-8)
    assert trace.status == Status.CONVERGED
