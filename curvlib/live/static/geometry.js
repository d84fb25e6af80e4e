// Numbers to path data: polylines that may leave the picture by any distance, and dots.

// Browsers lose precision, or the line, when coordinates are very large: segments are cut at this distance.
const FAR = 1e4;

// Where both ends are further away than this, what is near cannot be told any more from their digits.
const LOST = 1e12;

/** How far a point is from the corner of the picture, along an axis. */
function distance(x, y) {
  return Math.max(Math.abs(x), Math.abs(y));
}

/** The part of the segment from (x0, y0) to (x1, y1) within ±FAR, or null (Liang and Barsky 1984). */
function cutFar(x0, y0, x1, y1) {
  if (distance(x0, y0) > distance(x1, y1)) {
    // Measured from the nearer end, so that no digits are lost.
    const cut = cutFar(x1, y1, x0, y0);
    return cut && [cut[2], cut[3], cut[0], cut[1]];
  }
  if (distance(x0, y0) > LOST) return null;
  const dx = x1 - x0;
  const dy = y1 - y0;
  let start = 0;
  let end = 1;
  for (const [step, room] of [
    [-dx, x0 + FAR],
    [dx, FAR - x0],
    [-dy, y0 + FAR],
    [dy, FAR - y0],
  ]) {
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
