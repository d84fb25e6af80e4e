// The handle of a point: dragged by mouse, pen or finger, nudged by the arrow keys.

const NUDGES = 100; // of an arrow key, across the bounds
const LEAP = 10; // nudges at once, with the shift key

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

class Handle {
  constructor(control, figure, frame) {
    this.control = control;
    this.figure = figure;
    this.frame = frame;
    const [[min, max]] = control.bounds;
    this.element = html(
      "div",
      {
        class: "cl-handle",
        tabindex: 0,
        role: "slider",
        "aria-roledescription": "point to drag",
        "aria-label": control.label,
        "aria-valuemin": min,
        "aria-valuemax": max,
      },
      handleIcon(),
      html("span", { "aria-hidden": "true" }, control.label),
    );
    this.element.addEventListener("keydown", (event) => this.#press(event));
    this.element.addEventListener("pointerdown", (event) => this.#grab(event));
  }

  draw() {
    const { frame, element } = this;
    const [x, y] = this.figure.state[this.control.name];
    const { plot } = frame;
    // A point outside the view waits at its edge, where it can be fetched.
    this.left = Math.min(Math.max(frame.x(x) - plot.x, 0), plot.width);
    this.top = Math.min(Math.max(frame.y(y) - plot.y, 0), plot.height);
    place(element, this.left, this.top);
    put(element, {
      class: `cl-handle${this.left > plot.width - 60 ? " cl-flip" : ""}`,
      "aria-valuenow": x,
      "aria-valuetext": `x ${writeShort(x)}, y ${writeShort(y)}`,
    });
  }

  #move(x, y) {
    const rounded = [x, y].map((value, axis) => {
      const [low, high] = this.control.bounds[axis];
      return roundTo(value, (high - low) / 1000);
    });
    this.figure.change(this.control.name, rounded);
  }

  #press(event) {
    const arrow = ARROWS[event.key];
    if (!arrow || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const point = this.figure.state[this.control.name];
    const moved = point.map((value, axis) => {
      const [low, high] = this.control.bounds[axis];
      return value + (arrow[axis] * (event.shiftKey ? LEAP : 1) * (high - low)) / NUDGES;
    });
    this.#move(...moved);
  }

  #grab(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    const { element, frame } = this;
    element.focus({ preventScroll: true });
    element.setPointerCapture(event.pointerId);
    const grip = { x: event.clientX - this.left, y: event.clientY - this.top };
    const drag = oncePerFrame((latest) => {
      const { plot } = frame;
      this.#move(
        frame.x.invert(plot.x + latest.clientX - grip.x),
        frame.y.invert(plot.y + latest.clientY - grip.y),
      );
    });
    const release = () => {
      element.removeEventListener("pointermove", drag);
      element.removeEventListener("lostpointercapture", release);
    };
    element.addEventListener("pointermove", drag);
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
    svg("circle", { class: "cl-handle-ring", r: 7.5 }),
    svg("circle", { class: "cl-handle-core", r: 2.2 }),
    ...heads,
  );
}
