// A view of curves over linear or logarithmic axes, with rules and a cursor that tells the values under it.

const CURVES_ASPECT = 0.72; // height by width, up to a height in pixels
const CURVES_TALLEST = 350;
const BELOW = 30; // pixels below the axis, out of sight

class Curves {
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
    const layersOf = (kind) => view.layers.filter((layer) => layer.kind === kind);
    this.lines = layersOf("line").map((layer) => new LineMark(layer, view, figure));
    this.rules = layersOf("rule").map((layer) => new RuleMark(layer, figure));
    const marks = [...this.rules, ...this.lines];
    this.frame.marks.append(...marks.map((mark) => mark.element));
    this.frame.notes.append(...this.rules.map((rule) => rule.label));
    this.overSteps = this.lines.length > 0 && this.lines.every((line) => line.layer.x === null);
    if (view.cursor && this.lines.length) this.cursor = new Cursor(this);
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
    const shown = (marks) => marks.filter((mark) => figure.shows(mark.layer));
    this.shownLines = shown(this.lines);
    const rules = shown(this.rules);
    for (const mark of [...this.lines, ...this.rules]) mark.toggle(figure.shows(mark.layer));
    for (const mark of [...this.shownLines, ...rules]) mark.read();
    const fitted = this.shownLines.length ? this.shownLines : rules;
    const xlim = fitLimits(
      view.xlim,
      fitted.map((mark) => mark.xs),
      view.xlog,
      0,
    );
    const ylim = fitLimits(
      view.ylim,
      fitted.map((mark) => mark.ys),
      view.ylog,
      PAD,
    );
    frame.draw({ limits: xlim, log: view.xlog, whole: this.overSteps }, { limits: ylim, log: view.ylog });
    for (const mark of [...this.shownLines, ...rules]) mark.draw(frame);
    this.cursor?.draw();
  }

  /** Follow the cursor of another view, if both count steps. */
  highlight(step, source) {
    if (source !== this && this.overSteps) this.cursor?.follow(step);
  }
}

/** One curve: the points that its axes can show. */
class LineMark {
  constructor(layer, view, figure) {
    this.layer = layer;
    this.view = view;
    this.figure = figure;
    this.line = svg("path", { class: layer.dash ? "cl-line cl-dashed" : "cl-line" });
    this.dots = svg("path", { class: "cl-dots" });
    this.element = paint(svg("g", {}, this.line, this.dots), layer.color);
  }

  toggle(shown) {
    toggle(this.element, shown);
  }

  read() {
    const { layer, view, figure } = this;
    const ys = figure.outputs[layer.y];
    const xs = layer.x === null ? null : figure.outputs[layer.x];
    const length = figure.length(ys.length, layer.count);
    let frozen = false;
    this.xs = new Array(length);
    this.ys = new Array(length);
    for (let i = 0; i < length; i++) {
      const x = xs === null ? i : xs[i];
      const finite = Number.isFinite(x) && Number.isFinite(ys[i]);
      frozen ||= !finite;
      this.xs[i] = finite && (!view.xlog || x > 0) ? x : NaN;
      this.ys[i] = Number.isNaN(this.xs[i]) ? NaN : ys[i];
    }
    if (frozen) figure.freeze(layer.label || layer.y);
  }

  draw({ x, y, plot }) {
    // On a logarithmic axis a curve that reaches zero leaves through the floor.
    const floor = plot.y + plot.height + BELOW;
    this.px = this.xs.map((value) => x(value) ?? NaN);
    this.py = this.ys.map((value) => (this.view.ylog && value <= 0 ? floor : (y(value) ?? NaN)));
    put(this.line, { d: polyline(this.px, this.py) });
    put(this.dots, { d: this.layer.marker || this.ys.length === 1 ? dots(this.px, this.py) : "" });
  }

  /** The index of the point at `x`, or of the nearest where this curve has none there; -1 beyond its ends. */
  at(x) {
    let best = -1;
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < this.xs.length; i++) {
      if (Number.isNaN(this.xs[i])) continue;
      low = Math.min(low, this.xs[i]);
      high = Math.max(high, this.xs[i]);
      if (best < 0 || Math.abs(this.xs[i] - x) < Math.abs(this.xs[best] - x)) best = i;
    }
    return low <= x && x <= high ? best : -1;
  }
}

/** A straight line across the axes, with its label beside it. */
class RuleMark {
  constructor(layer, figure) {
    this.layer = layer;
    this.figure = figure;
    this.element = paint(svg("path", { class: "cl-rule" }), layer.color);
    this.label = paint(svg("text", { class: "cl-rule-label" }, layer.label), layer.color);
  }

  toggle(shown) {
    toggle(this.element, shown);
    toggle(this.label, shown);
  }

  read() {
    const { x, y } = this.layer;
    const value = (at) => (at === null ? NaN : this.figure.number(at));
    this.xs = [value(x)];
    this.ys = [value(y)];
  }

  draw({ x, y, plot }) {
    const upright = this.layer.x !== null;
    const at = upright ? x(this.xs[0]) : y(this.ys[0]);
    const [start, size] = upright ? [plot.x, plot.width] : [plot.y, plot.height];
    const visible = Number.isFinite(at) && at >= start - 0.5 && at <= start + size + 0.5;
    toggle(this.element, visible);
    toggle(this.label, visible);
    if (!visible) return;
    const [left, top, width, height] = [plot.x, plot.y, plot.width, plot.height].map(round);
    put(this.element, { d: upright ? `M${round(at)},${top}v${height}` : `M${left},${round(at)}h${width}` });
    const late = upright && at > plot.x + plot.width / 2; // the label stands where there is more room
    const high = at < plot.y + 16;
    put(this.label, {
      x: upright ? round(at + (late ? -5 : 5)) : round(plot.x + plot.width - 4),
      y: upright ? plot.y + 11 : round(at + (high ? 13 : -5)),
      "text-anchor": late || !upright ? "end" : "start",
    });
  }
}
