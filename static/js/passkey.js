/** Passkeys: what the server asks for goes to the browser's own dialog, and its answer back. */
import { enhance } from "counterfoil/enhance";

/** @param {string} text @returns {ArrayBuffer} */
function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0)).buffer;
}

/** @param {ArrayBuffer | null | undefined} buffer */
function text(buffer) {
  if (!buffer) return null;
  return btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Post JSON; returns what the server says. @param {string} url @param {unknown} body */
async function send(url, body) {
  const token = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"];
  const answer = await fetch(url, { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json", "X-CSRFToken": token }, body: JSON.stringify(body) });
  if (!answer.headers.get("Content-Type")?.startsWith("application/json")) throw new Error(String(answer.status));
  return answer.json();
}

/** @param {any} options */
function forMaking(options) {
  return {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map((/** @type {any} */ one) => ({ ...one, id: bytes(one.id) })),
  };
}

/** @param {any} credential */
function plain(credential) {
  const { response } = credential;
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    authenticatorAttachment: credential.authenticatorAttachment,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject) ?? undefined,
      authenticatorData: text(response.authenticatorData) ?? undefined,
      signature: text(response.signature) ?? undefined,
      userHandle: text(response.userHandle) ?? undefined,
      transports: response.getTransports?.(),
    },
  };
}

/** @param {HTMLElement} box @param {string} words */
function complain(box, words) {
  const problem = /** @type {HTMLElement | null} */ (box.querySelector("[data-passkey-problem]"));
  if (!problem) return;
  const place = problem.querySelector("p");
  if (place) place.textContent = words;
  problem.hidden = false;
}

enhance("[data-passkey-new]", (element) => {
  const form = /** @type {HTMLFormElement} */ (element);
  if (!window.PublicKeyCredential) /** @type {HTMLElement} */ (form.querySelector("[data-passkey-problem]")).hidden = false;
  // Capture: a form of the server's own, but it is the browser's dialog that answers it.
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    try {
      const options = await send(form.dataset.passkeyNew ?? "", {});
      if (options.problem) throw new TypeError(options.problem);
      const made = await navigator.credentials.create({ publicKey: forMaking(options) });
      const name = /** @type {HTMLInputElement} */ (form.elements.namedItem("name")).value;
      const answer = await send(form.action, { ...plain(made), name });
      if (answer.problem) throw new TypeError(answer.problem);
      location.assign(answer.to);
    } catch (problem) {
      complain(form, problem instanceof TypeError ? problem.message : form.dataset.failed ?? "");
    }
  }, true);
});

enhance("[data-passkey-sign-in]", (box) => {
  if (!window.PublicKeyCredential) return;
  box.hidden = false;
  box.querySelector("button")?.addEventListener("click", async () => {
    try {
      const options = await send(box.dataset.passkeySignIn ?? "", {});
      if (options.problem) throw new TypeError(options.problem);
      const given = await navigator.credentials.get({ publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: [] } });
      const answer = await send(box.dataset.answer ?? "", { ...plain(given), next: box.dataset.next });
      if (answer.problem) throw new TypeError(answer.problem);
      location.assign(answer.to);
    } catch (problem) {
      complain(box, problem instanceof TypeError ? problem.message : box.dataset.failed ?? "");
    }
  });
});
