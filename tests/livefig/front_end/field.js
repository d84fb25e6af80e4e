function (runtime) {
  return function (kappa) {
    window.fieldsPrepared = (window.fieldsPrepared || 0) + 1;
    return function (x, y) { return 0.5 * (x * x + kappa * y * y); };
  };
}
