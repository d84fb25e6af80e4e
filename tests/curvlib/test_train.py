"""Mini-batches: which data a step sees, what is recorded, and why a run stops."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import curvlib as cl
from curvlib.method import Info

KEY = jax.random.key(0)


def line(count=12, l2=0.0):
    x = jnp.stack([jnp.linspace(-1, 1, count), jnp.ones(count)], 1)
    return cl.Supervised(lambda w, x: x @ w, cl.likelihoods.Gaussian(), x, x @ jnp.array([2.0, -1.0]), l2=l2)


class Spy:
    """A method that takes no step and reports which data it saw: 2ⁱ for datum i."""

    def init(self, problem, params, key=None):
        return jnp.int32(0)

    def step(self, problem, params, state, curvature=None):
        part = problem if curvature is None else curvature
        sums = {"seen": jnp.sum(problem.inputs), "curved": jnp.sum(part.inputs)}
        return params, state + 1, Info(jnp.sum(problem.targets) * 0.0, jnp.array(1.0), details=sums)


jax.tree_util.register_static(Spy)


def powers(count):
    return cl.Supervised(
        lambda w, x: x * w, cl.likelihoods.Gaussian(), 2.0 ** jnp.arange(count), jnp.zeros(count)
    )


def data_of(number):
    return {i for i in range(20) if int(number) >> i & 1}


def test_an_epoch_sees_each_datum_once_in_another_order_each_time():
    trace = cl.train(powers(12), Spy(), jnp.ones(()), batch_size=3, steps=12, key=KEY)
    batches = [data_of(seen) for seen in trace.details["seen"][:12]]
    epochs = [batches[:4], batches[4:8], batches[8:]]
    for epoch in epochs:
        assert sorted(i for batch in epoch for i in batch) == list(range(12))
    assert epochs[0] != epochs[1] != epochs[2] and [len(batch) for batch in batches] == [3] * 12


def test_what_is_left_over_of_an_epoch_waits():
    trace = cl.train(powers(7), Spy(), jnp.ones(()), batch_size=3, steps=40, key=KEY)
    batches = [data_of(seen) for seen in trace.details["seen"][:40]]
    assert all(len(a | b) == 6 for a, b in zip(batches[::2], batches[1::2], strict=True))
    assert set().union(*batches) == set(range(7))


def test_curvature_comes_from_a_part_of_the_batch():
    trace = cl.train(powers(12), Spy(), jnp.ones(()), 4, steps=6, key=KEY, curvature_size=2)
    for seen, curved in zip(trace.details["seen"], trace.details["curved"], strict=True):
        assert len(data_of(curved)) == 2 and data_of(curved) < data_of(seen)


@pytest.mark.parametrize("method", [cl.GradientDescent(0.3), cl.FirstOrder(optax.adam(0.1)), cl.Newton()])
def test_with_one_batch_of_all_data_it_is_minimize(method):
    start = jnp.array([3.0, 3.0])
    ours = cl.train(line(), method, start, batch_size=12, steps=5, key=KEY)
    theirs = cl.minimize(line(), method, start, steps=5)
    np.testing.assert_allclose(ours.params, theirs.params, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.gradient_norms, theirs.gradient_norms, rtol=1e-8, atol=1e-10)
    assert ours.steps == 5


def test_records_are_of_the_batch_of_their_step():
    trace = cl.train(line(), cl.GradientDescent(0.1), jnp.ones(2), batch_size=4, steps=9, key=KEY)
    order_key, _ = jax.random.split(KEY)
    theta = jnp.ones(2)
    for k in range(10):
        order = jax.random.permutation(jax.random.fold_in(order_key, k // 3), 12)
        batch = line().take(order[4 * (k % 3) : 4 * (k % 3) + 4])
        np.testing.assert_allclose(trace.losses[k], batch.loss(theta), rtol=1e-12)
        theta = theta - 0.1 * jax.grad(batch.loss)(theta)
    assert trace.status == cl.Status.STEPS


def test_the_same_key_the_same_run():
    runs = [
        cl.train(line(), cl.GradientDescent(0.1), jnp.ones(2), 3, 10, jax.random.key(seed)).params
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert jnp.any(runs[0] != runs[2])


def test_a_run_that_diverges_ends_at_its_last_good_point():
    trace = cl.train(
        cl.Supervised(lambda w, x: w**3 * x, cl.likelihoods.Gaussian(), jnp.ones(8), jnp.zeros(8)),
        cl.GradientDescent(10.0), jnp.array(2.0), 4, 50, KEY,
    )  # fmt: skip
    assert trace.status == cl.Status.DIVERGED and np.isfinite(trace.params)
    assert 0 < trace.steps < 50 and np.all(np.isfinite(trace.losses))
    assert trace.losses[-1] == trace.losses[trace.steps]
    bad = cl.train(line(), cl.GradientDescent(0.1), jnp.array([jnp.nan, 0.0]), 4, 5, KEY)
    assert bad.status == cl.Status.BAD_START and bad.steps == 0


def test_kfac_trains_on_batches_with_subsampled_curvature():
    x = jnp.linspace(-1, 1, 64)[:, None]
    problem = cl.Supervised(cl.MLP((1, 10, 1)), cl.likelihoods.Gaussian(), x, jnp.sin(3 * x))
    start = problem.predict.init(KEY)
    trace = cl.train(problem, cl.KFAC(damping=0.01), start, 32, 150, KEY, curvature_size=16)
    assert problem.loss(trace.params) < 0.02 * problem.loss(start)


def test_progress_is_told_when_asked_for(capsys):
    cl.train(line(), cl.GradientDescent(0.1), jnp.ones(2), 4, 3, KEY, progress=True)
    jax.effects_barrier()
    assert [text.split(":")[0] for text in capsys.readouterr().out.splitlines()] == [
        f"step {k} of 3" for k in range(3)
    ]
    cl.train(line(), cl.GradientDescent(0.1), jnp.ones(2), 4, 3, KEY)
    jax.effects_barrier()
    assert not capsys.readouterr().out


def test_misuse_gets_a_sentence():
    method, start = cl.GradientDescent(0.1), jnp.ones(2)
    with pytest.raises(TypeError, match="mini-batches need rows of data, which Objective"):
        cl.train(cl.Objective(lambda p: p @ p), method, start, 4, 5, KEY)
    for options, said in (
        ({"batch_size": 13}, "at most the 12 data"),
        ({"batch_size": 0}, "batch_size must be a Python integer"),
        ({"steps": 0}, "steps must be a Python integer"),
        ({"curvature_size": 5}, "at most the batch's 4"),
    ):
        with pytest.raises(ValueError, match=said):
            cl.train(line(), method, start, **{"batch_size": 4, "steps": 5, "key": KEY} | options)
