/* What compiled programs call. */
const runtime = { ...functions, ...bits, ...matrices };
