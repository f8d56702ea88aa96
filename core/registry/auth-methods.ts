/** IKEv2 Authentication Methods (IANA "IKEv2 Parameters"; RFC 7296 §3.8). Used by the authentication tasks and failures. */
import { registry } from './registry.ts';

export const authMethods = registry('Authentication Method', [
  { id: 1, name: 'RSA_DIGITAL_SIGNATURE', meaning: 'RSA signature (PKCS #1 v1.5)' },
  { id: 2, name: 'SHARED_KEY_MIC', meaning: 'pre-shared key' },
  { id: 3, name: 'DSS_DIGITAL_SIGNATURE', meaning: 'DSS signature' },
  { id: 9, name: 'ECDSA_SHA256_P256', meaning: 'ECDSA signature on P-256' },
  { id: 10, name: 'ECDSA_SHA384_P384', meaning: 'ECDSA signature on P-384' },
  { id: 11, name: 'ECDSA_SHA512_P521', meaning: 'ECDSA signature on P-521' },
  { id: 12, name: 'GENERIC_SECURE_PASSWORD', meaning: 'secure password' },
  { id: 13, name: 'NULL_AUTHENTICATION', meaning: 'none (anonymous)' },
  { id: 14, name: 'DIGITAL_SIGNATURE', meaning: 'signature with a named algorithm (RFC 7427)' },
]);

export const AuthMethod = authMethods.byName;
