/**
 * Text of X.501 names as they stand in ID_DER_ASN1_DN, and their comparison (RFC 4514 for the text, RFC 5280 §7.1).
 * ike/identification.ts calls it. The order of the text is that of the name (`C=DE, O=Firm, CN=alice`), as IPsec
 * products print it; RFC 4514 reverses it.
 */
import { equal, fromHex, toHex, utf8 } from '#core/bytes/bytes.ts';
import { readTlv, writeTlv } from '#core/bytes/der.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { decodeUtf8 } from '#core/bytes/utf8.ts';
import { Writer } from '#core/bytes/writer.ts';
import {
  type Attribute,
  decodeName,
  encodeName,
  type RelativeName,
  TAG,
  textOf,
} from './distinguished-name-der.ts';

/** The first name is the one printed; the others are accepted, in any case. `ia5` types are IA5String by definition. */
const ATTRIBUTES: readonly {
  readonly oid: string;
  readonly names: readonly string[];
  readonly ia5?: true;
}[] = [
  { oid: '2.5.4.6', names: ['C'] },
  { oid: '2.5.4.8', names: ['ST'] },
  { oid: '2.5.4.7', names: ['L'] },
  { oid: '2.5.4.9', names: ['STREET'] },
  { oid: '2.5.4.17', names: ['postalCode'] },
  { oid: '2.5.4.10', names: ['O'] },
  { oid: '2.5.4.11', names: ['OU'] },
  { oid: '2.5.4.3', names: ['CN'] },
  { oid: '2.5.4.4', names: ['S', 'surname'] },
  { oid: '2.5.4.42', names: ['G', 'GN', 'givenName'] },
  { oid: '2.5.4.43', names: ['I', 'initials'] },
  { oid: '2.5.4.5', names: ['serialNumber', 'SN'] },
  { oid: '2.5.4.12', names: ['T', 'title'] },
  { oid: '2.5.4.13', names: ['D', 'description'] },
  { oid: '2.5.4.41', names: ['N', 'name'] },
  { oid: '2.5.4.46', names: ['dnQualifier'] },
  { oid: '0.9.2342.19200300.100.1.1', names: ['UID'] },
  { oid: '0.9.2342.19200300.100.1.25', names: ['DC'], ia5: true },
  { oid: '1.2.840.113549.1.9.1', names: ['E', 'email', 'emailAddress'], ia5: true },
];

/** Control, format, private, unassigned and lone surrogate code points, and separators other than the plain space. */
const UNPRINTABLE = /(?! )[\p{C}\p{Z}]/u;

function escapeValue(text: string): string {
  const characters = Array.from(text);
  return characters
    .map((character, i) => {
      const edge = i === 0 || i === characters.length - 1;
      if (/[,+"\\<>;=]/.test(character) || (character === '#' && i === 0)) return `\\${character}`;
      if (UNPRINTABLE.test(character) || (character === ' ' && edge)) {
        return toHex(utf8(character)).replaceAll(/../g, '\\$&');
      }
      return character;
    })
    .join('');
}

function formatAttribute(attribute: Attribute): string {
  const name = ATTRIBUTES.find((row) => row.oid === attribute.oid)?.names[0] ?? attribute.oid;
  const text = textOf(attribute);
  const value =
    text === undefined ? `#${toHex(writeTlv(attribute.tag, attribute.value))}` : escapeValue(text);
  return `${name}=${value}`;
}

/** Text that is safe to print, or undefined where the octets are not a name. */
export function formatDistinguishedName(der: Uint8Array): string | undefined {
  const name = tryDecode(der);
  return name?.map((attributes) => attributes.map(formatAttribute).join('+')).join(', ');
}

function tryDecode(der: Uint8Array): RelativeName[] | undefined {
  try {
    return decodeName(der);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** Cuts at separators that are neither escaped nor quoted. `ends` tells which separator ended each part. */
function split(text: string, separators: string): { readonly part: string; readonly end: string }[] {
  const parts: { part: string; end: string }[] = [];
  let quoted = false;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    if (character === '\\') i++;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && separators.includes(character)) {
      parts.push({ part: text.slice(from, i), end: character });
      from = i + 1;
    }
  }
  parts.push({ part: text.slice(from), end: '' });
  return parts;
}

/** Takes away quotes and backslashes; undefined where they do not pair. */
function unescapeValue(text: string): string | undefined {
  const octets = new Writer();
  const token = /\\([0-9a-fA-F]{2})|\\(.)|"|([^\\"]+)/gsuy;
  let quotes = 0;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (!match) return undefined;
    const [, hex, escaped, plain] = match;
    if (hex !== undefined) octets.bytes(fromHex(hex));
    else if (escaped !== undefined || plain !== undefined) octets.bytes(utf8(escaped ?? plain ?? ''));
    else quotes++;
  }
  return quotes % 2 === 0 ? decodeUtf8(octets.finish()) : undefined;
}

