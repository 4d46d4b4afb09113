/** What every page needs: the other modules, and what to say when a request fails. */
import "counterfoil/theme";
import "counterfoil/dialogs";
import "counterfoil/forms";
import "counterfoil/navigate";
import "counterfoil/palette";
import "counterfoil/table";
import "counterfoil/cells";
import "counterfoil/keys";
import "counterfoil/charts";
import "counterfoil/live";
import "counterfoil/installed";
import { enhance } from "counterfoil/enhance";
import { showFlashes, toast, word } from "counterfoil/toast";

// What someone is typing in a search box must survive the list around it being replaced.
if (window.Idiomorph) {
  window.Idiomorph.defaults.ignoreActiveValue = true;
  // The panel of filters stays open while the list around it is replaced.
  window.Idiomorph.defaults.callbacks.beforeAttributeUpdated = (/** @type {string} */ name, /** @type {Element} */ node) => !(name === "open" && node.matches("details"));
}

enhance("[data-flashes]", (box) => showFlashes(/** @type {ParentNode} */ (box.parentNode ?? document)));

// HX-Trigger: {"toast": {"message": …, "level": …, "undo_url": …}}
document.addEventListener("toast", (event) => {
  const { message, level, undo_url: undoUrl } = /** @type {CustomEvent} */ (event).detail;
  toast(message, { level, undoUrl });
});

const BY_STATUS = { 403: "forbidden", 404: "missing", 409: "conflict", 410: "missing", 413: "too_large", 429: "slow_down" };

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = /** @type {CustomEvent} */ (event).detail;
  if (xhr.status === 401) {
    toast(word("signed_out"), { level: "danger" });
    location.reload();
    return;
  }
  if (xhr.getResponseHeader("HX-Trigger")?.includes('"toast"')) return;
  const said = xhr.getResponseHeader("X-Message");
  const reference = xhr.getResponseHeader("X-Reference") ?? /data-reference="([^"]{1,64})"/.exec(xhr.responseText ?? "")?.[1];
  const text = (said && decodeURIComponent(said)) || word(BY_STATUS[xhr.status] ?? "error");
  toast(reference ? `${text}\n${word("reference")}: ${reference}` : text, { level: "danger" });
});
// A refusal that no form took comes as a page of its own, which is no fragment: its words are in the toast already.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { detail } = /** @type {CustomEvent} */ (event);
  if (detail.xhr.status === 422 && /^\s*<!doctype/i.test(detail.serverResponse)) detail.shouldSwap = false;
});
for (const kind of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(kind, () => toast(word("network"), { level: "danger" }));
}

// After a swap that took the focused element away, go on from what was swapped in, not from the top of the page.
let focusedBefore = "";
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target } = /** @type {CustomEvent} */ (event).detail;
  focusedBefore = target instanceof Element && target.contains(document.activeElement) ? target.id : "";
});
document.addEventListener("htmx:afterSettle", () => {
  if (!focusedBefore || (document.activeElement && document.activeElement !== document.body)) return;
  const place = document.getElementById(focusedBefore);
  focusedBefore = "";
  if (!place) return;
  const wanted = place.querySelector("[data-focus], [autofocus], [aria-invalid=true]");
  if (wanted instanceof HTMLElement) wanted.focus();
  else {
    if (!place.hasAttribute("tabindex")) place.tabIndex = -1;
    place.focus({ preventScroll: true });
  }
});

// The page that stands for one that could not be fetched goes away by itself. The browser's word is not enough: the
// network may be back before anybody listens, and a server that is away while the network is there says nothing.
if (document.querySelector("[data-offline]") && location.pathname !== "/offline") {
  const SECONDS_BETWEEN = 5;
  const comeBack = () => fetch("/offline", { method: "HEAD", cache: "no-store" }).then((answer) => answer.ok && location.reload(), () => {});
  window.addEventListener("online", comeBack);
  setInterval(comeBack, SECONDS_BETWEEN * 1000);
}

// Says that clicks and keys are being listened to, for tests and for slow devices.
document.documentElement.dataset.ready = "";
