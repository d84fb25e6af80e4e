// A matrix as a map of colours. A cell is picked out by pointer, or by arrow keys when the map has the focus,
// and its value told.

const SHADES = 32; // steps of a ramp
const SCALE_ROOM = 26; // pixels below the map, for its scale

class HeatMap {
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
    this.blocks = svg("path", { class: "lf-blocks" });
    this.frame.marks.append(this.cells, this.blocks);
    this.picker = new CellPicker(this, label);
    this.ends = [html("span"), html("span")];
    const strip = html("i", { class: `lf-scale-${this.ramp}` });
    this.scale = html("div", { class: "lf-scale" }, this.ends[0], strip, this.ends[1]);
    this.element = html("div", {}, this.frame.element, this.scale);
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
    const name = (names, size) => (names.length ? names : d3.range(1, size + 1).map(String));
    [this.rowNames, this.columnNames] = [name(layer.rows, this.rows), name(layer.columns, this.columns)];
    frame.draw(
      { limits: [-0.5, this.columns - 0.5], names: this.columnNames },
      { limits: [this.rows - 0.5, -0.5], names: this.rowNames },
      { equal: true, fixed: true },
    );
    for (const node of [this.cells, this.blocks, this.scale]) toggle(node, shown);
    if (shown) this.#drawCells();
    const finite = this.values.some(Number.isFinite);
    frame.say(shown && !finite ? ["There is no finite number to draw."] : []);
    this.picker.draw();
  }

  #drawCells() {
    const { frame, layer, values, columns, rows } = this;
    const [share, low, high] = this.#makeScale();
    const count = SHADES + 1;
    const classes = Int16Array.from(values, (value) =>
      Number.isFinite(value) ? Math.round(SHADES * Math.min(Math.max(share(value), 0), 1)) : -1,
    );
    if (classes.includes(-1)) this.figure.freeze(this.view.title || layer.matrix);
    const x = (column) => round(frame.x(column - 0.5));
    const y = (row) => round(frame.y(row - 0.5));
    const shades = cellPaths(classes, columns, count, x, y).map((d, index) => ({ d, index }));
    join(this.cells, shades, () => svg("path"), (node, { d, index }) => {
      put(node, { d });
      node.style.fill = rampColor(this.ramp, index / SHADES);
    });
    const edges = Array.from(d3.cumsum(layer.blocks)).slice(0, -1);
    const lines = edges.map((at) => `M${x(0)},${y(at)}H${x(columns)}M${x(at)},${y(0)}V${y(rows)}`);
    put(this.blocks, { d: lines.join("") });
    putText(this.ends[0], low);
    putText(this.ends[1], high);
  }

  /** The scale: a function from values to [0, 1], and texts for its ends. */
  #makeScale() {
    const { diverging, log, decades } = this.layer;
    const finite = Array.from(this.values).filter(Number.isFinite);
    const given = this.layer.extent === null ? NaN : this.figure.number(this.layer.extent);
    const largest = given > 0 ? given : d3.max(finite, diverging ? Math.abs : undefined) || 1;
    const size = (value) => {
      const part = Math.abs(value) / Math.abs(largest);
      return log ? Math.max(0, 1 + Math.log10(part) / decades) : part;
    };
    const text = writeShort(largest);
    if (diverging) return [(value) => (1 + Math.sign(value) * size(value)) / 2, writeShort(-largest), text];
    if (log) {
      return [(value) => (value > 0 ? size(value) : 0), `≤ ${writeShort(largest / 10 ** decades)}`, text];
    }
    const lowest = given > 0 ? 0 : d3.min(finite) ?? 0;
    const low = lowest < largest ? lowest : Math.min(0, lowest - 1); // the same everywhere is not pale
    return [(value) => (value - low) / (largest - low), writeShort(low), text];
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
    const { left, top, width, height } = this.pad.getBoundingClientRect();
    const { rows, columns } = this.map;
    this.#pick([((event.clientY - top) / height) * rows, ((event.clientX - left) / width) * columns]);
  }

  press(event) {
    const arrow = ARROWS[event.key];
    const leap = event.shiftKey ? LEAP : 1;
    const [row, column] = this.cell ?? [0, 0];
    if (event.key === "Escape") this.clear();
    else if (event.key === "Home") this.#pick([0, 0]);
    else if (event.key === "End") this.#pick([Infinity, Infinity]);
    else if (arrow) this.#pick([row - leap * arrow[1], column + leap * arrow[0]]);
    else return false;
    return true;
  }

  draw() {
    const { frame, figure, layer, rows, columns, values, rowNames, columnNames } = this.map;
    const visible = this.cell !== null && figure.shows(layer);
    toggle(this.outline, visible);
    toggle(this.tip, visible);
    const [row, column] = this.cell ?? [0, 0];
    const value = writeShort(values[row * columns + column]);
    const where = `row ${rowNames[row]}, column ${columnNames[column]}`;
    put(this.pad, {
      "aria-valuemax": values.length,
      "aria-valuenow": row * columns + column + 1,
      "aria-valuetext": visible ? `${where}: ${value}` : "nowhere",
    });
    if (!visible) return;
    const [x, y] = [frame.x(column - 0.5), frame.y(row - 0.5)];
    const [width, height] = [frame.x(column + 0.5) - x, frame.y(row + 0.5) - y];
    put(this.outline, { x: round(x), y: round(y), width: round(width), height: round(height) });
    const below = row < rows / 2; // the tip stands where the cell is not
    this.tell([{ label: where, value, color: "" }], x + width / 2 - frame.plot.x, frame.plot, below);
  }
}
