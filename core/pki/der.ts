/**
 * The few steps of DER (X.690) that core/pki takes beside the X.509 library: where octets must be read strictly, or
 * kept as they stood. A structure here is at most 65535 octets long, as everything in an IKE payload.
 */
import { toHex } from '#core/bytes/bytes.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { readTlv } from '#core/ike/distinguished-name-der.ts';

export const DER = { INTEGER: 2, BIT_STRING: 3, NULL: 5, OID: 6, SEQUENCE: 0x30 } as const;

export interface Tlv {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** The parts of a constructed value. Throws DecodeError. */
export function readAll(content: Uint8Array, field: string): Tlv[] {
  const reader = new Reader(content);
  const parts: Tlv[] = [];
  while (reader.remaining > 0) parts.push(readTlv(reader, field));
  return parts;
}

/** The one value that `der` holds, nothing after it. Throws DecodeError. */
export function readOnly(der: Uint8Array, field: string): Tlv {
  const reader = new Reader(der);
  const tlv = readTlv(reader, field);
  reader.end(field);
  return tlv;
}

/** The content of the one value that `der` holds. Throws DecodeError where it has another tag. */
export function readContent(der: Uint8Array, tag: number, field: string): Uint8Array {
  const tlv = readOnly(der, field);
  if (tlv.tag !== tag) throw new DecodeError(field, `has tag ${tlv.tag} in place of ${tag}`);
  return tlv.content;
}

/** A positive INTEGER in hex without leading zeros. Throws DecodeError for a negative one or one that is not minimal. */
export function unsignedHex(content: Uint8Array, field: string): string {
  const [first, second] = content;
  if (first === undefined) throw new DecodeError(field, 'is an empty INTEGER');
  if (first >= 0x80) throw new DecodeError(field, 'is negative');
  if (first === 0 && second !== undefined && second < 0x80) throw new DecodeError(field, 'is not minimal');
  return toHex(content).replace(/^0+(?=.)/, '');
}
