// Levenberg-Marquardt steps in jax-js. Its jit refuses triangular solves, so the solve stands between two
// compiled parts of a step.

import { defaultDevice, init, jacfwd, jit, numpy as np } from "@jax-js/jax";

const STEPS = 20;
const TIMES = Float64Array.from({ length: 20 }, (_, k) => k / 19);
const SEEN = TIMES.map(t => 2 * Math.exp(-3 * t) + 0.5 + 0.05 * Math.cos(40 * t));
const double = { dtype: np.float64 };

export async function make() {
  await init("wasm");
  defaultDevice("wasm");
  const times = np.array(TIMES);
  const seen = np.array(SEEN);
  const residuals = params => {
    const [scale, rate, rest] = np.split(params, 3);
    return np.exp(times.ref.mul(rate).neg()).mul(scale).add(rest).sub(seen.ref);
  };
  const half = r => np.square(r).sum().mul(0.5);
  const system = jit((params, damping) => {
    const transposed = jacfwd(residuals)(params.ref); // jax-js's Jacobian has the parameters as rows
    const r = residuals(params);
    const matrix = np.matmul(transposed.ref, transposed.ref.transpose());
    return [matrix.add(np.eye(3, 3, double).mul(damping)), np.matmul(transposed, r.ref), half(r)];
  });
  const step = jit((params, change) => params.sub(change));
  const loss = jit(params => half(residuals(params)));
  const fit = (params, damping) => {
    const path = [params.ref];
    const losses = [];
    for (let k = 0; k < STEPS; k++) {
      const [matrix, gradient, before] = system(params.ref, damping.ref);
      params = step(params, np.linalg.solve(matrix, gradient));
      path.push(params.ref);
      losses.push(before);
    }
    damping.dispose();
    return [np.stack(path), np.stack([...losses, loss(params)])];
  };
  return {
    call: ([start, damping]) => {
      const results = fit(np.array(start), np.array(damping, double));
      return Promise.all(results.map(array => array.data()));
    },
    cannot: [...(await refused()), ...(await inexact())],
  };
}

// What jax-js says to a solve under jit.
async function refused() {
  const matrix = np.eye(3, 3, double);
  const right = np.array(Float64Array.of(1, 2, 3));
  try {
    await jit((a, b) => np.linalg.solve(a, b))(matrix, right).data();
    return [];
  } catch (error) {
    return [`jax-js refuses linalg.solve under jit ("${error.message}"), so it is called outside`];
  }
}

// How good its exponential is: the fit's results cannot be better.
async function inexact() {
  const points = TIMES.map(t => 4 * t - 2);
  const values = await np.exp(np.array(points)).data();
  const off = Math.max(...points.map((x, k) => Math.abs(values[k] / Math.exp(x) - 1))).toPrecision(2);
  return off < 1e-12 ? [] : [`jax-js's exp of a float64 is off by ${off} of it`];
}
