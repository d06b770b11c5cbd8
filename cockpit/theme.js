/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Light or dark, as in Cockpit. Not a module, so that it runs before the first paint. */
(() => {
  const preference = window.matchMedia("(prefers-color-scheme: dark)");

  function apply(style) {
    const chosen = style || window.localStorage.getItem("shell:style") || "auto";
    const dark = chosen === "dark" || (chosen === "auto" && preference.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }

  window.addEventListener("storage", event => event.key === "shell:style" && apply());
  window.addEventListener("cockpit-style", event => apply(event.detail.style));
  preference.addEventListener("change", () => apply());
  apply();
})();
