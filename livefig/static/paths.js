// Paths in a plane: polylines through the rows of an output, such as the iterates of a method.

import { paint, put, round, svg, toggle } from "./dom.js";
import { cutAtBorder, dots, finiteEnd, isNear, lonelyDots, polyline } from "./geometry.js";

const EXIT = { length: 10, half: 4.5 }; // pixels, of the arrowhead where a path leaves the plot

/**
 * A polyline through the rows of an output. A row that is NaN is a gap; a path ends where it is infinite, or NaN from
 * there on, and where it leaves the plot an arrowhead says that it goes on outside.
 */
export class PathMark {
  constructor(layer, figure) {
    this.layer = layer;
    this.figure = figure;
    this.line = svg("path", { class: layer.dash ? "lf-line lf-dashed" : "lf-line" });
    this.dots = svg("path", { class: "lf-dots" });
    this.end = svg("path", { class: "lf-dots lf-end" });
    this.exits = svg("path", { class: "lf-exit" });
    this.ring = svg("circle", { class: "lf-ring", r: 5.5, hidden: "" });
    this.element = paint(svg("g", {}, this.line, this.dots, this.end, this.exits, this.ring), layer.color);
  }

  read() {
    const { layer, figure } = this;
    const values = figure.array(layer.data);
    const rows = figure.length(values.length / 2, layer.count);
    const [xs, ys] = [0, 1].map((axis) => Array.from({ length: rows }, (_, i) => values[2 * i + axis]));
    const end = finiteEnd(xs, ys);
    if (end < rows) figure.freeze(layer.label || layer.data);
    [this.xs, this.ys] = [xs.slice(0, end), ys.slice(0, end)];
  }

  draw({ x, y, plot }) {
    const shown = this.layer.count === null ? Infinity : this.figure.grown + 1;
    this.px = this.xs.slice(0, shown).map(x);
    this.py = this.ys.slice(0, shown).map(y);
    const { xs, ys, exits } = cutAtBorder(this.px, this.py, plot);
    put(this.line, { d: polyline(xs, ys) });
    put(this.exits, { d: exits.map(exitPath).join("") });
    put(this.dots, { d: this.layer.marker ? dots(this.px, this.py) : lonelyDots(this.px, this.py) });
    put(this.end, { d: this.isClosed() ? "" : dots(this.px.slice(-1), this.py.slice(-1)) });
  }

  /** Whether it ends where it began, or where it began behind its last gap: such a path has no end to mark. */
  isClosed() {
    const from = this.px.findLastIndex((value) => !Number.isFinite(value)) + 1;
    const last = this.px.length - 1;
    const apart = Math.hypot(this.px[last] - this.px[from], this.py[last] - this.py[from]);
    return this.layer.count === null && last > from + 1 && apart < 1e-6;
  }

  highlight(step) {
    const index = step === null || this.layer.count === null ? -1 : Math.min(step, this.px.length - 1);
    const visible = index >= 0 && isNear(this.px[index], this.py[index]);
    toggle(this.ring, visible);
    if (visible) put(this.ring, { cx: round(this.px[index]), cy: round(this.py[index]) });
  }
}

/** Path data of an arrowhead with its tip at a place, in the direction of an angle. */
function exitPath({ x, y, angle }) {
  const [u, v] = [Math.cos(angle), Math.sin(angle)];
  const corner = (back, side) => `${round(x - back * u - side * v)},${round(y - back * v + side * u)}`;
  return `M${corner(0, 0)}L${corner(EXIT.length, EXIT.half)}L${corner(EXIT.length, -EXIT.half)}z`;
}
