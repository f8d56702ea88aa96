/**
 * X.501 names in DER (RFC 5280 §4.1.2.4; X.690): relative names with their attributes, and the characters of their
 * strings. distinguished-name.ts gives them a text. A name uses a small corner of DER (bytes/der.ts): SEQUENCE, SET,
 * OBJECT IDENTIFIER, strings.
 */
import { fromUtf8, toHex } from '#core/bytes/bytes.ts';
import { readTagged, readTlv, TAG as DER_TAG, writeTlv } from '#core/bytes/der.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { decodeUtf8 } from '#core/bytes/utf8.ts';
import { Writer } from '#core/bytes/writer.ts';

export { readTlv, writeTlv };

export const TAG = {
  ...DER_TAG,
  UTF8: 12,
  PRINTABLE: 19,
  TELETEX: 20,
  IA5: 22,
  BMP: 30,
} as const;

export interface Attribute {
  readonly oid: string;
  readonly tag: number;
  readonly value: Uint8Array;
}
/** Attributes of one relative name; nearly always one. */
export type RelativeName = readonly Attribute[];

function writeOid(oid: string): Uint8Array {
  const arcs = oid.split('.').map(Number) as [number, number, ...number[]];
  const [first, second, ...others] = arcs;
  const octets = [first * 40 + second, ...others].flatMap((arc) => {
    const base128 = [arc % 128];
    for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
      base128.unshift((rest % 128) + 128);
    }
    return base128;
  });
  return Uint8Array.from(octets);
}

function readOid(content: Uint8Array): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const [i, octet] of content.entries()) {
    if (arc === 0 && octet === 0x80) throw new DecodeError('attribute type', 'arc is not minimal');
    arc = arc * 128 + (octet % 128);
    if (arc > Number.MAX_SAFE_INTEGER / 128) throw new DecodeError('attribute type', 'arc is too large');
    if (octet < 0x80) {
      arcs.push(arc);
      arc = 0;
    } else if (i === content.length - 1) throw new DecodeError('attribute type', 'is cut off');
  }
  const [joint, ...others] = arcs;
  if (joint === undefined) throw new DecodeError('attribute type', 'is empty');
  const first = Math.min(Math.floor(joint / 40), 2);
  return [first, joint - first * 40, ...others].join('.');
}

export function encodeName(name: readonly RelativeName[]): Uint8Array {
  const relative = name.map((attributes) => {
    const encoded = attributes.map((attribute) => {
      const type = writeTlv(TAG.OID, writeOid(attribute.oid));
      const value = writeTlv(attribute.tag, attribute.value);
      return writeTlv(TAG.SEQUENCE, new Writer().bytes(type).bytes(value).finish());
    });
    // DER sorts the members of a SET OF by their encoding (X.690 §11.6).
    encoded.sort((a, b) => (toHex(a) < toHex(b) ? -1 : 1));
    return writeTlv(TAG.SET, encoded.reduce((writer, part) => writer.bytes(part), new Writer()).finish());
  });
  return writeTlv(TAG.SEQUENCE, relative.reduce((writer, part) => writer.bytes(part), new Writer()).finish());
}

/** Throws DecodeError where the octets are not exactly one name. */
export function decodeName(der: Uint8Array): RelativeName[] {
  const outer = new Reader(der);
  const names = new Reader(readTagged(outer, TAG.SEQUENCE, 'name'));
  outer.end('name');
  const name: RelativeName[] = [];
  while (names.remaining > 0) {
    const set = new Reader(readTagged(names, TAG.SET, 'relative name'));
    const attributes: Attribute[] = [];
    while (set.remaining > 0) {
      const attribute = new Reader(readTagged(set, TAG.SEQUENCE, 'attribute'));
      const oid = readOid(readTagged(attribute, TAG.OID, 'attribute type'));
      const value = readTlv(attribute, 'attribute value');
      attribute.end('attribute');
      attributes.push({ oid, tag: value.tag, value: value.content });
    }
    if (attributes.length === 0) throw new DecodeError('relative name', 'is empty');
    name.push(attributes);
  }
  return name;
}

/** The characters of a string type, or undefined where the type or its octets are not text. */
export function textOf({ tag, value }: Attribute): string | undefined {
  switch (tag) {
    case TAG.UTF8:
      return decodeUtf8(value);
    case TAG.PRINTABLE:
    case TAG.IA5:
      return value.every((octet) => octet < 0x80) ? fromUtf8(value) : undefined;
    case TAG.TELETEX:
      // Nominally T.61, in practice Latin-1 (RFC 5280 §4.1.2.4 keeps it for old names only).
      return Array.from(value, (octet) => String.fromCharCode(octet)).join('');
    case TAG.BMP:
      return value.length % 2 === 0 ? bmpText(value) : undefined;
    default:
      return undefined;
  }
}

/** UCS-2 in network byte order. */
function bmpText(value: Uint8Array): string {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return Array.from({ length: value.length / 2 }, (_, i) => String.fromCharCode(view.getUint16(2 * i))).join(
    '',
  );
}
