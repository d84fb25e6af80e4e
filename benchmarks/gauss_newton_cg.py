"""What a damped Gauss-Newton step by conjugate gradients costs in gradients: curvlib's, and somax's."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import curvlib as cl
from benchmarks.curvature_peers import difference, gradients, saved
from benchmarks.peers import Peer
from benchmarks.products import AUTOENCODER, network
from benchmarks.run import Group
from curvlib.products import ggn_map

ITERATIONS, DAMPING = 10, 0.1
ABOUT = (
    f"steps by {ITERATIONS} iterations of conjugate gradients on (G + {DAMPING} I) d = -g, from zero, no "
    "preconditioner or line search, for tanh networks in single precision; a step over the library's own "
    "gradient, each in a compiled loop. somax's sgn_ce and sgn_mse; curvlib's solver on its Gauss-Newton "
    "map, and HessianFree with all turned off but the rule for its damping, which takes a loss a step"
)
ROUNDS = 5

# Of each: the batch, the likelihood, and how many steps or gradients there are in a loop. somax has the
# softmax's loss, and squares of one output: no independent pixels.
NETWORKS = {
    (20, 32, 1): (64, cl.likelihoods.Gaussian(), 100),
    AUTOENCODER: (256, cl.likelihoods.Categorical(), 30),
    (256, 1024, 1024, 256): (512, cl.likelihoods.Categorical(), 2),
}
OURS, BARE, THEIRS = "curvlib, CG step", "curvlib, HessianFree", "somax, step"
# After a few iterations both have to have the same step, up to a relative difference. After more of them it
# differs by rounding in single precision, which conjugate gradients amplify; and where pᵀAp is below 1.2e-7
# somax takes it to be that, so that the last iterations lead less far.
FEW, CLOSE = 3, 1e-4

Array = jax.Array


def groups(quick: bool = False) -> Iterator[Group]:
    with Peer("somax", "somax_peer.py") as peer:
        for widths in list(NETWORKS)[: 2 if quick else None]:
            yield group(peer, widths)


def group(peer: Peer, widths: tuple[int, ...]) -> Group:
    batch, likelihood, count = NETWORKS[widths]
    problem, params = network(widths, batch, likelihood)
    network_file = str(saved(peer, problem, params))
    apart = {}
    for iterations in (FEW, ITERATIONS):
        peer.ask(
            "load",
            file=network_file,
            likelihood=type(likelihood).__name__,
            damping=DAMPING,
            iterations=iterations,
        )
        ours = steps_of(iterations)
        moved = {
            name: jax.tree.map(jnp.subtract, run(problem, params, 1), params) for name, run in ours.items()
        }
        theirs = told(peer)
        apart[iterations] = {name: difference(theirs, step, 1.0) for name, step in moved.items()}
    assert max(apart[FEW].values()) <= CLOSE, apart
    return Group(
        f"{'-'.join(map(str, widths))}, batch {batch}",
        {
            "curvlib, gradient": partial(jax.jit(gradients), problem, params, count),
            **{name: partial(run, problem, params, count) for name, run in ours.items()},
            "somax, gradient": partial(peer.ask, "gradients", count=count),
            THEIRS: partial(peer.ask, "steps", count=count),
        },
        {
            "likelihood": type(likelihood).__name__,
            "relative differences from somax's step": {
                f"{iterations} iterations": {name: float(f"{value:.1e}") for name, value in ones.items()}
                for iterations, ones in apart.items()
            },
            "packages of somax": peer.ask("versions"),
        },
        {OURS: "curvlib, gradient", BARE: "curvlib, gradient", THEIRS: "somax, gradient"},
    )


def steps_of(iterations: int) -> dict[str, Callable[[cl.Supervised, list, int], list]]:
    """curvlib's two ways to take a number of steps."""
    solver = cl.CG(iterations, tol=0.0)
    bare = cl.HessianFree(
        DAMPING,
        iterations=iterations,
        progress=None,
        warm=0.0,
        preconditioner=None,
        keep=0,
        line_search=None,
    )

    def by_cg(problem: cl.Supervised, params: list, state: tuple[()]) -> tuple[list, tuple[()]]:
        gradient = jax.grad(problem.loss)(params)
        direction, _ = solver.solve(ggn_map(problem, params), gradient, DAMPING)
        return jax.tree.map(jnp.subtract, params, direction), state

    return {
        OURS: jax.jit(partial(loop, by_cg, lambda *_: ())),
        BARE: jax.jit(partial(loop, bare.step, bare.init)),
    }


def told(peer: Peer) -> list[np.ndarray]:
    """The peer's first step."""
    path = str(peer.file("answer.npz"))
    peer.ask("write_step", to=path)
    with np.load(path) as arrays:
        return [arrays[f"arr_{k}"] for k in range(len(arrays.files))]


def loop(
    step: Callable[..., tuple], init: Callable[..., Any], problem: cl.Supervised, params: list, count: int
) -> list:
    """So many steps, each from where the last one led."""

    def again(_: int, carry: tuple[list, Any]) -> tuple[list, Any]:
        return step(problem, *carry)[:2]

    return jax.lax.fori_loop(0, count, again, (params, init(problem, params)))[0]
