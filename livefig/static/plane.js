// A view of the plane: fields, paths with a dot for each iterate, points, arrows, ellipses, and handles to
// drag.

import { fitLimits, Frame, PAD } from "./axes.js";
import { paint, put, svg, toggle } from "./dom.js";
import { ContoursMark, ModelMark, RegionsMark, VectorsMark } from "./fields.js";
import { arrowPath, conic, cutSegment, dots, finiteEnd, polyline } from "./geometry.js";
import { Handle } from "./handle.js";
import { PathMark } from "./paths.js";

const PLANE_ASPECT = 0.8; // height by width where the limits do not say
const WIDEST = 4; // times the shortest way to an ellipse, that a fitted view reaches

export class Plane {
  constructor(view, figure) {
    this.view = view;
    this.figure = figure;
    this.frame = new Frame({
      label: view.title || describe(view, "A plane"),
      xlabel: view.xlabel,
      ylabel: view.ylabel,
      room: figure.labelled,
      grid: !view.layers.some(({ kind }) => ["contours", "regions"].includes(kind)),
    });
    this.layers = view.layers.map((layer) => new PLANE_MARKS[layer.kind](layer, figure, view));
    this.frame.marks.append(...this.layers.map((mark) => mark.element));
    this.handles = view.drag.map((name) => new Handle(figure.control(name), figure, this.frame));
    this.frame.overlay.append(...this.handles.map((handle) => handle.element));
    this.element = this.frame.element;
    this.fixed = [view.xlim, view.ylim].every((limits) => limits !== null && !limits.includes(null));
  }

  /** The height that suits a width. */
  heightFor(width) {
    if (!(this.view.equal && this.fixed)) return PLANE_ASPECT * width;
    const { xlim, ylim } = this.view;
    const { top, right, bottom, left } = this.frame.margins;
    const height = ((width - left - right) * (ylim[1] - ylim[0])) / (xlim[1] - xlim[0]);
    return Math.max(0.5 * width, height + top + bottom);
  }

  /** The width that suits a height. */
  widthFor(height) {
    if (!(this.view.equal && this.fixed)) return Infinity;
    const { xlim, ylim } = this.view;
    const { top, right, bottom, left } = this.frame.margins;
    return ((height - top - bottom) * (xlim[1] - xlim[0])) / (ylim[1] - ylim[0]) + left + right;
  }

  resize(width, height) {
    this.frame.resize(width, height);
  }

  draw() {
    const { view, figure, frame } = this;
    const shown = this.layers.filter((mark) => figure.shows(mark.layer));
    for (const mark of this.layers) toggle(mark.element, shown.includes(mark));
    for (const mark of shown) mark.read();
    const marked = shown.filter((mark) => mark.xs);
    const dragged = this.handles.flatMap((handle) => handle.places);
    const xs = [...marked.map((mark) => mark.xs), dragged.map(([x]) => x)];
    const ys = [...marked.map((mark) => mark.ys), dragged.map(([, y]) => y)];
    const [xlim, ylim] = [fitLimits(view.xlim, xs, false, PAD), fitLimits(view.ylim, ys, false, PAD)];
    frame.draw({ limits: xlim }, { limits: ylim }, { equal: view.equal, fixed: this.fixed });
    for (const mark of shown) mark.draw(frame);
    for (const handle of this.handles) handle.draw();
    const remarks = shown.map((mark) => mark.remark).filter(Boolean);
    const empty = whyEmpty(shown, frame);
    frame.say([...empty, ...remarks], !empty.length);
  }

  /** Mark the iterate `step` of each layer that is a method's run; null, or an index among bars, for none. */
  highlight(step, source) {
    const wanted = source?.hasBars ? null : step;
    for (const mark of this.layers) mark.highlight?.(this.figure.shows(mark.layer) ? wanted : null);
  }
}

/** What a view shows, for those who do not see it. */
export function describe(view, what) {
  const labels = view.layers.flatMap((layer) => layer.labels ?? layer.label).filter(Boolean);
  const axes = view.xlabel && view.ylabel ? ` of ${view.ylabel} against ${view.xlabel}` : "";
  return what + axes + (labels.length ? `: ${labels.join(", ")}` : "");
}

/** Sentences for a plot in which nothing of the layers shown can be seen; none if something can. */
export function whyEmpty(shown, frame, log = false) {
  const { x, y, width, height } = frame.plot;
  const box = { x: x - 1, y: y - 1, width: width + 2, height: height + 2 };
  const seen = (mark) => {
    if (mark.seen) return mark.seen(box);
    const { px, py, line } = mark;
    // Where the points are outside, the line between two of them may still cross the plot.
    return px.some((_, i) => isSeen(px, py, i, i, box) || (line && i > 0 && isSeen(px, py, i - 1, i, box)));
  };
  if (!shown.length || shown.some(seen)) return [];
  const numbers = shown.flatMap((mark) => mark.ys ?? []).filter(Number.isFinite);
  if (log && numbers.length && !numbers.some((y) => y > 0)) {
    return ["Nothing above zero to draw on a logarithmic axis."];
  }
  if (shown.every((mark) => mark.ys === undefined)) return ["The field is the same everywhere here."];
  return [numbers.length ? "All of it lies outside these axes." : "There is no finite number to draw."];
}

