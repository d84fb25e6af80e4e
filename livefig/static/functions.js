/* Arithmetic that JavaScript does otherwise than XLA, and special functions. Where JAX answers NaN, so do these;
   nothing throws. */

export const functions = (function () {
  "use strict";
  const { PI, abs, exp, floor, max, min, sqrt, trunc } = Math;

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

  /* The derivative of log Γ. At its pole at 0 it is -∞, as above it, which JAX before 0.12 calls NaN. */
  function digamma(x) {
    if (x === 0) return -Infinity;
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

  /* Near its mean, where they are the most, a share needs as many terms as some standard deviations of it. */
  const TERMS = 4000, LARGE = 1e5;

  /* first + a₁/(b₁ + a₂/(b₂ + …)), a continued fraction, by Lentz's method. */
  function fraction(first, a, b) {
    const tiny = 1e-300;
    let value = first || tiny, C = value, D = 0, change = 0;
    for (let n = 1; n <= TERMS && abs(change - 1) > 4e-16; n++) {
      D = 1 / (b(n) + a(n) * D || tiny);
      C = b(n) + a(n) / C || tiny;
      value *= change = C * D;
    }
    return value;
  }

  /* The shares below and above x of Γ(a) = ∫ t^(a-1) exp(-t) dt: by the series Σ xⁿ⁺ᵃ exp(-x) / Γ(a + n + 1), or by
     Legendre's continued fraction, and what is left of 1. */
  const gammaBelow = (a, x) => gammaShares(a, x)[0], gammaAbove = (a, x) => gammaShares(a, x)[1];

  /* xᵃ exp(-x) / Γ(a); for large a by Stirling's series, in which what is large cancels. */
  function gammaDensity(a, x) {
    if (a < 30) return exp(a * Math.log(x) - x - logGamma(a));
    const away = (x - a) / a, rest = (1 / 12 - (1 / 360 - 1 / (1260 * a * a)) / (a * a)) / a;
    return sqrt(a / (2 * PI)) * exp(a * (Math.log1p(away) - away) - rest);
  }

  /* For large a the normal distribution's shares and what they miss, by Temme's expansion (DLMF 8.12): in powers of
     1/a, whose coefficients are given by their series around the mean, all that is left for such an a. */
  const TEMME = [
    [-1 / 3, 1 / 12, -2 / 135, 1 / 864, 1 / 2835, -139 / 777600, 1 / 25515, -571 / 261273600],
    [-1 / 540, -1 / 288, 1 / 378, -77 / 77760],
  ];

  function gammaSharesOfLarge(a, x) {
    const away = (x - a) / a;
    let eta = sqrt(2 * (away - Math.log1p(away))) * Math.sign(away);
    if (abs(away) < 0.1) {
      let sum = 0;
      for (let k = 20; k >= 0; k--) sum = 2 / (k + 2) - away * sum;
      eta = away * sqrt(sum);
    }
    const [first, second] = TEMME.map(series => series.reduceRight((sum, term) => sum * eta + term, 0));
    const missed = exp(-a * eta * eta / 2) / sqrt(2 * PI * a) * (first + second / a), normal = eta * sqrt(a / 2);
    return [erfc(-normal) / 2 - missed, erfc(normal) / 2 + missed];
  }

  function gammaShares(a, x) {
    if (!(a >= 0 && x >= 0) || a === x && (a === 0 || a === Infinity)) return [NaN, NaN];
    if (a === Infinity || x === 0) return [0, 1];
    if (x === Infinity || a === 0) return [1, 0];
    if (a > LARGE) return gammaSharesOfLarge(a, x);
    const front = gammaDensity(a, x);
    if (x > 1 && x > a) {
      const above = front / fraction(x + 1 - a, n => n * (a - n), n => x + 2 * n + 1 - a);
      return [1 - above, above];
    }
    let term = front / a, below = term;
    for (let n = 1; n <= TERMS && term > 1e-17 * below; n++) below += term *= x / (a + n);
    below = min(below, 1);
    return [below, 1 - below];
  }

  /* The share below x of B(a, b) = ∫ t^(a-1) (1 - t)^(b-1) dt, or what is left by that above it. */
  function betaBelow(a, b, x) {
    const allBelow = a === 0 || b === Infinity, allAbove = b === 0 || a === Infinity; // all of it at 0, or at 1
    if (!(a >= 0 && b >= 0 && x >= 0 && x <= 1) || (allBelow && allAbove)) return NaN;
    if (x === 0 || x === 1) return x;
    if (allBelow || allAbove) return Number(allBelow);
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

  function logAddExp(a, b) {
    return a === b ? a + Math.LN2 : max(a, b) + Math.log1p(exp(-abs(a - b)));
  }

  return {
    power, quotient, remainder, product, saturate, roundFromZero, roundToEven, erf, erfc, erfInverse, logGamma,
    digamma, zeta, polygamma, gammaBelow, gammaAbove, betaBelow, logAddExp,
  };
})();
