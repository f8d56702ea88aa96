/**
 * Proposals as people write them, in strongSwan's spelling: `aes256gcm16-prfsha384-ecp384`. Importers, profiles and
 * defaults.ts parse; the failure explainer, the status and exporters print.
 */
import { EMPTY } from '#core/bytes/bytes.ts';
import {
  ADDITIONAL_TYPES,
  additionalSlot,
  isAdditional,
  type Proposal,
  type Transform,
} from '#core/ike/proposal.ts';
import { encryptionAlgorithms } from '#core/registry/encryption-algorithms.ts';
import { integrityAlgorithms } from '#core/registry/integrity-algorithms.ts';
import { keyExchangeMethods } from '#core/registry/key-exchange-methods.ts';
import { prfs } from '#core/registry/prfs.ts';
import type { Registry, RegistryRow } from '#core/registry/registry.ts';
import { securityProtocols } from '#core/registry/security-protocols.ts';
import { sequenceNumbers } from '#core/registry/sequence-numbers.ts';
import { transformTypes } from '#core/registry/transform-types.ts';
import { encryptionRow } from './encryption.ts';
import {
  entryOf,
  examples,
  type Keyword,
  KeywordError,
  keywordOf,
  type ProposalProtocol,
} from './keyword-table.ts';

export { KeywordError, type ProposalProtocol } from './keyword-table.ts';

const { ENCR, PRF, INTEG, KE, SN } = transformTypes.byName;
const { NONE } = integrityAlgorithms.byName;

const NEEDED = {
  encryption: 'an encryption algorithm',
  integrity: 'an integrity algorithm',
  prf: 'a PRF',
  'key-exchange': 'a key exchange method',
} as const;
type Needed = keyof typeof NEEDED;

/**
 * The transforms that a text such as `aes256-sha256-ecp256` stands for, by type and within a type in the order of
 * preference. Without a PRF, IKE takes those of the integrity algorithms; beside an AEAD integrity algorithms serve only
 * for that; without `esn` or `noesn`, ESP has 32-bit sequence numbers. Throws KeywordError.
 */
export function parseProposal(text: string, protocol: ProposalProtocol): Transform[] {
  const entries = new Set(
    text
      .trim()
      .toLowerCase()
      .split('-')
      .map((spelling) => entryOf(spelling, protocol)),
  );
  const chosen = Map.groupBy(entries, (entry) => entry.transform.type);
  const ciphers = chosen.get(ENCR) ?? [];
  const [aead, plain] = [ciphers.find(isAead), ciphers.find((cipher) => !isAead(cipher))];
  const need = (type: number, what: Needed, beside: string, words: string = NEEDED[what]): void => {
    if (chosen.has(type)) return;
    throw new KeywordError(
      { rule: 'proposal-lacks', what, beside },
      `${protocol} proposal "${text}" needs ${words}`,
      examples(type, protocol),
    );
  };

  need(ENCR, 'encryption', text);
  if (aead && plain) {
    throw new KeywordError(
      { rule: 'aead-beside-plain', aead: aead.keyword, plain: plain.keyword },
      `${aead.keyword} and ${plain.keyword} must stand in separate proposals (RFC 7296 §3.3)`,
      [],
    );
  }
  if (plain) need(INTEG, 'integrity', plain.keyword, `${NEEDED.integrity} beside ${plain.keyword}`);
  if (protocol === 'IKE') {
    const integrity = chosen.get(INTEG);
    if (!chosen.has(PRF) && integrity)
      chosen.set(
        PRF,
        integrity.map(({ keyword }) => entryOf(prfKeyword(keyword), protocol)),
      );
    const beside = aead?.keyword ?? text;
    need(PRF, 'prf', beside, `${NEEDED.prf} beside ${beside}`);
    need(KE, 'key-exchange', text);
  } else if (!chosen.has(SN)) {
    chosen.set(SN, [entryOf('noesn', protocol)]);
  }
  if (aead) chosen.delete(INTEG);
  if (ADDITIONAL_TYPES.some((type) => chosen.has(type))) need(KE, 'key-exchange', text);
  return [ENCR, PRF, INTEG, KE, SN, ...ADDITIONAL_TYPES].flatMap((type) =>
    (chosen.get(type) ?? []).map((entry) => entry.transform),
  );
}

/** Proposals numbered in the order of the texts, with an empty SPI. Throws KeywordError. */
export function parseProposals(texts: readonly string[], protocol: ProposalProtocol): Proposal[] {
  return texts.map((text, index) => ({
    number: index + 1,
    protocol: securityProtocols.byName[protocol],
    spi: EMPTY,
    transforms: parseProposal(text, protocol),
  }));
}

/**
 * The text of transforms, ours or a peer's. What `parseProposal` would add by itself is left out; an algorithm without a
 * keyword appears under its IANA name.
 */
export function formatTransforms(transforms: readonly Transform[], protocol: ProposalProtocol): string {
  const ofType = (type: number): Transform[] => transforms.filter((transform) => transform.type === type);
  const [prfTexts, integrityTexts] = [
    texts(ofType(PRF)),
    texts(ofType(INTEG).filter(({ id }) => id !== NONE)),
  ];
  const implied = integrityTexts.length > 0 && sameTexts(prfTexts, integrityTexts.map(prfKeyword));
  const numberTexts = texts(ofType(SN));
  return [
    ...texts(ofType(ENCR)),
    ...integrityTexts,
    ...(implied ? [] : prfTexts),
    ...texts(ofType(KE)),
    ...texts(transforms.filter(({ type }) => type > SN)),
    ...(protocol === 'ESP' && sameTexts(numberTexts, ['noesn']) ? [] : numberTexts),
  ].join('-');
}

/** strongSwan names a PRF after the integrity algorithm over the same hash or cipher. */
const prfKeyword = (integrityKeyword: string): string => `prf${integrityKeyword}`;

const isAead = ({ transform }: Keyword): boolean =>
  encryptionRow(transform.id, transform.keyBits)?.kind === 'aead';

const texts = (list: readonly Transform[]): string[] => list.map(transformText);

const sameTexts = (a: readonly string[], b: readonly string[]): boolean => a.join('-') === b.join('-');

const registries = new Map<number, Pick<Registry<RegistryRow>, 'nameOf'>>([
  [ENCR, encryptionAlgorithms],
  [PRF, prfs],
  [INTEG, integrityAlgorithms],
  [KE, keyExchangeMethods],
  [SN, sequenceNumbers],
]);

/** The keyword, or IANA's name with the key length. */
function transformText(transform: Transform): string {
  const { type, id, keyBits } = transform;
  const keyword = keywordOf(transform);
  if (keyword !== undefined) return keyword;
  if (isAdditional(transform))
    return `ke${additionalSlot(type)}_${transformText({ ...transform, type: KE })}`;
  const name = registries.get(type)?.nameOf(id) ?? `${transformTypes.nameOf(type)}(${id})`;
  return keyBits === undefined ? name : `${name}/${keyBits}`;
}
