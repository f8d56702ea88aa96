/**
 * From the transforms of a chosen proposal to algorithms and back (RFC 7296 §3.3). ikev2's init, auth, child and rekey
 * tasks ask for suites; the status and the log describe them.
 */
import { ADDITIONAL_TYPES, isAdditional, type Transform } from '#core/ike/proposal.ts';
import { encryptionAlgorithms } from '#core/registry/encryption-algorithms.ts';
import { integrityAlgorithms } from '#core/registry/integrity-algorithms.ts';
import { keyExchangeMethods } from '#core/registry/key-exchange-methods.ts';
import { sequenceNumbers } from '#core/registry/sequence-numbers.ts';
import { transformTypes } from '#core/registry/transform-types.ts';
import { encryptionRow } from './encryption.ts';
import { integrityRow } from './integrity.ts';
import type { AdditionalKeyExchange, EncryptionRow, EspSuite, IkeSuite, IntegrityRow } from './interfaces.ts';
import { keyExchangeRow } from './key-exchange.ts';
import { formatTransforms } from './keywords.ts';
import { prfRow } from './prf.ts';

const { ENCR, PRF, INTEG, KE, SN } = transformTypes.byName;
const noesn = sequenceNumbers.byName['32-bit Sequential Numbers'];
const { NONE } = keyExchangeMethods.byName;
const esn = sequenceNumbers.byName['Partially Transmitted 64-bit Sequential Numbers'];

/**
 * The IKE suite of a chosen proposal; `undefined` unless it has one encryption algorithm, PRF and key exchange method of
 * ours, an integrity algorithm exactly where the encryption is no AEAD, and no key exchange method twice.
 */
export function ikeSuiteOf(transforms: readonly Transform[]): IkeSuite | undefined {
  const chosen = oneOfEach(transforms, [ENCR, PRF, INTEG, KE, ...ADDITIONAL_TYPES]);
  const protection = chosen && protectionOf(chosen);
  const prf = prfRow(chosen?.get(PRF)?.id ?? Number.NaN);
  const keyExchange = keyExchangeRow(chosen?.get(KE)?.id ?? Number.NaN);
  const additional = chosen && additionalOf(chosen);
  if (!protection || !prf || !keyExchange || !additional) return undefined;
  if (protection.encryption.id === encryptionAlgorithms.byName.ENCR_NULL) return undefined; // IANA: not for IKE
  return withAdditional({ ...protection, prf, keyExchange }, additional);
}

/**
 * The ESP suite of a chosen proposal; `undefined` as above. A proposal without sequence numbers (type 5) means 32-bit
 * ones: RFC 7296 §3.3.3 demands the transform, some old gateways leave it out.
 */
export function espSuiteOf(transforms: readonly Transform[]): EspSuite | undefined {
  const chosen = oneOfEach(transforms, [ENCR, INTEG, KE, SN, ...ADDITIONAL_TYPES]);
  const protection = chosen && protectionOf(chosen);
  if (!protection) return undefined;
  const numbers = chosen.get(SN)?.id ?? noesn;
  if (numbers !== noesn && numbers !== esn) return undefined;
  const additional = additionalOf(chosen);
  const group = chosen.get(KE)?.id ?? NONE;
  if (group === NONE) return additional?.length === 0 ? { ...protection, esn: numbers === esn } : undefined;
  const keyExchange = keyExchangeRow(group);
  if (!keyExchange || !additional) return undefined;
  return withAdditional({ ...protection, esn: numbers === esn, keyExchange }, additional);
}

/** In the order of their types, without those of NONE; `undefined` where one is not ours. */
function additionalOf(chosen: ReadonlyMap<number, Transform>): AdditionalKeyExchange[] | undefined {
  const wanted = ADDITIONAL_TYPES.flatMap((type) => chosen.get(type) ?? []).filter(({ id }) => id !== NONE);
  const additional = wanted.flatMap(({ type, id }) => {
    const keyExchange = keyExchangeRow(id);
    return keyExchange === undefined ? [] : [{ type, keyExchange }];
  });
  return additional.length === wanted.length ? additional : undefined;
}

