/** Wakes when a push service brings a message, shows it, and opens the page it is about. It answers no requests. */

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let told = { title: "Counterfoil", body: "", url: "/notifications/", tag: "" };
  try {
    told = { ...told, ...event.data.json() };
  } catch {
    // A message that cannot be read still says that there is something.
  }
  event.waitUntil(self.registration.showNotification(told.title, { body: told.body, tag: told.tag || undefined, icon: "/static/touch-icon.png", data: { url: told.url } }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const target = new URL(event.notification.data?.url ?? "/notifications/", self.location.origin);
  // Only ever a page of this program, whatever the message says.
  const url = target.origin === self.location.origin ? target.href : new URL("/notifications/", self.location.origin).href;
  event.waitUntil(
    self.clients.matchAll({ type: "window" }).then((windows) => {
      const open = windows.find((one) => "navigate" in one);
      return open ? open.focus().then((one) => one.navigate(url)) : self.clients.openWindow(url);
    }),
  );
});
