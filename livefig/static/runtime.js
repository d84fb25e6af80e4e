// What compiled programs call.

import { bits } from "./bits.js";
import { functions } from "./functions.js";
import { matrices } from "./matrices.js";

export const runtime = { ...functions, ...bits, ...matrices };
