/** Notifications by keyboard: from one to the next, and what is done with the present one. Which key does what, `keys` knows. */

const rows = () => [...document.querySelectorAll("[data-told] .list-row")];

/** @param {Element[]} all */
const present = (all) => all.findIndex((row) => row.contains(document.activeElement));

/** @param {Element | undefined} row */
const focus = (row) => /** @type {HTMLElement | null | undefined} */ (row?.querySelector("button.list-item"))?.focus();

/** Go on to another notification; false where there are none. @param {number} by */
export function moveAmong(by) {
  const all = rows();
  focus(all[Math.min(Math.max(present(all) + by, 0), all.length - 1)]);
  return all.length > 0;
}

/** Do something with the present notification; false where none is, or it cannot be done. @param {"read" | "away"} act */
export function doTo(act) {
  const all = rows();
  const at = present(all);
  const item = all[at]?.querySelector(`[data-act="${act}"]`);
  if (!(item instanceof HTMLElement)) return false;
  // The row may be gone in a moment: go on from the one below.
  if (act === "away") focus(all[at + 1] ?? all[at - 1]);
  item.click();
  return true;
}
