// The controls below a figure: native inputs with labels. A control is { element, show(value) }.

import { html, put, putText, uniqueId } from "./dom.js";
import { writeNumber } from "./template.js";

const FRESH = { autocomplete: "off" }; // or a browser that comes back to a page may put old values in

/** The value that a control takes when it is given `value`; an error says what it would have taken. */
export function cleanValue(control, value) {
  const refuse = (needed) => {
    throw new TypeError(`control '${control.name}' needs ${needed}, but was given ${JSON.stringify(value)}`);
  };
  const within = (number, [low, high]) => Math.min(Math.max(number, low), high);
  const isNumber = (number) => typeof number === "number" && !Number.isNaN(number);
  const isPair = (pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isNumber);
  switch (control.kind) {
    case "toggle":
      return [0, 1, false, true].includes(value) ? Boolean(value) : refuse("true or false");
    case "choice":
      return Number.isInteger(value) && value in control.options ? value : refuse("an option's index");
    case "point":
      return isPair(value) ? control.bounds.map((bounds, k) => within(value[k], bounds)) : refuse("two numbers");
    case "data": {
      const count = control.value.length;
      if (!(value?.length === count && value.every(isPair))) refuse(`${count} pairs of numbers`);
      return value.map((point) => control.bounds.map((bounds, k) => within(point[k], bounds)));
    }
    default: {
      if (!isNumber(value)) refuse("a number");
      const number = within(value, [control.min, control.max]);
      if (control.stops) return control.stops[nearestStop(control.stops, number)];
      return control.integer ? Math.round(number) : number;
    }
  }
}

// Positions of a slider without a step of its own: many divisors, so that round numbers have a position.
const POSITIONS = 360;

/** A number rounded to a power of ten no coarser than `fineness`, so that it has few digits. */
export function roundTo(number, fineness) {
  const digits = Math.max(-Math.floor(Math.log10(fineness)), 0);
  return Number(digits > 100 ? number.toPrecision(12) : number.toFixed(digits)); // which writes up to 100
}

/** The index of the value in `stops` that is nearest to a number. */
export function nearestStop(stops, number) {
  return d3.minIndex(stops, (stop) => Math.abs(stop - number));
}

/** A slider's positions 0, 1, …, last and its values: { last, value(position), position(value) }. */
function sliderScale(control) {
  const { min, max, log, integer, step, stops } = control;
  if (stops) return stopsScale(stops);
  if (step) return stepsScale(min, max, step);
  if (!log) return integer ? stepsScale(min, max, 1) : evenScale(min, max);
  const scale = ratioScale(min, max);
  // Whole numbers that are close together share positions: an arrow key would come back to where it was.
  const whole = () => new Set(d3.range(scale.last + 1).map((position) => Math.round(scale.value(position))));
  return integer ? stopsScale([...whole()]) : scale;
}

function stopsScale(stops) {
  return {
    last: stops.length - 1,
    value: (position) => stops[position],
    position: (value) => nearestStop(stops, value),
  };
}

function stepsScale(min, max, step) {
  const steps = (max - min) / step;
  const last = Math.floor(steps + 1e-9);
  const reachesMax = Math.abs(steps - last) <= 1e-9 * Math.max(1, steps);
  return {
    last,
    value(position) {
      if (position <= 0) return min;
      if (position >= last && reachesMax) return max;
      const place = min + step * position;
      const digits = Math.ceil(Math.log10(Math.max(Math.abs(min), Math.abs(max)) / step)) + 3;
      return Number.isInteger(place) ? place : Number(place.toPrecision(Math.min(Math.max(digits, 12), 17)));
    },
    position: (value) => Math.min(Math.round((value - min) / step), last),
  };
}

/** Equal distances, at numbers of few digits but for the ends. */
function evenScale(min, max) {
  const width = (max - min) / POSITIONS;
  return {
    last: POSITIONS,
    value: (position) => [min, max][position / POSITIONS] ?? roundTo(min + width * position, width / 2),
    position: (value) => Math.round((value - min) / width),
  };
}

/** Equal ratios, at numbers of few digits but for the ends. */
function ratioScale(min, max) {
  const ratio = Math.log(max / min) / POSITIONS;
  const digits = Math.min(Math.max(Math.ceil(1 - Math.log10(Math.expm1(ratio))), 2), 15);
  const between = (position) => Number((min * Math.exp(ratio * position)).toPrecision(digits));
  return {
    last: POSITIONS,
    value: (position) => [min, max][position / POSITIONS] ?? between(position),
    position: (value) => Math.round(Math.log(value / min) / ratio),
  };
}

/** A control's value as its own input can give it: on the grid of a slider with a step. */
export function onGrid(control, value) {
  if (control.kind !== "slider" || !control.step) return value;
  const scale = sliderScale(control);
  return scale.value(scale.position(value));
}

