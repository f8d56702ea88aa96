/**
 * One signature of a CA: over a certificate, a CRL or an OCSP response (RFC 5280 §6.1.3 a, §6.3.3 g, RFC 6960 §3.2).
 * Whether key and algorithm are worth a look is decided before anything is computed.
 */
import { describeScheme, UnsupportedAlgorithm } from './algorithm.ts';
import type { Certificate, Signed } from './certificate.ts';
import type { PkiCrypto } from './interfaces.ts';
import { fits, type KeyPolicy, saltFits, weaknessOf } from './public-key.ts';
import type { ChainFault } from './verdict.ts';

export interface SignedPolicy extends KeyPolicy {
  readonly allowSha1: boolean;
}

/** `signed` must be the work of `issuer`; undefined means it is. */
export function signatureFault(
  crypto: PkiCrypto,
  signed: Signed & { readonly subjectText: string },
  issuer: Certificate,
  policy: SignedPolicy,
): ChainFault | undefined {
  const { scheme } = signed;
  const subject = signed.subjectText;
  if (scheme instanceof UnsupportedAlgorithm)
    return { fault: 'unsupported-algorithm', subject, algorithm: scheme.algorithm };
  const keyFault = weakKeyFault(issuer, policy);
  if (keyFault) return keyFault;
  if ('hash' in scheme && (scheme.hash === 'md5' || (scheme.hash === 'sha1' && !policy.allowSha1)))
    return { fault: 'weak-hash', subject, hash: describeScheme(scheme) };
  const bad: ChainFault = { fault: 'bad-signature', subject, issuer: issuer.subjectText };
  const { key } = issuer;
  if (key instanceof UnsupportedAlgorithm || !fits(key.facts, scheme) || !saltFits(key.facts, scheme))
    return bad;
  return crypto.verify(key, scheme, signed.tbs, signed.signature) ? undefined : bad;
}

/** A key that nobody can or should use. */
export function weakKeyFault({ key, subjectText }: Certificate, policy: KeyPolicy): ChainFault | undefined {
  if (key instanceof UnsupportedAlgorithm)
    return { fault: 'unsupported-algorithm', subject: subjectText, algorithm: key.algorithm };
  const detail = weaknessOf(key.facts, policy);
  return detail === undefined ? undefined : { fault: 'weak-key', subject: subjectText, detail };
}
