/** Nonces of both sides, and the order that decides between two exchanges that met (RFC 7296 §2.8.1, §2.10). */

/** Ours (§2.10: at least 16, at least half the PRF's key size; no PRF of ours wants more than 32). */
export const NONCE_BYTES = 32;

/** Octet by octet; of a nonce and its own beginning, the beginning is the lower one. Negative where `a` is lower. */
export function compareNonces(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((octet, i) => octet !== b[i]);
  if (at < 0) return a.length - b.length;
  return (a[at] ?? 0) - (b[at] ?? -1);
}

/** The lower nonce of an exchange, as a copy. */
export const lowerNonce = (a: Uint8Array, b: Uint8Array): Uint8Array =>
  (compareNonces(a, b) <= 0 ? a : b).slice();
