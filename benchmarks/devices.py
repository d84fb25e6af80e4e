"""What is left for each of several devices to do, and what they send each other, counted.

The counts go to ``chapters/devices.json``, for chapter 9. They are read off the programs that XLA makes for
1, 2, 4 and 8 devices. These are simulated, in a process of its own: on two cores eight devices are no
quicker, so there is no time of them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import curvlib as cl
from benchmarks.kfac import DIGITS
from benchmarks.run import Group
from curvlib.shares import share

ABOUT = (
    "steps of four methods on an autoencoder of 25,000 parameters and 1024 data, on one device; the record "
    "says what each of 2, 4 and 8 devices would do of them, and send"
)
ROUNDS = 7

RECORD = DIGITS.parent / "devices.json"
DEVICES = (1, 2, 4, 8)
WIDTHS, DATA, BATCH, ITERATIONS = (64, 128, 32, 128, 64), 1024, 256, 10
KEY = jax.random.key(0)
METHODS = {
    "gradient descent": cl.GradientDescent(0.1),
    "L-BFGS": cl.LBFGS(10),
    "K-FAC": cl.KFAC(),
    "Hessian-free": cl.HessianFree(iterations=ITERATIONS, progress=None, keep=0, line_search=None),
}
ROUNDS_OF = {"Hessian-free": ITERATIONS, "L-BFGS": 0}  # a search whose first trial is accepted


def groups() -> Iterator[Group]:
    RECORD.write_text(json.dumps(recorded(), indent=1) + "\n")
    problem, params = problem_on(None), start()
    runs = {}
    for name, method in METHODS.items():
        state = method.init(problem, params, KEY)
        runs[name] = partial(jax.jit(method.step), problem, params, state)
    yield Group(f"{'-'.join(map(str, WIDTHS))}, {DATA} data", runs)


def recorded() -> dict[str, Any]:
    """What ``main`` prints, in a process with eight devices."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={max(DEVICES)}"
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.devices"],
        env=os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(ran.stdout)


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    params = start()
    told: dict[str, dict[int, Any]] = {name: {} for name in programs(params)}
    for devices in DEVICES:
        problem = problem_on(devices)
        for name, (function, *more) in programs(params).items():
            one = share(function, problem, params, *more, rounds=ROUNDS_OF.get(name, 1))
            told[name][devices] = {
                "operations": round(one.operations),
                "calls": sum(one.calls.values()),
                "numbers": sum(one.numbers.values()),
            }
    shapes = [matrix.shape for matrix in params]
    facts = {
        "parameters": sum(rows * columns for rows, columns in shapes),
        "squares": sum(rows**2 + columns**2 for rows, columns in shapes),
        "cubes": sum(rows**3 + columns**3 for rows, columns in shapes),
    }
    settings = {"widths": WIDTHS, "data": DATA, "batch": BATCH, "iterations": ITERATIONS}
    print(json.dumps(settings | facts | {"shares": told}))


def programs(params: Any) -> dict[str, tuple[Any, ...]]:
    """Functions of the problem, the parameters and what follows."""
    v = jax.tree.map(jnp.ones_like, params)
    rows = (7 * jnp.arange(BATCH)) % DATA
    found: dict[str, tuple[Any, ...]] = {
        "gradient": (lambda problem, p: jax.value_and_grad(problem.loss)(p),),
        "gradient, batch": (lambda problem, p, rows: jax.value_and_grad(problem.take(rows).loss)(p), rows),
        "Hessian product": (cl.hvp, v),
        "Gauss-Newton product": (cl.ggn_vp, v),
        "factors": (
            lambda problem, p: cl.kronecker_factors(cl.layer_statistics(problem, p, "monte-carlo", KEY)),
        ),
    }
    problem = problem_on(None)
    for name, method in METHODS.items():
        state = method.init(problem, params, KEY)
        found[name] = (method.step, state)
    return found


def start() -> Any:
    return cl.MLP(WIDTHS).init(KEY)


def problem_on(devices: int | None) -> cl.Supervised:
    x = jax.random.uniform(jax.random.key(1), (DATA, WIDTHS[0]))
    if devices is not None:
        mesh = Mesh(jax.devices()[:devices], ("data",))
        x = jax.device_put(x, NamedSharding(mesh, PartitionSpec("data")))
    return cl.Supervised(cl.MLP(WIDTHS), cl.likelihoods.Bernoulli(), x, x, l2=1e-5)


if __name__ == "__main__":
    main()
