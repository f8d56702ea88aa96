import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { ENCRYPTION_ROWS } from '#core/crypto/encryption.ts';
import { INTEGRITY_ROWS } from '#core/crypto/integrity.ts';
import { KEY_EXCHANGE_ROWS } from '#core/crypto/key-exchange.ts';
import {
  formatTransforms,
  KeywordError,
  parseProposal,
  type ProposalProtocol,
} from '#core/crypto/keywords.ts';
import { PRF_ROWS } from '#core/crypto/prf.ts';

const keywordsOf = (rows: readonly { readonly keyword: string; readonly aliases?: readonly string[] }[]) =>
  rows.flatMap(({ keyword, aliases = [] }) => [keyword, ...aliases]);
const some = (keywords: readonly string[], minLength: number) =>
  fc.uniqueArray(fc.constantFrom(...keywords), { minLength, maxLength: 5 });

const aeads = keywordsOf(ENCRYPTION_ROWS.filter(({ kind }) => kind === 'aead'));
const plain = keywordsOf(ENCRYPTION_ROWS.filter(({ kind }) => kind === 'cbc' || kind === 'ctr'));
const integrity = keywordsOf(INTEGRITY_ROWS);
const groups = keywordsOf(KEY_EXCHANGE_ROWS);
const prfs = keywordsOf(PRF_ROWS);

/** Keywords of a proposal that must be accepted, in any order. */
const proposal: fc.Arbitrary<{ protocol: ProposalProtocol; text: string }> = fc
  .oneof(
    fc.record({
      protocol: fc.constant('IKE' as const),
      parts: fc.tuple(some(aeads, 1), some(prfs, 1), some(integrity, 0), some(groups, 1)),
    }),
    fc.record({
      protocol: fc.constant('IKE' as const),
      parts: fc.tuple(some(plain, 1), some(prfs, 0), some(integrity, 1), some(groups, 1)),
    }),
    fc.record({
      protocol: fc.constant('ESP' as const),
      parts: fc.tuple(some(aeads, 1), some([...groups, 'none'], 0), some(['esn', 'noesn'], 0)),
    }),
    fc.record({
      protocol: fc.constant('ESP' as const),
      parts: fc.tuple(
        some([...plain, 'null'], 1),
        some(integrity, 1),
        some(groups, 0),
        some(['esn', 'noesn'], 0),
      ),
    }),
  )
  .chain(({ protocol, parts }) => {
    const keywords = parts.flat();
    return fc
      .shuffledSubarray(keywords, { minLength: keywords.length })
      .map((shuffled) => ({ protocol, text: shuffled.join('-') }));
  });

it('what is printed is read back as the same transforms', () => {
  fc.assert(
    fc.property(proposal, ({ protocol, text }) => {
      const transforms = parseProposal(text, protocol);
      const printed = formatTransforms(transforms, protocol);
      expect(parseProposal(printed, protocol)).toEqual(transforms);
      expect(formatTransforms(parseProposal(printed, protocol), protocol)).toBe(printed);
    }),
    { numRuns: 2000 },
  );
});

function outcome(text: string, protocol: ProposalProtocol): string {
  try {
    return parseProposal(text, protocol).length > 1 ? 'accepted' : 'too little';
  } catch (error) {
    return error instanceof KeywordError ? error.name : String(error);
  }
}

it('any text is accepted or answered with a KeywordError', () => {
  const keyword = fc.oneof(
    fc.constantFrom(...aeads, ...plain, ...integrity, ...groups, ...prfs, 'esn', 'noesn', 'none', 'null'),
    fc.string({ maxLength: 20 }),
  );
  const text = fc.array(keyword, { maxLength: 6 }).map((keywords) => keywords.join('-'));
  fc.assert(
    fc.property(text, fc.constantFrom<ProposalProtocol>('IKE', 'ESP'), (proposalText, protocol) => {
      expect(outcome(proposalText, protocol)).toMatch(/^(accepted|KeywordError)$/);
    }),
    { numRuns: 5000 },
  );
});
