/**
 * Gives an IKE SA its keys, from IKE_SA_INIT (RFC 7296 §2.14), a key exchange of IKE_INTERMEDIATE (RFC 9370 §2.2.2) or a
 * rekeying (§2.18). init, intermediate and rekey-ike call it.
 */
import { wipe } from '#core/bytes/bytes.ts';
import type { IkeSuite } from '#core/crypto/interfaces.ts';
import type { IkeSa } from './ike-sa.ts';
import { logIkeKeys } from './key-log.ts';
import { deriveIkeKeys } from './key-material.ts';
import { createProtection } from './protection.ts';
import { spend } from './tasks/ke.ts';

/** SPIs and nonces of `sa` are known by now; the secrets are wiped. `under` is the IKE SA that it replaces. */
export function keyIkeSa(
  sa: IkeSa,
  suite: IkeSuite,
  secret: Uint8Array,
  under?: IkeSa,
  further: readonly Uint8Array[] = [],
): void {
  const replaces =
    under?.suite === undefined || under.keys === undefined
      ? {}
      : { replaces: { prf: under.suite.prf, skD: under.keys.skD } };
  const { nonceI, nonceR, spiI, spiR } = sa;
  const keys = spend([secret, ...further], () =>
    deriveIkeKeys({ suite, secret, further, nonceI, nonceR, spiI, spiR, ...replaces }),
  );
  const fromI = createProtection(suite, { encryption: keys.skEi, integrity: keys.skAi }, sa.config.random);
  const fromR = createProtection(suite, { encryption: keys.skEr, integrity: keys.skAr }, sa.config.random);
  sa.suite = suite;
  sa.keys = keys;
  sa.sealing = sa.isInitiator ? fromI : fromR;
  sa.opening = sa.isInitiator ? fromR : fromI;
  logIkeKeys(sa, suite, keys);
}

/** The first of the additional key exchanges is done: its secret goes into new keys for the same IKE SA. */
export function rekeyInPlace(sa: IkeSa, secret: Uint8Array): void {
  const { suite, keys } = sa;
  if (suite === undefined || keys === undefined) throw new Error('IKE_INTERMEDIATE before the keys');
  keyIkeSa(sa, suite, secret, sa);
  sa.additional = sa.additional.slice(1);
  wipe(...Object.values(keys));
}
