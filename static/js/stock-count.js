/**
 * Counting on a phone: what is scanned is kept in the browser first and sent one by one, so that neither a lost
 * connection nor a reload loses a scan. Each has a key of its own (sent twice, it counts once) and says how old it is.
 * An answer that asking again does not change (signed out, not allowed, no such count) is said; the scans are kept.
 */
import { enhance } from "counterfoil/enhance";
import { beep } from "counterfoil/sound";

const AGAIN_AFTER_MS = 4000;

/** @typedef {{ key: string, q: string, quantity: string, at: number }} Scan */

/** Works on plain HTTP too, where a shop's own network is served. */
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

enhance("[data-stock-count]", (element) => {
  const form = /** @type {HTMLFormElement} */ (element);
  const place = `stock-count-${form.dataset.stockCount ?? ""}`;
  const code = /** @type {HTMLInputElement} */ (form.elements.namedItem("q"));
  const quantity = /** @type {HTMLInputElement} */ (form.elements.namedItem("quantity"));
  const token = /** @type {HTMLInputElement} */ (form.elements.namedItem("csrf_token"));
  const waiting = /** @type {HTMLElement} */ (form.querySelector("[data-count-waiting]"));
  let sending = false;
  let refused = false;

  /** @returns {Scan[]} */
  const queue = () => JSON.parse(localStorage.getItem(place) ?? "[]");

  /** @param {Scan[]} scans */
  function keep(scans) {
    if (scans.length) localStorage.setItem(place, JSON.stringify(scans));
    else localStorage.removeItem(place);
    waiting.hidden = scans.length === 0;
    waiting.classList.toggle("tone-danger-text", refused);
    waiting.textContent = ((refused ? waiting.dataset.refused : waiting.dataset.words) ?? "").replace("{n}", String(scans.length));
  }

  /** @param {Scan} scan @returns {Promise<boolean>} whether the server has answered for it */
  async function send(scan) {
    const body = new FormData();
    for (const [name, value] of Object.entries({ q: scan.q, quantity: scan.quantity, key: scan.key, csrf_token: token.value })) body.set(name, value);
    body.set("age", String(Math.max(Date.now() - scan.at, 0)));
    const answer = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" }, credentials: "same-origin" });
    refused = answer.redirected || (answer.status >= 400 && answer.status < 500 && answer.status !== 422 && answer.status !== 429);
    if (refused) beep();
    if (refused || (answer.status !== 200 && answer.status !== 422)) return false;
    const state = document.getElementById("count-state");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("count-state");
    if (!state || !page) return false;
    state.replaceWith(page);
    window.htmx.process(page);
    if (answer.status === 422) beep();
    return true;
  }

  async function flush() {
    if (sending || !form.isConnected) return;
    sending = true;
    try {
      for (let next = queue()[0]; next; next = queue()[0]) {
        if (!(await send(next))) break;
        const done = next.key;
        keep(queue().filter((scan) => scan.key !== done));
      }
    } catch {
      // No connection: what waits is kept, and tried again.
    } finally {
      sending = false;
      keep(queue());
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    const q = code.value.trim();
    if (!q) return;
    keep([...queue(), { key: newKey(), q, quantity: quantity.value.trim() || "1", at: Date.now() }]);
    code.value = "";
    quantity.value = "1";
    code.focus();
    flush();
  });

  const timer = window.setInterval(() => {
    if (!form.isConnected) window.clearInterval(timer);
    else if (queue().length && !refused) flush();
  }, AGAIN_AFTER_MS);
  window.addEventListener("online", flush);
  // Somebody may have signed in again in the meantime.
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flush(); });
  keep(queue());
  flush();
});
