"""Hessian-free optimization: what a step equals, what it chooses and counts, and what it survives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import curvlib as cl
from curvlib.linalg import CGOutcome, conjugate_gradients
from curvlib.products import ggn_map
from tests.curvlib.test_kronecker import LIKELIHOODS, problem_of

WHOLE = {"progress": None, "tol": 1e-13, "iterations": 400, "warm": 0.0}  # the equation solved to the end


def flat(tree):
    return jax.flatten_util.ravel_pytree(tree)[0]


@jax.jit
def one_step(problem, params, method, curvature=None, state=None):
    state = method.init(problem, params) if state is None else state
    return method.step(problem, params, state, curvature)


def network(count=12, l2=0.02):
    problem, params = problem_of(cl.MLP((3, 4, 2)), LIKELIHOODS["Categorical"], count)
    return cl.Supervised(problem.predict, problem.likelihood, problem.inputs, problem.targets, l2), params


@pytest.mark.parametrize("preconditioner", [None, cl.diagonal_preconditioner])
@pytest.mark.parametrize("matrix, dense", [("ggn", cl.ggn), ("hessian", cl.hessian)])
def test_conjugate_gradients_end_at_the_dense_solution(matrix, dense, preconditioner):
    problem, params = network()
    method = cl.HessianFree(matrix=matrix, damping=0.3, preconditioner=preconditioner, **WHOLE)
    moved, state, info = one_step(problem, params, method)
    gradient = flat(jax.grad(problem.loss)(params))
    system = dense(problem, params) + 0.3 * jnp.eye(gradient.size)
    solution = -jnp.linalg.solve(system, gradient)
    np.testing.assert_allclose(flat(state.start), solution, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(flat(moved) - flat(params), solution, rtol=0.2, atol=0.02)
    np.testing.assert_allclose(info.loss, problem.loss(params), rtol=1e-12)
    assert info.details["positive_definite"] and info.details["alpha"] == 1
    if info.details["taken"] == info.details["cg_iterations"]:
        promised = -(gradient @ solution + 0.5 * solution @ system @ solution)
        ratio = (problem.loss(params) - problem.loss(moved)) / promised
        np.testing.assert_allclose(info.details["gain_ratio"], ratio, rtol=1e-8)


def test_a_linear_model_is_solved_in_a_few_steps():
    x = jax.random.normal(jax.random.key(0), (30, 4))
    y = x @ jnp.array([1.0, -2.0, 0.5, 3.0])
    problem = cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Gaussian(), x, y)
    trace = cl.minimize(problem, cl.HessianFree(damping=1e-9, progress=None), jnp.zeros(4), 10, tol=1e-8)
    assert trace.status.converged and trace.steps <= 3
    np.testing.assert_allclose(trace.params, [1.0, -2.0, 0.5, 3.0], rtol=1e-7)


def test_the_step_goes_back_to_the_last_iterate_before_the_loss_was_lower():
    """The rule on all kept iterates, by a loop of Python's, with the same roundings."""
    problem, params = network(20, 0.0)
    params = jax.tree.map(lambda W: 8 * W, params)
    went_back = 0
    for damping in (1e-4, 1e-3, 1e-2, 1e-1):
        method = cl.HessianFree(damping=damping, warm=0.0, progress=None, iterations=35, line_search=None)
        moved, _, info = one_step.__wrapped__(problem, params, method)
        product = ggn_map(problem, params).product
        found = conjugate_gradients(
            lambda v, d=damping, at=product: jax.tree.map(lambda c, x: c + d * x, at(v), v),
            jax.tree.map(jnp.negative, jax.grad(problem.loss)(params)),
            35,
            preconditioner=cl.diagonal_preconditioner(problem, params, damping),
            path=True,
        )

        def loss_at(k, path=found.iterates):
            return float(problem.loss(jax.tree.map(lambda p, x: p + x[k], params, path)))

        last = int(found.iterations)
        best, tried = last, 1
        for k in [k for k in (2, 3, 4, 6, 8, 11, 15, 20, 26, 34) if k < last][::-1]:
            tried += 1
            if not loss_at(k) < loss_at(best):
                break
            best = k
        assert info.details["taken"] == best and info.details["evaluations"] == tried
        expected = jax.tree.map(lambda p, x, k=best: p + x[k], params, found.iterates)
        np.testing.assert_allclose(flat(moved), flat(expected), rtol=1e-9)
        went_back += best < last
    assert went_back > 0


