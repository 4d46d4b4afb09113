/** Turning on messages of this browser: permission, subscription at its push service, and a form that tells the server. */
import { enhance } from "counterfoil/enhance";
import { toast, word } from "counterfoil/toast";

/** @param {string} text base64 for addresses */
function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

/** @param {HTMLElement} box @param {HTMLFormElement} form */
async function turnOn(box, form) {
  if ((await Notification.requestPermission()) !== "granted") return toast(word("forbidden"), { level: "warning" });
  const body = new FormData(form);
  const answer = await fetch(box.dataset.pushKeyUrl ?? "", { method: "POST", body });
  if (!answer.ok) return toast(word("error"), { level: "danger" });
  const { key } = await answer.json();
  const registration = await navigator.serviceWorker.register(box.dataset.pushWorker ?? "", { scope: "/notifications/" });
  await navigator.serviceWorker.ready.catch(() => null);
  const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
  const { endpoint, keys } = subscription.toJSON();
  for (const [name, value] of Object.entries({ endpoint, ...keys })) {
    const input = form.elements.namedItem(name);
    if (input instanceof HTMLInputElement) input.value = value ?? "";
  }
  form.requestSubmit();
  return null;
}

enhance("[data-push]", (box) => {
  const form = box.querySelector("[data-push-form]");
  if (!(form instanceof HTMLFormElement) || !(box instanceof HTMLElement)) return;
  if (!window.isSecureContext || !("serviceWorker" in navigator) || !("PushManager" in window)) return;
  form.hidden = false;
  box.querySelector("[data-push-none]")?.remove();
  form.querySelector("[data-push-on]")?.addEventListener("click", () => {
    turnOn(box, form).catch((problem) => toast(`${word("error")} ${problem.message ?? ""}`, { level: "danger" }));
  });
});
