/** Tooltips for server-drawn charts: every mark with data-tip says its value under the pointer, the finger or the focus. */

/** @type {HTMLElement | null} */
let tip = null;

/** @param {Element} mark */
function show(mark) {
  if (!tip) {
    tip = document.createElement("div");
    tip.className = "chart-tip";
    tip.setAttribute("aria-hidden", "true");
    document.body.append(tip);
  }
  tip.hidden = false;
  // The browser's own tooltip, there for pages without scripts, would come up beside this one.
  mark.querySelector(":scope > title")?.remove();
  tip.textContent = mark.getAttribute("data-tip");
  const box = mark.getBoundingClientRect();
  const own = tip.getBoundingClientRect();
  const left = Math.min(Math.max(box.left + box.width / 2 - own.width / 2, 4), window.innerWidth - own.width - 4);
  const above = box.top - own.height - 6;
  // Set through the object model, which a Content-Security-Policy without inline styles allows.
  tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(above > 4 ? above : box.bottom + 6)}px)`;
}

function hide() {
  if (tip) tip.hidden = true;
}

for (const kind of ["pointerover", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const mark = event.target instanceof Element ? event.target.closest("[data-tip]") : null;
    if (mark) show(mark);
    else if (kind === "pointerover") hide();
  });
}
document.addEventListener("focusout", hide);
document.addEventListener("scroll", hide, { passive: true, capture: true });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
