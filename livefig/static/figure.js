// A live figure: the views and the controls that stand for its state.

import { engage, makeChoice, makeCoordinates, makeSlider, makeToggle } from "./controls.js";
import { Curves } from "./curves.js";
import { html, put } from "./dom.js";
import { HeatMap } from "./heatmap.js";
import { Layout, WIDE } from "./layout.js";
import { makeEntry, planLegends, swatch } from "./legend.js";
import { Plane } from "./plane.js";
import { makePlayer } from "./player.js";
import { State } from "./state.js";
import { Texts } from "./texts.js";

const SHEET = 640; // pixels, that a sheet of paper is wide at least

export class LiveFigure extends State {
  constructor(element, definition, host) {
    super(definition, host);
    this.element = element;
    this.frozenNames = new Set();
    this.hidden = new Set(); // labels that the legend hides
    this.#build();
    host?.onChange((name) => {
      if (name === undefined || this.assign({ [name]: host.get(name) }).length) this.#renderIfSeen();
    });
    // Until it is first drawn, the picture stays; and only what is on the screen, or nearly, is drawn.
    this.seen = new IntersectionObserver(
      (entries) => {
        this.visible = entries.at(-1).isIntersecting;
        if (this.visible && this.stale) this.#renderOrGiveUp();
      },
      { rootMargin: "300px" },
    );
    this.stale = true;
    this.entered = false;
    this.seen.observe(element);
    this.resized = new ResizeObserver(() => {
      if (this.printed) return;
      this.fits = this.#width() === this.width;
      if (this.entered && !this.fits) this.#renderIfSeen();
    });
    this.resized.observe(element);
  }

  /** The labels of what was drawn only as far as its numbers are finite, or null. */
  get frozen() {
    return this.frozenNames.size ? [...this.frozenNames] : null;
  }

  /** Set controls, { name: value }, and draw at once. */
  set(values) {
    const player = this.controls.get(this.playhead);
    const ended = player?.grow && !this.unfinished && !(player.name in values);
    const changed = this.assign(values);
    if (ended) changed.push(...this.assign({ [player.name]: this.last(player) })); // what is grown stays so
    for (const name of changed) this.host?.set(name, this.values.get(name));
    this.render();
  }

  /** What a control's own input calls. */
  change(name, value) {
    this.set({ [name]: value });
  }

  /** Go into a state, as `set`, with labels that the legend hides, but draw it only once it is seen. */
  restore(values, hidden) {
    this.assign(values);
    this.hidden = new Set(hidden.filter((label) => this.entries.some((entry) => entry.hides === label)));
    this.#renderIfSeen();
  }

  /** Draw everything in the present state. */
  render() {
    if (!this.entered) this.#enter();
    this.stale = false;
    put(this.element, { "data-stale": null });
    this.frozenNames.clear();
    this.#fit();
    this.#showControls();
    for (const entry of this.entries) entry.show();
    for (const { view } of this.plots) view.draw();
    this.texts.write();
    this.highlight(this.step ?? null, this.stepSource);
  }

  /** Be as wide as a sheet while the page is printed; what was never seen is printed as its picture. */
  print(printed) {
    if (!this.entered) return;
    this.printed = printed;
    this.fits = printed;
    if (printed) {
      this.width = SHEET;
      this.layout.fit(SHEET);
    }
    this.render();
  }

  /** Stop: nothing of the figure will be drawn again. */
  destroy() {
    this.seen.disconnect();
    this.resized.disconnect();
    this.visible = false;
    this.texts.stop();
  }

  // What views and their marks ask for.

  /** Whether no toggle and no legend hides a layer or a readout. */
  shows({ show, label }) {
    const on = show === null || show === undefined || this.drawn(show) === true;
    return on && !this.hidden.has(label);
  }

  /** Show or hide what has a layer's label, by the layer's toggle if it has one. */
  switchLayer({ show, label }) {
    if (show) {
      this.change(show, !this.values.get(show));
    } else {
      if (!this.hidden.delete(label)) this.hidden.add(label);
      this.render();
    }
  }

  /** Note that something stopped being finite. */
  freeze(label) {
    this.frozenNames.add(label);
  }

  /** Show a step on every view but `source`; null for none, or for that of the player. */
  highlight(step, source) {
    this.step = step;
    this.stepSource = source;
    const played = this.playhead && step === null;
    for (const { view } of this.plots) {
      if (played) view.highlight(this.values.get(this.playhead), null);
      else view.highlight(step, source);
    }
  }

  /** Let the player stand at a step. */
  seek(step) {
    if (this.playhead) this.change(this.playhead, step);
  }

  // Its own affairs.

