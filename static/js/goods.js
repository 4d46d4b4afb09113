/**
 * Papers whose lines are scanned: deliveries and transfers. Every step posts all that was typed and swaps in the answer,
 * one step after the other, so that no scan overtakes another and booking waits for the last of them.
 */
import { enhance } from "counterfoil/enhance";
import { scannerBeside } from "counterfoil/scanner";
import { beep } from "counterfoil/sound";

const SEARCH_PAUSE_MS = 160;

enhance("[data-goods]", (desk) => {
  const search = /** @type {HTMLInputElement} */ (desk.querySelector("[data-goods-search]"));
  const scanner = scannerBeside(search);
  let chain = Promise.resolve();
  let status = 200;
  let booking = false;
  let timer = 0;
  let wanted = "";

  const form = () => /** @type {HTMLFormElement} */ (document.getElementById("goods"));
  const hasKeyboard = () => window.matchMedia("(pointer: fine)").matches;

  /** Post the paper with what a button says, after all that was pressed before. @param {Record<string, string>} values */
  function act(values) {
    chain = chain.then(async () => {
      if (!desk.isConnected) return;
      const sent = new FormData(form());
      sent.delete("q");
      for (const [name, value] of Object.entries(values)) sent.set(name, value);
      status = 0;
      await window.htmx.ajax("POST", form().action, { source: desk, target: "#goods", swap: "morph:outerHTML", values: sent });
      form()?.querySelector("[data-new]")?.scrollIntoView({ block: "center" });
      // What was scanned is as unsaved as what was typed.
      if (values.do === "book" ? status === 422 : !booking) form()?.querySelector("[data-goods-figure]")?.dispatchEvent(new Event("input", { bubbles: true }));
    }).catch(() => {});
    return chain;
  }

  desk.addEventListener("htmx:afterRequest", (event) => {
    if (event.target === desk) status = /** @type {CustomEvent} */ (event).detail.xhr.status;
  });

  /** @param {string} q */
  function look(q) {
    clearTimeout(timer);
    wanted = q;
    const found = document.getElementById("found");
    if (!q) {
      found?.replaceChildren();
      return Promise.resolve();
    }
    const place = /** @type {HTMLSelectElement | null} */ (form().elements.namedItem("location"))?.value ?? "";
    const url = `${search.dataset.url ?? ""}?q=${encodeURIComponent(q)}&location=${encodeURIComponent(place)}`;
    return window.htmx.ajax("GET", url, { source: search, target: "#found", swap: "outerHTML" });
  }

  // An answer that comes after the field was emptied, or asked something else, is no longer wanted.
  desk.addEventListener("htmx:beforeSwap", (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    if (detail.target.id === "found" && new URL(detail.xhr.responseURL).searchParams.get("q") !== wanted) detail.shouldSwap = false;
  });

  function clearSearch() {
    search.value = "";
    look("");
  }

  /** @param {string} code */
  function find(code) {
    clearTimeout(timer);
    if (!code) return;
    let chosen = false;
    const choose = () => { chosen = true; };
    desk.addEventListener("goods-choose", choose, { once: true });
    // Emptied at once: the next scan may be typed before the answer is here.
    clearSearch();
    act({ do: "find", q: code }).then(async () => {
      desk.removeEventListener("goods-choose", choose);
      if (chosen) {
        search.value = code;
        await look(code);
        /** @type {HTMLElement | null} */ (desk.querySelector("#found button"))?.focus();
      } else if (status !== 200 && !search.value) {
        search.value = code;
        search.select();
      }
    });
  }

  desk.addEventListener("goods-unknown", beep);

  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => look(search.value.trim()), SEARCH_PAUSE_MS);
  });

  /** @param {SubmitEvent} event */
  function onSubmit(event) {
    if (!desk.isConnected) {
      document.removeEventListener("submit", onSubmit);
      return;
    }
    if (event.target !== form()) return;
    event.preventDefault();
    const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
    const said = button?.name === "do" ? button.value : "book";
    if (said === "find") find(search.value.trim());
    else if (said === "book") book(button ?? form().querySelector("[value=book]:not([disabled])"));
    else {
      if (said.startsWith("add:")) {
        clearSearch();
        if (hasKeyboard()) search.focus();
      }
      act({ do: said });
    }
  }
  document.addEventListener("submit", onSubmit);

  /** @param {HTMLButtonElement | null} button */
  function book(button) {
    if (booking || !button) return;
    booking = true;
    button.setAttribute("data-busy", "");
    act({ do: "book" }).then(() => {
      booking = false;
      button.removeAttribute("data-busy");
    });
  }

  desk.addEventListener("change", (event) => {
    if (event.target instanceof HTMLElement && event.target.matches("[data-goods-figure], select[name=location]")) act({ do: "update" });
  });

  /** Take a code that a scanner typed, wherever it went. @param {KeyboardEvent} event */
  function scanned(event) {
    const code = scanner.code(event);
    find(code);
    return code !== "";
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (!desk.isConnected) {
      document.removeEventListener("keydown", onKey, true);
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      const button = form().querySelector("[value=book]:not([disabled])");
      if (button instanceof HTMLElement) form().requestSubmit(button);
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    const typing = target.matches("input, textarea, select");
    const choices = /** @type {HTMLElement[]} */ ([...desk.querySelectorAll("#found button")]);
    const at = choices.indexOf(target);
    let done = true;
    if (event.key === "F2") {
      search.focus();
      search.select();
    } else if (event.key === "Enter" && scanned(event)) search.focus();
    else if (event.key === "Enter" && target.matches("[data-goods-figure]")) {
      act({ do: "update" });
      search.focus();
    } else if (event.key === "Escape" && (target === search || at >= 0)) {
      clearSearch();
      search.focus();
    } else if (event.key === "ArrowDown" && choices.length && (target === search || at >= 0)) choices[Math.min(at + 1, choices.length - 1)].focus();
    else if (event.key === "ArrowUp" && at >= 0) (choices[at - 1] ?? search).focus();
    else {
      done = false;
      if (event.key.length === 1) {
        scanner.gather(event);
        // Typing anywhere is scanning; a person need not aim.
        if (!typing && /[\p{L}\p{N}]/u.test(event.key)) search.focus();
      }
    }
    if (done) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }
  document.addEventListener("keydown", onKey, true);
  if (hasKeyboard()) search.focus();
  else search.blur();
});
