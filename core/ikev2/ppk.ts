/**
 * Post-quantum pre-shared keys (RFC 8784): how one changes the keys of an IKE SA, and its name on the wire. Pure;
 * ppk-mixing.ts and the tasks of both ends call it.
 */
import { concat } from '#core/bytes/bytes.ts';
import type { PrfRow } from '#core/crypto/interfaces.ts';
import { prfPlus } from '#core/crypto/prf.ts';
import { PpkIdType } from '#core/registry/ppk-id-types.ts';
import type { IkeKeys } from './key-material.ts';

/** The keys that a PPK goes into; those that protect the messages of the IKE SA itself stay as they are (§3). */
export type PpkKeys = Pick<IkeKeys, 'skD' | 'skPi' | 'skPr'>;

/** SK_x = prf+(PPK, SK_x'), as long as it was (§3). */
export function withPpk(prf: PrfRow, ppk: Uint8Array, { skD, skPi, skPr }: PpkKeys): PpkKeys {
  const mixed = (key: Uint8Array): Uint8Array => prfPlus(prf, ppk, key, key.length);
  return { skD: mixed(skD), skPi: mixed(skPi), skPr: mixed(skPr) };
}

/** The data of PPK_IDENTITY (§5.1). */
export const encodePpkId = (id: Uint8Array): Uint8Array => concat(Uint8Array.of(PpkIdType.PPK_ID_FIXED), id);

/** `undefined` for a type that names no key of ours, and for no name at all. */
export const decodePpkId = (data: Uint8Array): Uint8Array | undefined =>
  data[0] === PpkIdType.PPK_ID_FIXED && data.length > 1 ? data.slice(1) : undefined;
