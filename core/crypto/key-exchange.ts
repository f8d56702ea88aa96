/**
 * Transform types 4 and 6 to 12: key exchange methods (RFC 7296 §3.4, RFC 8247 §2.4, RFC 9370). suite.ts and keywords.ts look rows up; ikev2's
 * init, rekey and child tasks run them.
 */
import type { ECDSA } from '@noble/curves/abstract/weierstrass.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { x448 } from '@noble/curves/ed448.js';
import { brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 } from '@noble/curves/misc.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { ml_kem1024, ml_kem512, ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { keyExchangeMethods } from '#core/registry/key-exchange-methods.ts';
import { ecpExchange } from './ecp.ts';
import type { KeyExchangeRow } from './interfaces.ts';
import { mlKemExchange } from './ml-kem.ts';
import { type ModpGroup, modpExchange } from './modp.ts';
import { montgomeryExchange } from './montgomery.ts';

type KeyExchangeName = keyof typeof keyExchangeMethods.byName;

const common = (name: KeyExchangeName, keyword: string) => ({
  id: keyExchangeMethods.byName[name],
  name,
  keyword,
});

const modp = (name: KeyExchangeName, group: ModpGroup, weak?: string): KeyExchangeRow => ({
  ...common(name, `modp${group.bits}`),
  ...(weak === undefined ? {} : { weak }),
  ...modpExchange(group),
});

const ecp = (name: KeyExchangeName, keyword: string, curve: ECDSA, aliases?: string[]): KeyExchangeRow => ({
  ...common(name, keyword),
  ...(aliases === undefined ? {} : { aliases }),
  ...ecpExchange(keyword, curve),
});

/** Every key exchange method that we compute. */
export const KEY_EXCHANGE_ROWS: readonly KeyExchangeRow[] = [
  ecp('256-bit random ECP group', 'ecp256', p256),
  ecp('384-bit random ECP group', 'ecp384', p384),
  ecp('521-bit random ECP group', 'ecp521', p521),
  {
    ...common('Curve25519', 'curve25519'),
    aliases: ['x25519'],
    ...montgomeryExchange('curve25519', x25519, 32),
  },
  { ...common('Curve448', 'curve448'), aliases: ['x448'], ...montgomeryExchange('curve448', x448, 56) },
  ecp('brainpoolP256r1', 'ecp256bp', brainpoolP256r1, ['brainpoolp256r1']),
  ecp('brainpoolP384r1', 'ecp384bp', brainpoolP384r1, ['brainpoolp384r1']),
  ecp('brainpoolP512r1', 'ecp512bp', brainpoolP512r1, ['brainpoolp512r1']),
  modp('2048-bit MODP Group', { bits: 2048, c: 124476n, exponentBytes: 40 }),
  modp('3072-bit MODP Group', { bits: 3072, c: 1690314n, exponentBytes: 56 }),
  modp('4096-bit MODP Group', { bits: 4096, c: 240904n, exponentBytes: 64 }),
  modp('6144-bit MODP Group', { bits: 6144, c: 929484n, exponentBytes: 72 }),
  modp('8192-bit MODP Group', { bits: 8192, c: 4743158n, exponentBytes: 80 }),
  modp(
    '1536-bit MODP Group',
    { bits: 1536, c: 741804n, exponentBytes: 32 },
    'it gives about 90 bits of security; RFC 8247 §2.4 advises against it',
  ),
  modp(
    '1024-bit MODP Group',
    { bits: 1024, c: 129093n, exponentBytes: 32 },
    'a state can compute its discrete logarithms (Logjam); RFC 8247 §2.4 advises against it',
  ),
  modp(
    '768-bit MODP Group',
    { bits: 768, c: 149686n, exponentBytes: 32 },
    'its discrete logarithms have been computed; RFC 8247 §2.4 forbids it',
  ),
  {
    ...common('ml-kem-768', 'mlkem768'),
    ...mlKemExchange('mlkem768', ml_kem768, { initiator: 1184, responder: 1088 }),
  },
  {
    ...common('ml-kem-1024', 'mlkem1024'),
    ...mlKemExchange('mlkem1024', ml_kem1024, { initiator: 1568, responder: 1568 }),
  },
  {
    ...common('ml-kem-512', 'mlkem512'),
    ...mlKemExchange('mlkem512', ml_kem512, { initiator: 800, responder: 768 }),
  },
];

/** The row of a transform or of a KE payload's group, `undefined` when we do not compute it (NONE included). */
export function keyExchangeRow(id: number): KeyExchangeRow | undefined {
  return KEY_EXCHANGE_ROWS.find((candidate) => candidate.id === id);
}
