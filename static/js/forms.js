/** Forms: no double submit, no lost typing, focus on what is wrong, small conveniences. */
import { enhance } from "counterfoil/enhance";
import { announce, word } from "counterfoil/toast";
import { ask } from "counterfoil/dialogs";

/** Forms that were typed into and not sent. @type {Set<HTMLFormElement>} */
const touched = new Set();

/** @param {HTMLFormElement} form */
const guarded = (form) => (form.getAttribute("method") ?? "get").toLowerCase() === "post" && !("noGuard" in form.dataset) && !form.closest("dialog, .till, .bare-card");

document.addEventListener("input", (event) => {
  const form = /** @type {HTMLInputElement} */ (event.target).form;
  if (form && guarded(form)) touched.add(form);
});

/** Whether leaving now would lose what was typed. */
export function hasUnsaved() {
  for (const form of touched) if (!form.isConnected) touched.delete(form);
  return touched.size > 0;
}

/** Ask before leaving; true when it is all right to leave. */
export async function mayLeave() {
  if (!hasUnsaved()) return true;
  if (!(await ask(word("unsaved")))) return false;
  touched.clear();
  return true;
}

window.addEventListener("beforeunload", (event) => {
  if (hasUnsaved()) event.preventDefault();
});

/** @param {Element | null | undefined} button */
function busy(button) {
  button?.setAttribute("data-busy", "");
}

// One press, one request: a second submit of the same form is dropped while the first is on its way.
document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (event.defaultPrevented && !form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete], [hx-get]")) return;
  if (form.method === "dialog") return;
  if (form.dataset.sending) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  touched.delete(form);
  if ((form.getAttribute("method") ?? "get").toLowerCase() !== "post" || "allowRepeat" in form.dataset) return;
  form.dataset.sending = "yes";
  const submitter = /** @type {SubmitEvent} */ (event).submitter;
  busy(submitter?.classList.contains("button") ? submitter : form.querySelector(".button-primary[type=submit]"));
  // A download answers without leaving the page, so a native post must not stay locked for good.
  if (!form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]")) setTimeout(() => release(form), 8000);
}, true);

/** @param {Element} form */
export function release(form) {
  if (!(form instanceof HTMLFormElement)) return;
  delete form.dataset.sending;
  for (const button of form.querySelectorAll("[data-busy]")) button.removeAttribute("data-busy");
  if (form.id) for (const button of document.querySelectorAll(`[form="${CSS.escape(form.id)}"][data-busy]`)) button.removeAttribute("data-busy");
}

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target instanceof Element) release(event.target.closest("form") ?? event.target);
});
for (const kind of ["htmx:validation:halted", "htmx:abort", "htmx:sendAbort"]) {
  document.addEventListener(kind, (event) => { if (event.target instanceof Element) release(event.target); });
}
// A form that came back with faults is still unsaved.
document.addEventListener("htmx:afterSwap", (event) => {
  const { xhr, elt } = /** @type {CustomEvent} */ (event).detail;
  if (xhr?.status !== 422 || !(elt instanceof Element)) return;
  const form = elt.matches("form") ? elt : elt.querySelector("form");
  if (form instanceof HTMLFormElement && guarded(form)) touched.add(form);
});
// A page restored by the back button must not come back with its buttons locked.
window.addEventListener("pageshow", () => { for (const form of document.forms) release(form); });

// Empty filters make addresses nobody can read.
document.addEventListener("htmx:configRequest", (event) => {
  const form = event.target instanceof Element ? event.target.closest("form[data-trim-empty]") : null;
  if (!form) return;
  const parameters = /** @type {CustomEvent} */ (event).detail.formData;
  for (const [name, value] of [...parameters.entries()]) if (value === "") parameters.delete(name);
});

enhance("[data-focus]", (element) => {
  element.focus();
  element.scrollIntoView({ block: "center" });
  announce(element.textContent?.replace(/\s+/g, " ").trim() ?? "");
});

enhance("[data-reveal]", (button) => {
  button.addEventListener("click", () => {
    const input = document.getElementById(button.dataset.reveal ?? "");
    if (!(input instanceof HTMLInputElement)) return;
    const hidden = input.type === "password";
    input.type = hidden ? "text" : "password";
    button.setAttribute("aria-pressed", String(hidden));
    const use = button.querySelector("use");
    use?.setAttribute("href", (use.getAttribute("href") ?? "").replace(/#.*/, hidden ? "#eye-off" : "#eye"));
  });
});

enhance("[data-dropzone]", (zone) => {
  const input = /** @type {HTMLInputElement | null} */ (zone.querySelector("input[type=file]"));
  const name = zone.querySelector("[data-dropzone-name]");
  for (const kind of ["dragenter", "dragover"]) zone.addEventListener(kind, () => { zone.dataset.over = ""; });
  for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => { delete zone.dataset.over; });
  input?.addEventListener("change", () => {
    if (!input.files?.length) return;
    if (name) name.textContent = [...input.files].map((file) => file.name).join(", ");
    // A file the server would refuse is refused here, before it is sent for minutes.
    const tooLarge = [...input.files].some((file) => file.size > Number(input.dataset.largest ?? Infinity));
    input.setCustomValidity(tooLarge ? input.dataset.tooLarge ?? "" : "");
    if (name && tooLarge) name.textContent = input.validationMessage;
    zone.toggleAttribute("data-wrong", tooLarge);
    if (tooLarge) input.reportValidity();
  });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = event.target instanceof HTMLElement ? event.target.closest("form") : null;
  if (form) {
    event.preventDefault();
    form.requestSubmit();
  }
});
