/** Identification payloads, IDi and IDr (RFC 7296 §3.5). Addresses must have their size; the rest is opaque here. */
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import type { Identification } from '#core/ike/identification.ts';
import { IdType, idTypes } from '#core/registry/id-types.ts';
import type { PayloadOf } from '../payload-types.ts';

const ADDRESS_BYTES: Readonly<Record<number, number>> = {
  [IdType.ID_IPV4_ADDR]: 4,
  [IdType.ID_IPV6_ADDR]: 16,
};

/** Also the IDi' and IDr' over which both sides compute AUTH (§2.15). */
export function encodeIdentification(id: Identification): Uint8Array {
  return new Writer().u8(id.type).zeros(3).bytes(id.data).finish();
}

export function encode(payload: PayloadOf<'IDi' | 'IDr'>): Uint8Array {
  return encodeIdentification(payload.id);
}

export function decode<K extends 'IDi' | 'IDr'>(
  kind: K,
  body: Uint8Array,
): { readonly kind: K; readonly id: Identification } {
  const reader = new Reader(body);
  const type = reader.u8('ID type');
  reader.skip(3, 'reserved');
  const data = reader.rest();
  const expected = ADDRESS_BYTES[type];
  if (expected !== undefined && data.length !== expected) {
    throw new DecodeError('identification', `${idTypes.nameOf(type)} of ${data.length} octets`);
  }
  return { kind, id: { type, data } };
}
