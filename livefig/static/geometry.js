// Numbers to path data: polylines that may leave the picture by any distance, dots, arrows, conics.

import { round } from "./dom.js";

// Browsers lose precision, or the line, when coordinates are very large: segments are cut at this distance.
const FAR = 1e4;

// Where both ends are further away than this, what is near cannot be told any more from their digits.
const LOST = 1e12;

/** How far a point is from the corner of the picture, along an axis. */
function distance(x, y) {
  return Math.max(Math.abs(x), Math.abs(y));
}

// The box around the picture to which lines are cut.
const FAR_BOX = { x: -FAR, y: -FAR, width: 2 * FAR, height: 2 * FAR };

/** The part of the segment from (x0, y0) to (x1, y1) that is in a box, or null (Liang and Barsky 1984). */
export function cutSegment(x0, y0, x1, y1, box = FAR_BOX) {
  if (distance(x0, y0) > distance(x1, y1)) {
    // Measured from the nearer end, so that no digits are lost.
    const cut = cutSegment(x1, y1, x0, y0, box);
    return cut && [cut[2], cut[3], cut[0], cut[1]];
  }
  if (distance(x0, y0) > LOST) return null;
  const dx = x1 - x0;
  const dy = y1 - y0;
  let start = 0;
  let end = 1;
  for (const [step, room] of [
    [-dx, x0 - box.x],
    [dx, box.x + box.width - x0],
    [-dy, y0 - box.y],
    [dy, box.y + box.height - y0],
  ]) {
    if (step === 0 && room < 0) return null;
    if (step < 0) start = Math.max(start, room / step);
    if (step > 0) end = Math.min(end, room / step);
  }
  return start > end ? null : [x0 + start * dx, y0 + start * dy, x0 + end * dx, y0 + end * dy];
}

export function isNear(x, y) {
  return Math.abs(x) <= FAR && Math.abs(y) <= FAR;
}

const DENSE = 1000; // points, from which on those that nobody can see are left out
const COLUMN = 0.5; // pixels
const SLIGHT = 0.5; // pixels
const DOT = 2; // pixels: of dense dots, one in each square of this size

/** The indices of the points that show a dense line: of a run in one column its ends and extremes. */
function visiblePoints(xs, ys) {
  const kept = [];
  let [column, first, low, high] = [NaN, 0, 0, 0]; // of the present run, by index
  for (let i = 0; i <= xs.length; i++) {
    const at = Math.floor(xs[i] / COLUMN); // not a number behind the last one, nor the same as itself then
    if (at === column && Number.isFinite(ys[i])) {
      if (ys[i] < ys[low]) low = i;
      if (ys[i] > ys[high]) high = i;
      continue;
    }
    for (const index of [first, Math.min(low, high), Math.max(low, high), i - 1]) {
      if (i > 0 && index !== kept[kept.length - 1]) kept.push(index);
    }
    [column, first, low, high] = [Number.isFinite(ys[i]) ? at : NaN, i, i, i];
  }
  return kept;
}

/** Path data of the polyline through points in pixels; a point that is not finite leaves a gap. */
export function polyline(xs, ys) {
  if (xs.length > DENSE) {
    const kept = visiblePoints(xs, ys);
    [xs, ys] = [kept.map((i) => xs[i]), kept.map((i) => ys[i])];
  }
  let data = "";
  let penX = NaN; // where the line written so far ends
  let penY = NaN;
  for (let i = 1; i < xs.length; i++) {
    const ends = [xs[i - 1], ys[i - 1], xs[i], ys[i]];
    if (!ends.every(Number.isFinite)) continue;
    const kept = isNear(ends[0], ends[1]) && isNear(ends[2], ends[3]) ? ends : cutSegment(...ends);
    if (kept === null) continue;
    if (kept[0] !== penX || kept[1] !== penY) data += `M${round(kept[0])},${round(kept[1])}`;
    data += `L${round(kept[2])},${round(kept[3])}`;
    [penX, penY] = [kept[2], kept[3]];
  }
  return data;
}

/**
 * A polyline in pixels as far as a box shows it: xs and ys, with NaN between its pieces, and the exits { x, y, angle }
 * at which it leaves the box. Once it has left, a segment between two points outside is left out also where it crosses
 * the box: of a run that diverges to and fro these would fill it.
 */
