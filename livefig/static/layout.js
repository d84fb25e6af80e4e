// Where the parts of a figure stand: its main plots with the controls on one screen, the other plots smaller below.

import { Curves } from "./curves.js";
import { html, put, toggle } from "./dom.js";
import { HeatMap } from "./heatmap.js";

export const WIDE = 640; // pixels of the figure, from which on plots stand side by side, or one beside the controls
const GAP = 28; // pixels between them
const BESIDE = 0.62; // of the width, that a plot takes beside its controls
const TALLEST = { alone: 440, narrow: 300, small: 230 }; // pixels of a plot
const TOGETHER = [340, 460]; // and of those side by side, the more the wider the figure is
const SHARE = 0.3; // of its width

export class Layout {
  /**
   * `parts` are the figure's views and texts in order, { element, view } and { element }. The main plots are the
   * first two in a row, or three heat maps; where there is room for one only, it is the first. `texts` is the element
   * with what is said below the controls, or among them beside a single plot.
   */
  constructor(parts, controls, texts) {
    const first = parts.findIndex(({ view }) => view);
    const row = parts.slice(first).findIndex(({ view }) => !view);
    const together = parts.slice(first, row < 0 ? undefined : first + row);
    const maps = together.slice(0, 3).filter(({ view }) => view instanceof HeatMap).length === 3;
    this.main = together.slice(0, maps ? 3 : 2);
    this.rest = parts.slice(first + this.main.length);
    this.controls = controls;
    this.texts = texts;
    this.stage = html("div", { class: "lf-stage lf-views" });
    this.panel = html("div", { class: "lf-controls" }, ...controls);
    this.field = html("div", { class: "lf-main" }, this.stage, ...(controls.length ? [this.panel] : []));
    this.below = html("div", { class: "lf-views lf-rest" });
    this.end = html("div");
    this.elements = [...parts.slice(0, first).map(({ element }) => element), this.field, this.end, this.below];
  }

  /** Give everything its place and size in a figure of this width. */
  fit(width) {
    const narrow = width < WIDE;
    const shown = narrow ? this.main.slice(0, 1) : this.main;
    const beside = !narrow && shown.length === 1 && this.controls.length > 0;
    const kind = beside ? "lf-main lf-beside" : narrow ? "lf-main lf-narrow" : "lf-main";
    put(this.field, { class: kind });
    this.stage.style.width = beside ? `${Math.floor(BESIDE * width)}px` : "";
    fill(this.stage, shown);
    (beside ? this.panel : this.end).append(this.texts);
    const rest = [...this.main.slice(shown.length), ...this.rest];
    fill(this.below, rest);
    toggle(this.below, rest.length > 0);
    const together = Math.min(Math.max(SHARE * width, TOGETHER[0]), TOGETHER[1]);
    const tallest = narrow ? TALLEST.narrow : shown.length > 1 ? together : TALLEST.alone;
    fitRow(shown, beside ? Math.floor(BESIDE * width) : width, tallest);
    for (const group of groups(rest)) {
      const columns = narrow ? 1 : Math.min(group.length, 3);
      for (let start = 0; start < group.length; start += columns) {
        fitRow(group.slice(start, start + columns), width, narrow ? TALLEST.narrow : TALLEST.small);
      }
    }
  }
}

/** Let the elements of parts be the children of `parent`; what is there already keeps its focus. */
function fill(parent, parts) {
  const elements = parts.map(({ element }) => element);
  if (elements.length === parent.children.length && elements.every((node, i) => parent.children[i] === node)) return;
  parent.replaceChildren(...elements);
}

/** The views among parts, in groups between which texts stand. */
function groups(parts) {
  const found = [[]];
  for (const part of parts) {
    if (part.view) found.at(-1).push(part);
    else found.push([]);
  }
  return found;
}

/**
 * Views side by side are of one height: that of what has a shape to keep, if one of them has. What would be
 * taller than `tallest` is narrower instead, and leaves its room to the others.
 */
function fitRow(row, width, tallest) {
  if (!row.length) return;
  const several = row.length > 1;
  const even = Math.floor((width - GAP * (row.length - 1)) / row.length);
  const shaped = row.filter(({ view }) => !(view instanceof Curves));
  const heights = (shaped.length ? shaped : row).map(({ view }) => view.heightFor(even));
  const height = Math.round(Math.min(Math.max(...heights), tallest));
  const narrower = row.map(({ view }) => Math.min(even, Math.ceil(view.widthFor?.(height) ?? even)));
  const flexible = row.filter(({ view }) => view instanceof Curves).length;
  const left = d3.sum(narrower, (wanted) => even - wanted);
  row.forEach(({ view, element }, index) => {
    const more = view instanceof Curves && several ? Math.floor(left / flexible) : 0;
    const own = several ? narrower[index] + more : even;
    put(element, { class: several ? "lf-view" : "lf-view lf-full" });
    element.style.width = several ? `${own}px` : ""; // or a long legend would widen it
    view.resize(own, height);
  });
}
