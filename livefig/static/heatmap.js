// A matrix as a map of colours. A cell is picked out by pointer, or by arrow keys when the map has the focus,
// and its value told.

import { Frame } from "./axes.js";
import { cellAxis } from "./cellaxes.js";
import { cellPaths, rampColor } from "./cells.js";
import { ColorBar, makeShading } from "./colorbar.js";
import { html, join, put, round, svg, toggle, uniqueId } from "./dom.js";
import { ARROWS } from "./handle.js";
import { Picker } from "./picker.js";
import { writeShort } from "./template.js";

const SHADES = 32; // steps of a ramp
const SCALE_ROOM = 38; // pixels below the map, for its bar of colours
const HATCH = 6; // pixels from line to line, of cells without a number

export class HeatMap {
  constructor(view, figure) {
    this.view = view;
    this.figure = figure;
    [this.layer] = view.layers;
    this.ramp = this.layer.diverging ? "diverging" : "sequential";
    const label = view.title || `The matrix ${this.layer.matrix}`;
    this.frame = new Frame({
      label,
      xlabel: view.xlabel,
      ylabel: view.ylabel,
      room: { x: Boolean(view.xlabel), y: Boolean(view.ylabel) },
      grid: false,
    });
    this.cells = svg("g", { class: "lf-cells" });
    const id = uniqueId();
    const size = { width: HATCH, height: HATCH, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
    const hatch = svg("pattern", { id, ...size }, svg("path", { class: "lf-hatch", d: `M0,0V${HATCH}` }));
    this.missing = svg("path", { class: "lf-missing" });
    this.missing.style.fill = `url("#${id}")`;
    this.blocks = svg("path", { class: "lf-blocks" });
    this.frame.marks.append(hatch, this.cells, this.missing, this.blocks);
    this.picker = new CellPicker(this, label);
    this.bar = new ColorBar(this.ramp);
    this.element = html("div", {}, this.frame.element, this.bar.element);
  }

  heightFor(width) {
    const { top, right, bottom, left } = this.frame.margins;
    const [rows, columns] = this.figure.shape(this.layer.matrix);
    return ((width - left - right) * rows) / columns + top + bottom + SCALE_ROOM;
  }

  resize(width, height) {
    this.frame.resize(width, height - SCALE_ROOM);
  }

  draw() {
    const { figure, frame, layer } = this;
    const shown = figure.shows(layer);
    [this.rows, this.columns] = figure.shape(layer.matrix);
    this.values = figure.array(layer.matrix);
    const given = (at) => (typeof at === "string" ? figure.array(at) : at ?? null);
    this.across = cellAxis(given(layer.x), layer.columns, this.columns);
    this.down = cellAxis(given(layer.y), layer.rows, this.rows);
    if (!layer.y) this.down.axis.limits.reverse(); // rows are read from the top, numbers grow upwards
    this.upwards = Boolean(layer.y) && this.down.forward;
    const shape = [this.columns, this.rows];
    frame.draw(this.across.axis, this.down.axis, { equal: true, fixed: true, shape });
    for (const node of [this.cells, this.missing, this.blocks, this.bar.element]) toggle(node, shown);
    if (shown) this.#drawCells();
    const finite = this.values.some(Number.isFinite);
    frame.say(shown && !finite ? ["There is no finite number to draw."] : []);
    this.picker.draw();
  }

  /** Where a column begins, in pixels; it ends where the next begins, which may be to the left of it. */
  left(column) {
    const { x, width } = this.frame.plot;
    const part = column / this.columns;
    return x + width * (this.across.forward ? part : 1 - part);
  }

  /** Where a row begins, likewise. */
  top(row) {
    const { y, height } = this.frame.plot;
    const part = row / this.rows;
    return y + height * (this.upwards ? 1 - part : part);
  }

  #drawCells() {
    const { frame, figure, layer, values, columns, rows } = this;
    const extent = layer.extent === null ? NaN : figure.number(layer.extent);
    const shading = makeShading(layer, values, extent);
    const none = SHADES + 1; // the class of what is not finite
    const classes = Int16Array.from(values, (value) =>
      Number.isFinite(value) ? Math.round(SHADES * Math.min(Math.max(shading.share(value), 0), 1)) : none,
    );
    if (values.some((value) => Math.abs(value) === Infinity)) figure.freeze(this.view.title || layer.matrix);
    const x = (column) => round(this.left(column));
    const y = (row) => round(this.top(row));
    const paths = cellPaths(classes, columns, none + 1, x, y);
    put(this.missing, { d: paths.pop() });
    const shades = paths.map((d, index) => ({ d, index }));
    join(this.cells, shades, () => svg("path"), (node, { d, index }) => {
      put(node, { d });
      node.style.fill = rampColor(this.ramp, index / SHADES);
    });
    const edges = Array.from(d3.cumsum(layer.blocks)).slice(0, -1);
    const lines = edges.map((at) => `M${x(0)},${y(at)}H${x(columns)}M${x(at)},${y(0)}V${y(rows)}`);
    put(this.blocks, { d: lines.join("") });
    this.bar.draw(frame, shading, classes.includes(none));
  }

