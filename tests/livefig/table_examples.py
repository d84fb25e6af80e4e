"""A function for each primitive of the table, and a call of each function that its page names."""

import jax
import jax.numpy as jnp
from jax import lax
from jax.ad_checkpoint import checkpoint_name


@jax.custom_jvp
def bent(x):
    return x * x


bent.defjvp(lambda primals, tangents: (bent(*primals), 3 * tangents[0]))


@jax.custom_vjp
def straight(x):
    return x**3


straight.defvjp(lambda x: (straight(x), x), lambda x, cotangent: (5 * cotangent,))


@jax.custom_batching.custom_vmap
def batched(x):
    return jnp.sin(x)


@batched.def_vmap
def _batched(size, is_batched, x):
    return jnp.sin(x), is_batched[0]


def reflected(matrix, right, transpose):
    packed, taus = jnp.linalg.qr(matrix, mode="raw")
    return lax.linalg.ormqr(packed.mT, taus, right, transpose=transpose)


def whole(reduce):
    return lambda x, i: reduce((9 * x).astype(int), (1,))


EXAMPLES = {  # functions of X and a whole number that need the primitive
    "reduce_sum": lambda x, i: jnp.sum(x, 0),
    "reduce_prod": lambda x, i: jnp.prod(x, 1),
    "reduce_max": lambda x, i: jnp.max(x, 0),
    "reduce_min": lambda x, i: jnp.min(x),
    "reduce_and": whole(lax.reduce_and),
    "reduce_or": whole(lax.reduce_or),
    "reduce_xor": whole(lax.reduce_xor),
    "dot_general": lambda x, i: x.T @ x,
    "argmax": lambda x, i: jnp.argmax(x, 0),
    "argmin": lambda x, i: jnp.argmin(x),
    "cumsum": lambda x, i: jnp.cumsum(x),
    "cumprod": lambda x, i: jnp.cumprod(x, 1),
    "cummax": lambda x, i: lax.cummax(x),
    "cummin": lambda x, i: lax.cummin(x, 1),
    "cumlogsumexp": lambda x, i: lax.cumlogsumexp(x),
    "sort": lambda x, i: jnp.sort(x, axis=0),
    "top_k": lambda x, i: lax.top_k(x.T, 2),
    "broadcast_in_dim": lambda x, i: x[:, None] + x[:4],
    "reshape": lambda x, i: x.reshape(8, 9),
    "squeeze": lambda x, i: x[2],
    "transpose": lambda x, i: 2 * x.T,
    "rev": lambda x, i: x[::-1],
    "slice": lambda x, i: x[1:9:2],
    "split": lambda x, i: jnp.split(x, 3),
    "tile": lambda x, i: jnp.tile(x, (2, 1)),
    "iota": lambda x, i: jnp.arange(24) + i,
    "concatenate": lambda x, i: jnp.concatenate([x, x[:2]]),
    "unstack": lambda x, i: jnp.unstack(x[:3]),
    "stack": lambda x, i: jnp.stack([x, -x]),
    "pad": lambda x, i: lax.pad(x, 2.0, ((1, 2, 1), (-1, 0, 0))),
    "empty2": lambda x, i: jax.grad(lambda x: lax.cond(i > 0, jnp.sum, lambda x: jnp.sum(x**3), x))(x),
    "dynamic_slice": lambda x, i: lax.dynamic_slice(x, (i, 0), (4, 2)),
    "gather": lambda x, i: x[jnp.arange(3) + i],
    "dynamic_update_slice": lambda x, i: lax.dynamic_update_slice(x, x[:2] * 2, (i, 0)),
    "scatter": lambda x, i: x.at[i].set(1.0).at[i + 1].apply(jnp.exp),
    "scatter-add": lambda x, i: x.at[i].add(1.0),
    "scatter-sub": lambda x, i: x.at[i].subtract(1.0),
    "scatter-mul": lambda x, i: x.at[i].multiply(3.0),
    "scatter-min": lambda x, i: x.at[i].min(0.2),
    "scatter-max": lambda x, i: x.at[i].max(0.2),
    "while": lambda x, i: lax.while_loop(lambda x: jnp.sum(x) < 9, lambda x: x + 1, x),
    "scan": lambda x, i: lax.scan(lambda total, row: (total + row, total), x[0], x),
    "cond": lambda x, i: lax.cond(i > 0, jnp.sin, jnp.cos, x),
    "cholesky": lambda x, i: jnp.linalg.cholesky(x.T @ x),
    "lu": lambda x, i: lax.linalg.lu(x)[0],
    "lu_pivots_to_permutation": lambda x, i: lax.linalg.lu_pivots_to_permutation(lax.linalg.lu(x)[1], 24),
    "triangular_solve": lambda x, i: jax.scipy.linalg.solve_triangular(x[:3], x[0]),
    "eigh": lambda x, i: jnp.linalg.eigvalsh(x.T @ x),
    "qr": lambda x, i: jnp.linalg.qr(x),
    "geqrf": lambda x, i: [jnp.linalg.qr(a, mode="raw") for a in (x, x[:3, :2], x[:2], x.reshape(4, 6, 3))],
    "ormqr": lambda x, i: [reflected(x, x[:, :2], t) for t in (True, False)],
    "svd": lambda x, i: jnp.linalg.svdvals(x),
    "jit": lambda x, i: jax.jit(jnp.sin)(x),
    "composite": lambda x, i: lax.composite(jnp.sin, "my.sine")(x),
    "custom_jvp_call": lambda x, i: (bent(x), jax.jvp(bent, (x,), (x,))[1]),
    "custom_vjp_call": lambda x, i: (straight(x), jax.vjp(straight, x)[1](x)),
    "custom_vmap_call": lambda x, i: batched(x),
    "remat2": lambda x, i: jax.grad(lambda x: jnp.sum(jax.checkpoint(jnp.sin)(x)))(x),
    "copy": lambda x, i: jnp.copy(x),
    "stop_gradient": lambda x, i: lax.stop_gradient(x),
    "optimization_barrier": lambda x, i: lax.optimization_barrier(x),
    "name": lambda x, i: checkpoint_name(x, "kept"),
    "device_put": lambda x, i: jax.device_put(x),
    "custom_linear_solve": lambda x, i: jnp.linalg.solve(x[:3], x[0]),
    "call_hi_primitive": lambda x, i: jnp.searchsorted(jnp.sort(x[:, 0]), x),
    "platform_index": lambda x, i: lax.platform_dependent(x, cpu=jnp.sin, default=jnp.cos),
}


