/**
 * IANA "IKEv2 Parameters", Transform Type 4 (Key Exchange Method), also the values of types 6 to 12 (RFC 9370 §2.2)
 * and of the Diffie-Hellman Group in a KE payload. Ours: crypto/key-exchange.ts.
 */
import { registry } from './registry.ts';

export const keyExchangeMethods = registry('Key Exchange Method', [
  { id: 0, name: 'NONE' },
  { id: 1, name: '768-bit MODP Group' },
  { id: 2, name: '1024-bit MODP Group' },
  { id: 5, name: '1536-bit MODP Group' },
  { id: 14, name: '2048-bit MODP Group' },
  { id: 15, name: '3072-bit MODP Group' },
  { id: 16, name: '4096-bit MODP Group' },
  { id: 17, name: '6144-bit MODP Group' },
  { id: 18, name: '8192-bit MODP Group' },
  { id: 19, name: '256-bit random ECP group' },
  { id: 20, name: '384-bit random ECP group' },
  { id: 21, name: '521-bit random ECP group' },
  { id: 22, name: '1024-bit MODP Group with 160-bit Prime Order Subgroup' },
  { id: 23, name: '2048-bit MODP Group with 224-bit Prime Order Subgroup' },
  { id: 24, name: '2048-bit MODP Group with 256-bit Prime Order Subgroup' },
  { id: 25, name: '192-bit Random ECP Group' },
  { id: 26, name: '224-bit Random ECP Group' },
  { id: 27, name: 'brainpoolP224r1' },
  { id: 28, name: 'brainpoolP256r1' },
  { id: 29, name: 'brainpoolP384r1' },
  { id: 30, name: 'brainpoolP512r1' },
  { id: 31, name: 'Curve25519' },
  { id: 32, name: 'Curve448' },
  { id: 33, name: 'GOST3410_2012_256' },
  { id: 34, name: 'GOST3410_2012_512' },
  { id: 35, name: 'ml-kem-512' },
  { id: 36, name: 'ml-kem-768' },
  { id: 37, name: 'ml-kem-1024' },
]);
