/**
 * What we offer and accept for a Child SA as to key exchanges of its own (RFC 7296 §1.3.1, §1.3.3, RFC 9370). IKE_AUTH has none, so ends
 * that differ about forward secrecy connect well and notice at the first rekeying. create-child asks here, refusals
 * changes the terms.
 */
import { isAdditional, type Proposal, type Transform } from '#core/ike/proposal.ts';
import { transformTypes } from '#core/registry/transform-types.ts';
import type { ChildConfig } from './connection-types.ts';
import type { IkeSa } from './ike-sa.ts';
import { hasQuirk } from './quirks.ts';
import { groupsOf, namesAdditional } from './tasks/ke.ts';

const { KE } = transformTypes.byName;

/** What the peer wants in place of what the profile says: a key exchange where it has none, or none where it has one. */
export type ChildTerms = 'as-configured' | 'with-ke' | 'without-ke';

export const withoutGroups = (proposals: readonly Proposal[]): Proposal[] =>
  proposals.map((proposal) => ({
    ...proposal,
    transforms: proposal.transforms.filter((transform) => transform.type !== KE && !isAdditional(transform)),
  }));

/** Each of them with each of these sets of key exchanges. */
const withKeyExchanges = (proposals: readonly Proposal[], sets: readonly Transform[][]): Proposal[] =>
  proposals.flatMap((proposal) =>
    sets.map((keyExchanges) => ({ ...proposal, transforms: [...proposal.transforms, ...keyExchanges] })),
  );

const numbered = (proposals: readonly Proposal[]): Proposal[] =>
  proposals.map((proposal, i) => ({ ...proposal, number: i + 1 }));

/** Those of the IKE SA, the group in use first: with the additional ones of each proposal that has such, then without. */
function keyExchangesOfIke({ config: { proposals }, suite }: IkeSa): Transform[][] {
  const groups = (of: readonly Proposal[]): Transform[] => {
    const ids = groupsOf(of);
    const inUse = ids.filter((id) => id === suite?.keyExchange.id);
    return [...new Set([...inUse, ...ids])].map((id) => ({ type: KE, id }));
  };
  const several = proposals.filter((proposal) => namesAdditional([proposal]));
  return [
    ...several.map((proposal) => [...groups([proposal]), ...proposal.transforms.filter(isAdditional)]),
    groups(proposals),
  ];
}

/** The proposals of a request of ours, best first. */
export function offered(sa: IkeSa, { proposals }: ChildConfig): readonly Proposal[] {
  const { terms } = sa.shared;
  if (groupsOf(proposals).length === 0) {
    return terms === 'with-ke' ? numbered(withKeyExchanges(proposals, keyExchangesOfIke(sa))) : proposals;
  }
  if (terms === 'without-ke') return withoutGroups(proposals);
  return hasQuirk(sa.config, 'rekeys-without-ke')
    ? numbered([...proposals, ...withoutGroups(proposals)])
    : proposals;
}

/**
 * What we accept when the peer asks. A key exchange that the profile does not have makes the SA only stronger, so those of the
 * IKE SA are taken for it where the peer wants one or several.
 */
export function acceptable(sa: IkeSa, { proposals }: ChildConfig): Proposal[] {
  const strict = proposals.flatMap((proposal) =>
    groupsOf([proposal]).length > 0
      ? [proposal]
      : [proposal, ...withKeyExchanges([proposal], keyExchangesOfIke(sa))],
  );
  return hasQuirk(sa.config, 'rekeys-without-ke') ? [...strict, ...withoutGroups(proposals)] : strict;
}

/** After NO_PROPOSAL_CHOSEN: other terms, under which it is worth asking again at once. False: back to those of the profile. */
export function changeTerms(sa: IkeSa, { proposals }: ChildConfig): boolean {
  const { shared, config } = sa;
  const none = groupsOf(proposals).length === 0;
  const other: ChildTerms = none ? 'with-ke' : 'without-ke';
  const may = shared.terms !== other && (none || hasQuirk(config, 'rekeys-without-ke'));
  shared.terms = may ? other : 'as-configured';
  return may;
}

/** After INVALID_KE_PAYLOAD to a request without a key exchange: whether the group that it names is one of ours. */
export function demandsGroup(sa: IkeSa, group: number): boolean {
  if (!groupsOf(sa.config.proposals).includes(group)) return false;
  sa.shared.terms = 'with-ke';
  return true;
}
