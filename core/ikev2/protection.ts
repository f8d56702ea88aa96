/**
 * The Encrypted payload and the Encrypted Fragment payload: sealing and opening messages of an IKE SA (RFC 7296 §3.14, RFC
 * 7383 §2.5). The engine makes one object a direction; fragments.ts puts the pieces together again.
 */
import { EMPTY, type RandomBytes } from '#core/bytes/bytes.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import type { IkeSuite } from '#core/crypto/interfaces.ts';
import { HEADER_BYTES } from '#core/ike/header.ts';
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
import type {
  Decoded,
  IkeHeader,
  Inside,
  MessageProtection,
  OpenedFragment,
  Payload,
} from './payload-types.ts';
import { createSealer, type ProtectionKeys, type Sealer } from './sealer.ts';

export type { ProtectionKeys } from './sealer.ts';

const GENERIC_HEADER_BYTES = 4;
/** Fragment Number and Total Fragments. */
const FRAGMENT_FIELDS_BYTES = 4;
const MAX_TOTAL_FRAGMENTS = 0xffff;

/**
 * Binds one direction's keys. A second object that seals under the same keys would repeat IVs, which breaks
 * counter modes: make one for each SA and direction. Throws RangeError when keys and suite do not fit.
 */
export function createProtection(
  suite: IkeSuite,
  keys: ProtectionKeys,
  random: RandomBytes,
): MessageProtection {
  const sealer = createSealer(suite, keys, random);
  return {
    seal(header, payloads) {
      const { first, bytes } = encodeChain(payloads);
      return sealPart(sealer, header, { next: first, content: bytes });
    },
    sealWithin(header, payloads, maxBytes) {
      const { first, bytes } = encodeChain(payloads);
      const whole = { next: first, content: bytes };
      if (sealedBytes(sealer, bytes.length) <= maxBytes) return [sealPart(sealer, header, whole)];
      return split(sealer, whole, maxBytes).map((part) => sealPart(sealer, header, part));
    },
    open: (bytes) => open(bytes, sealer),
    openFragment: (bytes) => openFragment(bytes, sealer),
  };
}

/** What one SK or SKF payload holds; `fragment` is present in SKF. */
interface Part {
  /** Type of the first payload inside; 0 in every fragment but the first. */
  readonly next: number;
  readonly content: Uint8Array;
  readonly fragment?: { readonly number: number; readonly total: number };
}

function sealPart(sealer: Sealer, header: IkeHeader, { next, content, fragment }: Part): Uint8Array {
  const plaintext = pad(content, sealer.blockBytes);
  const fields =
    fragment === undefined ? EMPTY : new Writer().u16(fragment.number).u16(fragment.total).finish();
  const length = GENERIC_HEADER_BYTES + fields.length + sealer.ivBytes + plaintext.length + sealer.icvBytes;
  const type = fragment === undefined ? PayloadType.SK : PayloadType.SKF;
  const front = new Writer()
    .bytes(encodeIkeHeader(header, type, length))
    .u8(next)
    .u8(0)
    .u16(length)
    .bytes(fields)
    .finish();
  const iv = sealer.nextIv();
  return new Writer()
    .bytes(front)
    .bytes(iv)
    .bytes(sealer.seal(front, iv, plaintext))
    .finish();
}

/** The size of a message with an SK payload around `contentBytes`. */
function sealedBytes({ ivBytes, icvBytes, blockBytes }: Sealer, contentBytes: number): number {
  const padded = Math.ceil((contentBytes + 1) / blockBytes) * blockBytes;
  return HEADER_BYTES + GENERIC_HEADER_BYTES + ivBytes + padded + icvBytes;
}

/** Pieces of which each becomes a message of at most `maxBytes`, cut anywhere (RFC 7383 §2.5.1). */
function split(sealer: Sealer, { next, content }: Part, maxBytes: number): Part[] {
  const room = maxBytes - sealedBytes(sealer, 0) + sealer.blockBytes - FRAGMENT_FIELDS_BYTES;
  const share = Math.floor(room / sealer.blockBytes) * sealer.blockBytes - 1;
  const total = Math.ceil(content.length / share);
  if (share < 1 || total > MAX_TOTAL_FRAGMENTS) {
    throw new RangeError(`${content.length} octets do not go into fragments of ${maxBytes}`);
  }
  return Array.from({ length: total }, (_, i) => ({
    next: i === 0 ? next : 0,
    content: content.subarray(i * share, (i + 1) * share),
    fragment: { number: i + 1, total },
  }));
}

/** Payloads, zeros, and the count of the zeros, together a multiple of the block. */
function pad(payloads: Uint8Array, blockBytes: number): Uint8Array {
  const padLength = (blockBytes - ((payloads.length + 1) % blockBytes)) % blockBytes;
  return new Writer().bytes(payloads).zeros(padLength).u8(padLength).finish();
}

