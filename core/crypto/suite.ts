/**
 * From the transforms of a chosen proposal to algorithms and back (RFC 7296 §3.3). ikev2's init, auth, child and rekey
 * tasks ask for suites; the status and the log describe them.
 */
import type { Transform } from '#core/ike/proposal.ts';
import { encryptionAlgorithms } from '#core/registry/encryption-algorithms.ts';
import { integrityAlgorithms } from '#core/registry/integrity-algorithms.ts';
import { keyExchangeMethods } from '#core/registry/key-exchange-methods.ts';
import { sequenceNumbers } from '#core/registry/sequence-numbers.ts';
import { transformTypes } from '#core/registry/transform-types.ts';
import { encryptionRow } from './encryption.ts';
import { integrityRow } from './integrity.ts';
import type { EncryptionRow, EspSuite, IkeSuite, IntegrityRow } from './interfaces.ts';
import { keyExchangeRow } from './key-exchange.ts';
import { formatTransforms } from './keywords.ts';
import { prfRow } from './prf.ts';

const { ENCR, PRF, INTEG, KE, SN } = transformTypes.byName;
const noesn = sequenceNumbers.byName['32-bit Sequential Numbers'];
const esn = sequenceNumbers.byName['Partially Transmitted 64-bit Sequential Numbers'];

/**
 * The IKE suite of a chosen proposal; `undefined` unless it has one encryption algorithm, PRF and key exchange method of
 * ours, and an integrity algorithm exactly where the encryption is no AEAD.
 */
export function ikeSuiteOf(transforms: readonly Transform[]): IkeSuite | undefined {
  const chosen = oneOfEach(transforms, [ENCR, PRF, INTEG, KE]);
  const protection = chosen && protectionOf(chosen);
  const prf = prfRow(chosen?.get(PRF)?.id ?? Number.NaN);
  const keyExchange = keyExchangeRow(chosen?.get(KE)?.id ?? Number.NaN);
  if (!protection || !prf || !keyExchange) return undefined;
  if (protection.encryption.id === encryptionAlgorithms.byName.ENCR_NULL) return undefined; // IANA: not for IKE
  return { ...protection, prf, keyExchange };
}

/**
 * The ESP suite of a chosen proposal; `undefined` as above. A proposal without sequence numbers (type 5) means 32-bit
 * ones: RFC 7296 §3.3.3 demands the transform, some old gateways leave it out.
 */
export function espSuiteOf(transforms: readonly Transform[]): EspSuite | undefined {
  const chosen = oneOfEach(transforms, [ENCR, INTEG, KE, SN]);
  const protection = chosen && protectionOf(chosen);
  if (!protection) return undefined;
  const numbers = chosen.get(SN)?.id ?? noesn;
  if (numbers !== noesn && numbers !== esn) return undefined;
  const group = chosen.get(KE)?.id ?? keyExchangeMethods.byName.NONE;
  if (group === keyExchangeMethods.byName.NONE) return { ...protection, esn: numbers === esn };
  const keyExchange = keyExchangeRow(group);
  return keyExchange && { ...protection, esn: numbers === esn, keyExchange };
}

/** The transforms that name a suite, in the order of their types: what a responder answers with. */
export function transformsOf(suite: IkeSuite | EspSuite): Transform[] {
  const { encryption, integrity, keyExchange } = suite;
  return [
    encryption.keyBits === undefined
      ? { type: ENCR, id: encryption.id }
      : { type: ENCR, id: encryption.id, keyBits: encryption.keyBits },
    ...('prf' in suite ? [{ type: PRF, id: suite.prf.id }] : []),
    ...(integrity ? [{ type: INTEG, id: integrity.id }] : []),
    ...(keyExchange ? [{ type: KE, id: keyExchange.id }] : []),
    ...('esn' in suite ? [{ type: SN, id: suite.esn ? esn : noesn }] : []),
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
      return undefined;
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
