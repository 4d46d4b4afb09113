/** The service worker: registered once the page is at rest, and asked to take over when the person agrees. */
import { toast, word } from "counterfoil/toast";

let asked = false;

/** @param {ServiceWorkerRegistration} registration */
function offer(registration) {
  if (asked || !registration.waiting || !navigator.serviceWorker.controller) return;
  asked = true;
  toast(word("new_version"), {
    level: "info",
    action: word("reload"),
    onUndo: () => {
      navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
      registration.waiting?.postMessage("take-over");
    },
  });
}

async function register() {
  try {
    const registration = await navigator.serviceWorker.register("/service-worker.js", { updateViaCache: "none" });
    offer(registration);
    registration.addEventListener("updatefound", () => {
      registration.installing?.addEventListener("statechange", () => offer(registration));
    });
    // A till is open for days: look for a new version when somebody comes back to it.
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) registration.update().catch(() => {});
    });
  } catch {
    // A browser that forbids it, or a network that is gone: everything works without.
  }
}

if ("serviceWorker" in navigator) {
  const later = window.requestIdleCallback ?? ((/** @type {() => void} */ act) => setTimeout(act, 2000));
  if (document.readyState === "complete") later(register);
  else window.addEventListener("load", () => later(register), { once: true });
}
