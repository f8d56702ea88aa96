/**
 * Asks whether the certificates of a verified path were revoked: stapled responses first, then OCSP, then CRL, each
 * from the cache while it is fresh (RFC 5280 §6.3, RFC 6960, RFC 4806). validate.ts calls it.
 */
import { randomBytes } from 'node:crypto';
import type { Certificate } from '#core/pki/certificate.ts';
import { crlStatus } from '#core/pki/crl.ts';
import type { PkiCrypto } from '#core/pki/interfaces.ts';
import { encodeOcspRequest, ocspStatus } from '#core/pki/ocsp.ts';
import type { RevocationStatus } from '#core/pki/revocation.ts';
import type { SignedPolicy } from '#core/pki/signed.ts';
import type { ChainFault } from '#core/pki/verdict.ts';
import type { Fetcher } from './fetch.ts';
import type { RevocationCache } from './revocation-cache.ts';

export interface RevocationPolicy {
  readonly crl: boolean;
  readonly ocsp: boolean;
  /** Refuse where nobody says "good". */
  readonly strict: boolean;
}

export interface RevocationService {
  readonly crypto: PkiCrypto;
  readonly fetcher: Fetcher;
  readonly cache: RevocationCache;
}

const OCSP_LIMIT = 64 * 1024;
const CRL_LIMIT = 4 * 1024 * 1024;
const NONCE_BYTES = 32;
/** URLs of each kind that are asked for one certificate. */
const MOST_URLS = 2;

/** A question to one source: what to fetch, and what an answer means. */
interface Source {
  readonly url: string;
  readonly by: 'crl' | 'ocsp';
  readonly limit: number;
  readonly body?: Uint8Array;
  /** A CRL serves all certificates of its CA, an OCSP response only one. */
  readonly key: string;
  read(data: Uint8Array, nonce: boolean): RevocationStatus;
}

export interface RevocationOutcome {
  readonly fault?: ChainFault;
  /** Certificates that those who were asked said nothing about, and why: for the log. */
  readonly unknown: readonly string[];
  /** Subjects of certificates that name neither list nor responder that the policy would ask: their CA keeps none. */
  readonly unlisted: readonly string[];
}

/** `path`: leaf first, trusted certificate last, as path.ts found it. `now` in milliseconds since 1970. */
export async function checkRevocation(
  service: RevocationService,
  now: number,
  path: readonly Certificate[],
  stapled: readonly Uint8Array[],
  policy: RevocationPolicy,
  signed: SignedPolicy,
): Promise<RevocationOutcome> {
  const unknown: string[] = [];
  const unlisted: string[] = [];
  for (const [i, certificate] of path.slice(0, -1).entries()) {
    const issuer = path[i + 1] ?? certificate;
    const found = await statusOf(service, now, certificate, issuer, stapled, policy, signed);
    if (found.status === 'revoked') {
      const { by, at, reason } = found;
      return {
        fault: { fault: 'revoked', subject: certificate.subjectText, at, reason, by },
        unknown,
        unlisted,
      };
    }
    if (found.status === 'good') continue;
    if (found.asked) unknown.push(`${certificate.subjectText}: ${found.detail}`);
    else unlisted.push(certificate.subjectText);
    if (policy.strict) {
      const { detail } = found;
      return {
        fault: { fault: 'revocation-unknown', subject: certificate.subjectText, detail },
        unknown,
        unlisted,
      };
    }
  }
  return { unknown, unlisted };
}

type Said = RevocationStatus & { readonly by: 'crl' | 'ocsp'; readonly asked: boolean };

async function statusOf(
  service: RevocationService,
  now: number,
  certificate: Certificate,
  issuer: Certificate,
  stapled: readonly Uint8Array[],
  policy: RevocationPolicy,
  signed: SignedPolicy,
): Promise<Said> {
  const doubts: string[] = [];
  if (policy.ocsp) {
    for (const response of stapled) {
      const status = ocspStatus(service.crypto, now, response, certificate, issuer, signed);
      if (status.status !== 'unknown') return { ...status, by: 'ocsp', asked: true };
    }
  }
  for (const source of sourcesOf(service.crypto, now, certificate, issuer, policy, signed)) {
    const status = await ask(service, source);
    if (status.status !== 'unknown') return { ...status, by: source.by, asked: true };
    doubts.push(`${status.detail} (${source.url})`);
  }
  const asked = doubts.length > 0;
  const detail = asked ? doubts.join('; ') : 'it names nobody who could be asked';
  return { status: 'unknown', detail, by: 'ocsp', asked };
}

function sourcesOf(
  crypto: PkiCrypto,
  now: number,
  certificate: Certificate,
  issuer: Certificate,
  policy: RevocationPolicy,
  signed: SignedPolicy,
): Source[] {
  const nonce = Uint8Array.from(randomBytes(NONCE_BYTES));
  const responders = policy.ocsp ? certificate.ocspUrls.slice(0, MOST_URLS) : [];
  const lists = policy.crl ? certificate.crlUrls.slice(0, MOST_URLS) : [];
  return [
    ...responders.map(
      (url): Source => ({
        url,
        by: 'ocsp',
        key: `ocsp ${certificate.issuerText} ${certificate.serial} ${url}`,
        limit: OCSP_LIMIT,
        body: encodeOcspRequest(certificate, issuer, nonce),
        read: (data, asked) =>
          ocspStatus(crypto, now, data, certificate, issuer, signed, asked ? nonce : undefined),
      }),
    ),
    ...lists.map(
      (url): Source => ({
        url,
        by: 'crl',
        key: `crl ${url}`,
        limit: CRL_LIMIT,
        read: (data) => crlStatus(crypto, now, data, certificate, issuer, signed),
      }),
    ),
  ];
}

async function ask({ fetcher, cache }: RevocationService, source: Source): Promise<RevocationStatus> {
  const { url, body, limit, key } = source;
  const kept = cache.get(key);
  const remembered = kept && source.read(kept, false);
  if (remembered && remembered.status !== 'unknown') return remembered;
  const answer = await fetcher.fetch({ url, limit, ...(body ? { body } : {}) });
  if (!(answer instanceof Uint8Array)) return { status: 'unknown', detail: answer.failed };
  const status = source.read(answer, true);
  if (status.status !== 'unknown') cache.put(key, answer);
  return status;
}
