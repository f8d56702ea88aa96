/**
 * Transform type 1: the encryption algorithms of IKE (RFC 7296 §3.14, RFC 5282) and ESP (RFC 8221), each with its key
 * length, over @noble/ciphers. suite.ts and keywords.ts look rows up; ikev2 and core/esp bind keys and use them.
 *
 * noble expands an AES key with every message: its public functions take the key, not its schedule. That is small
 * beside the rest of a message, and ESP at speed is the native data plane's task.
 */
import { cbc, ctr, gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { concat, equalConstantTime } from '#core/bytes/bytes.ts';
import { encryptionAlgorithms } from '#core/registry/encryption-algorithms.ts';
import { ccmDecrypt, ccmEncrypt } from './aes-ccm.ts';
import type { BoundCipher, EncryptionRow } from './interfaces.ts';
import { bindTripleDesCbc } from './triple-des.ts';

type EncryptionName = keyof typeof encryptionAlgorithms.byName;
type Binder = (key: Uint8Array, salt: Uint8Array, icvBytes: number) => BoundCipher;

const GCM_TAG = 16;
/** NIST SP 800-38D §7.1: counter 1 masks the tag, the data starts with counter 2. */
const GCM_FIRST = Uint8Array.of(0, 0, 0, 2);
/** RFC 3686 §4: the block counter of the first block. */
const CTR_FIRST = Uint8Array.of(0, 0, 0, 1);

/** RFC 4106, RFC 5282: nonce = salt (4) | IV (8). */
const bindGcm: Binder = (key, salt, icvBytes) => ({
  encrypt(iv, plaintext, aad) {
    const sealed = gcm(key, concat(salt, iv), aad).encrypt(plaintext);
    return sealed.subarray(0, sealed.length - GCM_TAG + icvBytes);
  },
  // noble wants the tag of 16 octets; a shorter one is checked by sealing what was decrypted once more.
  decrypt(iv, ciphertext, aad) {
    const end = ciphertext.length - icvBytes;
    const nonce = concat(salt, iv);
    const plaintext = ctr(key, concat(nonce, GCM_FIRST)).decrypt(ciphertext.subarray(0, end));
    const tag = gcm(key, nonce, aad)
      .encrypt(plaintext)
      .subarray(end, end + icvBytes);
    return equalConstantTime(tag, ciphertext.subarray(end)) ? plaintext : undefined;
  },
});

/** RFC 4309, RFC 5282: nonce = salt (3) | IV (8). */
const bindCcm: Binder = (key, salt, icvBytes) => ({
  encrypt: (iv, plaintext, aad) => ccmEncrypt(key, concat(salt, iv), plaintext, aad, icvBytes),
  decrypt: (iv, ciphertext, aad) => ccmDecrypt(key, concat(salt, iv), ciphertext, aad, icvBytes),
});

/** RFC 7634 §2: nonce = salt (4) | IV (8). */
const bindChaCha: Binder = (key, salt) => ({
  encrypt: (iv, plaintext, aad) => chacha20poly1305(key, concat(salt, iv), aad).encrypt(plaintext),
  decrypt(iv, ciphertext, aad) {
    const cipher = chacha20poly1305(key, concat(salt, iv), aad);
    try {
      return cipher.decrypt(ciphertext);
    } catch {
      return undefined; // lengths were checked before: the tag is wrong
    }
  },
});

/** RFC 3602. */
const bindCbc: Binder = (key) => ({
  encrypt: (iv, plaintext) => cbc(key, iv, { disablePadding: true }).encrypt(plaintext),
  decrypt: (iv, ciphertext) => cbc(key, iv, { disablePadding: true }).decrypt(ciphertext),
});

/** RFC 3686, RFC 5930: counter block = nonce (4) | IV (8) | block counter (4). */
const bindCtr: Binder = (key, nonce) => ({
  encrypt: (iv, plaintext) => ctr(key, concat(nonce, iv, CTR_FIRST)).encrypt(plaintext),
  decrypt: (iv, ciphertext) => ctr(key, concat(nonce, iv, CTR_FIRST)).decrypt(ciphertext),
});

/** RFC 2410. */
const bindNull: Binder = () => ({
  encrypt: (_iv, plaintext) => plaintext.slice(),
  decrypt: (_iv, ciphertext) => ciphertext.slice(),
});

type Sizes = Omit<EncryptionRow, 'id' | 'name' | 'bind'>;

/** The row, with the checks that every cipher shares around its binder. */
function row(name: EncryptionName, sizes: Sizes, binder: Binder): EncryptionRow {
  const { keyBytes, saltBytes, ivBytes, icvBytes, blockBytes, keyword } = sizes;
  const checkIv = (iv: Uint8Array): void => {
    if (iv.length !== ivBytes) throw new RangeError(`${keyword}: IV of ${iv.length} octets, not ${ivBytes}`);
  };
  return {
    id: encryptionAlgorithms.byName[name],
    name,
    ...sizes,
    bind(keyMaterial) {
      if (keyMaterial.length !== keyBytes + saltBytes) {
        throw new RangeError(
          `${keyword}: ${keyMaterial.length} octets of key material, not ${keyBytes + saltBytes}`,
        );
      }
      const cipher = binder(keyMaterial.slice(0, keyBytes), keyMaterial.slice(keyBytes), icvBytes);
      return {
        encrypt(iv, plaintext, aad) {
          checkIv(iv);
          if (plaintext.length % blockBytes !== 0) {
            throw new RangeError(
              `${keyword}: ${plaintext.length} octets are not whole blocks of ${blockBytes}`,
            );
          }
          return cipher.encrypt(iv, plaintext, aad);
        },
        decrypt(iv, ciphertext, aad) {
          checkIv(iv);
          const length = ciphertext.length - icvBytes;
          if (length < 0 || length % blockBytes !== 0) return undefined;
          return cipher.decrypt(iv, ciphertext, aad);
        },
      };
    },
  };
}

/** Both in the order in which one would choose. */
const KEY_BITS = [256, 192, 128] as const;
const ICV_OCTETS = [16, 12, 8] as const;

/** AES-GCM or AES-CCM in its three tag lengths: `aes128gcm16`, also `aes128gcm128` and, for the full tag, `aes128gcm`. */
function aesAead(mode: 'GCM' | 'CCM', saltBytes: number, binder: Binder): EncryptionRow[] {
  const lower = mode.toLowerCase();
  return ICV_OCTETS.flatMap((icvBytes) =>
    KEY_BITS.map((keyBits) => {
      const stem = `aes${keyBits}${lower}`;
      return row(
        `ENCR_AES_${mode}_${icvBytes}`,
        {
          keyword: `${stem}${icvBytes}`,
          aliases: icvBytes === 16 ? [`${stem}128`, stem] : [`${stem}${icvBytes * 8}`],
          keyBits,
          kind: 'aead',
          keyBytes: keyBits / 8,
          saltBytes,
          ivBytes: 8,
          icvBytes,
          blockBytes: 1,
          iv: 'counter',
        },
        binder,
      );
    }),
  );
}

const noIcv = { icvBytes: 0 } as const;

/** Every encryption algorithm that we compute, a row a key length. */
export const ENCRYPTION_ROWS: readonly EncryptionRow[] = [
  ...aesAead('GCM', 4, bindGcm),
  ...aesAead('CCM', 3, bindCcm),
  row(
    'ENCR_CHACHA20_POLY1305',
    {
      keyword: 'chacha20poly1305',
      kind: 'aead',
      keyBytes: 32,
      saltBytes: 4,
      ivBytes: 8,
      icvBytes: 16,
      blockBytes: 1,
      iv: 'counter',
    },
    bindChaCha,
  ),
  ...KEY_BITS.map((keyBits) =>
    row(
      'ENCR_AES_CBC',
      {
        keyword: `aes${keyBits}`,
        aliases: keyBits === 128 ? ['aes'] : [],
        keyBits,
        kind: 'cbc',
        keyBytes: keyBits / 8,
        saltBytes: 0,
        ivBytes: 16,
        blockBytes: 16,
        iv: 'random',
        ...noIcv,
      },
      bindCbc,
    ),
  ),
  ...KEY_BITS.map((keyBits) =>
    row(
      'ENCR_AES_CTR',
      {
        keyword: `aes${keyBits}ctr`,
        keyBits,
        kind: 'ctr',
        keyBytes: keyBits / 8,
        saltBytes: 4,
        ivBytes: 8,
        blockBytes: 1,
        iv: 'counter',
        ...noIcv,
      },
      bindCtr,
    ),
  ),
  row(
    'ENCR_3DES',
    {
      keyword: '3des',
      weak: 'blocks of 64 bits leak after some gigabytes (Sweet32); RFC 8221 §5 advises against it',
      kind: 'cbc',
      keyBytes: 24,
      saltBytes: 0,
      ivBytes: 8,
      blockBytes: 8,
      iv: 'random',
      ...noIcv,
    },
    bindTripleDesCbc,
  ),
  row(
    'ENCR_NULL',
    {
      keyword: 'null',
      weak: 'it encrypts nothing: everyone on the path can read the traffic',
      kind: 'null',
      keyBytes: 0,
      saltBytes: 0,
      ivBytes: 0,
      blockBytes: 1,
      iv: 'none',
      ...noIcv,
    },
    bindNull,
  ),
];

/**
 * The row of a transform; `undefined` when we do not know the algorithm, or its Key Length attribute is one that it
 * does not have (none with AES, any with ChaCha20: RFC 7296 §3.3.5).
 */
export function encryptionRow(id: number, keyBits?: number): EncryptionRow | undefined {
  return ENCRYPTION_ROWS.find((candidate) => candidate.id === id && candidate.keyBits === keyBits);
}

/** Octets of key material that `bind` takes: the key and its salt. */
export const encryptionKeyBytes = (encryption: EncryptionRow): number =>
  encryption.keyBytes + encryption.saltBytes;
