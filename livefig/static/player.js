// A player: a slider for the iterations of a method, with buttons that step and play.

import { disable, makeButton, makeSlider } from "./controls.js";
import { html, put, svg } from "./dom.js";

const EACH = 100; // milliseconds that a step takes, if all of them then take
const [SHORTEST, LONGEST] = [4000, 7000]; // from the first to the last, whatever their number
const CALM = 1000; // milliseconds from picture to picture for readers who ask for less motion

const ICONS = {
  back: "M12,3L5,8L12,13zM3,3h1.6v10H3z",
  play: "M4.5,2.5L13,8L4.5,13.5z",
  pause: "M4,3h3v10H4zM9,3h3v10H9z",
  forward: "M4,3L11,8L4,13zM11.4,3H13v10h-1.6z",
};

export function makePlayer(control, change, figure) {
  let playing = null; // { from, since, pace }: the step it began at, when, and milliseconds a step
  let timer; // of the next look at the clock
  let expected = null; // the value that playing has set: another one stops it
  const last = () => figure.last(control);
  const value = () => Math.min(figure.state[control.name], last()); // a method that has ended stays where it is
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  const stop = () => {
    playing = null;
    clearTimeout(timer);
    away.disconnect();
    document.removeEventListener("visibilitychange", stop);
    show(value());
  };
  const away = new IntersectionObserver((entries) => {
    if (!entries.at(-1).isIntersecting) stop();
  });
  const start = () => {
    const from = value() < last() ? value() : control.min;
    const all = Math.max(last() - control.min, 1);
    const lasting = Math.min(Math.max(EACH * all, SHORTEST), LONGEST);
    playing = { from, since: performance.now(), pace: lasting / all };
    away.observe(figure.element);
    document.addEventListener("visibilitychange", stop);
    expected = from;
    change(from);
    wait();
  };
  const advance = (to) => {
    expected = to;
    change(to);
    if (to >= last()) stop();
    else wait();
  };
  const wait = () => {
    const next = playing.since + (value() + 1 - playing.from) * playing.pace - performance.now();
    timer = setTimeout(() => requestAnimationFrame(proceed), calm() ? CALM : Math.max(next, 0));
  };
  /** Go where the clock is; but what is drawn, which a kernel may have to compute, is first seen. */
  const proceed = () => {
    if (!playing) return;
    const due = playing.from + Math.floor((performance.now() - playing.since) / playing.pace);
    if (figure.number(control.name) === value() && due > value()) advance(Math.min(due, last()));
    else wait();
  };

  const slider = makeSlider(control, change);
  const back = iconButton("back", `${control.label}: one back`, () => change(value() - 1));
  const play = iconButton("play", "", () => (playing ? stop() : start()));
  const forward = iconButton("forward", `${control.label}: one on`, () => change(value() + 1));
  const input = slider.element.lastElementChild;
  slider.element.append(html("div", { class: "lf-player" }, back, play, forward, input));
  const show = (shown) => {
    if (playing && shown !== expected) stop();
    slider.show(Math.min(shown, last()));
    disable(back, shown <= control.min);
    disable(forward, shown >= last());
    put(play, { "aria-label": `${control.label}: ${playing ? "pause" : "play"}` });
    put(play.querySelector("path"), { d: ICONS[playing ? "pause" : "play"] });
  };
  return { element: slider.element, show };
}

function iconButton(icon, label, act) {
  const picture = svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" });
  picture.append(svg("path", { d: ICONS[icon] }));
  return makeButton({ "aria-label": label, class: "lf-button lf-icon" }, act, picture);
}
