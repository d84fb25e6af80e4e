// A view of the plane: contours of a compiled field, paths with a dot for each iterate, points, and handles
// to drag.

const PLANE_ASPECT = 0.8; // height by width where the limits do not say

class Plane {
  constructor(view, figure) {
    this.view = view;
    this.figure = figure;
    this.frame = new Frame({
      label: view.title || describe(view, "A plane"),
      xlabel: view.xlabel,
      ylabel: view.ylabel,
      room: figure.labelled,
      grid: !view.layers.some((layer) => layer.kind === "contours"),
    });
    this.layers = view.layers.map((layer) => {
      const kinds = { contours: ContoursMark, path: PathMark, points: PointsMark };
      return new kinds[layer.kind](layer, figure);
    });
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

  resize(width, height) {
    this.frame.resize(width, height);
  }

  draw() {
    const { view, figure, frame } = this;
    const shown = this.layers.filter((mark) => figure.shows(mark.layer));
    for (const mark of this.layers) toggle(mark.element, shown.includes(mark));
    for (const mark of shown) mark.read();
    const marked = shown.filter((mark) => mark.xs);
    const starts = view.drag.map((name) => figure.state[name]);
    const xlim = fitLimits(view.xlim, [...marked.map((mark) => mark.xs), starts.map(([x]) => x)], false, PAD);
    const ylim = fitLimits(
      view.ylim,
      [...marked.map((mark) => mark.ys), starts.map(([, y]) => y)],
      false,
      PAD,
    );
    frame.draw({ limits: xlim }, { limits: ylim }, { equal: view.equal, fixed: this.fixed });
    for (const mark of shown) mark.draw(frame);
    for (const handle of this.handles) handle.draw();
  }

  /** Ring the iterate `step` of each path that is a method's run. */
  highlight(step) {
    for (const mark of this.layers) mark.highlight?.(this.figure.shows(mark.layer) ? step : null);
  }
}

/** What a view shows, for those who do not see it. */
function describe(view, what) {
  const labels = view.layers.map((layer) => layer.label).filter(Boolean);
  const axes = view.xlabel && view.ylabel ? ` of ${view.ylabel} against ${view.xlabel}` : "";
  return what + axes + (labels.length ? `: ${labels.join(", ")}` : "");
}

const DEEPEST = 20; // percent of the lines' colour in the highest region

function shade(node, { d, share }) {
  put(node, { d });
  node.style.setProperty("--cl-share", `${round(share)}%`);
}

/** Level lines, computed again only when something that the field depends on has changed. */
class ContoursMark {
  constructor(layer, figure) {
    this.layer = layer;
    this.prepare = figure.field(layer.field);
    this.figure = figure;
    this.element = svg("g", { class: "cl-contours" });
  }

  read() {
    this.inputs = this.layer.inputs.map((name) => this.figure.argument(name));
  }

  draw({ x, y }) {
    const sampled = JSON.stringify([this.inputs, x.domain(), y.domain()]);
    if (sampled !== this.sampled)
      this.samples = sampleField(this.prepare(...this.inputs), x.domain(), y.domain());
    const drawn = JSON.stringify([sampled, x.range(), y.range()]);
    if (drawn !== this.drawn) {
      const paths = contourPaths(this.layer, this.samples, x.range(), y.range());
      const shares = paths.map((_, index) => (DEEPEST * (index + 1)) / paths.length);
      const regions = paths.map((d, index) => ({ d, share: shares[index] }));
      join(this.element, regions, () => svg("path"), shade);
    }
    this.sampled = sampled;
    this.drawn = drawn;
  }
}

/** A polyline through the rows of an output, up to the first row that is not finite. */
class PathMark {
  constructor(layer, figure) {
    this.layer = layer;
    this.figure = figure;
    this.line = svg("path", { class: "cl-line" });
    this.dots = svg("path", { class: "cl-dots" });
    this.end = svg("path", { class: "cl-dots cl-end" });
    this.ring = svg("circle", { class: "cl-ring", r: 5.5, hidden: "" });
    this.element = paint(svg("g", {}, this.line, this.dots, this.end, this.ring), layer.color);
  }

  read() {
    const { layer, figure } = this;
    const values = figure.outputs[layer.data];
    const rows = figure.length(values.length / 2, layer.count);
    let finite = 0;
    while (finite < rows && Number.isFinite(values[2 * finite] + values[2 * finite + 1])) finite += 1;
    if (finite < rows) figure.freeze(layer.label || layer.data);
    this.xs = Array.from({ length: finite }, (_, i) => values[2 * i]);
    this.ys = Array.from({ length: finite }, (_, i) => values[2 * i + 1]);
  }

  draw({ x, y }) {
    this.px = this.xs.map(x);
    this.py = this.ys.map(y);
    put(this.line, { d: polyline(this.px, this.py) });
    put(this.dots, { d: this.layer.marker ? dots(this.px, this.py) : "" });
    put(this.end, { d: dots(this.px.slice(-1), this.py.slice(-1)) });
  }

  highlight(step) {
    const index = step === null || this.layer.count === null ? -1 : Math.min(step, this.px.length - 1);
    const visible = index >= 0 && isNear(this.px[index], this.py[index]);
    toggle(this.ring, visible);
    if (visible) put(this.ring, { cx: round(this.px[index]), cy: round(this.py[index]) });
  }
}

/** Points that stand for themselves. */
class PointsMark {
  constructor(layer, figure) {
    this.layer = layer;
    this.figure = figure;
    this.dots = svg("path", { class: "cl-dots cl-point" });
    this.element = paint(svg("g", {}, this.dots), layer.color);
  }

  read() {
    const values = Array.from(this.figure.outputs[this.layer.data]);
    this.xs = values.filter((_, i) => i % 2 === 0);
    this.ys = values.filter((_, i) => i % 2 === 1);
    if (!values.every(Number.isFinite)) this.figure.freeze(this.layer.label || this.layer.data);
  }

  draw({ x, y }) {
    put(this.dots, {
      d: dots(
        this.xs.map((value) => x(value)),
        this.ys.map((value) => y(value)),
      ),
    });
  }
}
