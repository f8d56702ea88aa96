/**
 * 3DES in CBC mode (RFC 2451), for gateways that know nothing else. encryption.ts has its row; des.js gives the block
 * cipher, and the chaining stands here so that the key schedule is made once a key.
 */
import { EDE } from 'des.js';
import type { BoundCipher } from './interfaces.ts';

const BLOCK = 8;

/** Binds a key of 24 octets. `encrypt` expects whole blocks of 8 octets, `decrypt` refuses anything else. */
export function bindTripleDesCbc(key: Uint8Array): BoundCipher {
  const forward = EDE.create({ type: 'encrypt', key, padding: false });
  const backward = EDE.create({ type: 'decrypt', key, padding: false });
  return {
    encrypt(iv, plaintext) {
      const out = new Uint8Array(plaintext.length);
      let previous = iv;
      for (let at = 0; at < plaintext.length; at += BLOCK) {
        out.set(forward.update(xor(plaintext.subarray(at, at + BLOCK), previous)), at);
        previous = out.subarray(at, at + BLOCK);
      }
      return out;
    },
    decrypt(iv, ciphertext) {
      if (ciphertext.length === 0 || ciphertext.length % BLOCK !== 0) return undefined;
      const blocks = Uint8Array.from([...backward.update(ciphertext), ...backward.final()]);
      blocks.set(xor(blocks.subarray(0, BLOCK), iv));
      blocks.set(xor(blocks.subarray(BLOCK), ciphertext), BLOCK);
      return blocks;
    },
  };
}

/** `a` with the first octets of `b` added. */
const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((octet, i) => octet ^ (b[i] as number));
