// A live figure: its state, what its program makes of it, and the views and controls that stand for both.

const WIDE = 640; // pixels, from which on two views, or three heat maps, stand side by side
const GAP = 28; // pixels between them
const TALLEST = 460; // pixels
const SAID = 2000; // milliseconds that a button says what it has done
const REST = 300; // milliseconds without a change, after which the summary is read out

class LiveFigure {
  /**
   * `program` and `fields` are functions as livefig.compile writes them. `host`, which may be null, is
   * where the state lives besides here: { get(name), set(name, value), onChange(callback(name)) }. If it also
   * has the numbers, drawn(name) is a control's value in the state that they are of, and a new state of them
   * calls back without a name.
   */
  constructor(element, { spec, program, fields }, host) {
    this.element = element;
    this.spec = spec;
    this.host = host;
    this.controls = new Map(spec.controls.map((control) => [control.name, control]));
    this.program = program(runtime);
    this.fields = fields.map((field) => field(runtime));
    this.write = makeWriter(spec);
    const value = (control) => cleanValue(control, host ? host.get(control.name) : control.value);
    this.values = new Map(spec.controls.map((control) => [control.name, value(control)]));
    this.frozenNames = new Set();
    this.hidden = new Set(); // labels that the legend hides
    this.playhead = spec.controls.find((control) => control.cursor)?.name;
    this.#build();
    host?.onChange((name) => {
      if (name === undefined || this.#assign({ [name]: host.get(name) }).length) this.#renderIfSeen();
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
      this.fits = this.#width() === this.width;
      if (this.entered && !this.fits) this.#renderIfSeen();
    });
    this.resized.observe(element);
  }

  /** The value of each control, by name. */
  get state() {
    return Object.fromEntries(this.values);
  }

  /** What the program returns in this state, by name. */
  get outputs() {
    const inputs = this.spec.inputs.map((name) => this.argument(name));
    const key = JSON.stringify(inputs);
    if (key !== this.computedFor) this.computed = this.program(...inputs);
    this.computedFor = key;
    return this.computed;
  }

  /** The labels of what was drawn only as far as its numbers are finite, or null. */
  get frozen() {
    return this.frozenNames.size ? [...this.frozenNames] : null;
  }

  /** Set controls, { name: value }, and draw at once. */
  set(values) {
    for (const name of this.#assign(values)) this.host?.set(name, this.values.get(name));
    this.render();
  }

  /** What a control's own input calls. */
  change(name, value) {
    this.set({ [name]: value });
  }

  /** The value of each control as the figure opens, by name. */
  get start() {
    return Object.fromEntries(this.spec.controls.map(({ name, value }) => [name, value]));
  }

  /** The names of the controls that stand elsewhere now. */
  get moved() {
    const { start, state } = this;
    return Object.keys(state).filter((name) => JSON.stringify(start[name]) !== JSON.stringify(state[name]));
  }

  /** Go into a state, as `set`, with labels that the legend hides, but draw it only once it is seen. */
  restore(values, hidden) {
    this.#assign(values);
    this.hidden = new Set(hidden.filter((label) => this.entries.some((entry) => entry.hides === label)));
    this.#renderIfSeen();
  }

  /** Draw everything in the present state. */
  render() {
    if (!this.entered) this.#enter();
    this.stale = false;
    put(this.element, { "data-stale": null });
    this.frozenNames.clear();
    this.#layout();
    for (const [name, shown] of this.shown) shown.forEach((control) => control.show(this.values.get(name)));
    for (const entry of this.entries) entry.show();
    disable(this.reset, !this.moved.length && !this.hidden.size);
    for (const { view } of this.cells.flat()) view.draw();
    this.#writeTexts();
    this.highlight(this.step ?? null, this.stepSource);
  }

  /** Stop: nothing of the figure will be drawn again. */
  destroy() {
    this.seen.disconnect();
    this.resized.disconnect();
    this.visible = false;
    clearTimeout(this.resting);
  }

  // What views and their marks ask for.

  /** The spec of a control. */
  control(name) {
    return this.controls.get(name);
  }

  /** A function of the values that a field depends on, which returns the field as a function of x and y. */
  field(index) {
    return this.fields[index];
  }

  /** A control's value as programs take it. */
  argument(name) {
    const value = this.#drawn(name);
    return Array.isArray(value) ? Float64Array.from(value.flat()) : Number(value);
  }

  /** The numbers of an output with axes, or of a control of points, row after row. */
  array(name) {
    return this.controls.has(name) ? this.argument(name) : this.outputs[name];
  }

  /** The number that a control or a scalar output stands for, or that stands for itself. */
  number(at) {
    if (typeof at === "number") return at;
    return Number(this.controls.has(at) ? this.#drawn(at) : this.outputs[at]);
  }

  /** The shape of an output. */
  shape(name) {
    return this.spec.outputs.find((output) => output.name === name).shape;
  }

  /** Whether no toggle and no legend hides a layer or a readout. */
  shows({ show, label }) {
    const on = show === null || show === undefined || this.#drawn(show) === true;
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

  /** How many of an output's `rows` count: up to and including the one whose index `count` names. */
  length(rows, count) {
    if (count === null || count === undefined) return rows;
    return Math.min(Math.max(Math.trunc(this.number(count)) + 1 || 0, 0), rows);
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
    for (const { view } of this.cells.flat()) {
      if (played) view.highlight(this.values.get(this.playhead), null);
      else view.highlight(step, source);
    }
  }

  /** Let the player stand at a step. */
  seek(step) {
    if (this.playhead) this.change(this.playhead, step);
  }

  // Its own affairs.

  #drawn(name) {
    return this.host?.drawn ? this.host.drawn(name) : this.values.get(name);
  }

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
      .map((control) => make(control, makeControl, this));

    const axes = ["x", "y"].map((axis) => [axis, spec.views.some((view) => view[`${axis}label`])]);
    this.labelled = Object.fromEntries(axes); // so that plots side by side are of one height
    this.cells = [[]]; // views with their elements, in groups between which readouts stand
    this.readouts = [];
    const views = spec.views.map((view, index) => this.#buildView(view, legends.own[index].map(entry)));
    this.reset = makeButton({}, () => this.#reset(), "Reset");
    this.note = html("p", { class: "lf-note", hidden: "" });
    this.summary = html("p", { class: "lf-summary" });
    this.spoken = html("div", { class: "lf-spoken", "aria-live": "polite" });
    this.body = [
      ...(spec.title ? [html("p", { class: "lf-title" }, spec.title)] : []),
      ...(entries.length ? [html("div", { class: "lf-legend" }, ...entries)] : []),
      html("div", { class: "lf-views" }, ...views),
      ...(inputs.length ? [html("div", { class: "lf-controls" }, ...inputs)] : []),
      ...(spec.reason ? [html("p", { class: "lf-reason" }, `Computed by the kernel: ${spec.reason}`)] : []),
      this.note,
      html("div", { class: "lf-foot" }, this.summary, ...this.#linkButton(), this.reset),
      this.spoken,
    ];
  }

  #buildView(spec, entries) {
    if (spec.kind === "readout") {
      this.cells.push([]);
      return spec.rows ? this.#buildNumbers(spec) : this.#readout(spec, html("p", { class: "lf-readout" }));
    }
    const view = new { plane: Plane, curves: Curves, heatmap: HeatMap }[spec.kind](spec, this);
    const heading = [
      ...(spec.title ? [html("p", { class: "lf-view-title" }, spec.title)] : []),
      ...(entries.length ? [html("div", { class: "lf-legend" }, ...entries)] : []),
    ];
    const element = html("div", { class: "lf-view" }, ...heading, view.element);
    this.cells.at(-1).push({ view, element });
    return element;
  }

  #readout(spec, element) {
    this.readouts.push({ spec, element });
    return element;
  }

  /** A table of numbers: each a text of its own, beside its label. */
  #buildNumbers({ rows, show }) {
    const built = rows.map(([label, text]) => {
      const value = this.#readout({ text }, html("td"));
      return this.#readout({ show }, html("tr", {}, html("th", { scope: "row" }, label), value));
    });
    return html("table", { class: "lf-readout lf-numbers" }, html("tbody", {}, ...built));
  }

  /** A button that copies a link to this state; none without an address, such as in a kernel. */
  #linkButton() {
    if (this.host || !this.element.id) return [];
    const button = makeButton({}, () => copyLink(this).then(say), "Copy link");
    let ending;
    const say = (text) => {
      putText(button, text);
      putText(this.spoken, ""); // so that the same words are heard again
      putText(this.spoken, text);
      clearTimeout(ending);
      ending = setTimeout(() => putText(button, "Copy link"), SAID);
    };
    return [button];
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

  /** Give the views their sizes, when the figure's width is another one. To ask for it costs a layout of the page. */
  #layout() {
    if (this.fits) return;
    this.fits = true;
    const width = this.#width() || this.width || WIDE; // a figure that is not displayed has none
    if (width === this.width) return;
    this.width = width;
    for (const group of this.cells) {
      for (let start = 0, columns; start < group.length; start += columns) {
        const maps = group.slice(start, start + 3).filter(({ view }) => view instanceof HeatMap);
        columns = width < WIDE ? 1 : maps.length === 3 ? 3 : 2;
        this.#layoutRow(group.slice(start, start + columns));
      }
    }
  }

  /** Views side by side are of one height: that of what has a shape to keep, if one of them has. */
  #layoutRow(row) {
    const several = row.length > 1;
    const width = Math.floor((this.width - GAP * (row.length - 1)) / row.length);
    const planes = row.filter(({ view }) => !(view instanceof Curves));
    const heights = (planes.length ? planes : row).map(({ view }) => view.heightFor(width));
    const height = Math.round(Math.min(Math.max(...heights), TALLEST));
    for (const { view, element } of row) {
      put(element, { class: several ? "lf-view" : "lf-view lf-full" });
      element.style.width = several ? `${width}px` : ""; // or a long legend would widen it
      view.resize(width, height);
    }
  }

