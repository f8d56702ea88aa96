/**
 * A PKI in this process: CAs, leaves, CRLs and OCSP responses, each right by default and wrong where a test says so.
 * Keys and signatures come from node:crypto; the encoding is der-writer.ts, so that every fault can be made.
 * (test-pki.ts makes files for node:tls with the openssl command.)
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { concat } from '#core/bytes/bytes.ts';
import { parseDistinguishedName } from '#core/ike/distinguished-name.ts';
import { parseIp } from '#core/net/address.ts';
import { encodeAlgorithm } from '#core/pki/algorithm.ts';
import { type Certificate, decodeCertificate } from '#core/pki/certificate.ts';
import type { SignatureScheme } from '#core/pki/interfaces.ts';
import { keyBits } from '#core/pki/public-key.ts';
import { digestOf, optionsOf } from '#helper/pki/verifier.ts';
import {
  bitString,
  bool,
  enumerated,
  explicit,
  generalizedTime,
  ia5,
  integer,
  nothing,
  octetString,
  oid,
  seq,
  tlv,
  x509Time,
} from './der-writer.ts';

/** Midday of 1 May 2030: the tests' present. */
export const NOW = Date.UTC(2030, 4, 1, 12);
export const DAY = 86_400_000;

interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export const ecKey = (namedCurve = 'P-256'): Pair => generateKeyPairSync('ec', { namedCurve });
export const rsaKey = (modulusLength = 2048, publicExponent = 65537): Pair =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent });

export const spkiOf = (key: KeyObject): Uint8Array =>
  Uint8Array.from(key.export({ format: 'der', type: 'spki' }));

/** What a key signs certificates with unless told otherwise. */
export function schemeOf(key: KeyObject): SignatureScheme {
  if (key.asymmetricKeyType === 'rsa') return { kind: 'rsa-pkcs1', hash: 'sha256' };
  if (key.asymmetricKeyType === 'ed25519') return { kind: 'ed25519' };
  if (key.asymmetricKeyType === 'ed448') return { kind: 'ed448' };
  return { kind: 'ecdsa', hash: 'sha256', form: 'der' };
}

export const signWith = (key: KeyObject, scheme: SignatureScheme, data: Uint8Array): Uint8Array =>
  Uint8Array.from(sign(digestOf(scheme), data, { key, ...optionsOf(scheme) }));

export const name = (text: string): Uint8Array => parseDistinguishedName(text) ?? seq();

// --- extensions ---

export const extension = (id: string, value: Uint8Array, critical = false): Uint8Array =>
  seq(oid(id), ...(critical ? [bool(true)] : []), octetString(value));

const GENERAL: Readonly<Record<string, (text: string) => Uint8Array>> = {
  dns: (text) => ia5(text, 0x82),
  email: (text) => ia5(text, 0x81),
  uri: (text) => ia5(text, 0x86),
  ip: (text) => tlv(0x87, parseIp(text) ?? Uint8Array.of()),
  net: (text) => tlv(0x87, concat(...text.split('/').map((part) => parseIp(part) ?? Uint8Array.of()))),
  dir: (text) => tlv(0xa4, name(text)),
};

/** `dns:vpn.example`, `ip:192.0.2.1`, `email:…`, `dir:C=DE, CN=x`, `uri:…`; `net:10.0.0.0/255.0.0.0` in constraints. */
export function generalName(text: string): Uint8Array {
  const colon = text.indexOf(':');
  const write = GENERAL[text.slice(0, colon)];
  if (!write) throw new Error(`${text} is no general name`);
  return write(text.slice(colon + 1));
}

export const altNames = (...names: readonly string[]): Uint8Array =>
  extension('2.5.29.17', seq(...names.map(generalName)));

export const basicConstraints = (ca: boolean, pathLength?: number): Uint8Array =>
  extension(
    '2.5.29.19',
    seq(...(ca ? [bool(true)] : []), ...(pathLength === undefined ? [] : [integer(pathLength)])),
    true,
  );

