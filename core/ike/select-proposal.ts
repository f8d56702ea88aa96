/**
 * Choosing among proposals (RFC 7296 §2.7 and §3.3): what a responder takes, and what an initiator accepts as
 * an answer. Works on numbers alone; crypto/ turns the outcome into algorithms.
 */
import type { Proposal, Transform } from './proposal.ts';

/** Transform types for which ID 0 means "none": leaving them out says the same (§3.3.2, §3.3.3; RFC 9370 §2.1). */
const isOptional = (type: number): boolean => type >= 3 && type <= 12;

function same(a: Transform, b: Transform): boolean {
  return a.type === b.type && a.id === b.id && a.keyBits === b.keyBits;
}

const typesOf = (proposal: Proposal): number[] => [...new Set(proposal.transforms.map(({ type }) => type))];

/** The usable transforms of a type; for an optional type that is absent, the implied "none". */
function choices(proposal: Proposal, type: number): readonly Transform[] {
  const present = proposal.transforms.filter((transform) => transform.type === type);
  if (present.length === 0 && isOptional(type)) return [{ type, id: 0 }];
  return present.filter(({ unknownAttribute }) => !unknownAttribute);
}

/**
 * Our order decides within each type. The outcome holds one transform for every type of the offer; a type that ours
 * lacks, an unknown one among them, rules the offer out (§3.3.6) unless it may be none.
 */
function match(offer: Proposal, ours: Proposal): Proposal | undefined {
  if (offer.protocol !== ours.protocol) return undefined;
  const chosen: Transform[] = [];
  for (const type of new Set([...typesOf(offer), ...typesOf(ours)])) {
    const offered = choices(offer, type);
    const transform = choices(ours, type).find((mine) => offered.some((theirs) => same(mine, theirs)));
    if (!transform) return undefined;
    if (offer.transforms.some((theirs) => theirs.type === type)) chosen.push(transform);
  }
  return { number: offer.number, protocol: offer.protocol, spi: offer.spi, transforms: chosen };
}

/**
 * As responder: the best combination, or undefined (NO_PROPOSAL_CHOSEN). Our preference decides, the order of the offer
 * only between equals. The answer carries number and SPI of the offer and exactly one transform for each type in
 * it, an INTEG or KE of NONE included where it was offered so.
 */
export function selectProposal(
  offered: readonly Proposal[],
  acceptable: readonly Proposal[],
): { readonly proposal: Proposal } | undefined {
  for (const ours of acceptable) {
    for (const offer of offered) {
      const proposal = match(offer, ours);
      if (proposal) return { proposal };
    }
  }
  return undefined;
}

/**
 * As initiator: the proposal that the responder chose, with the responder's SPI, or a sentence on why its answer is
 * not an answer to ours.
 */
export function verifySelection(ours: readonly Proposal[], answer: readonly Proposal[]): Proposal | string {
  const [chosen, ...more] = answer;
  if (!chosen || more.length > 0) return `the answer has ${answer.length} proposals in place of one`;
  const mine = ours.find(({ number }) => number === chosen.number);
  if (!mine) return `the answer has proposal number ${chosen.number}, which was not offered`;
  if (mine.protocol !== chosen.protocol) {
    return `the answer has protocol ${chosen.protocol} in place of ${mine.protocol}`;
  }
  for (const type of new Set([...typesOf(mine), ...typesOf(chosen)])) {
    const taken = chosen.transforms.filter((transform) => transform.type === type);
    if (taken.length > 1) return `the answer has ${taken.length} transforms of type ${type}`;
    const transform = taken[0] ?? { type, id: 0 };
    const offered = choices(mine, type).some((candidate) => same(candidate, transform));
    if (transform.unknownAttribute || !offered || (!taken[0] && !isOptional(type))) {
      return taken[0]
        ? `the answer has transform ${type}/${transform.id}${transform.keyBits ? `/${transform.keyBits}` : ''}, which was not offered`
        : `the answer has no transform of type ${type}`;
    }
  }
  return chosen;
}