export function cutAtBorder(px, py, box) {
  const inside = (i) => isWithin(px[i], py[i], box);
  const [xs, ys, exits] = [[], [], []];
  for (let i = 1; i < px.length; i++) {
    const ends = [px[i - 1], py[i - 1], px[i], py[i]];
    const [from, to] = [inside(i - 1), inside(i)];
    if (!ends.every(Number.isFinite) || (!from && !to && exits.length)) continue;
    const cut = from && to ? ends : cutSegment(...ends, box);
    if (cut === null) continue;
    if (cut[0] !== xs[xs.length - 1] || cut[1] !== ys[ys.length - 1]) {
      xs.push(NaN, cut[0]);
      ys.push(NaN, cut[1]);
    }
    xs.push(cut[2]);
    ys.push(cut[3]);
    if (!to) exits.push({ x: cut[2], y: cut[3], angle: Math.atan2(ends[3] - ends[1], ends[2] - ends[0]) });
  }
  return { xs, ys, exits };
}

/** Whether a point is in a box, or so little outside that nobody sees it. */
function isWithin(x, y, box) {
  const [right, bottom] = [x - box.x - box.width, y - box.y - box.height];
  return x >= box.x - SLIGHT && y >= box.y - SLIGHT && right <= SLIGHT && bottom <= SLIGHT;
}

/**
 * How many entries a run has that is given by arrays: up to where one of them is infinite, or not a number from there
 * on. What is NaN before has no value there, and is a gap.
 */
export function finiteEnd(...arrays) {
  const infinite = arrays[0].findIndex((_, i) => arrays.some((array) => Math.abs(array[i]) === Infinity));
  let end = infinite < 0 ? arrays[0].length : infinite;
  while (end > 0 && arrays.some((array) => Number.isNaN(array[end - 1]))) end -= 1;
  return end;
}

/** Path data of dots where a polyline has a point between two gaps, which no segment shows. */
export function lonelyDots(xs, ys) {
  const there = (i) => Number.isFinite(xs[i]) && Number.isFinite(ys[i]);
  const alone = d3.range(xs.length).filter((i) => there(i) && !there(i - 1) && !there(i + 1));
  return dots(alone.map((i) => xs[i]), alone.map((i) => ys[i]));
}

/** Path data of a dot at each point: a stroke of no length, which round caps make a disc. */
export function dots(xs, ys) {
  let data = "";
  const squares = xs.length > DENSE ? new Set() : null; // that have a dot
  for (let i = 0; i < xs.length; i++) {
    if (!isNear(xs[i], ys[i])) continue;
    const square = Math.round(xs[i] / DOT) * FAR + Math.round(ys[i] / DOT);
    if (squares?.has(square)) continue;
    squares?.add(square);
    data += `M${round(xs[i])},${round(ys[i])}h0`;
  }
  return data;
}

/** A coordinate that may be drawn, for edges that run along an axis. */
export function near(pixels) {
  return Math.min(Math.max(pixels, -FAR), FAR);
}

/** Path data of an arrow; its head is left out where it is far out of sight. */
export function arrowPath(x0, y0, x1, y1) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (!isNear(x1, y1) || length < 0.5) return polyline([x0, x1], [y0, y1]);
  const size = Math.min(7, 0.45 * length) / length;
  const [u, v] = [size * (x0 - x1), size * (y0 - y1)];
  const barb = (side) => [x1 + u - side * 0.5 * v, y1 + v + side * 0.5 * u];
  const [[ax, ay], [bx, by]] = [barb(1), barb(-1)];
  return polyline([x0, x1], [y0, y1]) + polyline([ax, x1, bx], [ay, y1, by]);
}

const TURN = Array.from({ length: 121 }, (_, i) => i - 60); // sixtieths of half a turn
const FLAT = 1e-14; // an eigenvalue that is smaller, relative to the other, counts as this

/**
 * The points with xᵀMx = r², M = [[a, b], [c, d]] by its symmetric part: branches, lists of [x, y]; none if
 * no eigenvalue is positive.
 */
export function conic([a, b, c, d], radius) {
  const off = (b + c) / 2;
  const half = (a - d) / 2;
  const large = (a + d) / 2 + Math.hypot(half, off);
  if (!(large > 0)) return [];
  const small = (a * d - off * off) / large;
  const across = radius / Math.sqrt(large); // along the eigenvector of the large eigenvalue
  const along = radius / Math.sqrt(Math.max(Math.abs(small), FLAT * large));
  const angle = Math.atan2(off, half) / 2;
  const turned = (u, v) => [
    u * Math.cos(angle) - v * Math.sin(angle),
    u * Math.sin(angle) + v * Math.cos(angle),
  ];
  if (small < -FLAT * large) {
    return [across, -across].map((u) =>
      TURN.map((t) => turned(u * Math.cosh(t / 8), along * Math.sinh(t / 8))),
    );
  }
  const angles = TURN.map((t) => (t * Math.PI) / 60);
  return [angles.map((at) => turned(across * Math.cos(at), along * Math.sin(at)))];
}
