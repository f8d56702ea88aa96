/**
 * Certificates and PKCS#12 that stand inside a profile as base64: perhaps over several lines, perhaps PEM once more.
 * Called by sswan.ts and mobileconfig.ts.
 */
import { fromBase64 } from '#core/bytes/base64.ts';
import { decodeUtf8 } from '#core/bytes/utf8.ts';
import type { Companion } from '#core/profile/companions.ts';
import { looksLikePem, readDer, readPem } from '#core/profile/pem.ts';
import { ImportError } from '#core/profile/profile.ts';

/** Octets of base64 with lines and blanks in it, or undefined. */
export const fromLooseBase64 = (text: string): Uint8Array | undefined => fromBase64(text.replace(/\s+/g, ''));

/** What `octets` hold. The sentence says what is wrong with them; the place is the caller's to add. */
export function readBlob(octets: Uint8Array | undefined): Companion | { readonly problem: string } {
  if (!octets) return { problem: 'it is no base64, or is cut off' };
  try {
    const text = octets[0] === 0x30 ? undefined : decodeUtf8(octets);
    return text !== undefined && looksLikePem(text)
      ? readPem('the value', text)
      : readDer('the value', octets);
  } catch (error) {
    if (error instanceof ImportError) return { problem: error.message.replace(/^the value: /, '') };
    throw error;
  }
}
