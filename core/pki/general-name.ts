/**
 * GeneralName (RFC 5280 §4.2.1.6) from the octets of an extension, and its text for people. Addresses and names stay
 * octets, as identities in IKE are: the X.509 library turns both into text. Used by certificate.ts, identity.ts and
 * name-constraints.ts.
 */
import { fromUtf8, toHex } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { formatDistinguishedName } from '#core/ike/distinguished-name.ts';
import { formatIp } from '#core/net/address.ts';
import { printable } from '#core/text/printable.ts';
import { DER, readAll, readContent, type Tlv } from './der.ts';

export interface GeneralName {
  readonly type: 'email' | 'dns' | 'directory' | 'uri' | 'address' | 'other';
  /** ASCII of a name; DER of a directory name; 4 or 16 octets of an address (8 or 32 with its mask in a constraint). */
  readonly value: Uint8Array;
}

const TYPES: Readonly<Record<number, GeneralName['type'] | undefined>> = {
  0x81: 'email',
  0x82: 'dns',
  0xa4: 'directory',
  0x86: 'uri',
  0x87: 'address',
};

/** otherName, x400Address, ediPartyName, registeredID. */
const OTHERS: readonly number[] = [0xa0, 0xa3, 0xa5, 0x88];

/** Throws DecodeError. */
export function generalName({ tag, content }: Tlv): GeneralName {
  const type = TYPES[tag];
  if (type === undefined) {
    if (!OTHERS.includes(tag)) throw new DecodeError('general name', `has unknown tag ${tag}`);
    return { type: 'other', value: content };
  }
  // A zero octet in a name has fooled programs in C; nothing but ASCII is an IA5String.
  if (type !== 'directory' && type !== 'address' && content.some((octet) => octet < 0x20 || octet > 0x7e))
    throw new DecodeError('general name', 'has characters that are not printable ASCII');
  if (type === 'directory') readContent(content, DER.SEQUENCE, 'directory name');
  return { type, value: content };
}

/** SubjectAltName and GeneralNames elsewhere: a SEQUENCE of at least one. Throws DecodeError. */
export function generalNames(der: Uint8Array, field: string): GeneralName[] {
  const names = readAll(readContent(der, DER.SEQUENCE, field), field).map(generalName);
  if (names.length === 0) throw new DecodeError(field, 'is empty');
  for (const { type, value } of names)
    if (type === 'address' && value.length !== 4 && value.length !== 16)
      throw new DecodeError(field, `has an address of ${value.length} octets`);
  return names;
}

const addressText = (value: Uint8Array): string => {
  if (value.length === 4 || value.length === 16) return formatIp(value);
  const half = value.length / 2;
  return `${formatIp(value.subarray(0, half))}/${formatIp(value.subarray(half))}`;
};

/** Printable text, bounded: `vpn.example.com`, `192.0.2.1`, `C=DE, CN=gateway`. */
export function formatGeneralName({ type, value }: GeneralName): string {
  if (type === 'address') return addressText(value);
  if (type === 'directory') return printable(formatDistinguishedName(value) ?? toHex(value));
  if (type === 'other') return `other:${toHex(value.subarray(0, 32))}`;
  return printable(fromUtf8(value));
}