SQUARE = lambda x: x.T @ x  # noqa: E731
USED = {  # functions that the page names, where they take more or other than X alone
    "jax.checkpoint": lambda x, i: jax.grad(lambda x: jnp.sum(jax.checkpoint(jnp.sin)(x)))(x),
    "jax.custom_batching.custom_vmap": lambda x, i: batched(x),
    "jax.custom_jvp": lambda x, i: bent(x),
    "jax.custom_vjp": lambda x, i: straight(x),
    "jax.ad_checkpoint.checkpoint_name": lambda x, i: checkpoint_name(x, "kept"),
    "jax.jit": lambda x, i: jax.jit(jnp.sin)(x),
    "jax.lax.bitcast_convert_type": lambda x, i: lax.bitcast_convert_type(x.astype("float32"), "int32"),
    "jax.lax.clamp": lambda x, i: lax.clamp(-0.5, x, 0.5),
    "jax.lax.clz": lambda x, i: lax.clz(jnp.arange(9) + i),
    "jax.lax.composite": lambda x, i: lax.composite(jnp.sin, "my.sine")(x),
    "jax.lax.cond": lambda x, i: lax.cond(i > 0, jnp.sin, jnp.cos, x),
    "jax.lax.custom_linear_solve": lambda x, i: lax.custom_linear_solve(
        lambda y: 3 * y, x, lambda matvec, y: y / 3, symmetric=True
    ),
    "jax.lax.dynamic_slice": lambda x, i: lax.dynamic_slice(x, (i, 0), (4, 2)),
    "jax.lax.dynamic_update_slice": lambda x, i: lax.dynamic_update_slice(x, x[:2] * 2, (i, 0)),
    "jax.lax.fori_loop": lambda x, i: [lax.fori_loop(0, n, lambda k, x: x + k, x) for n in (4, i)],
    "jax.lax.map": lambda x, i: lax.map(jnp.sum, x),
    "jax.lax.optimization_barrier": lambda x, i: lax.optimization_barrier(x),
    "jax.lax.pad": lambda x, i: lax.pad(x, 2.0, ((1, 2, 1), (-1, 0, 0))),
    "jax.lax.platform_dependent": lambda x, i: lax.platform_dependent(x, cpu=jnp.sin, default=jnp.cos),
    "jax.lax.reduce_precision": lambda x, i: lax.reduce_precision(x, 5, 10),
    "jax.lax.rsqrt": lambda x, i: lax.rsqrt(jnp.abs(x)),
    "jax.lax.scan": lambda x, i: lax.scan(lambda total, row: (total + row, total), x[0], x),
    "jax.lax.select": lambda x, i: lax.select(x > 0, x, -x),
    "jax.lax.shift_right_logical": lambda x, i: lax.shift_right_logical(jnp.arange(9), i),
    "jax.lax.slice": lambda x, i: lax.slice(x, (1, 0), (9, 2)),
    "jax.lax.switch": lambda x, i: lax.switch(i - 2, [jnp.sin, jnp.cos, jnp.tan], x),
    "jax.lax.top_k": lambda x, i: lax.top_k(x.T, 2),
    "jax.lax.while_loop": lambda x, i: lax.while_loop(lambda x: jnp.sum(x) < 9, lambda x: x + 1, x),
    "jax.scipy.linalg.cho_factor": lambda x, i: jnp.tril(
        jax.scipy.linalg.cho_factor(SQUARE(x), lower=True)[0]
    ),
    "jax.scipy.linalg.cho_solve": lambda x, i: jax.scipy.linalg.cho_solve(
        (jnp.linalg.cholesky(SQUARE(x)), True), x.T
    ),
    "jax.scipy.linalg.expm": lambda x, i: jax.scipy.linalg.expm(x[:3]),
    "jax.scipy.linalg.lu": lambda x, i: jax.scipy.linalg.lu(x[:3]),
    "jax.scipy.linalg.lu_solve": lambda x, i: jax.scipy.linalg.lu_solve(
        jax.scipy.linalg.lu_factor(x[:3]), x[3]
    ),
    "jax.scipy.linalg.solve": lambda x, i: jax.scipy.linalg.solve(SQUARE(x), x[0], assume_a="pos"),
    "jax.scipy.linalg.solve_triangular": lambda x, i: jax.scipy.linalg.solve_triangular(x[:3], x[0]),
    "jax.scipy.sparse.linalg.cg": lambda x, i: jax.scipy.sparse.linalg.cg(lambda y: SQUARE(x) @ y, x[0])[0],
    "jax.scipy.special.betainc": lambda x, i: jax.scipy.special.betainc(1.5, 0.7, jax.nn.sigmoid(x)),
    "jax.scipy.special.gammainc": lambda x, i: jax.scipy.special.gammainc(1.5, jnp.abs(x)),
    "jax.scipy.special.gammaincc": lambda x, i: jax.scipy.special.gammaincc(1.5, jnp.abs(x)),
    "jax.scipy.stats.beta.cdf": lambda x, i: jax.scipy.stats.beta.cdf(x, 1.5, 0.7),
    "jax.scipy.stats.chi2.cdf": lambda x, i: jax.scipy.stats.chi2.cdf(x, 3),
    "jax.scipy.stats.gamma.cdf": lambda x, i: jax.scipy.stats.gamma.cdf(x, 1.5),
    "jax.scipy.stats.poisson.cdf": lambda x, i: jax.scipy.stats.poisson.cdf(i, jnp.abs(x)),
    "jax.scipy.special.betaln": lambda x, i: jax.scipy.special.betaln(jnp.abs(x), 2.0),
    "jax.scipy.special.digamma": lambda x, i: jax.scipy.special.digamma(jnp.abs(x)),
    "jax.scipy.special.erfinv": lambda x, i: jax.scipy.special.erfinv(jnp.tanh(x)),
    "jax.scipy.special.ndtri": lambda x, i: jax.scipy.special.ndtri(jax.nn.sigmoid(x)),
    "jax.scipy.special.polygamma": lambda x, i: jax.scipy.special.polygamma(1, jnp.abs(x)),
    "jax.scipy.special.zeta": lambda x, i: jax.scipy.special.zeta(2.5, jnp.abs(x)),
    "jnp.arange": lambda x, i: jnp.arange(24) + i,
    "jnp.arccosh": lambda x, i: jnp.arccosh(1 + jnp.abs(x)),
    "jnp.arctan2": lambda x, i: jnp.arctan2(x, x[::-1]),
    "jnp.append": lambda x, i: jnp.append(x, 2 * x),
    "jnp.argpartition": lambda x, i: x[jnp.argpartition(x[:, 0], 3)[:3]].sum(0),
    "jnp.array_split": lambda x, i: jnp.array_split(x, 5),
    "jnp.bincount": lambda x, i: jnp.bincount(jnp.arange(9) % i, length=4),
    "jnp.bitwise_count": lambda x, i: jnp.bitwise_count(jnp.arange(9) + i),
    "jnp.bitwise_xor.reduce": lambda x, i: jnp.bitwise_xor.reduce((9 * x).astype(int)),
    "jnp.broadcast_to": lambda x, i: 2 * jnp.broadcast_to(x, (2, 24, 3)),
    "jnp.polyval": lambda x, i: (jnp.polyval(x[:, 0], x), jnp.polyval(x[:3, 0], x)),
    "jnp.clip": lambda x, i: jnp.clip(x, -0.5, 0.5),
    "jnp.concatenate": lambda x, i: jnp.concatenate([x, x[:2]]),
    "jnp.copysign": lambda x, i: jnp.copysign(0.3, x),
    "jnp.digitize": lambda x, i: jnp.digitize(x, jnp.sort(x[:, 0])),
    "jnp.divmod": lambda x, i: jnp.divmod(x, 0.3),
    "jnp.dot": lambda x, i: jnp.dot(x, x.T),
    "jnp.einsum": lambda x, i: jnp.einsum("ki,kj->ij", x, x),
    "jnp.eye": lambda x, i: x @ jnp.eye(3),
    "jnp.floor_divide": lambda x, i: (jnp.floor_divide(x, 0.3), jnp.floor_divide(jnp.arange(-9, 9), i)),
    "jnp.fmod": lambda x, i: jnp.fmod(x, 0.3),
    "jnp.histogram": lambda x, i: jnp.histogram(x, 7),
    "jnp.hypot": lambda x, i: jnp.hypot(x, 0.3),
    "jnp.interp": lambda x, i: jnp.interp(x, jnp.sort(x[:, 0]), x[:, 1]),
    "jnp.lexsort": lambda x, i: jnp.lexsort(x.T),
    "jnp.linalg.cholesky": lambda x, i: jnp.linalg.cholesky(SQUARE(x)),
    "jnp.linalg.det": lambda x, i: jnp.linalg.det(x[:3]),
    "jnp.linalg.eigh": lambda x, i: jnp.abs(jnp.linalg.eigh(SQUARE(x))[1]),
    "jnp.linalg.eigvalsh": lambda x, i: jnp.linalg.eigvalsh(SQUARE(x)),
    "jnp.linalg.inv": lambda x, i: jnp.linalg.inv(x[:3]),
    "jnp.linalg.lstsq": lambda x, i: jnp.linalg.lstsq(x, x[:, 0] ** 2)[0],
    "jnp.linalg.norm": lambda x, i: (jnp.linalg.norm(x), jnp.linalg.norm(x, ord=2)),
    "jnp.linalg.qr": lambda x, i: (jnp.linalg.qr(x), jnp.linalg.qr(x, mode="raw")),
    "jnp.linalg.slogdet": lambda x, i: jnp.linalg.slogdet(x[:3]),
    "jnp.linalg.solve": lambda x, i: jnp.linalg.solve(x[:3], x[0]),
    "jnp.linalg.svd": lambda x, i: [jnp.abs(part) for part in jnp.linalg.svd(x, full_matrices=False)],
    "jnp.linspace": lambda x, i: jnp.linspace(x[0], x[1], 7),
    "jnp.log": lambda x, i: jnp.log(jnp.abs(x)),
    "jnp.log10": lambda x, i: jnp.log10(jnp.abs(x)),
    "jnp.log1p": lambda x, i: jnp.log1p(jnp.abs(x)),
    "jnp.log2": lambda x, i: jnp.log2(jnp.abs(x)),
    "jnp.logaddexp": lambda x, i: jnp.logaddexp(x, 0.0),
    "jnp.logical_and": lambda x, i: jnp.logical_and(x > 0, x < 1),
    "jnp.logical_or": lambda x, i: jnp.logical_or(x < 0, x > 1),
    "jnp.logical_xor": lambda x, i: jnp.logical_xor(x < 0, x < 1),
    "jnp.maximum": lambda x, i: jnp.maximum(x, 0.3),
    "jnp.maximum.accumulate": lambda x, i: jnp.maximum.accumulate(x),
    "jnp.minimum": lambda x, i: jnp.minimum(x, 0.3),
    "jnp.minimum.accumulate": lambda x, i: jnp.minimum.accumulate(x),
    "jnp.moveaxis": lambda x, i: 2 * jnp.moveaxis(x, 0, 1),
    "jnp.nextafter": lambda x, i: jnp.nextafter(x, 0.3),
    "jnp.pad": lambda x, i: jnp.pad(x, 2),
    "jnp.partition": lambda x, i: jnp.partition(x[:, 0], 3)[3],
    "jnp.power": lambda x, i: (jnp.power(jnp.abs(x), 0.3), jnp.power(x, 3), jnp.power(2.0, x)),
    "jnp.quantile": lambda x, i: jnp.quantile(x, 0.3),
    "jnp.remainder": lambda x, i: jnp.remainder(x, 0.3),
    "jnp.reshape": lambda x, i: jnp.reshape(x, (8, 9)),
    "jnp.roll": lambda x, i: jnp.roll(x, 2),
    "jnp.searchsorted": lambda x, i: [
        jnp.searchsorted(jnp.sort(x[:, 0]), x, side) for side in ("left", "right")
    ],
    "jnp.split": lambda x, i: jnp.split(x, 3),
    "jnp.sqrt": lambda x, i: jnp.sqrt(jnp.abs(x)),
    "jnp.squeeze": lambda x, i: jnp.squeeze(x[:, :1]),
    "jnp.stack": lambda x, i: jnp.stack([x, -x]),
    "jnp.swapaxes": lambda x, i: 2 * jnp.swapaxes(x, 0, 1),
    "jnp.take": lambda x, i: jnp.take(x, jnp.arange(3) + i, axis=0),
    "jnp.tensordot": lambda x, i: jnp.tensordot(x, x, ((0,), (0,))),
    "jnp.tile": lambda x, i: jnp.tile(x, (2, 1)),
    "jnp.trace": lambda x, i: jnp.trace(SQUARE(x)),
    "jnp.where": lambda x, i: jnp.where(x > 0, x, -x),
}
