/** Gives an IKE SA its keys, from IKE_SA_INIT (RFC 7296 §2.14) or from a rekeying (§2.18). init and rekey-ike call it. */
import type { IkeSuite } from '#core/crypto/interfaces.ts';
import type { IkeSa } from './ike-sa.ts';
import { logIkeKeys } from './key-log.ts';
import { deriveIkeKeys } from './key-material.ts';
import { createProtection } from './protection.ts';
import { spend } from './tasks/ke.ts';

/** SPIs and nonces of `sa` are known by now; the secret is wiped. `under` is the IKE SA that it replaces. */
export function keyIkeSa(sa: IkeSa, suite: IkeSuite, secret: Uint8Array, under?: IkeSa): void {
  const replaces =
    under?.suite === undefined || under.keys === undefined
      ? {}
      : { replaces: { prf: under.suite.prf, skD: under.keys.skD } };
  const { nonceI, nonceR, spiI, spiR } = sa;
  const keys = spend(secret, (shared) =>
    deriveIkeKeys({ suite, secret: shared, nonceI, nonceR, spiI, spiR, ...replaces }),
  );
  const fromI = createProtection(suite, { encryption: keys.skEi, integrity: keys.skAi }, sa.config.random);
  const fromR = createProtection(suite, { encryption: keys.skEr, integrity: keys.skAr }, sa.config.random);
  sa.suite = suite;
  sa.keys = keys;
  sa.sealing = sa.isInitiator ? fromI : fromR;
  sa.opening = sa.isInitiator ? fromR : fromI;
  logIkeKeys(sa, suite, keys);
}
