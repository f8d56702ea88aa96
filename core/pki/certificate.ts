/**
 * An X.509 certificate (RFC 5280 §4) as the rules of path.ts want it. The library reads its structure; what is hashed,
 * compared or chooses a computation is kept as the octets that stood there. Nothing is trusted yet.
 */
import { AsnConvert, AsnParser } from '@peculiar/asn1-schema';
import {
  AuthorityInfoAccessSyntax,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate as Asn1Certificate,
  CRLDistributionPoints,
  ExtendedKeyUsage,
  type Extension,
  KeyUsage,
  KeyUsageFlags,
  SubjectKeyIdentifier,
  Version,
} from '@peculiar/asn1-x509';
import { equal, toHex } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { formatDistinguishedName } from '#core/ike/distinguished-name.ts';
import { writeTlv } from '#core/ike/distinguished-name-der.ts';
import { printable } from '#core/text/printable.ts';
import { decodeAlgorithm, UnsupportedAlgorithm } from './algorithm.ts';
import { DER, readAll, readContent } from './der.ts';
import { type GeneralName, generalNames } from './general-name.ts';
import type { PublicKey, SignatureScheme } from './interfaces.ts';
import { readNameConstraints, type NameConstraints } from './name-constraints.ts';
import { decodePublicKey } from './public-key.ts';

/** What is signed, by what algorithm, and the signature. `scheme` may be an algorithm that we do not have. */
export interface Signed {
  readonly tbs: Uint8Array;
  readonly scheme: SignatureScheme | UnsupportedAlgorithm;
  readonly signature: Uint8Array;
}

export interface Certificate extends Signed {
  readonly der: Uint8Array;
  /** 1, 2 or 3. */
  readonly version: number;
  /** In hex, as the INTEGER stood. */
  readonly serial: string;
  /** DER names, and their text for people. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly subjectText: string;
  readonly issuerText: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly spki: Uint8Array;
  readonly key: PublicKey | UnsupportedAlgorithm;
  readonly names: readonly GeneralName[];
  /** Undefined without the extension. */
  readonly basicConstraints?: { readonly ca: boolean; readonly pathLength?: number };
  /** Names of RFC 5280 §4.2.1.3; undefined without the extension. */
  readonly keyUsage?: readonly string[];
  /** OIDs; undefined without the extension. */
  readonly extendedKeyUsage?: readonly string[];
  readonly nameConstraints?: NameConstraints;
  /** Key identifiers in hex. */
  readonly subjectKeyId?: string;
  readonly authorityKeyId?: string;
  /** http URLs of CRLs and of OCSP responders, as they stood. */
  readonly crlUrls: readonly string[];
  readonly ocspUrls: readonly string[];
  /** OIDs of critical extensions that nothing here understands. */
  readonly unknownCritical: readonly string[];
}

/** The longest certificate that is read; what stands in a CERT payload is shorter. */
const LONGEST = 0xffff;

/** Throws DecodeError for whatever is not a certificate. */
export function decodeCertificate(der: Uint8Array): Certificate {
  if (der.length > LONGEST) throw new DecodeError('certificate', `is longer than ${LONGEST} octets`);
  const raw = readRaw(der);
  const { tbsCertificate: tbs } = parsed(der, Asn1Certificate, 'certificate');
  const extensions = [...(tbs.extensions ?? [])];
  if (extensions.length > 0 && tbs.version !== Version.v3)
    throw new DecodeError('extensions', 'need version 3');
  return {
    der,
    ...raw,
    version: tbs.version + 1,
    serial: toHex(octets(tbs.serialNumber)),
    subjectText: nameText(raw.subject),
    issuerText: nameText(raw.issuer),
    notBefore: time(tbs.validity.notBefore.getTime(), 'notBefore'),
    notAfter: time(tbs.validity.notAfter.getTime(), 'notAfter'),
    key: supported(() => decodePublicKey(raw.spki)),
    ...readExtensions(extensions),
  };
}

type Constructor<T> = new () => T;

/** Values in one structure, those inside others counted, too. A revocation list may have more. */
const MOST_NODES = 10_000;

