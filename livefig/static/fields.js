// Layers of a plane that a function of the point gives: contours, a quadratic model, vectors, regions. Each
// is computed again only when something that it depends on has changed.

import { cellPaths, rampColor } from "./cells.js";
import { contourLevels, contourPaths, sampleField } from "./contours.js";
import { join, paint, put, round, svg } from "./dom.js";
import { arrowPath } from "./geometry.js";

const DEEPEST = { shaded: 0.2, filled: 0.65 }; // how far the colours of the highest region go
const COMPRESSION = 1 / 3; // the power of a vector's size that its arrow is as long as
const COARSE = 8; // cells along each side of the first blocks of regions
const BUDGET = 5; // milliseconds that regions take of one frame
const PAUSE = 120; // milliseconds without a change, after which they are refined

class FieldMark {
  constructor(layer, figure) {
    this.layer = layer;
    this.figure = figure;
    this.element = paint(svg("g"), layer.color ?? "");
  }

  read() {
    this.inputs = this.layer.inputs.map((name) => this.figure.argument(name));
  }

  /** The field as a function of x and y; of a vector field its component. */
  at(component = 0) {
    return this.figure.field(this.layer.field + component)(...this.inputs);
  }

  draw(frame) {
    const { x, y } = frame;
    const key = JSON.stringify([this.inputs, x.domain(), y.domain(), x.range(), y.range()]);
    if (key !== this.drawn) this.redraw(frame);
    this.drawn = key;
    if (this.nowhere) this.figure.freeze(this.layer.label || this.layer.kind);
  }

  seen() {
    return [...this.element.children].some((path) => path.getAttribute("d"));
  }
}

/** Level lines, with what lies between them shaded or coloured by height, but not over regions. */
export class ContoursMark extends FieldMark {
  constructor(layer, figure, view) {
    super(layer, figure);
    const bare = view.layers.some(({ kind }) => kind === "regions") ? " lf-bare" : "";
    put(this.element, { class: `lf-contours${bare}${layer.kind === "model" ? " lf-model" : ""}` });
  }

  redraw({ x, y }) {
    const { layer } = this;
    const samples = sampleField(this.at(), x.domain(), y.domain());
    this.nowhere = samples.low > samples.high; // is it finite
    const levels = contourLevels(layer, samples.low, samples.high);
    const paths = contourPaths(levels, layer.spacing, samples, x.range(), y.range());
    const deepest = layer.fill ? DEEPEST.filled : DEEPEST.shaded;
    const regions = paths.map((d, index) => ({ d, share: (deepest * (index + 1)) / paths.length }));
    join(this.element, regions, () => svg("path"), (node, { d, share }) => {
      put(node, { d });
      if (layer.fill) node.style.fill = rampColor("sequential", share);
      else node.style.setProperty("--lf-share", `${round(100 * share)}%`);
    });
  }
}

/** Level lines of value + gᵀ(θ − c) + ½ (θ − c)ᵀM(θ − c). */
export class ModelMark extends ContoursMark {
  read() {
    const { center, gradient, matrix, value } = this.layer;
    const arrays = [center, gradient, matrix].map((name) => Array.from(this.figure.array(name)));
    this.inputs = [...arrays, this.figure.number(value)];
    if (!arrays.flat().every(Number.isFinite)) this.figure.freeze(this.layer.label || matrix);
  }

  at() {
    const [[cx, cy], [gx, gy], [a, b, c, d], value] = this.inputs;
    return (x, y) => {
      const [u, v] = [x - cx, y - cy];
      return value + gx * u + gy * v + (a * u * u + (b + c) * u * v + d * v * v) / 2;
    };
  }
}

