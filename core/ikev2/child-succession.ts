/**
 * Who deletes which Child SA after a rekeying, also where both ends rekeyed the same one at once (RFC 7296 §2.8, §2.8.1): of
 * the two successors the one made with the lowest of the four nonces goes, by the hand of whoever made it; whoever made the
 * other one deletes the old one. create-child calls it.
 */
import type { Child, IkeSa } from './ike-sa.ts';
import { compareNonces } from './nonces.ts';
import { losesTo } from './unfinished.ts';

/** How long the peer has to delete what is its to delete; then we do. */
const RETIRE_MS = 60_000;

/** Whether the successor that our exchange made is the one to go. A peer that has deleted its own has decided already. */
export function losesRace(sa: IkeSa, old: Child, ourLowest: Uint8Array): boolean {
  const { rival } = old;
  if (rival === undefined) return losesTo(sa, old, ourLowest);
  return sa.children.get(rival.child.spiIn) === rival.child && compareNonces(ourLowest, rival.lowest) < 0;
}

/** Our request made `child` in the place of `old`. */
export function replacedByUs(now: number, old: Child, child: Child, lost: boolean): void {
  const { rival } = old;
  // Somebody wanted the old one gone while this was under way, and meant what it stands for.
  if (old.deletion !== 'no') child.deletion = 'due';
  if (lost) {
    child.redundant = true;
    child.deletion = 'due';
    // Further key exchanges may be due before there is one.
    if (rival !== undefined) {
      child.replacedBy = rival.child;
      old.replacedBy = rival.child;
      old.retireAt = now + RETIRE_MS;
    }
  } else {
    old.replacedBy = child;
    if (old.deletion === 'no') old.deletion = 'due';
    if (rival !== undefined) {
      rival.child.redundant = true;
      rival.child.replacedBy = child;
      rival.child.retireAt = now + RETIRE_MS;
    }
  }
  old.rival = undefined;
}

/** The peer's request made `child` in the place of `old`. While ours is under way nobody knows yet which one will stay. */
export function replacedByPeer(now: number, old: Child, child: Child, lowest: Uint8Array): void {
  old.replacedBy = child;
  if (old.rekeying) old.rival = { child, lowest };
  else old.retireAt = now + RETIRE_MS;
}

/** Our request was refused: the successor that the peer has made is the one. */
export function rivalStays(now: number, old: Child): void {
  old.rival = undefined;
  old.retireAt = now + RETIRE_MS;
}
