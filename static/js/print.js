/** Paper: a page that was asked for to be printed opens the printer's dialog by itself; [data-print] buttons open it too. */
import { enhance } from "counterfoil/enhance";

enhance("[data-print-now]", () => window.setTimeout(() => window.print(), 150));

enhance("[data-print]", (button) => {
  button.addEventListener("click", () => window.print());
});
