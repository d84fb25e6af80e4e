// Contours of a field: its values on a grid, and outlines of the regions where they reach a level (marching
// squares).
//
// d3-contour does the same; this is a quarter of its time, since it only looks for outlines and not for which
// of them are holes, and contours are the longest part of a redraw.

import { round } from "./dom.js";

const CELLS = 72; // along each side of the view, at whose corners the field is computed
const FINE = 2 * CELLS; // along each side, after a cubic through these values
// Two more nodes a side than the view has cells: those around it are −∞, below every level, so that each
// outline closes, outside the view, where it is cut off.
const NODES = FINE + 3;
const DECADES = 4; // that logarithmic levels span
const STRAIGHT = 0.12; // pixels by which a point may lie beside a line that leaves it out

/** Values of a field, `at(x, y)`, on the fine grid over `xlim` × `ylim`, row by row, and their extremes. */
export function sampleField(at, xlim, ylim) {
  const values = new Float64Array(NODES * NODES).fill(-Infinity);
  const dx = (xlim[1] - xlim[0]) / CELLS;
  const dy = (ylim[1] - ylim[0]) / CELLS;
  let low = Infinity;
  let high = -Infinity;
  for (let j = 0; j <= CELLS; j++) {
    for (let i = 0; i <= CELLS; i++) {
      const value = Number(at(xlim[0] + i * dx, ylim[0] + j * dy));
      values[(2 * j + 1) * NODES + 2 * i + 1] = value;
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  // A narrow valley falls between the nodes computed. A cubic finds its floor, a quadratic's exactly.
  for (let j = 1; j < NODES - 1; j += 2) fillBetween(values, j * NODES + 1, 1);
  for (let i = 1; i < NODES - 1; i++) fillBetween(values, NODES + i, NODES);
  return { values, low, high };
}

/** Fill in every other of the values at start, start + stride, …, by the cubic through its four neighbours. */
function fillBetween(values, start, stride) {
  const step = 2 * stride;
  for (let i = 0, node = start; i < CELLS; i++, node += step) {
    const a = values[node];
    const b = values[node + step];
    const before = i > 0 ? values[node - step] : 3 * (a - b) + values[node + 2 * step];
    const after = i < CELLS - 1 ? values[node + 2 * step] : 3 * (b - a) + values[node - step];
    const middle = (9 * (a + b) - before - after) / 16;
    values[node + stride] = Number.isFinite(middle) ? middle : (a + b) / 2;
  }
}

/** The levels of a contours layer: `count` of them between the extremes, or its own list. */
export function contourLevels({ levels, spacing }, low, high) {
  if (Array.isArray(levels)) return levels;
  if (!(low < high)) return [];
  return Array.from({ length: levels }, (_, i) => {
    const part = (i + 1) / (levels + 1);
    return low + (high - low) * (spacing === "linear" ? part : 10 ** (DECADES * (part - 1)));
  });
}

/** Path data of the region above each level, with the view's corners at (x0, y0) and (x1, y1) in pixels. */
export function contourPaths(levels, spacing, { values, low }, [x0, x1], [y0, y1]) {
  // Outlines are interpolated linearly between nodes. The root of a bowl is closer to linear than the bowl.
  const bend = spacing === "log" ? (value) => Math.sqrt(Math.max(0, value - low)) : (value) => value;
  const [dx, dy] = [(x1 - x0) / FINE, (y1 - y0) / FINE];
  const toPixels = { x: (i) => x0 + (i - 1) * dx, y: (j) => y0 + (j - 1) * dy };
  const crossed = crossedCells(values, levels);
  return levels.map((level, index) => outline(values, level, crossed[index], bend, toPixels));
}

/** For each level the nodes at the top left of the cells that it crosses. */
function crossedCells(values, levels) {
  const classes = new Uint16Array(values.length); // how many levels a node reaches
  let reached = 0; // few more or fewer than the node before
  for (let node = 0; node < values.length; node++) {
    const value = values[node];
    while (value >= levels[reached]) reached += 1;
    while (reached > 0 && !(value >= levels[reached - 1])) reached -= 1;
    classes[node] = reached;
  }
  const crossed = levels.map(() => []);
  for (let node = 0; node < values.length - NODES - 1; node++) {
    const a = classes[node];
    const b = classes[node + 1];
    const c = classes[node + NODES];
    const d = classes[node + NODES + 1];
    if (a === b && a === c && a === d) continue;
    const high = Math.max(a, b, c, d);
    for (let level = Math.min(a, b, c, d); level < high; level++) crossed[level].push(node);
  }
  return crossed;
}

// An edge of the grid is 2 · node if it goes to the right from the node, and 2 · node + 1 if it goes down.
// Those of a cell, from the node at its top left: top, right, bottom, left.
const CELL_EDGES = [0, 3, 2 * NODES, 1];

// How the outline crosses a cell, with the region on its left: from an edge to an edge, by which corners are
// in the region (top left 1, top right 2, bottom right 4, bottom left 8). Two opposite corners are kept
// apart.
const CROSSINGS = [
  [], [[0, 3]], [[1, 0]], [[1, 3]], [[2, 1]], [[0, 3], [2, 1]], [[2, 0]], [[2, 3]],
  [[3, 2]], [[0, 2]], [[1, 0], [3, 2]], [[1, 2]], [[3, 1]], [[0, 1]], [[3, 0]], [],
];

const nextEdge = new Int32Array(2 * NODES * NODES).fill(-1); // of the outline, after the one crossed

/** Path data around where `values` are at least `level`, through `cells`; toPixels takes columns and rows. */
function outline(values, level, cells, bend, toPixels) {
  const height = bend(level);
  let data = "";
  for (const start of linkCrossings(values, level, cells)) {
    if (nextEdge[start] < 0) continue;
    const pen = new Pen();
    for (let edge = start; nextEdge[edge] >= 0; ) {
      const node = edge >> 1;
      const down = edge & 1;
      const [from, to] = [values[node], values[node + (down ? NODES : 1)]];
      const along = from === -Infinity ? 0 : to === -Infinity ? 1 : wayTo(height, bend(from), bend(to));
      const i = (node % NODES) + (down ? 0 : along);
      const j = Math.floor(node / NODES) + (down ? along : 0);
      pen.go(toPixels.x(i), toPixels.y(j));
      const crossed = edge;
      edge = nextEdge[crossed];
      nextEdge[crossed] = -1;
    }
    data += `${pen.end()}Z`;
  }
  return data;
}

/** Which part of the way from a value to another a level is at. */
function wayTo(level, from, to) {
  const part = (level - from) / (to - from);
  return part >= 0 && part <= 1 ? part : 0.5; // next to an undefined value
}

/** Note in nextEdge how outlines go from edge to edge, and return the edges crossed. */
function linkCrossings(values, level, cells) {
  const inside = (node) => (values[node] >= level ? 1 : 0);
  const crossed = [];
  for (const node of cells) {
    const corners =
      inside(node) | (inside(node + 1) << 1) | (inside(node + NODES + 1) << 2) | (inside(node + NODES) << 3);
    for (const [from, to] of CROSSINGS[corners]) {
      nextEdge[2 * node + CELL_EDGES[from]] = 2 * node + CELL_EDGES[to];
      crossed.push(2 * node + CELL_EDGES[from]);
    }
  }
  return crossed;
}

/** Path data point by point, without points that lie on the straight line between those kept. */
class Pen {
  data = "";

  go(x, y) {
    if (!this.data) {
      this.#write("M", x, y);
      return;
    }
    const dx = x - this.x;
    const dy = y - this.y;
    const distance = Math.hypot(dx, dy);
    const [u, v] = this.direction;
    const turn = Math.atan2(u * dy - v * dx, u * dx + v * dy);
    if (turn < this.right || turn > this.left || distance < this.reached) {
      this.#write("L", this.lastX, this.lastY);
      this.go(x, y);
      return;
    }
    // The directions from the last point kept that pass close by every point since.
    const start = this.left === Infinity;
    const room = STRAIGHT / distance;
    this.right = start ? -room : Math.max(this.right, turn - room);
    this.left = start ? room : Math.min(this.left, turn + room);
    if (start) this.direction = [dx, dy];
    this.reached = distance;
    this.lastX = x;
    this.lastY = y;
  }

  end() {
    this.#write("L", this.lastX, this.lastY);
    return this.data;
  }

  #write(letter, x, y) {
    this.data += `${letter}${round(x)},${round(y)}`;
    Object.assign(this, { x, y, direction: [0, 0], right: -Infinity, left: Infinity, reached: 0 });
  }
}
