/**
 * The grid of variants by keyboard: arrows move between cells, Ctrl+D copies down, a block from a spreadsheet is pasted,
 * and a tick at the head of a row or column ticks all of it.
 */
import { enhance } from "counterfoil/enhance";

enhance("[data-grid]", (element) => {
  const form = /** @type {HTMLFormElement} */ (element);
  /** @returns {HTMLInputElement[][]} the fields, row by row */
  const rows = () => [...form.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("[data-grid-cell]")].map((one) => /** @type {HTMLInputElement} */ (one)));

  /** @param {HTMLInputElement} input @returns {[number, number]} */
  const place = (input) => {
    const cell = /** @type {HTMLTableCellElement} */ (input.closest("td"));
    return [/** @type {HTMLTableRowElement} */ (cell.parentElement).sectionRowIndex, cell.cellIndex];
  };

  /** @param {number} row @param {number} column @returns {HTMLInputElement | undefined} */
  const at = (row, column) => rows()[row]?.find((one) => place(one)[1] === column);

  /** @param {HTMLInputElement} input @param {number} down @param {number} along */
  const go = (input, down, along) => {
    const [row, column] = place(input);
    for (let step = 1; step < 400; step += 1) {
      const y = row + down * step;
      const x = column + along * step;
      if (y < 0 || x < 0 || y >= rows().length || x > 200) return;
      const next = at(y, x);
      if (next) {
        next.focus();
        if (next.type !== "checkbox") next.select();
        return;
      }
    }
  };

  /** @param {HTMLInputElement} input @param {string} text */
  const write = (input, text) => {
    if (input.value === text) return;
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };

  /** @param {HTMLInputElement} from @param {boolean} all */
  const copyDown = (from, all) => {
    const [row, column] = place(from);
    if (all) {
      for (let y = row + 1; y < rows().length; y += 1) {
        const one = at(y, column);
        if (one) write(one, from.value);
      }
      return;
    }
    for (let y = row - 1; y >= 0; y -= 1) {
      const above = at(y, column);
      if (above) return write(from, above.value);
    }
  };

  form.addEventListener("keydown", (event) => {
    const input = event.target;
    if (!(input instanceof HTMLInputElement) || !input.dataset.gridCell) return;
    const text = input.type !== "checkbox";
    const atStart = !text || input.selectionEnd === 0 || input.selectionEnd - (input.selectionStart ?? 0) === input.value.length;
    const atEnd = !text || input.selectionStart === input.value.length || atStart && input.selectionEnd !== 0;
    const rtl = getComputedStyle(form).direction === "rtl" ? -1 : 1;
    if (event.key === "ArrowDown") go(input, 1, 0);
    else if (event.key === "ArrowUp") go(input, -1, 0);
    else if (event.key === "ArrowLeft" && atStart) go(input, 0, -rtl);
    else if (event.key === "ArrowRight" && atEnd) go(input, 0, rtl);
    else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && text) go(input, event.shiftKey ? -1 : 1, 0);
    else if (event.key.toLowerCase() === "d" && (event.ctrlKey || event.metaKey) && text) copyDown(input, event.shiftKey);
    else return;
    event.preventDefault();
  });

  form.addEventListener("paste", (event) => {
    const input = event.target;
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!(input instanceof HTMLInputElement) || !input.dataset.gridCell || !/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    const [row, column] = place(input);
    text.replace(/\r/g, "").replace(/\n$/, "").split("\n").forEach((line, down) => line.split("\t").forEach((value, along) => {
      const one = at(row + down, column + along);
      if (one && one.type !== "checkbox") write(one, value.trim());
    }));
  });

  /** @param {HTMLInputElement} head @returns {HTMLInputElement[]} */
  const under = (head) => {
    const mark = head.dataset.gridAll === "row" ? 0 : 1;
    return [...form.querySelectorAll('input[type="checkbox"][data-grid-cell]')].map((one) => /** @type {HTMLInputElement} */ (one))
      .filter((one) => one.dataset.gridCell?.split("-")[mark] === head.dataset.at);
  };
  const heads = [...form.querySelectorAll("[data-grid-all]")].map((one) => /** @type {HTMLInputElement} */ (one));
  const tell = () => {
    for (const head of heads) {
      const cells = under(head);
      const ticked = cells.filter((one) => one.checked).length;
      head.checked = ticked === cells.length && ticked > 0;
      head.indeterminate = ticked > 0 && ticked < cells.length;
    }
  };
  for (const head of heads) {
    head.hidden = false;
    head.addEventListener("change", () => {
      for (const one of under(head)) one.checked = head.checked;
      tell();
    });
  }
  form.addEventListener("change", tell);
  tell();
});
