/**
 * The keywords of proposals: spelling, aliases and transform, from the rows of the algorithm tables; and the error that
 * says which ones would have done. keywords.ts parses and prints with it.
 */
import { ADDITIONAL_TYPES, additionalSlot, type Transform } from '#core/ike/proposal.ts';
import { encryptionAlgorithms } from '#core/registry/encryption-algorithms.ts';
import { keyExchangeMethods } from '#core/registry/key-exchange-methods.ts';
import { sequenceNumbers } from '#core/registry/sequence-numbers.ts';
import { transformTypes } from '#core/registry/transform-types.ts';
import { ENCRYPTION_ROWS } from './encryption.ts';
import { INTEGRITY_ROWS } from './integrity.ts';
import { KEY_EXCHANGE_ROWS } from './key-exchange.ts';
import { PRF_ROWS } from './prf.ts';

export type ProposalProtocol = 'IKE' | 'ESP';

const { ENCR, PRF, INTEG, KE, SN } = transformTypes.byName;
const { NONE } = keyExchangeMethods.byName;
const { ENCR_NULL } = encryptionAlgorithms.byName;

/** What is wrong with a proposal text, apart from its words; core/profile/violation.ts has the same rules. */
export type KeywordFault =
  | { readonly rule: 'keyword-missing' }
  | { readonly rule: 'keyword-unknown'; readonly keyword: string }
  | { readonly rule: 'keyword-misplaced'; readonly keyword: string; readonly protocol: ProposalProtocol }
  | {
      readonly rule: 'proposal-lacks';
      readonly what: 'encryption' | 'integrity' | 'prf' | 'key-exchange';
      /** The keyword that lacks company, or the whole text. */
      readonly beside: string;
    }
  | { readonly rule: 'aead-beside-plain'; readonly aead: string; readonly plain: string };

/** A proposal text that cannot be used. The message names the keyword, the problem and what would do instead. */
export class KeywordError extends Error {
  override readonly name = 'KeywordError';
  readonly fault: KeywordFault;
  /** Keywords that would do, nearest first. */
  readonly accepted: readonly string[];
  constructor(fault: KeywordFault, problem: string, accepted: readonly string[]) {
    super(accepted.length > 0 ? `${problem}: try ${accepted.join(', ')}` : problem);
    this.fault = fault;
    this.accepted = accepted;
  }

  /** The keyword that is wrong, or the one that lacks company. */
  get keyword(): string {
    const { fault } = this;
    if ('keyword' in fault) return fault.keyword;
    if (fault.rule === 'aead-beside-plain') return fault.plain;
    return 'beside' in fault ? fault.beside : '';
  }
}

export interface Keyword {
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

const GROUPS: readonly NamedRow[] = [
  ...KEY_EXCHANGE_ROWS,
  { id: NONE, keyword: 'none', aliases: ['modpnone'] },
];

/** `ke1_mlkem768` to `ke7_mlkem768` (RFC 9370); `ke1_none` makes it a choice of the gateway's. */
const ADDITIONAL = ADDITIONAL_TYPES.flatMap((type) => {
  const named = (keyword: string): string => `ke${additionalSlot(type)}_${keyword}`;
  const rows = GROUPS.map(({ keyword, aliases, ...row }) => ({
    ...row,
    keyword: named(keyword),
    ...(aliases === undefined ? {} : { aliases: aliases.map(named) }),
  }));
  return keywordsOf(type, rows);
});

/** Every keyword. `none` among the groups makes PFS a choice of the gateway's (RFC 7296 §3.3.2). */
const KEYWORDS: readonly Keyword[] = [
  ...keywordsOf(ENCR, ENCRYPTION_ROWS),
  ...keywordsOf(PRF, PRF_ROWS),
  ...keywordsOf(INTEG, INTEGRITY_ROWS),
  ...keywordsOf(KE, GROUPS),
  ...keywordsOf(SN, [
    { id: sequenceNumbers.byName['32-bit Sequential Numbers'], keyword: 'noesn' },
    { id: sequenceNumbers.byName['Partially Transmitted 64-bit Sequential Numbers'], keyword: 'esn' },
  ]),
  ...ADDITIONAL,
];

const bySpelling = new Map(
  KEYWORDS.flatMap((entry) => [entry.keyword, ...(entry.aliases ?? [])].map((spelling) => [spelling, entry])),
);

/** What IKE may name and ESP may name (RFC 7296 §3.3.3). IANA keeps ENCR_NULL out of IKE, §2.18 a group of NONE. */
const allowed = (protocol: ProposalProtocol, { type, id }: Transform): boolean =>
  protocol === 'IKE'
    ? type !== SN && !(type === ENCR && id === ENCR_NULL) && !(type === KE && id === NONE)
    : type !== PRF;

/** The keyword of a spelling. Throws KeywordError for one that is unknown or that the protocol has no place for. */
export function entryOf(spelling: string, protocol: ProposalProtocol): Keyword {
  if (spelling === '')
    throw new KeywordError(
      { rule: 'keyword-missing' },
      'a keyword is missing: write for example aes256-sha256-ecp256',
      [],
    );
  const entry = bySpelling.get(spelling);
  if (entry === undefined) {
    throw new KeywordError(
      { rule: 'keyword-unknown', keyword: spelling },
      `"${spelling}" is no algorithm that Adit knows`,
      neighbours(spelling, protocol),
    );
  }
  if (!allowed(protocol, entry.transform)) {
    const { type } = entry.transform;
    const replaceable = type === ENCR || type === KE;
    throw new KeywordError(
      { rule: 'keyword-misplaced', keyword: spelling, protocol },
      `"${spelling}" has no place in an ${protocol} proposal${replaceable ? '' : '; leave it out'}`,
      replaceable ? examples(type, protocol) : [],
    );
  }
  return entry;
}

/** What the first choice among keywords of a type might be. */
export const examples = (type: number, protocol: ProposalProtocol): string[] =>
  KEYWORDS.filter(({ transform }) => transform.type === type && allowed(protocol, transform))
    .slice(0, 3)
    .map(({ keyword }) => keyword);

/** Longer than any keyword: an imported file may hold a "keyword" of megabytes. */
const MAX_COMPARED = 32;

/** The three accepted keywords that differ from a spelling in the fewest letters. */
function neighbours(spelling: string, protocol: ProposalProtocol): string[] {
  const start = spelling.slice(0, MAX_COMPARED);
  return KEYWORDS.filter(({ transform }) => allowed(protocol, transform))
    .map(({ keyword }) => ({ keyword, distance: editDistance(start, keyword) }))
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

/** The keyword of a transform, `undefined` where it has none. */
export const keywordOf = (transform: Transform): string | undefined =>
  transform.unknownAttribute ? undefined : byTransform.get(keyOf(transform));
