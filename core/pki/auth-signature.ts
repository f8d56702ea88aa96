/**
 * Signatures in AUTH payloads: the old methods 1 (RFC 7296 §3.8) and 9, 10, 11 (RFC 4754), and 14, which names its
 * algorithm (RFC 7427, RFC 8420). The IKEv2 auth task asks encodeAuthData and verifyAuth; auth-choice.ts says which
 * method to use.
 */
import { concat } from '#core/bytes/bytes.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { AuthMethod, authMethods } from '#core/registry/auth-methods.ts';
import { decodeAlgorithm, describeScheme, encodeAlgorithm, UnsupportedAlgorithm } from './algorithm.ts';
import type { CurveName, HashName, PkiCrypto, PublicKey, SignatureScheme } from './interfaces.ts';
import { describeKey, fits, type KeyPolicy, saltFits, weaknessOf } from './public-key.ts';

interface AuthPolicy extends KeyPolicy {
  /**
   * Method 1 signs SHA-1 by RFC 7296, and gateways before RFC 7427 (Windows Server among them) do no other; what is
   * signed holds both nonces. False takes SHA-2 only.
   */
  readonly sha1InMethod1: boolean;
}

export const DEFAULT_AUTH_POLICY: AuthPolicy = { minRsaBits: 2048, sha1InMethod1: true };

/** Why a peer's AUTH is not taken. `detail` is a clause for people. */
export interface AuthFault {
  readonly fault:
    | 'malformed'
    | 'unsupported-method'
    | 'unsupported-algorithm'
    | 'weak-key'
    | 'weak-hash'
    | 'wrong-key'
    | 'bad-signature';
  readonly detail: string;
}

/** The methods with a curve of their own. */
export const ECDSA_METHODS: Readonly<
  Record<number, { readonly curve: CurveName; readonly hash: HashName } | undefined>
> = {
  [AuthMethod.ECDSA_SHA256_P256]: { curve: 'P-256', hash: 'sha256' },
  [AuthMethod.ECDSA_SHA384_P384]: { curve: 'P-384', hash: 'sha384' },
  [AuthMethod.ECDSA_SHA512_P521]: { curve: 'P-521', hash: 'sha512' },
};

/** How one AUTH is signed. */
export interface AuthPlan {
  /** IANA Authentication Method: 1, 9, 10, 11 or 14. */
  readonly method: number;
  readonly scheme: SignatureScheme;
}

/** The AUTH payload's data: the signature itself, or for method 14 the algorithm in DER before it, its length first. */
export function encodeAuthData(plan: AuthPlan, signature: Uint8Array): Uint8Array {
  if (plan.method !== AuthMethod.DIGITAL_SIGNATURE) return signature;
  const algorithm = encodeAlgorithm(plan.scheme);
  return concat(Uint8Array.of(algorithm.length), algorithm, signature);
}

interface Attempt {
  readonly schemes: readonly SignatureScheme[];
  readonly signature: Uint8Array;
}

type Read = (data: Uint8Array, key: PublicKey, policy: AuthPolicy) => Attempt | AuthFault;

const SOUND: readonly HashName[] = ['sha256', 'sha384', 'sha512'];

/** Nothing in method 1 names the hash (RFC 7296 §3.8): the likely ones are tried in turn. */
const readRsa: Read = (signature, key, policy) => {
  if (key.facts.kind !== 'rsa') return wrongKey(key, 'method 1 needs an RSA key');
  const hashes: readonly HashName[] = policy.sha1InMethod1 ? ['sha1', ...SOUND] : SOUND;
  return { schemes: hashes.map((hash) => ({ kind: 'rsa-pkcs1', hash })), signature };
};

const readEcdsa =
  ({ curve, hash }: { curve: CurveName; hash: HashName }): Read =>
  (signature, key) => {
    if (key.facts.kind !== 'ecdsa' || key.facts.curve !== curve)
      return wrongKey(key, `the method needs a key on ${curve}`);
    return { schemes: [{ kind: 'ecdsa', hash, form: 'raw' }], signature };
  };

/** RFC 7427 §3: length octet, AlgorithmIdentifier, signature. */
const readNamed: Read = (data, key) => {
  const reader = new Reader(data);
  const scheme = decodeAlgorithm(reader.bytes(reader.u8('algorithm length'), 'algorithm'));
  if ('hash' in scheme && !SOUND.includes(scheme.hash))
    return { fault: 'weak-hash', detail: `signed with ${describeScheme(scheme)}, which we did not announce` };
  if (!fits(key.facts, scheme)) return wrongKey(key, `signed with ${describeScheme(scheme)}`);
  if (!saltFits(key.facts, scheme))
    return { fault: 'malformed', detail: 'a salt longer than the key allows' };
  return { schemes: [scheme], signature: reader.rest() };
};

const wrongKey = (key: PublicKey, detail: string): AuthFault => ({
  fault: 'wrong-key',
  detail: `${detail}, the certificate holds ${describeKey(key.facts)}`,
});

function readerOf(method: number): Read | undefined {
  if (method === AuthMethod.RSA_DIGITAL_SIGNATURE) return readRsa;
  if (method === AuthMethod.DIGITAL_SIGNATURE) return readNamed;
  const row = ECDSA_METHODS[method];
  return row && readEcdsa(row);
}

/**
 * Checks a peer's AUTH over `octets` (InitiatorSignedOctets or ResponderSignedOctets, RFC 7296 §2.15) with the key of
 * its certificate, which the caller has validated. Undefined means that it is good.
 */
export function verifyAuth(
  crypto: PkiCrypto,
  key: PublicKey,
  auth: { readonly method: number; readonly data: Uint8Array },
  octets: Uint8Array,
  policy: AuthPolicy = DEFAULT_AUTH_POLICY,
): AuthFault | undefined {
  const weakness = weaknessOf(key.facts, policy);
  if (weakness !== undefined) return { fault: 'weak-key', detail: weakness };
  const read = readerOf(auth.method);
  if (!read) return { fault: 'unsupported-method', detail: authMethods.nameOf(auth.method) };
  const attempt = guarded(() => read(auth.data, key, policy));
  if ('fault' in attempt) return attempt;
  const good = attempt.schemes.some((scheme) => crypto.verify(key, scheme, octets, attempt.signature));
  return good ? undefined : { fault: 'bad-signature', detail: `${describeKey(key.facts)} did not sign this` };
}

function guarded(read: () => Attempt | AuthFault): Attempt | AuthFault {
  try {
    return read();
  } catch (error) {
    if (error instanceof DecodeError) return { fault: 'malformed', detail: error.message };
    if (error instanceof UnsupportedAlgorithm)
      return { fault: 'unsupported-algorithm', detail: error.algorithm };
    throw error;
  }
}
