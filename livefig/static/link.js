// Links to a figure in a state. #live-race?kappa=50&start=1.2,-0.5 names the figure's element, and the value of
// each control that is not as the figure opens; &-=label, a name that no control can have, a label that its
// legend hides.

import { cleanValue, onGrid } from "./controls.js";

/** The address of a figure in its present state. */
function linkTo({ element, state, moved, hidden }) {
  const numbers = (name) => encodeURIComponent([state[name]].flat(2).map(Number)).replaceAll("%2C", ",");
  const values = moved.map((name) => `${encodeURIComponent(name)}=${numbers(name)}`);
  const query = [...values, ...[...hidden].map((label) => `-=${encodeURIComponent(label)}`)].join("&");
  return new URL(`#${encodeURIComponent(element.id)}?${query}`, location.href).href; // ? even if nothing moved
}

/** Copy a figure's link, or put it into the address bar where copying is not allowed; says what it did. */
export async function copyLink(figure) {
  const link = linkTo(figure);
  try {
    await navigator.clipboard.writeText(link);
    return "Link copied";
  } catch {
    history.replaceState(history.state, "", link);
    return "Link in the address bar";
  }
}

/** Whether the page's address names a state of this figure; then it is put into it. */
export function followLink(figure) {
  const [id, query] = location.hash.slice(1).split("?");
  if (query === undefined || id !== encodeURIComponent(figure.element.id)) return false;
  const values = figure.start;
  const parameters = new URLSearchParams(query);
  for (const [name, text] of parameters) {
    const control = figure.control(name);
    const numbers = text.split(",").map((part) => (part.trim() ? Number(part) : NaN));
    const pairs = () => d3.range(0, numbers.length, 2).map((i) => numbers.slice(i, i + 2));
    try {
      const alone = numbers.length === 1 ? numbers[0] : numbers;
      values[name] = onGrid(control, cleanValue(control, control.kind === "data" ? pairs() : alone));
    } catch {
      // An address can hold anything: what this control cannot be, or what is no control, is passed over.
    }
  }
  figure.restore(values, parameters.getAll("-"));
  return true;
}
