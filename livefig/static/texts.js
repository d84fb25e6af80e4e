// The texts of a figure: readouts among its views, the summary below, notes, and what is read out.

import { disable, makeButton } from "./controls.js";
import { html, putText, toggle } from "./dom.js";
import { copyLink } from "./link.js";
import { makeWriter } from "./template.js";

const SAID = 2000; // milliseconds that a button says what it has done
const REST = 300; // milliseconds without a change, after which the summary is read out

export class Texts {
  constructor(figure, reset) {
    this.figure = figure;
    this.fill = makeWriter(figure);
    this.readouts = [];
    this.reset = makeButton({}, reset, "Reset");
    this.note = html("p", { class: "lf-note", hidden: "" });
    this.summary = html("p", { class: "lf-summary" });
    this.spoken = html("div", { class: "lf-spoken", "aria-live": "polite" });
    const { spec } = figure;
    const buttons = spec.controls.length ? [...this.#linkButton(), this.reset] : [];
    this.element = html(
      "div",
      { class: "lf-texts" },
      ...(spec.reason ? [html("p", { class: "lf-reason" }, `Computed by the kernel: ${spec.reason}`)] : []),
      this.note,
      html("div", { class: "lf-foot" }, this.summary, ...buttons),
      this.spoken,
    );
  }

  /** The element of a readout: a text, or a table of numbers, each a text of its own beside its label. */
  readout({ rows, text, show }) {
    if (!rows) return this.#keep({ text, show }, html("p", { class: "lf-readout" }));
    const built = rows.map(([label, number]) => {
      const value = this.#keep({ text: number }, html("td"));
      return this.#keep({ show }, html("tr", {}, html("th", { scope: "row" }, label), value));
    });
    return html("table", { class: "lf-readout lf-numbers" }, html("tbody", {}, ...built));
  }

  #keep(spec, element) {
    this.readouts.push({ spec, element });
    return element;
  }

  /** A button that copies a link to this state; none without an address, such as in a kernel. */
  #linkButton() {
    const { figure } = this;
    if (figure.host || !figure.element.id) return [];
    const button = makeButton({}, () => copyLink(figure).then(say), "Copy link");
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

  /** Write everything in the figure's present state. */
  write() {
    const { figure } = this;
    const { spec, frozen, unfinished } = figure;
    disable(this.reset, !figure.moved.length && !figure.hidden.size);
    for (const { spec: readout, element } of this.readouts) {
      toggle(element, figure.shows(readout));
      if (readout.text) putText(element, unfinished ? "…" : this.fill(readout.text));
    }
    const cut = frozen && `Drawn only as far as its numbers are finite: ${frozen.join(", ")}.`;
    const note = figure.host?.error?.() ?? cut;
    toggle(this.note, note !== null && !unfinished);
    putText(this.note, note ?? "");
    const summary = unfinished ? this.#sofar() : this.fill(spec.summary);
    if (this.summary.textContent !== summary) {
      // Seen at once, read out when the reader pauses: every step of a slider would flood a screen reader.
      clearTimeout(this.resting);
      if (this.summary.textContent) this.resting = setTimeout(() => putText(this.spoken, summary), REST);
    }
    putText(this.summary, summary);
  }

  /** What is said before a player has come to its end: not what comes out. */
  #sofar() {
    const { label, name, min } = this.figure.control(this.figure.playhead);
    const step = this.figure.number(name);
    return step === min ? "Make a guess, then press play." : `Up to ${label} ${step}.`;
  }

  /** Read out nothing any more. */
  stop() {
    clearTimeout(this.resting);
  }
}
