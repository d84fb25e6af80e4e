"""Whole solves by L-BFGS: curvlib's, optax's, SciPy's and jaxopt's, to the same gradient norm."""

import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import jaxopt
import numpy as np
import optax
import scipy.optimize

import curvlib as cl
from benchmarks.run import Group

ABOUT = (
    "L-BFGS with ten pairs, in double precision, from the start until the gradient's norm is at most 1e-8: "
    "whole solves, each library with its own line search; optax, jaxopt and curvlib in compiled loops, "
    "scipy's L-BFGS-B with a compiled gradient. Evaluations of loss and gradient are by their own count; "
    "those an iteration are of six starts, five of them moved by 1e-9, since a run hangs on the last bit"
)
PEERS = ("jaxopt",)
TOL = 1e-8
MEMORY = 10
REFERENCE = "optax lbfgs"
STEPS = 3000

HERE = Path(__file__).parent
DATA = HERE / "downloads"
DIGITS = HERE.parent / "chapters" / "digits.csv.gz"
SOURCE = "scikit-learn==1.7.2"  # a wheel carries the table; which one it is does not matter
TABLE = "sklearn/datasets/data/breast_cancer.csv"

Array = jax.Array


class Solution(NamedTuple):
    """Where a solver ended, after how many iterations and, by its own count, evaluations."""

    params: Any
    iterations: Any
    evaluations: Any


Problem = cl.Objective | cl.Supervised
Solver = Callable[[Problem, Array], Solution]


def groups() -> Iterator[Group]:
    for name, (problem, start) in problems().items():
        solutions = {label: solve(problem, start) for label, solve in SOLVERS.items()}
        spent = {label: said(solution) for label, solution in solutions.items()}
        moved = [start + 1e-9 * jax.random.normal(jax.random.key(k), start.shape) for k in range(5)]
        for label, solve in SOLVERS.items():
            every = [spent[label], *(said(solve(problem, other)) for other in moved)]
            evaluations, iterations = (
                sum(one[key] for one in every) for key in ("evaluations", "iterations")
            )
            spent[label]["evaluations an iteration"] = round(evaluations / iterations, 3)
        gradient = jax.jit(jax.grad(problem.loss))
        norms = {label: float(jnp.linalg.norm(gradient(one.params))) for label, one in solutions.items()}
        yield Group(
            name,
            {
                label: lambda f=solve, problem=problem, start=start: f(problem, start).params
                for label, solve in SOLVERS.items()
            },
            {
                **{key: {label: one[key] for label, one in spent.items()} for key in spent[REFERENCE]},
                "gradient norms": {label: float(f"{norm:.2e}") for label, norm in norms.items()},
                "above the tolerance": [label for label, norm in norms.items() if not norm <= TOL],
            },
        )


def said(solution: Solution) -> dict[str, float]:
    """How far a solver went, and what it says to have spent."""
    iterations, evaluations = int(solution.iterations), int(solution.evaluations)
    return {"iterations": iterations, "evaluations": evaluations}


def problems() -> dict[str, tuple[Problem, Array]]:
    """The problems, by their names, and where to start."""
    stretch = jnp.geomspace(1.0, 1e4, 1000)
    table = np.loadtxt(fetched(), delimiter=",", skiprows=1)
    columns = (table[:, :-1] - table[:, :-1].mean(0)) / table[:, :-1].std(0)
    digits = np.loadtxt(DIGITS, delimiter=",")
    tumours = cl.Supervised(
        lambda w, x: x @ w,
        cl.likelihoods.Bernoulli(),
        with_constant(columns),
        jnp.asarray(table[:, -1]),
        l2=1e-4,
    )
    images = cl.Supervised(
        lambda w, x: x @ w.reshape(x.shape[1], -1),
        cl.likelihoods.Categorical(),
        with_constant(digits[:, :-1] / 16),
        jnp.asarray(digits[:, -1].astype(int)),
        l2=1e-4,
    )
    return {
        "quadratic, n = 1000": (
            cl.Objective(lambda x, by: 0.5 * jnp.sum(by * x**2), stretch),
            jnp.ones(1000),
        ),
        "logistic regression, n = 31": (tumours, jnp.zeros(31)),
        "softmax regression, n = 650": (images, jnp.zeros(650)),
        "Rosenbrock, n = 100": (cl.Objective(valley), jnp.tile(jnp.array([-1.2, 1.0]), 50)),
    }


