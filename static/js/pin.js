/** PINs: a pad for fingers beside the field, and the manager's approval that comes as a dialog above the till. */
import { enhance } from "counterfoil/enhance";
import "counterfoil/dialogs";

enhance("[data-pin]", (box) => {
  const input = /** @type {HTMLInputElement} */ (box.querySelector("input"));
  const pad = /** @type {HTMLElement | null} */ (box.querySelector("[data-pin-pad]"));
  if (pad) pad.hidden = false;
  pad?.addEventListener("click", (event) => {
    const key = event.target instanceof Element ? event.target.closest("[data-digit]")?.getAttribute("data-digit") : null;
    if (!key) return;
    if (key === "clear") input.value = "";
    else if (key === "back") input.value = input.value.slice(0, -1);
    else if (input.value.length < input.maxLength) input.value += key;
  });
  // After choosing who one is, the next key is the PIN's.
  input.form?.addEventListener("change", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.type === "radio" && !event.target.matches(":focus-visible")) input.focus();
  });
});

enhance("[data-approve]", (form) => {
  const input = /** @type {HTMLInputElement | null} */ (form.querySelector("[data-pin] input"));
  // The dialog opens with the form; where it is swapped in again after a wrong PIN, the field has to be asked anew.
  requestAnimationFrame(() => input?.focus());
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, xhr } = /** @type {CustomEvent} */ (event).detail;
  if (!(elt instanceof Element) || !elt.matches("[data-approve]") || xhr.status >= 400 || !xhr.status) return;
  elt.closest("dialog")?.close();
  document.querySelector("[data-till]")?.dispatchEvent(new Event("till-approved"));
});
// What is no longer asked must not stay in the page with all that was sent.
document.addEventListener("close", (event) => {
  if (event.target instanceof HTMLDialogElement && event.target.id === "approval-dialog") event.target.remove();
}, true);
