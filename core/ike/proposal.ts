/**
 * Proposals of an SA payload (RFC 7296 §3.3), apart from their encoding: what is offered, what is chosen.
 * ikev2/payloads/sa.ts encodes them, crypto/suite.ts turns a chosen one into algorithms.
 */
import { transformTypes } from '#core/registry/transform-types.ts';

/** One transform. `keyBits` is the Key Length attribute (RFC 7296 §3.3.5); unknown attributes make it unusable. */
export interface Transform {
  /** IANA Transform Type: 1 ENCR, 2 PRF, 3 INTEG, 4 KE, 5 SN (ESN), 6 to 12 ADDKE1 to 7. */
  readonly type: number;
  readonly id: number;
  readonly keyBits?: number;
  /** An attribute that we do not know stood here: the transform must not be chosen (§3.3.6). */
  readonly unknownAttribute?: true;
}

const { ADDKE1, ADDKE7 } = transformTypes.byName;

/** The transform types of additional key exchanges, ADDKE1 to ADDKE7 (RFC 9370 §2.2.1). */
export const ADDITIONAL_TYPES: readonly number[] = Array.from(
  { length: ADDKE7 - ADDKE1 + 1 },
  (_, i) => ADDKE1 + i,
);

/** Of a key exchange beyond the first. */
export const isAdditional = ({ type }: Pick<Transform, 'type'>): boolean => ADDITIONAL_TYPES.includes(type);

/** 1 for ADDKE1, as in the keyword `ke1_mlkem768`. */
export const additionalSlot = (type: number): number => type - ADDKE1 + 1;

export interface Proposal {
  /** 1, 2, 3 … in the order of preference. */
  readonly number: number;
  /** IANA Security Protocol Identifier: 1 IKE, 2 AH, 3 ESP. */
  readonly protocol: number;
  /** Empty (IKE_SA_INIT), 4 octets (ESP, AH) or 8 (IKE rekey). */
  readonly spi: Uint8Array;
  readonly transforms: readonly Transform[];
}
