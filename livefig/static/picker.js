// What is picked out over a plot, by pointer, or by keys when the plot has the focus.

import { html, join, oncePerFrame, paint, place, putText, toggle } from "./dom.js";
import { swatch } from "./legend.js";

/**
 * A pad over the plot of `frame`, and a tip that tells what is picked. A subclass has point(event), for a
 * pointer over the pad; press(event), which says whether it took a key; enter(), for the focus by keyboard; and
 * clear(), to pick nothing.
 */
export class Picker {
  constructor(frame, attributes) {
    const pad = html("div", { class: "lf-cursor-pad", tabindex: 0, role: "slider", ...attributes });
    this.pad = pad;
    this.tip = html("div", { class: "lf-tip", "aria-hidden": "true", hidden: "" });
    frame.overlay.append(pad, this.tip);
    const byKeyboard = () => pad.matches(":focus-visible");
    let cancelled = false; // by a finger that scrolls, before what it pointed at waits for the next frame
    const point = (event) => {
      const isOver = event.pointerType === "mouse" ? pad.matches(":hover") : !cancelled;
      if (pad.isConnected && isOver) this.point(event);
    };
    // Escape takes the tip away from whoever reads what is below it, also where the focus is elsewhere.
    const dismiss = ({ key }) => key === "Escape" && this.clear();
    pad.addEventListener("pointerenter", () => document.addEventListener("keydown", dismiss, true));
    pad.addEventListener("pointerleave", () => document.removeEventListener("keydown", dismiss, true));
    pad.addEventListener("pointermove", oncePerFrame(point));
    // A finger leaves when it is lifted, and what it has picked is there to be read then: until it, or another,
    // touches something else. Not when it scrolls.
    const elsewhere = ({ target }) => {
      if (pad.contains(target)) return;
      document.removeEventListener("pointerdown", elsewhere, true);
      this.clear();
    };
    pad.addEventListener("pointerdown", (event) => {
      cancelled = false;
      if (event.pointerType === "touch") document.addEventListener("pointerdown", elsewhere, true);
      point(event); // at once: a click may follow, whose own place is rounded to whole pixels
    });
    pad.addEventListener("pointerleave", (event) => {
      if (!byKeyboard() && event.pointerType !== "touch") this.clear();
    });
    pad.addEventListener("pointercancel", () => {
      cancelled = true;
      this.clear();
    });
    pad.addEventListener("focus", () => {
      if (byKeyboard()) this.enter();
    });
    pad.addEventListener("blur", () => this.clear());
    pad.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || !this.press(event)) return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** Write rows { label, value, color } into the tip, beside `left`, at the top of a plot or `below`. */
  tell(rows, left, { width, height }, below = false) {
    const create = () => html("div", {}, html("i"), html("span"), html("b"));
    join(this.tip, rows, create, (node, { label, value, color }) => {
      const [swatch, text, number] = node.children;
      toggle(swatch, color !== "");
      paint(swatch, color);
      putText(text, label);
      putText(number, value);
    });
    const { offsetWidth, offsetHeight } = this.tip;
    const beside = left > width / 2 ? left - offsetWidth - 10 : left + 10;
    place(this.tip, Math.max(0, Math.min(beside, width - offsetWidth)), below ? height - offsetHeight - 4 : 4);
  }
}
