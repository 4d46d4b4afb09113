/**
 * What happens elsewhere, told by Socket.IO: a kind and an id, never content. Every happening becomes an event on <body>
 * ("sale.completed" → "sale-completed"); fragments with a matching hx-trigger re-read themselves through their own address.
 */
import { io } from "socket.io-client";
import { announce, word } from "counterfoil/toast";

const HIDDEN_MINUTES = 10;

/** The last happening this page has seen, sent on connecting so that the server can say what was missed. @type {number | null} */
let since = null;
let wasConnected = false;

/** @param {"live" | "lost" | "offline"} state */
function show(state) {
  for (const element of document.querySelectorAll("[data-connection]")) /** @type {HTMLElement} */ (element).dataset.connection = state;
}

/** @param {string} name @param {object} [detail] */
function tell(name, detail = {}) {
  document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
}

/** Happenings of one kind that come in a burst: the first is told at once, of the rest the last, a second later. @type {Map<string, object | null>} */
const gathering = new Map();

/** @param {string} name @param {object} detail */
function gather(name, detail) {
  if (gathering.has(name)) {
    gathering.set(name, detail);
    return;
  }
  gathering.set(name, null);
  tell(name, detail);
  // Not all screens of a shop re-read in the same instant.
  setTimeout(() => {
    const latest = gathering.get(name);
    gathering.delete(name);
    if (latest) gather(name, latest);
  }, 700 + Math.random() * 600);
}

function start() {
  const socket = io({ transports: ["websocket"], path: "/socket.io", auth: (give) => give({ since }), reconnectionDelay: 500, reconnectionDelayMax: 15000 });
  socket.on("connect", () => {
    show("live");
    if (wasConnected) {
      tell("reconnected");
      announce(word("online"));
    }
    wasConnected = true;
  });
  socket.on("happened", (/** @type {{kind: string, id: number | null}} */ happening) => {
    if (typeof happening?.kind !== "string") return;
    if (typeof happening.id === "number" && (since === null || happening.id > since)) since = happening.id;
    gather(happening.kind.replaceAll(".", "-"), { id: happening.id });
  });
  socket.on("disconnect", (reason) => {
    show(navigator.onLine ? "lost" : "offline");
    // Closed by the server, because what this screen may see has changed: ask once more.
    if (reason === "io server disconnect") setTimeout(() => socket.connect(), 1000);
  });
  socket.on("connect_error", () => {
    show(navigator.onLine ? "lost" : "offline");
    // When the server itself refuses (too many sockets, a restart), the client would not try again on its own.
    if (!socket.active) setTimeout(() => socket.connect(), 20000 + Math.random() * 20000);
  });
  window.addEventListener("offline", () => show("offline"));
  window.addEventListener("online", () => {
    if (!socket.connected) {
      show("lost");
      socket.connect();
    }
  });
  // A forgotten tab must not hold one of the server's few sockets all night.
  let timer = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) timer = window.setTimeout(() => socket.disconnect(), HIDDEN_MINUTES * 60000);
    else if (!socket.connected) socket.connect();
  });
}

if ("live" in document.body.dataset) start();
