// How the values of a heat map become colours, and the bar below it that says so.

import { labelWidth, plainLabel } from "./axes.js";
import { html, join, put, putText, round, toggle } from "./dom.js";
import { writeShort } from "./template.js";

const TICK_GAP = 6; // pixels between the labels of the bar, or more
const BAR_TICKS = 5; // labels between the ends, about

/**
 * The shading of a heat map's layer: share(value), from 0 to 1 along the ramp; its `ends`, below the first of which
 * colours are the same if it is `open`; and values at which its bar may have `ticks`. `extent` is the entry at which the colours end, if it is positive.
 */
export function makeShading({ diverging, log, decades }, values, extent) {
  const finite = Array.from(values).filter(Number.isFinite);
  const largest = extent > 0 ? extent : d3.max(finite, diverging ? Math.abs : undefined) || 1;
  const size = (value) => {
    const part = Math.abs(value) / Math.abs(largest);
    return log ? Math.max(0, 1 + Math.log10(part) / decades) : part;
  };
  const powers = log ? powersBelow(largest, decades) : [];
  if (diverging) {
    const ticks = log ? [0, ...powers, ...powers.map((power) => -power)] : [0, ...d3.ticks(-largest, largest, BAR_TICKS)];
    const share = (value) => (1 + Math.sign(value) * size(value)) / 2;
    return { share, ticks, ends: [-largest, largest] };
  }
  if (log) {
    const share = (value) => (value > 0 ? size(value) : 0);
    return { share, ticks: powers, ends: [largest / 10 ** decades, largest], open: true };
  }
  const lowest = extent > 0 ? 0 : d3.min(finite) ?? 0;
  const low = lowest < largest ? lowest : Math.min(0, lowest - 1); // the same everywhere is not pale
  const share = (value) => (value - low) / (largest - low);
  return { share, ticks: d3.ticks(low, largest, BAR_TICKS), ends: [low, largest] };
}

/** The powers of ten from a positive number to as many decades below it, the largest first. */
function powersBelow(largest, decades) {
  if (!(largest > 0)) return [];
  const first = Math.floor(Math.log10(largest));
  return d3.range(first, Math.log10(largest) - decades, -1).map((exponent) => Number(`1e${exponent}`));
}

/** The bar of colours, its ticks, and what cells without a number look like. */
export class ColorBar {
  constructor(ramp) {
    this.ticks = html("div", { class: "lf-scale-ticks" });
    this.bar = html("div", { class: "lf-scale-bar" }, html("i", { class: `lf-scale-${ramp}` }), this.ticks);
    this.missing = html("span", { class: "lf-scale-missing", hidden: "" }, html("i"), "no value");
    this.element = html("div", { class: "lf-scale" }, this.bar, this.missing);
  }

  /** Draw it below a frame's plot; `missing`: whether some cells have no number. */
  draw({ plot, width }, shading, missing) {
    this.element.style.marginLeft = `${round(plot.x)}px`;
    this.element.style.width = `${round(missing ? width - plot.x : plot.width)}px`;
    toggle(this.missing, missing);
    const room = this.bar.clientWidth || plot.width;
    join(this.ticks, placeTicks(shading, room), () => html("span"), (node, { at, text, side }) => {
      put(node, { class: side });
      putText(node, text);
      node.style.left = `${round(at)}px`;
    });
  }
}

/** The labels of a bar of this width: those of its ends, and of the ticks for which there is room, first come first. */
function placeTicks({ share, ticks, ends, open }, width) {
  const letters = (text) => labelWidth(plainLabel(text));
  const written = (digits) => ends.map((end, i) => `${open && i === 0 ? "≤ " : ""}${writeShort(end, digits)}`);
  const fits = (texts) => d3.sum(texts, letters) + TICK_GAP <= width;
  const [low, high] = [3, 2, 1].map(written).find(fits) ?? written(1);
  const taken = [[0, letters(low)], [width - letters(high), width]];
  const placed = [
    { at: 0, text: low, side: "lf-first" },
    { at: width, text: high, side: "lf-last" },
  ];
  for (const value of ticks) {
    const [at, text] = [share(value) * width, writeShort(value)];
    const half = letters(text) / 2;
    if (taken.some(([left, right]) => at - half - TICK_GAP < right && at + half + TICK_GAP > left)) continue;
    taken.push([at - half, at + half]);
    placed.push({ at, text, side: "" });
  }
  return placed;
}
