/**
 * AlgorithmIdentifiers of signatures in DER and what they mean: in certificates, CRLs and OCSP (RFC 5280 §4.1.1.2, RFC
 * 4055, RFC 5758, RFC 8410) and in AUTH payloads (RFC 7427 appendix A, RFC 8420). Read strictly: the octets choose what
 * is computed with a peer's key.
 */
import { concat, EMPTY, fromHex, toHex } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { writeTlv } from '#core/ike/distinguished-name-der.ts';
import { DER, readAll, readContent, unsignedHex } from './der.ts';
import type { HashName, SignatureScheme } from './interfaces.ts';

/** Hashes by the content of their OBJECT IDENTIFIER, in hex. */
const HASHES: readonly { readonly hash: HashName; readonly oid: string }[] = [
  { hash: 'md5', oid: '2a864886f70d0205' },
  { hash: 'sha1', oid: '2b0e03021a' },
  { hash: 'sha224', oid: '608648016503040204' },
  { hash: 'sha256', oid: '608648016503040201' },
  { hash: 'sha384', oid: '608648016503040202' },
  { hash: 'sha512', oid: '608648016503040203' },
];

type Fixed = Exclude<SignatureScheme, { kind: 'rsa-pss' }>;
const pkcs1 = (hash: HashName): Fixed => ({ kind: 'rsa-pkcs1', hash });
const ecdsa = (hash: HashName): Fixed => ({ kind: 'ecdsa', hash, form: 'der' });

/** Signatures without parameters of weight. RSA carries NULL and is taken without it, too (RFC 4055 §5). */
const SCHEMES: readonly { readonly oid: string; readonly name: string; readonly scheme: Fixed }[] = [
  { oid: '2a864886f70d010104', name: '1.2.840.113549.1.1.4', scheme: pkcs1('md5') },
  { oid: '2a864886f70d010105', name: '1.2.840.113549.1.1.5', scheme: pkcs1('sha1') },
  { oid: '2a864886f70d01010e', name: '1.2.840.113549.1.1.14', scheme: pkcs1('sha224') },
  { oid: '2a864886f70d01010b', name: '1.2.840.113549.1.1.11', scheme: pkcs1('sha256') },
  { oid: '2a864886f70d01010c', name: '1.2.840.113549.1.1.12', scheme: pkcs1('sha384') },
  { oid: '2a864886f70d01010d', name: '1.2.840.113549.1.1.13', scheme: pkcs1('sha512') },
  { oid: '2a8648ce3d0401', name: '1.2.840.10045.4.1', scheme: ecdsa('sha1') },
  { oid: '2a8648ce3d040301', name: '1.2.840.10045.4.3.1', scheme: ecdsa('sha224') },
  { oid: '2a8648ce3d040302', name: '1.2.840.10045.4.3.2', scheme: ecdsa('sha256') },
  { oid: '2a8648ce3d040303', name: '1.2.840.10045.4.3.3', scheme: ecdsa('sha384') },
  { oid: '2a8648ce3d040304', name: '1.2.840.10045.4.3.4', scheme: ecdsa('sha512') },
  { oid: '2b6570', name: '1.3.101.112', scheme: { kind: 'ed25519' } },
  { oid: '2b6571', name: '1.3.101.113', scheme: { kind: 'ed448' } },
];

const PSS_OID = '2a864886f70d01010a';
const MGF1_OID = '2a864886f70d010108';

/** An algorithm that is well encoded and not one of ours. `algorithm` is for people. */
export class UnsupportedAlgorithm extends Error {
  override readonly name = 'UnsupportedAlgorithm';
  readonly algorithm: string;
  constructor(algorithm: string) {
    super(`${algorithm} is not supported`);
    this.algorithm = algorithm;
  }
}

/** Throws DecodeError where the octets are no AlgorithmIdentifier, UnsupportedAlgorithm where nobody here computes it. */
export function decodeAlgorithm(der: Uint8Array): SignatureScheme {
  const [oid, parameters, ...more] = readAll(readContent(der, DER.SEQUENCE, 'algorithm'), 'algorithm');
  if (oid?.tag !== DER.OID) throw new DecodeError('algorithm', 'has no object identifier');
  if (more.length > 0) throw new DecodeError('algorithm', 'has more than its parameters');
  const hex = toHex(oid.content);
  if (hex === PSS_OID) return decodePss(parameters?.tag === DER.SEQUENCE ? parameters.content : undefined);
  const row = SCHEMES.find((known) => known.oid === hex);
  if (!row) throw new UnsupportedAlgorithm(`signature algorithm with OID octets ${hex}`);
  const nothing =
    parameters === undefined ||
    (row.scheme.kind === 'rsa-pkcs1' && parameters.tag === DER.NULL && parameters.content.length === 0);
  if (!nothing) throw new DecodeError('algorithm', `${row.name} has parameters that it must not have`);
  return row.scheme;
}

