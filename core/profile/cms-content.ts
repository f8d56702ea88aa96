/**
 * The content of a signed file: the octets inside a CMS SignedData (RFC 5652 §5), for profiles that an administration
 * signed. The signature is not verified. Lengths may be indefinite and the content in pieces (X.690 §8.1.3.6, §8.7.3), as
 * signing tools write them. Called by import.ts.
 */
import { concat, equal } from '#core/bytes/bytes.ts';
import { TAG } from '#core/bytes/der.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';

/** id-signedData 1.2.840.113549.1.7.2 and id-data 1.2.840.113549.1.7.1, their contents. */
const SIGNED_DATA = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2);
const DATA = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1);
const CONSTRUCTED_OCTETS = 0x24;
const MAX_PIECES = 4096;

/** What was signed, or undefined where `octets` are no SignedData with its content inside. */
export function signedContent(octets: Uint8Array): Uint8Array | undefined {
  try {
    const outer = enter(new Reader(octets), TAG.SEQUENCE);
    if (!equal(primitive(outer, TAG.OID), SIGNED_DATA)) return undefined;
    const signed = enter(enter(outer, TAG.CONTEXT_0), TAG.SEQUENCE);
    primitive(signed, TAG.INTEGER);
    // digestAlgorithms: definite in all that is written, for they stand before the stream.
    primitive(signed, TAG.SET);
    const content = enter(signed, TAG.SEQUENCE);
    if (!equal(primitive(content, TAG.OID), DATA)) return undefined;
    return octetString(enter(content, TAG.CONTEXT_0));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** Length in octets, or undefined where it is indefinite. */
function length(reader: Reader): number | undefined {
  const first = reader.u8('length');
  if (first < 0x80) return first;
  if (first === 0x80) return undefined;
  if (first > 0x84) throw new DecodeError('length', 'is too large');
  return reader.bytes(first - 0x80, 'length').reduce((sum, octet) => sum * 256 + octet, 0);
}

/** A reader over the content of what comes next; over all that is left where its length is indefinite. */
function enter(reader: Reader, tag: number): Reader {
  const found = reader.u8('tag');
  if (found !== tag) throw new DecodeError('tag', `is ${found} in place of ${tag}`);
  const octets = length(reader);
  return octets === undefined ? reader : new Reader(reader.bytes(octets, 'content'));
}

function primitive(reader: Reader, tag: number): Uint8Array {
  const found = reader.u8('tag');
  const octets = length(reader);
  if (found !== tag || octets === undefined) throw new DecodeError('tag', `is ${found} in place of ${tag}`);
  return reader.bytes(octets, 'content');
}

function octetString(reader: Reader): Uint8Array {
  const tag = reader.u8('tag');
  const octets = length(reader);
  if (tag === TAG.OCTET_STRING && octets !== undefined) return reader.bytes(octets, 'content');
  if (tag !== CONSTRUCTED_OCTETS) throw new DecodeError('tag', `${tag} is no octet string`);
  const inner = octets === undefined ? reader : new Reader(reader.bytes(octets, 'content'));
  const pieces: Uint8Array[] = [];
  while (inner.remaining > 0) {
    const piece = inner.u8('tag');
    const size = length(inner);
    // Two zeros end what has no length of its own.
    if (piece === 0 && size === 0 && octets === undefined) break;
    if (piece !== TAG.OCTET_STRING || size === undefined)
      throw new DecodeError('tag', 'is no piece of octets');
    pieces.push(inner.bytes(size, 'content'));
    if (pieces.length > MAX_PIECES) throw new DecodeError('content', 'has too many pieces');
  }
  return concat(...pieces);
}
