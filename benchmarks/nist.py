"""Nonlinear least squares on NIST's certified problems: digits reached, and the time they take."""

import re
import statistics
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import scipy.optimize

import curvlib as cl
from benchmarks.run import Group

ABOUT = (
    "NIST's 27 certified nonlinear regressions from both starts: whole solves, in double precision, each "
    "solver at a tolerance beyond which it gains no digits (curvlib: its own; optimistix 1e-11; scipy 1e-15)"
)
PEERS = ("optimistix", "lineax", "equinox")

Array = jax.Array

DATA = Path(__file__).parent / "downloads"
SOURCE = "lmfit==1.3.4"  # its source distribution carries NIST's files
STEPS = 10_000
OURS = "curvlib LevenbergMarquardt"
# Compared by the digits they reach, not by their time: some do not stop where they have failed.
BY_DIGITS = {
    "curvlib Newton": cl.Newton(),
    "curvlib Newton, Armijo": cl.Newton(line_search=cl.Armijo()),
    "curvlib TrustRegionNewton": cl.TrustRegionNewton(),
    "curvlib GaussNewton, Armijo": cl.GaussNewton(line_search=cl.Armijo()),
    "curvlib LevenbergMarquardt, plain": cl.LevenbergMarquardt(acceleration=None),
    "curvlib LevenbergMarquardt, plain, identity": cl.LevenbergMarquardt(
        scaling="identity", acceleration=None
    ),
    "curvlib LevenbergMarquardt, accelerated": cl.LevenbergMarquardt(acceleration=0.75),
}


class Run(NamedTuple):
    """A problem from one of its two starts.

    Attributes:
        name: NIST's name and the start's number.
        model: ŷ = model(θ, x).
        start: the parameters to start from.
        certified: the parameters NIST certifies, to 11 digits.
        inputs, targets: x and y; y is what the model predicts (for Nelson, the response's logarithm).
    """

    name: str
    model: Callable[[Array, Array], Array]
    start: np.ndarray
    certified: np.ndarray
    inputs: np.ndarray
    targets: np.ndarray


def saturating(b: Array, x: Array) -> Array:
    return b[0] * (1 - jnp.exp(-b[1] * x))


def misra1b(b: Array, x: Array) -> Array:
    return b[0] * (1 - (1 + b[1] * x / 2) ** -2)


def misra1c(b: Array, x: Array) -> Array:
    return b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5)


def misra1d(b: Array, x: Array) -> Array:
    return b[0] * b[1] * x / (1 + b[1] * x)


def chwirut(b: Array, x: Array) -> Array:
    return jnp.exp(-b[0] * x) / (b[1] + b[2] * x)


def lanczos(b: Array, x: Array) -> Array:
    return b[0] * jnp.exp(-b[1] * x) + b[2] * jnp.exp(-b[3] * x) + b[4] * jnp.exp(-b[5] * x)


def gauss(b: Array, x: Array) -> Array:
    first = b[2] * jnp.exp(-((x - b[3]) ** 2) / b[4] ** 2)
    second = b[5] * jnp.exp(-((x - b[6]) ** 2) / b[7] ** 2)
    return b[0] * jnp.exp(-b[1] * x) + first + second


def danwood(b: Array, x: Array) -> Array:
    return b[0] * x ** b[1]


def kirby2(b: Array, x: Array) -> Array:
    return (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2)


def cubic_over_cubic(b: Array, x: Array) -> Array:
    numerator = b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3
    return numerator / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


def nelson(b: Array, x: Array) -> Array:
    return b[0] - b[1] * x[0] * jnp.exp(-b[2] * x[1])


def mgh17(b: Array, x: Array) -> Array:
    return b[0] + b[1] * jnp.exp(-x * b[3]) + b[2] * jnp.exp(-x * b[4])


def roszman1(b: Array, x: Array) -> Array:
    return b[0] - b[1] * x - jnp.arctan(b[2] / (x - b[3])) / jnp.pi


