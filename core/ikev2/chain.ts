/**
 * The chain of payloads in a message or inside SK: generic headers, the critical bit, the limits (RFC 7296 §2.5 and
 * §3.2). message.ts and protection.ts call it.
 */
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import { PayloadType, payloadTypes } from '#core/registry/payload-types.ts';
import { encodeBody, payloadRow, payloadTypeOf } from './payload-table.ts';
import type { Payload } from './payload-types.ts';

/** A long certificate chain with many requests stays far below; more is an attempt to keep us busy. */
export const MAX_PAYLOADS = 100;

const NO_NEXT_PAYLOAD = 0;
const CRITICAL = 0x80;
const GENERIC_HEADER_BYTES = 4;

/** A payload that we do not know is marked critical: the message must not be processed (§2.5). */
export class UnsupportedCriticalPayload extends Error {
  override readonly name = 'UnsupportedCriticalPayload';
  readonly payloadType: number;
  constructor(payloadType: number) {
    super(`payload type ${payloadType} is not known and critical`);
    this.payloadType = payloadType;
  }
}

/** A payload whose body has not been looked at. */
export interface RawPayload {
  readonly type: number;
  /** Type of the payload that follows; of an SK payload, the first one inside. */
  readonly next: number;
  readonly critical: boolean;
  readonly body: Uint8Array;
}

export const isEncrypted = ({ type }: RawPayload): boolean =>
  type === PayloadType.SK || type === PayloadType.SKF;

/**
 * Cuts a chain that begins with type `first` into its payloads, which must fill the bytes exactly. SK and SKF end the
 * chain (§3.14). Throws DecodeError.
 */
export function splitChain(first: number, bytes: Uint8Array): RawPayload[] {
  const reader = new Reader(bytes);
  const payloads: RawPayload[] = [];
  for (let type = first; type !== NO_NEXT_PAYLOAD; ) {
    if (payloads.length === MAX_PAYLOADS) throw new DecodeError('payloads', `more than ${MAX_PAYLOADS}`);
    const next = reader.u8('next payload');
    const flags = reader.u8('payload flags');
    const length = reader.u16('payload length');
    const body = reader.bytes(length - GENERIC_HEADER_BYTES, `${payloadTypes.nameOf(type)} payload`);
    const payload = { type, next, critical: (flags & CRITICAL) !== 0, body };
    payloads.push(payload);
    if (isEncrypted(payload)) break;
    type = next;
  }
  reader.end('last payload');
  return payloads;
}

/**
 * Decodes what splitChain found. Unknown payloads that are not critical become `unknown`; a critical bit on a
 * known payload means nothing (§2.5). Throws DecodeError or UnsupportedCriticalPayload.
 */
export function decodeChain(payloads: readonly RawPayload[]): Payload[] {
  return payloads.map(({ type, critical, body }) => {
    const row = payloadRow(type);
    if (row) return row.decode(body);
    if (critical) throw new UnsupportedCriticalPayload(type);
    return { kind: 'unknown', type, critical, body };
  });
}

/** The chain with its generic headers, and the type it begins with (0 when it is empty). */
export function encodeChain(payloads: readonly Payload[]): {
  readonly first: number;
  readonly bytes: Uint8Array;
} {
  const writer = new Writer();
  for (const [i, payload] of payloads.entries()) {
    const next = payloads[i + 1];
    const body = encodeBody(payload);
    writer
      .u8(next ? payloadTypeOf(next) : NO_NEXT_PAYLOAD)
      .u8(payload.kind === 'unknown' && payload.critical ? CRITICAL : 0)
      .u16(GENERIC_HEADER_BYTES + body.length)
      .bytes(body);
  }
  const first = payloads[0];
  return { first: first ? payloadTypeOf(first) : NO_NEXT_PAYLOAD, bytes: writer.finish() };
}
