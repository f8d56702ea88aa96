/**
 * Private keys: what signs our AUTH. The interface is asynchronous, since a key may live on a token or behind a PIN;
 * `keySigner` has it in memory and signs with node:crypto off the event loop's thread.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { DecodeError } from '#core/bytes/reader.ts';
import { UnsupportedAlgorithm } from '#core/pki/algorithm.ts';
import type { PublicKey, SignatureScheme } from '#core/pki/interfaces.ts';
import { decodePublicKey } from '#core/pki/public-key.ts';
import { digestOf, optionsOf } from './verifier.ts';

export interface Signer {
  /** The public half: what auth-choice.ts picks a method for, and what must equal the certificate's. */
  readonly publicKey: PublicKey;
  /** Rejects where the key cannot make such a signature, or its owner refuses. */
  sign(scheme: SignatureScheme, data: Uint8Array): Promise<Uint8Array>;
}

/** A key that is no use: `message` says why, without a part of it. */
export class KeyError extends Error {
  override readonly name = 'KeyError';
}

/** `pkcs8`: PrivateKeyInfo in DER, unencrypted. Throws KeyError. */
export function keySigner(pkcs8: Uint8Array): Signer {
  const key = privateKey(pkcs8);
  return {
    publicKey: publicHalf(key),
    sign: (scheme, data) =>
      new Promise((resolve, reject) => {
        sign(digestOf(scheme), data, { key, ...optionsOf(scheme) }, (error, signature) => {
          if (error) reject(new KeyError(`the private key cannot sign ${scheme.kind}: ${error.message}`));
          else resolve(Uint8Array.from(signature));
        });
      }),
  };
}

function privateKey(pkcs8: Uint8Array): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  } catch {
    throw new KeyError('the private key is not PKCS#8 that OpenSSL reads');
  }
}

function publicHalf(key: KeyObject): PublicKey {
  try {
    return decodePublicKey(createPublicKey(key).export({ format: 'der', type: 'spki' }));
  } catch (error) {
    if (error instanceof DecodeError || error instanceof UnsupportedAlgorithm)
      throw new KeyError(`the private key is of no kind that IKE signs with: ${error.message}`);
    throw error;
  }
}
