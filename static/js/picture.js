/** The picture of a product: shown at once when it was chosen, and taken wherever it is dropped on the page. */
import { enhance } from "counterfoil/enhance";

/** @param {DataTransfer | null} carried */
const carriesFile = (carried) => [...(carried?.types ?? [])].includes("Files");

enhance("[data-picture]", (zone) => {
  const input = /** @type {HTMLInputElement | null} */ (zone.querySelector("input[type=file]"));
  const box = zone.matches("[data-dropzone]") ? zone : zone.querySelector("[data-dropzone]");
  if (!input || !box) return;

  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (!file?.type.startsWith("image/")) return;
    const shown = box.querySelector("img") ?? document.createElement("img");
    const address = URL.createObjectURL(file);
    shown.addEventListener("load", () => URL.revokeObjectURL(address), { once: true });
    shown.className = "picture";
    shown.alt = "";
    shown.src = address;
    box.querySelector(".icon")?.remove();
    box.classList.add("dropzone-filled");
    box.prepend(shown);
  });

  // A picture that misses the box must not replace the page, with all that was typed into it.
  const page = /** @type {HTMLElement | null} */ (zone.closest("main"));
  page?.addEventListener("dragover", (event) => {
    if (carriesFile(event.dataTransfer)) event.preventDefault();
  });
  page?.addEventListener("drop", (event) => {
    if (!input.isConnected || event.target === input || !carriesFile(event.dataTransfer)) return;
    event.preventDefault();
    input.files = event.dataTransfer?.files ?? null;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
});
