/**
 * The till: scanner, keys, undo, and a cart that survives a reload. What the cart costs is the server's business: every
 * step posts the whole cart and swaps in the answer, one step after the other, so that no scan overtakes another.
 */
import { enhance } from "counterfoil/enhance";
import { scannerBeside } from "counterfoil/scanner";
import { beep } from "counterfoil/sound";
import { toast } from "counterfoil/toast";

const SEARCH_PAUSE_MS = 140;
const MOST_UNDO = 30;
const NOT_OF_THE_CART = new Set(["csrf_token", "q", "customer_q", "mode", "amount", "reference", "do", "tender"]);

/** @typedef {Array<[string, string]>} Snapshot */

enhance("[data-till]", (till) => {
  /** @type {Record<string, string>} */
  const words = JSON.parse(document.getElementById("till-words")?.textContent ?? "{}");
  const cartUrl = till.dataset.cartUrl ?? "";
  const payUrl = till.dataset.payUrl ?? "";
  const store = till.dataset.store ?? "till";
  const search = /** @type {HTMLInputElement} */ (till.querySelector("[data-till-search]"));
  const scanner = scannerBeside(search);
  /** @type {Snapshot[]} */
  const past = [];
  let chain = Promise.resolve();
  let status = 200;
  /** What the cart held when a colleague was asked to approve a step. @type {{before: Snapshot, undo: string} | null} */
  let asked = null;
  /** The line in hand, by its id: it stays in hand when an answer names none, such as that of an unknown code. */
  let inHand = "";

  const form = () => /** @type {HTMLFormElement} */ (document.getElementById("cart"));
  const mode = () => form().dataset.mode ?? "cart";
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement | null} */ (form().elements.namedItem(name));
  const key = () => field("key")?.value ?? "";
  const hasKeyboard = () => window.matchMedia("(pointer: fine)").matches;
  const lines = () => /** @type {HTMLElement[]} */ ([...form().querySelectorAll("[data-line]")]);
  const current = () => form().querySelector("[data-line][data-current]") ?? lines().at(-1) ?? null;

  /** What the cart holds, to be kept or brought back. @returns {Snapshot} */
  function snapshot() {
    return [...new FormData(form())].flatMap(([name, value]) => (NOT_OF_THE_CART.has(name) || typeof value !== "string" ? [] : [[name, value]]));
  }

  function keep() {
    try {
      if (Number(form().dataset.lines)) localStorage.setItem(store, JSON.stringify(snapshot()));
      else localStorage.removeItem(store);
    } catch {
      // A browser that keeps nothing still sells.
    }
  }

  /** The place of a variant in the cart now. @param {string} variant */
  function placeOf(variant) {
    const line = document.getElementById(`line-${variant}`);
    return line?.dataset.line ?? null;
  }

  /**
   * Post the cart with what a button says, after all that was pressed before.
   * @param {Record<string, string>} values
   * @param {{url?: string, variant?: string, from?: Snapshot, undo?: string}} [options]
   */
  function act(values, { url = cartUrl, variant = "", from, undo = "" } = {}) {
    const pressedFor = key();
    chain = chain.then(async () => {
      if (!till.isConnected || (url === payUrl && key() !== pressedFor)) return;
      const sent = new FormData();
      for (const [name, value] of from ?? [...new FormData(form())]) sent.append(name, value);
      sent.delete("q");
      for (const [name, value] of Object.entries(values)) sent.set(name, value);
      if (variant) {
        const place = placeOf(variant);
        if (place === null) return;
        sent.set("do", `${values.do}:${place}`);
      }
      const before = snapshot();
      status = 0;
      await window.htmx.ajax("POST", url, { source: till, target: "#cart", swap: "morph:outerHTML", values: sent });
      if (status === 422 || status === 404) { form().reset(); asked = { before: snapshot(), undo }; }
      if (status >= 200 && status < 300) {
        const amount = field("amount");
        // The field may have kept the focus, and with it what was typed: that was this tender, not the next.
        if (url === payUrl && amount) amount.value = "";
        if (!from) taken(before, undo);
      }
      settle();
    }).catch(() => {});
    return chain;
  }

  /** A step that was taken can be undone, but for a sale. @param {Snapshot} before @param {string} message */
  function taken(before, message) {
    if (mode() === "sold") past.length = 0;
    if (mode() === "sold" || JSON.stringify(before) === JSON.stringify(snapshot())) return;
    past.push(before);
    if (past.length > MOST_UNDO) past.shift();
    if (message) toast(message, { onUndo: undo });
  }

  function undo() {
    const before = past.pop();
    if (before) act({ do: "restore" }, { from: before });
  }

  function holdLine() {
    const named = form().querySelector("[data-line][data-current]");
    if (named) inHand = named.id;
    else document.getElementById(inHand)?.setAttribute("data-current", "");
  }

  /** How many of it the cart holds, on each tile; the cart itself says it to those who listen. */
  function countTiles() {
    const held = new Map(lines().map((line) => [line.id, /** @type {HTMLInputElement | null} */ (line.querySelector("[data-quantity]"))?.value ?? ""]));
    for (const tile of /** @type {NodeListOf<HTMLButtonElement>} */ (till.querySelectorAll(".tile"))) {
      const count = mode() === "cart" ? held.get(tile.value.replace("add:", "line-")) : undefined;
      let mark = tile.querySelector(".tile-count");
      if (count && !mark) {
        mark = document.createElement("span");
        mark.className = "tile-count";
        mark.setAttribute("aria-hidden", "true");
        tile.append(mark);
      }
      if (count && mark) mark.textContent = count;
      else mark?.remove();
    }
  }

  /** After an answer: keep the cart, and put the focus where the next key belongs. */
  function settle() {
    keep();
    holdLine();
    countTiles();
    const now = mode();
    if (now !== "cart") till.dataset.cart = "open";
    form().querySelector("[data-new]")?.scrollIntoView({ block: "nearest" });
    if (now === "sold") /** @type {HTMLElement | null} */ (form().querySelector("[data-new-sale]"))?.focus();
    else if (now === "pay" && hasKeyboard()) /** @type {HTMLElement | null} */ (form().querySelector("[data-till-amount], [data-enter]"))?.focus();
    else if (hasKeyboard() && (document.activeElement === document.body || form().contains(document.activeElement))) search.focus();
  }

  till.addEventListener("htmx:afterRequest", (event) => {
    if (event.target === till) status = /** @type {CustomEvent} */ (event).detail.xhr.status;
  });

  till.addEventListener("till-approved", () => { if (asked) taken(asked.before, asked.undo); settle(); });

  // Finding products
  let timer = 0;
  /** @param {string} url */
  const show = (url) => window.htmx.ajax("GET", url, { source: search, target: "#products", swap: "outerHTML" }).then(countTiles);

  /** What is found is of no category, and without a search the favorites are shown. @param {Element | null | undefined} chosen */
  function choose(chosen) {
    for (const tab of till.querySelectorAll(".till-tab")) tab.setAttribute("aria-pressed", String(tab === chosen));
  }

  /** @param {string} q */
  function look(q) {
    clearTimeout(timer);
    choose(q ? null : till.querySelector(".till-tab"));
    const url = search.dataset.url ?? "";
    return show(q ? `${url}?q=${encodeURIComponent(q)}` : url);
  }

  function clearSearch() {
    clearTimeout(timer);
    const searched = search.value !== "" || till.querySelector("[data-till-products][data-found]") !== null;
    search.value = "";
    if (searched && till.querySelector("[data-found]")) look("");
  }

  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => look(search.value.trim()), SEARCH_PAUSE_MS);
  });

  /** @param {string} code */
  function find(code) {
    if (!code) return;
    clearTimeout(timer);
    // At once, not with the answer: the next code may be on its way into the field by then.
    search.value = "";
    let hasSeveral = false;
    const note = () => { hasSeveral = true; };
    till.addEventListener("till-choose", note, { once: true });
    act({ do: "find", q: code }).then(async () => {
      till.removeEventListener("till-choose", note);
      if (hasSeveral) {
        if (!search.value) search.value = code;
        await look(code);
        /** @type {HTMLElement | null} */ (till.querySelector(".tile"))?.focus();
      } else if (status === 200) {
        if (!search.value && till.querySelector("[data-found]")) look("");
      } else if (!search.value) {
        search.value = code;
        search.select();
      }
    });
  }

  till.addEventListener("till-unknown", beep);

  // Buttons: every submit of the cart goes through the queue, but for those that leave the page.
  document.addEventListener("submit", (event) => {
    const { submitter } = /** @type {SubmitEvent} */ (event);
    if (!till.isConnected || event.target !== form() || (submitter instanceof HTMLElement && "plain" in submitter.dataset)) return;
    event.preventDefault();
    press(/** @type {HTMLButtonElement | null} */ (submitter));
  });

  /** @param {HTMLButtonElement | null} button */
  function press(button) {
    if (button && "pay" in button.dataset) return void act(button.name ? { [button.name]: button.value } : {}, { url: payUrl });
    const said = button?.name === "do" ? button.value : "update";
    const [verb] = said.split(":");
    if (verb === "find") find(search.value.trim());
    else if (verb === "category") {
      choose(button);
      search.value = "";
      show(button?.dataset.url ?? "");
    } else if (["plus", "minus", "remove", "full-price"].includes(verb)) {
      // By where the button stands: a button that has the focus keeps its old value while the lines around it move.
      change(verb, button?.closest("[data-line]"));
    } else if (verb === "clear") act({ do: "clear" }, { undo: words.cleared });
    else {
      if (verb === "new") till.dataset.cart = "";
      act({ do: said });
      if (verb === "add" && search.value) clearSearch();
    }
  }

  /** @param {string} verb @param {Element | null | undefined} line */
  function change(verb, line) {
    if (!(line instanceof HTMLElement) || mode() !== "cart") return;
    const gone = verb === "remove" || (verb === "minus" && Number(line.querySelector("input[data-quantity]")?.getAttribute("value")) <= 1);
    act({ do: verb }, { variant: line.id.replace("line-", ""), undo: gone ? words.removed : "" });
  }

  till.addEventListener("change", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.matches("[data-quantity]")) act({ do: "update" });
  });

  till.addEventListener("click", (event) => {
    const pad = event.target instanceof Element ? event.target.closest("[data-key]") : null;
    const amount = /** @type {HTMLInputElement | null} */ (form().querySelector("[data-till-amount]"));
    if (pad instanceof HTMLElement && amount) amount.value = pad.dataset.key === "back" ? amount.value.slice(0, -1) : amount.value + pad.dataset.key;
  });

  /** @param {string} method */
  function tender(method) {
    if (mode() === "sold" || !Number(form().dataset.lines)) return;
    act({ tender: method }, { url: payUrl });
  }

  /** Open a panel and go to its field. @param {Element | null | undefined} details @param {string} wanted */
  function open(details, wanted) {
    if (!(details instanceof HTMLDetailsElement)) return;
    details.open = true;
    const input = /** @type {HTMLInputElement | null} */ (details.querySelector(wanted));
    input?.focus(); input?.select();
    details.closest(".cart-line")?.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} by */
  function move(by) {
    const all = lines();
    const at = all.indexOf(/** @type {HTMLElement} */ (current()));
    const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
    for (const line of all) line.toggleAttribute("data-current", line === next);
    inHand = next?.id ?? "";
    next?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  function tiles(event) {
    const all = /** @type {HTMLElement[]} */ ([...till.querySelectorAll(".tile")]);
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (at < 0) {
      if (event.key === "ArrowDown" && event.target === search) all[0]?.focus();
      return event.key === "ArrowDown" && event.target === search;
    }
    const across = all.filter((tile) => tile.offsetTop === all[0].offsetTop).length || 1;
    const to = at + ({ ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key] ?? 0);
    (to < 0 ? search : all[Math.min(to, all.length - 1)]).focus();
    return true;
  }

  /** What Enter means in a field. @param {HTMLElement} target */
  function enter(target) {
    if (target === search) find(search.value.trim());
    else if (target.matches("[data-till-amount]")) /** @type {HTMLElement | null} */ (form().querySelector("[data-enter]"))?.click();
    else if (target.matches("#till-customer-q")) /** @type {HTMLElement | null} */ (form().querySelector("#customers button"))?.click();
    else if (target.matches("input") && form().contains(target)) {
      target.closest("details")?.removeAttribute("open");
      act({ do: "update" }).then(() => search.focus());
    } else if (mode() === "sold" && target === document.body) /** @type {HTMLElement | null} */ (form().querySelector("[data-enter]"))?.click();
    else return false;
    return true;
  }

  /** @type {Record<string, () => void>} */
  const KEYS = {
    F1: () => { const dialog = document.getElementById("till-keys"); if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal(); },
    F2: () => { search.focus(); search.select(); },
    F3: () => open(form().querySelector("[data-till-customer]"), "input"),
    F4: () => open(current()?.querySelector("details"), "[data-discount-value]"),
    F6: () => { const input = /** @type {HTMLInputElement | null} */ (current()?.querySelector("[data-quantity]") ?? null); input?.focus(); input?.select(); },
    F7: () => open(form().querySelector("[data-cart-discount]"), "[data-discount-value]"),
    F8: () => tender("cash"),
    F9: () => tender("card"),
    F10: () => { if (mode() === "cart" && Number(form().dataset.lines)) act({ do: "pay" }); },
  };

  /** Take a code that a scanner typed, wherever it went. @param {KeyboardEvent} event */
  function scanned(event) {
    const code = scanner.code(event);
    find(code);
    return code !== "";
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (!till.isConnected) {
      document.removeEventListener("keydown", onKey, true);
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    const typing = target.matches("input, textarea, select");
    const idle = !typing || (target === search && search.value === "");
    let done = true;
    if (KEYS[event.key] && !event.ctrlKey && !event.altKey && !event.metaKey) KEYS[event.key]();
    else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) move(event.key === "ArrowUp" ? -1 : 1);
    else if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && idle) undo();
    else if (event.altKey && "sl".includes(event.key.toLowerCase())) /** @type {HTMLElement | null} */ (till.querySelector(`[aria-keyshortcuts="Alt+${event.key.toUpperCase()}"]`))?.click();
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === "Enter") done = scanned(event) || enter(target);
    else if (event.key === "Escape") done = escape(target);
    else if (event.key === "Delete" && idle) change("remove", current());
    else if (["NumpadAdd", "NumpadSubtract"].includes(event.code) && idle) change(event.code === "NumpadAdd" ? "plus" : "minus", current());
    else if ((event.key === "+" || event.key === "-") && !typing) change(event.key === "+" ? "plus" : "minus", current());
    else if (event.key.startsWith("Arrow") && (target === search || target.matches(".tile"))) done = tiles(event);
    else {
      done = false;
      if (event.key.length === 1) {
        scanner.gather(event);
        // Typing anywhere is searching; a person need not aim.
        if (!typing && mode() !== "pay" && /[\p{L}\p{N}]/u.test(event.key)) search.focus();
      }
    }
    if (done) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }

  /** @param {HTMLElement} target */
  function escape(target) {
    const panel = target.closest("details[open]") ?? till.querySelector("details[open]");
    if (panel) {
      panel.removeAttribute("open");
      search.focus();
    } else if (mode() === "pay") act({ do: "back" });
    else if (search.value || till.querySelector("[data-found]")) {
      search.value = "";
      look("");
      search.focus();
    } else search.focus();
    return true;
  }
  document.addEventListener("keydown", onKey, true);

  // What was in the cart when the page went away.
  try {
    const kept = JSON.parse(localStorage.getItem(store) ?? "null");
    if (Array.isArray(kept) && kept.length && !Number(form().dataset.lines)) {
      act({ do: "restore" }, { from: kept }).then(() => { if (status === 200) toast(words.restored, { level: "info" }); });
    } else keep();
  } catch {
    localStorage.removeItem(store);
  }
  if (hasKeyboard()) search.focus();
  else search.blur();
});
