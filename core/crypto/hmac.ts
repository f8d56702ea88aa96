/** HMAC (RFC 2104) over several parts, for integrity.ts and prf.ts. */
import { hmac } from '@noble/hashes/hmac.js';
import type { CHash } from '@noble/hashes/utils.js';

export function hmacOf(hash: CHash, key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const mac = hmac.create(hash, key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}
