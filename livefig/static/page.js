// Where figures come from: definitions that a page's scripts make, or a widget's model in a kernel.

import { html, put } from "./dom.js";
import { LiveFigure, reportFailure } from "./figure.js";
import { followLink } from "./link.js";
import { Remote } from "./remote.js";

const definitions = new Map();
let followed = null; // the address that a figure has followed

/** Make an element a live figure; `definition` is { spec, program, fields }, the programs functions. */
function mount(element, definition, host = null) {
  if (element.livefig) return element.livefig;
  try {
    element.livefig = new LiveFigure(element, definition, host);
    return element.livefig;
  } catch (error) {
    element.classList.add("lf-failed");
    reportFailure(definition?.spec?.name, error);
    return null;
  }
}

/** Mount the page's figures that have a definition. */
function mountPage() {
  for (const element of document.querySelectorAll("figure.livefig[data-live]")) {
    const definition = definitions.get(element.dataset.live);
    if (definition) mount(element, definition);
  }
  followAddress();
}

/** All figures of the page that are live. */
function liveFigures() {
  return Array.from(document.querySelectorAll("figure.livefig"), ({ livefig }) => livefig).filter(Boolean);
}

/** Put the figure that the page's address names into the state that it names, once for each address. */
function followAddress() {
  if (location.href === followed) return;
  for (const element of document.querySelectorAll("figure.livefig[id]")) {
    if (!element.livefig || !followLink(element.livefig)) continue;
    followed = location.href;
    element.scrollIntoView({ behavior: "instant" }); // a smooth one ends where a theme scrolls, as furo does
  }
}

/** What the script of one figure calls. */
function define(id, definition) {
  definitions.set(id, definition);
  if (document.readyState !== "loading") mountPage();
}

/** Show a widget's figure: what anywidget calls in a kernel's page, where code may be made from text. */
function render({ model, el }) {
  const { spec, program, fields } = JSON.parse(model.get("_payload"));
  const remote = spec.reason ? new Remote(model, spec) : null;
  const compiled = (source, otherwise) =>
    source ? new Function(`"use strict"; return (${source});`)() : otherwise;
  const element = html("figure", { class: "livefig" });
  const names = spec.controls.map((control) => control.name);
  const host = {
    get: (name) => model.get(name),
    set(name, value) {
      model.set(name, value);
      model.save_changes();
    },
    onChange(callback) {
      for (const name of names) model.on(`change:${name}`, () => callback(name));
      if (!remote) return;
      model.on("change:_answer", () => {
        remote.take();
        callback();
      });
    },
    ...(remote && { drawn: (name) => remote.state[name], error: () => remote.error ?? null }),
  };
  el.append(element);
  el.classList.add("livefig-widget"); // which leaves room to what stands beside it in a box
  const definition = {
    spec,
    program: compiled(program, () => () => remote.outputs),
    fields: fields.map((source, index) => compiled(source, remote?.field(index))),
  };
  const figure = mount(element, definition, host);
  // JupyterLab takes arrow keys for moving between cells, unless the element that has the focus says
  // otherwise.
  const focusable = figure?.body.flatMap((part) => [
    ...part.querySelectorAll("input, select, button, [tabindex]"),
  ]);
  focusable?.forEach((node) => put(node, { "data-lm-suppress-shortcuts": "true" }));
  if (!figure) element.textContent = "This figure cannot be shown; the browser's console says why.";
  return () => figure?.destroy();
}

addEventListener("beforeprint", () => liveFigures().forEach((figure) => figure.print(true)));
addEventListener("afterprint", () => liveFigures().forEach((figure) => figure.print(false)));
// Also a link that is clicked again, to where the page is already, is followed again; it changes no hash.
for (const event of ["popstate", "hashchange"]) {
  addEventListener(event, () => {
    followed = null;
    followAddress();
  });
}
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountPage);

globalThis.livefig = { define, mount, render };