def test_backtracking_can_be_left_out():
    problem, params = network(20, 0.0)
    params = jax.tree.map(lambda W: 8 * W, params)
    options = {"warm": 0.0, "progress": None, "iterations": 35, "line_search": None}
    went_back = 0
    for damping in (1e-4, 1e-3, 1e-2, 1e-1):
        back = one_step(problem, params, cl.HessianFree(damping, **options))[2].details
        moved, state, info = one_step(problem, params, cl.HessianFree(damping, keep=0, **options))
        assert info.details["taken"] == info.details["cg_iterations"] and info.details["evaluations"] == 1
        np.testing.assert_allclose(flat(moved), flat(params) + flat(state.start), rtol=1e-12)
        went_back += back["taken"] < back["cg_iterations"]
    assert went_back > 0


def test_damping_follows_the_gain_ratio():
    problem, params = network(20)
    start = jax.tree.map(lambda W: 4 * W, params)
    seen = set()
    for method in (cl.HessianFree(damping=1e-4), cl.HessianFree(damping=10.0)):
        trace = cl.minimize(problem, method, start, 15)
        steps = int(trace.steps)
        ratios, dampings = (np.asarray(trace.details[k])[:steps] for k in ("gain_ratio", "damping"))
        for ratio, now, then in zip(ratios, dampings, dampings[1:], strict=False):
            factor = 2 / 3 if ratio > 0.75 else 1.5 if ratio < 0.25 else 1.0
            seen.add(factor)
            np.testing.assert_allclose(then / now, factor, rtol=1e-9)
    assert {2 / 3, 1.5} <= seen


def test_at_negative_curvature_the_hessian_says_so_and_damping_grows():
    problem, start = cl.problems.double_well(), jnp.array([0.1])  # L″ < 0 there
    method = cl.HessianFree(damping=1e-3, matrix="hessian")
    moved, state, info = one_step(problem, start, method)
    assert not info.details["positive_definite"] and info.details["cg_iterations"] == 0
    np.testing.assert_allclose(state.damping, 4e-3, rtol=1e-12)
    assert problem.loss(moved) < problem.loss(start)
    trace = cl.minimize(problem, method, start, 60, tol=1e-9)
    assert trace.status.converged and abs(float(trace.params[0]) - 1) < 1e-6


def test_the_gauss_newton_matrix_meets_none_where_the_hessian_does():
    problem, params = network(20, 0.0)
    params = jax.tree.map(lambda W: 3 * W, params)
    assert jnp.linalg.eigvalsh(cl.hessian(problem, params))[0] < -1e-3
    found = {
        matrix: one_step(problem, params, cl.HessianFree(matrix=matrix, damping=1e-8, progress=None))[2]
        for matrix in ("ggn", "hessian")
    }
    assert found["ggn"].details["positive_definite"] and not found["hessian"].details["positive_definite"]


def test_the_second_step_starts_from_where_the_first_ended():
    problem, params = network()
    method = cl.HessianFree(iterations=3, warm=0.8)
    moved, state, _ = one_step(problem, params, method)
    _, after, _ = one_step(problem, moved, method, state=state)
    product = ggn_map(problem, moved).product
    found = conjugate_gradients(
        lambda v: jax.tree.map(lambda c, x: c + state.damping * x, product(v), v),
        jax.tree.map(jnp.negative, jax.grad(problem.loss)(moved)),
        3,
        x0=jax.tree.map(lambda x: 0.8 * x, state.start),
        preconditioner=cl.diagonal_preconditioner(problem, moved, state.damping),
    )
    np.testing.assert_allclose(flat(after.start), flat(found.x), rtol=1e-9)


def test_work_counts_every_pass_over_the_data():
    """By hand for 3-4-2 with N rows: a pass through a layer of p inputs and q outputs costs Npq."""
    problem, params = network(10, 0.0)
    first, second = 3 * 4, 4 * 2
    gradient = 2 * first + 3 * second  # nothing goes back to the data
    loss, product = first + second, 2 * first + 4 * second + 2  # the softmax's pᵀv, too
    method = cl.HessianFree(iterations=7, preconditioner=None, progress=None)
    details = one_step(problem, params, method)[2].details
    iterations, losses = int(details["cg_iterations"]), int(details["evaluations"])
    passes = gradient + (loss + product) + iterations * product + losses * loss
    np.testing.assert_allclose(details["work"], passes / gradient, rtol=1e-12)
    quarter = cl.HessianFree(iterations=7, preconditioner=None, progress=None, model=0.5)
    details = one_step(problem, params, quarter)[2].details
    iterations, losses = int(details["cg_iterations"]), int(details["evaluations"])
    passes = gradient + (loss + product) / 2 + iterations * product / 2 + losses * loss
    np.testing.assert_allclose(details["work"], passes / gradient, rtol=1e-12)
    divided = one_step(problem, params, cl.HessianFree(iterations=7, progress=None))[2].details
    iterations, losses = int(divided["cg_iterations"]), int(divided["evaluations"])
    passes = gradient + (loss + product) + iterations * product + losses * loss
    squares = (4 * 4 + 5 * 2) + loss + second  # the rows (ā²)ᵀg², one pass forward, one back to the layers
    np.testing.assert_allclose(divided["work"], (passes + squares) / gradient, rtol=1e-12)


