"""curvlib's methods inside live figures: compiled, they give what JAX gives."""

import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import curvlib as cl
from livefig import CompileError
from livefig.compiler import compile
from tests.livefig.javascript import check, code, engine, rosenbrock

START = np.array([-1.2, 1.0])
RANDOM = np.random.default_rng(1)
INPUTS = RANDOM.normal(size=(60, 3))
TARGETS = (INPUTS @ np.array([1.0, -2.0, 0.5]) + RANDOM.normal(size=60) > 0).astype(float)
METHODS = {
    "descent": cl.GradientDescent(1e-3),
    "newton": cl.Newton(),
    "marquardt": cl.Newton(damping=1.0),
}
RACERS = {
    "descent": lambda kappa: cl.GradientDescent(2 / (1 + kappa)),
    "momentum": lambda kappa: cl.FirstOrder(optax.sgd(1 / kappa, momentum=0.9)),
    "adam": lambda kappa: cl.FirstOrder(optax.adam(0.1)),
    "newton": lambda kappa: cl.Newton(),
    "damped": lambda kappa: cl.Newton(damping=1.0),
}


def race(kappa, angle, start):
    """Each method's 200 steps on the same quadratic, as a figure would draw them."""
    problem, outputs = cl.problems.quadratic(kappa, angle), {}
    for name, method in RACERS.items():
        trace = cl.minimize(problem, method(kappa), start, steps=200, tol=1e-8, path=True)
        outputs[name] = {
            "path": trace.path, "losses": trace.losses, "norms": trace.gradient_norms, "steps": trace.steps,
            "status": trace.status,
        }  # fmt: skip
    return outputs


def logistic(w, inputs, targets):
    logits = inputs @ w
    return jnp.mean(jnp.logaddexp(0.0, logits) - targets * logits) + 0.005 * w @ w


def valley(p):
    return jnp.array([10.0 * (p[1] - p[0] ** 2), 1.0 - p[0]])


def test_minimize(record_property):
    start = time.perf_counter()
    program = compile(race, 100.0, 0.5, START)
    seconds = time.perf_counter() - start
    states = [(1.0, 0.0, START), (1000.0, 1.2, -START), (37.0, 0.3, np.array([2.0, 2.0]))]
    check(race, 100.0, 0.5, START, rtol=1e-7, atol=1e-12, others=states)
    engine().eval(f"const racing = ({program.source})(runtime), from = Float64Array.of(-1.2, 1);")
    run_all = "for (let k = 0; k < 300; k++) racing(100 + k, 0.5, from);"
    timed = f"{{const t = Date.now(); {run_all} (Date.now() - t) / 300}}"
    milliseconds = min(engine().eval(timed) for _ in range(3))
    record_property("five methods of 200 steps: compiled in s", round(seconds, 2))
    record_property("five methods of 200 steps: ms a run", round(milliseconds, 3))
    record_property("five methods of 200 steps: bytes", len(program.source))
    assert [leaf.name for leaf in program.outputs if leaf.name.startswith("adam")] == [
        "adam.losses", "adam.norms", "adam.path", "adam.status", "adam.steps",
    ]  # fmt: skip
    assert ".set(" not in program.source, "no record is copied"
    # Each method's part ends with a value and a gradient of its own, for the record of the last point.
    assert len(program.source) < 36_000


def test_diverging_and_other_problems():
    def diverge(rate, start):
        trace = cl.minimize(cl.Objective(rosenbrock), cl.GradientDescent(rate), start, steps=40, path=True)
        return {"path": trace.path, "steps": trace.steps, "status": trace.status}

    check(diverge, 1.0, START, rtol=1e-9, others=[(1e-3, START), (1.0, np.array([np.nan, 1.0]))])
    objective = cl.Objective(lambda w: logistic(w, INPUTS, TARGETS))
    check(
        lambda start: cl.minimize(objective, cl.Newton(), start, steps=8, path=True).path,
        np.zeros(3), rtol=1e-8, atol=1e-12,
    )  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_programs_do_not_grow_with_the_steps(name):
    def path(steps):
        objective = cl.Objective(rosenbrock)
        return lambda x: cl.minimize(objective, METHODS[name], x, steps=steps, path=True).path

    assert code(path(100), START) == code(path(1000), START)


def test_error_within_curvlib_names_the_users_line():
    problem = cl.Objective(lambda x: jax.scipy.special.gammainc(x[0], 1.0))
    with pytest.raises(CompileError, match=r"test_methods_in_figures\.py:\d+\."):
        compile(lambda x: cl.minimize(problem, cl.GradientDescent(0.1), x, steps=3).params, START)


@pytest.mark.parametrize("method", [cl.GaussNewton(), cl.LevenbergMarquardt()])
def test_live_figures_can_run_it(method):
    def run(start):
        trace = cl.minimize(cl.LeastSquares(valley), method, start, steps=15, path=True)
        return trace.path, trace.losses, trace.status.code

    check(run, START, rtol=1e-8, atol=1e-20)
