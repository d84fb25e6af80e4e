// Straight lines across a view of curves, each with its label where it stands: rules, and slopes on log–log
// axes.

import { paint, put, putFitted, round, svg, toggle } from "./dom.js";
import { cutSegment } from "./geometry.js";
import { writeShort } from "./template.js";

const LETTER = 6.3; // pixels, about how wide one is
const LABEL_LINE = 14;
const LABEL_LINES = 4; // below each other, at the top of upright rules
const LOOKED_AT = 400; // points of a curve, or a few more, at which it may run through a label

/** A straight line between two points in pixels, and the places where its label may stand. */
export class StraightMark {
  constructor(layer, figure) {
    this.layer = layer;
    this.figure = figure;
    this.element = paint(svg("path", { class: "lf-rule" }), layer.color);
    this.label = paint(svg("text", { class: "lf-rule-label" }, ""), layer.color);
  }

  toggle(shown) {
    toggle(this.element, shown);
    toggle(this.label, shown);
  }

  draw(frame) {
    this.ends = this.findEnds(frame);
    this.text = this.write();
    toggle(this.element, this.ends !== null);
    toggle(this.label, this.text !== "");
    if (!this.ends) return;
    const [[x0, y0], [x1, y1]] = this.ends;
    put(this.element, { d: `M${round(x0)},${round(y0)}L${round(x1)},${round(y1)}` });
  }

  seen() {
    return this.ends !== null;
  }

  /** What its label says. */
  write() {
    return this.ends ? this.layer.label : "";
  }

  /** Places for the label, the best first: [x, y, anchor]. */
  places() {
    const [start, end] = this.ends;
    const beside = ([x, y], side, anchor) => [
      [x - side * 4, y - 5, anchor],
      [x - side * 4, y + 13, anchor],
    ];
    return [...beside(end, 1, "end"), ...beside(start, -1, "start")];
  }
}

/** A line at one place of an axis; outside of the axis its value is told at the border. */
export class RuleMark extends StraightMark {
  read() {
    const { x, y } = this.layer;
    const value = (at) => (at === null ? NaN : this.figure.number(at));
    this.xs = [value(x)];
    this.ys = [value(y)];
  }

  findEnds({ x, y, plot }) {
    this.upright = this.layer.x !== null;
    [this.value] = this.upright ? this.xs : this.ys;
    const scale = this.upright ? x : y;
    // What a logarithmic axis has no place for is below all of it.
    const value = scale.log && this.value <= 0 ? -Infinity : this.value;
    const at = Number.isFinite(value) ? scale(value) : this.upright ? value : -value;
    const [start, size] = this.upright ? [plot.x, plot.width] : [plot.y, plot.height];
    this.beyond = at < start - 0.5 ? -1 : at > start + size + 0.5 ? 1 : 0; // by pixels: to the left, or above
    if (this.beyond || Number.isNaN(at)) return null;
    const kept = Math.min(Math.max(at, start + 0.6), start + size - 0.6); // or the frame would halve it
    return this.upright
      ? [[kept, plot.y], [kept, plot.y + plot.height]]
      : [[plot.x, kept], [plot.x + plot.width, kept]];
  }

  seen() {
    return this.ends !== null || this.beyond !== 0;
  }

  write() {
    if (!this.beyond) return super.write();
    const [back, on] = this.upright ? ["←", "→"] : ["↑", "↓"];
    const text = `${this.layer.label} ${writeShort(this.value)}`.trim();
    return this.beyond < 0 ? `${back} ${text}` : `${text} ${on}`;
  }

  places(plot) {
    if (this.upright) return this.#besideUpright(plot);
    const [left, right] = [plot.x, plot.x + plot.width];
    const between = [1 / 2, 1 / 4, 3 / 4].map((part) => left + part * (right - left));
    if (this.beyond) {
      const lines = d3.range(LABEL_LINES).map((line) => LABEL_LINE * line);
      const rows = lines.map((down) => (this.beyond < 0 ? plot.y + 13 + down : plot.y + plot.height - 6 - down));
      const along = [[right - 4, "end"], [left + 4, "start"], ...between.map((x) => [x, "middle"])];
      return rows.flatMap((y) => along.map(([x, anchor]) => [x, y, anchor]));
    }
    const [[, y]] = this.ends;
    return [...super.places(), ...between.flatMap((x) => [[x, y - 5, "middle"], [x, y + 13, "middle"]])];
  }