def valley(x: Array) -> Array:
    return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def with_constant(columns: np.ndarray) -> Array:
    return jnp.asarray(np.c_[columns, np.ones(len(columns))])


def fetched() -> Path:
    """The table of breast tumours that scikit-learn ships, fetched with pip at the first call."""
    path = DATA / Path(TABLE).name
    if not path.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        wheel = ["--platform", "manylinux2014_x86_64", "--python-version", "3.13"]  # one for every machine
        subprocess.run([*pip, *wheel, "--dest", str(DATA), SOURCE], check=True)
        (archive,) = DATA.glob("scikit_learn-*.whl")
        with zipfile.ZipFile(archive) as contents:
            path.write_bytes(contents.read(TABLE))
    return path


@jax.jit
def by_curvlib(problem: Problem, start: Array) -> Solution:
    trace = cl.minimize(problem, cl.LBFGS(MEMORY), start, STEPS, tol=TOL)
    spent = trace.details["evaluations"]
    return Solution(trace.params, trace.steps, 1 + jnp.sum(spent, where=jnp.arange(len(spent)) < trace.steps))


@jax.jit
def by_optax(problem: Problem, start: Array) -> Solution:
    """The loop that optax's documentation shows, which takes value and gradient from the line search."""
    transformation = optax.lbfgs(memory_size=MEMORY)
    value_and_gradient = optax.value_and_grad_from_state(problem.loss)

    def norm(state: Any) -> Array:
        return jnp.linalg.norm(optax.tree.get(state, "grad"))

    def goes_on(carry: tuple[Array, Any, Array, Array]) -> Array:
        _, state, index, _ = carry
        return (index == 0) | ((index < STEPS) & (norm(state) > TOL))

    def step(carry: tuple[Array, Any, Array, Array]) -> tuple[Array, Any, Array, Array]:
        params, state, index, spent = carry
        value, gradient = value_and_gradient(params, state=state)
        updates, state = transformation.update(
            gradient, state, params, value=value, grad=gradient, value_fn=problem.loss
        )
        trials = optax.tree.get(state, "num_linesearch_steps")
        return optax.apply_updates(params, updates), state, index + 1, spent + trials.astype(spent.dtype)

    carry = start, transformation.init(start), jnp.int32(0), jnp.int32(1)
    params, _, index, spent = jax.lax.while_loop(goes_on, step, carry)
    return Solution(params, index, spent)


def by_scipy(problem: Problem, start: Array) -> Solution:
    """L-BFGS-B without bounds; its own tests look at single entries, so a callback ends it."""
    last: dict[str, np.ndarray] = {}

    def value_and_gradient(params: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, last["gradient"] = map(np.asarray, value_and_grad(problem, params))
        return value, last["gradient"]

    def stop(params: np.ndarray) -> None:
        if np.linalg.norm(last["gradient"]) <= TOL:  # what was evaluated last is what was accepted
            raise StopIteration

    found = scipy.optimize.minimize(
        value_and_gradient,
        np.asarray(start),
        jac=True,
        method="L-BFGS-B",
        callback=stop,
        options={"maxcor": MEMORY, "ftol": 0.0, "gtol": 0.0, "maxiter": STEPS, "maxfun": 2 * STEPS},
    )
    return Solution(found.x, found.nit, found.nfev)


@jax.jit
def value_and_grad(problem: Problem, params: Array) -> tuple[Array, Array]:
    return jax.value_and_grad(problem.loss)(params)


@jax.jit
def by_jaxopt(problem: Problem, start: Array) -> Solution:
    solver = jaxopt.LBFGS(
        lambda params, problem: problem.loss(params),
        history_size=MEMORY,
        linesearch="zoom",
        maxiter=STEPS,
        tol=TOL,
    )
    params, state = solver.run(start, problem)
    return Solution(params, state.iter_num, state.num_grad_eval)


SOLVERS: dict[str, Solver] = {
    REFERENCE: by_optax,
    "curvlib LBFGS": by_curvlib,
    "scipy L-BFGS-B": by_scipy,
    "jaxopt LBFGS": by_jaxopt,
}
