/** Signatures checked by node:crypto, for the rules of core/pki. */
import { constants, createPublicKey, verify, X509Certificate } from 'node:crypto';
import type { PkiCrypto, PublicKey, SignatureScheme } from '#core/pki/interfaces.ts';

/** The options that a scheme means to node:crypto, for signing and verifying alike. */
export function optionsOf(scheme: SignatureScheme): {
  readonly padding?: number;
  readonly saltLength?: number;
  readonly dsaEncoding?: 'der' | 'ieee-p1363';
} {
  switch (scheme.kind) {
    case 'rsa-pkcs1':
      return { padding: constants.RSA_PKCS1_PADDING };
    case 'rsa-pss':
      return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.saltBytes };
    case 'ecdsa':
      return { dsaEncoding: scheme.form === 'raw' ? 'ieee-p1363' : 'der' };
    default:
      return {};
  }
}

/** Null for the schemes that hash by themselves. */
export const digestOf = (scheme: SignatureScheme): string | null => ('hash' in scheme ? scheme.hash : null);

function check(key: PublicKey, scheme: SignatureScheme, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    const publicKey = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });
    return verify(digestOf(scheme), data, { key: publicKey, ...optionsOf(scheme) }, signature);
  } catch {
    // OpenSSL throws for keys and signatures that it cannot read: what a peer sent is then simply not good.
    return false;
  }
}

function reads(certificate: Uint8Array): boolean {
  try {
    return new X509Certificate(certificate).raw.length === certificate.length;
  } catch {
    return false;
  }
}

export const nodePkiCrypto: PkiCrypto = { verify: check, reads };
