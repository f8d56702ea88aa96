/**
 * Which AUTH method and hash our key signs with, by what the peer announced in SIGNATURE_HASH_ALGORITHMS (RFC 7427 §4,
 * RFC 8420 §2), and that notification's data. The IKEv2 auth task calls it before it asks for a signature.
 */
import { Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import { AuthMethod } from '#core/registry/auth-methods.ts';
import { HashAlgorithm, hashAlgorithms } from '#core/registry/hash-algorithms.ts';
import { type AuthPlan, ECDSA_METHODS } from './auth-signature.ts';
import type { HashName, KeyFacts, SignatureScheme } from './interfaces.ts';
import { hashBytes, saltFits } from './public-key.ts';

/** What we announce, the best first: the order means nothing to the peer. */
export const ANNOUNCED_HASHES: readonly number[] = [
  HashAlgorithm.SHA2_256,
  HashAlgorithm.SHA2_384,
  HashAlgorithm.SHA2_512,
  HashAlgorithm.IDENTITY,
];

/** Notification data: 16 bits a hash. */
export function encodeHashAlgorithms(hashes: readonly number[]): Uint8Array {
  const writer = new Writer();
  for (const hash of hashes) writer.u16(hash);
  return writer.finish();
}

/** Throws DecodeError for half a number. Unknown numbers stay. */
export function decodeHashAlgorithms(data: Uint8Array): number[] {
  const reader = new Reader(data);
  const hashes: number[] = [];
  while (reader.remaining > 0) hashes.push(reader.u16('hash algorithm'));
  return hashes;
}

const HASHES: readonly { readonly id: number; readonly hash: HashName }[] = [
  { id: HashAlgorithm.SHA2_256, hash: 'sha256' },
  { id: HashAlgorithm.SHA2_384, hash: 'sha384' },
  { id: HashAlgorithm.SHA2_512, hash: 'sha512' },
];

interface SigningKey {
  readonly facts: KeyFacts;
  /** The profile wants RSASSA-PSS from an RSA key. */
  readonly rsaPss: boolean;
}

/** The peer lacks what our key needs. `detail` is a clause for people. */
export interface NoAuthMethod {
  readonly fault: 'no-method';
  readonly detail: string;
}

type Choose = (key: SigningKey, announced: readonly number[]) => AuthPlan | NoAuthMethod;

const named = (scheme: SignatureScheme): AuthPlan => ({ method: AuthMethod.DIGITAL_SIGNATURE, scheme });

function refusal(announced: readonly number[], why: string): NoAuthMethod {
  const names = announced.map((id) => hashAlgorithms.nameOf(id)).join(', ');
  return { fault: 'no-method', detail: `${why}; the gateway announces ${names || 'no hash algorithm'}` };
}

const chooseEdwards: Choose = ({ facts }, announced) => {
  if (!announced.includes(HashAlgorithm.IDENTITY)) return refusal(announced, 'an Edwards key needs IDENTITY');
  return named({ kind: facts.kind === 'ed448' ? 'ed448' : 'ed25519' });
};

/** The hash of the curve's own strength where announced, else a stronger or weaker one, else the old method. */
const chooseEcdsa: Choose = ({ facts }, announced) => {
  const curve = facts.kind === 'ecdsa' ? facts.curve : undefined;
  const [method, own] = Object.entries(ECDSA_METHODS).find(([, row]) => row?.curve === curve) ?? [];
  const known = HASHES.filter(({ id }) => announced.includes(id));
  const row = known.find(({ hash }) => hash === own?.hash) ?? known.at(-1);
  if (row) return named({ kind: 'ecdsa', hash: row.hash, form: 'der' });
  if (!own) return refusal(announced, 'the curve has no method of its own');
  return { method: Number(method), scheme: { kind: 'ecdsa', hash: own.hash, form: 'raw' } };
};

const chooseRsa: Choose = ({ facts, rsaPss }, announced) => {
  const pss = rsaPss || (facts.kind === 'rsa' && facts.pss);
  const scheme = HASHES.filter(({ id }) => announced.includes(id))
    .map(
      ({ hash }): SignatureScheme =>
        pss ? { kind: 'rsa-pss', hash, saltBytes: hashBytes(hash) } : { kind: 'rsa-pkcs1', hash },
    )
    .find((candidate) => saltFits(facts, candidate));
  if (scheme) return named(scheme);
  if (pss) return refusal(announced, 'RSASSA-PSS needs SHA2_256, SHA2_384 or SHA2_512');
  return { method: AuthMethod.RSA_DIGITAL_SIGNATURE, scheme: { kind: 'rsa-pkcs1', hash: 'sha1' } };
};

const CHOICES: Readonly<Record<KeyFacts['kind'], Choose>> = {
  rsa: chooseRsa,
  ecdsa: chooseEcdsa,
  ed25519: chooseEdwards,
  ed448: chooseEdwards,
};

/**
 * `announced`: the peer's SIGNATURE_HASH_ALGORITHMS, empty where it sent none; then only the old methods are left
 * (RFC 7427 §4 forbids 14), for RSA with SHA-1.
 */
export function chooseAuth(key: SigningKey, announced: readonly number[]): AuthPlan | NoAuthMethod {
  return CHOICES[key.facts.kind](key, announced);
}
