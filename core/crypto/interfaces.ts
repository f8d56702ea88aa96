/**
 * What a suite is made of: rows of four tables (encryption.ts, integrity.ts, prf.ts, key-exchange.ts). The engine
 * and core/esp see only these interfaces. Keywords are the spelling people know from strongSwan's proposals.
 */
import type { RandomBytes } from '#core/bytes/bytes.ts';

interface Row {
  /** Transform ID in IANA's "IKEv2 Parameters". */
  readonly id: number;
  /** IANA's name, e.g. `ENCR_AES_GCM_16`. */
  readonly name: string;
  /** The spelling in proposals, e.g. `aes256gcm16`, `sha256`, `prfsha384`, `ecp256`. */
  readonly keyword: string;
  /** Other accepted spellings of the keyword. */
  readonly aliases?: readonly string[];
  /** Why nobody should choose it (RFC 8247, RFC 8221, RFC 9395); absent where it is sound. */
  readonly weak?: string;
}

/** An encryption algorithm with its key length: transform type 1. */
export interface EncryptionRow extends Row {
  /** The Key Length attribute in bits; absent where the algorithm has one length only and sends no attribute. */
  readonly keyBits?: number;
  /** `aead` carries its own ICV; the others need an integrity algorithm. */
  readonly kind: 'aead' | 'cbc' | 'ctr' | 'null';
  /** Octets of the cipher key itself. */
  readonly keyBytes: number;
  /** Octets of salt (implicit nonce) taken from the key material after the key: RFC 4106, 4309, 3686, 7634. */
  readonly saltBytes: number;
  /** Octets of IV sent in each packet. */
  readonly ivBytes: number;
  /** Octets of ICV of an AEAD; 0 elsewhere. */
  readonly icvBytes: number;
  /** The plaintext with its trailer must be a multiple of this. */
  readonly blockBytes: number;
  /** `counter`: must never repeat under a key; `random`: must be unpredictable (RFC 3602 §3). */
  readonly iv: 'counter' | 'random' | 'none';
  /** Binds `keyBytes + saltBytes` octets of key material. */
  bind(keyMaterial: Uint8Array): BoundCipher;
}

export interface BoundCipher {
  /** AEAD: ciphertext followed by the ICV. Others: ciphertext; `aad` is ignored. */
  encrypt(iv: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array;
  /** `undefined` when the ICV of an AEAD is wrong or the length impossible. */
  decrypt(iv: Uint8Array, ciphertext: Uint8Array, aad: Uint8Array): Uint8Array | undefined;
}

/** An integrity algorithm: transform type 3. */
export interface IntegrityRow extends Row {
  readonly keyBytes: number;
  readonly icvBytes: number;
  /** The truncated MAC over the parts in order. */
  mac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
}

/** A pseudo-random function: transform type 2. */
export interface PrfRow extends Row {
  /** Preferred key size: length of SK_d, SK_pi, SK_pr (RFC 7296 §2.14). */
  readonly keyBytes: number;
  readonly outputBytes: number;
  /** PRFs with a fixed key size (XCBC, CMAC): RFC 7296 §2.14 takes half of it from each nonce for SKEYSEED. */
  readonly fixedKey: boolean;
  compute(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
}

/** A key exchange method: transform types 4 and 6 to 12. Written for Diffie-Hellman and KEMs alike (RFC 9370). */
export interface KeyExchangeRow extends Row {
  /** Octets of the initiator's KE data, and of the responder's. */
  readonly publicBytes: { readonly initiator: number; readonly responder: number };
  initiate(random: RandomBytes): KeyExchangeInProgress;
  /** Throws KeyExchangeError on a value outside the group. */
  respond(
    random: RandomBytes,
    peerPublic: Uint8Array,
  ): { readonly publicData: Uint8Array; readonly secret: Uint8Array };
}

export interface KeyExchangeInProgress {
  readonly publicData: Uint8Array;
  /** The shared secret g^ir, padded to the group's length (RFC 7296 §2.14). Throws KeyExchangeError. */
  finish(peerPublic: Uint8Array): Uint8Array;
}

/** The peer's KE data has a wrong length, is zero, one, p-1, not on the curve, or gives a zero secret. */
export class KeyExchangeError extends Error {
  override readonly name = 'KeyExchangeError';
}

/** The outcome of an IKE proposal: everything an IKE SA computes with. */
export interface IkeSuite {
  readonly encryption: EncryptionRow;
  /** Absent with an AEAD. */
  readonly integrity?: IntegrityRow;
  readonly prf: PrfRow;
  readonly keyExchange: KeyExchangeRow;
  /** Those that follow it, in their order (RFC 9370); absent where there are none. */
  readonly additional?: readonly AdditionalKeyExchange[];
}

/** One more key exchange, whose secret goes into the keys beside the first one's (RFC 9370 §2.2). */
export interface AdditionalKeyExchange {
  /** Transform type: 6 (ADDKE1) to 12 (ADDKE7). */
  readonly type: number;
  readonly keyExchange: KeyExchangeRow;
}

/** The outcome of an ESP proposal. */
export interface EspSuite {
  readonly encryption: EncryptionRow;
  /** Absent with an AEAD. */
  readonly integrity?: IntegrityRow;
  /** 64-bit sequence numbers (RFC 4303 §2.2.1). */
  readonly esn: boolean;
  /** The group of the Child SA's own exchange, where PFS was negotiated (never in IKE_AUTH). */
  readonly keyExchange?: KeyExchangeRow;
  /** As in an IkeSuite; never without `keyExchange`. */
  readonly additional?: readonly AdditionalKeyExchange[];
}
