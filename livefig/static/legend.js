// Legends. A toggle that shows and hides labelled layers stands in the figure's legend as a checkbox, once.
// Labels that several views share stand there too, and so do points and contours; lines of one view are named
// above it.

import { makeButton } from "./controls.js";
import { html, paint, put, svg } from "./dom.js";
import { arrowPath } from "./geometry.js";

/** What the legends hold: { toggles: [{ control, layer }], shared: [layer], own: [layer] for each view }. */
export function planLegends(spec) {
  const views = spec.views.map((view) =>
    (view.layers ?? []).flatMap(entriesOf).filter((layer) => layer.label),
  );
  const layers = views.flat();
  const toggles = spec.controls
    .filter((control) => control.kind === "toggle")
    .map((control) => ({ control, bound: layers.filter((layer) => layer.show === control.name) }))
    .filter(({ bound }) => bound.length)
    .map(({ control, bound }) => ({
      control,
      layer: bound[0],
      names: new Set(bound.map((layer) => layer.label)),
    }));
  // A rule is labelled where it stands, and what a checkbox names already needs no second entry.
  const named = new Set(toggles.filter(({ names }) => names.size === 1).map(({ control }) => control.name));
  const entries = views.map((list) =>
    list.filter((layer) => !["rule", "slope"].includes(layer.kind) && !named.has(layer.show)),
  );
  const key = (layer) => JSON.stringify([layer.label, layer.color, layer.show]);
  const distinct = (list) =>
    list.filter((layer, i) => list.findIndex((other) => key(other) === key(layer)) === i);
  const drawn = spec.views.filter((view) => view.layers).length;
  const isShared = (layer) =>
    drawn === 1 ||
    ["points", "contours", "regions"].includes(layer.kind) ||
    entries.filter((list) => list.some((other) => key(other) === key(layer))).length > 1;
  return {
    toggles,
    shared: distinct(entries.flat().filter(isShared)),
    own: entries.map((list) => distinct(list.filter((layer) => !isShared(layer)))),
  };
}

/** A layer as the legend sees it: regions are one entry for each class. */
function entriesOf(layer) {
  if (layer.kind !== "regions") return [layer];
  return layer.labels.map((label, index) => ({ ...layer, label, color: layer.palette[index] }));
}

/** A layer's mark in small. */
export function swatch(layer) {
  const dotted = layer.marker || layer.kind === "points";
  const dot = dotted ? [svg("path", { class: "lf-dots lf-point", d: "M12,6h0" })] : [];
  const area = (kind) => [svg("path", { class: `lf-area ${kind}`, d: "M4,1H20V11H4z" })];
  const parts = {
    line: () => [svg("path", { class: layer.dash ? "lf-line lf-dashed" : "lf-line", d: "M1,6H23" }), ...dot],
    path: () => parts.line(),
    points: () => dot,
    rule: () => [svg("path", { class: "lf-rule", d: "M1,6H23" })],
    slope: () => parts.rule(),
    arrow: () => [svg("path", { class: "lf-line", d: arrowPath(2, 6, 22, 6) })],
    vectors: () => parts.arrow(),
    model: () => [svg("path", { class: "lf-line lf-dashed", d: "M1,6H23" })],
    ellipse: () => [svg("ellipse", { class: "lf-line lf-hollow", cx: 12, cy: 6, rx: 9, ry: 4.5 })],
    residuals: () => [svg("path", { class: "lf-line", d: "M8,1V11M16,3V11" })],
    bars: () => area("lf-bars"),
    band: () => area("lf-band"),
    regions: () => [svg("g", { class: "lf-regions" }, svg("path", { d: "M4,0H20V12H4z" }))],
    contours: () => [svg("ellipse", { class: "lf-level", cx: 12, cy: 6, rx: 9, ry: 4.5 })],
  };
  const size = { viewBox: "0 0 24 12", width: 24, height: 12 };
  const picture = svg("svg", { class: "lf-swatch", "aria-hidden": "true", ...size });
  picture.append(...parts[layer.kind]());
  return layer.color ? paint(picture, layer.color) : picture;
}

/**
 * A legend entry: { element, show(), hides }. It hides and shows what has its label, which `hides` is unless a
 * toggle does; a class of regions it names.
 */
export function makeEntry(layer, figure) {
  const parts = [swatch(layer), html("span", {}, layer.label)];
  if (layer.kind === "regions") return { element: html("span", { class: "lf-entry" }, ...parts), show() {} };
  const element = makeButton({ class: "lf-entry" }, () => figure.switchLayer(layer), ...parts);
  const hides = layer.show ? null : layer.label;
  return { element, hides, show: () => put(element, { "aria-pressed": figure.shows(layer) }) };
}
