/** Light, dark or as the device says; remembered on the account, and in a cookie for pages before sign-in. */
import { enhance } from "counterfoil/enhance";

const YEAR = 60 * 60 * 24 * 365;

/** @param {string} name @param {string} value */
export function remember(name, value) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR}; samesite=lax${secure}`;
}

enhance("[data-theme-set]", (button) => {
  button.addEventListener("click", () => {
    const theme = button.dataset.themeSet ?? "auto";
    document.documentElement.dataset.theme = theme;
    for (const other of document.querySelectorAll("[data-theme-set]")) {
      other.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (other).dataset.themeSet === theme));
    }
    remember("theme", theme);
    const url = document.body.dataset.themeUrl;
    if (url) window.htmx.ajax("POST", url, { source: document.body, target: document.body, swap: "none", values: { theme } });
  });
});

enhance("[data-sidebar-toggle]", (button) => {
  const show = () => button.setAttribute("aria-expanded", String(document.documentElement.dataset.sidebar !== "collapsed"));
  show();
  button.addEventListener("click", () => {
    const collapsed = document.documentElement.dataset.sidebar === "collapsed";
    document.documentElement.dataset.sidebar = collapsed ? "" : "collapsed";
    remember("sidebar", collapsed ? "open" : "collapsed");
    show();
  });
});

/** @param {boolean} open */
export function drawer(open) {
  const root = document.documentElement;
  if (open) root.dataset.drawer = "open";
  else delete root.dataset.drawer;
  if (location.hash === "#sidebar") history.replaceState(history.state, "", location.pathname + location.search);
  const sidebar = document.getElementById("sidebar");
  if (open) /** @type {HTMLElement | null} */ (sidebar?.querySelector("[aria-current], .menu-link"))?.focus();
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("[data-drawer-open]")) {
    event.preventDefault();
    drawer(true);
  } else if (target?.closest("[data-drawer-close], .sidebar a")) drawer(false);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && document.documentElement.dataset.drawer === "open") {
    drawer(false);
    /** @type {HTMLElement | null} */ (document.querySelector(".tabbar [data-drawer-open], .topbar-menu"))?.focus();
  }
});
