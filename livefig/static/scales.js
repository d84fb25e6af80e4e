// Scales: from the numbers of an axis to pixels, and back.

const SAME = (value) => value;

/** A scale that takes `domain` to `range`, both [start, end]; NaN where a logarithmic one has no place. */
export function makeScale(log, domain, range) {
  const [forward, backward] = log ? [Math.log, Math.exp] : [SAME, SAME];
  const [low, high] = domain.map(forward);
  const [start, end] = range;
  const mix = (from, to, share) => from * (1 - share) + to * share;
  const scale = (value) => mix(start, end, (forward(value) - low) / (high - low));
  scale.invert = (pixel) => backward(mix(low, high, (pixel - start) / (end - start)));
  scale.log = Boolean(log);
  scale.domain = () => domain;
  scale.range = () => range;
  return scale;
}
