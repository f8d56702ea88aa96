/**
 * SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, RFC 3279, RFC 5480, RFC 8410): which key it is and whether anyone should
 * trust it. Certificates (certificate.ts) and AUTH values (auth-signature.ts) come through here before a key is used.
 */
import { toHex } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { UnsupportedAlgorithm } from './algorithm.ts';
import { DER, readAll, readContent, readOnly, type Tlv, unsignedHex } from './der.ts';
import type { CurveName, KeyFacts, PublicKey, SignatureScheme } from './interfaces.ts';

type ReadKey = (parameters: Tlv | undefined, key: Uint8Array) => KeyFacts;

const CURVES: Readonly<Record<string, { readonly curve: CurveName; readonly octets: number } | undefined>> = {
  '2a8648ce3d030107': { curve: 'P-256', octets: 32 },
  '2b81040022': { curve: 'P-384', octets: 48 },
  '2b81040023': { curve: 'P-521', octets: 66 },
};

const readRsa =
  (pss: boolean): ReadKey =>
  (_parameters, key) => {
    const content = readContent(key, DER.SEQUENCE, 'RSA key');
    const [modulus, exponent, ...more] = readAll(content, 'RSA key');
    if (modulus?.tag !== DER.INTEGER || exponent?.tag !== DER.INTEGER || more.length > 0)
      throw new DecodeError('RSA key', 'is not a modulus and an exponent');
    const hex = unsignedHex(modulus.content, 'RSA modulus');
    const bits = hex.length * 4 - (Math.clz32(Number.parseInt(hex[0] ?? '0', 16)) - 28);
    const oddModulus = ((modulus.content.at(-1) ?? 0) & 1) === 1;
    return { kind: 'rsa', bits, exponent: unsignedHex(exponent.content, 'RSA exponent'), oddModulus, pss };
  };

const readEc: ReadKey = (parameters, key) => {
  if (parameters?.tag !== DER.OID) throw new UnsupportedAlgorithm('an elliptic curve that is not named');
  const row = CURVES[toHex(parameters.content)];
  if (!row) throw new UnsupportedAlgorithm(`the elliptic curve with OID octets ${toHex(parameters.content)}`);
  if (key[0] !== 4 || key.length !== 1 + 2 * row.octets)
    throw new DecodeError('elliptic curve key', 'is not an uncompressed point of its curve');
  return { kind: 'ecdsa', curve: row.curve };
};

const readEdwards =
  (kind: 'ed25519' | 'ed448', octets: number): ReadKey =>
  (parameters, key) => {
    if (parameters || key.length !== octets)
      throw new DecodeError('Edwards curve key', 'has parameters or another length than its curve');
    return { kind };
  };

const KEYS: Readonly<Record<string, ReadKey | undefined>> = {
  '2a864886f70d010101': readRsa(false),
  '2a864886f70d01010a': readRsa(true),
  '2a8648ce3d0201': readEc,
  '2b6570': readEdwards('ed25519', 32),
  '2b6571': readEdwards('ed448', 57),
};

/** Throws DecodeError where the octets are no key, UnsupportedAlgorithm for a key of another kind than ours. */
export function decodePublicKey(spki: Uint8Array): PublicKey {
  const [algorithm, key, ...more] = readAll(readContent(spki, DER.SEQUENCE, 'public key'), 'public key');
  if (algorithm?.tag !== DER.SEQUENCE || key?.tag !== DER.BIT_STRING || more.length > 0)
    throw new DecodeError('public key', 'is not an algorithm and a bit string');
  const [oid, parameters] = readAll(algorithm.content, 'key algorithm');
  if (oid?.tag !== DER.OID) throw new DecodeError('key algorithm', 'has no object identifier');
  if (key.content[0] !== 0) throw new DecodeError('public key', 'is not whole octets');
  const read = KEYS[toHex(oid.content)];
  if (!read) throw new UnsupportedAlgorithm(`a key with OID octets ${toHex(oid.content)}`);
  return { facts: read(parameters, key.content.subarray(1)), spki };
}

/** The BIT STRING's octets: what RFC 6960 hashes as a key. */
export function keyBits(spki: Uint8Array): Uint8Array {
  const parts = readAll(readOnly(spki, 'public key').content, 'public key');
  return parts[1]?.content.subarray(1) ?? new Uint8Array(0);
}

export interface KeyPolicy {
  /** 2048 (NIST SP 800-131A); a profile for an old gateway may go down to 1024. */
  readonly minRsaBits: number;
}

/** Above it a verification is a denial of service. */
const LONGEST_RSA_BITS = 16384;

/** What makes the key worthless, in words, or undefined. Curves of ours are all sound. */
export function weaknessOf(facts: KeyFacts, policy: KeyPolicy): string | undefined {
  if (facts.kind !== 'rsa') return undefined;
  const { bits, exponent, oddModulus } = facts;
  if (bits < policy.minRsaBits) return `RSA with ${bits} bits, at least ${policy.minRsaBits} are needed`;
  if (bits > LONGEST_RSA_BITS) return `RSA with ${bits} bits, at most ${LONGEST_RSA_BITS} are taken`;
  if (!oddModulus) return 'RSA with an even modulus';
  if (exponent === '0' || exponent === '1') return `RSA with exponent ${exponent}`;
  if (Number.parseInt(exponent.at(-1) ?? '0', 16) % 2 === 0) return 'RSA with an even exponent';
  // Larger ones exist in no certificate and cost a full exponentiation each time.
  if (exponent.length > 16) return `RSA with an exponent of ${exponent.length * 4} bits`;
  return undefined;
}

/** Whether a signature of this scheme can come from this key. */
export function fits(facts: KeyFacts, scheme: SignatureScheme): boolean {
  if (facts.kind === 'rsa') return scheme.kind === 'rsa-pss' || (scheme.kind === 'rsa-pkcs1' && !facts.pss);
  return facts.kind === scheme.kind;
}

const HASH_BYTES = { md5: 16, sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 } as const;

/** Whether the salt leaves room for the hash in the key's modulus (RFC 8017 §9.1.1). True for what has no salt. */
export function saltFits(facts: KeyFacts, scheme: SignatureScheme): boolean {
  if (scheme.kind !== 'rsa-pss' || facts.kind !== 'rsa') return true;
  return scheme.saltBytes <= Math.ceil((facts.bits - 1) / 8) - HASH_BYTES[scheme.hash] - 2;
}

/** `RSA 2048`, `ECDSA P-256`: for people. */
export function describeKey(facts: KeyFacts): string {
  if (facts.kind === 'rsa') return `RSA ${facts.bits}`;
  if (facts.kind === 'ecdsa') return `ECDSA ${facts.curve}`;
  return facts.kind === 'ed25519' ? 'Ed25519' : 'Ed448';
}

export const hashBytes = (hash: keyof typeof HASH_BYTES): number => HASH_BYTES[hash];
