/** What lockdown means for what is shown: whether it keeps something back, and in which words. Pure. */
import type { LockdownStatus, TunnelState, TunnelStatus } from '#core/ipc/contract.ts';
import type { MessageId } from '../../i18n/en.ts';
import { protectedNetworks } from '../tunnel/presentation.ts';

/** Lockdown as far as it does what it is for; one with a fault promises nothing. */
export const inForce = (lockdown: LockdownStatus | undefined): LockdownStatus | undefined =>
  lockdown?.on && lockdown.fault === null ? lockdown : undefined;

/** What leaves all the same. `others`: tunnels of other profiles that are up. */
export function holdsWords({ lan }: LockdownStatus, others: number): MessageId {
  if (others > 0) return lan ? 'lockdown.holds.others.lan' : 'lockdown.holds.others';
  return lan ? 'lockdown.holds.lan' : 'lockdown.holds';
}

/**
 * Whether the way out of lockdown belongs in sight: whoever looks for what is missing finds it. A tunnel that takes
 * everything leaves nothing to look for.
 */
export function mayStrand(lockdown: LockdownStatus, state: TunnelState, tunnel?: TunnelStatus): boolean {
  if (lockdown.fault !== null || state !== 'connected' || !tunnel) return true;
  return protectedNetworks(tunnel).coverage === 'some';
}
