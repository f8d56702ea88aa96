/**
 * The Encrypted payload: sealing and opening messages of an IKE SA (RFC 7296 §3.14; RFC 5282 for AEADs, RFC 5930
 * for AES-CTR). The engine makes one object a direction.
 */
import { EMPTY, equalConstantTime, type RandomBytes } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import type { EncryptionRow, IkeSuite } from '#core/crypto/interfaces.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { PayloadType } from '#core/registry/payload-types.ts';
import {
  decodeChain,
  encodeChain,
  isEncrypted,
  type RawPayload,
  splitChain,
  UnsupportedCriticalPayload,
} from './chain.ts';
import { criticalNotify, encodeIkeHeader, readEnvelope } from './message.ts';
import type { Decoded, IkeHeader, MessageProtection, Payload } from './payload-types.ts';

const GENERIC_HEADER_BYTES = 4;

export interface ProtectionKeys {
  /** SK_ei or SK_er: cipher key followed by the salt. */
  readonly encryption: Uint8Array;
  /** SK_ai or SK_ar; empty with an AEAD. */
  readonly integrity: Uint8Array;
}

/** Encryption and integrity as one operation, whatever the suite is made of. */
interface Sealer {
  readonly icvBytes: number;
  /** `header` is everything of the message in front of the IV. Returns ciphertext and ICV. */
  seal(header: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** `forged`: the ICV is wrong. `undefined`: the ICV is right, the ciphertext impossible. */
  open(header: Uint8Array, iv: Uint8Array, sealed: Uint8Array): Uint8Array | 'forged' | undefined;
}

/**
 * Binds one direction's keys. A second object that seals under the same keys would repeat IVs, which breaks
 * counter modes: make one for each SA and direction. Throws RangeError when keys and suite do not fit.
 */
export function createProtection(
  suite: IkeSuite,
  keys: ProtectionKeys,
  random: RandomBytes,
): MessageProtection {
  const { encryption } = suite;
  const sealer = encryption.kind === 'aead' ? aead(encryption, keys) : encryptThenMac(suite, keys);
  const nextIv = ivSource(encryption, random);
  return {
    seal(header, payloads) {
      const chain = encodeChain(payloads);
      const plaintext = pad(chain.bytes, encryption.blockBytes);
      const bodyBytes = encryption.ivBytes + plaintext.length + sealer.icvBytes;
      const front = new Writer()
        .bytes(encodeIkeHeader(header, PayloadType.SK, GENERIC_HEADER_BYTES + bodyBytes))
        .u8(chain.first)
        .u8(0)
        .u16(GENERIC_HEADER_BYTES + bodyBytes)
        .finish();
      const iv = nextIv();
      return new Writer()
        .bytes(front)
        .bytes(iv)
        .bytes(sealer.seal(front, iv, plaintext))
        .finish();
    },
    open: (bytes) => open(bytes, encryption.ivBytes, sealer),
  };
}

function aead(encryption: EncryptionRow, keys: ProtectionKeys): Sealer {
  const cipher = encryption.bind(keys.encryption);
  return {
    icvBytes: encryption.icvBytes,
    seal: (header, iv, plaintext) => cipher.encrypt(iv, plaintext, header),
    open: (header, iv, sealed) => cipher.decrypt(iv, sealed, header) ?? 'forged',
  };
}

function encryptThenMac({ encryption, integrity }: IkeSuite, keys: ProtectionKeys): Sealer {
  if (!integrity) throw new RangeError(`${encryption.name} needs an integrity algorithm`);
  const cipher = encryption.bind(keys.encryption);
  return {
    icvBytes: integrity.icvBytes,
    seal(header, iv, plaintext) {
      const ciphertext = cipher.encrypt(iv, plaintext, EMPTY);
      const icv = integrity.mac(keys.integrity, header, iv, ciphertext);
      return new Writer().bytes(ciphertext).bytes(icv).finish();
    },
    open(header, iv, sealed) {
      const ciphertext = sealed.subarray(0, sealed.length - integrity.icvBytes);
      const icv = integrity.mac(keys.integrity, header, iv, ciphertext);
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

/** Payloads, zeros, and the count of the zeros, together a multiple of the block. */
function pad(payloads: Uint8Array, blockBytes: number): Uint8Array {
  const padLength = (blockBytes - ((payloads.length + 1) % blockBytes)) % blockBytes;
  return new Writer().bytes(payloads).zeros(padLength).u8(padLength).finish();
}

/** What pad() added, taken away again; the content of the padding is the sender's choice (§3.14). */
function unpad(plaintext: Uint8Array): Uint8Array {
  const padLength = plaintext.at(-1);
  if (padLength === undefined) throw new DecodeError('encrypted payload', 'is empty');
  if (padLength >= plaintext.length) {
    throw new DecodeError('pad length', `is ${padLength} of ${plaintext.length} octets`);
  }
  return plaintext.subarray(0, plaintext.length - 1 - padLength);
}

function open(bytes: Uint8Array, ivBytes: number, sealer: Sealer): Decoded {
  const envelope = readEnvelope(bytes);
  if (envelope.outcome !== 'envelope') return envelope;
  const { header } = envelope;
  const refuse = (detail: string): Decoded => ({ outcome: 'unprotected-error', header, detail });

  const outside = envelope.payloads.slice(0, -1);
  const sk = envelope.payloads.at(-1);
  if (!sk || !isEncrypted(sk)) return refuse('no Encrypted payload');
  if (sk.type === PayloadType.SKF) return refuse('a fragment, but fragmentation was not negotiated');
  if (sk.body.length < ivBytes + sealer.icvBytes) {
    return refuse(`Encrypted payload of ${sk.body.length} octets is shorter than IV and ICV`);
  }
  const front = bytes.subarray(0, bytes.length - sk.body.length);
  const plaintext = sealer.open(front, sk.body.subarray(0, ivBytes), sk.body.subarray(ivBytes));
  if (plaintext === 'forged') return refuse('wrong integrity check value');
  return decodePlaintext(header, outside, sk, plaintext);
}

/** From here on the peer vouches for what is read: its mistakes are answered. */
function decodePlaintext(
  header: IkeHeader,
  outside: readonly RawPayload[],
  sk: RawPayload,
  plaintext: Uint8Array | undefined,
): Decoded {
  const refuse = (detail: string, notify: number, notifyData: Uint8Array): Decoded => ({
    outcome: 'protected-error',
    header,
    notify,
    notifyData,
    detail,
  });
  try {
    if (!plaintext) throw new DecodeError('ciphertext', 'is not a multiple of the block');
    // No exchange of RFC 7296 puts payloads in front of SK: they must parse, and then have no say.
    decodeChain(outside);
    const inside = splitChain(sk.next, unpad(plaintext));
    if (inside.some(isEncrypted)) throw new DecodeError('payloads', 'an Encrypted payload inside another');
    const payloads: readonly Payload[] = decodeChain(inside);
    return { outcome: 'ok', message: { header, payloads }, protected: true };
  } catch (error) {
    if (error instanceof UnsupportedCriticalPayload) {
      const { notify, notifyData } = criticalNotify(error);
      return refuse(error.message, notify, notifyData);
    }
    if (error instanceof DecodeError) return refuse(error.message, NotifyType.INVALID_SYNTAX, EMPTY);
    throw error;
  }
}