/** Arrows on a grid. */
export class VectorsMark extends FieldMark {
  redraw({ x, y, plot }) {
    const [across, up] = [this.at(0), this.at(1)];
    const { columns, rows, size } = gridOver(plot, this.layer.cells);
    const unit = { x: x(1) - x(0), y: y(1) - y(0) };
    const vectors = d3.cross(d3.range(columns), d3.range(rows)).map(([i, j]) => {
      const [px, py] = [plot.x + (i + 0.5) * size.x, plot.y + (j + 0.5) * size.y];
      const [u, v] = [x.invert(px), y.invert(py)];
      const [dx, dy] = [unit.x * across(u, v), unit.y * up(u, v)];
      return { px, py, dx, dy, length: Math.hypot(dx, dy) };
    });
    this.nowhere = !vectors.some(({ length }) => Number.isFinite(length));
    const finite = vectors.filter(({ length }) => Number.isFinite(length) && length > 0);
    const longest = d3.max(finite, ({ length }) => length);
    const data = finite.map(({ px, py, dx, dy, length }) => {
      const half = (0.46 * Math.min(size.x, size.y) * (length / longest) ** COMPRESSION) / length;
      return arrowPath(px - half * dx, py - half * dy, px + half * dx, py + half * dy);
    });
    const path = () => svg("path", { class: "lf-line lf-thin" });
    join(this.element, [data.join("")], path, (node, d) => put(node, { d }));
  }
}

/** A grid of nearly square cells over a plot, `cells` along its longer side. */
function gridOver(plot, cells) {
  const cell = Math.max(plot.width, plot.height) / cells;
  const [columns, rows] = [plot.width, plot.height].map((length) => Math.max(1, Math.round(length / cell)));
  return { columns, rows, size: { x: plot.width / columns, y: plot.height / rows } };
}

/** Regions by the number that the field gives: coarse at once, fine while the reader pauses. */
export class RegionsMark extends FieldMark {
  redraw({ x, y, plot }) {
    const grid = gridOver(plot, this.layer.cells);
    const classes = new Int16Array(grid.columns * grid.rows).fill(-1);
    const at = this.at();
    const fill = ([i, j, block]) => {
      const value = at(
        x.invert(plot.x + (i + 0.5) * grid.size.x),
        y.invert(plot.y + (j + 0.5) * grid.size.y),
      );
      const kind = value in this.layer.palette ? value : -1;
      for (let row = j; row < Math.min(j + block, grid.rows); row++) {
        classes.fill(kind, row * grid.columns + i, row * grid.columns + Math.min(i + block, grid.columns));
      }
    };
    clearTimeout(this.waiting);
    this.#refine(coarseToFine(grid), fill, { ...grid, classes, plot }, PAUSE);
  }

  /** Fill in blocks while the budget lasts, at least the coarse ones, and come back later for the rest. */
  #refine(blocks, fill, job, pause) {
    const end = performance.now() + BUDGET;
    let next = blocks.next();
    for (; !next.done && (next.value[2] === COARSE || performance.now() < end); next = blocks.next()) {
      fill(next.value);
    }
    this.#show(job);
    if (next.done) return;
    this.waiting = setTimeout(() => {
      fill(next.value);
      this.#refine(blocks, fill, job, 0);
    }, pause);
  }

  #show({ classes, columns, size, plot }) {
    const { palette } = this.layer;
    const paths = cellPaths(
      classes,
      columns,
      palette.length,
      (i) => round(plot.x + i * size.x),
      (j) => round(plot.y + j * size.y),
    );
    put(this.element, { class: "lf-cells lf-regions" });
    const regions = paths.map((d, index) => ({ d, color: palette[index] }));
    join(this.element, regions, () => svg("path"), (node, { d, color }) => put(paint(node, color), { d }));
  }
}

/** The blocks of a grid, [column, row, cells along a side], each cell computed once. */
function* coarseToFine({ columns, rows }) {
  for (let block = COARSE; block >= 1; block /= 2) {
    for (let j = 0; j < rows; j += block) {
      for (let i = 0; i < columns; i += block) {
        if (block === COARSE || i % (2 * block) || j % (2 * block)) yield [i, j, block];
      }
    }
  }
}
