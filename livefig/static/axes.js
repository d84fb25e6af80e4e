// Axes: their limits, their few ticks, and the frame that a view draws in.

import { html, join, place, put, putFitted, putText, round, svg, uniqueId } from "./dom.js";
import { makeScale } from "./scales.js";

export const PAD = 0.04; // of the span, beside what is fitted
const TICK_ROOM = { x: 76, y: 36 }; // pixels from one tick to the next, or more
const NAME_ROOM = { x: 12, y: 16 }; // pixels: beside a name, and from one line of them to the next
const WIDEST_NAME = 0.4; // of what there is for all
const SMALLEST = 1; // pixels, of a plot that has no room
const SAME_SPAN = 1e-13; // of the numbers' size: what is closer together is one number with rounding errors
const WIDEST_SPAN = 1e307; // of an axis, or the distance between its ends would not be a number
const LOG_ENDS = [-306, 308.25]; // exponents of ten between which a logarithmic axis has its ticks

/** The limits on both sides of a number, where it is all there is to see. */
function around(number) {
  const distance = Math.max(1, Math.abs(number) * 1e-3);
  return [number - distance, number + distance];
}

/**
 * The limits of an axis as given or, where an end is null, fitted to the finite numbers in `lists`, and to those of
 * `guests` that are no further from them than they reach.
 */
