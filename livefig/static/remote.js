// Numbers that a kernel computes, for a figure whose functions cannot be compiled.

/** The numbers in the last answer of a widget's model, for the programs of a figure. */
export class Remote {
  constructor(model, spec) {
    this.model = model;
    this.spec = spec;
    this.take();
  }

  /** Take over an answer. */
  take() {
    const { state, outputs, fields, error } = this.model.get("_answer");
    Object.assign(this, { state, error });
    this.fields = fields.map((field) => field && { ...field, values: numbersOf(field.values) });
    this.outputs = Object.create(null);
    for (const { name, shape } of this.spec.outputs) {
      const values = numbersOf(outputs[name]);
      this.outputs[name] = shape.length ? values : values[0];
    }
  }

  /** The field at an index, as a program: between the nodes it is linear, or that of the nearest. */
  field(index) {
    return () => () => {
      const { box, nodes, whole, values } = this.fields[index];
      const last = nodes - 1;
      const along = (at, [low, high]) => Math.min(Math.max(((at - low) / (high - low)) * last, 0), last);
      return (x, y) => {
        const [u, v] = [along(x, box[0]), along(y, box[1])];
        if (whole) return values[Math.round(v) * nodes + Math.round(u)];
        const [i, j] = [Math.min(Math.floor(u), last - 1), Math.min(Math.floor(v), last - 1)];
        const across = (row) => values[row * nodes + i] * (i + 1 - u) + values[row * nodes + i + 1] * (u - i);
        return across(j) * (j + 1 - v) + across(j + 1) * (v - j);
      };
    };
  }
}

/** The numbers in the bytes that a kernel has sent. */
function numbersOf({ buffer, byteOffset, byteLength }) {
  return new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength));
}
