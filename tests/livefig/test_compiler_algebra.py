"""Linear algebra against JAX: factorizations, their derivatives, stacks of matrices, awkward matrices.

Eigenvectors and singular vectors are free in their signs: they are compared through what is unique.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from livefig.compiler import compile
from tests.livefig.javascript import check, run

RANDOM = np.random.default_rng(0).normal(size=(60, 3))


def symmetric(n, definite=True, seed=0):
    a = np.random.default_rng(seed).normal(size=(n, n))
    return a @ a.T + 0.1 * np.eye(n) if definite else a + a.T


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_factorizations(n):
    def results(definite, general, b):
        factor = jax.scipy.linalg.cho_factor(definite)
        return {
            "cholesky": jnp.linalg.cholesky(definite),
            "upper": factor[0],
            "cho_solve": jax.scipy.linalg.cho_solve(factor, b),
            "solve_pos": jax.scipy.linalg.solve(definite, b, assume_a="pos"),
            "lu": lax.linalg.lu(general),
            "solve": jnp.linalg.solve(general, b),
            "solve_vector": jnp.linalg.solve(general, b[:, 0]),
            "inverse": jnp.linalg.inv(general),
            "determinant": (jnp.linalg.det(general), jnp.linalg.slogdet(general)),
        }

    check(results, symmetric(n), symmetric(n, definite=False, seed=1), RANDOM[:n], rtol=1e-9)


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("transpose", [True, False])
def test_triangular_solves(lower, transpose):
    def solve(a, b):
        options = [
            {"left_side": left, "unit_diagonal": unit} for left in (True, False) for unit in (True, False)
        ]
        return [
            lax.linalg.triangular_solve(
                a, b if each["left_side"] else b.T, lower=lower, transpose_a=transpose, **each
            )
            for each in options
        ]

    for n in (3, 5):
        check(solve, symmetric(n) + 3 * np.eye(n), RANDOM[:n, :2], rtol=1e-9)


def test_matrices_without_an_answer():
    check(jnp.linalg.cholesky, np.array([[1.0, 2.0], [2.0, 1.0]]))
    check(jnp.linalg.cholesky, symmetric(6, definite=False))
    check(jnp.linalg.cholesky, np.full((3, 3), np.nan))
    check(jnp.linalg.solve, np.zeros((2, 2)), np.ones(2))
    check(jnp.linalg.solve, np.array([[1.0, 2.0], [2.0, 4.0]]), np.ones(2))
    check(jnp.linalg.solve, np.array([[0.0, 1.0], [1.0, 0.0]]), np.ones(2))
    broken = symmetric(4)
    broken[2, 1] = broken[1, 2] = np.nan
    got = run(compile(jnp.linalg.cholesky, broken), broken)["value"].reshape(4, 4)
    np.testing.assert_allclose(got[:2, :2], np.linalg.cholesky(broken[:2, :2]))
    assert np.isnan(got[2:, 1:][np.tril_indices(2)]).any() and np.isnan(got[3, 3])
    assert np.isfinite(got[2, 0]) and not np.isnan(np.triu(got, 1)).any()
    for values in (jnp.linalg.eigvalsh, jnp.linalg.svdvals):
        for bad in (np.nan, np.inf):
            got = run(compile(values, np.full((2, 2), bad)), np.full((2, 2), bad))["value"]
            assert np.isnan(got).all()


STACK = np.stack([symmetric(3, seed=k) for k in range(4)])
STACKED = {
    "cholesky": lambda a, b: jnp.linalg.cholesky(a),
    "cho_solve": lambda a, b: jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(a), b),
    "solve": lambda a, b: (jnp.linalg.solve(a, b), jnp.linalg.solve(a, b[:, 0]), jnp.linalg.inv(a)),
    "lu": lambda a, b: (jax.scipy.linalg.lu_solve(jax.scipy.linalg.lu_factor(a), b), jnp.linalg.slogdet(a)),
    "triangular": lambda a, b: jax.scipy.linalg.solve_triangular(a, b, lower=True),
    "qr": lambda a, b: jnp.linalg.qr(a[:, :2]),
    "eigh": lambda a, b: jnp.linalg.eigvalsh(a),
    "svd": lambda a, b: (jnp.linalg.svdvals(b), jnp.linalg.pinv(b), jnp.linalg.matrix_rank(b)),
    "lstsq": lambda a, b: jnp.linalg.lstsq(b, a[:, 0])[:3],
}


@pytest.mark.parametrize("name", STACKED)
def test_stacks_of_matrices(name):
    check(jax.vmap(STACKED[name]), STACK, RANDOM[:24].reshape(4, 3, 6)[..., :2], rtol=1e-9, atol=1e-13)
    if name != "triangular":  # one matrix for all
        check(lambda a, b: jax.vmap(lambda b: STACKED[name](a, b))(b), STACK[0], STACK, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_eigenproblems_by_what_is_unique(n):
    def invariants(a):
        values, vectors = jnp.linalg.eigh(a)
        return {
            "values": values,
            "same": vectors @ jnp.diag(values) @ vectors.T,
            "orthogonal": vectors.T @ vectors,
            "projector": jnp.outer(vectors[:, 0], vectors[:, 0]),
            "condition": values[-1] / values[0],
        }

    for a in (symmetric(n), symmetric(n, definite=False, seed=2)):
        check(invariants, a, rtol=1e-9, atol=1e-13)
    check(lambda a: jnp.linalg.eigvalsh(a), np.diag([3.0, 1.0, 1.0, 0.0, -2.0]), atol=1e-15)
    spread = run(compile(jnp.linalg.eigvalsh, np.eye(2)), np.array([[1e-8, 1e-9], [1e-9, 1e8]]))["value"]
    np.testing.assert_allclose(spread, [1e-8, 1e8], rtol=1e-9)


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 5), (2, 1)])
@pytest.mark.parametrize("mode", ["reduced", "complete"])
def test_qr(shape, mode):
    check(
        lambda a: jnp.linalg.qr(a, mode=mode),
        np.random.default_rng(3).normal(size=shape),
        rtol=1e-9,
        atol=1e-14,
    )
    check(lambda a: jnp.linalg.qr(a, mode=mode), np.zeros(shape))


def factors(a):
    """What is unique in the singular value decompositions of a matrix."""
    values, least = jnp.linalg.svdvals(a), min(a.shape)
    thin, full = (jnp.linalg.svd(a, full_matrices=full) for full in (False, True))
    return {
        "values": (values, thin[1], full[1]),
        "same": [u[:, :least] * s @ v[:least] for u, s, v in (thin, full)],
        "orthogonal": [(u.T @ u, v @ v.T) for u, _, v in (thin, full)],
    }


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (5, 3), (3, 5), (1, 4), (4, 1), (6, 6)])
def test_singular_values(shape):
    general = np.random.default_rng(1).normal(size=shape)
    awkward = [
        1e200 * general,
        1e-200 * general,
        np.ones(shape),
        np.zeros(shape),
        np.eye(*shape),
        -np.eye(*shape),
    ]
    check(factors, general, rtol=1e-10, atol=1e-13, others=[(a,) for a in awkward])
    check(factors, np.float32(general), rtol=1e-5, atol=1e-5)


SINGULAR = {
    "pseudoinverse": jnp.linalg.pinv,
    "rank": lambda a: (jnp.linalg.matrix_rank(a), jnp.linalg.matrix_rank(jnp.outer(a[0], a[0]))),
    "condition": jnp.linalg.cond,
    "norms": lambda a: [jnp.linalg.norm(a, order) for order in (1, -1, 2, -2, np.inf, -np.inf, "fro", "nuc")],
    "least squares": lambda a: jnp.linalg.lstsq(a, a[:, 0] + 1),
    "least norm": lambda a: jnp.linalg.lstsq(a.T, jnp.ones(3)),
    "fit": lambda a: jnp.polyfit(a[:, 0], a[:, 1], 2),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_what_needs_singular_values(name):
    check(SINGULAR[name], RANDOM[:5], rtol=1e-9, atol=1e-13)


DERIVATIVES = {
    "determinant": jax.hessian(jnp.linalg.det),
    "log determinant": jax.grad(lambda a: jnp.linalg.slogdet(a)[1]),
    "inverse": jax.jacfwd(jnp.linalg.inv),
    "solve": jax.jacrev(lambda a: jnp.linalg.solve(a, a[0])),
    "lu": jax.jacrev(lambda a: lax.linalg.lu(a)[0]),
    "cholesky": jax.jacrev(lambda a: jnp.linalg.cholesky(a @ a.T)),
    "qr": jax.jacfwd(jnp.linalg.qr),
    "eigenvalues": jax.jacrev(lambda a: jnp.linalg.eigvalsh(a + a.T)),
    "eigenvectors": jax.jacfwd(lambda a: jnp.linalg.eigh(a + a.T)[1] ** 2),
    "singular values": jax.jacrev(jnp.linalg.svdvals),
    "singular vectors": jax.jacrev(lambda a: [f**2 for f in jnp.linalg.svd(a)]),
    "pseudoinverse": jax.jacfwd(lambda a: jnp.linalg.pinv(a[:, :2])),
    "exponential": jax.jacfwd(jax.scipy.linalg.expm),
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives(name):
    check(DERIVATIVES[name], RANDOM[10:13], rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_huge_and_tiny_matrices(size):
    def functions(a, b):
        lower, orthogonal = jnp.linalg.cholesky(a), jnp.linalg.qr(b)
        return lower, jnp.linalg.solve(b, b[0]), jnp.linalg.inv(a), jnp.linalg.eigvalsh(b + b.T), orthogonal

    check(functions, size * symmetric(3), size * RANDOM[10:13], rtol=1e-9)
