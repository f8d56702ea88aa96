/**
 * MACs made of AES-128: AES-XCBC-MAC (RFC 3566) and AES-CMAC (RFC 4493), untruncated. integrity.ts cuts them to 96 bits,
 * prf.ts makes PRFs of them.
 */
import { cbc, cmac, ecb } from '@noble/ciphers/aes.js';
import { concat } from '#core/bytes/bytes.ts';

export const AES_MAC_BYTES = 16;
const BLOCK = 16;

/** RFC 3566 §4: a MAC of 16 octets under a key of 16. */
export function aesXcbcMac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const derive = (octet: number): Uint8Array =>
    ecb(key, { disablePadding: true }).encrypt(new Uint8Array(BLOCK).fill(octet));
  const message = concat(...parts);
  const whole = message.length > 0 && message.length % BLOCK === 0;
  const padded = whole
    ? message
    : concat(message, Uint8Array.of(0x80), new Uint8Array(BLOCK - 1 - (message.length % BLOCK)));
  const mask = derive(whole ? 2 : 3);
  const start = padded.length - BLOCK;
  for (let i = 0; i < BLOCK; i++) padded[start + i] = (padded[start + i] as number) ^ (mask[i] as number);
  // The last block of CBC under a zero IV is the CBC-MAC.
  return cbc(derive(1), new Uint8Array(BLOCK), { disablePadding: true }).encrypt(padded).slice(start);
}

/** RFC 4493 §2.4: a MAC of 16 octets under a key of 16. */
export function aesCmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = cmac.create(key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}
