/** Ctrl/Cmd+K: find and go. Pages come from the menu at once, records from the server; and the sheet of all keys. */
import { enhance } from "counterfoil/enhance";
import { announce, word } from "counterfoil/toast";
import { navigate } from "counterfoil/navigate";

const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById("palette"));
const input = /** @type {HTMLInputElement | null} */ (document.getElementById("palette-input"));
const list = document.getElementById("palette-list");
let turn = 0;
let timer = 0;

const fold = (/** @type {string} */ text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** @returns {HTMLAnchorElement[]} */
export const links = () => [...document.querySelectorAll("#menu .menu-link")].filter((link) => link instanceof HTMLAnchorElement);
const options = () => /** @type {HTMLElement[]} */ ([...(list?.querySelectorAll("[role=option]") ?? [])]);

export function open() {
  if (!dialog || !input || dialog.open) return;
  document.querySelectorAll("details[data-menu][open]").forEach((menu) => menu.removeAttribute("open"));
  input.value = "";
  dialog.showModal();
  input.focus();
  look();
}

/** @param {string} query */
function pages(query) {
  const words = fold(query).split(/\s+/).filter(Boolean);
  const found = links().filter((link) => words.every((part) => fold(link.textContent ?? "").includes(part))).slice(0, query ? 5 : 12);
  if (!found.length) return null;
  const group = document.createElement("div");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", word("go_to"));
  const head = document.createElement("p");
  head.className = "menu-label";
  head.setAttribute("aria-hidden", "true");
  head.textContent = word("go_to");
  group.append(head);
  for (const link of found) {
    const option = document.createElement("a");
    option.className = "palette-item";
    option.setAttribute("role", "option");
    option.href = link.href;
    const picture = link.querySelector("svg")?.cloneNode(true);
    const text = document.createElement("span");
    text.textContent = link.querySelector(".menu-link-label")?.textContent ?? "";
    option.append(...(picture ? [picture] : []), text);
    if (link.dataset.shortcut) option.append(keys(["G", link.dataset.shortcut.toUpperCase()]));
    group.append(option);
  }
  return group;
}

/** @param {string[]} names */
function keys(names) {
  const box = document.createElement("span");
  box.className = "keys";
  for (const name of names) box.append(Object.assign(document.createElement("kbd"), { textContent: name }));
  return box;
}

/** @param {number} index */
function choose(index) {
  const all = options();
  all.forEach((option, at) => {
    option.id ||= `palette-option-${at}-${turn}`;
    option.tabIndex = -1;
    option.setAttribute("aria-selected", String(at === index));
  });
  const chosen = all[index];
  if (chosen) input?.setAttribute("aria-activedescendant", chosen.id);
  else input?.removeAttribute("aria-activedescendant");
  chosen?.scrollIntoView({ block: "nearest" });
}

async function look() {
  if (!input || !list) return;
  const mine = ++turn;
  const query = input.value.trim();
  const local = pages(query);
  const kept = [...list.children].filter((child) => child.hasAttribute("data-found"));
  list.replaceChildren(...(local ? [local] : []), ...(query ? kept : []));
  choose(0);
  const url = document.body.dataset.paletteUrl;
  if (!url) return;
  try {
    const response = await fetch(`${url}?q=${encodeURIComponent(query)}`, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (mine !== turn || !response.ok) return;
    const found = new DOMParser().parseFromString(await response.text(), "text/html").body;
    if (mine !== turn) return;
    const groups = [...found.children];
    for (const group of groups) group.setAttribute("data-found", "");
    const empty = document.createElement("p");
    empty.className = "palette-empty";
    empty.setAttribute("role", "presentation");
    empty.textContent = word("no_result");
    // What was typed most likely names a record, so records come before pages once there is a query.
    const parts = query ? [...groups, ...(local ? [local] : [])] : [...(local ? [local] : []), ...groups];
    list.replaceChildren(...(parts.length ? parts : [empty]));
    if (!parts.length) announce(word("no_result"));
    choose(0);
  } catch {
    // Without the network the pages of the menu still answer.
  }
}

input?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = window.setTimeout(look, 90);
});
input?.addEventListener("keydown", (event) => {
  const all = options();
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose((at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % Math.max(all.length, 1));
  } else if (event.key === "Enter") {
    event.preventDefault();
    all[Math.max(at, 0)]?.click();
  } else if (event.key === "?" && !input.value) {
    event.preventDefault();
    dialog?.close();
    sheet();
  }
});
list?.addEventListener("pointermove", (event) => {
  const option = event.target instanceof Element ? event.target.closest("[role=option]") : null;
  if (option instanceof HTMLElement && option.getAttribute("aria-selected") !== "true") choose(options().indexOf(option));
});
list?.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("a")) dialog?.close();
});
enhance("[data-palette-open]", (button) => button.addEventListener("click", open));

/** Show all keys. */
export function sheet() {
  const shortcuts = document.getElementById("shortcuts");
  const target = shortcuts?.querySelector("[data-shortcut-list]");
  if (!(shortcuts instanceof HTMLDialogElement) || !target || shortcuts.open) return;
  target.querySelectorAll("[data-from-menu]").forEach((row) => row.remove());
  for (const link of links().filter((one) => one.dataset.shortcut)) {
    const row = document.createElement("div");
    row.dataset.fromMenu = "";
    const name = document.createElement("dt");
    name.textContent = link.querySelector(".menu-link-label")?.textContent ?? "";
    const value = document.createElement("dd");
    value.append(keys(["G", (link.dataset.shortcut ?? "").toUpperCase()]));
    row.append(name, value);
    target.append(row);
  }
  shortcuts.showModal();
}
