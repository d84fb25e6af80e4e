"""What is left of second order's advantage when gradient and curvature come from a few rows.

Besides its timings it writes its part of ``chapters/practice.json``, for chapter 9.
"""

from collections.abc import Iterator
from functools import cache, partial
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import curvlib as cl
from benchmarks.practice import Setting, keep, short
from benchmarks.profiles import digits
from benchmarks.run import Group

ABOUT = (
    "softmax regression with 170 parameters and a known minimum, by batches of 2 to 512 rows; as many passes "
    "over the data for all, the best of 24 settings on another order of the rows"
)
ROUNDS = 3

ROWS, L2, PASSES = 512, 1e-4, 8
BATCHES = (2, 8, 32, 128, 512)
ORDERS = 3

Array = jax.Array
# Where a direction's curvature is from: rows of a step, as a multiple of its batch; 0: all of them.
CURVATURES = {"Newton, same batch": 1, "Newton, 8 batches": 8, "Newton, all rows": 0}
NEWTON = {"rate": (1.0, 0.3, 0.1, 0.03), "damping": (1e-4, 1e-3, 1e-2)}
GRIDS: dict[str, dict[str, tuple[float, ...]]] = {  # besides: whether the rate falls to zero; 24 of each
    "SGD": {"rate": (10.0, 3.0, 1.0, 0.3, 0.1, 0.03), "momentum": (0.0, 0.9)},
    "Adam": {"rate": (1.0, 0.3, 0.1, 0.03, 0.01, 0.003), "b2": (0.9, 0.999)},
} | dict.fromkeys(CURVATURES, NEWTON)


def groups(quick: bool = False) -> Iterator[Group]:
    problem = softmax()
    low = float(problem.loss(minimum()))
    told: dict[str, Any] = {
        "rows": ROWS, "n": 170, "l2": L2, "passes": PASSES, "batches": BATCHES[2:] if quick else BATCHES,
        "least": short(low, 6), "start": short(float(problem.loss(jnp.zeros((17, 10)))) - low, 4),
        "settings": {method: grid(method)[:: 12 if quick else 1] for method in GRIDS}, "excess": {},
    }  # fmt: skip
    for method in GRIDS:
        told["excess"][method] = [of_batch(method, B, told, 1 if quick else ORDERS) for B in told["batches"]]
        keep("minibatches", told, quick)
    yield Group("8 passes, 32 rows a step", {
        method: lambda method=method: trained(method, 32, tuple(grid(method)[0].items()), 0)
        for method in GRIDS
    })  # fmt: skip


def grid(method: str) -> list[Setting]:
    names = (*GRIDS[method], "decay")
    return [dict(zip(names, one, strict=True)) for one in product(*GRIDS[method].values(), (1.0, 0.0))]


def of_batch(method: str, B: int, told: dict[str, Any], orders: int) -> dict[str, Any]:
    """The mean excess loss along the last pass, with the setting for which it is least on the first order."""
    found = [excess(method, B, one, 0)[-1] for one in told["settings"][method]]
    best = int(np.argmin(found))
    runs = [excess(method, B, told["settings"][method][best], seed) for seed in range(1, orders + 1)]
    return {"setting": best, "excess": [short(one[-1]) for one in runs],
            "passes": [short(x) for x in np.median(runs, axis=0)]}  # fmt: skip


def excess(method: str, B: int, setting: Setting, seed: int) -> np.ndarray:
    """Of each pass the mean excess loss at up to eight points of it."""
    losses = np.asarray(trained(method, B, tuple(setting.items()), seed), float)
    losses = np.where(np.isfinite(losses), losses, np.inf)
    return losses.reshape(PASSES, -1).mean(1) - float(softmax().loss(minimum()))


def trained(method: str, B: int, setting: tuple[tuple[str, Any], ...], seed: int) -> Array:
    """Losses of all rows after each eighth of a pass, or each step where there are fewer."""
    curved = method in CURVATURES
    return _trained(
        softmax(), "Newton" if curved else method, B, CURVATURES.get(method, 0), dict(setting), seed
    )


