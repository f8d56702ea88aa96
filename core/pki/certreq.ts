/**
 * CERTREQ and CERT payloads as IKEv2 uses them (RFC 7296 §3.6 and §3.7, RFC 4806): what we ask for, what we answer, and
 * what we take out of a peer's. The IKEv2 cert task calls it; the payload codecs are in ikev2/payloads.
 *
 * Hash and URL (12, 13) would make us fetch for whoever asks before anything is proven: refused. PKCS #7 (1) is what
 * IKEv1 gateways send: refused, too.
 */
import { sha1 } from '@noble/hashes/legacy.js';
import { concat, equal } from '#core/bytes/bytes.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { equalDistinguishedName } from '#core/ike/distinguished-name.ts';
import { CertEncoding, certEncodings } from '#core/registry/cert-encodings.ts';
import type { Certificate } from './certificate.ts';

const HASH_BYTES = 20;
/** Hashes in one CERTREQ; the system's trust store has hundreds of CAs, which belong in no datagram. */
export const MOST_AUTHORITIES = 100;

/** The hash that stands for a CA: SHA-1 of its SubjectPublicKeyInfo (RFC 7296 §3.7). */
const authorityHash = (ca: { readonly spki: Uint8Array }): Uint8Array => sha1(ca.spki);

/** CERTREQ data for encoding 4. Empty, which asks for any certificate, where the CAs are too many to be named. */
export function encodeAuthorities(cas: readonly { readonly spki: Uint8Array }[]): Uint8Array {
  return cas.length > MOST_AUTHORITIES ? new Uint8Array(0) : concat(...cas.map(authorityHash));
}

/** The hashes of a peer's CERTREQ. Throws DecodeError where they do not end with the payload. */
export function decodeAuthorities(data: Uint8Array): Uint8Array[] {
  const reader = new Reader(data);
  const hashes: Uint8Array[] = [];
  while (reader.remaining > 0) hashes.push(reader.bytes(HASH_BYTES, 'certification authority'));
  return hashes;
}

/** One of ours, with what leads up from it. */
export interface OwnCertificate {
  readonly certificate: Certificate;
  readonly chain: readonly Certificate[];
}

/** Steps up from our certificate. */
const LONGEST_WAY = 10;

/**
 * Whether the peer names CAs of which none is above `own`, as far as `knownCas` show: a hint for whom it refuses (RFC 7296
 * §3.7), never a reason not to try. False where the way up ends at an issuer whom we do not know and who may be meant.
 */
export function asksForOthers(
  { certificate, chain }: OwnCertificate,
  authorities: readonly Uint8Array[],
  knownCas: readonly Certificate[],
): boolean {
  const known = [...chain, ...knownCas];
  const isAsked = (ca: Certificate): boolean => authorities.some((hash) => equal(hash, authorityHash(ca)));
  let last: Certificate | undefined = certificate;
  for (let steps = 0; steps < LONGEST_WAY && last !== undefined; steps++) {
    const { issuer }: Certificate = last;
    const above: Certificate[] = known.filter(({ subject }) => equalDistinguishedName(subject, issuer));
    if (isAsked(last) || above.some(isAsked)) return false;
    if (equalDistinguishedName(last.subject, issuer)) return authorities.length > 0;
    [last] = above;
  }
  return (
    authorities.length > 0 && authorities.every((hash) => known.some((ca) => equal(hash, authorityHash(ca))))
  );
}

/** Ours, then each issuer in turn as far as `chain` has them, a self-signed root at the end. */
export function wayUp({ certificate, chain }: OwnCertificate): readonly [Certificate, ...Certificate[]] {
  const way: [Certificate, ...Certificate[]] = [certificate];
  for (let last = certificate; ; ) {
    const named = chain.filter((ca) => !way.includes(ca) && equalDistinguishedName(ca.subject, last.issuer));
    // A CA that has renewed its key has two certificates of one name.
    const issuer = named.find(({ subjectKeyId }) => subjectKeyId === last.authorityKeyId) ?? named[0];
    if (!issuer) return way;
    way.push(issuer);
    last = issuer;
  }
}

/** What goes into CERT payloads: the leaf, then each issuer in turn, no self-signed root (the peer has it or does not trust it). */
export function certificatesToSend(own: OwnCertificate): Uint8Array[] {
  const [leaf, ...issuers] = wayUp(own);
  const sent = issuers.filter(({ subject, issuer }) => !equalDistinguishedName(subject, issuer));
  return [leaf, ...sent].map(({ der }) => der);
}

interface CertPayload {
  /** IANA Cert Encoding. */
  readonly encoding: number;
  readonly data: Uint8Array;
}

interface PeerCertificates {
  /** DER, as sent: the leaf first (RFC 7296 §3.6). */
  readonly chain: readonly Uint8Array[];
  /** DER of OCSP responses (RFC 4806). */
  readonly stapled: readonly Uint8Array[];
  /** Names of encodings that were left out. */
  readonly refused: readonly string[];
}

type Place = 'chain' | 'stapled';
const PLACES: Readonly<Record<number, Place | undefined>> = {
  [CertEncoding.X509_SIGNATURE]: 'chain',
  [CertEncoding.OCSP_CONTENT]: 'stapled',
};

/** Sorts a peer's CERT payloads. Nothing is decoded here. */
export function sortCertificates(payloads: readonly CertPayload[]): PeerCertificates {
  const of = (place: Place): Uint8Array[] =>
    payloads.filter(({ encoding }) => PLACES[encoding] === place).map(({ data }) => data);
  const refused = payloads
    .filter(({ encoding }) => PLACES[encoding] === undefined)
    .map(({ encoding }) => certEncodings.nameOf(encoding));
  return { chain: of('chain'), stapled: of('stapled'), refused: [...new Set(refused)] };
}

/** Whether a CERTREQ payload asks for X.509 certificates; another encoding is none of ours. */
export function authoritiesOf(request: {
  readonly encoding: number;
  readonly authorities: Uint8Array;
}): Uint8Array[] {
  if (request.encoding !== CertEncoding.X509_SIGNATURE) return [];
  try {
    return decodeAuthorities(request.authorities);
  } catch (error) {
    // A hint that cannot be read is no hint.
    if (error instanceof DecodeError) return [];
    throw error;
  }
}
