/**
 * From the certificates that a peer sent to one that is trusted (RFC 5280 §6, RFC 4945 §5): building the path, and
 * every rule along it but revocation. helper/pki/validate.ts calls it, and asks about revocation only for a path that
 * came out here.
 */
import { equal } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { equalDistinguishedName } from '#core/ike/distinguished-name.ts';
import { formatIdentification } from '#core/ike/identification.ts';
import { type Certificate, decodeCertificate, nameText } from './certificate.ts';
import { namesOf, speaksFor } from './identity.ts';
import type { PkiCrypto } from './interfaces.ts';
import type { NameRequirement, PathPolicy } from './path-policy.ts';
import { pathFault } from './path-rules.ts';
import { signatureFault } from './signed.ts';
import type { ChainFault } from './verdict.ts';

/** Trusted certificates by subject; the system's are hundreds, of which one is read. */
export interface TrustAnchors {
  /** Certificates with this subject. */
  issuersOf(issuer: Uint8Array): readonly Certificate[];
  /** Whether this very certificate is trusted. */
  has(certificate: Certificate): boolean;
}

/** The leaf first, the trusted certificate last; only one where the leaf itself is trusted. */
type PathResult =
  | { readonly path: readonly [Certificate, ...Certificate[]] }
  | { readonly fault: ChainFault };

/** Certificates in a peer's message, and in a path. */
const MOST_CERTIFICATES = 16;
const LONGEST_PATH = 10;
/** Signatures checked for one peer, whatever the certificates say about each other. */
const MOST_SIGNATURES = 64;

export function trustAnchors(certificates: readonly Certificate[]): TrustAnchors {
  return {
    issuersOf: (issuer) => certificates.filter(({ subject }) => equalDistinguishedName(subject, issuer)),
    has: (certificate) => certificates.some(({ der }) => equal(der, certificate.der)),
  };
}

/** `now` in milliseconds since 1970; `chain` in DER, the leaf first, the rest in any order. */
export function findPath(
  crypto: PkiCrypto,
  now: number,
  chain: readonly Uint8Array[],
  anchors: TrustAnchors,
  policy: PathPolicy,
): PathResult {
  if (chain.length > MOST_CERTIFICATES) return { fault: tooMany(chain.length) };
  const certificates: Certificate[] = [];
  for (const [i, der] of chain.entries()) {
    const read = tryDecode(crypto, der);
    if ('detail' in read) {
      // What lies beside the path may be of a kind that we do not read; the leaf may not.
      if (i > 0) continue;
      return { fault: { fault: 'malformed', subject: 'the first certificate', detail: read.detail } };
    }
    certificates.push(read);
  }
  const [leaf, ...others] = certificates;
  if (!leaf) return { fault: { fault: 'no-certificate' } };
  if (policy.pinned && !equal(policy.pinned, leaf.der)) return { fault: notPinned(leaf, policy.pinned) };
  return new Search(crypto, now, others, anchors, policy).from(leaf);
}

const tooMany = (count: number): ChainFault => ({
  fault: 'too-many-certificates',
  count,
  limit: MOST_CERTIFICATES,
});

function tryDecode(crypto: PkiCrypto, der: Uint8Array): Certificate | { readonly detail: string } {
  try {
    const certificate = decodeCertificate(der);
    return crypto.reads(der) ? certificate : { detail: 'OpenSSL does not read it' };
  } catch (error) {
    if (error instanceof DecodeError) return { detail: error.message };
    throw error;
  }
}

function notPinned(leaf: Certificate, pinned: Uint8Array): ChainFault {
  const fault = { fault: 'not-pinned', subject: leaf.subjectText } as const;
  try {
    return { ...fault, expected: decodeCertificate(pinned).subjectText };
  } catch (error) {
    if (error instanceof DecodeError) return { ...fault, expected: 'a certificate that cannot be read' };
    throw error;
  }
}

/** Depth first through the issuers that the names point to; the first path without a fault wins. */
class Search {
  readonly #crypto: PkiCrypto;
  readonly #now: number;
  readonly #others: readonly Certificate[];
  readonly #anchors: TrustAnchors;
  readonly #policy: PathPolicy;
  #signatures = 0;
  /** Of the complete paths; then of those that ended without a trusted certificate. */
  #fault: ChainFault | undefined;
  #deadEnd: ChainFault | undefined;

  constructor(
    crypto: PkiCrypto,
    now: number,
    others: readonly Certificate[],
    anchors: TrustAnchors,
    policy: PathPolicy,
  ) {
    this.#crypto = crypto;
    this.#now = now;
    this.#others = others;
    this.#anchors = anchors;
    this.#policy = policy;
  }

  from(leaf: Certificate): PathResult {
    const path = this.#extend([leaf]);
    if (path) return { path };
    return { fault: this.#fault ?? this.#deadEnd ?? notTrusted(leaf) };
  }

  #extend(
    path: readonly [Certificate, ...Certificate[]],
  ): readonly [Certificate, ...Certificate[]] | undefined {
    const last = path[path.length - 1] ?? path[0];
    if (this.#anchors.has(last)) return this.#complete(path);
    const trusted = this.#anchors.issuersOf(last.issuer);
    const sent = this.#others.filter(
      (other) => equalDistinguishedName(other.subject, last.issuer) && !path.includes(other),
    );
    const issuers = [...trusted, ...sent].sort((a, b) => keyIdRank(last, a) - keyIdRank(last, b));
    if (issuers.length === 0) this.#deadEnd ??= notTrusted(last);
    for (const issuer of issuers) {
      if (path.length >= LONGEST_PATH || this.#signatures++ >= MOST_SIGNATURES) return undefined;
      const fault = signatureFault(this.#crypto, last, issuer, this.#policy);
      if (fault) {
        this.#deadEnd ??= fault;
        continue;
      }
      const found = this.#extend([...path, issuer]);
      if (found) return found;
    }
    return undefined;
  }

  #complete(path: readonly [Certificate, ...Certificate[]]): typeof path | undefined {
    const fault = pathFault(path, this.#now, this.#policy) ?? nameFault(path[0], this.#policy.names);
    this.#fault ??= fault;
    return fault ? undefined : path;
  }
}

/** Issuers whose key identifier agrees come first, those that disagree last; none is left out for it. */
function keyIdRank(certificate: Certificate, issuer: Certificate): number {
  if (certificate.authorityKeyId === undefined || issuer.subjectKeyId === undefined) return 1;
  return certificate.authorityKeyId === issuer.subjectKeyId ? 0 : 2;
}

const notTrusted = (certificate: Certificate): ChainFault => ({
  fault: 'not-trusted',
  subject: certificate.subjectText,
  missingIssuer: nameText(certificate.issuer),
  selfSigned: equal(certificate.subject, certificate.issuer),
});

function nameFault(leaf: Certificate, names: readonly NameRequirement[]): ChainFault | undefined {
  const unmet = names.find(({ anyOf }) => !anyOf.some((id) => speaksFor(leaf, id)));
  return (
    unmet && {
      fault: 'wrong-name',
      subject: leaf.subjectText,
      wants: unmet.wants,
      expected: unmet.anyOf.map(formatIdentification),
      names: namesOf(leaf),
    }
  );
}
