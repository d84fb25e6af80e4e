/* What compiled programs call: arithmetic that JavaScript does otherwise than XLA, and small dense linear algebra.
   Matrices are row-major, `count` of them one after another; results go into the first arguments. Where JAX answers
   NaN (the Cholesky factor of an indefinite matrix), so do these; nothing throws. */
const runtime = (function () {
  "use strict";

  // ---- Numbers ------------------------------------------------------------------------------------------------

  /* x^y as C defines it: 1^y and (±1)^±∞ are 1 also where Math.pow says NaN. */
  function power(x, y) {
    if (x === 1 || (x === -1 && (y === Infinity || y === -Infinity))) return 1;
    return Math.pow(x, y);
  }

  /* Whole-number division towards zero; by zero it is -1, the remainder then the dividend, as in XLA. */
  function quotient(a, b) {
    return b === 0 ? -1 : Math.trunc(a / b) + 0;
  }

  function remainder(a, b) {
    return b === 0 ? a : a % b + 0;
  }

  /* A float as a whole number: towards zero, into [low, high], NaN as 0. */
  function saturate(x, low, high) {
    return x !== x ? 0 : Math.min(Math.max(Math.trunc(x), low), high) + 0;
  }

  function roundFromZero(x) {
    const whole = Math.trunc(x);
    return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
  }

  function roundToEven(x) {
    const whole = Math.trunc(x), rest = Math.abs(x - whole);
    return rest > 0.5 || (rest === 0.5 && whole % 2 !== 0) ? whole + Math.sign(x) : whole;
  }

  /* erf by its series 2/√π · exp(-x²) · Σ 2ⁿ x^(2n+1) / (1·3···(2n+1)), whose terms have one sign;
     for large |x| by erfc. */
  function erf(x) {
    const size = Math.abs(x);
    if (size > 2) return Math.sign(x) * (1 - erfc(size));
    let term = x, sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }

  /* erfc for large x by its continued fraction exp(-x²)/√π · 1/(x + ½/(x + 1/(x + 3⁄2/(x + …)))),
     from its end. */
  function erfc(x) {
    if (!(x > 2)) return x < -2 ? 2 - erfc(-x) : 1 - erf(x);
    let tail = x;
    for (let n = 60; n >= 1; n--) tail = x + n / 2 / tail;
    return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
  }

  /* The order that sorts `keys`, NaN last; equal keys stay in order. */
  function order(result, keys) {
    for (let i = 0; i < keys.length; i++) {
      let j = i;
      for (; j > 0 && before(keys[i], keys[result[j - 1]]); j--) result[j] = result[j - 1];
      result[j] = i;
    }
  }

  function before(a, b) {
    return a < b || (a === a && b !== b);
  }

  // ---- Linear algebra -----------------------------------------------------------------------------------------

  /* A = L Lᵀ, from the lower triangle of A. */
  function cholesky(result, matrices, count, n) {
    for (let start = 0; start < count * n * n; start += n * n) {
      const L = result.subarray(start, start + n * n);
      const A = matrices.subarray(start, start + n * n);
      let definite = true;
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          let sum = j > i ? 0 : A[i * n + j];
          for (let k = 0; k < j && j <= i; k++) sum -= L[i * n + k] * L[j * n + k];
          if (i === j && !(sum > 0)) definite = false;
          L[i * n + j] = i === j ? Math.sqrt(sum) : j > i ? 0 : sum / L[j * n + j];
        }
      }
      for (let i = 0; i < n && !definite; i++) L.fill(NaN, i * n, i * n + i + 1);
    }
  }

  /* P A = L U with partial pivoting: L and U in one matrix; pivots[k] is the row exchanged with row k. */
  function lu(result, pivots, permutation, matrices, count, rows, columns) {
    const steps = Math.min(rows, columns);
    result.set(matrices);
    for (let s = 0; s < count; s++) {
      const A = result.subarray(s * rows * columns, (s + 1) * rows * columns);
      for (let k = 0; k < steps; k++) {
        let p = k;
        for (let i = k + 1; i < rows; i++) {
          if (Math.abs(A[i * columns + k]) > Math.abs(A[p * columns + k])) p = i;
        }
        pivots[s * steps + k] = p;
        exchange(A, columns, k, p);
        const pivot = A[k * columns + k];
        for (let i = k + 1; i < rows; i++) {
          const factor = pivot === 0 ? A[i * columns + k] : (A[i * columns + k] /= pivot);
          for (let j = k + 1; j < columns; j++) A[i * columns + j] -= factor * A[k * columns + j];
        }
      }
    }
    pivotsToPermutation(permutation, pivots, count, steps, rows);
  }

  function exchange(A, columns, i, j) {
    for (let k = 0; k < columns && i !== j; k++) {
      const kept = A[i * columns + k];
      A[i * columns + k] = A[j * columns + k];
      A[j * columns + k] = kept;
    }
  }

  function pivotsToPermutation(result, pivots, count, steps, size) {
    for (let s = 0; s < count; s++) {
      for (let i = 0; i < size; i++) result[s * size + i] = i;
      for (let k = 0; k < steps; k++) exchange(result.subarray(s * size, (s + 1) * size), 1, k, pivots[s * steps + k]);
    }
  }

  /* X with op(T) X = B (left) or X op(T) = B, T triangular, op(T) = T or Tᵀ; B and X are rows × columns. */
  function solveTriangular(result, triangles, right, count, rows, columns, left, lower, transpose, unit) {
    const n = left ? rows : columns, others = left ? columns : rows;
    const along = left ? columns : 1, across = left ? 1 : columns; // strides in X
    const forward = (lower === 1) === (transpose === 0) === (left === 1);
    const byRow = (left === 1) === (transpose === 0); // T[i, k] or T[k, i] multiplies the unknown k in equation i
    result.set(right);
    for (let s = 0; s < count; s++) {
      const T = triangles.subarray(s * n * n, (s + 1) * n * n);
      const X = result.subarray(s * rows * columns, (s + 1) * rows * columns);
      for (let c = 0; c < others; c++) {
        for (let step = 0; step < n; step++) {
          const i = forward ? step : n - 1 - step;
          let sum = X[c * across + i * along];
          for (let k = forward ? 0 : i + 1; k < (forward ? i : n); k++) {
            sum -= T[byRow ? i * n + k : k * n + i] * X[c * across + k * along];
          }
          X[c * across + i * along] = unit ? sum : sum / T[i * n + i];
        }
      }
    }
  }

  /* Eigenvectors (in columns) and ascending eigenvalues of symmetric matrices, of which one triangle is read,
     by Jacobi rotations. */
  function eigh(vectors, values, matrices, count, n, lower) {
    for (let s = 0; s < count; s++) {
      const A = symmetric(matrices.subarray(s * n * n, (s + 1) * n * n), n, lower);
      const V = new Float64Array(n * n);
      for (let i = 0; i < n; i++) V[i * n + i] = 1;
      for (let sweep = 0; sweep < 60 && rotate(A, V, n); sweep++);
      const diagonal = Float64Array.from({ length: n }, (_, i) => A[i * n + i]);
      const finite = A.every(Number.isFinite), ranks = new Int32Array(n);
      order(ranks, diagonal);
      for (let j = 0; j < n; j++) {
        values[s * n + j] = finite ? diagonal[ranks[j]] : NaN;
        for (let i = 0; i < n; i++) vectors[(s * n + i) * n + j] = finite ? V[i * n + ranks[j]] : NaN;
      }
    }
  }

  function symmetric(matrix, n, lower) {
    const A = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) A[i * n + j] = i > j === (lower === 1) ? matrix[i * n + j] : matrix[j * n + i];
    }
    return A;
  }

  /* One sweep over all pairs; whether any rotation was worth while. */
  function rotate(A, V, n) {
    let rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const off = A[p * n + q], a = A[p * n + p], b = A[q * n + q];
        const size = Math.abs(off), least = 1e-17 * Math.sqrt(Math.abs(a)) * Math.sqrt(Math.abs(b));
        if (!(size > least && size > 1e-300)) continue;
        rotated = true;
        const theta = (b - a) / (2 * off);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1), s = t * c;
        for (let k = 0; k < n; k++) turn(A, k * n + p, k * n + q, c, s);
        for (let k = 0; k < n; k++) turn(A, p * n + k, q * n + k, c, s);
        for (let k = 0; k < n; k++) turn(V, k * n + p, k * n + q, c, s);
        A[p * n + q] = A[q * n + p] = 0;
      }
    }
    return rotated;
  }

  function turn(A, i, j, c, s) {
    const x = A[i], y = A[j];
    A[i] = c * x - s * y;
    A[j] = s * x + c * y;
  }

  /* A = Q R by Householder reflections, with LAPACK's signs; Q has all columns if full, else min(rows, columns). */
  function qr(orthogonal, triangular, matrices, count, rows, columns, full) {
    const steps = Math.min(rows, columns), width = full ? rows : steps;
    for (let s = 0; s < count; s++) {
      const A = Float64Array.from(matrices.subarray(s * rows * columns, (s + 1) * rows * columns));
      const Q = orthogonal.subarray(s * rows * width, (s + 1) * rows * width);
      const reflections = [];
      for (let k = 0; k < steps; k++) reflections.push(reflection(A, rows, columns, k));
      for (let i = 0; i < width; i++) {
        for (let j = 0; j < columns; j++) triangular[(s * width + i) * columns + j] = j < i ? 0 : A[i * columns + j];
      }
      Q.fill(0);
      for (let i = 0; i < width; i++) Q[i * width + i] = 1;
      for (let k = steps - 1; k >= 0; k--) reflect(Q, rows, width, k, 0, reflections[k]);
    }
  }

  /* The vector v, zero above k, whose reflection I - 2 v vᵀ / vᵀv clears column k below the diagonal;
     A is reflected. */
  function reflection(A, rows, columns, k) {
    const v = new Float64Array(rows);
    let below = 0;
    for (let i = k + 1; i < rows; i++) below = Math.hypot(below, v[i] = A[i * columns + k]);
    if (below === 0) return v;
    const head = A[k * columns + k];
    v[k] = head + (head < 0 ? -1 : 1) * Math.hypot(head, below);
    reflect(A, rows, columns, k, k, v);
    for (let i = k + 1; i < rows; i++) A[i * columns + k] = 0;
    return v;
  }

  function reflect(A, rows, columns, k, from, v) {
    let square = 0;
    for (let i = k; i < rows; i++) square += v[i] * v[i];
    if (square === 0) return;
    for (let j = from; j < columns; j++) {
      let dot = 0;
      for (let i = k; i < rows; i++) dot += v[i] * A[i * columns + j];
      for (let i = k; i < rows; i++) A[i * columns + j] -= 2 * dot / square * v[i];
    }
  }

  return {
    power, quotient, remainder, saturate, roundFromZero, roundToEven, erf, erfc, order,
    cholesky, lu, pivotsToPermutation, solveTriangular, eigh, qr,
  };
})();