def enso(b: Array, x: Array) -> Array:
    def cycle(cosine: Array, sine: Array, period: Array | float) -> Array:
        angle = 2 * jnp.pi * x / period
        return cosine * jnp.cos(angle) + sine * jnp.sin(angle)

    return b[0] + cycle(b[1], b[2], 12.0) + cycle(b[4], b[5], b[3]) + cycle(b[7], b[8], b[6])


def mgh09(b: Array, x: Array) -> Array:
    return b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3])


def mgh10(b: Array, x: Array) -> Array:
    return b[0] * jnp.exp(b[1] / (x + b[2]))


def rat42(b: Array, x: Array) -> Array:
    return b[0] / (1 + jnp.exp(b[1] - b[2] * x))


def rat43(b: Array, x: Array) -> Array:
    return b[0] / (1 + jnp.exp(b[1] - b[2] * x)) ** (1 / b[3])


def eckerle4(b: Array, x: Array) -> Array:
    return b[0] / b[1] * jnp.exp(-0.5 * ((x - b[2]) / b[1]) ** 2)


def bennett5(b: Array, x: Array) -> Array:
    return b[0] * (b[1] + x) ** (-1 / b[2])


MODELS: dict[str, Callable[[Array, Array], Array]] = {
    # lower level of difficulty, by NIST's own rating
    "Misra1a": saturating,
    "Chwirut2": chwirut,
    "Chwirut1": chwirut,
    "Lanczos3": lanczos,
    "Gauss1": gauss,
    "Gauss2": gauss,
    "DanWood": danwood,
    "Misra1b": misra1b,
    # average
    "Kirby2": kirby2,
    "Hahn1": cubic_over_cubic,
    "Nelson": nelson,
    "MGH17": mgh17,
    "Lanczos1": lanczos,
    "Lanczos2": lanczos,
    "Gauss3": gauss,
    "Misra1c": misra1c,
    "Misra1d": misra1d,
    "Roszman1": roszman1,
    "ENSO": enso,
    # higher
    "MGH09": mgh09,
    "Thurber": cubic_over_cubic,
    "BoxBOD": saturating,
    "Rat42": rat42,
    "MGH10": mgh10,
    "Eckerle4": eckerle4,
    "Rat43": rat43,
    "Bennett5": bennett5,
}


def groups() -> Iterator[Group]:
    solvers: dict[str, dict[str, Callable[[Array], Array]]] = {}
    untimed: dict[str, dict[str, Callable[[Array], Array]]] = {}
    for run in runs():
        problem = run.name.split(",")[0]
        if problem not in solvers:  # its two starts share what is compiled
            solvers[problem], untimed[problem] = solve_by(run), solve_by_digits(run)
        start, all_of_them = jnp.asarray(run.start), solvers[problem] | untimed[problem]
        reached = {name: digits(solve(start), run.certified) for name, solve in all_of_them.items()}
        assert reached[OURS] >= 6, f"{run.name}: {reached}"
        yield Group(
            run.name,
            {name: lambda f=solve, b=start: f(b) for name, solve in solvers[problem].items()},
            {"digits": {name: round(value, 2) for name, value in reached.items()}},
        )


def solve_by(run: Run) -> dict[str, Callable[[Array], Array]]:
    """The solvers: functions of the start that return the parameters they reach; compiled as a whole where
    they can be."""
    problem = least_squares(run)
    residuals, jacobian = jax.jit(problem.residuals), jax.jit(jax.jacfwd(problem.residuals))

    def by_optimistix(start: Array) -> Array:
        solver = optimistix.LevenbergMarquardt(rtol=1e-11, atol=1e-11)
        solution = optimistix.least_squares(
            lambda b, _: problem.residuals(b), solver, start, max_steps=STEPS, throw=False
        )
        return solution.value

    def by_scipy(start: Array, method: str) -> Array:
        return scipy.optimize.least_squares(
            lambda b: np.asarray(residuals(b)),
            start,
            jac=lambda b: np.asarray(jacobian(b)),
            method=method,
            x_scale="jac",
            xtol=1e-15,
            ftol=1e-15,
            gtol=1e-15,
            max_nfev=STEPS,
        ).x

    return {
        "optimistix LevenbergMarquardt": jax.jit(by_optimistix),
        OURS: jax.jit(lambda start: cl.minimize(problem, cl.LevenbergMarquardt(), start, STEPS).params),
        "curvlib GaussNewton": jax.jit(
            lambda start: cl.minimize(problem, cl.GaussNewton(), start, STEPS).best_params
        ),
        "scipy lm": lambda start: by_scipy(start, "lm"),
        "scipy trf": lambda start: by_scipy(start, "trf"),
    }


