/**
 * What a CRL or an OCSP response says of one certificate, and whether it may be believed: shared by crl.ts and ocsp.ts,
 * asked for by helper/pki/revocation.ts.
 */
import type { AlgorithmIdentifier } from '@peculiar/asn1-x509';
import { concat } from '#core/bytes/bytes.ts';
import { octets, type Signed, signedParts, written } from './certificate.ts';

export type RevocationStatus =
  | { readonly status: 'good'; readonly freshUntil: number }
  /** `at` in milliseconds since 1970; `reason` as RFC 5280 §5.3.1 spells it. */
  | { readonly status: 'revoked'; readonly at: number; readonly reason: string; readonly freshUntil: number }
  /** Not to be believed, not for this certificate, or not known to the responder: `detail` is a clause for people. */
  | { readonly status: 'unknown'; readonly detail: string };

/** Clocks of responders and ours may differ. */
const CLOCK_SKEW_MS = 5 * 60_000;
/** How long a statement without nextUpdate is news. */
const FRESH_WITHOUT_END_MS = 24 * 3_600_000;

/** Until when a statement counts, or why it does not. All in milliseconds since 1970. */
export function freshness(
  now: number,
  thisUpdate: number,
  nextUpdate: number | undefined,
): { readonly freshUntil: number } | { readonly detail: string } {
  if (thisUpdate > now + CLOCK_SKEW_MS) return { detail: 'it is dated in the future' };
  const freshUntil = nextUpdate ?? thisUpdate + FRESH_WITHOUT_END_MS;
  return now > freshUntil + CLOCK_SKEW_MS ? { detail: 'it is out of date' } : { freshUntil };
}

export const unknown = (detail: string): RevocationStatus => ({ status: 'unknown', detail });

const REASONS: readonly string[] = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'unspecified',
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
];

export const reasonName = (reason: number | undefined): string => REASONS[reason ?? 0] ?? `reason ${reason}`;

/** The signed parts of what the library read. Throws DecodeError. */
export function signedOf(
  tbs: ArrayBuffer | undefined,
  algorithm: AlgorithmIdentifier,
  signature: ArrayBuffer,
): Signed {
  return signedParts(
    written(algorithm, 'signature algorithm'),
    tbs ? octets(tbs) : new Uint8Array(0),
    concat(Uint8Array.of(0), octets(signature)),
  );
}
