"""What a curvature product costs in gradients: curvlib's, and curvlinops's in torch."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import curvlib as cl
from benchmarks.peers import Peer
from benchmarks.products import AUTOENCODER, MAPS, network
from benchmarks.run import Group
from curvlib.products import Curvature

ABOUT = (
    "Hessian and Gauss-Newton products of tanh networks in single precision, some in a loop, in the time of "
    "as many of the library's own gradients: curvlib's in compiled loops, the point linearized once; "
    "curvlinops's as it is documented, in torch in one thread, each product going through the network anew"
)
ROUNDS = 5

# Of each: the batch, the likelihood, and how many gradients or products there are in a loop.
NETWORKS = {
    (20, 32, 1): (64, cl.likelihoods.Gaussian(), 20),
    AUTOENCODER: (256, cl.likelihoods.Bernoulli(), 20),
    (256, 1024, 1024, 256): (512, cl.likelihoods.Categorical(), 2),
}
KINDS = ("Gauss-Newton product", "Hessian product")
OURS, THEIRS = "curvlib", "curvlinops"
CLOSE = 1e-4  # relative, of gradients and products in single precision


def groups(quick: bool = False) -> Iterator[Group]:
    with Peer(THEIRS, "curvlinops_peer.py") as peer:
        for widths in list(NETWORKS)[: 2 if quick else None]:
            yield group(peer, widths)


def group(peer: Peer, widths: tuple[int, ...]) -> Group:
    batch, likelihood, count = NETWORKS[widths]
    problem, params = network(widths, batch, likelihood)
    ones = jax.tree.map(jnp.ones_like, params)
    kind = type(likelihood).__name__
    peer.ask("load", file=str(saved(peer, problem, params)), likelihood=kind)

    contestants: dict[str, Callable[[], Any]] = {
        f"{OURS}, gradient": partial(jax.jit(gradients), problem, params, count),
        f"{THEIRS}, gradient": partial(peer.ask, "gradients", count=count),
    }
    for name in KINDS:
        run = jax.jit(partial(products, MAPS[name]))
        contestants[f"{OURS}, {name}"] = partial(run, problem, params, ones, count)
        contestants[f"{THEIRS}, {name}"] = partial(peer.ask, "products", kind=name, count=count)

    # torch's means are over all entries, and its squares are not halved.
    scale = {"Bernoulli": widths[-1], "Categorical": 1.0, "Gaussian": 0.5 * widths[-1]}[kind]
    ours = {"gradient": jax.grad(problem.loss)(params)}
    ours |= {name: MAPS[name](problem, params).product(ones) for name in KINDS}
    apart = {name: difference(told(peer, name), value, scale) for name, value in ours.items()}
    assert max(apart.values()) <= CLOSE, apart
    return Group(
        f"{'-'.join(map(str, widths))}, batch {batch}",
        contestants,
        {
            "likelihood": kind,
            "relative differences": {name: float(f"{value:.1e}") for name, value in apart.items()},
            "packages of curvlinops": peer.ask("versions"),
        },
        {f"{library}, {name}": f"{library}, gradient" for library in (OURS, THEIRS) for name in KINDS},
    )


def gradients(problem: cl.Supervised, params: list, count: int) -> list:
    """So many, each where the last one led."""

    def again(_: int, params: list) -> list:
        return jax.tree.map(lambda p, g: p - 1e-3 * g, params, jax.grad(problem.loss)(params))

    return jax.lax.fori_loop(0, count, again, params)


def products(
    of: Callable[[cl.Supervised, list], Curvature], problem: cl.Supervised, params: list, v: list, count: int
) -> list:
    """So many, each with what the last one led to, at one point."""
    product = of(problem, params).product
    return jax.lax.fori_loop(0, count, lambda _, v: jax.tree.map(lambda a, b: a - 1e-3 * b, v, product(v)), v)


def saved(peer: Peer, problem: cl.Supervised, params: list) -> Path:
    """The file with a network and its data, for a peer to load."""
    path = peer.file("network.npz")
    layers = {f"weights_{k}": np.asarray(weights) for k, (weights, _) in enumerate(params)}
    layers |= {f"bias_{k}": np.asarray(bias) for k, (_, bias) in enumerate(params)}
    targets = problem.targets
    if isinstance(problem.likelihood, cl.likelihoods.Categorical):
        targets = jnp.argmax(targets, axis=-1)  # from one of K entries that is one to a label
    np.savez(path, layers=len(params), inputs=problem.inputs, targets=targets, **layers)
    return path


def told(peer: Peer, name: str) -> list[np.ndarray]:
    """What the peer computes; torch's weights have a row for each output."""
    path = str(peer.file("answer.npz"))
    if name == "gradient":
        peer.ask("write_gradient", to=path)
    else:
        peer.ask("write_product", kind=name, to=path)
    with np.load(path) as arrays:
        return [arrays[f"arr_{k}"].T for k in range(len(arrays.files))]


def difference(theirs: list[np.ndarray], ours: list[Any], scale: float) -> float:
    """The norm of the difference, over that of ours."""
    flat = np.concatenate([scale * entry.ravel() for entry in theirs])
    own = np.concatenate([np.ravel(entry) for entry in jax.tree.leaves(ours)])
    return float(np.linalg.norm(flat - own) / np.linalg.norm(own))
