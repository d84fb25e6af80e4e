"""L-BFGS: equal to the inverse that it never forms, as thrifty as scipy's, and never silent."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

import curvlib as cl
from curvlib.methods.lbfgs import remember, two_loop

DIGITS = Path(__file__).parents[3] / "chapters" / "digits.csv.gz"


def quadratic(n=1000, kappa=1e4):
    ell = jnp.geomspace(1.0, kappa, n)
    return cl.Objective(lambda x: 0.5 * jnp.sum(ell * x * x)), jnp.ones(n)


def rosenbrock(n=100):
    def loss(x):
        return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    return cl.Objective(loss), jnp.where(jnp.arange(n) % 2 == 0, -1.2, 1.0)


def digits():
    table = np.loadtxt(DIGITS, delimiter=",")
    inputs = jnp.asarray(np.c_[table[:, :-1] / 16, np.ones(len(table))])
    labels = jnp.asarray(table[:, -1].astype(int))
    softmax = cl.likelihoods.Categorical()
    return cl.Supervised(lambda w, x: x @ w.reshape(65, 10), softmax, inputs, labels, 1e-4), jnp.zeros(650)


def pairs_of(n, count, seed=0):
    """Pairs (s, y = As) of a quadratic with the matrix A."""
    draw = np.random.default_rng(seed)
    root = draw.normal(size=(n, n))
    s = draw.normal(size=(count, n))
    return s, s @ (root @ root.T + np.eye(n))


@pytest.mark.parametrize("memory, count", [(1, 1), (3, 2), (4, 4), (3, 7), (10, 8)])
def test_two_loops_are_the_materialised_inverse(memory, count):
    """H ← VᵀHV + ρssᵀ with V = I − ρysᵀ from γI, over the last pairs (Nocedal & Wright 7.19)."""
    n = 12
    s, y = pairs_of(n, count)
    state = cl.LBFGS(memory).init(cl.Objective(lambda x: jnp.sum(x**2)), jnp.ones(n))
    for one, change in zip(s, y, strict=True):
        state = remember(state, jnp.asarray(one), jnp.asarray(change))
    kept = list(zip(s, y, strict=True))[-memory:]
    inverse = np.eye(n) * (kept[-1][0] @ kept[-1][1]) / (kept[-1][1] @ kept[-1][1])
    for one, change in kept:
        rho = 1 / (one @ change)
        V = np.eye(n) - rho * np.outer(change, one)
        inverse = V.T @ inverse @ V + rho * np.outer(one, one)
    vectors = np.random.default_rng(1).normal(size=(5, n))
    found = np.stack([two_loop(state, jnp.asarray(v)) for v in vectors])
    np.testing.assert_allclose(found, vectors @ inverse, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(two_loop(state, jnp.asarray(y[-1])), s[-1], rtol=1e-10)  # the secant equation


def test_pairs_that_are_forgotten_do_not_count():
    state = cl.LBFGS(3).init(cl.Objective(lambda x: jnp.sum(x**2)), jnp.ones(2))
    state = remember(state, jnp.array([1.0, 0.0]), jnp.array([4.0, 1.0]))
    state = state._replace(used=jnp.int32(0))
    np.testing.assert_array_equal(two_loop(state, jnp.array([3.0, 5.0])), [3, 5])


def test_a_pair_without_positive_curvature_is_not_stored():
    state = cl.LBFGS(3).init(cl.Objective(lambda x: jnp.sum(x**2)), jnp.ones(2))
    state = remember(state, jnp.array([1.0, 0.0]), jnp.array([2.0, 0.0]))
    for y in ([-1.0, 0.0], [0.0, 1.0], [0.0, 0.0]):
        after = remember(state, jnp.array([1.0, 0.0]), jnp.array(y))
        assert after.used == after.stored == 1
        np.testing.assert_array_equal(after.changes, state.changes)
        assert after.scaling == state.scaling


@pytest.mark.parametrize("make", [quadratic, rosenbrock, digits], ids=lambda make: make.__name__)
def test_it_needs_no_more_evaluations_an_iteration_than_scipys(make):
    problem, start = make()
    trace = cl.minimize(problem, cl.LBFGS(), start, 5000, tol=1e-8)
    steps = int(trace.steps)
    assert trace.status.converged
    ours = (1 + int(np.sum(trace.details["evaluations"][:steps]))) / steps
    both = jax.jit(jax.value_and_grad(problem.loss))
    options = {"maxcor": 10, "ftol": 0, "gtol": 1e-8 / np.sqrt(start.size), "maxiter": 9000, "maxfun": 20000}
    theirs = scipy.optimize.minimize(
        lambda x: tuple(map(np.asarray, both(x))),
        np.asarray(start),
        jac=True,
        method="L-BFGS-B",
        options=options,
    )
    assert ours <= theirs.nfev / theirs.nit + 0.02
    assert steps <= 1.1 * theirs.nit


def test_the_first_step_has_length_one_where_gradients_are_long():
    trace = cl.minimize(cl.Objective(lambda p: 50 * p**2), cl.LBFGS(), jnp.array(5.0), 1, path=True)
    np.testing.assert_allclose(trace.path[1], 4.0, rtol=1e-12)
    assert trace.details["evaluations"][0] == 1


def test_the_record_has_the_losses_that_the_search_has_computed():
    problem, start = rosenbrock(4)
    trace = cl.minimize(problem, cl.LBFGS(), start, 20, path=True)
    for point, loss, length in zip(trace.path, trace.losses, trace.gradient_norms, strict=True):
        np.testing.assert_allclose(loss, problem.loss(point), rtol=1e-12)
        np.testing.assert_allclose(length, jnp.linalg.norm(jax.grad(problem.loss)(point)), rtol=1e-9)
    assert np.all(np.diff(trace.losses) < 0)


def test_pytrees_single_precision_and_one_program():
    problem = cl.Objective(lambda p: jnp.sum((p["a"] - 1) ** 2) + jnp.sum((p["b"] * p["a"][0] - 2) ** 4))
    start = {"a": jnp.zeros(2, jnp.float32), "b": jnp.zeros((2, 2), jnp.float32)}
    trace = jax.jit(lambda p: cl.minimize(problem, cl.LBFGS(5), p, 60, tol=1e-3))(start)
    assert trace.status.converged and trace.params["b"].dtype == jnp.float32


CASES = {
    "flat": (lambda p: 0.0 * jnp.sum(p), jnp.ones(2), "converged"),
    "already there": (lambda p: jnp.sum(p**2), jnp.zeros(2), "converged"),
    "linear": (lambda p: jnp.sum(p), jnp.ones(2), "UNBOUNDED"),
    "not finite at the start": (lambda p: jnp.sum(jnp.log(p)), -jnp.ones(2), "BAD_START"),
    "barrier": (lambda p: jnp.sum(p - jnp.log(p)), jnp.full(2, 1e-3), "converged"),
    "kink": (lambda p: jnp.sum(jnp.abs(p)), jnp.array([1.0, 0.3]), "STAGNATED"),
    "saddle's ridge": (lambda p: p[0] ** 2 - p[1] ** 2 + p[1] ** 4, jnp.array([1.0, 1e-3]), "converged"),
}


@pytest.mark.parametrize("name", CASES)
def test_hard_cases_end_with_a_status(name):
    loss, start, expected = CASES[name]
    trace = cl.minimize(cl.Objective(loss), cl.LBFGS(), start, 300, tol=1e-7)
    if expected == "converged":
        assert trace.status.converged
    else:
        assert trace.status == getattr(cl.Status, expected), str(trace.status)
    assert np.all(np.isfinite(trace.params))


def test_other_data_are_refused_in_a_sentence():
    problem, start = digits()
    with pytest.raises(TypeError, match="all data"):
        cl.train(problem, cl.LBFGS(), start, 100, 5, jax.random.key(0))
    method = cl.LBFGS()
    with pytest.raises(TypeError, match="gradients"):
        method.step(problem, start, method.init(problem, start), curvature=problem)


@pytest.mark.parametrize("options", [{"memory": 0}, {"memory": 2.5}, {"line_search": cl.Armijo()}])
def test_what_does_not_fit_gets_a_sentence(options):
    with pytest.raises((ValueError, TypeError), match=r"memory|StrongWolfe"):
        cl.LBFGS(**options)
