// A compiled program, called as a figure calls it.

import { program } from "./program.js";
import { runtime } from "./runtime.js";

export async function make() {
  const run = program(runtime);
  return { call: inputs => Object.values(run(...inputs)) };
}
