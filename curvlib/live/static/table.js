// Tables: outputs that curvlib has computed before, over all stops of some controls, by curvlib.live.tabulate.

const TOP_LEVEL = 65531;
const NO_LEVELS = [0, NaN, Infinity, -Infinity]; // what the codes above it stand for

/** The number that an output's code means; levels are equally far from each other, or in equal ratios. */
function decode({ low, high, log, whole }, code) {
  if (code > TOP_LEVEL) return NO_LEVELS[code - TOP_LEVEL - 1];
  const level = low + ((high - low) * code) / TOP_LEVEL;
  const number = log ? Math.exp(level) : level;
  return whole ? Math.round(number) : number;
}

/** The program of a figure with tables: a function of its inputs, which indices in each group select. */
runtime.table = (groups) => {
  const bytes = groups.map(({ outputs }) => outputs.map(({ codes }) => atob(codes)));
  return (...values) => {
    const results = Object.create(null);
    groups.forEach(({ inputs, stops, outputs }, group) => {
      const row = inputs.reduce(
        (before, input, k) => before * stops[k].length + nearestStop(stops[k], values[input]),
        0,
      );
      outputs.forEach((output, place) => {
        const text = bytes[group][place];
        const number = (i) => decode(output, text.charCodeAt(2 * i) + 256 * text.charCodeAt(2 * i + 1));
        const { name, size } = output;
        results[name] =
          size === null ? number(row) : Float64Array.from({ length: size }, (_, i) => number(row * size + i));
      });
    });
    return results;
  };
};