export function fitLimits(given, lists, log, pad, guests = []) {
  const [lowEnd, highEnd] = given ?? [null, null];
  if (lowEnd !== null && highEnd !== null) return [lowEnd, highEnd];
  const forward = log ? Math.log10 : (value) => value;
  let low = Infinity;
  let high = -Infinity;
  for (const list of lists) {
    for (const value of list) {
      if (!Number.isFinite(value) || (log && value <= 0)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  [low, high] = low <= high ? [forward(low), forward(high)] : [0, 1];
  if (high - low <= SAME_SPAN * Math.abs(high)) [low, high] = around(low);
  const nearest = [low - (high - low), high + (high - low)];
  for (const guest of guests.map(forward).filter((at) => at >= nearest[0] && at <= nearest[1])) {
    [low, high] = [Math.min(low, guest), Math.max(high, guest)];
  }
  if (high - low > WIDEST_SPAN) [low, high] = [Math.max(low, -WIDEST_SPAN), Math.min(high, WIDEST_SPAN)];
  const margin = pad * (high - low);
  [low, high] = [low - margin, high + margin];
  if (lowEnd !== null) low = Math.max(low, forward(lowEnd));
  if (highEnd !== null) high = Math.min(high, forward(highEnd));
  if (!(low < high)) [, high] = around(low);
  if (!log) return [low, high];
  low = Math.min(Math.max(low, LOG_ENDS[0]), LOG_ENDS[1] - 1);
  high = Math.min(Math.max(high, LOG_ENDS[0] + 1), LOG_ENDS[1]);
  return [10 ** low, 10 ** high];
}

/** Labels of ticks: a text, and an exponent to be raised behind it. */
export function plainLabel(text) {
  return { text: text.replace("-", "−"), exponent: "" };
}

function powerLabel(digits, exponent) {
  const factor = { 1: "", "-1": "−" }[digits] ?? `${digits}·`.replace("-", "−");
  return { text: `${factor}10`, exponent: String(exponent).replace("-", "−") };
}

/** Ticks of an axis: [{ value, text, exponent }], about `count` of them; `names`, if given, label 0, 1, … */
function makeTicks({ limits, log, whole, names }, count) {
  if (names) {
    const every = Math.ceil(names.length / count);
    const ticks = names.map((text, value) => ({ value, text, exponent: "", named: true }));
    return ticks.filter((_, i) => i % every === 0);
  }
  return (log && decadeTicks(limits, count)) || linearTicks(limits, count, log, whole);
}

/** Ticks at powers of ten, or null where fewer than two of them are in sight. */
function decadeTicks([low, high], count) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  if (last - first < 1) return null;
  const every = Math.ceil((last - first + 1) / Math.max(count, 2));
  const exponents = d3.range(Math.ceil(first / every) * every, last + 1, every);
  const short = first >= -2 && last <= 3;
  return exponents.map((exponent) => ({
    value: 10 ** exponent,
    ...(short ? plainLabel(String(Number(`1e${exponent}`))) : powerLabel("1", exponent)),
  }));
}

function linearTicks(limits, count, log, whole) {
  const suits = (value) => (!log || value > 0) && (!whole || Number.isInteger(value));
  let values = [];
  // One number is no measure: where there are not two, they stand closer.
  for (const most = count + 3; values.length < 2 && count < most; count++) {
    values = d3.ticks(...limits, count).filter(suits);
  }
  const largest = Math.max(...values.map(Math.abs), 0);
  if (largest !== 0 && (largest >= 1e5 || largest < 1e-3)) {
    return values.map((value) => {
      const [digits, exponent] = d3.format("~e")(value).replace("−", "-").split("e");
      return { value, ...(value === 0 ? plainLabel("0") : powerLabel(digits, Number(exponent))) };
    });
  }
  const write = d3.format(`,.${whole ? 0 : d3.precisionFixed(d3.tickStep(...limits, count - 1))}f`);
  return values.map((value) => ({ value, ...plainLabel(write(value)) }));
}

/** How many ticks suit an axis of this length in pixels; for names, how many of them can be read. */
function tickCount(axis, pixels, names) {
  if (!names) return Math.max(2, Math.min(6, Math.floor(pixels / TICK_ROOM[axis])));
  if (axis === "y") return Math.max(1, Math.floor(pixels / NAME_ROOM.y));
  const widest = Math.max(...names.map((text) => labelWidth(plainLabel(text)))) + NAME_ROOM.x;
  return Math.floor(pixels / Math.min(widest, WIDEST_NAME * pixels));
}

/** About how wide a tick's label is, in pixels. */
export function labelWidth({ text, exponent }) {
  return 6.4 * text.length + 4.8 * exponent.length;
}

/** The svg of a view with its axes, and over it a layer of HTML for what takes the pointer or the focus. */
export class Frame {
  /**
   * `label` names the picture for those who do not see it. `room.x`, `room.y`: whether to leave room for
   * labels of the axes, here or on other views. `grid`: lines across at the ticks, or else a box around.
   */
  constructor({ label, xlabel, ylabel, room, grid }) {
    const clip = uniqueId();
    this.margins = { top: room.y ? 24 : 10, right: 12, bottom: room.x ? 40 : 24, left: 30 };
    this.grid = grid;
    this.clip = svg("rect");
    this.box = svg("rect", { class: grid ? "lf-background" : "lf-box" });
    this.ticks = { x: svg("g"), y: svg("g") };
    this.axis = svg("path", { class: "lf-axis" });
    this.marks = svg("g", { "clip-path": `url(#${clip})` });
    this.notes = svg("g", { class: "lf-notes" });
    this.labels = { x: xlabel, y: ylabel };
    this.xlabel = svg("text", { class: "lf-axis-label", "text-anchor": "middle" }, "");
    this.ylabel = svg("text", { class: "lf-axis-label", x: 0, y: 12 }, "");
    const ticks = [this.ticks.x, this.ticks.y];
    const layers = grid ? [this.box, ...ticks, this.axis, this.marks] : [this.marks, ...ticks, this.box];
    this.svg = svg(
      "svg",
      { role: "img", "aria-label": label },
      svg("clipPath", { id: clip }, this.clip),
      ...layers,
      this.notes,
      this.xlabel,
      this.ylabel,
    );
    this.overlay = html("div", { class: "lf-overlay" });
    this.sayings = html("div", { class: "lf-sayings" });
    this.overlay.append(this.sayings);
    this.element = html("div", { class: "lf-frame" }, this.svg, this.overlay);
  }

  /** Write sentences into the plot, in its middle or `aside` of what it shows. */
  say(texts, aside = false) {
    put(this.sayings, { class: `lf-sayings${aside ? " lf-aside" : ""}` });
    join(this.sayings, texts, () => html("p"), putText);
  }

  /** Where a pointer is in the plot, in the plot's own pixels: a page may show it scaled, as slides do. */
  pointer({ clientX, clientY }) {
    const { left, top, width, height } = this.overlay.getBoundingClientRect();
    const { plot } = this;
    return [((clientX - left) * plot.width) / (width || 1), ((clientY - top) * plot.height) / (height || 1)];
  }

  /** The size of the whole svg, in pixels; a figure in a tab that is hidden may ask for less than nothing. */
  resize(width, height) {
    [this.width, this.height] = [Math.max(width, SMALLEST), Math.max(height, SMALLEST)];
    put(this.svg, { width: this.width, height: this.height, viewBox: `0 0 ${this.width} ${this.height}` });
  }

  /**
   * Draw the axes, of which each is { limits, log, whole, names }. With `equal` a unit is as long on both:
   * limits that are `fixed` are kept and the plot made smaller, others reach further. `shape`, [width, height], is the
   * plot's where a unit of the axes does not give it.
   */
  draw(x, y, { equal = false, fixed = false, shape } = {}) {
    const { top, right, bottom } = this.margins;
    const tall = Math.max(this.height - top - bottom, SMALLEST);
    const yTicks = makeTicks(y, tickCount("y", tall, y.names));
    // The margin grows with the labels and never shrinks, so that a plot stays where it is as numbers change.
    const wanted = Math.max(this.margins.left, ...yTicks.map((tick) => labelWidth(tick) + 10));
    this.margins.left = Math.min(wanted, WIDEST_NAME * this.width);
    const room = {
      x: this.margins.left,
      y: top,
      width: Math.max(this.width - this.margins.left - right, SMALLEST),
      height: tall,
    };
    const [across, up] = shape ?? [x, y].map(({ limits: [low, high] }) => Math.abs(high - low));
    this.plot = equal && fixed ? fitBox(room, up / across) : room;
    const { plot } = this;
    const [xlim, ylim] = equal && !fixed ? widen(x.limits, y.limits, plot) : [x.limits, y.limits];
    this.x = makeScale(x.log, xlim, [plot.x, plot.x + plot.width]);
    this.y = makeScale(y.log, ylim, [plot.y + plot.height, plot.y]);

    this.#drawTicks("x", makeTicks({ ...x, limits: xlim }, tickCount("x", plot.width, x.names)));
    this.#drawTicks("y", equal && !fixed ? makeTicks({ ...y, limits: ylim }, 5) : yTicks);
    const bounds = {
      x: round(plot.x),
      y: round(plot.y),
      width: round(plot.width),
      height: round(plot.height),
    };
    put(this.clip, bounds);
    put(this.box, bounds);
    const base = round(plot.y + plot.height) + 0.5;
    put(this.axis, { d: `M${bounds.x},${base}h${bounds.width}` });
    const middle = plot.x + plot.width / 2;
    put(this.xlabel, { x: round(middle), y: round(base + 34) });
    putFitted(this.xlabel, this.labels.x, 2 * Math.min(middle, this.width - middle));
    putFitted(this.ylabel, this.labels.y, this.width);
    place(this.overlay, plot.x, plot.y);
    this.overlay.style.width = `${round(plot.width)}px`;
    this.overlay.style.height = `${round(plot.height)}px`;
  }

  #drawTicks(axis, ticks) {
    const across = axis === "x";
    const anchor = across ? "middle" : "end";
    const [first, second] = ticks.map(({ value }) => this[axis](value));
    const apart = second === undefined ? this.plot.width : second - first - NAME_ROOM.x / 2;
    const room = (at) => (across ? Math.min(apart, 2 * at, 2 * (this.width - at)) : this.plot.x - 8);
    const create = () =>
      svg("g", {}, svg("path"), svg("text", { "text-anchor": anchor }, "", svg("tspan", { dy: "-0.45em" })));
    join(this.ticks[axis], ticks, create, (node, tick) => {
      const at = round(this[axis](tick.value));
      const [line, text] = node.children;
      put(line, { class: this.grid ? "lf-grid" : "lf-tick", d: this.#tickPath(axis, at) });
      const { x, y, height } = this.plot;
      put(text, across ? { x: at, y: round(y + height) + 17 } : { x: round(x) - 7, y: at + 4 });
      putFitted(text, tick.text, tick.named ? room(at) : Infinity);
      putText(text.querySelector("tspan"), tick.exponent);
    });
  }

  /** A tick's line: across the whole plot, or a short mark outside it. */
  #tickPath(axis, at) {
    const [left, top] = [round(this.plot.x), round(this.plot.y)];
    const [right, bottom] = [round(left + this.plot.width), round(top + this.plot.height)];
    if (axis === "x") return this.grid ? `M${at},${top}V${bottom}` : `M${at},${bottom}v4`;
    return this.grid ? `M${left},${at}H${right}` : `M${left},${at}h-4`;
  }
}

/** The largest box in `room`, in its middle, of this ratio of height to width. */
function fitBox(room, ratio) {
  const width = Math.min(room.width, room.height / ratio);
  const height = width * ratio;
  return { x: room.x + (room.width - width) / 2, y: room.y + (room.height - height) / 2, width, height };
}

/** Limits widened on one axis, so that a unit is as long on both in the box `plot`. */
function widen(xlim, ylim, plot) {
  const unit = Math.max((xlim[1] - xlim[0]) / plot.width, (ylim[1] - ylim[0]) / plot.height);
  return [
    [xlim, plot.width],
    [ylim, plot.height],
  ].map(([[low, high], pixels]) => {
    const more = (unit * pixels - (high - low)) / 2;
    return [low - more, high + more];
  });
}