  /** What a cell is called: by its names, or by its coordinates. */
  nameOf(row, column) {
    const { view, layer, across, down } = this;
    const x = `${layer.x ? view.xlabel || "x" : "column"} ${across.name(column)}`;
    const y = `${layer.y ? view.ylabel || "y" : "row"} ${down.name(row)}`;
    return layer.x && layer.y ? `${x}, ${y}` : `${y}, ${x}`;
  }

  /** No step of a method: there is none to mark. */
  highlight() {}
}

/** The cell of a heat map that is picked out. */
class CellPicker extends Picker {
  constructor(map, label) {
    super(map.frame, {
      "aria-roledescription": "cell of a matrix",
      "aria-label": `${label}: cell`,
      "aria-valuemin": 1,
    });
    this.map = map;
    this.cell = null; // [row, column]
    this.outline = svg("rect", { class: "lf-picked", hidden: "" });
    map.frame.marks.append(this.outline);
  }

  /** Pick the cell at a place, or the nearest there is; null for none. */
  #pick(cell) {
    const within = (index, count) => Math.min(Math.max(Math.floor(index), 0), count - 1);
    this.cell = cell && [within(cell[0], this.map.rows), within(cell[1], this.map.columns)];
    this.draw();
  }

  enter() {
    this.#pick(this.cell ?? [0, 0]);
  }

  clear() {
    this.#pick(null);
  }

  point(event) {
    const { frame, rows, columns, across, upwards } = this.map;
    const [left, top] = frame.pointer(event);
    const [x, y] = [left / frame.plot.width, top / frame.plot.height];
    this.#pick([(upwards ? 1 - y : y) * rows, (across.forward ? x : 1 - x) * columns]);
  }

  press(event) {
    const arrow = ARROWS[event.key];
    const leap = event.shiftKey ? LEAP : 1;
    const [row, column] = this.cell ?? [0, 0];
    if (event.key === "Escape") this.clear();
    else if (event.key === "Home") this.#pick([0, 0]);
    else if (event.key === "End") this.#pick([Infinity, Infinity]);
    else if (arrow) {
      const { across, upwards } = this.map;
      const [right, up] = [across.forward ? leap : -leap, upwards ? leap : -leap];
      this.#pick([row + up * arrow[1], column + right * arrow[0]]);
    }
    else return false;
    return true;
  }

  draw() {
    const { map } = this;
    const { frame, figure, layer, columns, values } = map;
    const visible = this.cell !== null && figure.shows(layer);
    toggle(this.outline, visible);
    toggle(this.tip, visible);
    const [row, column] = this.cell ?? [0, 0];
    const number = values[row * columns + column];
    const value = Number.isNaN(number) ? "no value" : writeShort(number);
    const where = map.nameOf(row, column);
    put(this.pad, {
      "aria-valuemax": values.length,
      "aria-valuenow": row * columns + column + 1,
      "aria-valuetext": visible ? `${where}: ${value}` : "nowhere",
    });
    if (!visible) return;
    const [left, right] = [map.left(column), map.left(column + 1)].sort(d3.ascending);
    const [top, bottom] = [map.top(row), map.top(row + 1)].sort(d3.ascending);
    const [width, height] = [right - left, bottom - top];
    put(this.outline, { x: round(left), y: round(top), width: round(width), height: round(height) });
    const below = top + height / 2 < frame.plot.y + frame.plot.height / 2; // the tip stands where the cell is not
    this.tell([{ label: where, value, color: "" }], left + width / 2 - frame.plot.x, frame.plot, below);
  }
}