/** Bits of RFC 5280 §4.2.1.3: 0 digitalSignature, 2 keyEncipherment, 5 keyCertSign, 6 cRLSign. */
export function keyUsage(...bits: readonly number[]): Uint8Array {
  const octet = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  return extension('2.5.29.15', bitString(Uint8Array.of(octet), 7 - Math.max(...bits)), true);
}

export const EKU = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ocspSigning: '1.3.6.1.5.5.7.3.9',
  ikeIntermediate: '1.3.6.1.5.5.8.2.2',
} as const;

export const extendedKeyUsage = (...usages: readonly string[]): Uint8Array =>
  extension('2.5.29.37', seq(...usages.map(oid)));

export const nameConstraints = (permitted: readonly string[], excluded: readonly string[]): Uint8Array => {
  const trees = (names: readonly string[]): Uint8Array[] => names.map((text) => seq(generalName(text)));
  return extension(
    '2.5.29.30',
    seq(
      ...(permitted.length > 0 ? [explicit(0, ...trees(permitted))] : []),
      ...(excluded.length > 0 ? [explicit(1, ...trees(excluded))] : []),
    ),
    true,
  );
};

export const crlPoint = (url: string): Uint8Array =>
  extension('2.5.29.31', seq(seq(explicit(0, explicit(0, ia5(url, 0x86))))));

export const ocspAccess = (url: string): Uint8Array =>
  extension('1.3.6.1.5.5.7.1.1', seq(seq(oid('1.3.6.1.5.5.7.48.1'), ia5(url, 0x86))));

// --- certificates ---

export interface Issued {
  readonly der: Uint8Array;
  readonly certificate: Certificate;
  readonly key: Pair;
}

export interface Wanted {
  readonly subject: string;
  readonly key?: Pair;
  /** SubjectPublicKeyInfo in place of the key's own. */
  readonly spki?: Uint8Array;
  /** Absent: signed by itself. */
  readonly issuer?: Issued;
  readonly issuerName?: string;
  readonly extensions: readonly Uint8Array[];
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly scheme?: SignatureScheme;
  /** The algorithm's DER in place of the scheme's. */
  readonly algorithm?: Uint8Array;
  readonly serial?: number;
  readonly mangle?: (der: Uint8Array) => Uint8Array;
}

let serials = 1000;

/** The DER of what is wanted; it may be no certificate at all. */
export function forge(wanted: Wanted): { readonly der: Uint8Array; readonly key: Pair } {
  const key = wanted.key ?? ecKey();
  const signer = wanted.issuer?.key ?? key;
  const scheme = wanted.scheme ?? schemeOf(signer.privateKey);
  const algorithm = wanted.algorithm ?? encodeAlgorithm(scheme);
  const tbs = seq(
    explicit(0, integer(2)),
    integer(wanted.serial ?? serials++),
    algorithm,
    wanted.issuer && wanted.issuerName === undefined
      ? wanted.issuer.certificate.subject
      : name(wanted.issuerName ?? wanted.subject),
    seq(x509Time(wanted.notBefore ?? NOW - 30 * DAY), x509Time(wanted.notAfter ?? NOW + 300 * DAY)),
    name(wanted.subject),
    wanted.spki ?? spkiOf(key.publicKey),
    ...(wanted.extensions.length > 0 ? [explicit(3, seq(...wanted.extensions))] : []),
  );
  const der = seq(tbs, algorithm, bitString(signWith(signer.privateKey, scheme, tbs)));
  return { der: wanted.mangle?.(der) ?? der, key };
}

export function issue(wanted: Wanted): Issued {
  const { der, key } = forge(wanted);
  return { der, key, certificate: decodeCertificate(der) };
}

export const ca = (subject: string, more: Partial<Wanted> = {}): Issued =>
  issue({ subject, extensions: [basicConstraints(true), keyUsage(5, 6)], ...more });

