// Layers of curves over numbers: lines, bars, bands, residuals. What is NaN is a gap, and so is what a logarithmic axis
// has no place for.

import { paint, put, round, svg } from "./dom.js";
import { dots, finiteEnd, lonelyDots, near, polyline } from "./geometry.js";
import { PointsMark } from "./plane.js";

const BELOW = 30; // pixels below the axis, out of sight
const BARS = 0.8; // of the room of an index, that its bars take

/** A layer whose arrays are of one length, over the array `layer.x` or over 0, 1, 2, … */
class SeriesMark {
  constructor(layer, figure, view) {
    this.layer = layer;
    this.figure = figure;
    this.view = view;
  }

  /**
   * Read arrays. Where one of them is not finite there is a gap, and where a logarithmic x-axis has no place. What is
   * NaN to the end, or infinite, is noted.
   */
  readSeries(...names) {
    const { layer, view, figure } = this;
    const arrays = names.map((name) => figure.array(name));
    const length = figure.length(arrays[0].length, layer.count);
    const given = layer.x ? figure.array(layer.x) : null;
    const xs = Array.from({ length }, (_, i) => (given ? given[i] : i));
    const read = arrays.map((array) => Array.from(array).slice(0, length));
    if (finiteEnd(xs, ...read) < length) figure.freeze(layer.label || names[0]);
    this.misplaced = false;
    for (let i = 0; i < length; i++) {
      const placed = !view.xlog || xs[i] > 0;
      const finite = Number.isFinite(xs[i]) && read.every((list) => Number.isFinite(list[i]));
      if (finite && placed) continue;
      this.misplaced ||= finite;
      for (const list of [xs, ...read]) list[i] = NaN;
    }
    this.xs = xs;
    return read;
  }

  /** Whether it has numbers for which the view's logarithmic axes have no place. */
  leftOut(view) {
    return this.misplaced || (view.ylog && this.ys.some((value) => value <= 0));
  }

  /** Heights in pixels; none of what a logarithmic axis has no place for. */
  heights(ys, { y }) {
    return ys.map((value) => (this.view.ylog && value <= 0 ? NaN : (y(value) ?? NaN)));
  }
}

/** One curve: the points that its axes can show. */
export class LineMark extends SeriesMark {
  constructor(layer, figure, view) {
    super(layer, figure, view);
    this.line = svg("path", { class: layer.dash ? "lf-line lf-dashed" : "lf-line" });
    this.dots = svg("path", { class: "lf-dots" });
    this.element = paint(svg("g", {}, this.line, this.dots), layer.color);
  }

  read() {
    [this.ys] = this.readSeries(this.layer.y);
  }

  draw(frame) {
    const shown = this.layer.x ? Infinity : this.figure.grown + 1;
    this.px = this.xs.slice(0, shown).map((value) => frame.x(value) ?? NaN);
    this.py = this.heights(this.ys.slice(0, shown), frame);
    put(this.line, { d: polyline(this.px, this.py) });
    put(this.dots, { d: this.layer.marker ? dots(this.px, this.py) : lonelyDots(this.px, this.py) });
  }

  /** As `SeriesMark`'s, of what is drawn: what a curve has not grown to is not told. */
  leftOut(view) {
    return this.misplaced || (view.ylog && this.ys.slice(0, this.px.length).some((value) => value <= 0));
  }

  /** From which index on it is exactly zero, and positive before; -1 if it is otherwise not positive somewhere. */
  zeroFrom() {
    const first = this.ys.findIndex((value) => value <= 0);
    if (this.ys.every((value) => value === 0)) return 0;
    return !this.layer.x && this.ys.slice(first).every((value) => value === 0) ? first : -1;
  }

  /**
   * The index of the point at `x`, or of the nearest where this curve has none there; -1 beyond its ends and in a gap.
   */
  at(x) {
    const xs = this.xs.slice(0, this.px.length); // of what is drawn
    let [best, first, last] = [-1, -1, -1];
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < xs.length; i++) {
      if (Number.isNaN(xs[i])) continue;
      low = Math.min(low, xs[i]);
      high = Math.max(high, xs[i]);
      if (best < 0 || Math.abs(xs[i] - x) < Math.abs(xs[best] - x)) best = i;
      if (first < 0) first = i;
      last = i;
    }
    if (!(low <= x && x <= high)) return -1;
    const towards = x > xs[best] === xs[last] > xs[first] ? 1 : -1; // from the nearest point to x
    return x !== xs[best] && Number.isNaN(xs[best + towards]) ? -1 : best;
  }
}

