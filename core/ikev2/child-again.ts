/**
 * One of several Child SAs that the gateway has deleted, or that has reached its lifetime, is made again as long as the IKE SA
 * lives (RFC 7296 §1.4.1 lets either end delete one for itself; the networks behind it are still wanted). tasks/delete.ts and
 * lifecycle.ts tell of the loss, upkeep.ts asks whether it is still one.
 */
import { within } from './child-selectors.ts';
import type { Child, IkeSa } from './ike-sa.ts';
import { retryDelay } from './lifetimes.ts';
import { type ChildWish, newWish } from './wishes.ts';

/** One that held so long was no mistake: the waits begin anew. */
const HELD_MS = 60_000;

/** The Child SA has gone and nobody meant what it stands for to go: wishes for it, later each time in a row. */
export function wishAgain(sa: IkeSa, now: number, child: Child): void {
  const { config, localTs, remoteTs, replacedBy, redundant, deletion, again } = child;
  if (sa.config.role !== 'initiator' || replacedBy !== undefined || redundant || deletion !== 'no') return;
  const times = again === undefined || now - again.at >= HELD_MS ? 1 : again.times + 1;
  // The first wait, a second or so, leaves the gateway time for one of its own.
  const at = now + retryDelay(sa.config, times);
  sa.wishes.children.push({ ...newWish(at), config, localTs, remoteTs, again: times });
}

/** Whether the gateway was faster, or there is nothing any more beside which to make it: whoever drives us connects afresh then. */
export function isSettled({ children }: IkeSa, { again, localTs, remoteTs }: ChildWish): boolean {
  if (again === undefined) return false;
  const standing = [...children.values()].filter(
    ({ deletion, replacedBy }) => deletion === 'no' && replacedBy === undefined,
  );
  return (
    standing.length === 0 ||
    standing.some((child) => within(localTs, child.localTs) && within(remoteTs, child.remoteTs))
  );
}
