/** How near two lists of proposals come to each other, where they have no choice in common. failures.ts tells people. */
import { keywordOf } from '#core/crypto/keyword-table.ts';
import type { Proposal, Transform } from '#core/ike/proposal.ts';

/**
 * The fewest keywords that, added to one proposal of `ours`, let it match one of `theirs`: `['ecp384']`. Undefined where
 * `theirs` is empty, or holds something that has no keyword.
 */
export function nearestChange(ours: readonly Proposal[], theirs: readonly Proposal[]): string[] | undefined {
  const changes = ours.flatMap((own) => theirs.map((other) => lacking(own.transforms, other.transforms)));
  const [nearest] = changes
    .flatMap((transforms) => {
      const keywords = transforms.map(keywordOf).filter((keyword) => keyword !== undefined);
      return keywords.length > 0 && keywords.length === transforms.length ? [keywords] : [];
    })
    .sort((a, b) => a.length - b.length);
  return nearest;
}

/** The first of each type of `other` that has none in common with `own`. */
function lacking(own: readonly Transform[], other: readonly Transform[]): Transform[] {
  const types = new Set(other.map(({ type }) => type));
  return [...types].flatMap((type) => {
    const choice = other.filter((transform) => transform.type === type);
    return choice.some((transform) => own.some((each) => same(each, transform))) ? [] : choice.slice(0, 1);
  });
}

/** Whether `theirs` has a transform that none of `ours` has. */
export const lacksAny = (ours: readonly Proposal[], theirs: readonly Proposal[]): boolean => {
  const known = ours.flatMap(({ transforms }) => transforms);
  return theirs.some(({ transforms }) =>
    transforms.some((transform) => !known.some((own) => same(own, transform))),
  );
};

const same = (a: Transform, b: Transform): boolean =>
  a.type === b.type && a.id === b.id && a.keyBits === b.keyBits;
