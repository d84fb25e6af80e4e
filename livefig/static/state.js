// The state of a figure: where its controls stand, and what its program makes of that.

import { cleanValue } from "./controls.js";
import { runtime } from "./runtime.js";

export class State {
  /**
   * `program` and `fields` are functions as livefig.compile writes them. `host`, which may be null, is
   * where the state lives besides here: { get(name), set(name, value), onChange(callback(name)) }. If it also
   * has the numbers, drawn(name) is a control's value in the state that they are of, and a new state of them
   * calls back without a name.
   */
  constructor({ spec, program, fields }, host) {
    this.spec = spec;
    this.host = host;
    this.controls = new Map(spec.controls.map((control) => [control.name, control]));
    this.program = program(runtime);
    this.fields = fields.map((field) => field(runtime));
    const value = (control) => cleanValue(control, host ? host.get(control.name) : control.value);
    this.values = new Map(spec.controls.map((control) => [control.name, value(control)]));
    this.playhead = spec.controls.find((control) => control.cursor)?.name;
  }

  /** The value of each control, by name. */
  get state() {
    return Object.fromEntries(this.values);
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

  /** Take over values, and return the names of those that changed. */
  assign(values) {
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

  /** What the program returns in this state, by name. */
  get outputs() {
    const inputs = this.spec.inputs.map((name) => this.argument(name));
    const key = JSON.stringify(inputs);
    if (key !== this.computedFor) this.computed = this.program(...inputs);
    this.computedFor = key;
    return this.computed;
  }

  /** A control's value in the state that the numbers are of. */
  drawn(name) {
    return this.host?.drawn ? this.host.drawn(name) : this.values.get(name);
  }

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
    const value = this.drawn(name);
    return Array.isArray(value) ? Float64Array.from(value.flat()) : Number(value);
  }

  /** The numbers of an output with axes, or of a control of points, row after row. */
  array(name) {
    return this.controls.has(name) ? this.argument(name) : this.outputs[name];
  }

  /** The number that a control or a scalar output stands for, or that stands for itself. */
  number(at) {
    if (typeof at === "number") return at;
    return Number(this.controls.has(at) ? this.drawn(at) : this.outputs[at]);
  }

  /** The shape of an output. */
  shape(name) {
    return this.spec.outputs.find((output) => output.name === name).shape;
  }

  /** How many of an output's `rows` count: up to and including the one whose index `count` names. */
  length(rows, count) {
    if (count === null || count === undefined) return rows;
    return Math.min(Math.max(Math.trunc(this.number(count)) + 1 || 0, 0), rows);
  }

  /** Whether a control has an effect in this state. */
  acts(name) {
    const { when } = this.controls.get(name);
    return Object.entries(when ?? {}).every(([other, values]) => values.includes(this.number(other)));
  }

  /** The last step of a player. */
  last({ until, min, max }) {
    return Math.min(Math.max(this.number(until ?? max), min), max);
  }

  /** Whether a player that lets paths grow has not come to its end. */
  get unfinished() {
    const player = this.controls.get(this.playhead);
    return player?.grow === true && this.number(player.name) < this.last(player);
  }

  /** How far the paths and the curves over steps are drawn: up to this step. */
  get grown() {
    return this.unfinished ? this.number(this.playhead) : Infinity;
  }
}