def solve_by_digits(run: Run) -> dict[str, Callable[[Array], Array]]:
    """The methods of ``BY_DIGITS``, as ``solve_by``; each returns the best point that it saw."""
    problem = least_squares(run)

    def solver(method: cl.Method) -> Callable[[Array], Array]:
        return jax.jit(lambda start: cl.minimize(problem, method, start, STEPS).best_params)

    return {name: solver(method) for name, method in BY_DIGITS.items()}


def least_squares(run: Run) -> cl.LeastSquares:
    """The sum of squares of a run's problem."""
    return cl.LeastSquares(
        lambda b, x, y: run.model(b, x) - y, jnp.asarray(run.inputs), jnp.asarray(run.targets)
    )


def summary(groups: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Of each solver: in how many runs it has six digits, and over all runs the median of its digits; if it
    was timed, also the median of its seconds and of its ratio to the first solver."""

    def median(name: str, key: str) -> float:
        return float(f"{statistics.median(group[name][key]['median'] for group in groups.values()):.4g}")

    found = {}
    timed = next(iter(groups.values()))
    for name in next(iter(facts.values()))["digits"]:
        reached = [fact["digits"][name] for fact in facts.values()]
        found[name] = {
            "runs": len(reached),
            "with six digits": sum(value >= 6 for value in reached),
            "median digits": round(statistics.median(reached), 2),
        }
        if name in timed:
            found[name] |= {key: median(name, key.split()[1]) for key in ("median seconds", "median ratio")}
    return found


def runs() -> Iterator[Run]:
    """All problems, each from both of its starts."""
    folder = fetched()
    for name, model in MODELS.items():
        starts, certified, table = read(folder / f"{name}.dat")
        targets, inputs = table[0], table[1:] if len(table) > 2 else table[1]
        if name == "Nelson":
            targets = np.log(targets)
        for number, start in enumerate(starts, 1):
            yield Run(f"{name}, start {number}", model, start, certified, inputs, targets)


def read(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both starts (2, n), the certified parameters (n,) and the columns of data of one of NIST's files."""
    lines = path.read_text().splitlines()
    parameters = [line.split("=")[1].split() for line in lines if re.match(r"\s*b\d+ =", line)]
    values = np.array(parameters, float)
    first = max(number for number, line in enumerate(lines) if line.startswith("Data:"))
    table = np.array([line.split() for line in lines[first + 1 :] if line.strip()], float)
    return values[:, :2].T, values[:, 2], table.T


def fetched() -> Path:
    """The folder of NIST's files, fetched with pip at the first call."""
    folder = DATA / "NIST_STRD"
    if not folder.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "lmfit"]
        subprocess.run([*pip, "--dest", str(DATA), SOURCE], check=True)
        (archive,) = DATA.glob("lmfit-*.tar.gz")
        with tarfile.open(archive) as contents:
            for member in contents:
                if "/NIST_STRD/" in member.name and member.name.endswith(".dat"):
                    member.name = Path(member.name).name
                    contents.extract(member, folder, filter="data")
    return folder


def digits(parameters: np.ndarray, certified: np.ndarray) -> float:
    """−log₁₀ of the largest relative error: the correct digits of the worst parameter, from 0 to 11."""
    error = np.max(np.abs(np.asarray(parameters) / certified - 1))
    return float(np.clip(-np.log10(max(error, 1e-11)), 0, 11)) if np.isfinite(error) else 0.0
