// Tables: outputs that Python has computed before, over all stops of some controls, by livefig.tabulate.

import { nearestStop } from "./controls.js";
import { runtime } from "./runtime.js";

const TOP_LEVEL = 65531;
const NO_LEVELS = [0, NaN, Infinity, -Infinity]; // what the codes above it stand for

/** A function of a row and an index, the number of an output that stands there, as livefig.packing keeps it. */
function makeColumn({ size, numbers, codes, ranges, logs }) {
  const length = size ?? 1;
  if (numbers !== undefined) {
    const exact = runtime.unpack(Float64Array, numbers);
    return (row, i) => exact[row * length + i];
  }
  const levels = runtime.unpack(Uint16Array, codes);
  const ends = runtime.unpack(Float64Array, ranges);
  return (row, i) => {
    const code = levels[row * length + i];
    if (code > TOP_LEVEL) return NO_LEVELS[code - TOP_LEVEL - 1];
    const own = Math.min(row, logs.length - 1);
    const [low, high] = ends.subarray(2 * own);
    const level = low + ((high - low) * code) / TOP_LEVEL;
    return logs[own] === "1" ? Math.exp(level) : level;
  };
}

/** The program of a figure with tables: a function of its inputs, which indices in each group select. */
runtime.table = (groups) => {
  const columns = groups.map(({ outputs }) => outputs.map(makeColumn));
  return (...values) => {
    const results = Object.create(null);
    groups.forEach(({ inputs, stops, outputs }, group) => {
      const row = inputs.reduce(
        (before, input, k) => before * stops[k].length + nearestStop(stops[k], values[input]),
        0,
      );
      outputs.forEach(({ name, size }, place) => {
        const column = columns[group][place];
        const array = () => Float64Array.from({ length: size }, (_, i) => column(row, i));
        results[name] = size === null ? column(row, 0) : array();
      });
    });
    return results;
  };
};
