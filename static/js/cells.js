/**
 * Cells of a list that are changed where they stand: a click or E opens, Enter keeps, Escape leaves it as it was, Tab
 * keeps and goes on to the next. The server draws the cell each time, with an input or without.
 */
import { enhance } from "counterfoil/enhance";

/** Where to go after the cell that is being sent has come back. @type {{row: string, place: number} | null} */
let goingOn = null;
/** The cell whose button gets the focus back. @type {string | null} */
let comingBack = null;

/** @param {Element | null | undefined} cell */
export function openCell(cell) {
  /** @type {HTMLElement | null | undefined} */ (cell?.querySelector(".cell-edit"))?.click();
}

/** @param {Element | null} row @returns {Element[]} */
const editable = (row) => [...(row?.querySelectorAll(".cell-editable, .cell-editing") ?? [])];

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const cell = target?.closest("td.cell-editable");
  if (!cell || target?.closest("a, button, input") || document.getSelection()?.toString()) return;
  openCell(cell);
});

/** @param {HTMLInputElement} input */
function leave(input) {
  const form = input.form;
  const cell = input.closest("td");
  if (!form || !cell || form.dataset.sending || "left" in form.dataset) return;
  form.dataset.left = "";
  window.htmx.ajax("GET", form.dataset.shownUrl, { target: cell, swap: "outerHTML" });
}

enhance("[data-cell-input]", (element) => {
  const input = /** @type {HTMLInputElement} */ (element);
  input.focus({ preventScroll: true });
  input.select();
  input.addEventListener("keydown", (event) => {
    const row = input.closest("tr");
    if (event.key === "Escape") {
      event.stopPropagation();
      comingBack = input.closest("td")?.querySelector("form")?.dataset.shownUrl ?? null;
      leave(input);
    } else if (event.key === "Enter") {
      comingBack = input.form?.dataset.shownUrl ?? null;
    } else if (event.key === "Tab" && row) {
      const place = editable(row).indexOf(/** @type {Element} */ (input.closest("td"))) + (event.shiftKey ? -1 : 1);
      if (place < 0 || place >= editable(row).length) return;
      event.preventDefault();
      goingOn = { row: row.id, place };
      if (input.value === input.defaultValue) leave(input);
      else input.form?.requestSubmit();
    }
  });
  input.form?.addEventListener("submit", () => { if (input.form) input.form.dataset.left = ""; });
  for (const kind of ["htmx:sendError", "htmx:responseError"]) {
    input.form?.addEventListener(kind, () => { if (input.form) delete input.form.dataset.left; });
  }
  input.addEventListener("blur", () => {
    // It also loses the focus when the answer takes its place; and the focus may only have gone to another window.
    if (!document.hasFocus() || !input.isConnected || !input.form || "left" in input.form.dataset) return;
    if (input.value === input.defaultValue && !input.hasAttribute("aria-invalid")) leave(input);
    else input.form?.requestSubmit();
  });
});

document.addEventListener("htmx:afterSettle", () => {
  if (document.querySelector("[data-cell-input][aria-invalid]")) {
    goingOn = comingBack = null;
    return;
  }
  if (goingOn) {
    const next = editable(document.getElementById(goingOn.row))[goingOn.place];
    goingOn = null;
    openCell(next);
  } else if (comingBack) {
    const address = comingBack.split("?")[0];
    comingBack = null;
    /** @type {HTMLElement | null} */ (document.querySelector(`[data-edit-url="${CSS.escape(address)}"] .cell-edit`))?.focus({ preventScroll: true });
  }
});
