"""What a curvature product costs beside a gradient, on networks of five sizes."""

from collections.abc import Callable, Iterator, Sequence

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

import curvlib as cl
from benchmarks.run import Group
from curvlib.counting import operations
from curvlib.fisher import fisher_map
from curvlib.products import Curvature, ggn_map, hessian_map

ABOUT = (
    "products with curvature matrices of tanh networks, the point linearized once as within conjugate "
    "gradients: twenty in one loop, beside twenty gradients in one, and beside the plain derivative of the "
    "gradient along a vector; with each one's cost in gradients by counting multiply-adds"
)
LOOP = 20
AUTOENCODER = (64, 128, 32, 128, 64)
DEEP = (784, 1000, 500, 250, 30, 250, 500, 1000, 784)
NETWORKS = (
    (AUTOENCODER, 256, cl.likelihoods.Bernoulli()),
    (AUTOENCODER, 1797, cl.likelihoods.Bernoulli()),
    (DEEP, 256, cl.likelihoods.Bernoulli()),
    ((256, 1024, 1024, 256), 512, cl.likelihoods.Categorical()),
    ((20, 32, 1), 64, cl.likelihoods.Gaussian()),
)
MAPS: dict[str, Callable[[cl.Supervised, list], Curvature]] = {
    "Gauss-Newton product": ggn_map,
    "exact Fisher product": fisher_map,
    "Monte Carlo Fisher product": lambda problem, params: fisher_map(
        problem, params, "monte-carlo", jax.random.key(0)
    ),
    "empirical Fisher product": lambda problem, params: fisher_map(problem, params, "empirical"),
    "Hessian product": hessian_map,
    "jvp of grad": lambda problem, params: Curvature(
        lambda v: jax.jvp(jax.grad(problem.loss), (params,), (v,))[1], params
    ),
}

Array = jax.Array


def groups() -> Iterator[Group]:
    for widths, batch, likelihood in NETWORKS:
        problem, params = network(widths, batch, likelihood)
        direction = jax.tree.map(jnp.ones_like, params)
        runs = {"gradient": jax.jit(gradients), **{name: jax.jit(products(of)) for name, of in MAPS.items()}}
        yield Group(
            f"{'-'.join(map(str, widths))}, batch {batch}",
            {
                name: lambda f=run, problem=problem, params=params, v=direction: f(problem, params, v)
                for name, run in runs.items()
            },
            {
                "parameters": ravel_pytree(params)[0].size,
                "likelihood": type(likelihood).__name__,
                "counted": counted(problem, params),
                "megabytes": {name: megabytes(run, problem, params) for name, run in runs.items()},
            },
        )


def counted(problem: cl.Supervised, params: list) -> dict[str, float]:
    """The multiply-adds of each product, with what depends on the point saved, over those of a gradient."""
    gradient = operations(jax.grad(problem.loss), params)
    return {
        name: round(operations(of(problem, params).product, params) / gradient, 3)
        for name, of in MAPS.items()
    }


def megabytes(run: Callable[..., list], problem: cl.Supervised, params: list) -> float:
    """Of the temporaries that the compiled loop reserves."""
    compiled = run.lower(problem, params, params).compile()
    return round(compiled.memory_analysis().temp_size_in_bytes / 1e6, 2)


def predict(params: list, x: Array) -> Array:
    for weights, bias in params[:-1]:
        x = jnp.tanh(x @ weights + bias)
    weights, bias = params[-1]
    return x @ weights + bias


def network(
    widths: Sequence[int], batch: int, likelihood: cl.likelihoods.Likelihood
) -> tuple[cl.Supervised, list]:
    """A network with weights of variance 1/fan-in, and data drawn from it; all in single precision."""
    first, second, third = jax.random.split(jax.random.key(0), 3)
    keys = jax.random.split(first, len(widths) - 1)
    params = [
        (
            jax.random.normal(key, (rows, columns), jnp.float32) / jnp.float32(rows**0.5),
            jnp.zeros(columns, jnp.float32),
        )
        for key, rows, columns in zip(keys, widths[:-1], widths[1:], strict=True)
    ]
    inputs = jax.random.uniform(second, (batch, widths[0]), jnp.float32)
    targets = likelihood.sample(third, predict(params, inputs))
    return cl.Supervised(predict, likelihood, inputs, targets), params


def gradients(problem: cl.Supervised, params: list, v: list) -> list:
    """As many gradients, each where the last one led: none can be taken out of the loop."""

    def again(_: int, params: list) -> list:
        return jax.tree.map(lambda p, g: p - 1e-3 * g, params, jax.grad(problem.loss)(params))

    return jax.lax.fori_loop(0, LOOP, again, params)


def products(of: Callable[[cl.Supervised, list], Curvature]) -> Callable[[cl.Supervised, list, list], list]:
    def run(problem: cl.Supervised, params: list, v: list) -> list:
        product = of(problem, params).product

        def again(_: int, v: list) -> list:
            return jax.tree.map(lambda a, b: a - 1e-3 * b, v, product(v))

        return jax.lax.fori_loop(0, LOOP, again, v)

    return run
