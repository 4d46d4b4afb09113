/** Dialogs, drop-down menus, and questions before what cannot be undone. */
import { enhance } from "counterfoil/enhance";

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  const opener = target.closest("[data-dialog-open]");
  if (opener) {
    const dialog = document.getElementById(opener.getAttribute("data-dialog-open") ?? "");
    if (dialog instanceof HTMLDialogElement) dialog.showModal();
  }
  if (target.closest("[data-shortcuts-open]")) {
    const dialog = document.getElementById("shortcuts");
    if (dialog instanceof HTMLDialogElement) dialog.showModal();
  }
  if (target.closest("[data-dialog-close]")) target.closest("dialog")?.close();
  // A click on the backdrop arrives at the dialog itself, outside its box.
  if (target instanceof HTMLDialogElement && target.open) {
    const box = target.getBoundingClientRect();
    const { clientX: x, clientY: y } = /** @type {MouseEvent} */ (event);
    const outside = x < box.left || x > box.right || y < box.top || y > box.bottom;
    if (outside && (x || y)) target.close();
  }
  for (const menu of document.querySelectorAll("details[data-menu][open], details[data-popover][open]")) {
    const inside = menu.contains(target);
    if (!inside || (target.closest(".menu-item") && menu.matches("[data-menu]"))) menu.removeAttribute("open");
  }
  if (target.closest("[data-sheet-toggle]")) {
    const till = target.closest(".till");
    if (till instanceof HTMLElement) till.dataset.cart = till.dataset.cart === "open" ? "" : "open";
  }
});

enhance("dialog[data-open]", (dialog) => /** @type {HTMLDialogElement} */ (dialog).showModal());

document.addEventListener("keydown", (event) => {
  const menu = event.target instanceof Element ? event.target.closest("details[data-menu][open], details[data-popover][open]") : null;
  if (!menu) return;
  if (event.key === "Escape") {
    menu.removeAttribute("open");
    menu.querySelector("summary")?.focus();
    event.stopPropagation();
    return;
  }
  if (!["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
  const items = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll(".menu-panel a, .menu-panel button")]);
  if (!items.length) return;
  event.preventDefault();
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const next = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }[event.key] ?? 0;
  items.at(next % items.length)?.focus();
});

/**
 * Ask, and answer true or false.
 * @param {string} question
 * @returns {Promise<boolean>}
 */
export function ask(question) {
  const dialog = document.getElementById("confirm-dialog");
  if (!(dialog instanceof HTMLDialogElement)) return Promise.resolve(window.confirm(question));
  const text = dialog.querySelector(".dialog-question");
  if (text) text.textContent = question;
  dialog.returnValue = "";
  dialog.showModal();
  /** @type {HTMLElement | null} */ (dialog.querySelector("[data-confirm-yes]"))?.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirm"), { once: true });
  });
}

// Capture, so that the question comes before htmx or the double-submit guard see the form.
document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const submitter = /** @type {SubmitEvent} */ (event).submitter;
  const question = submitter?.dataset.confirm ?? form.dataset.confirm;
  if (!question || form.dataset.confirmed === "yes") {
    delete form.dataset.confirmed;
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  ask(question).then((yes) => {
    if (!yes) return;
    form.dataset.confirmed = "yes";
    form.requestSubmit(submitter instanceof HTMLElement && submitter.isConnected ? submitter : null);
  });
}, true);

document.addEventListener("htmx:confirm", (event) => {
  const { question, issueRequest } = /** @type {CustomEvent} */ (event).detail;
  if (!question) return;
  event.preventDefault();
  const form = event.target instanceof HTMLFormElement ? event.target : null;
  ask(question).then((yes) => {
    if (yes) issueRequest(true);
    else form?.dispatchEvent(new CustomEvent("htmx:abort", { bubbles: true }));
  });
});
