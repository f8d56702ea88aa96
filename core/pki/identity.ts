/**
 * Whether a certificate speaks for an identity (RFC 4945 §3.1, §5.1.3.6): FQDN, e-mail and addresses must stand in
 * subjectAltName, a DN is the subject or a directoryName there. The common name is never a host name. path.ts calls
 * it for IDr, for the profile's identity and for the address that was dialled; certreq.ts for our own identity.
 *
 * Wildcards: `*.example.com` in a certificate speaks for names with exactly one label in the asterisk's place. The
 * asterisk must be the whole leftmost label, and at least two labels must follow; otherwise it means nothing.
 */
import { equal, fromUtf8, utf8 } from '#core/bytes/bytes.ts';
import { equalDistinguishedName } from '#core/ike/distinguished-name.ts';
import { equalIdentification, type Identification } from '#core/ike/identification.ts';
import { parseIp } from '#core/net/address.ts';
import { IdType } from '#core/registry/id-types.ts';
import type { Certificate } from './certificate.ts';
import { formatGeneralName, type GeneralName } from './general-name.ts';

type Matches = (id: Identification, name: GeneralName) => boolean;

const MATCHES: Readonly<Record<number, Matches | undefined>> = {
  [IdType.ID_FQDN]: (id, name) => name.type === 'dns' && isHostNamed(hostOf(id.data), hostOf(name.value)),
  [IdType.ID_RFC822_ADDR]: (id, name) =>
    name.type === 'email' && equalIdentification(id, { type: IdType.ID_RFC822_ADDR, data: name.value }),
  [IdType.ID_IPV4_ADDR]: (id, name) => name.type === 'address' && equal(id.data, name.value),
  [IdType.ID_IPV6_ADDR]: (id, name) => name.type === 'address' && equal(id.data, name.value),
  [IdType.ID_DER_ASN1_DN]: (id, name) =>
    name.type === 'directory' && equalDistinguishedName(id.data, name.value),
};

/** Lower case, without the dot that stands for the root. */
function hostOf(octets: Uint8Array): string {
  if (octets.some((octet) => octet > 0x7e)) return '';
  return fromUtf8(octets).toLowerCase().replace(/\.$/, '');
}

function isHostNamed(host: string, pattern: string): boolean {
  if (host === '') return false;
  if (!pattern.includes('*')) return host === pattern;
  const rest = /^\*(\.[^.*]+(?:\.[^.*]+)+)$/.exec(pattern)?.[1];
  if (rest === undefined || !host.endsWith(rest)) return false;
  const label = host.slice(0, -rest.length);
  return label !== '' && !label.includes('.') && !label.includes('*');
}

/** Key IDs and other types match no certificate. */
export function speaksFor(certificate: Certificate, id: Identification): boolean {
  if (id.type === IdType.ID_DER_ASN1_DN && equalDistinguishedName(id.data, certificate.subject)) return true;
  return certificate.names.some((name) => MATCHES[id.type]?.(id, name) ?? false);
}

/** Every name that the certificate carries, for people: subjectAltName first, then the subject. */
export function namesOf(certificate: Certificate): string[] {
  return [...certificate.names.map(formatGeneralName), certificate.subjectText];
}

/** Whom EAP-TLS announces where nobody said: the first e-mail address, else host name, else the subject (RFC 5216 §5.2). */
export function announcedIdentity(certificate: Certificate): string {
  const named = (type: GeneralName['type']) => certificate.names.find((name) => name.type === type);
  const name = named('email') ?? named('dns');
  return name === undefined ? certificate.subjectText : fromUtf8(name.value);
}

/** The identity that a dialled name or address stands for. */
export function dialledIdentity(host: string): Identification {
  const address = parseIp(host);
  if (!address) return { type: IdType.ID_FQDN, data: utf8(host) };
  return { type: address.length === 4 ? IdType.ID_IPV4_ADDR : IdType.ID_IPV6_ADDR, data: address };
}
