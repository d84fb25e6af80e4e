// The axes of a heat map: cells that have numbers as coordinates, or names.

import { writeShort } from "./template.js";

const FEW = 10; // cells, each of which has its own label if there is room
const EVEN = 1e-3; // of a step, by which coordinates in even steps may be off

/**
 * Along one axis of a heat map of `size` cells: `axis`, as a frame draws it; `forward`, whether the cells run as the
 * axis does; and name(index). Many coordinates in even steps, of their logarithms if not of themselves, have an
 * axis of numbers; others label their cells.
 */
export function cellAxis(coordinates, names, size) {
  const known = coordinates !== null;
  const name = known ? (i) => writeShort(coordinates[i]) : (i) => names[i] ?? String(i + 1);
  const forward = !known || !(coordinates[size - 1] < coordinates[0]);
  const axis = (known && numberAxis(coordinates)) || { limits: [-0.5, size - 0.5], names: d3.range(size).map(name) };
  // An axis of numbers increases; where its cells run the other way, so do the names of others.
  if (axis.names && !forward) axis.limits.reverse();
  return { axis, forward, name };
}

/** The axis of many coordinates in even steps, or null. */
function numberAxis(coordinates) {
  if (coordinates.length <= FEW) return null;
  for (const log of [false, true]) {
    const places = Array.from(coordinates, (value) => (log ? Math.log10(value) : value));
    const [first, last] = [places[0], places[places.length - 1]];
    const step = (last - first) / (places.length - 1);
    const even = places.every((place, i) => Math.abs(place - first - i * step) <= EVEN * Math.abs(step));
    if (!even || !Number.isFinite(step) || step === 0) continue;
    const limits = [Math.min(first, last) - Math.abs(step) / 2, Math.max(first, last) + Math.abs(step) / 2];
    return { limits: log ? limits.map((end) => 10 ** end) : limits, log };
  }
  return null;
}
