/* Whole numbers and floats as bits, and the order of floats. */

import { functions } from "./functions.js";

export const bits = (function () {
  "use strict";
  const { abs, floor, min } = Math;
  const { roundToEven } = functions;

  /* A bit operation on whole numbers of 64 bits (exact up to 2^53), by their halves. */
  function wide(operation) {
    return (a, b) => operation(high(a), high(b)) * 2 ** 32 + (operation(a, b) >>> 0);
  }

  const high = x => floor(x / 2 ** 32);
  const and = wide((a, b) => a & b), or = wide((a, b) => a | b), xor = wide((a, b) => a ^ b);

  /* Shifts of numbers of `bits` bits; the caller wraps the result. */
  const within = (b, bits) => b >= 0 && b < bits;
  const shiftLeft = (a, b, bits) => (within(b, bits) ? a * 2 ** b + 0 : 0);
  const shiftRight = (a, b, bits) => floor(a / 2 ** (within(b, bits) ? b : bits));
  const shiftRightLogical = (a, b, bits) =>
    b === 0 ? a : within(b, bits) ? floor(a / 2 ** b) + (a < 0 ? 2 ** (bits - b) : 0) : 0;

  function populationCount(x, bits) {
    let count = 0;
    for (let k = 0; k < bits; k++) count += floor(x / 2 ** k) & 1;
    return count;
  }

  function leadingZeros(x, bits) {
    let count = 0;
    while (count < bits && !(floor(x / 2 ** (bits - 1 - count)) & 1)) count++;
    return count;
  }

  const float64 = new Float64Array(1), int64 = new BigInt64Array(float64.buffer);
  const float32 = new Float32Array(1), int32 = new Int32Array(float32.buffer);

  /* The bits of a float32 as a whole number, and back. */
  function bitsOf(x) {
    float32[0] = x;
    return int32[0];
  }

  function ofBits(x) {
    int32[0] = x;
    return float32[0];
  }

  const halves = new Int32Array(float64.buffer); // the lower one first, as on all machines that run browsers

  /* The bits of a float64 from one on, as a whole number. */
  function bitsAbove(x, first) {
    float64[0] = x === x ? x : NaN; // which of them does not matter, but it should be one
    return first < 32 ? Number(int64[0] >> BigInt(first)) : halves[1] >> (first - 32);
  }

  /* The float64 with the bits of x that are kept, and those that are set. */
  function masked(x, keptHigh, keptLow, setHigh, setLow) {
    float64[0] = x;
    halves[0] = (halves[0] & keptLow) | setLow;
    halves[1] = (halves[1] & keptHigh) | setHigh;
    return float64[0];
  }

  /* Bytes in base64, lowest first, as numbers of one of JavaScript's kinds; every browser is little-endian. */
  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

  function unpack(Kind, text) {
    const six = new Uint8Array(128), bytes = new Uint8Array(text.length * 3 / 4);
    for (let k = 0; k < 64; k++) six[LETTERS.charCodeAt(k)] = k;
    const at = i => six[text.charCodeAt(i)];
    for (let i = 0, b = 0; i < text.length; i += 4) {
      const word = at(i) << 18 | at(i + 1) << 12 | at(i + 2) << 6 | at(i + 3);
      bytes[b++] = word >> 16;
      bytes[b++] = word >> 8;
      bytes[b++] = word;
    }
    const padding = text.endsWith("==") ? 2 : Number(text.endsWith("="));
    return new Kind(bytes.buffer.slice(0, bytes.length - padding));
  }

  /* The neighbour of x towards y. */
  function nextAfter(x, y, single) {
    if (x !== x || y !== y) return NaN;
    if (x === y) return y;
    const [value, bits, one] = single ? [float32, int32, 1] : [float64, int64, 1n];
    value[0] = x;
    if (x === 0) bits[0] = one;
    else bits[0] += x < y === x > 0 ? one : -one;
    return x === 0 && y < 0 ? -value[0] : value[0];
  }

  /* x with so many bits. */
  function reducePrecision(x, exponent, mantissa) {
    if (x === 0 || !Number.isFinite(x)) return x;
    const size = abs(x), guess = 2 ** min(floor(Math.log2(size)), 1023);
    const unit = (guess > size ? guess / 2 : guess) / 2 ** mantissa, rounded = roundToEven(size / unit) * unit;
    const largest = 2 ** (2 ** (exponent - 1) - 1);
    return Math.sign(x) * (rounded >= 2 * largest ? Infinity : rounded < 2 / largest ? 0 : rounded);
  }

  // Order

  /* NaN is above all numbers. */
  function before(a, b) {
    return a < b || (a === a && b !== b);
  }

  /* The total order of floats: -0 below 0, too. */
  function less(a, b) {
    return before(a, b) || (a === 0 && b === 0 && 1 / a < 1 / b);
  }

  function lessOrEqual(a, b) {
    return !less(b, a);
  }

  /* Of arrays of shape (outer, length, inner), the order along the middle axis that sorts by the first key, then
     the second, …; equal elements stay as they were. The ways: up; from the last in the total order, NaN, down; so
     with NaN last. */
  const ways = [before, (a, b) => less(b, a), (a, b) => (isNaN(a) || isNaN(b) ? !isNaN(a) && isNaN(b) : less(b, a))];

  function order(result, outer, length, inner, way, ...keys) {
    const precedes = ways[way], places = new Int32Array(length);
    for (let line = 0; line < outer * inner; line++) {
      const start = (line - line % inner) * length + line % inner;
      places.forEach((_, k) => { places[k] = k; });
      places.sort((i, j) => {
        for (const key of keys) {
          const a = key[start + i * inner], b = key[start + j * inner];
          if (precedes(a, b)) return -1;
          if (precedes(b, a)) return 1;
        }
        return i - j;
      });
      places.forEach((place, k) => { result[start + k * inner] = place; });
    }
  }

  return {
    and, or, xor, shiftLeft, shiftRight, shiftRightLogical, populationCount, leadingZeros, bitsOf, ofBits, bitsAbove,
    masked, unpack, nextAfter, reducePrecision, less, lessOrEqual, order,
  };
})();