/** What pad() added, taken away again; the content of the padding is the sender's choice (§3.14). */
function unpad(plaintext: Uint8Array | undefined): Uint8Array {
  if (plaintext === undefined) throw new DecodeError('ciphertext', 'is not a multiple of the block');
  const padLength = plaintext.at(-1);
  if (padLength === undefined) throw new DecodeError('encrypted payload', 'is empty');
  if (padLength >= plaintext.length) {
    throw new DecodeError('pad length', `is ${padLength} of ${plaintext.length} octets`);
  }
  return plaintext.subarray(0, plaintext.length - 1 - padLength);
}

type Unprotected = Extract<Decoded, { outcome: 'unprotected-error' }>;

/** An SK or SKF payload whose ICV was right. */
interface Opened {
  readonly outcome: 'opened';
  readonly header: IkeHeader;
  readonly outside: readonly RawPayload[];
  readonly next: number;
  /** Everything up to the end of the generic header of SK or SKF. */
  readonly front: Uint8Array;
  /** Fragment Number and Total Fragments; absent in SK. */
  readonly fields?: Reader;
  /** With its padding; `undefined`: the ciphertext is impossible. */
  readonly plaintext: Uint8Array | undefined;
}

function openPart(bytes: Uint8Array, sealer: Sealer, type: number, otherwise: string): Opened | Unprotected {
  const envelope = readEnvelope(bytes);
  if (envelope.outcome !== 'envelope') return envelope;
  const { header } = envelope;
  const refuse = (detail: string): Unprotected => ({ outcome: 'unprotected-error', header, detail });

  const sk = envelope.payloads.at(-1);
  if (!sk || !isEncrypted(sk)) return refuse('no Encrypted payload');
  if (sk.type !== type) return refuse(otherwise);
  const fieldsBytes = type === PayloadType.SKF ? FRAGMENT_FIELDS_BYTES : 0;
  const body = sk.body.subarray(fieldsBytes);
  if (sk.body.length < fieldsBytes + sealer.ivBytes + sealer.icvBytes) {
    return refuse(`Encrypted payload of ${sk.body.length} octets is shorter than IV and ICV`);
  }
  const front = bytes.subarray(0, bytes.length - body.length);
  const plaintext = sealer.open(front, body.subarray(0, sealer.ivBytes), body.subarray(sealer.ivBytes));
  if (plaintext === 'forged') return refuse('wrong integrity check value');
  const outside = envelope.payloads.slice(0, -1);
  const opened = {
    outcome: 'opened',
    header,
    outside,
    next: sk.next,
    front: front.subarray(0, front.length - fieldsBytes),
    plaintext,
  } as const;
  return fieldsBytes === 0 ? opened : { ...opened, fields: new Reader(sk.body.subarray(0, fieldsBytes)) };
}

function open(bytes: Uint8Array, sealer: Sealer): Decoded {
  const opened = openPart(bytes, sealer, PayloadType.SK, 'a fragment, but fragmentation was not negotiated');
  if (opened.outcome !== 'opened') return opened;
  const { header, outside, next, front, plaintext } = opened;
  return guard(header, () => {
    // No exchange of RFC 7296 puts payloads in front of SK: they must parse, and then have no say.
    decodeChain(outside);
    return decodeInside(header, next, { front, content: unpad(plaintext) });
  });
}

function openFragment(bytes: Uint8Array, sealer: Sealer): OpenedFragment {
  const opened = openPart(bytes, sealer, PayloadType.SKF, 'not a fragment');
  if (opened.outcome !== 'opened') return opened;
  const { header, outside, next, front, plaintext, fields } = opened;
  if (fields === undefined) throw new Error('SKF without its fields');
  const number = fields.u16('fragment number');
  const total = fields.u16('total fragments');
  // Discarded, not answered (RFC 7383 §2.6).
  if (number === 0 || number > total) {
    return { outcome: 'unprotected-error', header, detail: `fragment ${number} of ${total}` };
  }
  return guard(header, () => {
    decodeChain(outside);
    const fragment = { number, total, next, front, content: unpad(plaintext) };
    return { outcome: 'fragment', header, fragment } as const;
  });
}

/** The payloads of a whole message, out of one SK payload or out of all its fragments. */
export function decodeInside(header: IkeHeader, first: number, inside: Inside): Decoded {
  return guard(header, () => {
    const chain = splitChain(first, inside.content);
    if (chain.some(isEncrypted)) throw new DecodeError('payloads', 'an Encrypted payload inside another');
    const payloads: readonly Payload[] = decodeChain(chain);
    return { outcome: 'ok', message: { header, payloads, inside }, protected: true } as const;
  });
}

/** Here the peer vouches for what is read: its mistakes are answered. */
function guard<T>(header: IkeHeader, read: () => T): T | Extract<Decoded, { outcome: 'protected-error' }> {
  const refuse = (detail: string, notify: number, notifyData: Uint8Array) =>
    ({ outcome: 'protected-error', header, notify, notifyData, detail }) as const;
  try {
    return read();
  } catch (error) {
    if (error instanceof UnsupportedCriticalPayload) {
      const { notify, notifyData } = criticalNotify(error);
      return refuse(error.message, notify, notifyData);
    }
    if (error instanceof DecodeError) return refuse(error.message, NotifyType.INVALID_SYNTAX, EMPTY);
    throw error;
  }
}
