// Contours of a field: its values on a grid, and outlines of the regions where they reach a level (marching
// squares).
//
// d3-contour does the same; this is a quarter of its time, since it only looks for outlines and not for which
// of them are holes, and contours are the longest part of a redraw.

const CELLS = 96; // along each side of the view
// Two more nodes a side than the view has cells: those around it count as below every level, so that each
// outline closes, outside the view, where it is cut off.
const NODES = CELLS + 3;
const DECADES = 4; // that logarithmic levels span

/** Values of a field, `at(x, y)`, on the grid over `xlim` × `ylim`, row by row, and their extremes. */
function sampleField(at, xlim, ylim) {
  const values = new Float64Array(NODES * NODES);
  const dx = (xlim[1] - xlim[0]) / CELLS;
  const dy = (ylim[1] - ylim[0]) / CELLS;
  let low = Infinity;
  let high = -Infinity;
  for (let j = 1; j < NODES - 1; j++) {
    for (let i = 1; i < NODES - 1; i++) {
      const value = Number(at(xlim[0] + (i - 1) * dx, ylim[0] + (j - 1) * dy));
      values[j * NODES + i] = value;
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return { values, low, high };
}

/** The levels of a contours layer: `count` of them between the extremes, or its own list. */
function contourLevels({ levels, spacing }, low, high) {
  if (Array.isArray(levels)) return levels;
  if (!(low < high)) return [];
  return Array.from({ length: levels }, (_, i) => {
    const part = (i + 1) / (levels + 1);
    return low + (high - low) * (spacing === "linear" ? part : 10 ** (DECADES * (part - 1)));
  });
}

/** Path data of the region above each level, with the view's corners at (x0, y0) and (x1, y1) in pixels. */
function contourPaths(layer, { values, low, high }, [x0, x1], [y0, y1]) {
  // Outlines are interpolated linearly between nodes. The root of a bowl is closer to linear than the bowl.
  const bend = layer.spacing === "log" ? (value) => Math.sqrt(Math.max(0, value - low)) : (value) => value;
  const bent = values.map(bend);
  const unit = { x: (x1 - x0) / CELLS, y: (y1 - y0) / CELLS };
  const toPixels = { x: (i) => round(x0 + (i - 1) * unit.x), y: (j) => round(y0 + (j - 1) * unit.y) };
  return contourLevels(layer, low, high).map((level) => outline(bent, bend(level), toPixels));
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

const nextEdge = new Int32Array(2 * NODES * NODES); // of the outline, after the one crossed; -1 for none

/** Path data around where `values` are at least `level`; toPixels takes columns and rows to pixels. */
function outline(values, level, toPixels) {
  let data = "";
  for (const start of linkCrossings(values, level)) {
    let letter = "M";
    for (let edge = start; nextEdge[edge] >= 0; letter = "L") {
      const node = edge >> 1;
      const down = edge & 1;
      const part = (level - values[node]) / (values[node + (down ? NODES : 1)] - values[node]);
      const along = part >= 0 && part <= 1 ? part : 0.5; // next to an undefined value, or off the view
      const i = (node % NODES) + (down ? 0 : along);
      const j = Math.floor(node / NODES) + (down ? along : 0);
      data += `${letter}${toPixels.x(i)},${toPixels.y(j)}`;
      const crossed = edge;
      edge = nextEdge[crossed];
      nextEdge[crossed] = -1;
    }
    if (letter === "L") data += "Z";
  }
  return data;
}

/** Note in nextEdge how outlines go from edge to edge, and return the edges crossed. */
function linkCrossings(values, level) {
  const last = NODES - 1;
  const inside = (i, j) => (i > 0 && j > 0 && i < last && j < last && values[j * NODES + i] >= level ? 1 : 0);
  const crossed = [];
  nextEdge.fill(-1);
  for (let j = 0; j < last; j++) {
    let left = 0;
    for (let i = 0; i < last; i++) {
      const top = inside(i + 1, j);
      const bottom = inside(i + 1, j + 1);
      const corners = left | (top << 1) | (bottom << 2);
      left = top | (bottom << 3);
      if (corners === 0 || corners === 15) continue;
      const corner = 2 * (j * NODES + i);
      for (const [from, to] of CROSSINGS[corners]) {
        nextEdge[corner + CELL_EDGES[from]] = corner + CELL_EDGES[to];
        crossed.push(corner + CELL_EDGES[from]);
      }
    }
  }
  return crossed;
}
