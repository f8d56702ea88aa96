/** IANA "IKEv2 Parameters", Transform Type 2 (Pseudorandom Function). Ours: crypto/prf.ts. */
import { registry } from './registry.ts';

export const prfs = registry('PRF', [
  { id: 1, name: 'PRF_HMAC_MD5' },
  { id: 2, name: 'PRF_HMAC_SHA1' },
  { id: 3, name: 'PRF_HMAC_TIGER' },
  { id: 4, name: 'PRF_AES128_XCBC' },
  { id: 5, name: 'PRF_HMAC_SHA2_256' },
  { id: 6, name: 'PRF_HMAC_SHA2_384' },
  { id: 7, name: 'PRF_HMAC_SHA2_512' },
  { id: 8, name: 'PRF_AES128_CMAC' },
  { id: 9, name: 'PRF_HMAC_STREEBOG_512' },
]);
