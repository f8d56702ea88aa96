/**
 * Keys of an IKE SA and its Child SAs, and what AUTH is computed over (RFC 7296 §2.13 to §2.18). Pure arithmetic:
 * the tasks hold the secrets and wipe them.
 */
import { concat, EMPTY, utf8, wipe } from '#core/bytes/bytes.ts';
import { encryptionKeyBytes } from '#core/crypto/encryption.ts';
import type { EspSuite, IkeSuite, PrfRow } from '#core/crypto/interfaces.ts';
import { prfPlus } from '#core/crypto/prf.ts';
import type { DirectionKeys } from '#core/esp/child-sa.ts';
import type { Identification } from '#core/ike/identification.ts';
import { encodeIdentification } from './payloads/id.ts';

/** The seven secrets of an IKE SA (§2.14). SK_e holds the cipher's key followed by its salt; SK_a is empty with an AEAD. */
export interface IkeKeys {
  readonly skD: Uint8Array;
  readonly skAi: Uint8Array;
  readonly skAr: Uint8Array;
  readonly skEi: Uint8Array;
  readonly skEr: Uint8Array;
  readonly skPi: Uint8Array;
  readonly skPr: Uint8Array;
}

export interface Nonces {
  readonly nonceI: Uint8Array;
  readonly nonceR: Uint8Array;
}

/** SKEYSEED = prf(Ni | Nr, g^ir) of IKE_SA_INIT (§2.14). */
export function initialSkeyseed(prf: PrfRow, { nonceI, nonceR }: Nonces, secret: Uint8Array): Uint8Array {
  // A PRF with a key of fixed length takes half of it from each nonce (§2.14).
  const half = prf.fixedKey ? prf.keyBytes / 2 : undefined;
  return prf.compute(concat(nonceI.subarray(0, half), nonceR.subarray(0, half)), secret);
}

/**
 * SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr), with the PRF of the old IKE SA (§2.18). The secrets of additional key
 * exchanges follow (RFC 9370 §2.2.4); of one in IKE_INTERMEDIATE it is the same with the keys so far (RFC 9370 §2.2.2).
 */
export function rekeyedSkeyseed(
  old: { readonly prf: PrfRow; readonly skD: Uint8Array },
  { nonceI, nonceR }: Nonces,
  secret: Uint8Array,
  further: readonly Uint8Array[] = [],
): Uint8Array {
  return old.prf.compute(old.skD, secret, nonceI, nonceR, ...further);
}

interface IkeKeyInputs extends Nonces {
  readonly suite: IkeSuite;
  /** g^ir, padded to the group's length. */
  readonly secret: Uint8Array;
  /** Of additional key exchanges of a rekeying, in their order. */
  readonly further?: readonly Uint8Array[];
  /** Of the SA that gets the keys. */
  readonly spiI: Uint8Array;
  readonly spiR: Uint8Array;
  /** The IKE SA that is replaced; absent after IKE_SA_INIT. */
  readonly replaces?: { readonly prf: PrfRow; readonly skD: Uint8Array };
}

/** {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} = prf+(SKEYSEED, Ni | Nr | SPIi | SPIr) (§2.14, §2.18). */
export function deriveIkeKeys(inputs: IkeKeyInputs): IkeKeys {
  const { suite, secret, further, nonceI, nonceR, spiI, spiR, replaces } = inputs;
  const { prf, encryption, integrity } = suite;
  const skeyseed = replaces
    ? rekeyedSkeyseed(replaces, inputs, secret, further)
    : initialSkeyseed(prf, inputs, secret);
  const e = encryptionKeyBytes(encryption);
  const a = integrity?.keyBytes ?? 0;
  const p = prf.keyBytes;
  const seed = concat(nonceI, nonceR, spiI, spiR);
  const [skD, skAi, skAr, skEi, skEr, skPi, skPr] = expand(prf, skeyseed, seed, [p, a, a, e, e, p, p]);
  wipe(skeyseed);
  return { skD, skAi, skAr, skEi, skEr, skPi, skPr };
}

interface ChildKeyInputs extends Nonces {
  /** Of the IKE SA. */
  readonly prf: PrfRow;
  readonly skD: Uint8Array;
  readonly suite: EspSuite;
  /** g^ir of the Child SA's own exchange, where there was one. */
  readonly secret?: Uint8Array;
  /** Of additional key exchanges, in their order. */
  readonly further?: readonly Uint8Array[];
}

/**
 * KEYMAT = prf+(SK_d, [g^ir |] Ni | Nr [| SK(1) | …]), cut into the keys of both directions (§2.17; RFC 9370 §2.2.4). Initiator means the one of the
 * exchange that makes the Child SA, whoever began the IKE SA.
 */
export function deriveChildKeys(inputs: ChildKeyInputs): {
  readonly fromInitiator: DirectionKeys;
  readonly fromResponder: DirectionKeys;
} {
  const { prf, skD, suite, nonceI, nonceR, secret, further = [] } = inputs;
  const e = encryptionKeyBytes(suite.encryption);
  const a = suite.integrity?.keyBytes ?? 0;
  const seed = secret ? concat(secret, nonceI, nonceR, ...further) : concat(nonceI, nonceR);
  const [encryptionI, integrityI, encryptionR, integrityR] = expand(prf, skD, seed, [e, a, e, a]);
  if (secret) wipe(seed);
  return {
    fromInitiator: { encryption: encryptionI, integrity: integrityI },
    fromResponder: { encryption: encryptionR, integrity: integrityR },
  };
}

/** prf+ cut into parts of the given lengths, each in a buffer of its own so that it can be wiped alone. */
function expand<const L extends readonly number[]>(
  prf: PrfRow,
  key: Uint8Array,
  seed: Uint8Array,
  lengths: L,
): { [I in keyof L]: Uint8Array } {
  const stream = prfPlus(
    prf,
    key,
    seed,
    lengths.reduce((sum, length) => sum + length, 0),
  );
  let at = 0;
  const parts = lengths.map((length) => stream.slice(at, (at += length)));
  wipe(stream);
  return parts as { [I in keyof L]: Uint8Array };
}

/**
 * The octets that AUTH covers (§2.15): the sender's own first message as it went over the wire, the other side's
 * nonce, and prf(SK_p, ID') where ID' is the body of the sender's ID payload; behind them IntAuth, where there were
 * IKE_INTERMEDIATE exchanges (RFC 9242 §3.3.2).
 */
export function signedOctets(inputs: {
  readonly prf: PrfRow;
  /** Our IKE_SA_INIT message as the sender of AUTH: the whole datagram of its last form. */
  readonly message: Uint8Array;
  /** Of the other side. */
  readonly nonce: Uint8Array;
  /** SK_pi of the initiator, SK_pr of the responder. */
  readonly skP: Uint8Array;
  readonly id: Identification;
  readonly intAuth?: Uint8Array;
}): Uint8Array {
  const { prf, message, nonce, skP, id, intAuth = EMPTY } = inputs;
  return concat(message, nonce, prf.compute(skP, encodeIdentification(id)), intAuth);
}

const KEY_PAD = utf8('Key Pad for IKEv2');

/** AUTH of a shared key: prf(prf(key, "Key Pad for IKEv2"), octets). The key is a PSK or an EAP method's MSK (§2.15, §2.16). */
export function pskAuth(prf: PrfRow, psk: Uint8Array, octets: Uint8Array): Uint8Array {
  return prf.compute(prf.compute(psk, KEY_PAD), octets);
}
