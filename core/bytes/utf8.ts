/**
 * UTF-8 that came from outside (RFC 3629). The platform's decoder replaces what it cannot read and drops a leading
 * byte order mark; for frames, profiles and secrets both would change what was said, so here they are refused.
 */
import { equal, fromUtf8, utf8 } from '#core/bytes/bytes.ts';

/** The text of `bytes`, or undefined where they are not exactly the UTF-8 form of one (a byte order mark included). */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const text = fromUtf8(bytes);
  return equal(utf8(text), bytes) ? text : undefined;
}
