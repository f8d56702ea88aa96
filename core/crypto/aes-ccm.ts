/**
 * AES-CCM (RFC 3610, NIST SP 800-38C), as RFC 4309 and RFC 5282 want it for ESP and IKE. It stands here because
 * @noble/ciphers has CBC and CTR but not their combination. encryption.ts calls it.
 */
import { cbc, ctr } from '@noble/ciphers/aes.js';
import { concat, equalConstantTime } from '#core/bytes/bytes.ts';
import { Writer } from '#core/bytes/writer.ts';

const BLOCK = 16;
/** RFC 3610 §2.2 writes the length of longer data in another way; ESP headers and IKE messages are shorter. */
const MAX_AAD = 0xfeff;

/**
 * Ciphertext followed by a tag of `tagBytes` (4, 6 … 16). A nonce of n octets leaves 15 - n to the length of the
 * plaintext (11 with RFC 4309); throws RangeError where that does not fit.
 */
export function ccmEncrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
  tagBytes: number,
): Uint8Array {
  const tag = cbcMac(key, nonce, plaintext, aad, tagBytes);
  const [mask, ciphertext] = counterMode(key, nonce, plaintext);
  return concat(ciphertext, xor(tag, mask));
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
  const [mask, plaintext] = counterMode(key, nonce, sealed.subarray(0, end));
  const tag = cbcMac(key, nonce, plaintext, aad, tagBytes);
  return equalConstantTime(xor(tag, mask), sealed.subarray(end)) ? plaintext : undefined;
}

/** Octets of the length field and of the block counter: L in RFC 3610 §2. */
const lengthOctets = (nonce: Uint8Array): number => BLOCK - 1 - nonce.length;

/** Key stream block 0 masks the tag, the blocks from 1 on the data (RFC 3610 §2.3): one pass gives both. */
function counterMode(key: Uint8Array, nonce: Uint8Array, data: Uint8Array): [Uint8Array, Uint8Array] {
  const octets = lengthOctets(nonce);
  const first = concat(Uint8Array.of(octets - 1), nonce, new Uint8Array(octets));
  const stream = ctr(key, first).encrypt(concat(new Uint8Array(BLOCK), data));
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
  if (aad.length > MAX_AAD) throw new RangeError(`AES-CCM: ${aad.length} octets of associated data`);
  const octets = lengthOctets(nonce);
  const blocks = new Writer();
  blocks.u8((aad.length > 0 ? 0x40 : 0) | (((tagBytes - 2) / 2) << 3) | (octets - 1));
  blocks.bytes(nonce).bytes(bigEndian(plaintext.length, octets));
  if (aad.length > 0) blocks.u16(aad.length).bytes(aad);
  padToBlock(blocks);
  blocks.bytes(plaintext);
  padToBlock(blocks);
  const chained = cbc(key, new Uint8Array(BLOCK), { disablePadding: true }).encrypt(blocks.finish());
  return chained.slice(chained.length - BLOCK, chained.length - BLOCK + tagBytes);
}

function bigEndian(value: number, octets: number): Uint8Array {
  const field = new Uint8Array(octets);
  let rest = value;
  for (let at = octets - 1; at >= 0; at--) {
    field[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  if (rest > 0)
    throw new RangeError(`AES-CCM: ${value} octets of plaintext do not fit a length of ${octets}`);
  return field;
}

function padToBlock(blocks: Writer): void {
  blocks.zeros((BLOCK - (blocks.length % BLOCK)) % BLOCK);
}

const xor = (tag: Uint8Array, mask: Uint8Array): Uint8Array =>
  tag.map((octet, i) => octet ^ (mask[i] as number));
