// Legends. A toggle that shows and hides labelled layers stands in the figure's legend as a checkbox, once.
// Labels that several views share stand there too, and so do points and contours; lines of one view are named
// above it.

/** What the legends hold: { toggles: [{ control, layer }], shared: [layer], own: [layer] for each view }. */
function planLegends(spec) {
  const views = spec.views.map((view) => (view.layers ?? []).filter((layer) => layer.label));
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
    list.filter((layer) => layer.kind !== "rule" && !named.has(layer.show)),
  );
  const key = (layer) => JSON.stringify([layer.label, layer.color]);
  const distinct = (list) =>
    list.filter((layer, i) => list.findIndex((other) => key(other) === key(layer)) === i);
  const drawn = spec.views.filter((view) => view.layers).length;
  const isShared = (layer) =>
    drawn === 1 ||
    ["points", "contours"].includes(layer.kind) ||
    entries.filter((list) => list.some((other) => key(other) === key(layer))).length > 1;
  return {
    toggles,
    shared: distinct(entries.flat().filter(isShared)),
    own: entries.map((list) => distinct(list.filter((layer) => !isShared(layer)))),
  };
}

/** A layer's mark in small. */
function swatch(layer) {
  const dotted = layer.marker || layer.kind === "points";
  const dot = dotted ? [svg("path", { class: "cl-dots cl-point", d: "M12,6h0" })] : [];
  const parts = {
    line: () => [svg("path", { class: layer.dash ? "cl-line cl-dashed" : "cl-line", d: "M1,6H23" }), ...dot],
    path: () => [svg("path", { class: "cl-line", d: "M2,6H22" }), ...dot],
    points: () => dot,
    rule: () => [svg("path", { class: "cl-rule", d: "M1,6H23" })],
    contours: () => [svg("ellipse", { class: "cl-level", cx: 12, cy: 6, rx: 9, ry: 4.5 })],
  };
  const size = { viewBox: "0 0 24 12", width: 24, height: 12 };
  const picture = svg("svg", { class: "cl-swatch", "aria-hidden": "true", ...size });
  picture.append(...parts[layer.kind]());
  return layer.color ? paint(picture, layer.color) : picture;
}

/** A legend entry that only names. */
function legendEntry(layer) {
  return html("span", { class: "cl-entry" }, swatch(layer), html("span", {}, layer.label));
}
