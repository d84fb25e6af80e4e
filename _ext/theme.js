// What an automated audit of the theme's pages finds against their accessibility, mended.
(function () {
  "use strict";

  // A button is called by the words seen on it, so that who speaks to a computer can say them.
  for (const button of document.querySelectorAll(".search-button-field")) {
    button.setAttribute("aria-label", button.textContent.replace(/\s+/g, " ").trim());
  }

  for (const summary of document.querySelectorAll("summary[aria-label]")) summary.removeAttribute("aria-label");

  // A list has items, whatever else they are.
  for (const entry of document.querySelectorAll(".citation-list > .citation")) entry.setAttribute("role", "listitem");

  // Everything on a page belongs to a landmark that a screen reader can jump to.
  const sidebar = document.getElementById("pst-primary-sidebar");
  sidebar?.setAttribute("role", "region");
  sidebar?.setAttribute("aria-label", "Contents of the book");

  // The colour-mode button has a name; the icons in it, which another script draws later, need none of their own.
  function hideIcons(button) {
    for (const icon of button.querySelectorAll("svg[role]")) {
      icon.querySelector("title")?.remove();
      icon.removeAttribute("role");
      icon.removeAttribute("aria-labelledby");
      icon.setAttribute("aria-hidden", "true");
    }
  }
  for (const button of document.querySelectorAll(".theme-switch-button")) {
    new MutationObserver(() => hideIcons(button)).observe(button, { childList: true });
    hideIcons(button);
  }
})();
