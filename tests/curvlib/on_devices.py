"""Run the same computations on one device and on meshes of 1, 2, 4 and 8, and print how far they are apart.

The devices are simulated, which JAX has to be told before it starts: so it is a program of its own, and
``test_sharding`` starts it.
"""

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import curvlib as cl
from curvlib.shares import share

SIZES = (1, 2, 4, 8)
N, WIDTHS = 48, (5, 7, 3)
WIDE = 24  # of a network with equal layers
KEY = jax.random.key(5)


def mesh(size):
    return Mesh(jax.devices()[:size], ("data",))


def rows_on(size):
    return NamedSharding(mesh(size), PartitionSpec("data"))


def data():
    draw = np.random.default_rng(0)
    return draw.normal(size=(N, WIDTHS[0])), draw.integers(0, WIDTHS[-1], N)


def problem_on(size=None, count=N):
    """The problem, its rows divided among so many devices; or where everything is."""
    x, y = (jnp.asarray(part[:count]) for part in data())
    if size is not None:
        x, y = jax.device_put((x, y), rows_on(size))
    return cl.Supervised(cl.MLP(WIDTHS), cl.likelihoods.Categorical(), x, y, l2=1e-3)


def start():
    return cl.MLP(WIDTHS).init(jax.random.key(0))


@jax.jit
def products(problem, params):
    """Loss, gradient, and every product and matrix that there is of the curvature."""
    v = jax.tree.map(lambda W: jnp.cos(jnp.arange(1.0, W.size + 1)).reshape(W.shape), params)
    few = problem.take(jnp.array([40, 3, 17, 8, 30, 21, 2, 47, 11, 5]))
    return {
        "gradient": jax.value_and_grad(problem.loss)(params),
        "hvp": cl.hvp(problem, params, v),
        "ggn": cl.ggn_vp(problem, params, v),
        "fisher": cl.fisher_vp(problem, params, v),
        "labels": problem.likelihood.sample(KEY, problem.outputs(params)),
        "drawn": cl.fisher_vp(problem, params, v, "monte-carlo", KEY, samples=2),
        "empirical": cl.fisher_vp(problem, params, v, "empirical"),
        "dense": cl.ggn(problem, params),
        "rows": cl.fisher_map(problem, params).rows(),
        "factors": cl.kronecker_factors(cl.layer_statistics(problem, params, "monte-carlo", KEY)),
        "diagonal": cl.empirical_diagonal(problem, params),
        "ten rows": cl.ggn_vp(few, params, v),
    }


def steps(problem, method, params, count):
    """A few steps, and what was reported of them."""

    def one(carry, _):
        params, state, info = method.step(problem, *carry)
        return (params, state), (info.loss, info.gradient_norm, info.details)

    return jax.lax.scan(one, (params, method.init(problem, params, KEY)), None, length=count)


HF = cl.HessianFree(iterations=6, progress=None)


@jax.jit
def hessian_free(problem, params):
    return steps(problem, HF, params, 3)


def trained(problem, params):
    """On mini-batches that divide among the devices, with labels drawn, and parts that do not divide."""
    method = cl.KFAC(damping=0.1, variant="ekfac", statistics=0.75, model=0.8)
    return cl.train(problem, method, params, 16, 3, KEY)


def minimized(problem, params):
    return cl.minimize(problem, cl.LBFGS(4), params, 3)


def residuals(p, x, y):
    return {"fit": jnp.tanh(x @ p) - y, "prior": 0.1 * p}


@jax.jit
def least_squares(problem, params):
    return steps(problem, cl.GaussNewton(), params, 2)


def line_on(size=None):
    x, y = (jnp.asarray(part) * 1.0 for part in data())
    if size is not None:
        x, y = jax.device_put((x, y), rows_on(size))
    return cl.LeastSquares(residuals, x, y)


def apart(a, b):
    """The largest difference of two results, in units of the largest entry of each leaf."""
    worst = 0.0
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for one, two in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        if not jnp.issubdtype(one.dtype, jax.dtypes.prng_key):
            one, two = (np.asarray(leaf, float) for leaf in (one, two))
            finite = np.isfinite(one)
            assert np.array_equal(one[~finite], two[~finite], equal_nan=True)
            scale = max(np.max(np.abs(one[finite]), initial=0.0), 1e-300)
            worst = max(worst, float(np.max(np.abs(one - two)[finite], initial=0.0) / scale))
    return worst


