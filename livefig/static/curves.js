// A view of curves over linear or logarithmic axes: lines, bands, bars, points, straight lines, and a cursor
// that tells the values under it.

import { fitLimits, Frame, PAD } from "./axes.js";
import { Cursor } from "./cursor.js";
import { toggle } from "./dom.js";
import { Handle } from "./handle.js";
import { describe, PointsMark, whyEmpty } from "./plane.js";
import { placeLabels, RuleMark, SlopeMark, StraightMark } from "./rules.js";
import { BandMark, BarsMark, LineMark, ResidualsMark } from "./series.js";

const CURVES_ASPECT = 0.72; // height by width, up to a height in pixels
const CURVES_TALLEST = 350;
const SAID_LETTER = 6.2; // pixels, about how wide one is of a sentence at the foot of a plot
const SAID_LINE = 17;

export class Curves {
  constructor(view, figure) {
    this.view = view;
    this.figure = figure;
    this.frame = new Frame({
      label: view.title || describe(view, "Curves"),
      xlabel: view.xlabel,
      ylabel: view.ylabel,
      room: figure.labelled,
      grid: true,
    });
    this.marks = view.layers.map((layer) => new CURVE_MARKS[layer.kind](layer, figure, view));
    this.straight = this.marks.filter((mark) => mark instanceof StraightMark);
    this.fittable = this.marks.filter((mark) => !(mark instanceof StraightMark));
    this.lines = this.marks.filter((mark) => mark instanceof LineMark);
    this.frame.marks.append(...[...this.straight, ...this.fittable].map((mark) => mark.element));
    this.frame.notes.append(...this.straight.map((mark) => mark.label));
    this.overSteps = this.lines.length > 0 && this.lines.every((line) => !line.layer.x);
    if (view.cursor && this.lines.length) this.cursor = new Cursor(this);
    // What is dragged among bars are the tops of the first ones.
    const bars = this.marks.find((mark) => mark instanceof BarsMark);
    this.hasBars = bars !== undefined;
    const options = bars && { x: (_, index) => index + bars.offset, flat: true, color: bars.layer.color };
    const handle = (name) => new Handle(figure.control(name), figure, this.frame, options);
    this.handles = (view.drag ?? []).map(handle);
    this.frame.overlay.append(...this.handles.map((handle) => handle.element));
    this.element = this.frame.element;
  }

  heightFor(width) {
    return Math.min(CURVES_ASPECT * width, CURVES_TALLEST);
  }

  resize(width, height) {
    this.frame.resize(width, height);
  }

  draw() {
    const { view, figure, frame } = this;
    const shows = (mark) => figure.shows(mark.layer);
    this.shownLines = this.lines.filter(shows);
    for (const mark of this.marks) {
      if (mark.toggle) mark.toggle(shows(mark));
      else toggle(mark.element, shows(mark));
    }
    const shown = this.marks.filter(shows);
    for (const mark of shown) mark.read();
    const fittable = this.fittable.filter(shows);
    const fitted = fittable.length ? fittable : shown.filter((mark) => mark instanceof RuleMark);
    const dragged = this.handles.flatMap((handle) => handle.places);
    const xs = [...fitted.map((mark) => mark.spanX?.() ?? mark.xs), dragged.map(([x]) => x)];
    const ys = [...fitted.map((mark) => mark.spanY?.() ?? mark.ys), dragged.map(([, y]) => y)];
    const beside = this.marks.some((mark) => mark instanceof PointsMark) ? PAD : 0;
    const rules = shown.filter((mark) => mark instanceof RuleMark);
    const guests = (axis) => rules.flatMap((rule) => rule[axis]);
    const xlim = fitLimits(view.xlim, xs, view.xlog, beside, guests("xs"));
    const ylim = fitLimits(view.ylim, ys, view.ylog, PAD, guests("ys"));
    frame.draw({ limits: xlim, log: view.xlog, whole: this.overSteps }, { limits: ylim, log: view.ylog });
    for (const mark of shown) mark.draw(frame);
    for (const handle of this.handles) handle.draw();
    const empty = whyEmpty(fittable.length ? fittable : shown, frame, view.ylog);
    const said = empty.length ? empty : whatIsLeftOut(fittable, view);
    frame.say(said, !empty.length);
    const straight = shown.filter((mark) => mark instanceof StraightMark);
    const free = { ...frame.plot, height: frame.plot.height - (empty.length ? 0 : roomFor(said, frame.plot.width)) };
    placeLabels(straight, this.shownLines.filter((mark) => !(mark instanceof BarsMark)), free);
    this.cursor?.draw();
  }

  /** Follow the cursor of another view that counts the same, or a player's steps; null for none. */
  highlight(step, source) {
    if (source === this || !this.overSteps) return;
    const same = source ? source.view.xlabel === this.view.xlabel : !this.hasBars;
    this.cursor?.follow(same ? step : null);
  }
}

/** Sentences on the layers with numbers for which a logarithmic axis has no place: what is zero has no fault. */
function whatIsLeftOut(marks, view) {
  const name = ({ layer: { label, y, low, data } }) => label || y || low || data;
  const why = (mark) => {
    const first = mark.zeroFrom?.() ?? -1;
    if (first < 0) return "Not positive, so not drawn";
    if (first === 0) return "Exactly 0, below a logarithmic axis";
    return `Exactly 0 from ${view.xlabel || "index"} ${first} on, below a logarithmic axis`;
  };
  const found = d3.group(marks.filter((mark) => mark.leftOut(view)), why);
  return [...found].map(([said, those]) => `${said}: ${[...new Set(those.map(name))].join(", ")}.`);
}

/** About how high sentences are that stand at the foot of a plot, in pixels. */
function roomFor(texts, width) {
  const lines = d3.sum(texts, (text) => Math.ceil((SAID_LETTER * text.length) / Math.max(width - 24, SAID_LETTER)));
  return lines && SAID_LINE * lines + 4;
}

const CURVE_MARKS = {
  line: LineMark, bars: BarsMark, band: BandMark, points: PointsMark, residuals: ResidualsMark,
  rule: RuleMark, slope: SlopeMark,
};
