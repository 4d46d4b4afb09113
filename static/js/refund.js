/** Giving back: steps for each line, and everything at once. What it comes to, the server says. */
import { enhance } from "counterfoil/enhance";

/** @param {HTMLInputElement} input @param {number} wanted */
function set(input, wanted) {
  const most = Number(input.dataset.left);
  const value = Math.min(Math.max(wanted, 0), most);
  input.value = value ? String(Number(value.toFixed(3))) : "";
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

enhance("[data-refund]", (form) => {
  for (const button of form.querySelectorAll("[data-by], [data-everything]")) /** @type {HTMLElement} */ (button).hidden = false;
  form.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : form;
    const step = target.closest("[data-by]");
    const input = step?.parentElement?.querySelector("input");
    if (step instanceof HTMLElement && input) set(input, (Number(input.value) || 0) + Number(step.dataset.by));
    if (target.closest("[data-everything]")) {
      for (const one of form.querySelectorAll("input[data-left]")) set(/** @type {HTMLInputElement} */ (one), Number.MAX_SAFE_INTEGER);
    }
  });
});