  /** Take over values, and return the names of those that changed. */
  #assign(values) {
    const cleaned = Object.entries(values).map(([name, value]) => {
      const control = this.controls.get(name);
      if (!control) {
        const names = [...this.controls.keys()].join(", ");
        throw new TypeError(`figure '${this.spec.name}' has no control '${name}'; its controls are ${names}`);
      }
      return [name, cleanValue(control, value)];
    });
    const changed = cleaned.filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(this.values.get(name)),
    );
    for (const [name, value] of changed) this.values.set(name, value);
    return changed.map(([name]) => name);
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
      this.element.replaceChildren(...picture);
      reportFailure(this.spec.name, error);
    }
  }

  #writeTexts() {
    const value = (name) => this.number(name);
    for (const { spec, element } of this.readouts) {
      toggle(element, this.shows(spec));
      if (spec.text) putText(element, this.write(spec.text, value));
    }
    const { frozen } = this;
    const cut = frozen && `Drawn only as far as its numbers are finite: ${frozen.join(", ")}.`;
    const note = this.host?.error?.() ?? cut;
    toggle(this.note, note !== null);
    putText(this.note, note ?? "");
    const summary = this.write(this.spec.summary, value);
    if (this.summary.textContent !== summary) {
      // Seen at once, read out when the reader pauses: every step of a slider would flood a screen reader.
      clearTimeout(this.resting);
      if (this.summary.textContent) this.resting = setTimeout(() => putText(this.spoken, summary), REST);
    }
    putText(this.summary, summary);
  }
}

/** Say why a figure stays a picture. */
function reportFailure(name, error) {
  console.error(`livefig: figure '${name}' cannot be shown live, its picture stays.`, error);
}
