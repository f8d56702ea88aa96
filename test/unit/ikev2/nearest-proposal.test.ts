/** What would have to change in a proposal for the peer to take it. */
import { describe, expect, it } from 'vitest';
import { defaultIkeProposals } from '#core/crypto/defaults.ts';
import { parseProposals } from '#core/crypto/keywords.ts';
import { lacksAny, nearestChange } from '#core/ikev2/nearest-proposal.ts';

const ike = (...texts: readonly string[]) => parseProposals(texts, 'IKE');

describe('nearestChange', () => {
  it.each([
    ['another group', ['aes256-sha256-modp2048'], ['aes256-sha256-ecp384'], ['ecp384']],
    ['the first of several groups', ['aes256-sha256-modp2048'], ['aes256-sha256-ecp384-ecp521'], ['ecp384']],
    [
      'the nearer of two',
      ['aes256-sha256-modp2048'],
      ['aes128-sha1-ecp384', 'aes128-sha256-modp2048'],
      ['aes128'],
    ],
    [
      'to the nearer of ours',
      ['aes256gcm16-prfsha384-ecp384', 'aes256-sha256-modp2048'],
      ['aes256-sha256-ecp256'],
      ['ecp256'],
    ],
    ['several kinds', ['aes256-sha256-modp2048'], ['aes128-sha256-ecp256'], ['aes128', 'ecp256']],
  ])('%s', (_, ours, theirs, change) => {
    expect(nearestChange(ike(...ours), ike(...theirs))).toEqual(change);
  });

  it('knows none where the peer says nothing, where they match, or where a keyword is missing', () => {
    const ours = ike('aes256-sha256-modp2048');
    expect(nearestChange(ours, [])).toBeUndefined();
    expect(nearestChange(ours, ours)).toBeUndefined();
    const [own] = ours;
    const strange = { ...own, transforms: [{ type: 4, id: 60_000 }] } as (typeof ours)[number];
    expect(nearestChange(ours, [strange])).toBeUndefined();
  });
});

describe('lacksAny', () => {
  it('tells whether a profile offers less than Adit by itself', () => {
    expect(lacksAny(ike('aes256-sha256-modp2048'), defaultIkeProposals())).toBe(true);
    expect(lacksAny(defaultIkeProposals(), defaultIkeProposals())).toBe(false);
  });
});
