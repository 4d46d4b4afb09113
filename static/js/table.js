/**
 * Lists: choosing rows for jobs (shift for a range, or all that match), the rows by keys, and the menu of columns.
 * Cells that are changed in place: counterfoil/cells.
 */
import { enhance } from "counterfoil/enhance";
import { announce, word } from "counterfoil/toast";

/** @type {HTMLInputElement | null} */
let lastChosen = null;

/** @param {Element} listing @returns {HTMLInputElement[]} */
const boxes = (listing) => [...listing.querySelectorAll("[data-select-row]")].filter((box) => box instanceof HTMLInputElement);
/** @param {Element} listing @returns {HTMLInputElement | null} */
const everything = (listing) => listing.querySelector("[data-select-everything]");

/** @param {Element} listing */
function show(listing) {
  const all = boxes(listing);
  const chosen = all.filter((box) => box.checked);
  const whole = everything(listing);
  if (whole && chosen.length < all.length) whole.value = "";
  for (const box of all) box.closest("tr")?.toggleAttribute("data-selected", box.checked);
  const head = listing.querySelector("[data-select-all]");
  if (head instanceof HTMLInputElement) {
    head.checked = chosen.length > 0 && chosen.length === all.length;
    head.indeterminate = chosen.length > 0 && chosen.length < all.length;
  }
  const bar = listing.querySelector("[data-bulk-bar]");
  if (bar instanceof HTMLElement) bar.hidden = chosen.length === 0;
  const matching = listing.querySelector("[data-select-matching]");
  if (matching instanceof HTMLElement) matching.hidden = Boolean(whole?.value) || chosen.length < all.length;
  const count = listing.querySelector("[data-selected-count]");
  if (count) count.textContent = whole?.value ? word("all_selected") : `${chosen.length} ${word("selected")}`;
}

enhance("[data-listing]", show);
// The list was swapped in place: boxes that stayed chosen are to be seen as such.
document.addEventListener("htmx:afterSettle", () => document.querySelectorAll("[data-listing]").forEach(show));

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
  } else if (target.closest("[data-select-matching]")) {
    for (const box of boxes(listing)) box.checked = true;
    const whole = everything(listing);
    if (whole) whole.value = "1";
    announce(word("all_selected"));
  } else return;
  show(listing);
});

/** @param {Element} listing @returns {HTMLElement[]} */
const rows = (listing) => [...listing.querySelectorAll("tbody tr[data-row]")].filter((row) => row instanceof HTMLElement);

/** Move the mark of the present row, and the focus with it; false where no list is. @param {number} by */
export function moveTo(by) {
  const listing = document.querySelector("[data-listing]");
  if (!listing) return false;
  const all = rows(listing);
  const at = all.findIndex((row) => row.hasAttribute("data-current"));
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  all[at]?.removeAttribute("data-current");
  next?.setAttribute("data-current", "");
  next?.querySelector("a")?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
  return true;
}

/** @returns {HTMLElement | null} */
export const presentRow = () => document.querySelector("[data-listing] tr[data-current]");

/** Choose the present row, or take it out again. */
export function choosePresent() {
  const box = presentRow()?.querySelector("[data-select-row]");
  if (box instanceof HTMLInputElement) box.click();
}

/** Choose all rows of the page, or none. */
export function chooseAll() {
  const head = document.querySelector("[data-listing] [data-select-all]");
  if (head instanceof HTMLInputElement) head.click();
}

/** Open the present row. */
export function openPresent() {
  /** @type {HTMLElement | null | undefined} */ (presentRow()?.querySelector("a"))?.click();
}

// Typing already searched; the change event on leaving the box would ask, and fill the history, a second time.
document.addEventListener("change", (event) => {
  if (event.target instanceof Element && event.target.matches("[data-list-search]")) event.stopPropagation();
}, true);

// A period and days of one's own exclude each other: choosing one clears the other before the form is sent.
document.addEventListener("change", (event) => {
  const range = event.target instanceof Element ? event.target.closest(".filter-range") : null;
  if (!range || !(event.target instanceof Element)) return;
  const period = range.querySelector("select");
  if (!period) return;
  if (event.target === period) for (const end of range.querySelectorAll("input")) end.value = "";
  else period.value = "";
}, true);

/** @param {Element} item @param {"up" | "down"} direction */
function move(item, direction) {
  const other = direction === "up" ? item.previousElementSibling : item.nextElementSibling;
  if (!other || other.hasAttribute("data-fixed")) return;
  const held = document.activeElement;
  if (direction === "up") other.before(item);
  else other.after(item);
  if (held instanceof HTMLElement) held.focus();
  const place = [...(item.parentElement?.children ?? [])].indexOf(item) + 1;
  announce(`${item.querySelector("label")?.textContent?.trim() ?? ""}: ${place}`);
}

enhance("[data-column-list]", (list) => {
  list.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-move]") : null;
    const item = button?.closest("li");
    if (button instanceof HTMLElement && item) move(item, button.dataset.move === "up" ? "up" : "down");
  });
  list.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    const item = event.target instanceof Element ? event.target.closest("li") : null;
    if (!item) return;
    event.preventDefault();
    const direction = event.key === "ArrowUp" ? "up" : "down";
    if (event.altKey) {
      move(item, direction);
      return;
    }
    const next = direction === "up" ? item.previousElementSibling : item.nextElementSibling;
    /** @type {HTMLElement | null | undefined} */ (next?.querySelector("input:not([disabled]), button"))?.focus();
  });
});