/** The library's reading, which forgives a wrong outer length. It throws errors of many kinds, which all mean the same here. */
export function parsed<T>(der: Uint8Array, type: Constructor<T>, field: string, maxNodes = MOST_NODES): T {
  if (!isWhole(der)) throw new DecodeError(field, 'is cut off, or something follows it');
  try {
    return AsnParser.parse(der, type, { berOptions: { maxNodes } });
  } catch (error) {
    throw new DecodeError(
      field,
      `cannot be read (${printable(error instanceof Error ? error.message : '', 120)})`,
    );
  }
}

/**
 * A part of something parsed, as DER again. The library reads more than it can write: a name whose text has the tag of a
 * time parses, and fails here. Throws DecodeError.
 */
export function written(part: unknown, field: string): Uint8Array {
  try {
    return new Uint8Array(AsnConvert.serialize(part));
  } catch (error) {
    throw new DecodeError(
      field,
      `cannot be read (${printable(error instanceof Error ? error.message : '', 120)})`,
    );
  }
}

/** Whether the outermost length is that of the input. Indefinite lengths (PKCS#12 files of some programs) say nothing. */
function isWhole(der: Uint8Array): boolean {
  const [, first = 0] = der;
  if (der.length < 2 || first === 0x80) return der.length >= 2;
  const lengthOctets = first < 0x80 ? 0 : first & 0x7f;
  if (lengthOctets === 0) return der.length === 2 + first;
  const length = der.subarray(2, 2 + lengthOctets).reduce((sum, octet) => sum * 256 + octet, 0);
  return der.length === 2 + lengthOctets + length;
}

export const octets = (buffer: ArrayBuffer | ArrayBufferView): Uint8Array =>
  'byteOffset' in buffer
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);

export const nameText = (name: Uint8Array): string => {
  const text = formatDistinguishedName(name);
  return text === undefined ? `#${toHex(name.subarray(0, 64))}` : printable(text === '' ? '(no name)' : text);
};

export function time(date: { getTime(): number }, field: string): number {
  const ms = date.getTime();
  if (Number.isNaN(ms)) throw new DecodeError(field, 'is no date');
  return ms;
}

function supported<T>(read: () => T): T | UnsupportedAlgorithm {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnsupportedAlgorithm) return error;
    throw error;
  }
}

/** SEQUENCE { tbs, algorithm, signature }, the shape of certificates, CRLs and OCSP responses alike. */
export function signedParts(algorithm: Uint8Array, tbs: Uint8Array, bits: Uint8Array): Signed {
  if (bits[0] !== 0) throw new DecodeError('signature', 'is not whole octets');
  return { tbs, scheme: supported(() => decodeAlgorithm(algorithm)), signature: bits.subarray(1) };
}

type Raw = Signed & Pick<Certificate, 'issuer' | 'subject' | 'spki'>;

function readRaw(der: Uint8Array): Raw {
  const whole = readAll(readContent(der, DER.SEQUENCE, 'certificate'), 'certificate');
  const [tbs, algorithm, bits] = whole;
  if (whole.length !== 3 || tbs?.tag !== 0x30 || algorithm?.tag !== 0x30 || bits?.tag !== DER.BIT_STRING)
    throw new DecodeError('certificate', 'is not content, algorithm and signature');
  const fields = readAll(tbs.content, 'certificate content');
  if (fields[0]?.tag === 0xa0) fields.shift();
  const [, inner, issuer, , subject, spki] = fields;
  if (!inner || !issuer || !subject || !spki) throw new DecodeError('certificate content', 'is too short');
  // Otherwise the algorithm would not be covered by the signature (RFC 5280 §4.1.1.2).
  if (!equal(inner.content, algorithm.content))
    throw new DecodeError('certificate', 'names one algorithm inside and another outside');
  return {
    ...signedParts(
      writeTlv(DER.SEQUENCE, algorithm.content),
      writeTlv(DER.SEQUENCE, tbs.content),
      bits.content,
    ),
    issuer: writeTlv(DER.SEQUENCE, issuer.content),
    subject: writeTlv(DER.SEQUENCE, subject.content),
    spki: writeTlv(DER.SEQUENCE, spki.content),
  };
}

type Extensions = Omit<
  Certificate,
  keyof Raw | 'der' | 'version' | 'serial' | 'subjectText' | 'issuerText' | 'notBefore' | 'notAfter' | 'key'
>;
type Part = Partial<Extensions>;

