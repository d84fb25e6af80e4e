// Texts with numbers in them, written as livefig.template writes them.

const FIELD = /\{([^{}:]+)(?::([^{}]*))?\}/g;

const BRACKETED = /\[([^[\]]*)\]/g;

const formats = new Map();

/** A number in d3's notation, https://d3js.org/d3-format. */
export function writeNumber(value, notation) {
  if (Number.isNaN(value)) return "undefined";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (!formats.has(notation)) formats.set(notation, d3.format(notation));
  return formats.get(notation)(value);
}

/**
 * A function that fills in the fields of a text with the figure's numbers. A choice reads as its option, a toggle
 * as on or off, and what `spec.words` lists as its words. A part in brackets that names a control which acts in
 * some states only is left out in the others.
 */
export function makeWriter(figure) {
  const { spec } = figure;
  const words = new Map();
  const notations = new Map();
  for (const control of spec.controls) {
    if (control.kind === "choice") words.set(control.name, control.options);
    if (control.kind === "toggle") words.set(control.name, ["off", "on"]);
    if (control.format) notations.set(control.name, control.format);
  }
  for (const output of spec.outputs) {
    notations.set(output.name, /int|bool/.test(output.dtype) ? ",d" : ".3~g");
  }
  for (const name of Object.keys(spec.words)) words.set(name, spec.words[name]);

  const sometimes = new Set(spec.controls.filter(({ when }) => when).map(({ name }) => name));
  const optional = (part, inner) => {
    const named = Array.from(inner.matchAll(FIELD), ([, name]) => name).filter((name) => sometimes.has(name));
    if (!named.length) return part;
    return named.every((name) => figure.acts(name)) ? inner : "";
  };
  return (text) =>
    text.replace(BRACKETED, optional).replace(FIELD, (_, name, notation) => {
      const value = figure.number(name);
      const word = notation === undefined ? words.get(name)?.[Math.trunc(value)] : undefined;
      return word ?? writeNumber(value, notation || notations.get(name) || ".3~g");
    });
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** An exponent in raised digits. */
function raised(exponent) {
  const digits = Array.from(String(Math.abs(exponent)), (digit) => SUPERSCRIPTS[digit]);
  return (exponent < 0 ? "⁻" : "") + digits.join("");
}

/** A number to three digits, or another number of them, as a reader of a curve wants it: 0.0123, 4.56·10⁻⁸. */
export function writeShort(value, digits = 3) {
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e5)) return writeNumber(value, `,.${digits}~r`);
  const [factor, exponent] = writeNumber(value, `.${digits - 1}~e`).split("e");
  return Number.isFinite(value) ? `${factor}·10${raised(Number(exponent))}` : factor;
}
