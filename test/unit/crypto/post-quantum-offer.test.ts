/** ML-KEM before, or in place of, what a profile offers anyway. */
import { describe, expect, it } from 'vitest';
import { defaultIkeProposals } from '#core/crypto/defaults.ts';
import { parseProposals } from '#core/crypto/keywords.ts';
import { type PostQuantum, postQuantumOffer, postQuantumTexts } from '#core/crypto/post-quantum-offer.ts';
import type { Proposal } from '#core/ike/proposal.ts';

const [A, B] = ['aes256gcm16-prfsha384-ecp384', 'aes256-sha256-modp2048'] as const;
const PQ = '-ke1_mlkem768-ke1_mlkem1024';

const NUMBERS: Readonly<Record<string, number>> = {
  none: 0,
  ecp384: 20,
  mlkem512: 35,
  mlkem768: 36,
  mlkem1024: 37,
};

/** The same as numbers: `ke1_mlkem768` is transform type 6 with ID 36. */
function numbersOf(texts: readonly string[]): Proposal[] {
  const additional = /-ke(\d)_([a-z0-9]+)/g;
  return parseProposals(
    texts.map((text) => text.replace(additional, '')),
    'IKE',
  ).map((proposal, at) => ({
    ...proposal,
    transforms: [
      ...proposal.transforms,
      ...[...(texts[at] ?? '').matchAll(additional)].map(([, slot, method = '']) => ({
        type: 5 + Number(slot),
        id: NUMBERS[method] ?? -1,
      })),
    ],
  }));
}

describe.each<[PostQuantum, readonly string[], readonly string[]]>([
  ['off', [A, B], [A, B]],
  ['off', [`${A}-ke1_mlkem768`, B], [`${A}-ke1_mlkem768`, B]],
  ['prefer', [A, B], [A + PQ, B + PQ, A, B]],
  ['prefer', [`${A}-ke2_ecp384`, B], [`${A}-ke2_ecp384`, B + PQ, B]],
  ['prefer', [B, `${A}-ke1_mlkem512-ke1_none`], [B + PQ, `${A}-ke1_mlkem512-ke1_none`, B]],
  ['require', [A, B], [A + PQ, B + PQ]],
  ['require', [`${A}-ke1_mlkem512`, B], [`${A}-ke1_mlkem512`, B + PQ]],
  // One that could end without ML-KEM is no protection.
  ['require', [`${A}-ke1_mlkem768-ke1_none`, `${A}-ke1_ecp384`, B], [B + PQ]],
  ['require', [`${A}-ke1_mlkem768-ke1_ecp384`, B], [B + PQ]],
  ['require', [`${A}-ke1_ecp384-ke1_none-ke2_mlkem1024`], [`${A}-ke1_ecp384-ke1_none-ke2_mlkem1024`]],
  ['require', [`${A}-ke1_ecp384`], []],
])('%s of %j', (wish, texts, expected) => {
  it('as texts', () => expect(postQuantumTexts(texts, wish)).toEqual(expected));
  it('as numbers, counted from 1', () =>
    expect(postQuantumOffer(numbersOf(texts), wish)).toEqual(numbersOf(expected)));
});

it('leaves the defaults as they are where nobody asks for more', () => {
  expect(postQuantumOffer(defaultIkeProposals(), 'off')).toEqual(defaultIkeProposals());
});