@partial(jax.jit, static_argnames=("method", "B", "more"))
def _trained(problem: Any, method: str, B: int, more: int, setting: dict[str, Array], seed: Array) -> Array:
    per_pass = ROWS // B
    looks = min(8, per_pass)
    between_looks = per_pass // looks
    total, size = PASSES * per_pass, min(max(more * B, 1), ROWS)
    key = jax.random.key(seed)

    def step(carry: Any, count: Array) -> tuple[Any, None]:
        theta, m, v, whole = carry
        order = jax.random.permutation(jax.random.fold_in(key, count // per_pass), ROWS)
        first = (count % per_pass) * B
        rows = jax.lax.dynamic_slice_in_dim(order, first, B)
        g = gradient(problem, theta, rows)
        rate = setting["rate"] * jnp.where(setting["decay"] > 0, 1 - count / total, 1.0)
        if method == "SGD":
            m = setting["momentum"] * m + g
            return (theta - rate * m, m, v, whole), None
        if method == "Adam":
            m, v = 0.9 * m + 0.1 * g, setting["b2"] * v + (1 - setting["b2"]) * g**2
            mean, square = m / (1 - 0.9 ** (count + 1)), v / (1 - setting["b2"] ** (count + 1))
            return (theta - rate * mean / (jnp.sqrt(square) + 1e-8), m, v, whole), None
        if more:
            others = jnp.take(order, (first + jnp.arange(size)) % ROWS)
            H = hessian(problem, theta, others)
            step = jax.scipy.linalg.solve(H + setting["damping"] * jnp.eye(170), g.ravel(), assume_a="pos")
        else:  # of all rows, anew after each eighth of a pass
            inverse = jax.lax.cond(
                count % between_looks == 0,
                lambda: jnp.linalg.inv(
                    hessian(problem, theta, jnp.arange(ROWS)) + setting["damping"] * jnp.eye(170)
                ),
                lambda: whole,
            )
            whole, step = inverse, inverse @ g.ravel()
        return (theta - rate * step.reshape(theta.shape), m, v, whole), None

    def look(carry: Any, count: Array) -> tuple[Any, Array]:
        carry, _ = jax.lax.scan(step, carry, count * between_looks + jnp.arange(between_looks))
        return carry, problem.loss(carry[0])

    zero = jnp.zeros((17, 10))
    start = (zero, zero, zero, jnp.zeros((170, 170)))
    return jax.lax.scan(look, start, jnp.arange(PASSES * looks))[1]


def gradient(problem: cl.Supervised, theta: Array, rows: Array) -> Array:
    return jax.grad(problem.take(rows).loss)(theta)


def hessian(problem: cl.Supervised, theta: Array, rows: Array) -> Array:
    """Mean of x xᵀ ⊗ (diag p − p pᵀ), and the ridge: the Hessian, which is the Fisher information here."""
    x = jnp.concatenate([problem.inputs[rows], jnp.ones((len(rows), 1))], 1)
    p = jax.nn.softmax(x @ theta)
    root = jnp.sqrt(p)[:, :, None] * jnp.eye(10) - p[:, :, None] * jnp.sqrt(p)[:, None, :]  # root rootᵀ
    wide = (x[:, :, None, None] * root[:, None]).reshape(len(rows), 170, 10)
    return jnp.einsum("nia,nja->ij", wide, wide) / len(rows) + problem.l2 * jnp.eye(170)


@cache
def minimum() -> Array:
    near = cl.minimize(softmax(), cl.LBFGS(), jnp.zeros((17, 10)), 500).params
    return cl.minimize(softmax(), cl.TrustRegionNewton(), near, 5).params


@cache
def softmax() -> cl.Supervised:
    images, labels = digits(16)
    rows = np.random.default_rng(0).permutation(len(images))[:ROWS]

    def predict(theta: Array, x: Array) -> Array:
        return x @ theta[:-1] + theta[-1]

    inputs, targets = jnp.asarray(images[rows]), jnp.asarray(labels[rows])
    return cl.Supervised(predict, cl.likelihoods.Categorical(), inputs, targets, l2=L2)
