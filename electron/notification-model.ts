/**
 * Which change of a tunnel deserves a notification. Pure; notifications.ts shows one at a time. Muting drops what is
 * minor and never what is important: protection that ended without being asked to.
 */
import type { Status, TunnelState, TunnelStatus } from '#core/ipc/contract.ts';
import { explain } from '#core/failure/explain.ts';
import { printable } from '#core/text/printable.ts';

export interface Notice {
  readonly severity: 'minor' | 'important';
  readonly title: string;
  readonly body: string;
}

const nameOf = ({ profile }: TunnelStatus): string => printable(profile.name, 64);

/** A state that is news when a tunnel comes into it. */
const NEWS: {
  readonly [S in TunnelState]?: (tunnel: TunnelStatus, before: TunnelState) => Notice | undefined;
} = {
  connected: (tunnel) => ({ severity: 'minor', title: 'Connected', body: `${nameOf(tunnel)} is connected.` }),
  reconnecting: (tunnel, before) =>
    before === 'connected'
      ? {
          severity: 'important',
          title: 'Connection lost',
          body: `${nameOf(tunnel)} is reconnecting. Traffic may not be protected.`,
        }
      : undefined,
  failed: (tunnel) => ({
    severity: 'important',
    title: `${nameOf(tunnel)}: could not connect`,
    body: tunnel.failure ? explain(tunnel.failure).sentence : 'The reason is not known.',
  }),
  disconnected: (tunnel, before) =>
    before === 'disconnecting'
      ? { severity: 'minor', title: 'Disconnected', body: `${nameOf(tunnel)} was disconnected.` }
      : undefined,
};

/** The news between two statuses; the important first. Nothing before the first status: it is no change. */
export function noticeOf(
  before: Status | undefined,
  now: Status | undefined,
  mute: boolean,
): Notice | undefined {
  if (!before || !now) return undefined;
  const notices = now.tunnels.flatMap((tunnel) => {
    const was =
      before.tunnels.find(({ profile }) => profile.id === tunnel.profile.id)?.state ?? 'disconnected';
    const notice = was === tunnel.state ? undefined : NEWS[tunnel.state]?.(tunnel, was);
    return notice && !(mute && notice.severity === 'minor') ? [notice] : [];
  });
  return notices.find(({ severity }) => severity === 'important') ?? notices[0];
}
