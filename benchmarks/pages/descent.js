// Gradient descent in jax-js, which has no loop under jit: all steps are traced, one after the other.

import { defaultDevice, init, jit, lax, numpy as np, valueAndGrad } from "@jax-js/jax";

const STEPS = 200;
const double = { dtype: np.float64 };

function rosenbrock(point) {
  const [x, y] = np.split(point, 2).map(part => part.reshape([]));
  const bend = y.sub(np.square(x.ref));
  return np.square(x.sub(1)).add(np.square(bend).mul(100));
}

// The path and the losses by a function that makes one step.
const descent = advance => point => {
  const path = [point.ref];
  const losses = [];
  for (let k = 0; k < STEPS; k++) {
    const [next, loss] = advance(point);
    point = next;
    path.push(point.ref);
    losses.push(loss);
  }
  return [np.stack(path), np.stack([...losses, rosenbrock(point)])];
};

const read = arrays => Promise.all(arrays.map(array => array.data()));

export async function make() {
  await init("wasm");
  defaultDevice("wasm");
  const rate = np.array(2e-4, double); // an array, since jit takes a plain number for a float32
  const step = point => {
    const [loss, gradient] = valueAndGrad(rosenbrock)(point.ref);
    return [point.sub(gradient.mul(rate.ref)), loss];
  };
  const whole = jit(descent(step));
  const stepwise = descent(jit(step));
  return {
    call: inputs => read(whole(np.array(inputs[0]))),
    others: { "jax-js, each step compiled": inputs => read(stepwise(np.array(inputs[0]))) },
    cannot: [...noLoops(), ...(await rounded())],
  };
}

// What it has no word for.
function noLoops() {
  const some = "scan" in lax || "foriLoop" in lax;
  return some ? [] : ["jax-js's lax has no scan and no fori_loop, so jit unrolls all steps"];
}

// What it makes of a plain number.
async function rounded() {
  const [product] = await jit(x => x.mul(0.1))(np.array(Float64Array.of(1))).data();
  const off = Math.abs(product / 0.1 - 1).toPrecision(2);
  return off < 1e-12 ? [] : [`jax-js rounds plain numbers under jit to float32: 0.1 is off by ${off}`];
}
