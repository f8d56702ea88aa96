/**
 * Transform type 2: pseudo-random functions (RFC 2104, 4434, 4615, 4868) and prf+ (RFC 7296 §2.13).
 * suite.ts and keywords.ts look rows up; ikev2's key material computes with them.
 */
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import type { CHash } from '@noble/hashes/utils.js';
import { concat, EMPTY } from '#core/bytes/bytes.ts';
import { prfs } from '#core/registry/prfs.ts';
import { AES_MAC_BYTES, aesCmac, aesXcbcMac } from './aes-mac.ts';
import { hmacOf } from './hmac.ts';
import type { PrfRow } from './interfaces.ts';

type PrfName = keyof typeof prfs.byName;
type Words = Pick<PrfRow, 'keyword' | 'weak'>;

const hmacRow = (name: PrfName, hash: CHash, words: Words): PrfRow => ({
  id: prfs.byName[name],
  name,
  ...words,
  keyBytes: hash.outputLen,
  outputBytes: hash.outputLen,
  fixedKey: false,
  compute: (key, ...parts) => hmacOf(hash, key, parts),
});

type AesMac = typeof aesXcbcMac;

/** `toKey` makes 16 octets of a key of any other length: pre-shared keys and nonces come in all lengths. */
const aesRow = (
  name: PrfName,
  mac: AesMac,
  toKey: (key: Uint8Array) => Uint8Array,
  words: Words,
): PrfRow => ({
  id: prfs.byName[name],
  name,
  ...words,
  keyBytes: AES_MAC_BYTES,
  outputBytes: AES_MAC_BYTES,
  fixedKey: true,
  compute: (key, ...parts) => mac(key.length === AES_MAC_BYTES ? key : toKey(key), ...parts),
});

const ZERO_KEY: Uint8Array = new Uint8Array(AES_MAC_BYTES);

/** RFC 4434 §2: a short key is padded with zeros, a long one hashed under the zero key. */
const xcbcKey = (key: Uint8Array): Uint8Array =>
  key.length < AES_MAC_BYTES
    ? concat(key, new Uint8Array(AES_MAC_BYTES - key.length))
    : aesXcbcMac(ZERO_KEY, key);

/** RFC 4615 §3: any other key, short or long, is hashed under the zero key. */
const cmacKey = (key: Uint8Array): Uint8Array => aesCmac(ZERO_KEY, key);

/** Every PRF that we compute. */
export const PRF_ROWS: readonly PrfRow[] = [
  hmacRow('PRF_HMAC_SHA2_256', sha256, { keyword: 'prfsha256' }),
  hmacRow('PRF_HMAC_SHA2_384', sha384, { keyword: 'prfsha384' }),
  hmacRow('PRF_HMAC_SHA2_512', sha512, { keyword: 'prfsha512' }),
  hmacRow('PRF_HMAC_SHA1', sha1, { keyword: 'prfsha1' }),
  aesRow('PRF_AES128_XCBC', aesXcbcMac, xcbcKey, { keyword: 'prfaesxcbc' }),
  aesRow('PRF_AES128_CMAC', aesCmac, cmacKey, { keyword: 'prfaescmac' }),
  hmacRow('PRF_HMAC_MD5', md5, { keyword: 'prfmd5', weak: 'MD5 is broken; RFC 8247 §2.2 forbids it' }),
];

/** The row of a transform, `undefined` when we do not compute it. */
export function prfRow(id: number): PrfRow | undefined {
  return PRF_ROWS.find((candidate) => candidate.id === id);
}

/**
 * prf+ (K, S) = T1 | T2 | …, T1 = prf (K, S | 0x01), Tn = prf (K, Tn-1 | S | n), cut to `length` octets (RFC 7296 §2.13).
 * Throws RangeError for more than 255 blocks: the counter is one octet.
 */
export function prfPlus(prf: PrfRow, key: Uint8Array, seed: Uint8Array, length: number): Uint8Array {
  const count = Math.ceil(length / prf.outputBytes);
  if (count > 255) throw new RangeError(`prf+ gives at most ${255 * prf.outputBytes} octets, not ${length}`);
  const blocks: Uint8Array[] = [];
  let previous: Uint8Array = EMPTY;
  for (let n = 1; n <= count; n++) {
    previous = prf.compute(key, previous, seed, Uint8Array.of(n));
    blocks.push(previous);
  }
  return concat(...blocks).slice(0, length);
}