/** A bar for each entry, beside those of the view's other layers of bars. */
export class BarsMark extends LineMark {
  constructor(layer, figure, view) {
    super(layer, figure, view);
    const groups = view.layers.filter(({ kind }) => kind === "bars");
    this.width = BARS / groups.length;
    this.offset = (groups.indexOf(layer) - (groups.length - 1) / 2) * this.width;
    put(this.line, { class: "lf-area lf-bars" });
  }

  spanX() {
    return [-0.5, this.xs.length - 0.5];
  }

  spanY() {
    return [...this.ys, 0]; // which a logarithmic axis leaves out
  }

  draw(frame) {
    const { x, y, plot } = frame;
    const base = this.view.ylog ? plot.y + plot.height : near(y(0));
    this.base = base;
    const half = (x(this.width) - x(0)) / 2 - 0.5;
    this.px = this.xs.map((value) => x(value + this.offset));
    this.py = this.heights(this.ys, frame).map(near);
    const bars = this.px.map((px, i) => {
      const [left, right, top, foot] = [px - half, px + half, this.py[i], base].map(round);
      return Number.isFinite(left + top) ? `M${left},${foot}V${top}H${right}V${foot}z` : "";
    });
    put(this.line, { d: bars.join("") });
  }

  seen() {
    return this.py.some((top) => (this.view.ylog ? top <= this.base : Number.isFinite(top)));
  }
}

/** The region between two curves. */
export class BandMark extends SeriesMark {
  constructor(layer, figure, view) {
    super(layer, figure, view);
    this.area = svg("path", { class: "lf-area lf-band" });
    this.element = paint(svg("g", {}, this.area), layer.color);
  }

  read() {
    [this.low, this.ys] = this.readSeries(this.layer.low, this.layer.high);
  }

  spanY() {
    return [...this.low, ...this.ys];
  }

  leftOut() {
    return this.misplaced || this.nowhere;
  }

  draw(frame) {
    const { view } = this;
    const floor = frame.plot.y + frame.plot.height + BELOW;
    // On a logarithmic axis a band that begins at zero or below reaches down through the floor.
    const below = (value) => view.ylog && value <= 0;
    const heights = (ys) => ys.map((value) => (below(value) ? floor : near(frame.y(value))));
    const [low, high] = [heights(this.low), heights(this.ys)];
    const unseen = (i) => below(this.low[i]) && below(this.ys[i]);
    this.nowhere = d3.range(this.xs.length).some(unseen);
    const px = this.xs.map((value, i) => (unseen(i) ? NaN : near(frame.x(value) ?? NaN)));
    [this.px, this.py] = [px, high];
    const rings = runsOf(px, low, high).map((run) => {
      const beside = run.length === 1 ? 1 : 0; // pixels, or what has no width would not be seen
      const top = run.map((i) => [px[i] - beside, high[i]]);
      const foot = run.map((i) => [px[i] + beside, low[i]]).reverse();
      const ends = beside ? [[px[run[0]] + 1, high[run[0]]], ...foot, [px[run[0]] - 1, low[run[0]]]] : foot;
      return `M${[...top, ...ends].map((point) => point.map(round)).join("L")}z`;
    });
    put(this.area, { d: rings.join("") });
  }
}

/** The indices of the points between gaps, in lists. */
function runsOf(...arrays) {
  const runs = [[]];
  arrays[0].forEach((_, i) => {
    if (arrays.every((array) => Number.isFinite(array[i]))) runs[runs.length - 1].push(i);
    else runs.push([]);
  });
  return runs.filter((run) => run.length);
}

/** Upright bars from data to a model. */
export class ResidualsMark extends PointsMark {
  constructor(layer, figure) {
    super(layer, figure);
    put(this.dots, { class: "lf-line" });
  }

  read() {
    super.read();
    this.fitted = Array.from(this.figure.array(this.layer.fitted));
  }

  leftOut(view) {
    return super.leftOut(view) || (view.ylog && this.fitted.some((value) => value <= 0));
  }

  draw(frame) {
    super.draw(frame);
    const bars = this.px.map((px, i) => {
      const [x, from, to] = [px, this.py[i], frame.y(this.fitted[i])].map((pixel) => round(near(pixel)));
      return Number.isFinite(x + from + to) ? `M${x},${from}V${to}` : "";
    });
    put(this.dots, { d: bars.join("") });
  }
}
