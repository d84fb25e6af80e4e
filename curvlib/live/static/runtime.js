/* What compiled programs call: arithmetic that JavaScript does otherwise than XLA, sorting, small dense linear algebra.
   Matrices are row-major, `count` of them one after another; results go into the first arguments. Where JAX answers
   NaN, so do these; nothing throws. */
const runtime = (function () {
  "use strict";
  const { PI, abs, exp, floor, hypot, max, min, sqrt, trunc } = Math;

  // Numbers

  /* x^y as C defines it: 1^y and (±1)^±∞ are 1 also where Math.pow says NaN. */
  function power(x, y) {
    if (x === 1 || (x === -1 && (y === Infinity || y === -Infinity))) return 1;
    return Math.pow(x, y);
  }

  /* Whole-number division towards zero; by zero it is -1, the remainder then the dividend, as in XLA. */
  function quotient(a, b) {
    return b === 0 ? -1 : trunc(a / b) + 0;
  }

  function remainder(a, b) {
    return b === 0 ? a : a % b + 0;
  }

  /* A product of whole numbers of 64 bits: what it wraps to, or NaN if that has more digits than a double. */
  function product(a, b) {
    const quick = a * b;
    if (Number.isSafeInteger(quick) || !Number.isFinite(quick)) return quick + 0;
    const exact = Number(BigInt.asIntN(64, BigInt(a) * BigInt(b)));
    return Number.isSafeInteger(exact) ? exact : NaN;
  }

  /* A float as a whole number: towards zero, into [low, high], NaN as 0. */
  function saturate(x, low, high) {
    return x !== x ? 0 : min(max(trunc(x), low), high) + 0;
  }

  function roundFromZero(x) {
    const whole = trunc(x);
    return abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
  }

  function roundToEven(x) {
    const whole = trunc(x), rest = abs(x - whole);
    return rest > 0.5 || (rest === 0.5 && whole % 2 !== 0) ? whole + Math.sign(x) : whole;
  }

  /* erf by its series 2/√π · exp(-x²) · Σ 2ⁿ x^(2n+1) / (1·3···(2n+1)), whose terms have one sign;
     for large |x| by erfc. */
  function erf(x) {
    const size = abs(x);
    if (size > 2) return Math.sign(x) * (1 - erfc(size));
    let term = x, sum = x;
    for (let n = 1; abs(term) > 1e-17 * abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 2 / sqrt(PI) * exp(-x * x) * sum;
  }

  /* erfc for large x by its continued fraction exp(-x²)/√π · 1/(x + ½/(x + 1/(x + 3⁄2/(x + …)))),
     from its end. */
  function erfc(x) {
    if (!(x > 2)) return x < -2 ? 2 - erfc(-x) : 1 - erf(x);
    let tail = x;
    for (let n = 60; n >= 1; n--) tail = x + n / 2 / tail;
    return exp(-x * x) / sqrt(PI) / tail;
  }

  /* The inverse of erf: Winitzki's approximation, then Halley's steps on erf or, near 1, on erfc. */
  function erfInverse(x) {
    const size = abs(x);
    if (!(size < 1) || x === 0) return size > 1 ? NaN : x / (1 - size);
    const log = Math.log1p(-size * size) / 2, half = 2 / (PI * 0.147) + log;
    let y = sqrt(max(sqrt(half * half - 2 * log / 0.147) - half, 0));
    for (let n = 0; n < 4; n++) {
      const error = size < 0.5 ? erf(y) - size : 1 - size - erfc(y);
      const step = error * sqrt(PI) / 2 * exp(y * y);
      y -= step / (1 + y * step);
    }
    return Math.sign(x) * y;
  }

  const LANCZOS = [
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
    -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
  ];

  /* Lanczos's approximation of Γ(z + 1), z > -1/2: the sum, its derivative, t = z + 15/2 and log t. */
  function lanczos(z) {
    let sum = 0.99999999999980993, slope = 0;
    LANCZOS.forEach((c, i) => {
      sum += c / (z + i + 1);
      slope -= c / (z + i + 1) / (z + i + 1);
    });
    return [sum, slope, z + 7.5, Math.log(7.5) + Math.log1p(z / 7.5)];
  }

  /* log |Γ(x)|, by reflection for x < 1/2. */
  function logGamma(x) {
    if (abs(x) === Infinity) return Infinity;
    const z = x < 0.5 ? -x : x - 1, [sum, , t, log] = lanczos(z);
    const value = (z + 0.5 - t / log) * log + Math.log(2 * PI) / 2 + Math.log(sum);
    if (!(x < 0.5)) return value;
    const part = abs(x) % 1, sine = Math.log(Math.sin(PI * min(part, 1 - part)));
    return sine === -Infinity ? Infinity : Math.log(PI) - sine - value;
  }

  /* The derivative of log Γ. */
  function digamma(x) {
    if (x <= 0 && x % 1 === 0) return NaN;
    const [sum, slope, t, log] = lanczos(x < 0.5 ? -x : x - 1), value = log + slope / sum - 7 / t;
    return x < 0.5 ? value - PI / Math.tan(PI * (x + abs(floor(x + 0.5)))) : value;
  }

  const EULER = [12, -720, 30240, -1209600, 47900160, -1307674368000 / 691, 74724249600]; // (2k)! / B₂ₖ

  /* Hurwitz's Σ (q + n)^-x. Those of its terms with q + n < 0 are, mirrored, a sum above 0 without its end: no more
     work however far q is below. */
  function zeta(x, q) {
    if (!(x > 1)) return x === 1 ? Infinity : NaN;
    if (q <= 0 && floor(q) === q) return x % 2 === 0 ? Infinity : NaN;
    if (q < 0 && x % 1 !== 0) return NaN;
    if (!(q < 0)) return zetaAbove(x, q);
    const part = trunc(q) - q, mirrored = zetaAbove(x, part) - zetaAbove(x, 1 - q);
    return zetaAbove(x, 1 - part) + (x % 2 === 0 ? mirrored : -mirrored);
  }

  /* The same for q > 0: the first terms, then Euler's and Maclaurin's formula for the rest. */
  function zetaAbove(x, q) {
    let a = q, last = Math.pow(q, -x), sum = last;
    for (let n = 0; n < 9 || a < 16; n++) sum += last = Math.pow(++a, -x);
    sum += last * a / (x - 1) - last / 2;
    let factor = x * last / a;
    EULER.forEach((divisor, k) => {
      sum += factor / divisor;
      factor *= (x + 2 * k + 1) * (x + 2 * k + 2) / a / a;
    });
    return sum;
  }

  /* The n-th derivative of digamma. */
  function polygamma(n, x) {
    if (n === 0) return digamma(x);
    if (!(n > 0) || n % 1 !== 0) return NaN;
    return (n % 2 ? 1 : -1) * exp(logGamma(n + 1)) * zeta(n + 1, x);
  }

  /* first + a₁/(b₁ + a₂/(b₂ + …)), a continued fraction, by Lentz's method. */
  function fraction(first, a, b) {
    const tiny = 1e-300;
    let value = first || tiny, C = value, D = 0, change = 0;
    for (let n = 1; n <= 2000 && abs(change - 1) > 4e-16; n++) {
      D = 1 / (b(n) + a(n) * D || tiny);
      C = b(n) + a(n) / C || tiny;
      value *= change = C * D;
    }
    return value;
  }

  /* The shares below and above x of Γ(a) = ∫ t^(a-1) exp(-t) dt: by the series Σ xⁿ⁺ᵃ exp(-x) / Γ(a + n + 1), or by
     Legendre's continued fraction, and what is left of 1. */
  const gammaBelow = (a, x) => gammaShares(a, x)[0], gammaAbove = (a, x) => gammaShares(a, x)[1];

  function gammaShares(a, x) {
    if (!(a >= 0 && x >= 0) || a === x && (a === 0 || a === Infinity)) return [NaN, NaN];
    if (a === Infinity || x === 0) return [0, 1];
    if (x === Infinity || a === 0) return [1, 0];
    const front = exp(a * Math.log(x) - x - logGamma(a));
    if (x > 1 && x > a) {
      const above = front / fraction(x + 1 - a, n => n * (a - n), n => x + 2 * n + 1 - a);
      return [1 - above, above];
    }
    let term = front / a, below = term;
    for (let n = 1; n <= 2000 && term > 1e-17 * below; n++) below += term *= x / (a + n);
    below = min(below, 1);
    return [below, 1 - below];
  }

  /* The share below x of B(a, b) = ∫ t^(a-1) (1 - t)^(b-1) dt, or what is left by that above it. */
  function betaBelow(a, b, x) {
    if (!(a > 0 && b > 0 && a + b < Infinity && x >= 0 && x <= 1)) return NaN;
    if (x === 0 || x === 1) return x;
    const share = x > (a + 1) / (a + b + 2) ? 1 - betaFraction(b, a, 1 - x) : betaFraction(a, b, x);
    return min(max(share, 0), 1);
  }

  /* By its continued fraction, which is quick for x below its mean. */
  function betaFraction(a, b, x) {
    const front = exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)) / a;
    const numerator = (n, m = floor(n / 2)) =>
      (n % 2 ? -(a + m) * (a + b + m) : m * (b - m)) * x / (a + n - 1) / (a + n);
    return front / fraction(1, numerator, () => 1);
  }

  /* exp(-|x|) I(x), Bessel's function of order 0 or 1: by its series or, for large |x|, its asymptotic series. */
  function besselScaled(order, x) {
    const size = abs(x), sign = order === 1 ? Math.sign(x) : 1;
    let term = size > 30 ? 1 / sqrt(2 * PI) / sqrt(size) : exp(-size) * (order === 1 ? size / 2 : 1), sum = term;
    for (let n = 1; n < 200 && abs(term) > 1e-17 * sum; n++) {
      term *= size > 30 ? ((2 * n - 1) ** 2 - 4 * order) / (8 * n * size) : size * size / 4 / n / (n + order);
      sum += term;
    }
    return sign * sum;
  }

  function logAddExp(a, b) {
    return a === b ? a + Math.LN2 : max(a, b) + Math.log1p(exp(-abs(a - b)));
  }

  // Bits

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
     the second, …; equal elements stay as they were. Descending: from the last in the total order down. */
  function order(result, outer, length, inner, descending, ...keys) {
    const precedes = descending ? (a, b) => less(b, a) : before, places = new Int32Array(length);
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

  // Linear algebra

  /* Let matrix number s of `result` have the elements at(i, j). */
  function fill(result, s, rows, columns, at) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) result[(s * rows + i) * columns + j] = at(i, j);
    }
  }

  // The first three work in place at an offset: figures solve tiny systems by the ten thousand, and a view of an
  // array costs more than a solution.

  function copy(result, values) {
    for (let k = 0; k < values.length; k++) result[k] = values[k];
  }

  /* A = L Lᵀ, from the lower triangle of A. */
  function cholesky(L, A, count, n) {
    for (let at = 0; at < count * n * n; at += n * n) {
      let definite = true;
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          let sum = j > i ? 0 : A[at + i * n + j];
          for (let k = 0; k < j && j <= i; k++) sum -= L[at + i * n + k] * L[at + j * n + k];
          if (i === j && !(sum > 0)) definite = false;
          L[at + i * n + j] = i === j ? sqrt(sum) : j > i ? 0 : sum / L[at + j * n + j];
        }
      }
      for (let i = 0; i < n && !definite; i++) L.fill(NaN, at + i * n, at + i * n + i + 1);
    }
  }

  /* P A = L U with partial pivoting: L and U in one matrix; pivots[k] is the row exchanged with row k. */
  function lu(A, pivots, permutation, matrices, count, rows, columns) {
    const steps = min(rows, columns);
    copy(A, matrices);
    for (let s = 0; s < count; s++) {
      const at = s * rows * columns;
      for (let k = 0; k < steps; k++) {
        let p = k;
        for (let i = k + 1; i < rows; i++) {
          if (abs(A[at + i * columns + k]) > abs(A[at + p * columns + k])) p = i;
        }
        pivots[s * steps + k] = p;
        exchange(A, at, columns, k, p);
        const pivot = A[at + k * columns + k];
        for (let i = at + (k + 1) * columns; i < at + rows * columns; i += columns) {
          const factor = pivot === 0 ? A[i + k] : (A[i + k] /= pivot);
          for (let j = k + 1; j < columns; j++) A[i + j] -= factor * A[at + k * columns + j];
        }
      }
    }
    pivotsToPermutation(permutation, pivots, count, steps, rows);
  }

  function exchange(A, at, columns, i, j) {
    for (let k = at; k < at + columns && i !== j; k++) {
      const kept = A[i * columns + k];
      A[i * columns + k] = A[j * columns + k];
      A[j * columns + k] = kept;
    }
  }

  function pivotsToPermutation(result, pivots, count, steps, size) {
    for (let s = 0; s < count; s++) {
      for (let i = 0; i < size; i++) result[s * size + i] = i;
      for (let k = 0; k < steps; k++) exchange(result, s * size, 1, k, pivots[s * steps + k]);
    }
  }

  /* X with op(T) X = B (left) or X op(T) = B, T triangular, op(T) = T or Tᵀ; B and X are rows × columns. */
  function solveTriangular(X, T, right, count, rows, columns, left, lower, transpose, unit) {
    const n = left ? rows : columns, others = left ? columns : rows;
    const along = left ? columns : 1, across = left ? 1 : columns; // strides in X
    const forward = (lower === 1) === (transpose === 0) === (left === 1);
    const byRow = (left === 1) === (transpose === 0); // T[i, k] or T[k, i] multiplies the unknown k in equation i
    copy(X, right);
    for (let s = 0; s < count; s++) {
      const at = s * n * n;
      for (let c = 0; c < others; c++) {
        const start = s * rows * columns + c * across;
        for (let step = 0; step < n; step++) {
          const i = forward ? step : n - 1 - step;
          let sum = X[start + i * along];
          for (let k = forward ? 0 : i + 1; k < (forward ? i : n); k++) {
            sum -= T[at + (byRow ? i * n + k : k * n + i)] * X[start + k * along];
          }
          X[start + i * along] = unit ? sum : sum / T[at + i * n + i];
        }
      }
    }
  }

  /* Eigenvectors (in columns) and ascending eigenvalues of symmetric matrices, of which one triangle is read,
     by Jacobi rotations. */
  function eigh(vectors, values, matrices, count, n, lower) {
    for (let s = 0; s < count; s++) {
      const M = matrices.subarray(s * n * n, (s + 1) * n * n), A = new Float64Array(n * n);
      fill(A, 0, n, n, (i, j) => M[i > j === (lower === 1) ? i * n + j : j * n + i]);
      const V = identity(n);
      for (let sweep = 0; sweep < 60 && rotate(A, V, n); sweep++);
      const diagonal = Float64Array.from({ length: n }, (_, i) => A[i * n + i]);
      const sign = A.every(Number.isFinite) ? 1 : NaN, ranks = new Int32Array(n);
      order(ranks, 1, n, 1, 0, diagonal);
      fill(values, s, 1, n, (_, j) => sign * diagonal[ranks[j]]);
      fill(vectors, s, n, n, (i, j) => sign * V[i * n + ranks[j]]);
    }
  }

  function identity(n) {
    return Float64Array.from({ length: n * n }, (_, k) => +(k % (n + 1) === 0));
  }

  /* One sweep over all pairs; whether any rotation was worth while. */
  function rotate(A, V, n) {
    let rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const off = A[p * n + q], a = A[p * n + p], b = A[q * n + q];
        if (!(abs(off) > 1e-17 * sqrt(abs(a)) * sqrt(abs(b)))) continue;
        rotated = true;
        const [c, s] = rotation(a, off, b);
        for (let k = 0; k < n; k++) turn(A, k * n + p, k * n + q, c, s);
        for (let k = 0; k < n; k++) turn(A, p * n + k, q * n + k, c, s);
        for (let k = 0; k < n; k++) turn(V, k * n + p, k * n + q, c, s);
        A[p * n + q] = A[q * n + p] = 0;
      }
    }
    return rotated;
  }

  /* Cosine and sine of the rotation that makes [[a, off], [off, b]] diagonal. */
  function rotation(a, off, b) {
    const theta = (b - a) / (2 * off);
    const t = (theta < 0 ? -1 : 1) / (abs(theta) + hypot(theta, 1)), c = 1 / hypot(t, 1);
    return [c, t * c];
  }

  function turn(A, i, j, c, s) {
    const x = A[i], y = A[j];
    A[i] = c * x - s * y;
    A[j] = s * x + c * y;
  }

  /* A = Q R by Householder reflections, with LAPACK's signs; Q has all columns if full, else min(rows, columns). */
  function qr(orthogonal, triangular, matrices, count, rows, columns, full) {
    const steps = min(rows, columns), width = full ? rows : steps;
    for (let s = 0; s < count; s++) {
      const A = Float64Array.from(matrices.subarray(s * rows * columns, (s + 1) * rows * columns));
      const Q = orthogonal.subarray(s * rows * width, (s + 1) * rows * width);
      const reflections = [];
      for (let k = 0; k < steps; k++) reflections.push(reflection(A, rows, columns, k));
      fill(triangular, s, width, columns, (i, j) => (j < i ? 0 : A[i * columns + j]));
      fill(Q, 0, rows, width, (i, j) => (i === j ? 1 : 0));
      for (let k = steps - 1; k >= 0; k--) reflect(Q, rows, width, k, 0, reflections[k]);
    }
  }

  /* The unit vector v, zero above k, whose reflection I - 2 v vᵀ clears column k below the diagonal (zero, if
     that is clear); A is reflected. */
  function reflection(A, rows, columns, k) {
    const v = new Float64Array(rows);
    let below = 0;
    for (let i = k + 1; i < rows; i++) below = hypot(below, v[i] = A[i * columns + k]);
    if (below === 0) return v;
    const head = A[k * columns + k], size = hypot(head, below);
    v[k] = head + (head < 0 ? -size : size);
    const length = hypot(v[k], below);
    for (let i = k; i < rows; i++) v[i] /= length;
    reflect(A, rows, columns, k, k, v);
    for (let i = k + 1; i < rows; i++) A[i * columns + k] = 0;
    return v;
  }

  function reflect(A, rows, columns, k, from, v) {
    for (let j = from; j < columns; j++) {
      let dot = 0;
      for (let i = k; i < rows; i++) dot += v[i] * A[i * columns + j];
      for (let i = k; i < rows; i++) A[i * columns + j] -= 2 * dot * v[i];
    }
  }

  /* A = U diag(σ) Vᵀ by one-sided Jacobi rotations: they make the columns of A (of Aᵀ, if it is wide) orthogonal;
     their QR factorization then gives all columns of U, also where σ is 0. */
  function svd(values, left, right, matrices, count, rows, columns, full) {
    const tall = rows >= columns, m = max(rows, columns), n = min(rows, columns), width = full ? m : n;
    const W = new Float64Array(m * n), Q = new Float64Array(m * width), R = new Float64Array(width * n);
    const ranks = new Int32Array(n);
    for (let s = 0; s < count; s++) {
      const A = matrices.subarray(s * m * n, (s + 1) * m * n), V = identity(n);
      const scale = A.reduce((most, x) => max(most, abs(x)), 0), sign = Number.isFinite(scale) ? 1 : NaN;
      fill(W, 0, m, n, (i, j) => (scale > 0 && sign ? A[tall ? i * n + j : j * m + i] / scale : 0));
      for (let sweep = 0; sweep < 60 && orthogonalize(W, V, m, n); sweep++);
      const norms = Float64Array.from({ length: n }, (_, j) => sqrt(dot(W, m, n, j, j)));
      order(ranks, 1, n, 1, 1, norms);
      qr(Q, R, W.map((_, k) => W[k - k % n + ranks[k % n]]), 1, m, n, full);
      const U = (i, j) => (j < n && R[j * n + j] < 0 ? -sign : sign) * Q[i * width + j];
      const T = (i, j) => sign * V[i * n + ranks[j]];
      fill(values, s, 1, n, (_, j) => sign * norms[ranks[j]] * scale);
      fill(left, s, rows, tall ? width : n, tall ? U : T);
      fill(right, s, tall ? n : width, columns, (i, j) => (tall ? T : U)(j, i));
    }
  }

  function dot(W, m, n, p, q) {
    let sum = 0;
    for (let i = 0; i < m; i++) sum += W[i * n + p] * W[i * n + q];
    return sum;
  }

  /* One sweep over all pairs of columns; whether any was worth a rotation. */
  function orthogonalize(W, V, m, n) {
    let rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const a = dot(W, m, n, p, p), b = dot(W, m, n, q, q), off = dot(W, m, n, p, q);
        if (!(abs(off) > 1e-16 * sqrt(a) * sqrt(b))) continue;
        rotated = true;
        const [c, s] = rotation(a, off, b);
        for (let k = 0; k < m; k++) turn(W, k * n + p, k * n + q, c, s);
        for (let k = 0; k < n; k++) turn(V, k * n + p, k * n + q, c, s);
      }
    }
    return rotated;
  }

  return {
    power, quotient, remainder, product, saturate, roundFromZero, roundToEven, erf, erfc, erfInverse, logGamma, digamma, zeta,
    polygamma, gammaBelow, gammaAbove, betaBelow, besselScaled, logAddExp, and, or, xor, shiftLeft, shiftRight, shiftRightLogical, populationCount, leadingZeros,
    bitsOf, ofBits, bitsAbove, masked, nextAfter, reducePrecision, less, lessOrEqual, order,
    cholesky, lu, pivotsToPermutation, solveTriangular, eigh, qr, svd,
  };
})();
