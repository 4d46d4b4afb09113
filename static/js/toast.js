/**
 * Short messages at the foot of the screen, and the words the other modules say.
 */

/** @type {Record<string, string>} */
const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

/** A phrase in the reader's language, written into the page by the server. @param {string} key */
export function word(key) {
  return words[key] ?? key;
}

/** Say something to screen readers only. @param {string} text */
export function announce(text) {
  const region = document.getElementById("announcer");
  if (!region) return;
  region.textContent = "";
  // A live region is only read when its content changes after it was empty.
  setTimeout(() => { region.textContent = text; }, 60);
}

const PICTURES = { success: "circle-check", info: "info-circle", warning: "alert-triangle", danger: "alert-triangle" };

/**
 * Show a message. Errors stay until dismissed; others go after six seconds, or ten with an undo.
 * @param {string} message
 * @param {{level?: string, undoUrl?: string | null, onUndo?: (() => void) | null, action?: string}} [options] `action`: what the button says instead of “Undo”
 */
export function toast(message, { level = "success", undoUrl = null, onUndo = null, action = "" } = {}) {
  const region = document.getElementById("toasts");
  const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById("toast-template"));
  if (!region || !template || !message) return;
  const tone = { message: "success", error: "danger" }[level] ?? level;
  const element = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  element.classList.add(`toast-${tone}`);
  const text = element.querySelector(".toast-text");
  if (text) text.textContent = message;
  const use = element.querySelector(".toast-icon use");
  use?.setAttribute("href", (use.getAttribute("href") ?? "").replace(/#.*/, `#${PICTURES[tone] ?? "info-circle"}`));
  const undo = /** @type {HTMLFormElement | null} */ (element.querySelector(".toast-undo"));
  if (undo && undoUrl) {
    undo.hidden = false;
    undo.action = undoUrl;
    undo.setAttribute("hx-post", undoUrl);
    undo.setAttribute("hx-swap", "none");
    undo.addEventListener("submit", () => leave(element));
  }
  if (undo && action) {
    const button = undo.querySelector("button");
    if (button) button.textContent = action;
  }
  if (undo && onUndo) {
    undo.hidden = false;
    undo.addEventListener("submit", (event) => {
      event.preventDefault();
      leave(element);
      onUndo();
    });
  }
  element.querySelector("[data-toast-close]")?.addEventListener("click", () => leave(element));
  for (const same of region.children) if (same.querySelector(".toast-text")?.textContent === message) same.remove();
  while (region.children.length > 3) region.firstElementChild?.remove();
  region.append(element);
  if (undo && undoUrl) window.htmx.process(element);
  if (tone === "danger" || action) return;
  let left = undoUrl || onUndo ? 10 : 6;
  const clock = setInterval(() => {
    if (!element.matches(":hover, :focus-within")) left -= 1;
    if (left > 0) return;
    clearInterval(clock);
    leave(element);
  }, 1000);
}

/** @param {HTMLElement} element */
function leave(element) {
  element.dataset.leaving = "";
  setTimeout(() => element.remove(), 200);
}

/** Turn the messages a page was rendered with into toasts; problems stay in the page as well. @param {ParentNode} root */
export function showFlashes(root) {
  for (const box of root.querySelectorAll("[data-flashes]")) {
    for (const alert of [...box.children]) {
      const level = ["danger", "warning", "info"].find((name) => alert.classList.contains(`tone-${name}`)) ?? "success";
      if (level === "danger") continue;
      toast(alert.textContent?.trim() ?? "", { level });
      alert.remove();
    }
    if (!box.children.length) box.remove();
  }
}
