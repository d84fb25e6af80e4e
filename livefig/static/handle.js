// Handles: what is dragged by mouse, pen or finger, and nudged by the arrow keys.
//
// A view that lets a control of the kind "point" or "data" be dragged makes its handles with
//
//   const handle = new Handle(figure.control(name), figure, frame, options);
//   frame.overlay.append(handle.element);  // once
//   handle.places                          // [[x, y], …] on the axes, for the view's limits
//   handle.draw();                         // after each frame.draw
//
// `options.x(point, index)`: where a point stands along the x-axis, if that is not its first number; so bars
// are the points of a control with axis "y", each at the middle of its bar. `options.flat`: flat grips, for the
// tops of bars, instead of dots. `options.color`: a colour of the palette.
//
// A point has its name beside it and is a tab stop. Data may be many points, which must not stand as many tab
// stops between a reader and what comes after: they are one, within which Page Up and Page Down go from point
// to point, Home and End to the ends.

import { roundTo } from "./controls.js";
import { html, oncePerFrame, paint, place, put, round, svg } from "./dom.js";
import { writeShort } from "./template.js";

const NUDGES = 100; // of an arrow key, across the bounds
const DECADE = 20; // of them, to a power of ten on a logarithmic axis
export const LEAP = 10; // nudges at once, with the shift key

export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const HINT = "Arrow keys move a point, Page Down and Page Up go to the next and the previous one.";
const TURNS = { PageDown: 1, PageUp: -1, Home: -Infinity, End: Infinity };

/** The handle of a point, or those of data. */
export class Handle {
  constructor(control, figure, frame, options = {}) {
    Object.assign(this, { control, figure, frame, options });
    this.grips = this.#points.map((_, index) => new Grip(this, index));
    const nodes = this.grips.map((grip) => grip.element);
    const group = { role: "group", "aria-label": control.label, "aria-description": HINT };
    this.element = control.kind === "point" ? nodes[0] : html("div", group, ...nodes);
    paint(this.element, options.color ?? "ink");
    this.current = this.grips[0];
    this.current.element.tabIndex = 0;
  }

  get #points() {
    const value = this.figure.state[this.control.name];
    return this.control.kind === "point" ? [value] : value;
  }

  get places() {
    return this.#points.map((point, index) => [this.options.x?.(point, index) ?? point[0], point[1]]);
  }

  draw() {
    const points = this.#points;
    this.places.forEach((place, index) => this.grips[index].draw(place, points[index]));
  }

  /** Change a point by what `moved` returns for each of its coordinates that may change. */
  move(index, moved) {
    const { axis, bounds, kind, name } = this.control;
    const points = this.#points.map((point, at) =>
      point.map((old, k) => {
        if (at !== index || (axis && axis !== "xy"[k])) return old;
        const [low, high] = bounds[k];
        const value = moved(old, k, high - low);
        const size = this.scale(k).log ? value : high - low;
        return Math.min(Math.max(roundTo(value, size / 1000), low), high);
      }),
    );
    this.figure.change(name, kind === "point" ? points[0] : points);
  }

  /** The scale of a coordinate. */
  scale(axis) {
    return axis ? this.frame.y : this.frame.x;
  }

  /** Give a grip the tab stop and the focus. */
  focus(grip) {
    this.current.element.tabIndex = -1;
    this.current = grip;
    grip.element.tabIndex = 0;
    grip.element.focus({ preventScroll: true });
  }

  /** The grip nearest to the pointer: where grips overlap, the uppermost may be another. */
  nearest(event) {
    const [left, top] = this.frame.pointer(event);
    return d3.least(this.grips, (grip) => Math.hypot(grip.left - left, grip.top - top));
  }
}