/** A gateway's certificate for vpn.example, right in every way. */
export const gateway = (issuer: Issued, more: Partial<Wanted> = {}): Issued =>
  issue({ subject: 'C=DE, O=Firm, CN=gateway', issuer, extensions: gatewayExtensions(), ...more });

export const gatewayExtensions = (...more: readonly Uint8Array[]): Uint8Array[] => [
  altNames('dns:vpn.example', 'ip:192.0.2.1'),
  keyUsage(0),
  extendedKeyUsage(EKU.serverAuth),
  ...more,
];

// --- revocation ---

interface CrlWanted {
  readonly revoked?: readonly { readonly serial: string; readonly at: number; readonly reason: number }[];
  readonly thisUpdate?: number;
  readonly nextUpdate?: number;
  readonly extensions?: readonly Uint8Array[];
  readonly signer?: Issued;
}

const rawSerial = (hex: string): Uint8Array => tlv(2, Uint8Array.from(Buffer.from(hex, 'hex')));

export function crl(issuer: Issued, wanted: CrlWanted = {}): Uint8Array {
  const { privateKey } = (wanted.signer ?? issuer).key;
  const scheme = schemeOf(privateKey);
  const entries = (wanted.revoked ?? []).map(({ serial, at, reason }) =>
    seq(rawSerial(serial), x509Time(at), seq(extension('2.5.29.21', enumerated(reason)))),
  );
  const tbs = seq(
    integer(1),
    encodeAlgorithm(scheme),
    issuer.certificate.subject,
    x509Time(wanted.thisUpdate ?? NOW - DAY),
    x509Time(wanted.nextUpdate ?? NOW + DAY),
    ...(entries.length > 0 ? [seq(...entries)] : []),
    ...(wanted.extensions ? [explicit(0, seq(...wanted.extensions))] : []),
  );
  return seq(tbs, encodeAlgorithm(scheme), bitString(signWith(privateKey, scheme, tbs)));
}

interface OcspWanted {
  readonly status?: 'good' | 'unknown' | { readonly at: number; readonly reason: number };
  /** Signs in place of the issuer, and comes along in the response. */
  readonly responder?: Issued;
  readonly thisUpdate?: number;
  readonly nextUpdate?: number;
  readonly nonce?: Uint8Array;
  readonly serial?: string;
}

const sha1 = (data: Uint8Array): Uint8Array => createHash('sha1').update(data).digest();

export function ocsp(certificate: Certificate, issuer: Issued, wanted: OcspWanted = {}): Uint8Array {
  const signer = wanted.responder ?? issuer;
  const scheme = schemeOf(signer.key.privateKey);
  const id = seq(
    seq(oid('1.3.14.3.2.26'), nothing),
    octetString(sha1(issuer.certificate.subject)),
    octetString(sha1(keyBits(issuer.certificate.spki))),
    rawSerial(wanted.serial ?? certificate.serial),
  );
  const { status = 'good' } = wanted;
  const said =
    status === 'good'
      ? tlv(0x80)
      : status === 'unknown'
        ? tlv(0x82)
        : explicit(1, generalizedTime(status.at), explicit(0, enumerated(status.reason)));
  const single = seq(
    id,
    said,
    generalizedTime(wanted.thisUpdate ?? NOW - DAY),
    explicit(0, generalizedTime(wanted.nextUpdate ?? NOW + DAY)),
  );
  const tbs = seq(
    explicit(1, signer.certificate.subject),
    generalizedTime(NOW - DAY),
    seq(single),
    ...(wanted.nonce ? [explicit(1, seq(extension('1.3.6.1.5.5.7.48.1.2', octetString(wanted.nonce))))] : []),
  );
  const basic = seq(
    tbs,
    encodeAlgorithm(scheme),
    bitString(signWith(signer.key.privateKey, scheme, tbs)),
    ...(wanted.responder ? [explicit(0, seq(wanted.responder.der))] : []),
  );
  return seq(enumerated(0), explicit(0, seq(oid('1.3.6.1.5.5.7.48.1.1'), octetString(basic))));
}

export const random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length));
