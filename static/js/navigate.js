/**
 * Links of the shell swap #page instead of loading everything anew; the address, the title, focus and the menu follow.
 *
 * Whatever is not plainly a page of the same build in the same shell (a file, the sign-in page, an error) is opened by
 * the browser itself. Back and forward reload from the server, so no copy of business data stays in the browser.
 */
import { announce } from "counterfoil/toast";
import { mayLeave } from "counterfoil/forms";

let latest = 0;
/** The address whose page is on screen: at first the one that was loaded, whatever Back did while it was loading. */
let shown = loaded();

function loaded() {
  const entry = performance.getEntriesByType("navigation")[0];
  const from = new URL(entry?.name ?? location.href, location.href);
  return from.pathname + from.search;
}

/** Open an address in the shell. @param {string} url */
export async function navigate(url) {
  const to = new URL(url, location.href);
  if (to.origin !== location.origin || !document.getElementById("page")) {
    location.assign(to.href);
    return;
  }
  if (!(await mayLeave())) return;
  const turn = ++latest;
  const root = document.documentElement;
  root.dataset.loading = "";
  try {
    const response = await fetch(to.href, { headers: { "HX-Request": "true", "HX-Boosted": "true", "HX-Current-URL": location.href }, credentials: "same-origin" });
    if (turn !== latest) return;
    const type = response.headers.get("Content-Type") ?? "";
    if (!response.ok || !type.startsWith("text/html")) {
      location.assign(to.href);
      return;
    }
    const text = await response.text();
    if (turn !== latest) return;
    show(text, to, new URL(response.url));
  } catch {
    if (turn === latest) location.assign(to.href);
  } finally {
    if (turn === latest) delete root.dataset.loading;
  }
}

/** @param {string} text @param {URL} asked @param {URL} answered */
function show(text, asked, answered) {
  const next = new DOMParser().parseFromString(text, "text/html");
  const page = next.getElementById("page");
  const here = document.getElementById("page");
  if (!page || !here || page.dataset.build !== document.body.dataset.build) {
    location.assign(asked.href);
    return;
  }
  if (answered.pathname === asked.pathname && asked.hash) answered.hash = asked.hash;
  const now = location.href;
  if (answered.href !== now) history.pushState({}, "", answered.href);
  shown = answered.pathname + answered.search;
  document.title = next.title;
  for (const id of ["menu", "tabbar", "crumbs"]) {
    const from = next.getElementById(id);
    const to = document.getElementById(id);
    if (!from || !to) continue;
    const scrolled = to.scrollTop;
    to.innerHTML = from.innerHTML;
    to.scrollTop = scrolled;
  }
  const source = page.outerHTML;
  window.htmx.swap(here, source, { swapStyle: "outerHTML", swapDelay: 0, settleDelay: 0 }, {});
  const anchor = answered.hash ? document.getElementById(answered.hash.slice(1)) : null;
  if (anchor) anchor.scrollIntoView();
  else window.scrollTo(0, 0);
  const focus = /** @type {HTMLElement | null} */ (document.querySelector("#page [autofocus]") ?? document.querySelector("#main h1[tabindex]") ?? document.getElementById("main"));
  focus?.focus({ preventScroll: true });
  announce(document.title);
}

/** @param {HTMLAnchorElement} link */
function staysInShell(link) {
  return link.origin === location.origin && !link.target && !link.hasAttribute("download") && !link.hasAttribute("data-full")
    && !link.closest("[data-full]") && !link.hasAttribute("hx-get") && !link.getAttribute("href")?.startsWith("#")
    && (link.pathname !== location.pathname || link.search !== location.search || !link.hash);
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!(link instanceof HTMLAnchorElement) || !link.closest(".shell, .palette, dialog") || !staysInShell(link)) return;
  event.preventDefault();
  navigate(link.href);
});

// htmx would put the whole page into <body>; the shell does it better. Its trigger header has to be honored here then.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr } = /** @type {CustomEvent} */ (event).detail;
  const header = xhr.getResponseHeader("HX-Location") ?? xhr.getResponseHeader("HX-Redirect");
  if (!header || !document.getElementById("page")) return;
  event.preventDefault();
  const triggers = xhr.getResponseHeader("HX-Trigger");
  if (triggers?.startsWith("{")) for (const [name, detail] of Object.entries(JSON.parse(triggers))) window.htmx.trigger(document.body, name, detail);
  navigate(header.startsWith("{") ? JSON.parse(header).path : header);
});

// htmx reloads by itself for the entries it made (a filter, a page of a list); the others are ours, and an entry that
// differs only by its #anchor needs nothing.
window.addEventListener("popstate", (event) => {
  if (!event.state?.htmx && location.pathname + location.search !== shown) location.reload();
});
for (const kind of ["htmx:pushedIntoHistory", "htmx:replacedInHistory"]) {
  document.addEventListener(kind, () => { shown = location.pathname + location.search; });
}

if (shown !== location.pathname + location.search && sessionStorage.getItem("moved") !== location.href) {
  // Once only, in case a browser counts addresses differently.
  sessionStorage.setItem("moved", location.href);
  location.reload();
} else sessionStorage.removeItem("moved");
