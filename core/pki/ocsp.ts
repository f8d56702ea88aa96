/**
 * OCSP (RFC 6960): the request for one certificate, and what a response says of it, whether fetched or stapled in a
 * CERT payload (RFC 4806). The issuer signs itself, or a responder that it has certified for that.
 */
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  BasicOCSPResponse,
  CertID,
  OCSPRequest,
  OCSPResponse,
  OCSPResponseStatus,
  Request,
  type SingleResponse,
  TBSRequest,
} from '@peculiar/asn1-ocsp';
import { AlgorithmIdentifier, Extension } from '@peculiar/asn1-x509';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { equal, fromHex, toHex } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { equalDistinguishedName } from '#core/ike/distinguished-name.ts';
import { type Certificate, decodeCertificate, octets, parsed, time, written } from './certificate.ts';
import type { PkiCrypto } from './interfaces.ts';
import { keyBits } from './public-key.ts';
import { freshness, reasonName, type RevocationStatus, signedOf, unknown } from './revocation.ts';
import { type SignedPolicy, signatureFault } from './signed.ts';
import { OCSP_SIGNING } from './usage.ts';

const NONCE = '1.3.6.1.5.5.7.48.1.2';
const BASIC = '1.3.6.1.5.5.7.48.1.1';
/** Certificates that a response may bring along. */
const MOST_RESPONDERS = 4;

const HASHES: Readonly<Record<string, ((data: Uint8Array) => Uint8Array) | undefined>> = {
  '1.3.14.3.2.26': sha1,
  '2.16.840.1.101.3.4.2.1': sha256,
};

const buffer = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;

/** DER of an OCSPRequest. SHA-1 in CertID, which every responder knows and which is no signature. `nonce`: 32 random octets (RFC 9654). */
export function encodeOcspRequest(
  certificate: Certificate,
  issuer: Certificate,
  nonce: Uint8Array,
): Uint8Array {
  const reqCert = new CertID({
    hashAlgorithm: new AlgorithmIdentifier({ algorithm: '1.3.14.3.2.26', parameters: null }),
    issuerNameHash: new OctetString(buffer(sha1(issuer.subject))),
    issuerKeyHash: new OctetString(buffer(sha1(keyBits(issuer.spki)))),
    serialNumber: buffer(fromHex(certificate.serial)),
  });
  const value = AsnConvert.serialize(new OctetString(buffer(nonce)));
  return new Uint8Array(
    AsnConvert.serialize(
      new OCSPRequest({
        tbsRequest: new TBSRequest({
          requestList: [new Request({ reqCert })],
          requestExtensions: [new Extension({ extnID: NONCE, extnValue: new OctetString(value) })],
        }),
      }),
    ),
  );
}

/**
 * `certificate` and its `issuer` come from a path that verifies; `now` in milliseconds since 1970. `nonce` is what the
 * request carried: a response with another is refused, one without is taken, as most are made in advance.
 */
export function ocspStatus(
  crypto: PkiCrypto,
  now: number,
  der: Uint8Array,
  certificate: Certificate,
  issuer: Certificate,
  policy: SignedPolicy,
  nonce?: Uint8Array,
): RevocationStatus {
  try {
    const response = parsed(der, OCSPResponse, 'OCSP response');
    if (response.responseStatus !== OCSPResponseStatus.successful || !response.responseBytes)
      return unknown(`the OCSP responder says ${OCSPResponseStatus[response.responseStatus] ?? 'an error'}`);
    if (response.responseBytes.responseType !== BASIC) return unknown('the OCSP response is of another type');
    const basic = parsed(octets(response.responseBytes.response.buffer), BasicOCSPResponse, 'OCSP response');
    const single = basic.tbsResponseData.responses.find(({ certID }) => isAbout(certID, certificate, issuer));
    if (!single) return unknown('the OCSP response is about another certificate');
    if (!isNonce(basic, nonce)) return unknown('the OCSP response answers another request');
    const doubt = signerDoubt(crypto, now, basic, issuer, policy);
    return doubt === undefined
      ? statusOf(single, now)
      : unknown(`the OCSP response is not to be believed: ${doubt}`);
  } catch (error) {
    if (error instanceof DecodeError) return unknown(`the OCSP response is damaged: ${error.message}`);
    throw error;
  }
}

