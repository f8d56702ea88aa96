/**
 * Tags, lengths and contents of DER (X.690 §8.1, §10.1), nothing about types: names in IKE payloads (core/ike), and the
 * structure of certificates, keys and containers in files (core/profile). The engine takes names from peers before
 * anything is authenticated, so this stays small and bounded; an ASN.1 library belongs to pki/.
 */
import { DecodeError, type Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';

export const TAG = {
  INTEGER: 2,
  BIT_STRING: 3,
  OCTET_STRING: 4,
  NULL: 5,
  OID: 6,
  SEQUENCE: 0x30,
  SET: 0x31,
  /** `[0] EXPLICIT` */
  CONTEXT_0: 0xa0,
} as const;

export interface Tlv {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** With the minimal length; contents below 16 MiB. */
export function writeTlv(tag: number, content: Uint8Array): Uint8Array {
  const writer = new Writer().u8(tag);
  const { length } = content;
  if (length < 0x80) writer.u8(length);
  else if (length < 0x100) writer.u8(0x81).u8(length);
  else if (length < 0x10000) writer.u8(0x82).u16(length);
  else
    writer
      .u8(0x83)
      .u8(length >> 16)
      .u16(length & 0xffff);
  return writer.bytes(content).finish();
}

/** Definite and minimal lengths up to 16777215, as DER demands. */
export function readTlv(reader: Reader, field: string): Tlv {
  const tag = reader.u8(`${field} tag`);
  return { tag, content: reader.bytes(readLength(reader, field), field) };
}

function readLength(reader: Reader, field: string): number {
  const length = reader.u8(`${field} length`);
  if (length < 0x80) return length;
  if (length === 0x81) return atLeast(0x80, reader.u8(`${field} length`), field);
  if (length === 0x82) return atLeast(0x100, reader.u16(`${field} length`), field);
  if (length === 0x83) {
    const high = reader.u8(`${field} length`) * 0x10000;
    return atLeast(0x10000, high + reader.u16(`${field} length`), field);
  }
  throw new DecodeError(field, 'length is indefinite or too large');
}

function atLeast(minimum: number, length: number, field: string): number {
  if (length < minimum) throw new DecodeError(field, 'length is not minimal');
  return length;
}

export function readTagged(reader: Reader, tag: number, field: string): Uint8Array {
  const tlv = readTlv(reader, field);
  if (tlv.tag !== tag) throw new DecodeError(field, `has tag ${tlv.tag} in place of ${tag}`);
  return tlv.content;
}
