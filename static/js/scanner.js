/**
 * A scanner is a keyboard that types a code and Enter, wherever the focus is: told from what people type by its speed,
 * and taken out again of the field it was typed into.
 */

/** A scanner types faster than people do. */
const GAP_MS = 45;
const STALL_MS = 250;
const SHORTEST_CODE = 4;
/** Of so many signs one may have been kept waiting; who types with both hands now and then types two at once as well. */
const SIGNS_A_STALL = 4;

/**
 * Listens to one page. `search` is the field in which codes belong; hand every sign to `gather`, and Enter to `code`.
 * @param {HTMLInputElement} search
 */
export function scannerBeside(search) {
  /** What was typed before this listened, since a scanner waits for no scripts: the beginning of what follows. */
  let early = search.value === search.defaultValue ? "" : search.value;
  const burst = { lead: "", text: "", at: 0, stalls: 0, target: /** @type {EventTarget | null} */ (null), before: "" };

  return {
    /** @param {KeyboardEvent} event */
    gather(event) {
      const gap = event.timeStamp - burst.at;
      // Nobody types two signs as fast as a scanner; once it did, a busy machine may keep the next ones waiting. When it
      // is the second that waits, the first leads: what follows tells whether it was a scanner.
      const fast = gap < GAP_MS || (burst.text.length > 1 && gap < STALL_MS);
      burst.at = event.timeStamp;
      if (fast) {
        burst.text += event.key;
        if (gap >= GAP_MS) burst.stalls += 1;
      } else if (burst.text.length === 1 && gap < STALL_MS) Object.assign(burst, { lead: burst.text, text: event.key, stalls: 1 });
      else Object.assign(burst, { lead: "", text: event.key, stalls: 0, target: event.target, before: event.target instanceof HTMLInputElement ? event.target.value : "" });
    },

    /** The code that Enter ends, taken out of where it was typed; empty when no scanner typed. @param {KeyboardEvent} event */
    code(event) {
      const isCode = event.timeStamp - burst.at < GAP_MS * 2 && burst.text.length >= SHORTEST_CODE - 1;
      const code = early && search.value.startsWith(early) ? search.value : burst.lead + burst.text;
      early = burst.lead = burst.text = "";
      if (!isCode || code.length < Math.max(SHORTEST_CODE, burst.stalls * SIGNS_A_STALL)) return "";
      if (burst.target === search) search.value = "";
      else if (burst.target instanceof HTMLInputElement) burst.target.value = burst.before;
      return code;
    },
  };
}
