// A view of curves over linear or logarithmic axes: lines, bands, bars, points, straight lines, and a cursor
// that tells the values under it.

const CURVES_ASPECT = 0.72; // height by width, up to a height in pixels
const CURVES_TALLEST = 350;
const BELOW = 30; // pixels below the axis, out of sight
const BARS = 0.8; // of the room of an index, that its bars take

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
    const xlim = fitLimits(view.xlim, xs, view.xlog, beside);
    const ylim = fitLimits(view.ylim, ys, view.ylog, PAD);
    frame.draw({ limits: xlim, log: view.xlog, whole: this.overSteps }, { limits: ylim, log: view.ylog });
    for (const mark of shown) mark.draw(frame);
    const straight = shown.filter((mark) => mark instanceof StraightMark);
    placeLabels(straight, this.shownLines.filter((mark) => !(mark instanceof BarsMark)), frame.plot);
    for (const handle of this.handles) handle.draw();
    frame.say(whyEmpty(fittable.length ? fittable : shown, frame, view.ylog));
    this.cursor?.draw();
  }

  /** Follow the cursor of another view that counts the same, or a player's steps; null for none. */
  highlight(step, source) {
    if (source === this || !this.overSteps) return;
    const same = source ? source.view.xlabel === this.view.xlabel : !this.hasBars;
    this.cursor?.follow(same ? step : null);
  }
}

/** A layer whose arrays are of one length, over the array `layer.x` or over 0, 1, 2, … */
class SeriesMark {
  constructor(layer, figure, view) {
    this.layer = layer;
    this.figure = figure;
    this.view = view;
  }

  /** Read arrays, and take out what a logarithmic x-axis has no place for; note what is not finite. */
  readSeries(...names) {
    const { layer, view, figure } = this;
    const arrays = names.map((name) => figure.array(name));
    const xs = layer.x ? figure.array(layer.x) : null;
    const length = figure.length(arrays[0].length, layer.count);
    let frozen = false;
    this.xs = new Array(length);
    const read = arrays.map(() => new Array(length));
    for (let i = 0; i < length; i++) {
      const x = xs === null ? i : xs[i];
      const finite = Number.isFinite(x) && arrays.every((array) => Number.isFinite(array[i]));
      frozen ||= !finite;
      this.xs[i] = finite && (!view.xlog || x > 0) ? x : NaN;
      read.forEach((list, index) => {
        list[i] = Number.isNaN(this.xs[i]) ? NaN : arrays[index][i];
      });
    }
    if (frozen) figure.freeze(layer.label || names[0]);
    return read;
  }

  /** Heights in pixels. On a logarithmic axis what reaches zero leaves through the floor. */
  heights(ys, { y, plot }) {
    const floor = plot.y + plot.height + BELOW;
    return ys.map((value) => (this.view.ylog && value <= 0 ? floor : (y(value) ?? NaN)));
  }
}

/** One curve: the points that its axes can show. */
class LineMark extends SeriesMark {
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
    put(this.dots, { d: this.layer.marker || this.px.length === 1 ? dots(this.px, this.py) : "" });
  }

  /** The index of the point at `x`, or of the nearest where this curve has none there; -1 beyond its ends. */
  at(x) {
    let best = -1;
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < this.px.length; i++) {
      if (Number.isNaN(this.xs[i])) continue;
      low = Math.min(low, this.xs[i]);
      high = Math.max(high, this.xs[i]);
      if (best < 0 || Math.abs(this.xs[i] - x) < Math.abs(this.xs[best] - x)) best = i;
    }
    return low <= x && x <= high ? best : -1;
  }
}

/** A bar for each entry, beside those of the view's other layers of bars. */
class BarsMark extends LineMark {
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
class BandMark extends SeriesMark {
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

  draw(frame) {
    const [low, high] = [this.low, this.ys].map((ys) => this.heights(ys, frame).map(near));
    const px = this.xs.map((value) => near(frame.x(value) ?? NaN));
    const kept = d3.range(px.length).filter((i) => Number.isFinite(px[i] + low[i] + high[i]));
    [this.px, this.py] = [kept.map((i) => px[i]), kept.map((i) => high[i])];
    const back = [...kept].reverse();
    const ring = [...kept.map((i) => [px[i], high[i]]), ...back.map((i) => [px[i], low[i]])];
    put(this.area, { d: ring.length ? `M${ring.map((point) => point.map(round)).join("L")}z` : "" });
  }
}

/** Upright bars from data to a model. */
class ResidualsMark extends PointsMark {
  constructor(layer, figure) {
    super(layer, figure);
    put(this.dots, { class: "lf-line" });
  }

  draw(frame) {
    super.draw(frame);
    const fitted = this.figure.array(this.layer.fitted);
    const bars = this.px.map((px, i) => {
      const [x, from, to] = [px, this.py[i], frame.y(fitted[i])].map((pixel) => round(near(pixel)));
      return Number.isFinite(x + from + to) ? `M${x},${from}V${to}` : "";
    });
    put(this.dots, { d: bars.join("") });
  }
}

const CURVE_MARKS = {
  line: LineMark, bars: BarsMark, band: BandMark, points: PointsMark, residuals: ResidualsMark,
  rule: RuleMark, slope: SlopeMark,
};
