/**
 * Proposals as people write them, in strongSwan's spelling: `aes256gcm16-prfsha384-ecp384`. The keywords come from the
 * rows of the algorithm tables. Importers, profiles and defaults.ts parse; the failure explainer, the status and
 * exporters print.
 */
import { EMPTY } from '#core/bytes/bytes.ts';
import type { Proposal, Transform } from '#core/ike/proposal.ts';
import { encryptionAlgorithms } from '#core/registry/encryption-algorithms.ts';
import { integrityAlgorithms } from '#core/registry/integrity-algorithms.ts';
import { keyExchangeMethods } from '#core/registry/key-exchange-methods.ts';
import { prfs } from '#core/registry/prfs.ts';
import type { Registry, RegistryRow } from '#core/registry/registry.ts';
import { securityProtocols } from '#core/registry/security-protocols.ts';
import { sequenceNumbers } from '#core/registry/sequence-numbers.ts';
import { transformTypes } from '#core/registry/transform-types.ts';
import { ENCRYPTION_ROWS, encryptionRow } from './encryption.ts';
import { INTEGRITY_ROWS } from './integrity.ts';
import { KEY_EXCHANGE_ROWS } from './key-exchange.ts';
import { PRF_ROWS } from './prf.ts';

export type ProposalProtocol = 'IKE' | 'ESP';

const { ENCR, PRF, INTEG, KE, SN, ADDKE1, ADDKE7 } = transformTypes.byName;
const NONE = keyExchangeMethods.byName.NONE;
const { ENCR_NULL } = encryptionAlgorithms.byName;

/** A proposal text that cannot be used. The message names the keyword, the problem and what would do instead. */
export class KeywordError extends Error {
  override readonly name = 'KeywordError';
  /** The keyword that is wrong, or the one that lacks company. */
  readonly keyword: string;
  /** Keywords that would do, nearest first. */
  readonly accepted: readonly string[];
  constructor(keyword: string, problem: string, accepted: readonly string[]) {
    super(accepted.length > 0 ? `${problem}: try ${accepted.join(', ')}` : problem);
    this.keyword = keyword;
    this.accepted = accepted;
  }
}

interface Keyword {
  readonly keyword: string;
  readonly aliases?: readonly string[];
  readonly transform: Transform;
}

interface NamedRow {
  readonly id: number;
  readonly keyword: string;
  readonly aliases?: readonly string[];
  readonly keyBits?: number;
}

const keywordsOf = (type: number, rows: readonly NamedRow[]): Keyword[] =>
  rows.map(({ id, keyBits, keyword, aliases }) => ({
    keyword,
    ...(aliases === undefined ? {} : { aliases }),
    transform: keyBits === undefined ? { type, id } : { type, id, keyBits },
  }));

/** Every keyword. `none` among the groups makes PFS a choice of the gateway's (RFC 7296 §3.3.2). */
const KEYWORDS: readonly Keyword[] = [
  ...keywordsOf(ENCR, ENCRYPTION_ROWS),
  ...keywordsOf(PRF, PRF_ROWS),
  ...keywordsOf(INTEG, INTEGRITY_ROWS),
  ...keywordsOf(KE, [...KEY_EXCHANGE_ROWS, { id: NONE, keyword: 'none', aliases: ['modpnone'] }]),
  ...keywordsOf(SN, [
    { id: sequenceNumbers.byName['32-bit Sequential Numbers'], keyword: 'noesn' },
    { id: sequenceNumbers.byName['Partially Transmitted 64-bit Sequential Numbers'], keyword: 'esn' },
  ]),
];

const bySpelling = new Map(
  KEYWORDS.flatMap((entry) => [entry.keyword, ...(entry.aliases ?? [])].map((spelling) => [spelling, entry])),
);

