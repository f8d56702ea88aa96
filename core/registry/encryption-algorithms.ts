/**
 * IANA "IKEv2 Parameters", Transform Type 1 (Encryption Algorithm). What we can compute stands in
 * crypto/encryption.ts; the other rows let a report name what a peer offered.
 */
import { registry } from './registry.ts';

export const encryptionAlgorithms = registry('Encryption Algorithm', [
  { id: 1, name: 'ENCR_DES_IV64' },
  { id: 2, name: 'ENCR_DES' },
  { id: 3, name: 'ENCR_3DES' },
  { id: 4, name: 'ENCR_RC5' },
  { id: 5, name: 'ENCR_IDEA' },
  { id: 6, name: 'ENCR_CAST' },
  { id: 7, name: 'ENCR_BLOWFISH' },
  { id: 8, name: 'ENCR_3IDEA' },
  { id: 9, name: 'ENCR_DES_IV32' },
  { id: 11, name: 'ENCR_NULL' },
  { id: 12, name: 'ENCR_AES_CBC' },
  { id: 13, name: 'ENCR_AES_CTR' },
  { id: 14, name: 'ENCR_AES_CCM_8' },
  { id: 15, name: 'ENCR_AES_CCM_12' },
  { id: 16, name: 'ENCR_AES_CCM_16' },
  { id: 18, name: 'ENCR_AES_GCM_8' },
  { id: 19, name: 'ENCR_AES_GCM_12' },
  { id: 20, name: 'ENCR_AES_GCM_16' },
  { id: 21, name: 'ENCR_NULL_AUTH_AES_GMAC' },
  { id: 23, name: 'ENCR_CAMELLIA_CBC' },
  { id: 24, name: 'ENCR_CAMELLIA_CTR' },
  { id: 25, name: 'ENCR_CAMELLIA_CCM_8' },
  { id: 26, name: 'ENCR_CAMELLIA_CCM_12' },
  { id: 27, name: 'ENCR_CAMELLIA_CCM_16' },
  { id: 28, name: 'ENCR_CHACHA20_POLY1305' },
  { id: 29, name: 'ENCR_AES_CCM_8_IIV' },
  { id: 30, name: 'ENCR_AES_GCM_16_IIV' },
  { id: 31, name: 'ENCR_CHACHA20_POLY1305_IIV' },
  { id: 32, name: 'ENCR_KUZNYECHIK_MGM_KTREE' },
  { id: 33, name: 'ENCR_MAGMA_MGM_KTREE' },
  { id: 34, name: 'ENCR_KUZNYECHIK_MGM_MAC_KTREE' },
  { id: 35, name: 'ENCR_MAGMA_MGM_MAC_KTREE' },
]);
