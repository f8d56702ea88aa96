/**
 * Lockdown as the helper tells it, and what was clicked and is not answered yet. A switch shows a click at once; that
 * traffic is held back is only shown on the helper's word, that it may leave again at once.
 */
import type { LockdownStatus } from '#core/ipc/contract.ts';
import type { Slice } from './store.ts';

type Wish = Pick<LockdownStatus, 'on' | 'lan'>;

export interface LockdownSlice {
  /** The helper's word; undefined where it has none, or while nobody knows. */
  readonly lockdown: LockdownStatus | undefined;
  readonly lockdownWish: Wish | undefined;
  readonly setLockdown: (wish: Wish) => Promise<void>;
  readonly receiveLockdown: (lockdown: LockdownStatus | undefined) => void;
}

type Known = Pick<LockdownSlice, 'lockdown' | 'lockdownWish'>;

export const lockdownSlice: Slice<LockdownSlice> = (set, get, { bridge }) => ({
  lockdown: undefined,
  lockdownWish: undefined,
  async setLockdown(wish) {
    set({ lockdownWish: wish, problem: undefined });
    const answer = await bridge.call('lockdown.set', wish);
    // A later click has its own answer.
    if (get().lockdownWish === wish) set({ lockdownWish: undefined });
    if (answer.ok) get().receiveLockdown(answer.result);
    else get().report({ kind: 'said', message: answer.problem.message });
  },
  receiveLockdown(lockdown) {
    // Counters come once a second; what is the same stays the same object, so that nothing is drawn again.
    if (!isSame(lockdown, get().lockdown)) set({ lockdown });
  },
});

/** What its switches show. */
export const switchedLockdown = ({ lockdown, lockdownWish }: Known): LockdownStatus | undefined =>
  lockdown && { ...lockdown, ...lockdownWish };

/** What becomes of traffic, in the shape of a status that is on; undefined where lockdown holds nothing back. */
export const activeLockdown = ({ lockdown, lockdownWish }: Known): LockdownStatus | undefined =>
  lockdown?.on && lockdownWish?.on !== false ? lockdown : undefined;

function isSame(one: LockdownStatus | undefined, other: LockdownStatus | undefined): boolean {
  if (!one || !other) return one === other;
  return (
    one.on === other.on && one.lan === other.lan && one.byAdmin === other.byAdmin && one.fault === other.fault
  );
}