/** RSASSA-PSS-params (RFC 8017 appendix A.2.3); what is absent has its default: SHA-1, MGF1 with SHA-1, 20, 1. */
function decodePss(content: Uint8Array | undefined): SignatureScheme {
  if (content === undefined) throw new DecodeError('RSASSA-PSS', 'has no parameters');
  const fields = new Map<number, Uint8Array>();
  let before = 0x9f;
  for (const { tag, content: value } of readAll(content, 'RSASSA-PSS parameters')) {
    if (tag <= before || tag > 0xa3)
      throw new DecodeError('RSASSA-PSS parameters', `has tag ${tag} out of order`);
    fields.set(tag, value);
    before = tag;
  }
  const [hashDer, mgfDer, saltDer, trailerDer] = [0xa0, 0xa1, 0xa2, 0xa3].map((tag) => fields.get(tag));
  const hash = hashDer ? decodeHash(hashDer) : 'sha1';
  if ((mgfDer ? decodeMgf1(mgfDer) : 'sha1') !== hash)
    throw new UnsupportedAlgorithm('RSASSA-PSS with another hash in its mask');
  if (trailerDer && decodeNumber(trailerDer, 'trailer') !== 1)
    throw new UnsupportedAlgorithm('RSASSA-PSS with an unknown trailer');
  const saltBytes = saltDer ? decodeNumber(saltDer, 'salt length') : 20;
  return { kind: 'rsa-pss', hash, saltBytes };
}

function decodeNumber(der: Uint8Array, field: string): number {
  const hex = unsignedHex(readContent(der, DER.INTEGER, field), field);
  if (hex.length > 8) throw new DecodeError(field, 'is absurd');
  return Number.parseInt(hex, 16);
}

function decodeHash(der: Uint8Array): HashName {
  const [oid, parameters, ...more] = readAll(readContent(der, DER.SEQUENCE, 'hash'), 'hash');
  if (oid?.tag !== DER.OID || more.length > 0) throw new DecodeError('hash', 'is no algorithm identifier');
  if (parameters && (parameters.tag !== DER.NULL || parameters.content.length > 0))
    throw new DecodeError('hash', 'has parameters that it must not have');
  const row = HASHES.find((known) => known.oid === toHex(oid.content));
  if (!row) throw new UnsupportedAlgorithm('RSASSA-PSS with an unknown hash');
  return row.hash;
}

function decodeMgf1(der: Uint8Array): HashName {
  const reader = readAll(readContent(der, DER.SEQUENCE, 'mask generation'), 'mask generation');
  const [oid, hash, ...more] = reader;
  if (oid?.tag !== DER.OID || hash?.tag !== DER.SEQUENCE || more.length > 0)
    throw new DecodeError('mask generation', 'is no algorithm identifier with a hash');
  if (toHex(oid.content) !== MGF1_OID)
    throw new UnsupportedAlgorithm('RSASSA-PSS with another mask than MGF1');
  return decodeHash(writeTlv(DER.SEQUENCE, hash.content));
}

/** DER as RFC 7427 appendix A prints it. Throws RangeError for a scheme without one (raw ECDSA). */
export function encodeAlgorithm(scheme: SignatureScheme): Uint8Array {
  if (scheme.kind === 'rsa-pss') return encodePss(scheme.hash, scheme.saltBytes);
  const row = SCHEMES.find((known) => sameScheme(known.scheme, scheme));
  if (!row) throw new RangeError(`${scheme.kind} has no AlgorithmIdentifier in this form`);
  return sequence(oidOf(row.oid), scheme.kind === 'rsa-pkcs1' ? NULL : EMPTY);
}

function sameScheme(a: Fixed, b: SignatureScheme): boolean {
  return (
    a.kind === b.kind &&
    ('hash' in a ? a.hash : '') === ('hash' in b ? b.hash : '') &&
    ('form' in a ? a.form : '') === ('form' in b ? b.form : '')
  );
}

const NULL = writeTlv(DER.NULL, EMPTY);
const sequence = (...parts: readonly Uint8Array[]): Uint8Array => writeTlv(DER.SEQUENCE, concat(...parts));
const oidOf = (hex: string): Uint8Array => writeTlv(DER.OID, fromHex(hex));

function encodePss(hash: HashName, saltBytes: number): Uint8Array {
  const row = HASHES.find((known) => known.hash === hash);
  if (!row || !Number.isInteger(saltBytes) || saltBytes < 0 || saltBytes > 127)
    throw new RangeError(`RSASSA-PSS with ${hash} and ${saltBytes} octets of salt`);
  const hashId = sequence(oidOf(row.oid), NULL);
  return sequence(
    oidOf(PSS_OID),
    sequence(
      writeTlv(0xa0, hashId),
      writeTlv(0xa1, sequence(oidOf(MGF1_OID), hashId)),
      writeTlv(0xa2, writeTlv(DER.INTEGER, Uint8Array.of(saltBytes))),
    ),
  );
}

/** `RSA with SHA-1`, `ECDSA with SHA-256`: for sentences. */
export function describeScheme(scheme: SignatureScheme): string {
  const titles = {
    'rsa-pkcs1': 'RSA',
    'rsa-pss': 'RSA-PSS',
    ecdsa: 'ECDSA',
    ed25519: 'Ed25519',
    ed448: 'Ed448',
  };
  return 'hash' in scheme
    ? `${titles[scheme.kind]} with ${scheme.hash.toUpperCase().replace('SHA', 'SHA-')}`
    : titles[scheme.kind];
}
