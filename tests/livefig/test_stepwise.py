"""Functions of very many operations run one by one, and give what they give when they are compiled."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import livefig as live
from livefig import stepwise
from tests.livefig.javascript import run

STEPS = 60


def rosenbrock(x, k):
    return (1 - x[0]) ** 2 + k * (x[1] - x[0] ** 2) ** 2


def step(x, k):
    return x - 0.001 * jax.grad(rosenbrock)(x, k)


def unrolled(k, start):
    path = [start]
    for _ in range(STEPS):
        path.append(step(path[-1], k))
    return {"path": jnp.stack(path), "twice": 2 * k, "steps": STEPS}


def looped(k, start):
    _, path = lax.scan(lambda x, _: (step(x, k), x), start, None, length=STEPS + 1)
    return path


class NotCompiled:
    """A jitted function that may be traced, but not called."""

    def __init__(self, function):
        self.trace = jax.jit(function).trace
        self.__name__ = function.__name__

    def __call__(self, *arguments):
        raise AssertionError("XLA was asked")


@pytest.mark.parametrize("function", [unrolled, jax.jit(unrolled), lambda *a: {"all": unrolled(*a)}])
def test_many_operations_run_one_by_one(function):
    call = stepwise.unless_short(NotCompiled(function))
    got, want = call(10.0, jnp.array([-1.2, 1.0])), jax.eval_shape(function, 10.0, jnp.zeros(2))
    assert jax.tree.structure(got) == jax.tree.structure(want)
    assert [x.dtype for x in jax.tree.leaves(got)] == [x.dtype for x in jax.tree.leaves(want)]
    path = max(jax.tree.leaves(got), key=np.size)
    np.testing.assert_allclose(path, looped(10.0, jnp.array([-1.2, 1.0])), rtol=1e-12)


def test_few_operations_are_compiled():
    with pytest.raises(AssertionError, match="XLA was asked"):
        stepwise.unless_short(NotCompiled(looped))(10.0, jnp.zeros(2))


def test_a_figure_of_an_unrolled_loop_is_compiled_stepwise():
    def descent(k, start):
        outputs = unrolled(k, start)
        return {**outputs, "noise": np.random.default_rng().normal() * k}

    fig = live.figure(
        descent,
        [live.slider("k", 1, 99, value=10), live.point("start", (-1.2, 1.0), bounds=((-3, 3), (-3, 3)))],
        [live.plane([live.contours(valley), live.path("path")], xlim=(-3, 3), ylim=(-3, 3), drag=["start"])],
        summary="{noise:.9f}",
    )
    fig.k = 20
    got = run(fig.definition.program, 20.0, np.array([-1.2, 1.0]))
    np.testing.assert_allclose(got["path"], looped(20.0, jnp.array([-1.2, 1.0])), rtol=1e-11)
    for name, value in fig.outputs.items():
        np.testing.assert_allclose(value, got[name], rtol=1e-11, err_msg=name)


def valley(point, k):
    """A field that takes many operations: where descent from a point ends."""
    return rosenbrock(unrolled(k, point)["path"][-1], k)
