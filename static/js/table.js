/** Lists: choosing rows for bulk actions, with the mouse (shift for a range) and with J, K, X and Enter. */
import { enhance } from "counterfoil/enhance";
import { word } from "counterfoil/toast";

/** @type {HTMLInputElement | null} */
let lastChosen = null;

/** @param {Element} listing @returns {HTMLInputElement[]} */
const boxes = (listing) => [...listing.querySelectorAll("[data-select-row]")].filter((box) => box instanceof HTMLInputElement);

/** @param {Element} listing */
function show(listing) {
  const all = boxes(listing);
  const chosen = all.filter((box) => box.checked);
  for (const box of all) box.closest("tr")?.toggleAttribute("data-selected", box.checked);
  const head = listing.querySelector("[data-select-all]");
  if (head instanceof HTMLInputElement) {
    head.checked = chosen.length > 0 && chosen.length === all.length;
    head.indeterminate = chosen.length > 0 && chosen.length < all.length;
  }
  const bar = listing.querySelector("[data-bulk-bar]");
  if (bar instanceof HTMLElement) bar.hidden = chosen.length === 0;
  const count = listing.querySelector("[data-selected-count]");
  if (count) count.textContent = `${chosen.length} ${word("selected")}`;
}

enhance("[data-listing]", show);

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const listing = target?.closest("[data-listing]");
  if (!target || !listing) return;
  if (target instanceof HTMLInputElement && target.matches("[data-select-all]")) {
    for (const box of boxes(listing)) box.checked = target.checked;
  } else if (target instanceof HTMLInputElement && target.matches("[data-select-row]")) {
    const all = boxes(listing);
    const [from, to] = [all.indexOf(/** @type {HTMLInputElement} */ (lastChosen)), all.indexOf(target)];
    if (/** @type {MouseEvent} */ (event).shiftKey && from >= 0) {
      for (const box of all.slice(Math.min(from, to), Math.max(from, to) + 1)) box.checked = target.checked;
    }
    lastChosen = target;
  } else if (target.closest("[data-select-none]")) {
    for (const box of boxes(listing)) box.checked = false;
  } else return;
  show(listing);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target instanceof Element && event.target.matches("input:not([type=checkbox]), textarea, select")) return;
  const listing = document.querySelector("[data-listing]");
  if (!listing) return;
  const rows = [...listing.querySelectorAll("tbody tr")];
  const at = rows.findIndex((row) => row.hasAttribute("data-current"));
  if (event.key === "j" || event.key === "k") {
    const next = rows[Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), rows.length - 1)];
    rows[at]?.removeAttribute("data-current");
    next?.setAttribute("data-current", "");
    const link = next?.querySelector("a");
    if (link) link.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest" });
  } else if (event.key === "x" && at >= 0) {
    const box = rows[at].querySelector("[data-select-row]");
    if (box instanceof HTMLInputElement) box.click();
  } else if (event.key === "Enter" && at >= 0 && event.target === document.body) {
    /** @type {HTMLElement | null} */ (rows[at].querySelector("a"))?.click();
  }
});

// Typing already searched; the change event on leaving the box would ask, and fill the history, a second time.
document.addEventListener("change", (event) => {
  if (event.target instanceof Element && event.target.matches("[data-list-search]")) event.stopPropagation();
}, true);