def test_curvature_may_come_from_other_rows_and_from_a_part():
    problem, params = network(12)
    part = problem.take(slice(0, 5))
    method = cl.HessianFree(damping=0.3, **WHOLE)
    _, state, _ = one_step(problem, params, method, curvature=part)
    gradient = flat(jax.grad(problem.loss)(params))
    solution = -jnp.linalg.solve(cl.ggn(part, params) + 0.3 * jnp.eye(gradient.size), gradient)
    np.testing.assert_allclose(flat(state.start), solution, rtol=1e-8, atol=1e-10)
    _, state, _ = one_step(problem, params, cl.HessianFree(damping=0.3, model=0.5, **WHOLE))
    half = problem.take(slice(0, 6))
    solution = -jnp.linalg.solve(cl.ggn(half, params) + 0.3 * jnp.eye(gradient.size), gradient)
    np.testing.assert_allclose(flat(state.start), solution, rtol=1e-8, atol=1e-10)


def test_a_curvature_batch_of_other_shapes_is_refused_in_a_sentence():
    problem, params = network(12)
    other = cl.Supervised(problem.predict, problem.likelihood, jnp.ones((4, 5)), jnp.zeros(4, int))
    with pytest.raises(ValueError, match="shaped like the problem's"):
        one_step(problem, params, cl.HessianFree(), curvature=other)


def test_it_trains_on_mini_batches():
    problem, params = network(40)
    trace = cl.train(problem, cl.HessianFree(), params, 20, 30, jax.random.key(0), curvature_size=10)
    assert problem.loss(trace.params) < 0.95 * problem.loss(params)


def test_least_squares_and_plain_losses():
    bent = cl.LeastSquares(lambda p: jnp.array([10 * (p[1] - p[0] ** 2), 1 - p[0]]))
    trace = cl.minimize(bent, cl.HessianFree(), jnp.array([-1.2, 1.0]), 100, tol=1e-8)
    assert trace.status.converged
    np.testing.assert_allclose(trace.params, 1.0, rtol=1e-6)
    valley = cl.problems.rosenbrock()
    trace = cl.minimize(valley, cl.HessianFree(matrix="hessian"), jnp.array([-1.2, 1.0]), 100, tol=1e-8)
    assert trace.status.converged and np.all(np.isfinite(trace.details["work"]))
    with pytest.raises(TypeError, match='matrix="hessian"'):
        cl.minimize(valley, cl.HessianFree(), jnp.ones(2), 3)
    with pytest.raises(TypeError, match="no rows"):
        cl.minimize(bent, cl.HessianFree(model=0.5), jnp.ones(2), 3)


def test_a_convolutional_model_is_as_good_as_any():
    image = jax.random.normal(jax.random.key(0), (6, 1, 5, 5))

    def predict(params, image):
        seen = jax.lax.conv_general_dilated(image, params["kernel"], (1, 1), "VALID")
        return jnp.tanh(seen).reshape(len(image), -1) @ params["out"]

    params = {"kernel": jnp.full((2, 1, 3, 3), 0.1), "out": jnp.full((18, 1), 0.1)}
    problem = cl.Supervised(predict, cl.likelihoods.Gaussian(), image, jnp.arange(6.0)[:, None])
    trace = cl.minimize(problem, cl.HessianFree(), params, 5)
    assert trace.losses[-1] < 0.5 * trace.losses[0] and np.all(np.isfinite(trace.details["work"]))


def test_a_step_of_no_length_is_a_status():
    trace = cl.minimize(cl.LeastSquares(lambda p: p - 1), cl.HessianFree(), jnp.ones(3), 50)
    assert trace.status.converged and trace.steps == 0
    flat_floor = cl.LeastSquares(lambda p: jnp.stack([p[0] - 1, jnp.ones(())]) * 1e4)
    trace = cl.minimize(flat_floor, cl.HessianFree(), jnp.array([1.0 + 1e-13]), 500)
    assert trace.steps < 100 and not trace.status.failed


