// Elements: making them, and changing them in place.
//
// Texts of a figure reach the page through textContent and setAttribute alone, so markup in a label stays
// text; positions and colours go through the style object, which a Content-Security-Policy permits.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

let idsGiven = 0;

/** An id that no other element of the page has. */
export function uniqueId() {
  idsGiven += 1;
  return `livefig-${idsGiven}`;
}

/** An HTML element with attributes and children; a child is an element or a text. */
export function html(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  put(node, attributes);
  node.append(...children);
  return node;
}

/** An SVG element with attributes and children. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG_NAMESPACE, tag);
  put(node, attributes);
  node.append(...children);
  return node;
}

const written = new WeakMap();

/** Set attributes; null removes one. What has not changed since the last call is left alone. */
export function put(node, attributes) {
  if (!written.has(node)) written.set(node, {});
  const known = written.get(node);
  for (const name of Object.keys(attributes)) {
    const value = attributes[name];
    if (known[name] === value) continue;
    known[name] = value;
    if (value === null) node.removeAttribute(name);
    else node.setAttribute(name, value);
  }
}

/** Set an element's text, if it is another one. */
export function putText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const WIDEST_LETTER = 13; // pixels; a text that fits at this width is not measured
const ELLIPSIS = 12;
const fitted = new WeakMap();

/**
 * Write the text of an SVG element, whose first child it is: cut where it is wider than `room` in pixels, and
 * then the whole of it stands in its title.
 */
export function putFitted(node, text, room) {
  const key = `${Math.floor(room)} ${text}`;
  if (fitted.get(node) === key) return;
  const [written] = node.childNodes;
  written.data = text;
  node.querySelector(":scope > title")?.remove();
  const width = text.length * WIDEST_LETTER > room ? node.getComputedTextLength() : null;
  if (width !== 0) fitted.set(node, key); // or it is not displayed, and measured once it is
  if (!(width > room)) return;
  let kept = Math.max(1, Math.ceil((text.length * room) / width));
  while (kept > 1 && node.getSubStringLength(0, kept) > room - ELLIPSIS) kept -= 1;
  written.data = `${text.slice(0, kept).replace(/[\uD800-\uDBFF]$/, "").trimEnd()}…`; // no half of a letter
  node.append(svg("title", {}, text));
}

/** Put an HTML element at a place inside its positioned parent. */
export function place(node, x, y) {
  node.style.transform = `translate(${round(x)}px, ${round(y)}px)`;
}

/** Show or hide an element. */
export function toggle(node, shown) {
  put(node, { hidden: shown ? null : "" });
}

/** Give an element a colour of the palette, which its style sheet finds as --lf-color. */
export function paint(node, color) {
  if (/^[a-z]+$/.test(color)) node.style.setProperty("--lf-color", `var(--lf-${color}, currentColor)`);
  return node;
}

/** Make the children of `parent` stand for `items`, one each, in order; elements that are there are kept. */
export function join(parent, items, create, update) {
  const { children } = parent;
  while (children.length > items.length) parent.lastElementChild.remove();
  items.forEach((item, index) => {
    if (index === children.length) parent.append(create(item));
    update(children[index], item);
  });
}

/** A number of pixels, to a tenth. */
export function round(pixels) {
  return Math.round(pixels * 10) / 10;
}

/** A function that runs `action` once a frame of the screen, with the last argument it was called with. */
export function oncePerFrame(action) {
  let latest;
  let waiting = false;
  return (argument) => {
    latest = argument;
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      action(latest);
    });
  };
}
