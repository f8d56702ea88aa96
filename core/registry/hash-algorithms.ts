/**
 * IKEv2 Hash Algorithms (IANA "IKEv2 Parameters"; RFC 7427 §7, RFC 8420 §2 for Identity): what
 * SIGNATURE_HASH_ALGORITHMS announces. Used by core/pki/auth-choice.ts.
 */
import { registry } from './registry.ts';

export const hashAlgorithms = registry('Hash Algorithm', [
  { id: 1, name: 'SHA1' },
  { id: 2, name: 'SHA2_256' },
  { id: 3, name: 'SHA2_384' },
  { id: 4, name: 'SHA2_512' },
  { id: 5, name: 'IDENTITY' },
  { id: 6, name: 'STREEBOG_256' },
  { id: 7, name: 'STREEBOG_512' },
]);

export const HashAlgorithm = hashAlgorithms.byName;