function isAbout(id: CertID, certificate: Certificate, issuer: Certificate): boolean {
  const hash = HASHES[id.hashAlgorithm.algorithm];
  return (
    hash !== undefined &&
    toHex(octets(id.serialNumber)) === certificate.serial &&
    equal(octets(id.issuerNameHash.buffer), hash(issuer.subject)) &&
    equal(octets(id.issuerKeyHash.buffer), hash(keyBits(issuer.spki)))
  );
}

function isNonce(basic: BasicOCSPResponse, nonce: Uint8Array | undefined): boolean {
  const sent = basic.tbsResponseData.responseExtensions?.find(({ extnID }) => extnID === NONCE);
  if (!sent || !nonce) return true;
  return equal(octets(parsed(octets(sent.extnValue.buffer), OctetString, 'nonce').buffer), nonce);
}

/** The issuer itself, or one whom it certified for OCSP and nobody else did (RFC 6960 §4.2.2.2). */
function signerDoubt(
  crypto: PkiCrypto,
  now: number,
  basic: BasicOCSPResponse,
  issuer: Certificate,
  policy: SignedPolicy,
): string | undefined {
  const signed = {
    ...signedOf(basic.tbsResponseDataRaw, basic.signatureAlgorithm, basic.signature),
    subjectText: 'the OCSP response',
  };
  if (isResponder(basic, issuer)) return signatureFault(crypto, signed, issuer, policy)?.fault;
  const sent = (basic.certs ?? []).slice(0, MOST_RESPONDERS);
  const responder = sent
    .map((certificate) => decodeCertificate(written(certificate, 'OCSP certificate')))
    .find((candidate) => isResponder(basic, candidate));
  if (!responder) return 'nobody knows who signed it';
  const certified =
    equalDistinguishedName(responder.issuer, issuer.subject) &&
    signatureFault(crypto, responder, issuer, policy) === undefined;
  if (!certified) return 'the CA did not certify its responder';
  if (!responder.extendedKeyUsage?.includes(OCSP_SIGNING)) return 'its responder is not certified for OCSP';
  if (responder.unknownCritical.length > 0) return 'its responder has an unknown critical extension';
  if (now < responder.notBefore || now > responder.notAfter)
    return 'the certificate of its responder is out of date';
  return signatureFault(crypto, signed, responder, policy)?.fault;
}

function isResponder({ tbsResponseData }: BasicOCSPResponse, certificate: Certificate): boolean {
  const { byName, byKey } = tbsResponseData.responderID;
  if (byKey) return equal(octets(byKey.buffer), sha1(keyBits(certificate.spki)));
  return (
    byName !== undefined &&
    equalDistinguishedName(written(byName, 'OCSP responder name'), certificate.subject)
  );
}

function statusOf(single: SingleResponse, now: number): RevocationStatus {
  const { certStatus, thisUpdate, nextUpdate } = single;
  const end = nextUpdate && time(nextUpdate, 'nextUpdate');
  const fresh = freshness(now, time(thisUpdate, 'thisUpdate'), end);
  if ('detail' in fresh) return unknown(`the OCSP response is of no use: ${fresh.detail}`);
  if (certStatus.revoked) {
    const { revocationTime, revocationReason } = certStatus.revoked;
    const at = time(revocationTime, 'revocation time');
    return { status: 'revoked', at, reason: reasonName(revocationReason?.reason), ...fresh };
  }
  // The library leaves the case that is there as null, and the others undefined.
  if (certStatus.good === null) return { status: 'good', ...fresh };
  return unknown('the OCSP responder does not know the certificate');
}