/** A slider with its label and its value; `change(value)` is called when it is moved. */
export function makeSlider(control, change) {
  const scale = sliderScale(control);
  const id = uniqueId();
  const input = html("input", { type: "range", id, ...FRESH, min: 0, max: scale.last, step: 1 });
  const output = html("output", { for: id });
  input.addEventListener("input", () => change(scale.value(Number(input.value))));
  const element = html(
    "div",
    { class: "lf-control lf-slider" },
    html("label", { for: id }, control.label),
    output,
    input,
  );
  return {
    element,
    show(value) {
      const text = writeNumber(value, control.format);
      const written = control.unit ? `${text}${/^[°%]/.test(control.unit) ? "" : " "}${control.unit}` : text;
      const position = Math.min(Math.max(scale.position(value), 0), scale.last);
      if (Number(input.value) !== position) input.value = position;
      input.style.setProperty("--lf-filled", `${(100 * position) / scale.last}%`);
      put(input, { "aria-valuetext": written });
      putText(output, written);
    },
  };
}

// Up to this many options, of this many letters together, stand side by side; others go into a menu.
const BUTTONS = 4;
const LETTERS = 48;
const BROAD = 24; // letters, from which on they take the room of two controls

/** A choice among options. */
export function makeChoice(control, change) {
  const few = control.options.length <= BUTTONS && control.options.join("").length <= LETTERS;
  return few ? makeRadios(control, change) : makeMenu(control, change);
}

function makeMenu(control, change) {
  const id = uniqueId();
  const options = control.options.map((text, index) => html("option", { value: index }, text));
  const select = html("select", { id, ...FRESH }, ...options);
  select.addEventListener("change", () => change(Number(select.value)));
  return {
    element: html("div", { class: "lf-control" }, html("label", { for: id }, control.label), select),
    show(value) {
      select.value = value;
    },
  };
}

function makeRadios(control, change) {
  const name = uniqueId();
  const inputs = control.options.map((_, index) => html("input", { type: "radio", name, value: index, ...FRESH }));
  inputs.forEach((input, index) => input.addEventListener("change", () => change(index)));
  const labels = inputs.map((input, index) =>
    html("label", {}, input, html("span", {}, control.options[index])),
  );
  const id = uniqueId();
  const letters = control.options.join("").length;
  const element = html(
    "div",
    { class: `lf-control${letters > BROAD ? " lf-broad" : ""}`, role: "radiogroup", "aria-labelledby": id },
    html("span", { id, class: "lf-label" }, control.label),
    html("div", { class: "lf-options" }, ...labels),
  );
  return {
    element,
    show(value) {
      inputs[value].checked = true;
    },
  };
}

/** A checkbox; `marks` stand between the box and its label. */
export function makeToggle(control, change, ...marks) {
  const input = html("input", { type: "checkbox", ...FRESH });
  input.addEventListener("change", () => change(input.checked));
  return {
    element: html("label", { class: "lf-toggle" }, input, ...marks, html("span", {}, control.label)),
    show(value) {
      input.checked = value;
    },
  };
}

/** A point that no view draws: a slider for each coordinate. */
export function makeCoordinates(control, change) {
  let point = control.value;
  const sliders = ["x", "y"].map((letter, axis) => {
    const [min, max] = control.bounds[axis];
    const coordinate = { min, max, log: false, integer: false, step: null, format: ".3~r", unit: "" };
    return makeSlider({ ...coordinate, label: `${control.label}, ${letter}` }, (value) =>
      change(point.map((old, index) => (index === axis ? value : old))),
    );
  });
  return {
    element: html("div", { class: "lf-pair" }, ...sliders.map((slider) => slider.element)),
    show(value) {
      point = value;
      sliders.forEach((slider, axis) => slider.show(value[axis]));
    },
  };
}

/** A button that calls `act`, unless it is disabled. */
export function makeButton(attributes, act, ...children) {
  const button = html("button", { type: "button", class: "lf-button", ...attributes }, ...children);
  button.addEventListener("click", () => {
    if (button.ariaDisabled !== "true") act();
  });
  return button;
}

/** Disable a button, which keeps the focus that the attribute `disabled` would take away. */
export function disable(button, disabled) {
  put(button, { "aria-disabled": disabled ? "true" : null });
}

/** Let a control be used, or say in the place of its value why it has no effect now. */
export function engage(element, acts, why) {
  if (!why) return;
  for (const input of element.querySelectorAll("input, select, button")) {
    put(input, { disabled: acts ? null : "", "aria-description": acts ? null : why });
  }
  put(element, { "data-idle": acts ? null : why });
}