/** What IKE may name and ESP may name (RFC 7296 §3.3.3); ENCR_NULL is for ESP only (RFC 8247 §2.1 lists none). */
const allowed = (protocol: ProposalProtocol, { type, id }: Transform): boolean =>
  protocol === 'IKE'
    ? type !== SN && !(type === ENCR && id === ENCR_NULL) && !(type === KE && id === NONE)
    : type !== PRF;

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
  const need = (type: number, what: string, beside: string): void => {
    if (chosen.has(type)) return;
    throw new KeywordError(beside, `${protocol} proposal "${text}" needs ${what}`, examples(type, protocol));
  };

  need(ENCR, 'an encryption algorithm', text);
  if (aead && plain) {
    throw new KeywordError(
      plain.keyword,
      `${aead.keyword} and ${plain.keyword} must stand in separate proposals (RFC 7296 §3.3)`,
      [],
    );
  }
  if (plain) need(INTEG, `an integrity algorithm beside ${plain.keyword}`, plain.keyword);
  if (protocol === 'IKE') {
    if (!chosen.has(PRF)) chosen.set(PRF, (chosen.get(INTEG) ?? []).map(prfOf));
    if (chosen.get(PRF)?.length === 0) chosen.delete(PRF);
    need(PRF, `a PRF beside ${aead?.keyword ?? text}`, aead?.keyword ?? text);
    need(KE, 'a key exchange method', text);
  } else if (!chosen.has(SN)) {
    chosen.set(SN, [entryOf('noesn', protocol)]);
  }
  if (aead) chosen.delete(INTEG);
  return [ENCR, PRF, INTEG, KE, SN].flatMap((type) =>
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
  const [prfTexts, integrityTexts] = [text(ofType(PRF)), text(ofType(INTEG).filter(({ id }) => id !== NONE))];
  const implied = integrityTexts.length > 0 && sameTexts(prfTexts, integrityTexts.map(prfKeyword));
  const numberTexts = text(ofType(SN));
  return [
    ...text(ofType(ENCR)),
    ...integrityTexts,
    ...(implied ? [] : prfTexts),
    ...text(ofType(KE)),
    ...text(transforms.filter(({ type }) => type > SN)),
    ...(protocol === 'ESP' && sameTexts(numberTexts, ['noesn']) ? [] : numberTexts),
  ].join('-');
}

/** strongSwan names a PRF after the integrity algorithm over the same hash or cipher. */
const prfKeyword = (integrityKeyword: string): string => `prf${integrityKeyword}`;

function prfOf({ keyword }: Keyword): Keyword {
  const entry = bySpelling.get(prfKeyword(keyword));
  if (entry === undefined) throw new Error(`${keyword} has no PRF of its name`);
  return entry;
}

const isAead = ({ transform }: Keyword): boolean =>
  encryptionRow(transform.id, transform.keyBits)?.kind === 'aead';

const text = (list: readonly Transform[]): string[] => list.map(transformText);

const sameTexts = (a: readonly string[], b: readonly string[]): boolean => a.join('-') === b.join('-');

function entryOf(spelling: string, protocol: ProposalProtocol): Keyword {
  const entry = bySpelling.get(spelling);
  if (entry === undefined) {
    throw new KeywordError(spelling, `"${spelling}" is no algorithm of ours`, neighbours(spelling, protocol));
  }
  if (!allowed(protocol, entry.transform)) {
    const type = entry.transform.type;
    throw new KeywordError(
      spelling,
      `"${spelling}" has no place in an ${protocol} proposal`,
      type === ENCR || type === KE ? examples(type, protocol) : [],
    );
  }
  return entry;
}

const examples = (type: number, protocol: ProposalProtocol): string[] =>
  KEYWORDS.filter(({ transform }) => transform.type === type && allowed(protocol, transform))
    .slice(0, 3)
    .map(({ keyword }) => keyword);

/** The three accepted keywords that differ from a spelling in the fewest letters. */
function neighbours(spelling: string, protocol: ProposalProtocol): string[] {
  return KEYWORDS.filter(({ transform }) => allowed(protocol, transform))
    .map(({ keyword }) => ({ keyword, distance: editDistance(spelling, keyword) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ keyword }) => keyword);
}

/** Letters to insert, remove or replace (Levenshtein). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, letter] of a.split('').entries()) {
    const current = [i + 1];
    for (const [j, other] of b.split('').entries()) {
      const replaced = (previous[j] as number) + (letter === other ? 0 : 1);
      current.push(Math.min(replaced, (previous[j + 1] as number) + 1, (current[j] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}

const keyOf = ({ type, id, keyBits }: Transform): string => `${type}/${id}/${keyBits ?? ''}`;
const byTransform = new Map(KEYWORDS.map((entry) => [keyOf(entry.transform), entry.keyword]));

const registries = new Map<number, Pick<Registry<RegistryRow>, 'nameOf'>>([
  [ENCR, encryptionAlgorithms],
  [PRF, prfs],
  [INTEG, integrityAlgorithms],
  [KE, keyExchangeMethods],
  [SN, sequenceNumbers],
]);

/** The keyword, `ke1_…` for an additional key exchange (RFC 9370), or IANA's name with the key length. */
function transformText(transform: Transform): string {
  const { type, id, keyBits } = transform;
  if (type >= ADDKE1 && type <= ADDKE7) {
    return `ke${type - ADDKE1 + 1}_${transformText({ ...transform, type: KE })}`;
  }
  const keyword = transform.unknownAttribute ? undefined : byTransform.get(keyOf(transform));
  if (keyword !== undefined) return keyword;
  const name = registries.get(type)?.nameOf(id) ?? `${transformTypes.nameOf(type)}(${id})`;
  return keyBits === undefined ? name : `${name}/${keyBits}`;
}