  #build() {
    const { spec } = this;
    const legends = planLegends(spec);
    this.entries = [];
    const entry = (layer) => {
      const made = makeEntry(layer, this);
      this.entries.push(made);
      return made.element;
    };
    this.shown = new Map(spec.controls.map(({ name }) => [name, []]));
    const make = (control, maker, ...parts) => {
      const made = maker(control, (value) => this.change(control.name, value), ...parts);
      this.shown.get(control.name).push(made);
      return made.element;
    };
    const entries = [
      ...legends.toggles.map(({ control, layer }) => make(control, makeToggle, swatch(layer))),
      ...legends.shared.map(entry),
    ];
    const placed = new Set([
      ...legends.toggles.map(({ control }) => control.name),
      ...spec.views.flatMap((view) => view.drag ?? []),
    ]);
    const inputs = spec.controls
      .filter(({ name }) => !placed.has(name))
      .map((control) => ({ element: make(control, makeControl, this) }));

    const axes = ["x", "y"].map((axis) => [axis, spec.views.some((view) => view[`${axis}label`])]);
    this.labelled = Object.fromEntries(axes); // so that plots side by side are of one height
    this.plots = [];
    this.texts = new Texts(this, () => this.#reset());
    const parts = spec.views.map((view, index) => this.#buildView(view, legends.own[index].map(entry)));
    const isPlayer = ({ element }) => element.querySelector(".lf-player") !== null;
    const first = d3.sort(inputs, (input) => (isPlayer(input) ? 0 : 1)); // players stand next to the plots
    this.layout = new Layout(parts, first.map(({ element }) => element), this.texts.element);
    this.body = [
      ...(spec.title ? [html("p", { class: "lf-title" }, spec.title)] : []),
      ...(entries.length ? [html("div", { class: "lf-legend" }, ...entries)] : []),
      ...this.layout.elements,
    ];
  }

  /** A part of the figure for its layout: { element, view }, or { element } if it is a text. */
  #buildView(spec, entries) {
    if (spec.kind === "readout") return { element: this.texts.readout(spec) };
    const view = new { plane: Plane, curves: Curves, heatmap: HeatMap }[spec.kind](spec, this);
    const heading = [
      ...(spec.title ? [html("p", { class: "lf-view-title" }, spec.title)] : []),
      ...(entries.length ? [html("div", { class: "lf-legend" }, ...entries)] : []),
    ];
    const part = { view, element: html("div", { class: "lf-view" }, ...heading, view.element) };
    this.plots.push(part);
    return part;
  }

  /** Take the picture's place. */
  #enter() {
    const { element, spec } = this;
    put(element, { role: "group", "aria-label": spec.title || spec.name });
    const picture = element.querySelector(":scope > img"); // out of sight, and for print
    element.replaceChildren(...(picture ? [picture] : []), ...this.body);
    element.classList.add("lf-live");
    this.entered = true;
  }

  #width() {
    const style = getComputedStyle(this.element);
    return this.element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  }

  /** Lay the figure out anew, when its width is another one. To ask for it costs a layout of the page. */
  #fit() {
    if (this.fits) return;
    this.fits = true;
    const measured = this.#width(); // a figure that is not displayed has none
    const width = measured > 0 ? measured : (this.width ?? WIDE);
    if (width !== this.width) this.layout.fit(width);
    this.width = width;
  }

  /** Let every control show its value, and what is without effect now say so. */
  #showControls() {
    for (const [name, shown] of this.shown) {
      const acts = this.acts(name);
      for (const control of shown) {
        control.show(this.values.get(name));
        engage(control.element, acts, this.controls.get(name).why);
      }
    }
  }

  #reset() {
    this.hidden.clear();
    this.set(this.start);
  }

  #renderIfSeen() {
    if (this.visible) {
      this.render();
    } else {
      this.stale = true;
      put(this.element, { "data-stale": "" }); // which keeps views of another width from widening the page
    }
  }

  /** Draw; if the first drawing fails, the picture stays. */
  #renderOrGiveUp() {
    if (this.entered) {
      this.render();
      return;
    }
    const picture = [...this.element.childNodes];
    try {
      this.render();
    } catch (error) {
      this.destroy();
      this.element.classList.remove("lf-live");
      this.element.classList.add("lf-failed");
      this.element.replaceChildren(...picture);
      reportFailure(this.spec.name, error);
    }
  }

}

/** Say why a figure stays a picture. */
export function reportFailure(name, error) {
  console.error(`livefig: figure '${name}' cannot be shown live, its picture stays.`, error);
}

/** The control that a spec describes. */
function makeControl(control, change, figure) {
  if (control.kind === "player") return makePlayer(control, change, figure);
  const makers = { slider: makeSlider, choice: makeChoice, toggle: makeToggle, point: makeCoordinates };
  return makers[control.kind](control, change);
}
