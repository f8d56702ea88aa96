/**
 * One block of DES under a key of 7 octets (RFC 2759 §8.6), which is how MS-CHAPv2 uses it and nothing else does. des.js
 * gives the cipher; it wants the key with a parity bit in each of 8 octets.
 */
import { DES } from 'des.js';

/** Encrypts the 8 octets of `block` under the 56 bits of `key`. */
export function desEncrypt(key: Uint8Array, block: Uint8Array): Uint8Array {
  return Uint8Array.from(cipher('encrypt', key).update(block));
}

/** Undoes desEncrypt. */
export function desDecrypt(key: Uint8Array, block: Uint8Array): Uint8Array {
  const opened = cipher('decrypt', key);
  return Uint8Array.from([...opened.update(block), ...opened.final()]);
}

const cipher = (type: 'encrypt' | 'decrypt', key: Uint8Array) =>
  DES.create({ type, key: spread(key), padding: false });

/** 56 bits over 8 octets, seven in each; the parity bit stays 0, which DES ignores. */
function spread(key: Uint8Array): Uint8Array {
  if (key.length !== 7) throw new RangeError(`a DES key without parity has 7 octets, not ${key.length}`);
  return Uint8Array.from({ length: 8 }, (_, i) => {
    const high = (key[i - 1] ?? 0) << (8 - i);
    const low = (key[i] ?? 0) >> i;
    return (high | low) & 0xfe;
  });
}