/** The suite with what follows its key exchange; `undefined` where one method stands twice (RFC 9370 §2.2.1). */
function withAdditional<S extends IkeSuite | EspSuite>(
  suite: S,
  additional: readonly AdditionalKeyExchange[],
): S | undefined {
  if (additional.length === 0) return suite;
  const methods = [suite.keyExchange, ...additional.map(({ keyExchange }) => keyExchange)];
  return new Set(methods).size === methods.length ? { ...suite, additional } : undefined;
}

/** The transforms that name a suite, in the order of their types: what a responder answers with. */
export function transformsOf(suite: IkeSuite | EspSuite): Transform[] {
  const { encryption, integrity, keyExchange, additional = [] } = suite;
  return [
    encryption.keyBits === undefined
      ? { type: ENCR, id: encryption.id }
      : { type: ENCR, id: encryption.id, keyBits: encryption.keyBits },
    ...('prf' in suite ? [{ type: PRF, id: suite.prf.id }] : []),
    ...(integrity ? [{ type: INTEG, id: integrity.id }] : []),
    ...(keyExchange ? [{ type: KE, id: keyExchange.id }] : []),
    ...('esn' in suite ? [{ type: SN, id: suite.esn ? esn : noesn }] : []),
    ...additional.map((further) => ({ type: further.type, id: further.keyExchange.id })),
  ];
}

/** Such as `aes256gcm16-prfsha384-ecp384`; `parseProposal` reads it back. */
export const describeIkeSuite = (suite: IkeSuite): string => formatTransforms(transformsOf(suite), 'IKE');

/** Such as `aes256-sha256-esn`; `parseProposal` reads it back. */
export const describeEspSuite = (suite: EspSuite): string => formatTransforms(transformsOf(suite), 'ESP');

/** One sentence for every algorithm that nobody should choose, in the order of the transforms; empty when all is sound. */
export function weaknesses(subject: readonly Transform[] | IkeSuite | EspSuite): string[] {
  const transforms = 'encryption' in subject ? transformsOf(subject) : subject;
  const sentences = transforms.flatMap((transform) => {
    const row = rowOf(transform);
    return row?.weak === undefined ? [] : [`${row.keyword} is weak: ${row.weak}.`];
  });
  return [...new Set(sentences)];
}

function rowOf({ type, id, keyBits }: Transform) {
  switch (type) {
    case ENCR:
      return encryptionRow(id, keyBits);
    case PRF:
      return prfRow(id);
    case INTEG:
      return integrityRow(id);
    case KE:
      return keyExchangeRow(id);
    default:
      return isAdditional({ type }) ? keyExchangeRow(id) : undefined;
  }
}

/** By type; `undefined` when a type stands twice or is none of `types`, or an attribute was unknown (RFC 7296 §3.3.6). */
function oneOfEach(
  transforms: readonly Transform[],
  types: readonly number[],
): ReadonlyMap<number, Transform> | undefined {
  const chosen = new Map(transforms.map((transform) => [transform.type, transform]));
  const usable = transforms.every(({ type, unknownAttribute }) => types.includes(type) && !unknownAttribute);
  return usable && chosen.size === transforms.length ? chosen : undefined;
}

interface Protection {
  readonly encryption: EncryptionRow;
  readonly integrity?: IntegrityRow;
}

/** An AEAD alone (an integrity algorithm of NONE may stand beside it, RFC 7296 §3.3), or encryption with integrity. */
function protectionOf(chosen: ReadonlyMap<number, Transform>): Protection | undefined {
  const cipher = chosen.get(ENCR);
  const encryption = cipher && encryptionRow(cipher.id, cipher.keyBits);
  if (!encryption) return undefined;
  const integrityId = chosen.get(INTEG)?.id ?? integrityAlgorithms.byName.NONE;
  if (encryption.kind === 'aead') {
    return integrityId === integrityAlgorithms.byName.NONE ? { encryption } : undefined;
  }
  const integrity = integrityRow(integrityId);
  return integrity && { encryption, integrity };
}
