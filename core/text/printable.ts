/**
 * Text from elsewhere (a gateway's identity, a file's setting, a log line) made safe for a terminal or a window:
 * what a reader sees is what stands there. Used by failure/explain.ts, the importers' reports, EAP and cli/output.
 */

/** C0 and C1 controls, line and paragraph separators, and the marks that reorder or hide text (UAX #9, Unicode category Cf). */
const HIDDEN =
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const isAround = (code: number): boolean => code <= 0x20 || code === 0x7f;

/** Without blanks and controls at either end: the NUL that ends a C string, a line's end. */
export function trimmed(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isAround(text.charCodeAt(start))) start++;
  while (end > start && isAround(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** What a server says to its user: strongSwan ends its texts with NUL, others with a new line. */
export const spoken = (text: string): string => printable(trimmed(text));

/** `text` with everything invisible or active written as `\u{…}`, and cut at `limit` characters with an ellipsis. */
export function printable(text: string, limit = 256): string {
  const cut = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  return cut.replace(HIDDEN, (mark) => `\\u{${mark.charCodeAt(0).toString(16)}}`);
}
