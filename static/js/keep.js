/** Buttons that keep what is shown: copy a text, print the page. Without scripts they are not there. */
import { enhance } from "counterfoil/enhance";
import { toast } from "counterfoil/toast";

enhance("[data-copy]", (button) => {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy ?? "")?.textContent?.trim() ?? "");
    toast(button.dataset.copied ?? "✓", { level: "success" });
  });
});

enhance("[data-print]", (button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
