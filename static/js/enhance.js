/**
 * Run a function once for every element that matches, now and whenever htmx brings new ones.
 */

/** @type {Array<{selector: string, start: (element: HTMLElement) => void, seen: WeakSet<Element>}>} */
const known = [];

/**
 * @param {string} selector
 * @param {(element: HTMLElement) => void} start called once per element
 */
export function enhance(selector, start) {
  const entry = { selector, start, seen: new WeakSet() };
  known.push(entry);
  apply(entry, document);
}

/** @param {(typeof known)[number]} entry @param {ParentNode & Node} root */
function apply(entry, root) {
  const found = [...root.querySelectorAll(entry.selector)];
  if (root instanceof Element && root.matches(entry.selector)) found.unshift(root);
  for (const element of found) {
    if (entry.seen.has(element)) continue;
    entry.seen.add(element);
    entry.start(/** @type {HTMLElement} */ (element));
  }
}

document.addEventListener("htmx:load", (event) => {
  if (event.target instanceof Element) for (const entry of known) apply(entry, event.target);
});
