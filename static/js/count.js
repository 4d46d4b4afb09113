/** The blind count: what was counted so far, as an aid to the eye. The server counts again. */
import { enhance } from "counterfoil/enhance";

enhance("[data-count]", (form) => {
  const line = /** @type {HTMLElement | null} */ (form.querySelector("[data-count-sum]"));
  const output = line?.querySelector("output");
  if (!line || !output) return;
  const written = new Intl.NumberFormat(line.dataset.locale || "en", { style: "currency", currency: line.dataset.currency || "GBP" });
  const inputs = /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("[data-face]")]);
  const show = () => {
    // In thousandths, so that a thousand pennies do not drift.
    const sum = inputs.reduce((total, input) => total + Math.round(Number(input.dataset.face) * 1000) * (Number.parseInt(input.value, 10) || 0), 0);
    output.textContent = written.format(sum / 1000);
    line.hidden = false;
  };
  form.addEventListener("input", show);
  form.addEventListener("keydown", (event) => {
    const at = inputs.indexOf(/** @type {HTMLInputElement} */ (event.target));
    if (at < 0 || event.ctrlKey || event.metaKey || !["Enter", "ArrowDown", "ArrowUp"].includes(event.key)) return;
    const next = inputs[at + (event.key === "ArrowUp" ? -1 : 1)];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.select();
  });
  show();
});
