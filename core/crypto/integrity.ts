/**
 * Transform type 3: integrity algorithms of IKE and ESP without an AEAD (RFC 2403, 2404, 3566, 4494, 4868).
 * suite.ts and keywords.ts look rows up; ikev2 and core/esp compute with them.
 */
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import type { CHash } from '@noble/hashes/utils.js';
import { integrityAlgorithms } from '#core/registry/integrity-algorithms.ts';
import { aesCmac, aesXcbcMac } from './aes-mac.ts';
import { hmacOf } from './hmac.ts';
import type { IntegrityRow } from './interfaces.ts';

type IntegrityName = keyof typeof integrityAlgorithms.byName;
type FullMac = (key: Uint8Array, ...parts: readonly Uint8Array[]) => Uint8Array;
type Words = Pick<IntegrityRow, 'keyword' | 'aliases' | 'weak'>;

/** A MAC cut to its first `icvBytes` octets. */
function row(
  name: IntegrityName,
  keyBytes: number,
  icvBytes: number,
  mac: FullMac,
  words: Words,
): IntegrityRow {
  return {
    id: integrityAlgorithms.byName[name],
    name,
    keyBytes,
    icvBytes,
    ...words,
    mac(key, ...parts) {
      if (key.length !== keyBytes) {
        throw new RangeError(`${words.keyword}: key of ${key.length} octets, not ${keyBytes}`);
      }
      return mac(key, ...parts).slice(0, icvBytes);
    },
  };
}

/** RFC 4868 §2.1.1 (and 2403, 2404): the key is as long as the hash's output. */
const hmacRow = (name: IntegrityName, hash: CHash, icvBytes: number, words: Words): IntegrityRow =>
  row(name, hash.outputLen, icvBytes, (key, ...parts) => hmacOf(hash, key, parts), words);

/** Every integrity algorithm that we compute. */
export const INTEGRITY_ROWS: readonly IntegrityRow[] = [
  hmacRow('AUTH_HMAC_SHA2_256_128', sha256, 16, { keyword: 'sha256', aliases: ['sha2_256'] }),
  hmacRow('AUTH_HMAC_SHA2_384_192', sha384, 24, { keyword: 'sha384', aliases: ['sha2_384'] }),
  hmacRow('AUTH_HMAC_SHA2_512_256', sha512, 32, { keyword: 'sha512', aliases: ['sha2_512'] }),
  hmacRow('AUTH_HMAC_SHA1_96', sha1, 12, { keyword: 'sha1', aliases: ['sha'] }),
  row('AUTH_AES_XCBC_96', 16, 12, aesXcbcMac, { keyword: 'aesxcbc' }),
  row('AUTH_AES_CMAC_96', 16, 12, aesCmac, { keyword: 'aescmac' }),
  hmacRow('AUTH_HMAC_MD5_96', md5, 12, {
    keyword: 'md5',
    weak: 'MD5 is broken; RFC 8247 §2.3 and RFC 8221 §6 forbid it',
  }),
];

/** The row of a transform, `undefined` when we do not compute it (NONE included). */
export function integrityRow(id: number): IntegrityRow | undefined {
  return INTEGRITY_ROWS.find((candidate) => candidate.id === id);
}
