// Numbers to path data: polylines that may leave the picture by any distance, dots, and contours of a grid.

// Browsers lose precision, or the line, when coordinates are very large: segments are cut at this distance.
const FAR = 1e4;

/** The part of the segment from (x0, y0) to (x1, y1) within ±FAR, or null (Liang and Barsky 1984). */
function cutFar(x0, y0, x1, y1) {
  const dx = x1 - x0;
  const dy = y1 - y0;
  let start = 0;
  let end = 1;
  for (const [step, room] of [[-dx, x0 + FAR], [dx, FAR - x0], [-dy, y0 + FAR], [dy, FAR - y0]]) {
    if (step === 0 && room < 0) return null;
    if (step < 0) start = Math.max(start, room / step);
    if (step > 0) end = Math.min(end, room / step);
  }
  return start > end ? null : [x0 + start * dx, y0 + start * dy, x0 + end * dx, y0 + end * dy];
}

function isNear(x, y) {
  return Math.abs(x) <= FAR && Math.abs(y) <= FAR;
}

/** Path data of the polyline through points in pixels; a point that is not finite leaves a gap. */
function polyline(xs, ys) {
  let data = "";
  let penX = NaN; // where the line written so far ends
  let penY = NaN;
  for (let i = 1; i < xs.length; i++) {
    const ends = [xs[i - 1], ys[i - 1], xs[i], ys[i]];
    if (!ends.every(Number.isFinite)) continue;
    const kept = isNear(ends[0], ends[1]) && isNear(ends[2], ends[3]) ? ends : cutFar(...ends);
    if (kept === null) continue;
    if (kept[0] !== penX || kept[1] !== penY) data += `M${round(kept[0])},${round(kept[1])}`;
    data += `L${round(kept[2])},${round(kept[3])}`;
    [penX, penY] = [kept[2], kept[3]];
  }
  return data;
}

/** Path data of a dot at each point: a stroke of no length, which round caps make a disc. */
function dots(xs, ys) {
  let data = "";
  for (let i = 0; i < xs.length; i++) {
    if (isNear(xs[i], ys[i])) data += `M${round(xs[i])},${round(ys[i])}h0`;
  }
  return data;
}

// Cells of a contour grid along each side of the view. One more on each side lies outside it, so that the edges
// with which regions close are cut off with the rest.
const CELLS = 80;
const NODES = CELLS + 3;
const DECADES = 4; // that logarithmic levels span

/** Values of a field, `at(x, y)`, on the grid over `xlim` × `ylim`, row by row, and their extremes in the view. */
function sampleField(at, xlim, ylim) {
  const values = new Float64Array(NODES * NODES);
  const dx = (xlim[1] - xlim[0]) / CELLS;
  const dy = (ylim[1] - ylim[0]) / CELLS;
  let low = Infinity;
  let high = -Infinity;
  for (let j = 0; j < NODES; j++) {
    const inside = j > 0 && j < NODES - 1;
    for (let i = 0; i < NODES; i++) {
      const value = Number(at(xlim[0] + (i - 1) * dx, ylim[0] + (j - 1) * dy));
      values[j * NODES + i] = value;
      if (inside && i > 0 && i < NODES - 1 && Number.isFinite(value)) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
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
  const levels = contourLevels(layer, low, high);
  // Between the nodes of the grid d3 interpolates linearly. The root of a bowl is closer to that than the bowl.
  const bend = layer.spacing === "log" ? (value) => Math.sqrt(Math.max(0, value - low)) : (value) => value;
  const cap = bend(high + (high - low)); // outside the view values may be as large as they like, or undefined
  const bent = values.map((value) => (Number.isNaN(value) ? cap : Math.min(bend(value), cap)));
  const contour = d3.contours().size([NODES, NODES]);
  const unitX = (x1 - x0) / CELLS;
  const unitY = (y1 - y0) / CELLS;
  const corner = ([i, j]) => `${round(x0 + (i - 1.5) * unitX)},${round(y0 + (j - 1.5) * unitY)}`;
  return levels.map((level) =>
    contour
      .contour(bent, bend(level))
      .coordinates.flat()
      .map((ring) => `M${ring.map(corner).join("L")}Z`)
      .join(""),
  );
}
