/** Secrets back from base64 into what other formats write: text in clear. Called by the exporters. */
import { fromBase64 } from '#core/bytes/base64.ts';
import { decodeUtf8 } from '#core/bytes/utf8.ts';

/** The text of a secret, or undefined where its octets are none: a text that merely resembles them would be another. */
export function clearText(base64: string | undefined): string | undefined {
  const octets = base64 === undefined ? undefined : fromBase64(base64);
  return octets && decodeUtf8(octets);
}
