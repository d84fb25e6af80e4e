// The cursor of a view of curves: by pointer, or by arrow keys when it has the focus, it shows the values at
// one place, and the same step on every plane of the figure.

import { join, paint, put, round, svg, toggle } from "./dom.js";
import { isNear } from "./geometry.js";
import { LEAP } from "./handle.js";
import { Picker } from "./picker.js";
import { writeShort } from "./template.js";

const CURSOR_KEYS = {
  ArrowRight: 1,
  ArrowUp: 1,
  ArrowLeft: -1,
  ArrowDown: -1,
  PageUp: LEAP,
  PageDown: -LEAP,
};

export class Cursor extends Picker {
  constructor(curves) {
    const { view, frame } = curves;
    const over = view.xlabel || "x";
    super(frame, {
      "aria-label": `${view.title || view.ylabel || "values"}: cursor along ${over}`,
      "aria-valuemin": 0,
    });
    this.curves = curves;
    this.x = null; // where it stands, in the numbers of the axis, or null
    this.following = false;
    this.rule = svg("path", { class: "lf-cursor" });
    this.marks = svg("g");
    frame.marks.append(this.rule, this.marks);
    this.pad.addEventListener("click", () => this.#seek());
  }

  enter() {
    if (this.x === null) this.#step(0);
  }

  clear() {
    if (this.x !== null && !this.following) this.#set(null); // what follows another view is not its own
  }

  /** The places that it can stand at: where a curve shown has a point. Sorted once for each drawing. */
  #places() {
    const lists = this.curves.shownLines.map((line) => line.xs);
    if (lists.length !== this.sorted?.length || lists.some((list, i) => list !== this.sorted[i])) {
      const places = new Set(lists.flatMap((xs) => xs.filter((x) => !Number.isNaN(x))));
      this.places = Float64Array.from(places).sort();
      this.sorted = lists;
    }
    return this.places;
  }

  #set(x) {
    this.x = x;
    this.following = false;
    this.draw();
    const { figure, overSteps } = this.curves;
    if (overSteps || figure.stepSource === this.curves) figure.highlight(overSteps ? x : null, this.curves);
  }

  /** Stand at a step that another view's cursor shows; null for none. */
  follow(step) {
    this.x = step;
    this.following = true;
    this.draw();
  }

  point(event) {
    const { frame } = this.curves;
    const pixel = frame.plot.x + frame.pointer(event)[0];
    const places = this.#places();
    const next = d3.bisectLeft(places, frame.x.invert(pixel));
    const beside = places.slice(Math.max(0, next - 1), next + 1);
    const nearest = d3.least(beside, (x) => Math.abs(frame.x(x) - pixel));
    if (nearest !== undefined && (nearest !== this.x || this.following)) this.#set(nearest);
  }

  /** Let the figure's player, if it has one, stand here too. */
  #seek() {
    const { overSteps, hasBars, figure } = this.curves;
    if (overSteps && !hasBars && this.x !== null) figure.seek(this.x);
  }

  /** Go `steps` places on, from the first place if it stands nowhere. */
  #step(steps) {
    const places = this.#places();
    if (!places.length) return;
    const now = this.x === null ? 0 : d3.bisectLeft(places, this.x);
    this.#set(places[Math.min(Math.max(now + steps, 0), places.length - 1)]);
  }

  press(event) {
    const sign = CURSOR_KEYS[event.key];
    if (sign) this.#step(sign * (event.shiftKey ? LEAP : 1));
    else if (event.key === "Home") this.#step(-Infinity);
    else if (event.key === "End") this.#step(Infinity);
    else if (event.key === "Escape") this.clear();
    else if (event.key === "Enter") this.#seek();
    else return false;
    return true;
  }

  /** Draw it where it stands, on the curves as they are now. */
  draw() {
    const { frame, shownLines, view } = this.curves;
    const found = this.x === null ? [] : shownLines.map((line) => ({ line, index: line.at(this.x) }));
    const values = found.filter(({ index }) => index >= 0);
    const visible = values.length > 0;
    toggle(this.rule, visible);
    toggle(this.tip, visible && !this.following);
    const ring = () => svg("circle", { class: "lf-ring", r: 4 });
    const drawn = values.filter(({ line, index }) => isNear(line.px[index], line.py[index]));
    join(this.marks, drawn, ring, (node, { line, index }) => {
      paint(node, line.layer.color);
      put(node, { cx: round(line.px[index]), cy: round(line.py[index]) });
    });
    const where = `${view.xlabel || "x"} ${writeShort(this.x ?? 0)}`;
    const rows = values.map(({ line, index }) => ({ ...line.layer, value: writeShort(line.ys[index]) }));
    const last = Math.max(0, ...shownLines.map((line) => line.xs.length - 1));
    const spoken = [where, ...rows.map((row) => `${row.label} ${row.value}`)].join(", ");
    put(this.pad, {
      "aria-valuemax": last,
      "aria-valuenow": Math.max(0, ...values.map(({ index }) => index)),
      "aria-valuetext": visible ? spoken : "nowhere",
    });
    if (!visible) return;
    const at = frame.x(this.x);
    put(this.rule, { d: `M${round(at)},${frame.plot.y}v${round(frame.plot.height)}` });
    if (this.following) return;
    const head = { label: where, value: "", color: "" };
    this.tell([head, ...rows], at - frame.plot.x, frame.plot);
  }
}
