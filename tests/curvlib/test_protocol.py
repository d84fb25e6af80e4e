"""What a method may be and say, and what the loop makes of it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl
from curvlib.hyperparameters import hyperparameters, static
from curvlib.status import CONVERGED, FAILED, STALLED, UNFINISHED, Outcome, Reason, Status

BOWL = cl.problems.quadratic(10.0)
START = jnp.array([1.0, 1.0])


# Hyperparameters


@hyperparameters
class Remembering:
    """Gradient descent that keeps its last gradients, in a buffer and by a loop whose sizes are static."""

    rate: "int | float" = 0.1
    memory: int = static(3)
    iterations: int = static(2)
    weight: "float" = 1

    def init(self, problem, params, key=None):
        return jnp.zeros((self.memory, params.size))

    def step(self, problem, params, state, curvature=None):
        loss, gradient = jax.value_and_grad(problem.loss)(params)
        for _ in range(self.iterations):
            state = jnp.roll(state, 1, axis=0).at[0].set(gradient)
        return params - self.rate * gradient, state, cl.Info(loss, jnp.linalg.norm(gradient))


def test_static_hyperparameters_reach_shapes_and_loops():
    trace = cl.minimize(BOWL, Remembering(memory=5), START, steps=4)
    np.testing.assert_allclose(trace.params, START * np.array([0.9, 0.0]) ** 4)
    assert jax.tree.leaves(Remembering(memory=5, iterations=7)) == [0.1, 1.0]
    assert jax.tree.structure(Remembering(memory=5)) != jax.tree.structure(Remembering(memory=6))
    rebuilt = jax.tree.map(lambda x: x, Remembering(memory=5))
    assert rebuilt.memory == 5 and dataclasses.asdict(rebuilt) == dataclasses.asdict(Remembering(memory=5))


def test_floats_are_leaves_however_they_are_annotated_and_given():
    traced = 0

    @hyperparameters
    class Counting(Remembering):
        def step(self, problem, params, state, curvature=None):
            nonlocal traced
            traced += 1
            return Remembering.step(self, problem, params, state)

    for rate in (0.1, 1, np.float64(0.05), np.int64(0)):
        assert isinstance(Counting(rate=rate).rate, float)
        cl.minimize(BOWL, Counting(rate=rate), START, steps=2)
    once = traced
    cl.minimize(BOWL, Counting(rate=0.07), START, steps=2)
    assert traced == once


# Statuses


def test_a_status_knows_its_kind_wherever_it_stands():
    class Later(Outcome):
        REASONS = (
            Reason("BROKE", FAILED, "broke down"),
            Reason("WELL", CONVERGED, "converged: well"),
            Reason("ENOUGH", UNFINISHED, "took all its steps"),
            Reason("STUCK", STALLED, "stagnated"),
            Reason("APPENDED", FAILED, "broke down later"),
        )

    assert (Later.BROKE, Later.APPENDED) == (0, 4)
    every = Later(jnp.arange(5))
    assert every.failed.tolist() == [True, False, False, False, True]
    assert every.converged.tolist() == [False, True, False, False, False]
    assert not jax.jit(lambda code: Later(code).converged)(4)
    assert str(Later(4)) == "broke down later"


def test_every_reason_of_a_run_is_of_its_kind():
    kinds = {reason.name: reason.kind for reason in Status.REASONS}
    for name, reason in ((name, Status.REASONS[getattr(Status, name)]) for name in kinds):
        assert reason.sentence.startswith("converged") == (reason.kind == CONVERGED), name
    assert kinds["NOT_A_MINIMUM"] == FAILED and kinds["STAGNATED"] == STALLED


# The loop


@hyperparameters
class Drawing:
    """A random search: it moves only where a drawn step descends."""

    draws = True
    scale: float = 1.0

    def init(self, problem, params, key=None):
        return jnp.int32(0), key

    def step(self, problem, params, state, curvature=None):
        count, key = state
        loss, gradient = jax.value_and_grad(problem.loss)(params)
        trial = params + self.scale * jax.random.normal(jax.random.fold_in(key, count), params.shape)
        better = problem.loss(trial) < loss
        moved = jnp.where(better, trial, params)
        return moved, (count + 1, key), cl.Info(loss, jnp.linalg.norm(gradient))


def test_a_method_that_draws_and_did_not_move_has_not_stagnated():
    trace = cl.minimize(BOWL, Drawing(0.5), START / 4, steps=400, key=jax.random.key(1), path=True)
    waits = np.all(np.diff(trace.path, axis=0) == 0, axis=1)
    assert waits[:50].any() and trace.status == Status.STEPS and trace.losses[-1] < trace.losses[0] / 10


def counted(loss):
    """The loss, and how often its value is computed at run time."""
    seen = []

    def watched(params):
        jax.debug.callback(lambda value: seen.append(float(value)), params[0])
        return loss(params)

    return watched, seen


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_so_many_steps_cost_so_many_steps(steps):
    """And a value with a gradient at the end, for the record."""
    taken = []

    @hyperparameters
    class Walking:
        def init(self, problem, params, key=None):
            return jnp.int32(0)

        def step(self, problem, params, state, curvature=None):
            jax.debug.callback(lambda k: taken.append(int(k)), state)
            loss, gradient = jax.value_and_grad(problem.loss)(params)
            info = cl.Info(loss, jnp.linalg.norm(gradient), details={"k": state})
            return params - 0.05 * gradient, state + 1, info

    watched, seen = counted(BOWL.loss)
    trace = cl.minimize(cl.Objective(watched), Walking(), START, steps, path=True)
    jax.effects_barrier()
    assert sorted(taken) == list(range(steps)) and len(seen) == steps + 1
    assert trace.steps == steps and trace.status == Status.STEPS
    np.testing.assert_allclose(trace.losses[-1], BOWL.loss(trace.params))
    np.testing.assert_allclose(trace.gradient_norms[-1], np.linalg.norm(jax.grad(BOWL.loss)(trace.params)))
    assert trace.details["k"].tolist() == [*range(steps), steps - 1]


def test_a_run_that_ends_in_the_tolerance_with_its_last_step_has_converged():
    trace = cl.minimize(BOWL, cl.Newton(), START, steps=1, tol=1e-8)
    assert trace.status == Status.CONVERGED and trace.steps == 1


def test_the_last_step_may_lead_nowhere():
    wall = cl.Objective(lambda p: jnp.where(p[0] < 0.3, jnp.nan, p[0] ** 2))
    trace = cl.minimize(wall, cl.GradientDescent(0.3), jnp.array([2.0]), steps=2, path=True)
    assert trace.status == Status.STEPS and trace.steps == 2
    trace = cl.minimize(wall, cl.GradientDescent(0.3), jnp.array([2.0]), steps=3, path=True)
    assert trace.status == Status.DIVERGED and trace.steps == 2
    np.testing.assert_allclose(trace.path[:, 0], [2.0, 0.8, 0.32, 0.32])
    np.testing.assert_allclose(trace.params, [0.32])


def test_a_long_path_is_kept_in_pieces(monkeypatch):
    monkeypatch.setattr(cl.minimize.__globals__["loop"], "BLOCK", 8)
    whole = cl.minimize(BOWL, cl.GradientDescent(0.1), START, steps=300, tol=1e-6, path=True)
    monkeypatch.setitem(cl.minimize.__globals__, "_PATH_BYTES", 16 * 64)
    pieces = cl.minimize(BOWL, cl.GradientDescent(0.1), START, steps=300, tol=1e-6, path=True)
    count = int(whole.steps) + 1
    assert whole.status == pieces.status == Status.CONVERGED and pieces.path.shape == (count, 2)
    np.testing.assert_array_equal(pieces.path, whole.path[:count])
    for name in ("losses", "gradient_norms", "params", "steps"):
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))
    diverging = cl.minimize(BOWL, cl.GradientDescent(1.0), START, steps=3000, path=True)
    assert diverging.status == Status.DIVERGED and len(diverging.path) == diverging.steps + 1
    short = cl.minimize(BOWL, cl.GradientDescent(0.1), START, steps=77, path=True)
    assert short.status == Status.STEPS and short.path.shape == (78, 2)
    np.testing.assert_allclose(short.path[-1], [0.9**77, 0.0])


@pytest.mark.parametrize("steps", [62, 63, 64, 65, 124])
def test_the_last_record_has_a_place_wherever_the_last_piece_ends(monkeypatch, steps):
    whole = cl.minimize(BOWL, cl.GradientDescent(0.1), START, steps, path=True)
    monkeypatch.setitem(cl.minimize.__globals__, "_PATH_BYTES", 16)  # pieces of 32 records
    pieces = cl.minimize(BOWL, cl.GradientDescent(0.1), START, steps, path=True)
    for name in ("path", "losses", "gradient_norms", "params", "steps"):
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))


# What problems give


class Wrapper:
    """Passes everything on, but its own loss."""

    def __init__(self, problem):
        self.problem = problem

    def __getattr__(self, name):
        return getattr(self.problem, name)

    def loss(self, params):
        return 2 * self.problem.loss(params)


jax.tree_util.register_pytree_node(Wrapper, lambda w: ((w.problem,), None), lambda _, c: Wrapper(*c))


def test_a_wrapped_problem_is_not_taken_for_what_it_wraps():
    line = cl.LeastSquares(lambda p: p - 3.0)
    assert cl.minimize(Wrapper(line), cl.Newton(), START, steps=5).losses[0] == 2 * line.loss(START)
    for method in (cl.GaussNewton(), cl.LevenbergMarquardt()):
        with pytest.raises(TypeError, match="Wrapper"):
            cl.minimize(Wrapper(line), method, START, steps=5)


@pytest.mark.parametrize("kappa", [10.0, 1e9])
def test_the_jacobian_of_another_problem_is_factorized_too(kappa):
    """κ(JᵀJ) = 1e18: the Gram matrix is no longer known to be definite; by QR of J its rank is seen."""
    generator = np.random.default_rng(0)
    left, right = (np.linalg.qr(generator.normal(size=(n, n)))[0] for n in (12, 4))
    matrix = jnp.asarray((left[:, :4] * np.geomspace(1, 1 / kappa, 4)) @ right.T)
    problem = cl.LeastSquares(lambda p: matrix @ (p - 1.0))

    def step(method):
        state = method.init(problem, jnp.zeros(4))
        moved, _, info = method.step(problem, jnp.zeros(4), state, curvature=problem)
        return np.linalg.norm(moved - 1), bool(info.details["full_rank"])

    error, full_rank = step(cl.GaussNewton())
    assert full_rank and error < 1e-15 * kappa**2  # the gradient Jᵀr is rounded: no method gets more digits
    assert step(cl.GaussNewton(solve=cl.Dense()))[1] == (kappa == 10)


def test_linalg_knows_no_problems():
    import ast
    from pathlib import Path

    for file in (Path(cl.__file__).parent / "linalg").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            assert not (isinstance(node, ast.ImportFrom) and "problems" in (node.module or "")), file.name
