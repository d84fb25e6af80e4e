// Cells of a grid in colours: those of a matrix, and those of regions of the plane.

import { round } from "./dom.js";

const RAMP_STOPS = 5; // of each ramp in livefig.palette

/** A colour `share` of the way along a ramp, for a style. */
export function rampColor(ramp, share) {
  const low = Math.min(Math.floor(share * (RAMP_STOPS - 1)), RAMP_STOPS - 2);
  const between = round(100 * (share * (RAMP_STOPS - 1) - low));
  return `color-mix(in srgb, var(--lf-${ramp}-${low + 1}) ${between}%, var(--lf-${ramp}-${low}))`;
}

/**
 * Path data of the cells of each class 0, …, count − 1: what lies side by side in a row is one rectangle.
 * Cells of another class are left out. x and y take numbers of cells to pixels.
 */
export function cellPaths(classes, columns, count, x, y) {
  const paths = new Array(count).fill("");
  for (let start = 0; start < classes.length; ) {
    const kind = classes[start];
    const row = Math.floor(start / columns);
    let end = start + 1;
    while (end < (row + 1) * columns && classes[end] === kind) end += 1;
    const [left, right] = [x(start - row * columns), x(end - row * columns)];
    if (kind in paths) paths[kind] += `M${left},${y(row)}H${right}V${y(row + 1)}H${left}z`;
    start = end;
  }
  return paths;
}
