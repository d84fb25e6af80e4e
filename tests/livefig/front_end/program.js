// Method m shrinks the start by m / 5 a step, and its loss κ likewise, in 50 · m of 200 steps.
function (runtime) {
  return function (kappa, start) {
    const outputs = { origin: new Float64Array(2), diverging: new Float64Array(402), best: 2 };
    ["first", "second", "third", "fourth"].forEach((name, index) => {
      const path = new Float64Array(402), loss = new Float64Array(201);
      for (let i = 0; i <= 200; i++) {
        const factor = Math.pow((index + 1) / 5, i);
        path[2 * i] = start[0] * factor;
        path[2 * i + 1] = start[1] * factor;
        loss[i] = kappa * factor;
      }
      outputs[name + ".path"] = path;
      outputs[name + ".loss"] = loss;
      outputs[name + ".steps"] = 50 * (index + 1);
    });
    for (let i = 0; i <= 200; i++) {
      outputs.diverging[2 * i] = start[0] * Math.pow(-1e3, i);
      outputs.diverging[2 * i + 1] = start[1] * Math.pow(1e3, i);
    }
    return outputs;
  };
}
