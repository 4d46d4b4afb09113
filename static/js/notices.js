/** The page of notifications by keyboard: J and K go from one to the next, U reads or unreads, E puts away. */

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target instanceof Element && event.target.matches("input, textarea, select")) return;
  const told = document.querySelector("[data-told]");
  if (!told) return;
  const rows = [...told.querySelectorAll(".list-row")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  if (event.key === "j" || event.key === "k") {
    const next = rows[Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), rows.length - 1)];
    /** @type {HTMLElement | null | undefined} */ (next?.querySelector("button.list-item"))?.focus();
  } else if ((event.key === "u" || event.key === "e") && at >= 0) {
    const act = rows[at].querySelector(`[data-key="${event.key}"]`);
    if (!(act instanceof HTMLElement)) return;
    // The row may be gone in a moment: go on from the one below.
    if (event.key === "e") /** @type {HTMLElement | null | undefined} */ ((rows[at + 1] ?? rows[at - 1])?.querySelector("button.list-item"))?.focus();
    act.click();
  }
});
