/**
 * Identities as they stand in IDi and IDr (RFC 7296 §3.5), and their text forms: what people write in profiles and
 * what screens and logs print. Comparison follows RFC 4945 §3.1.
 */
import { equal, fromHex, toHex, utf8 } from '#core/bytes/bytes.ts';
import { decodeUtf8 } from '#core/bytes/utf8.ts';
import { formatIp, parseIp } from '#core/net/address.ts';
import { IdType } from '#core/registry/id-types.ts';
import {
  equalDistinguishedName,
  formatDistinguishedName,
  parseDistinguishedName,
} from './distinguished-name.ts';

export interface Identification {
  /** IANA ID Type: 1 ID_IPV4_ADDR, 2 ID_FQDN, 3 ID_RFC822_ADDR, 5 ID_IPV6_ADDR, 9 ID_DER_ASN1_DN, 10 ID_DER_ASN1_GN, 11 ID_KEY_ID. */
  readonly type: number;
  readonly data: Uint8Array;
}

type Parse = (text: string) => Uint8Array | undefined;

const parseText: Parse = (text) => (text === '' ? undefined : utf8(text));
const parseHex: Parse = (text) =>
  /^([0-9a-fA-F]{2})*$/.test(text.replaceAll(':', '')) ? fromHex(text.replaceAll(':', '')) : undefined;
const parseIpOf =
  (octets: number): Parse =>
  (text) => {
    const address = parseIp(text);
    return address?.length === octets ? address : undefined;
  };
const parseKeyId: Parse = (text) => (/^0x/i.test(text) ? parseHex(text.slice(2)) : parseText(text));

/** The first prefix of a type is the one that is printed. `asn1gn` has no text form but hex. */
const PREFIXES: readonly { readonly prefix: string; readonly type: number; readonly parse: Parse }[] = [
  { prefix: 'ipv4', type: IdType.ID_IPV4_ADDR, parse: parseIpOf(4) },
  { prefix: 'ipv6', type: IdType.ID_IPV6_ADDR, parse: parseIpOf(16) },
  { prefix: 'fqdn', type: IdType.ID_FQDN, parse: parseText },
  { prefix: 'dns', type: IdType.ID_FQDN, parse: parseText },
  { prefix: 'email', type: IdType.ID_RFC822_ADDR, parse: parseText },
  { prefix: 'rfc822', type: IdType.ID_RFC822_ADDR, parse: parseText },
  { prefix: 'userfqdn', type: IdType.ID_RFC822_ADDR, parse: parseText },
  { prefix: 'asn1dn', type: IdType.ID_DER_ASN1_DN, parse: parseDistinguishedName },
  { prefix: 'asn1gn', type: IdType.ID_DER_ASN1_GN, parse: () => undefined },
  { prefix: 'keyid', type: IdType.ID_KEY_ID, parse: parseKeyId },
];

function identification(type: number, data: Uint8Array | undefined): Identification | undefined {
  return data && { type, data };
}

/** `{13}:#hex`: any type by its number, the form of last resort. */
const NUMBERED = /^\{(\d{1,3})\}:#([0-9a-fA-F]*)$/;

/**
 * The identity that a text means: an IPv4 or IPv6 address, a name, `user@name`, a DN (`C=DE, O=Firm, CN=alice`), or an
 * explicit form: `fqdn:`, `dns:`, `email:`, `ipv4:`, `ipv6:`, `asn1dn:`, `keyid:` before the value, or before `#` and
 * its octets in hex; `@name` is an FQDN, `@@user` an e-mail address, `@#hex` a key ID.
 * `undefined` for anything else, among it a text with a colon that is neither an address nor a known prefix.
 */