/** What each extension gives; those with an empty row are understood by having no say in a path of ours. */
const EXTENSIONS: Readonly<Record<string, ((value: Uint8Array) => Part) | undefined>> = {
  '2.5.29.14': (der) => ({
    subjectKeyId: toHex(octets(parsed(der, SubjectKeyIdentifier, 'subjectKeyIdentifier').buffer)),
  }),
  '2.5.29.15': readKeyUsage,
  '2.5.29.17': (der) => ({ names: generalNames(der, 'subjectAltName') }),
  '2.5.29.19': readBasicConstraints,
  '2.5.29.30': (der) => ({ nameConstraints: readNameConstraints(der) }),
  '2.5.29.31': (der) => ({ crlUrls: readCrlUrls(der) }),
  // Policies: any policy is acceptable here, so that neither they nor their mappings can end a path (RFC 5280 §6.1.1 c).
  '2.5.29.32': () => ({}),
  '2.5.29.33': () => ({}),
  '2.5.29.35': readAuthorityKeyId,
  '2.5.29.37': (der) => ({ extendedKeyUsage: [...parsed(der, ExtendedKeyUsage, 'extendedKeyUsage')] }),
  '1.3.6.1.5.5.7.1.1': (der) => ({ ocspUrls: readOcspUrls(der) }),
};

function readExtensions(extensions: readonly Extension[]): Extensions {
  const seen = new Set<string>();
  const unknownCritical: string[] = [];
  let all: Extensions = { names: [], crlUrls: [], ocspUrls: [], unknownCritical };
  for (const { extnID, critical, extnValue } of extensions) {
    if (seen.has(extnID)) throw new DecodeError('extensions', `has ${extnID} twice`);
    seen.add(extnID);
    const read = EXTENSIONS[extnID];
    if (read) all = { ...all, ...read(octets(extnValue.buffer)) };
    else if (critical) unknownCritical.push(extnID);
  }
  return all;
}

function readKeyUsage(der: Uint8Array): Part {
  const bits = parsed(der, KeyUsage, 'keyUsage').toNumber();
  const names = Object.entries(KeyUsageFlags).filter(
    ([, flag]) => typeof flag === 'number' && (bits & flag) !== 0,
  );
  return { keyUsage: names.map(([name]) => name) };
}

function readBasicConstraints(der: Uint8Array): Part {
  const { cA: ca, pathLenConstraint } = parsed(der, BasicConstraints, 'basicConstraints');
  if (pathLenConstraint === undefined) return { basicConstraints: { ca } };
  if (!Number.isInteger(pathLenConstraint) || pathLenConstraint < 0)
    throw new DecodeError('basicConstraints', 'has an impossible path length');
  return { basicConstraints: { ca, pathLength: pathLenConstraint } };
}

function readAuthorityKeyId(der: Uint8Array): Part {
  const { keyIdentifier } = parsed(der, AuthorityKeyIdentifier, 'authorityKeyIdentifier');
  return keyIdentifier ? { authorityKeyId: toHex(octets(keyIdentifier.buffer)) } : {};
}

/** Only plain http: https would ask for a certificate in order to check one. */
const isHttp = (url: string | undefined): url is string => url !== undefined && /^http:\/\//i.test(url);

function readCrlUrls(der: Uint8Array): string[] {
  // One with a CRL issuer of its own, or for some reasons only, does not stand for the whole answer.
  return [...parsed(der, CRLDistributionPoints, 'cRLDistributionPoints')]
    .filter(({ cRLIssuer, reasons }) => cRLIssuer === undefined && reasons === undefined)
    .flatMap(({ distributionPoint }) => distributionPoint?.fullName ?? [])
    .map((name) => name.uniformResourceIdentifier)
    .filter(isHttp);
}

const OCSP = '1.3.6.1.5.5.7.48.1';

function readOcspUrls(der: Uint8Array): string[] {
  return [...parsed(der, AuthorityInfoAccessSyntax, 'authorityInfoAccess')]
    .filter(({ accessMethod }) => accessMethod === OCSP)
    .map(({ accessLocation }) => accessLocation.uniformResourceIdentifier)
    .filter(isHttp);
}

/** Whether subject and issuer are the same name. */
export const isSelfIssued = (certificate: Certificate): boolean =>
  equal(certificate.subject, certificate.issuer);
