// A model in the ONNX format, run by onnxruntime-web in WebAssembly.

import * as ort from "./ort.wasm.min.mjs";

export async function make() {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const model = new URL("model.onnx", import.meta.url).href;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  const tensor = x =>
    typeof x === "number"
      ? new ort.Tensor("float64", Float64Array.of(x), [])
      : new ort.Tensor("float64", x, [x.length]);
  return {
    call: async inputs => {
      const feeds = Object.fromEntries(session.inputNames.map((name, k) => [name, tensor(inputs[k])]));
      const results = await session.run(feeds);
      return session.outputNames.map(name => results[name].data);
    },
  };
}