export function parseIdentification(text: string): Identification | undefined {
  const numbered = NUMBERED.exec(text);
  if (numbered) {
    const type = Number(numbered[1]);
    return type <= 255 ? identification(type, parseHex(numbered[2] ?? '')) : undefined;
  }
  const colon = text.indexOf(':');
  const row = PREFIXES.find(({ prefix }) => prefix === text.slice(0, Math.max(colon, 0)).toLowerCase());
  if (row) {
    const value = text.slice(colon + 1);
    return identification(row.type, value.startsWith('#') ? parseHex(value.slice(1)) : row.parse(value));
  }
  if (text.startsWith('@#')) return identification(IdType.ID_KEY_ID, parseHex(text.slice(2)));
  if (text.startsWith('@@')) return identification(IdType.ID_RFC822_ADDR, parseText(text.slice(2)));
  if (text.startsWith('@')) return identification(IdType.ID_FQDN, parseText(text.slice(1)));
  const address = parseIp(text);
  if (address) {
    return { type: address.length === 4 ? IdType.ID_IPV4_ADDR : IdType.ID_IPV6_ADDR, data: address };
  }
  if (text.includes('=')) return identification(IdType.ID_DER_ASN1_DN, parseDistinguishedName(text));
  if (text === '' || text.includes(':') || text.includes('%')) return undefined;
  return { type: text.includes('@') ? IdType.ID_RFC822_ADDR : IdType.ID_FQDN, data: utf8(text) };
}

/** Nothing that a terminal, a log or a screen would obey: no control or format characters, no space but the plain one. */
const PRINTABLE = /^[^\p{C}\p{Z}]+( [^\p{C}\p{Z}]+)*$/u;

function plainText({ type, data }: Identification): string | undefined {
  switch (type) {
    case IdType.ID_IPV4_ADDR:
      return data.length === 4 ? formatIp(data) : undefined;
    case IdType.ID_IPV6_ADDR:
      return data.length === 16 ? formatIp(data) : undefined;
    case IdType.ID_DER_ASN1_DN:
      return formatDistinguishedName(data);
    case IdType.ID_FQDN:
    case IdType.ID_RFC822_ADDR:
    case IdType.ID_KEY_ID: {
      const text = decodeUtf8(data);
      return text !== undefined && PRINTABLE.test(text) ? text : undefined;
    }
    default:
      return undefined;
  }
}

/**
 * Text that parseIdentification understands and that is safe to print: octets that are not printable text appear
 * in hex. No two identities share a text, except DNs that differ only in their string types.
 */
export function formatIdentification(id: Identification): string {
  const prefix = PREFIXES.find(({ type }) => type === id.type)?.prefix;
  const plain = plainText(id);
  const hex =
    id.type === IdType.ID_KEY_ID
      ? `keyid:0x${toHex(id.data)}`
      : `${prefix ?? `{${id.type}}`}:#${toHex(id.data)}`;
  const candidates = plain === undefined ? [] : [plain, `${prefix}:${plain}`];
  return candidates.find((text) => isTextOf(text, id)) ?? hex;
}

function isTextOf(text: string, id: Identification): boolean {
  const parsed = parseIdentification(text);
  return parsed !== undefined && equalIdentification(parsed, id);
}

/** ASCII letters in lower case; everything else as it is. */
const lower = (bytes: Uint8Array): Uint8Array =>
  bytes.map((octet) => (octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet));

/** The local part counts exactly, the domain without case (RFC 5280 §7.5). */
function equalMailbox(a: Uint8Array, b: Uint8Array): boolean {
  const at = a.lastIndexOf(0x40) + 1;
  return equal(a.subarray(0, at), b.subarray(0, at)) && equal(lower(a.subarray(at)), lower(b.subarray(at)));
}

/** Whether two identities are the same: names without case, DNs by their components, the rest octet by octet. */
export function equalIdentification(a: Identification, b: Identification): boolean {
  if (a.type !== b.type) return false;
  switch (a.type) {
    case IdType.ID_FQDN:
      return equal(lower(a.data), lower(b.data));
    case IdType.ID_RFC822_ADDR:
      return equalMailbox(a.data, b.data);
    case IdType.ID_DER_ASN1_DN:
      return equalDistinguishedName(a.data, b.data);
    default:
      return equal(a.data, b.data);
  }
}
