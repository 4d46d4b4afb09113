/**
 * The keys that work everywhere. Which key does what, each person chooses (retail/core/shortcuts.py); the page brings it.
 * They rest while somebody types or a dialog is open.
 */
import { navigate } from "counterfoil/navigate";
import { links, open, sheet } from "counterfoil/palette";
import { openCell } from "counterfoil/cells";
import { doTo, moveAmong } from "counterfoil/notices";
import { chooseAll, choosePresent, moveTo, openPresent, presentRow } from "counterfoil/table";

const WAIT = 1500;
/** @type {Record<string, string>} */
const chosen = JSON.parse(document.getElementById("keys")?.textContent ?? "{}");

/** @param {string} selector */
function press(selector) {
  const element = /** @type {HTMLElement | null} */ (document.querySelector(selector));
  element?.click();
  return Boolean(element);
}

/** What each does; false when there was nothing to do, so that the key stays the browser's. @type {Record<string, () => boolean | void>} */
const acts = {
  help: sheet,
  manual: () => press("#page [data-manual]"),
  new: () => press("#page .page-actions a.button-primary"),
  search: () => {
    const field = /** @type {HTMLInputElement | null} */ (document.querySelector("#page [data-list-search]"));
    if (field) {
      field.focus();
      field.select();
    } else open();
  },
  "list.next": () => moveTo(1) || moveAmong(1),
  "list.previous": () => moveTo(-1) || moveAmong(-1),
  "list.choose": choosePresent,
  "list.choose_all": chooseAll,
  "list.open": () => {
    if (document.activeElement && document.activeElement !== document.body || !presentRow()) return false;
    openPresent();
  },
  "list.edit": () => openCell(presentRow()?.querySelector(".cell-editable:not(.cell-title)") ?? presentRow()?.querySelector(".cell-editable")),
  "list.filter": () => {
    const panel = /** @type {HTMLDetailsElement | null} */ (document.querySelector("#page .filter-menu"));
    if (!panel) return false;
    panel.open = true;
    /** @type {HTMLElement | null} */ (panel.querySelector(".filter-panel :is(input, select)"))?.focus();
  },
  "list.columns": () => press("#page [data-listing] [data-dialog-open$='-columns']"),
  "list.forward": () => press("#page .pagination a[rel=next]"),
  "list.back": () => press("#page .pagination a[rel=prev]"),
  "notice.read": () => doTo("read"),
  "notice.away": () => doTo("away"),
};

/** @param {string} key */
const named = (key) => Object.keys(acts).find((name) => chosen[name] && (chosen[name] === key || chosen[name].toLowerCase() === key.toLowerCase()));

let waitingForLetter = 0;
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    const dialog = document.getElementById("palette");
    if (dialog instanceof HTMLDialogElement && dialog.open) dialog.close();
    else open();
    return;
  }
  const target = event.target instanceof HTMLElement ? event.target : null;
  const typing = target?.matches("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  if (typing || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (waitingForLetter && Date.now() - waitingForLetter < WAIT) {
    waitingForLetter = 0;
    const link = links().find((one) => one.dataset.shortcut?.toLowerCase() === event.key.toLowerCase());
    if (link) {
      event.preventDefault();
      navigate(link.href);
    }
    return;
  }
  if (event.key === "g") {
    waitingForLetter = Date.now();
    return;
  }
  const name = named(event.key);
  // A button or link that has the focus is pressed by its own Enter.
  if (!name || (event.key === "Enter" && target && target !== document.body)) return;
  if (acts[name]() !== false) event.preventDefault();
});
