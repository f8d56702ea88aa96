/**
 * Encryption and integrity of an IKE SA's messages as one operation, whatever the suite is made of (RFC 7296 §3.14, RFC 5282
 * for AEADs, RFC 5930 for AES-CTR). protection.ts builds SK and SKF payloads with it.
 */
import { EMPTY, equalConstantTime, type RandomBytes } from '#core/bytes/bytes.ts';
import { Writer } from '#core/bytes/writer.ts';
import type { EncryptionRow, IkeSuite } from '#core/crypto/interfaces.ts';

export interface ProtectionKeys {
  /** SK_ei or SK_er: cipher key followed by the salt. */
  readonly encryption: Uint8Array;
  /** SK_ai or SK_ar; empty with an AEAD. */
  readonly integrity: Uint8Array;
}

interface Cipher {
  readonly icvBytes: number;
  /** `header` is everything of the message in front of the IV. Returns ciphertext and ICV. */
  seal(header: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** `forged`: the ICV is wrong. `undefined`: the ICV is right, the ciphertext impossible. */
  open(header: Uint8Array, iv: Uint8Array, sealed: Uint8Array): Uint8Array | 'forged' | undefined;
}

export interface Sealer extends Cipher {
  readonly ivBytes: number;
  readonly blockBytes: number;
  /** An IV that this key has not seen. */
  nextIv(): Uint8Array;
}

/** Throws RangeError when keys and suite do not fit. */
export function createSealer(suite: IkeSuite, keys: ProtectionKeys, random: RandomBytes): Sealer {
  const { encryption } = suite;
  const cipher = encryption.kind === 'aead' ? aead(encryption, keys) : encryptThenMac(suite, keys);
  const { ivBytes, blockBytes } = encryption;
  return { ...cipher, ivBytes, blockBytes, nextIv: ivSource(encryption, random) };
}

function aead(encryption: EncryptionRow, keys: ProtectionKeys): Cipher {
  const cipher = encryption.bind(keys.encryption);
  return {
    icvBytes: encryption.icvBytes,
    seal: (header, iv, plaintext) => cipher.encrypt(iv, plaintext, header),
    open: (header, iv, sealed) => cipher.decrypt(iv, sealed, header) ?? 'forged',
  };
}

function encryptThenMac({ encryption, integrity }: IkeSuite, keys: ProtectionKeys): Cipher {
  if (!integrity) throw new RangeError(`${encryption.name} needs an integrity algorithm`);
  const cipher = encryption.bind(keys.encryption);
  // A copy, as `bind` makes one: IKE_INTERMEDIATE wipes keys that the repetition of a request still comes under.
  const key = keys.integrity.slice();
  return {
    icvBytes: integrity.icvBytes,
    seal(header, iv, plaintext) {
      const ciphertext = cipher.encrypt(iv, plaintext, EMPTY);
      const icv = integrity.mac(key, header, iv, ciphertext);
      return new Writer().bytes(ciphertext).bytes(icv).finish();
    },
    open(header, iv, sealed) {
      const ciphertext = sealed.subarray(0, sealed.length - integrity.icvBytes);
      const icv = integrity.mac(key, header, iv, ciphertext);
      if (!equalConstantTime(icv, sealed.subarray(ciphertext.length))) return 'forged';
      if (encryption.kind === 'cbc' && ciphertext.length % encryption.blockBytes !== 0) return undefined;
      return cipher.decrypt(iv, ciphertext, EMPTY);
    },
  };
}

/** Counter modes must never repeat an IV under a key; CBC needs one that nobody can foresee (RFC 3602 §3). */
function ivSource({ iv, ivBytes }: EncryptionRow, random: RandomBytes): () => Uint8Array {
  if (iv !== 'counter') return () => random(ivBytes);
  let counter = 0n;
  return () =>
    new Writer()
      .zeros(ivBytes - 8)
      .u64(counter++)
      .finish();
}