class Grip {
  constructor(all, index) {
    this.all = all;
    this.index = index;
    const { control, options } = all;
    const alone = control.kind === "point";
    const limits = control.bounds[control.axis === "y" ? 1 : 0];
    this.kind = `lf-handle${alone ? "" : " lf-datum"}${options.flat ? " lf-flat" : ""}`;
    this.element = html(
      "div",
      {
        class: this.kind,
        tabindex: -1,
        role: "slider",
        "aria-roledescription": "point to drag",
        "aria-label": alone ? control.label : `${control.label}, ${index + 1} of ${control.value.length}`,
        "aria-valuemin": limits[0],
        "aria-valuemax": limits[1],
        ...(alone ? {} : { "aria-keyshortcuts": "PageDown PageUp Home End", "data-axis": control.axis ?? "" }),
      },
      ...(alone ? [handleIcon(), html("span", { "aria-hidden": "true" }, control.label)] : []),
    );
    this.label = this.element.querySelector("span");
    this.element.addEventListener("keydown", (event) => this.#press(event));
    this.element.addEventListener("pointerdown", (event) => all.nearest(event).grab(event));
  }

  draw([x, y], point) {
    const { frame, control } = this.all;
    const { plot } = frame;
    // A point outside the view waits at its edge, where it can be fetched.
    const within = (at, size, none) => (Number.isNaN(at) ? none : Math.min(Math.max(at, 0), size));
    this.left = within(frame.x(x) - plot.x, plot.width, 0);
    this.top = within(frame.y(y) - plot.y, plot.height, plot.height); // zero on a logarithmic axis: its floor
    place(this.element, this.left, this.top);
    const [xText, yText] = point.map((number) => writeShort(number));
    const beside = plot.width - this.left; // the room to the right, where a label stands unless it has none
    const flip = beside < Math.max(60, Math.min(7 * control.label.length, plot.width / 2));
    if (this.label) this.label.style.maxWidth = `${Math.max(round(flip ? this.left : beside), 40)}px`;
    put(this.element, {
      class: this.kind + (flip ? " lf-flip" : ""),
      "aria-valuenow": point[control.axis === "y" ? 1 : 0],
      "aria-valuetext": `x ${xText}, y ${yText}`,
    });
  }

  #press(event) {
    const arrow = ARROWS[event.key];
    const turn = this.all.grips.length > 1 ? TURNS[event.key] : undefined;
    if (!(arrow || turn) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (turn) {
      const { grips } = this.all;
      this.all.focus(grips[Math.min(Math.max(this.index + turn, 0), grips.length - 1)]);
      return;
    }
    this.all.move(this.index, (old, axis, span) => {
      const nudges = arrow[axis] * (event.shiftKey ? LEAP : 1);
      const scale = this.all.scale(axis);
      if (!(scale.log && nudges)) return old + (nudges * span) / NUDGES;
      return Math.max(old, scale.domain()[0]) * 10 ** (nudges / DECADE);
    });
  }

  grab(event) {
    if (event.button !== 0 || this.held) return; // held: by another finger
    event.preventDefault();
    const { element, all } = this;
    const { pointerId } = event;
    all.focus(this);
    element.setPointerCapture(pointerId);
    this.held = true;
    const [left, top] = all.frame.pointer(event);
    const offset = [left - this.left, top - this.top];
    const drag = oncePerFrame((moved) => {
      const { x, y, plot } = all.frame;
      const [px, py] = all.frame.pointer(moved); // asked anew: the page may have scrolled
      const values = [x.invert(plot.x + px - offset[0]), y.invert(plot.y + py - offset[1])];
      all.move(this.index, (_, axis) => values[axis]);
    });
    const follow = (moved) => {
      if (moved.pointerId === pointerId) drag(moved);
    };
    const release = (lost) => {
      if (lost.pointerId !== pointerId) return;
      this.held = false;
      element.removeEventListener("pointermove", follow);
      element.removeEventListener("lostpointercapture", release);
    };
    element.addEventListener("pointermove", follow);
    element.addEventListener("lostpointercapture", release);
  }
}

/** A ring with an arrowhead on each side. */
function handleIcon() {
  const head = "M0,-15l3.4,4.2h-6.8z";
  const heads = [0, 90, 180, 270].map((angle) => svg("path", { d: head, transform: `rotate(${angle})` }));
  return svg(
    "svg",
    { viewBox: "-18 -18 36 36", width: 36, height: 36, "aria-hidden": "true" },
    svg("circle", { class: "lf-handle-ring", r: 7.5 }),
    svg("circle", { class: "lf-handle-core", r: 2.2 }),
    ...heads,
  );
}
