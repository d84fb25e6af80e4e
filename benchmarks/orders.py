"""How the error of each method falls on two small problems, to the end of double precision.

Besides its timings it writes the errors to ``chapters/orders.json``, for chapter 8: the last digits of such
runs hang on how a processor rounds.
"""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree

import curvlib as cl
from benchmarks.kfac import DIGITS
from benchmarks.profiles import digits, made
from benchmarks.run import Group

ABOUT = (
    "distances to the minimum along runs of six methods, in double precision, on a logistic regression of 17 "
    "parameters and a network of 19"
)
ROUNDS = 3

RECORD = DIGITS.parent / "orders.json"
STEPS = {
    "gradient descent": 2000,
    "Adam": 2000,
    "L-BFGS": 200,
    "K-FAC": 300,
    "Hessian-free": 100,
    "Newton": 40,
    "K-FAC, λ and rate fixed": 300,
}


def groups() -> Iterator[Group]:
    told = {}
    for name, (problem, start) in problems().items():
        errors, extreme = run(problem, start)
        told[name] = {
            "eigenvalues": [float(f"{x:.6g}") for x in extreme],
            "errors": {method: told_of(errors[method]) for method in STEPS},
        }
        yield Group(name, {"all runs": partial(run, problem, start)})
    RECORD.write_text(json.dumps(told) + "\n")


def told_of(errors: Any) -> list[float]:
    """As long as the run went on, in four digits."""
    return [float(f"{e:.4g}") for e in np.asarray(errors) if not np.isnan(e)]


@jax.jit
def run(problem: cl.Supervised, start: Any) -> tuple[dict[str, jax.Array], jax.Array]:
    """‖θ_k − θ*‖ of each method, NaN after its end; the Hessian's extreme eigenvalues at θ*."""
    near = cl.minimize(problem, cl.LBFGS(), start, 2000, tol=1e-7).params
    best = cl.minimize(problem, cl.TrustRegionNewton(), near, 20).params
    product = cl.products.hessian_map(problem, best).product
    ell = cl.linalg.lanczos(product, start, 12).values
    methods = {
        "gradient descent": cl.GradientDescent(2 / (ell[0] + ell[-1])),
        "Adam": cl.FirstOrder(optax.adam(0.03)),
        "L-BFGS": cl.LBFGS(),
        "K-FAC": cl.KFAC(damping=1e-2, kind="exact"),
        "Hessian-free": cl.HessianFree(),
        "Newton": cl.TrustRegionNewton(),
        "K-FAC, λ and rate fixed": cl.KFAC(1.0, damping=1e-3, kind="exact"),
    }
    star, found = ravel_pytree(best)[0], {}
    for name, method in methods.items():
        trace = cl.minimize(problem, method, start, STEPS[name], path=True)
        path = jnp.concatenate([leaf.reshape(len(leaf), -1) for leaf in jax.tree.leaves(trace.path)], axis=1)
        after = jnp.arange(STEPS[name] + 1) > trace.steps
        found[name] = jnp.where(after, jnp.nan, jnp.linalg.norm(path - star, axis=1))
    return found, ell[jnp.array([0, -1])]


def problems() -> dict[str, tuple[cl.Supervised, Any]]:
    """The problems, and where to start: for the network in the basin of a minimum."""
    images, labels = digits(16)
    chosen = (labels == 3) | (labels == 8)
    eight = (labels[chosen] == 8)[:, None] * 1.0
    two = made((16, 1), cl.likelihoods.Bernoulli(), images[chosen], eight, 1e-3)
    x = np.linspace(-1, 1, 40)[:, None]
    noise = np.round(np.random.default_rng(0).normal(size=(40, 1)), 3)
    net = made((1, 6, 1), cl.likelihoods.Gaussian(), x, np.sin(3 * x) + 0.2 * noise, 1e-2)
    first = net.predict.init(jax.random.key(0))
    end = cl.minimize(net, cl.LBFGS(), first, 2000, tol=1e-6).params
    keys = jax.random.split(jax.random.key(9), len(end))
    beside = tuple(W + 0.3 * jax.random.normal(key, W.shape) for W, key in zip(end, keys, strict=True))
    return {"logistic regression": (two, two.predict.init(jax.random.key(0))), "network": (net, beside)}
