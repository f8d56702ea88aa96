/**
 * Which change of a tunnel deserves a notification. Pure; notifications.ts shows one at a time. Muting drops what is
 * minor and never what is important: protection that ended without being asked to.
 */
import type { Status, TunnelState, TunnelStatus } from '#core/ipc/contract.ts';
import { explain } from '#core/failure/explain.ts';
import { printable } from '#core/text/printable.ts';
import type { Words } from './words.ts';

export interface Notice {
  readonly severity: 'minor' | 'important';
  readonly title: string;
  readonly body: string;
}

const nameOf = ({ profile }: TunnelStatus): string => printable(profile.name, 64);

/** A state that is news when a tunnel comes into it. */
const NEWS: {
  readonly [S in TunnelState]?: (
    tunnel: TunnelStatus,
    before: TunnelState,
    words: Words,
  ) => Notice | undefined;
} = {
  connected: (tunnel, _before, { connected }) => ({
    severity: 'minor',
    title: connected.title,
    body: connected.body(nameOf(tunnel)),
  }),
  reconnecting: (tunnel, before, { lost }) =>
    before === 'connected'
      ? { severity: 'important', title: lost.title, body: lost.body(nameOf(tunnel)) }
      : undefined,
  failed: (tunnel, _before, { failed, language }) => ({
    severity: 'important',
    title: failed.title(nameOf(tunnel)),
    body: tunnel.failure ? explain(tunnel.failure, language).sentence : failed.unknown,
  }),
  disconnected: (tunnel, before, { disconnected }) =>
    before === 'disconnecting'
      ? { severity: 'minor', title: disconnected.title, body: disconnected.body(nameOf(tunnel)) }
      : undefined,
};

/** A tunnel that comes back by itself stops at a question, and nobody may be looking. */
function asksAgain(tunnel: TunnelStatus, before: Status, { asks }: Words): Notice | undefined {
  if (tunnel.state !== 'reconnecting' || !isNewQuestion(tunnel, before)) return undefined;
  return { severity: 'important', title: asks.title, body: asks.body(nameOf(tunnel)) };
}

/** Whether the tunnel asks something that it did not ask before. */
export function isNewQuestion({ profile, question }: TunnelStatus, before: Status | undefined): boolean {
  if (question === null) return false;
  const earlier = before?.tunnels.find((tunnel) => tunnel.profile.id === profile.id);
  return earlier?.question?.id !== question.id;
}

/** The news between two statuses; the important first. Nothing before the first status: it is no change. */
export function noticeOf(
  before: Status | undefined,
  now: Status | undefined,
  { mute, words }: { readonly mute: boolean; readonly words: Words },
): Notice | undefined {
  if (!before || !now) return undefined;
  const notices = now.tunnels.flatMap((tunnel) => {
    const was =
      before.tunnels.find(({ profile }) => profile.id === tunnel.profile.id)?.state ?? 'disconnected';
    const notice =
      was === tunnel.state ? asksAgain(tunnel, before, words) : NEWS[tunnel.state]?.(tunnel, was, words);
    return notice && !(mute && notice.severity === 'minor') ? [notice] : [];
  });
  return notices.find(({ severity }) => severity === 'important') ?? notices[0];
}
