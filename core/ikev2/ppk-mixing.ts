/**
 * Puts a PPK into the keys of an IKE SA, and takes it out again where the gateway goes on without (RFC 8784 §3). Only of the
 * first IKE SA of a connection: its heirs descend from SK_d. tasks/ppk.ts and tasks/ppk-responder.ts call it.
 */
import { wipe } from '#core/bytes/bytes.ts';
import type { IkeSa } from './ike-sa.ts';
import { logPpkKeys } from './key-log.ts';
import { withPpk } from './ppk.ts';

/** From now on AUTH and Child SAs are made with the PPK. `sa.unmixed` has the keys without, until one of them is chosen. */
export function mixPpk(sa: IkeSa, ppk: Uint8Array): void {
  const { suite, keys } = sa;
  if (suite === undefined || keys === undefined) throw new Error('a PPK before the keys');
  const { skD, skPi, skPr } = keys;
  sa.unmixed = { skD, skPi, skPr };
  sa.keys = { ...keys, ...withPpk(suite.prf, ppk, keys) };
}

/** Without the PPK nothing is possible any more. */
export function forgetUnmixed(sa: IkeSa): void {
  if (sa.unmixed !== undefined) wipe(...Object.values(sa.unmixed));
  sa.unmixed = undefined;
}

/** Both ends use it. */
export function settleOnPpk(sa: IkeSa): void {
  forgetUnmixed(sa);
  sa.ppk = 'used';
  logPpkKeys(sa);
}

/** The peer goes on without it. */
export function settleWithoutPpk(sa: IkeSa): void {
  const { keys, unmixed } = sa;
  if (keys === undefined || unmixed === undefined) throw new Error('no keys without the PPK');
  wipe(keys.skD, keys.skPi, keys.skPr);
  sa.keys = { ...keys, ...unmixed };
  sa.unmixed = undefined;
  sa.ppk = 'declined';
}
