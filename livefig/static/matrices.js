/* Small dense linear algebra. Matrices are row-major, `count` of them one after another; results go into the first
   arguments. Where JAX answers NaN, so do these; nothing throws. */

import { bits } from "./bits.js";

export const matrices = (function () {
  "use strict";
  const { abs, hypot, max, min, sqrt } = Math;
  const { order } = bits;

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
          if (i === j && sum <= 0) definite = false; // and NaN goes on into what depends on it
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
      const vectors = [];
      for (let k = 0; k < steps; k++) vectors.push(reflection(A, rows, columns, k));
      fill(triangular, s, width, columns, (i, j) => (j < i ? 0 : A[i * columns + j]));
      fill(Q, 0, rows, width, (i, j) => (i === j ? 1 : 0));
      for (let k = steps - 1; k >= 0; k--) reflect(Q, rows, width, k, 0, vectors[k]);
    }
  }

  /* The same as LAPACK keeps it: R, below it the tails of vectors v whose heads are 1, and the τ of I - τ v vᵀ. */
  function reflections(packed, taus, matrices, count, rows, columns) {
    const steps = min(rows, columns);
    for (let s = 0; s < count; s++) {
      const A = Float64Array.from(matrices.subarray(s * rows * columns, (s + 1) * rows * columns));
      for (let k = 0; k < steps; k++) {
        const v = reflection(A, rows, columns, k);
        taus[s * steps + k] = 2 * v[k] * v[k];
        for (let i = k + 1; i < rows; i++) A[i * columns + k] = v[k] === 0 ? 0 : v[i] / v[k];
      }
      packed.set(A, s * rows * columns);
    }
  }

  /* Q B, or Qᵀ B, for the Q of such reflections, which stand in matrices of `width` columns. */
  function reflected(result, packed, taus, matrices, count, rows, columns, width, transposed) {
    const steps = taus.length / count;
    result.set(matrices);
    for (let s = 0; s < count; s++) {
      const B = result.subarray(s * rows * columns, (s + 1) * rows * columns);
      for (let n = 0; n < steps; n++) {
        const k = transposed ? n : steps - 1 - n, size = sqrt(taus[s * steps + k] / 2);
        const v = Float64Array.from({ length: rows }, (_, i) =>
          i < k ? 0 : i === k ? size : size * packed[(s * rows + i) * width + k]);
        reflect(B, rows, columns, k, 0, v);
      }
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
    cholesky, lu, pivotsToPermutation, solveTriangular, eigh, qr, reflections, reflected, svd,
  };
})();