  #besideUpright(plot) {
    const lines = d3.range(LABEL_LINES).map((line) => plot.y + 11 + LABEL_LINE * line);
    const [left, right] = [plot.x, plot.x + plot.width];
    const x = this.beyond ? (this.beyond < 0 ? left : right) : this.ends[0][0];
    const sides = [[x + 5, "start"], [x - 5, "end"]];
    if (x > (left + right) / 2) sides.reverse(); // first to where there is more room
    return lines.flatMap((y) => sides.map(([at, anchor]) => [at, y, anchor]));
  }
}

/** The line y = y₀ (x / x₀)^order, which is straight on log–log axes. */
export class SlopeMark extends StraightMark {
  read() {
    const { order, through } = this.layer;
    this.order = this.figure.number(order);
    this.through = Array.isArray(through) ? through : this.figure.array(through);
  }

  findEnds({ x, y, plot }) {
    const [px, py] = [x(this.through[0]), y(this.through[1])];
    const decades = (scale) => (scale(10) - scale(1)); // in pixels
    const steep = (this.order * decades(y)) / decades(x);
    const reach = [plot.y, plot.y + plot.height].map((edge) => px + (edge - py) / steep);
    const left = Math.max(plot.x, steep === 0 ? -Infinity : Math.min(...reach));
    const right = Math.min(plot.x + plot.width, steep === 0 ? Infinity : Math.max(...reach));
    if (!(left < right)) return null;
    const ends = [left, right].map((at) => [at, py + steep * (at - px)]);
    return ends.every(([, v]) => v >= plot.y - 1 && v <= plot.y + plot.height + 1) ? ends : null;
  }

  /** Also along the line, on the side where a rising one leaves room. */
  places() {
    const [[x0, y0], [x1, y1]] = this.ends;
    const along = [3 / 4, 1 / 2, 1 / 4].map((part) => [x0 + part * (x1 - x0), y0 + part * (y1 - y0)]);
    const beside = ([x, y]) => [[x + 6, y + 11, "start"], [x - 6, y - 5, "end"]];
    return [...super.places(), ...along.flatMap(beside)];
  }
}

/**
 * Give each label the first of its places at which it is inside the plot and on no other label, and if there is
 * one, at which no curve and no other straight line runs through it.
 */
export function placeLabels(marks, curves, plot) {
  const taken = [];
  for (const mark of marks) {
    if (!mark.text) continue;
    const room = plot.width - 10;
    putFitted(mark.label, mark.text, room);
    const width = Math.min(LETTER * mark.text.length, room);
    const boxes = mark.places(plot).map(([x, y, anchor]) => {
      const left = x - width * { start: 0, middle: 1 / 2, end: 1 }[anchor];
      return { x, y, anchor, left, right: left + width };
    });
    const inside = boxes.filter(
      ({ left, right, y }) =>
        left >= plot.x && right <= plot.x + plot.width && y >= plot.y + 10 && y <= plot.y + plot.height - 2,
    );
    const apart = (one, other) =>
      one.right < other.left || one.left > other.right || Math.abs(one.y - other.y) >= LABEL_LINE - 1;
    const free = (box) => taken.every((other) => apart(box, other));
    const others = [...curves, ...marks.filter((other) => other !== mark && other.ends).map(asCurve)];
    const clear = (box) => free(box) && !others.some((other) => runsThrough(other, box));
    const best = inside.find(clear) ?? inside.find(free) ?? inside[0] ?? moveInto(boxes.find(free) ?? boxes[0], plot);
    taken.push(best);
    put(mark.label, { x: round(best.x), y: round(best.y), "text-anchor": best.anchor });
  }
}

function asCurve({ ends: [[x0, y0], [x1, y1]] }) {
  return { px: [x0, x1], py: [y0, y1] };
}

/** Whether a curve runs through the box of a label. */
function runsThrough({ px, py }, { left, right, y }) {
  const box = { x: left - 2, y: y - 11, width: right - left + 4, height: 15 };
  const step = Math.ceil(px.length / LOOKED_AT);
  for (let i = 0; i + step < px.length; i += step) {
    const ends = [px[i], py[i], px[i + step], py[i + step]];
    if (ends.every(Number.isFinite) && cutSegment(...ends, box)) return true;
  }
  return false;
}

/** A label's place moved sideways into the plot: one that is too wide for either side of its rule. */
function moveInto(box, plot) {
  const by = Math.max(0, plot.x - box.left) - Math.max(0, box.right - plot.x - plot.width);
  return { ...box, x: box.x + by, left: box.left + by, right: box.right + by };
}