/** Whether anything of the segment between two points in pixels, which may be one, is in a box. */
function isSeen(px, py, from, to, box) {
  const ends = [px[from], py[from], px[to], py[to]];
  return ends.every(Number.isFinite) && cutSegment(...ends, box) !== null;
}

/** Points that stand for themselves. */
export class PointsMark {
  constructor(layer, figure) {
    this.layer = layer;
    this.figure = figure;
    this.dots = svg("path", { class: "lf-dots lf-point" });
    this.element = paint(svg("g", {}, this.dots), layer.color);
  }

  read() {
    const values = Array.from(this.figure.array(this.layer.data));
    const finite = (_, i) => Number.isFinite(values[i - (i % 2)] + values[i - (i % 2) + 1]);
    const kept = values.map((value, i) => (finite(value, i) ? value : NaN)); // a point without a place is none
    this.xs = kept.filter((_, i) => i % 2 === 0);
    this.ys = kept.filter((_, i) => i % 2 === 1);
    const infinite = values.some((value) => Math.abs(value) === Infinity);
    if (infinite || kept.every(Number.isNaN)) this.figure.freeze(this.layer.label || this.layer.data);
  }

  /** Whether it has points for which a view's logarithmic axes have no place. */
  leftOut({ xlog, ylog }) {
    return this.xs.some((x, i) => (xlog && x <= 0) || (ylog && this.ys[i] <= 0));
  }

  draw({ x, y }) {
    this.px = this.xs.map((value) => x(value) ?? NaN);
    this.py = this.ys.map((value) => y(value) ?? NaN);
    put(this.dots, { d: dots(this.px, this.py) });
  }
}

/** Arrows from origins along vectors; what is not finite is left out, and noted if the others do not go on. */
class ArrowMark {
  constructor(layer, figure) {
    this.layer = layer;
    this.figure = figure;
    this.all = svg("path", { class: "lf-line" });
    this.one = svg("path", { class: "lf-line lf-strong" });
    this.element = paint(svg("g", {}, this.all, this.one), layer.color);
  }

  read() {
    const { layer, figure } = this;
    const [origins, vectors] = [layer.origin, layer.vector].map((name) => figure.array(name));
    const rows = figure.length(Math.max(origins.length, vectors.length) / 2, layer.count);
    const ends = (axis) =>
      d3.range(axis, 2 * rows, 2).flatMap((i) => {
        const start = origins[i % origins.length]; // a single one goes with all
        return [start, start + vectors[i % vectors.length]];
      });
    [this.xs, this.ys] = [ends(0), ends(1)];
    if (finiteEnd(this.xs, this.ys) < this.xs.length) figure.freeze(layer.label || layer.vector);
  }

  draw({ x, y }) {
    [this.px, this.py] = [this.xs.map(x), this.ys.map(y)];
    put(this.all, { d: d3.range(this.px.length / 2).map((i) => this.#data(i)).join("") });
  }

  #data(i) {
    const ends = [this.px[2 * i], this.py[2 * i], this.px[2 * i + 1], this.py[2 * i + 1]];
    return ends.every(Number.isFinite) ? arrowPath(...ends) : "";
  }

  seen(box) {
    return this.px.some((_, i) => i % 2 === 1 && isSeen(this.px, this.py, i - 1, i, box));
  }

  highlight(step) {
    const one = step !== null && this.layer.count !== null && 2 * step < this.px.length;
    put(this.one, { d: one ? this.#data(step) : "" });
  }
}

/** The points at which a quadratic form has one value. */
class EllipseMark {
  constructor(layer, figure) {
    this.layer = layer;
    this.figure = figure;
    this.line = svg("path", { class: layer.dash ? "lf-line lf-dashed" : "lf-line" });
    this.element = paint(svg("g", {}, this.line), layer.color);
  }

  read() {
    const { layer, figure } = this;
    const name = layer.label || layer.matrix;
    const [center, matrix] = [layer.center, layer.matrix].map((array) => Array.from(figure.array(array)));
    const numbers = [...center, ...matrix, figure.number(layer.radius)];
    const finite = numbers.every(Number.isFinite);
    if (!finite) figure.freeze(name);
    this.branches = finite ? conic(matrix, numbers[6]) : [];
    this.remark = finite && !this.branches.length && `${name}: no eigenvalue of its matrix is positive.`;
    // A fitted view shows what is around the center, and not how far a narrow ellipse or a hyperbola goes.
    const offsets = this.branches.flat();
    const reach = WIDEST * (d3.min(offsets, ([x, y]) => Math.hypot(x, y)) ?? 0);
    const around = (axis) => {
      const far = Math.min(d3.max(offsets, (offset) => Math.abs(offset[axis])) ?? 0, reach);
      return [center[axis] - far, center[axis] + far];
    };
    [this.xs, this.ys] = [around(0), around(1)];
    this.branches = this.branches.map((points) => points.map(([x, y]) => [x + center[0], y + center[1]]));
  }

  draw({ x, y }) {
    const pixels = this.branches.map((points) => [points.map(([u]) => x(u)), points.map(([, v]) => y(v))]);
    put(this.line, { d: pixels.map(([px, py]) => polyline(px, py)).join("") });
  }

  seen() {
    return this.branches.length > 0;
  }
}

const PLANE_MARKS = {
  contours: ContoursMark, model: ModelMark, vectors: VectorsMark, regions: RegionsMark, path: PathMark,
  points: PointsMark, arrow: ArrowMark, ellipse: EllipseMark,
};
