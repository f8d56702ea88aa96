/**
 * Certificate revocation lists (RFC 5280 §5 and §6.3): complete ones of the certificate's own issuer. Deltas, indirect
 * lists and lists for some reasons only are not believed: they cannot say "good". helper/pki/revocation.ts fetches.
 */
import {
  CertificateList,
  CRLReason,
  type Extension,
  IssuingDistributionPoint,
  type RevokedCertificate,
} from '@peculiar/asn1-x509';
import { toHex } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { equalDistinguishedName } from '#core/ike/distinguished-name.ts';
import { type Certificate, octets, parsed, type Signed, time, written } from './certificate.ts';
import type { PkiCrypto } from './interfaces.ts';
import { freshness, reasonName, type RevocationStatus, signedOf, unknown } from './revocation.ts';
import { type SignedPolicy, signatureFault } from './signed.ts';

interface Crl extends Signed {
  readonly subjectText: string;
  readonly issuer: Uint8Array;
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
  readonly extensions: readonly Extension[];
  readonly revoked: readonly RevokedCertificate[];
}

const REASON = '2.5.29.21';
const ISSUING_POINT = '2.5.29.28';

/** About 60 000 entries: the most that is read in a second. */
const MOST_NODES = 500_000;

function decodeCrl(der: Uint8Array): Crl {
  const {
    tbsCertList: tbs,
    tbsCertListRaw,
    signatureAlgorithm,
    signature,
  } = parsed(der, CertificateList, 'CRL', MOST_NODES);
  const end = tbs.nextUpdate && time(tbs.nextUpdate.getTime(), 'nextUpdate');
  return {
    ...signedOf(tbsCertListRaw, signatureAlgorithm, signature),
    subjectText: 'the revocation list',
    issuer: written(tbs.issuer, 'CRL issuer'),
    thisUpdate: time(tbs.thisUpdate.getTime(), 'thisUpdate'),
    ...(end === undefined ? {} : { nextUpdate: end }),
    extensions: tbs.crlExtensions ?? [],
    revoked: tbs.revokedCertificates ?? [],
  };
}

/** `certificate` and its `issuer` come from a path that verifies; `now` in milliseconds since 1970. */
export function crlStatus(
  crypto: PkiCrypto,
  now: number,
  der: Uint8Array,
  certificate: Certificate,
  issuer: Certificate,
  policy: SignedPolicy,
): RevocationStatus {
  try {
    const crl = decodeCrl(der);
    const doubt = doubtOf(crl, certificate, issuer) ?? signatureDoubt(crypto, crl, issuer, policy);
    if (doubt !== undefined) return unknown(`the revocation list is not for this: ${doubt}`);
    const fresh = freshness(now, crl.thisUpdate, crl.nextUpdate);
    if ('detail' in fresh) return unknown(`the revocation list is of no use: ${fresh.detail}`);
    const entry = crl.revoked.find(
      ({ userCertificate }) => toHex(octets(userCertificate)) === certificate.serial,
    );
    return entry ? revoked(entry, fresh.freshUntil) : { status: 'good', ...fresh };
  } catch (error) {
    if (error instanceof DecodeError) return unknown(`the revocation list is damaged: ${error.message}`);
    throw error;
  }
}

function signatureDoubt(
  crypto: PkiCrypto,
  crl: Crl,
  issuer: Certificate,
  policy: SignedPolicy,
): string | undefined {
  return signatureFault(crypto, crl, issuer, policy)?.fault;
}

/** Why the list does not speak about this certificate. */
function doubtOf(crl: Crl, certificate: Certificate, issuer: Certificate): string | undefined {
  if (!equalDistinguishedName(crl.issuer, issuer.subject)) return 'another CA issued it';
  if (issuer.keyUsage && !issuer.keyUsage.includes('cRLSign')) return 'the CA may not sign such lists';
  for (const { extnID, critical, extnValue } of crl.extensions) {
    if (extnID === ISSUING_POINT) {
      const doubt = scopeDoubt(octets(extnValue.buffer), certificate);
      if (doubt !== undefined) return doubt;
    } else if (critical) return `critical extension ${extnID}`;
  }
  // An entry may name another issuer for those that follow it: a list like that is indirect.
  const strange = crl.revoked.some(({ crlEntryExtensions }) =>
    crlEntryExtensions?.some(({ extnID, critical }) => critical && extnID !== REASON),
  );
  return strange ? 'an entry has a critical extension' : undefined;
}

function scopeDoubt(der: Uint8Array, { basicConstraints }: Certificate): string | undefined {
  const scope = parsed(der, IssuingDistributionPoint, 'issuingDistributionPoint');
  const ca = basicConstraints?.ca === true;
  if (scope.indirectCRL || scope.onlySomeReasons || scope.onlyContainsAttributeCerts)
    return 'it is indirect or partial';
  return (scope.onlyContainsUserCerts && ca) || (scope.onlyContainsCACerts && !ca)
    ? 'it is for other kinds of certificates'
    : undefined;
}

function revoked(entry: RevokedCertificate, freshUntil: number): RevocationStatus {
  const extension = entry.crlEntryExtensions?.find(({ extnID }) => extnID === REASON);
  const reason = extension && parsed(octets(extension.extnValue.buffer), CRLReason, 'reason').reason;
  const at = time(entry.revocationDate.getTime(), 'revocation date');
  return { status: 'revoked', at, reason: reasonName(reason), freshUntil };
}