def differences():
    """How far each result on a mesh is from the one without, by name and by the size of the mesh."""
    p, found = start(), {}
    for name, run, sizes in (
        ("Hessian-free", hessian_free, (2, 4, 8)),
        ("K-FAC", trained, (2, 4, 8)),
        ("L-BFGS", minimized, (8,)),
    ):
        alone = run(problem_on(), p)
        found[name] = {size: apart(alone, run(problem_on(size), p)) for size in sizes}
    alone, on = products(problem_on(), p), {size: products(problem_on(size), p) for size in SIZES}
    for name in alone:
        found[name] = {size: apart(alone[name], on[size][name]) for size in SIZES}
    q = 0.1 * jnp.ones(WIDTHS[0])
    found["Gauss-Newton"] = {8: apart(least_squares(line_on(), q), least_squares(line_on(8), q))}
    return found


def labels_by_shard():
    """What must not be: each device draws the labels of its rows from the same key. How many differ."""
    problem = problem_on(8)
    draw = problem.likelihood.sample

    @jax.jit
    def both(problem, params):
        outputs = problem.outputs(params)
        part = PartitionSpec("data")
        by_shard = jax.shard_map(lambda f: draw(KEY, f), mesh=mesh(8), in_specs=part, out_specs=part)
        return jnp.sum(jnp.any(draw(KEY, outputs) != by_shard(outputs), axis=1))

    return int(both(problem, start()))


def shares():
    """What each device does and sends, by the size of the mesh."""
    p, kfac = start(), cl.KFAC()
    v, rows = jax.tree.map(jnp.ones_like, p), (7 * jnp.arange(16)) % N
    functions = {
        "gradient": lambda problem, p: jax.value_and_grad(problem.loss)(p),
        "hvp": lambda problem, p: cl.hvp(problem, p, v),
        "ggn": lambda problem, p: cl.ggn_vp(problem, p, v),
        "factors": lambda problem, p: cl.kronecker_factors(
            cl.layer_statistics(problem, p, "monte-carlo", KEY)
        ),
        "batch": lambda problem, p: cl.ggn_vp(problem.take(rows), p, v),
        "kfac": lambda problem, p: kfac.step(problem, p, kfac.init(problem, p, KEY)),
    }
    return {
        size: {name: told(share(function, problem_on(size), p)) for name, function in functions.items()}
        for size in (1, 8)
    }


def wide():
    """What is sent in steps on a network of equal layers, by the names of ``curvlib.costs``."""
    x = jax.device_put(jnp.ones((N, WIDE)), rows_on(8))
    problem = cl.Supervised(cl.MLP((WIDE,) * 3), cl.likelihoods.Gaussian(), x, x)
    params = problem.predict.init(KEY)
    methods = {
        "gradient descent": cl.GradientDescent(0.1),
        "K-FAC": cl.KFAC(),
        "Hessian-free": cl.HessianFree(iterations=2, progress=None, keep=0, line_search=None),
    }
    return {
        name: told(share(method.step, problem, params, method.init(problem, params, KEY), rounds=2))
        for name, method in methods.items()
    }


def told(one):
    return {"operations": one.operations, "calls": one.calls, "numbers": one.numbers}


def sentences():
    """What is said where it cannot be done."""
    whole, part = PartitionSpec(), PartitionSpec("data")
    explicit = jax.make_mesh((8,), ("data",))
    x, y = jax.device_put(data(), NamedSharding(explicit, part))
    p, likelihood = start(), cl.likelihoods.Categorical()
    there = jax.device_put(p, NamedSharding(explicit, whole))
    elsewhere = jax.device_put(p, jax.devices()[3])
    tries = {
        "explicit data": lambda: cl.Supervised(cl.MLP(WIDTHS), likelihood, x, y).loss(p),
        "explicit params": lambda: cl.hvp(problem_on(8), there, there),
        "explicit residuals": lambda: cl.LeastSquares(residuals, x, y).loss(jnp.ones(5)),
        "explicit objective": lambda: cl.Objective(lambda p, x: jnp.sum(x @ p), x).loss(jnp.ones(5)),
        "uneven": lambda: problem_on(8, count=44),
        "elsewhere": lambda: cl.minimize(problem_on(8), cl.GradientDescent(0.1), elsewhere, 2),
    }
    found = {}
    for name, attempt in tries.items():
        try:
            attempt()
        except (TypeError, ValueError) as error:
            found[name] = str(error)
    return found


def main():
    jax.config.update("jax_enable_x64", True)
    np.seterr(invalid="ignore")
    parts = problem_on(8).take(slice(0, 16)), problem_on(8).take(slice(0, 13))
    result = {
        "devices": jax.device_count(),
        "differences": differences(),
        "labels_by_shard": labels_by_shard(),
        "shares": shares(),
        "wide": wide(),
        "sentences": sentences(),
        "on each": [part.inputs.sharding.is_fully_replicated for part in parts],
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
