/** Text as base64 of its UTF-8, by the browser's own hands: a log of some ten megabytes takes no second. */

/** As many octets as a call may have arguments. */
const AT_ONCE = 0x8000;

export function base64Of(text: string): string {
  const octets = new TextEncoder().encode(text);
  const parts: string[] = [];
  for (let at = 0; at < octets.length; at += AT_ONCE)
    parts.push(String.fromCharCode(...octets.subarray(at, at + AT_ONCE)));
  return btoa(parts.join(''));
}
