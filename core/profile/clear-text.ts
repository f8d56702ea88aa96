/** Secrets back from base64 into what other formats write: text in clear. Called by the exporters. */
import { fromBase64 } from '#core/bytes/base64.ts';
import { toHex } from '#core/bytes/bytes.ts';
import { decodeUtf8 } from '#core/bytes/utf8.ts';

const octetsOf = (base64: string): Uint8Array => fromBase64(base64) ?? new Uint8Array(0);

/** The text of a password; octets that are no text as hexadecimal after `0x`. */
export function utf8Of(base64: string): string {
  const octets = octetsOf(base64);
  return decodeUtf8(octets) ?? `0x${toHex(octets)}`;
}