const PRINTABLE_STRING = /^[A-Za-z0-9 '()+,./:=?-]*$/;
const OID_TEXT = /^([01]\.[0-3]?\d|2\.\d{1,9})(\.(0|[1-9]\d{0,14}))*$/;

function parseAttribute(text: string): Attribute | undefined {
  const equals = text.indexOf('=');
  if (equals < 0) return undefined;
  const key = text.slice(0, equals).trim();
  const row = ATTRIBUTES.find(({ names }) => names.some((name) => name.toLowerCase() === key.toLowerCase()));
  const oid = row?.oid ?? (OID_TEXT.test(key) ? key : undefined);
  if (oid === undefined) return undefined;
  // Trailing space stays where a backslash protects it.
  const raw = text
    .slice(equals + 1)
    .trimStart()
    .replace(/(?<!\\)\s+$/, '');
  if (raw.startsWith('#')) return parseHexValue(oid, raw.slice(1));
  const value = unescapeValue(raw);
  if (value === undefined || value === '') return undefined;
  const ascii = utf8(value).every((octet) => octet < 0x80);
  const tag = row?.ia5 && ascii ? TAG.IA5 : PRINTABLE_STRING.test(value) ? TAG.PRINTABLE : TAG.UTF8;
  return { oid, tag, value: utf8(value) };
}

/** `#` and the DER of the value in hex (RFC 4514 §2.4). */
function parseHexValue(oid: string, hex: string): Attribute | undefined {
  if (!/^([0-9a-fA-F]{2})+$/.test(hex)) return undefined;
  try {
    const reader = new Reader(fromHex(hex));
    const { tag, content } = readTlv(reader, 'value');
    reader.end('value');
    return { oid, tag, value: content };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/**
 * DER of `C=DE, O=Firm, CN=alice` or `/C=DE/O=Firm/CN=alice`; `+` joins attributes of one relative name. Values take
 * quotes and backslashes as in RFC 4514. `undefined` where the text is not a name or an attribute is not known (a
 * dotted OID always is).
 */
export function parseDistinguishedName(text: string): Uint8Array | undefined {
  const slashes = text.startsWith('/');
  const relative: Attribute[][] = [[]];
  for (const { part, end } of split(slashes ? text.slice(1) : text, slashes ? '/+' : ',;+')) {
    const attribute = parseAttribute(part);
    if (!attribute) return undefined;
    relative.at(-1)?.push(attribute);
    if (end !== '' && end !== '+') relative.push([]);
  }
  const der = encodeName(relative);
  return der.length <= 0xffff ? der : undefined;
}

// --- comparison ---

/** Case and runs of white space do not count, nor does the string type (RFC 5280 §7.1). */
function comparable(attribute: Attribute): string {
  const text = textOf(attribute);
  const value =
    text === undefined
      ? `#${attribute.tag}:${toHex(attribute.value)}`
      : `=${text.normalize('NFKC').trim().replaceAll(/\s+/gu, ' ').toLowerCase()}`;
  return `${attribute.oid}${value}`;
}

/** Whether two names are the same by their components; octets that are no name equal only themselves. */
export function equalDistinguishedName(a: Uint8Array, b: Uint8Array): boolean {
  if (equal(a, b)) return true;
  const [left, right] = [tryDecode(a), tryDecode(b)];
  if (!left || !right || left.length !== right.length) return false;
  return left.every((attributes, i) => {
    const mine = attributes.map(comparable).sort();
    const theirs = (right[i] as RelativeName).map(comparable).sort();
    return mine.length === theirs.length && mine.every((text, at) => text === theirs[at]);
  });
}
