/**
 * What signatures are made of, and the seam behind which node:crypto (or a token) makes and checks them. core/pki
 * decides what may be checked at all (key sizes, hashes, parameters); helper/pki/verifier.ts and signer.ts compute.
 */

/** `md5` and `sha1` are named so that a refusal can name them. */
export type HashName = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

export type CurveName = 'P-256' | 'P-384' | 'P-521';

export type SignatureScheme =
  | { readonly kind: 'rsa-pkcs1'; readonly hash: HashName }
  /** MGF1 over the same hash (RFC 8017 §8.1); nothing else is taken. */
  | { readonly kind: 'rsa-pss'; readonly hash: HashName; readonly saltBytes: number }
  /** `der`: Ecdsa-Sig-Value (RFC 3279 §2.2.3). `raw`: r and s in the curve's length, joined (RFC 4754 §7). */
  | { readonly kind: 'ecdsa'; readonly hash: HashName; readonly form: 'der' | 'raw' }
  | { readonly kind: 'ed25519' }
  | { readonly kind: 'ed448' };

/** What a key is, as far as rules need to know. */
export type KeyFacts =
  /** `exponent` in hex without leading zeros. `pss`: the key says that it is for RSASSA-PSS only (RFC 4055 §1.2). */
  | {
      readonly kind: 'rsa';
      readonly bits: number;
      readonly exponent: string;
      readonly oddModulus: boolean;
      readonly pss: boolean;
    }
  | { readonly kind: 'ecdsa'; readonly curve: CurveName }
  | { readonly kind: 'ed25519' }
  | { readonly kind: 'ed448' };

export interface PublicKey {
  readonly facts: KeyFacts;
  /** SubjectPublicKeyInfo in DER, as it stood in the certificate. */
  readonly spki: Uint8Array;
}

/** The computations core/ does not do itself. None of them throws for what a peer sent. */
export interface PkiCrypto {
  /** Whether `signature` over `data` is the key's; false also for a key the library does not take. */
  verify(key: PublicKey, scheme: SignatureScheme, data: Uint8Array, signature: Uint8Array): boolean;
  /** A second opinion on the encoding: whether another X.509 reader takes this certificate, too. */
  reads(certificate: Uint8Array): boolean;
}
