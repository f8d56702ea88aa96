/**
 * AES-CCM (RFC 3610, NIST SP 800-38C) as RFC 4309 uses it: a nonce of 11 octets, so 4 octets hold the length. It stands
 * here because @noble/ciphers has CBC and CTR but not their combination. encryption.ts calls it.
 */
import { cbc, ctr } from '@noble/ciphers/aes.js';
import { concat, equalConstantTime } from '#core/bytes/bytes.ts';
import { Writer } from '#core/bytes/writer.ts';

const BLOCK = 16;
/** L of RFC 3610: octets of the length field and of the block counter. */
const LENGTH_OCTETS = 4;
const NONCE_OCTETS = 15 - LENGTH_OCTETS;
/** RFC 3610 §2.2 writes longer data with another prefix; IKE messages and ESP headers are shorter. */
const MAX_AAD = 0xfeff;

/** Ciphertext followed by a tag of `tagBytes` (4 to 16, even). */
export function ccmEncrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
  tagBytes: number,
): Uint8Array {
  const tag = cbcMac(key, nonce, plaintext, aad, tagBytes);
  const [keyStream, ciphertext] = applyCounterMode(key, nonce, plaintext);
  return concat(ciphertext, maskTag(tag, keyStream));
}

/** The plaintext, or `undefined` when the tag is wrong or missing. */
export function ccmDecrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  aad: Uint8Array,
  tagBytes: number,
): Uint8Array | undefined {
  if (sealed.length < tagBytes) return undefined;
  const end = sealed.length - tagBytes;
  const [keyStream, plaintext] = applyCounterMode(key, nonce, sealed.subarray(0, end));
  const tag = cbcMac(key, nonce, plaintext, aad, tagBytes);
  return equalConstantTime(maskTag(tag, keyStream), sealed.subarray(end)) ? plaintext : undefined;
}

/** Block 0 of the key stream masks the tag, the blocks from 1 on the data (RFC 3610 §2.3): one pass gives both. */
function applyCounterMode(key: Uint8Array, nonce: Uint8Array, data: Uint8Array): [Uint8Array, Uint8Array] {
  const start = concat(Uint8Array.of(LENGTH_OCTETS - 1), nonce, new Uint8Array(LENGTH_OCTETS));
  const stream = ctr(key, start).encrypt(concat(new Uint8Array(BLOCK), data));
  return [stream.subarray(0, BLOCK), stream.subarray(BLOCK)];
}

/** RFC 3610 §2.2. A CBC-MAC is the last block of a CBC encryption under a zero IV. */
function cbcMac(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
  tagBytes: number,
): Uint8Array {
  if (nonce.length !== NONCE_OCTETS) throw new RangeError(`AES-CCM: nonce of ${nonce.length} octets, not 11`);
  if (aad.length > MAX_AAD) throw new RangeError(`AES-CCM: ${aad.length} octets of associated data`);
  const blocks = new Writer();
  blocks.u8((aad.length > 0 ? 0x40 : 0) | (((tagBytes - 2) / 2) << 3) | (LENGTH_OCTETS - 1));
  blocks.bytes(nonce).u32(plaintext.length);
  if (aad.length > 0) blocks.u16(aad.length).bytes(aad);
  padToBlock(blocks);
  blocks.bytes(plaintext);
  padToBlock(blocks);
  const chained = cbc(key, new Uint8Array(BLOCK), { disablePadding: true }).encrypt(blocks.finish());
  return chained.slice(-BLOCK, chained.length - BLOCK + tagBytes);
}

function padToBlock(blocks: Writer): void {
  blocks.zeros((BLOCK - (blocks.length % BLOCK)) % BLOCK);
}

const maskTag = (tag: Uint8Array, keyStream: Uint8Array): Uint8Array =>
  tag.map((octet, i) => octet ^ (keyStream[i] as number));