def test_too_much_damping_is_no_stall():
    problem = cl.LeastSquares(lambda p: p - 1)
    trace = cl.minimize(problem, cl.HessianFree(damping=1e8), jnp.zeros(3), 500, tol=1e-9)
    assert trace.status.converged


@pytest.mark.parametrize("where", ["product", "gradient"])
def test_what_is_not_finite_is_a_status(where):
    if where == "product":  # a second derivative that does not exist
        problem = cl.Objective(lambda p: jnp.sum(jnp.abs(p) ** 1.5))
        start = jnp.array([0.0, 1.0])
    else:
        problem, start = cl.Objective(lambda p: jnp.sum(jnp.sqrt(p))), jnp.array([-1.0])
    trace = cl.minimize(problem, cl.HessianFree(matrix="hessian"), start, 20)
    assert trace.status.failed and np.all(np.isfinite(trace.params))


def test_it_goes_back_from_where_there_is_no_gradient():
    """The loss is p² everywhere, but below 0.1 its derivative is not a number."""
    edge = cl.Objective(lambda p: p**2 + jnp.where(p > -1, 0.0, jnp.sqrt(p - 0.1)))
    method = cl.HessianFree(matrix="hessian", damping=1e-3)
    trace = cl.minimize(edge, method, jnp.array(1.0), 40)
    assert 0.1 <= trace.params < 0.5 and np.isfinite(trace.losses).all()


def indefinite(problem, params, damping):
    return lambda r: jax.tree.map(jnp.negative, r)


def test_an_indefinite_preconditioner_is_a_status():
    problem, params = network()
    trace = cl.minimize(problem, cl.HessianFree(preconditioner=indefinite), params, 5)
    assert trace.status == cl.Status.BAD_PRECONDITIONER and trace.status.failed
    assert "not positive definite" in str(trace.status) and trace.steps == 0


def test_single_precision_stays_and_one_program_serves_all_dampings():
    problem, params = network()
    problem = cl.Supervised(
        problem.predict, problem.likelihood, problem.inputs.astype(jnp.float32), problem.targets
    )
    params = jax.tree.map(lambda W: W.astype(jnp.float32), params)
    traces = 0

    @jax.jit
    def step(method, params, state):
        nonlocal traces
        traces += 1
        return method.step(problem, params, state)

    for damping in (0.1, 1.0):
        method = cl.HessianFree(damping=damping)
        state = method.init(problem, params)
        for _ in range(3):
            params, state, info = step(method, params, state)
    assert traces == 1 and all(W.dtype == jnp.float32 for W in params)
    assert state.damping.dtype == jnp.float32 and info.details["work"].dtype == jnp.float32


def test_memory_grows_with_the_parameters_not_with_their_square():
    """Parameters, momenta of conjugate gradients and kept iterates: a few dozen vectors of n, at two n."""

    def bytes_for(n):
        x = jnp.ones((4, 10), jnp.float32)
        problem = cl.Supervised(
            lambda w, x: jnp.tanh(x @ w.reshape(10, -1)).sum(1), cl.likelihoods.Gaussian(), x, x[:, 0]
        )
        params, method = jnp.zeros(n, jnp.float32), cl.HessianFree()
        state = method.init(problem, params)
        compiled = jax.jit(method.step).lower(problem, params, state).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    small, large = bytes_for(50_000), bytes_for(200_000)
    assert large < 4.2 * small and large < 100 * 200_000 * 4


@pytest.mark.parametrize(
    "options, words",
    [
        ({"damping": 0.0}, "damping"),
        ({"matrix": "fisher"}, "matrix"),
        ({"iterations": 0}, "iterations"),
        ({"warm": 1.5}, "warm"),
        ({"keep": -1}, "keep"),
        ({"model": 0.0}, "model"),
        ({"progress": 5e-4}, "progress"),
        ({"preconditioner": 2.0}, "preconditioner"),
        ({"line_search": 1.0}, "line search"),
    ],
)
def test_what_does_not_fit_gets_a_sentence(options, words):
    with pytest.raises((ValueError, TypeError), match=words):
        cl.HessianFree(**options)


def test_outcomes_of_conjugate_gradients_keep_their_codes():
    assert CGOutcome.ITERATIONS == 0 and len(CGOutcome.REASONS) - 1 == CGOutcome.BAD_PRECONDITIONER
