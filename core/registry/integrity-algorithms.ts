/** IANA "IKEv2 Parameters", Transform Type 3 (Integrity Algorithm). Ours: crypto/integrity.ts. */
import { registry } from './registry.ts';

export const integrityAlgorithms = registry('Integrity Algorithm', [
  { id: 0, name: 'NONE' },
  { id: 1, name: 'AUTH_HMAC_MD5_96' },
  { id: 2, name: 'AUTH_HMAC_SHA1_96' },
  { id: 3, name: 'AUTH_DES_MAC' },
  { id: 4, name: 'AUTH_KPDK_MD5' },
  { id: 5, name: 'AUTH_AES_XCBC_96' },
  { id: 6, name: 'AUTH_HMAC_MD5_128' },
  { id: 7, name: 'AUTH_HMAC_SHA1_160' },
  { id: 8, name: 'AUTH_AES_CMAC_96' },
  { id: 9, name: 'AUTH_AES_128_GMAC' },
  { id: 10, name: 'AUTH_AES_192_GMAC' },
  { id: 11, name: 'AUTH_AES_256_GMAC' },
  { id: 12, name: 'AUTH_HMAC_SHA2_256_128' },
  { id: 13, name: 'AUTH_HMAC_SHA2_384_192' },
  { id: 14, name: 'AUTH_HMAC_SHA2_512_256' },
]);
