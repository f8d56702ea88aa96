/**
 * Which change deserves a notification. Of a tunnel: connected, lost, connected again, failed, ended by itself, a question,
 * and that nobody can tell any more; of lockdown: not in force, in force again, switched off by another hand. Once each, and
 * never what the person just asked for. Pure; notifications.ts shows one at a time. Muting drops what is minor and never
 * what is important: protection that ended without being asked to.
 */
import type { LockdownStatus, Status, TunnelState, TunnelStatus } from '#core/ipc/contract.ts';
import { explain } from '#core/failure/explain.ts';
import { printable } from '#core/text/printable.ts';
import type { Words } from './words.ts';

export interface Notice {
  readonly severity: 'minor' | 'important';
  /** Whose news it is; undefined where it is lockdown's. */
  readonly profile: string | undefined;
  readonly title: string;
  readonly body: string;
}

const notice = (
  severity: Notice['severity'],
  { profile }: TunnelStatus,
  { title, body }: { readonly title: string; readonly body: (name: string) => string },
): Notice => ({ severity, profile: profile.id, title, body: body(printable(profile.name, 64)) });

/** A state that is news when a tunnel comes into it. */
const NEWS: {
  readonly [S in TunnelState]?: (
    tunnel: TunnelStatus,
    before: TunnelState,
    words: Words,
    lockdown: LockdownStatus | undefined,
  ) => Notice | undefined;
} = {
  connected: (tunnel, before, { connected, connectedAgain }) =>
    notice('minor', tunnel, before === 'reconnecting' ? connectedAgain : connected),
  reconnecting: (tunnel, before, { lost }) =>
    before === 'connected' ? notice('important', tunnel, lost) : undefined,
  failed: (tunnel, _before, { failed, language }) =>
    notice('important', tunnel, {
      title: failed.title(printable(tunnel.profile.name, 64)),
      body: () => (tunnel.failure ? explain(tunnel.failure, language).sentence : failed.unknown),
    }),
  disconnected(tunnel, before, { disconnected, ended, endedInLockdown }, lockdown) {
    if (before === 'disconnecting') return notice('minor', tunnel, disconnected);
    if (!isProtecting(before)) return undefined;
    return notice('important', tunnel, lockdown && isInForce(lockdown) ? endedInLockdown : ended);
  },
};

const isInForce = ({ on, fault }: LockdownStatus): boolean => on && fault === null;

/** A helper that does not tell of lockdown does not say that it is off. */
function lockdownNews(
  before: LockdownStatus | undefined,
  now: LockdownStatus | undefined,
  { lockdown }: Words,
): Notice | undefined {
  if (!before?.on || !now) return undefined;
  if (!now.on) return { severity: 'important', profile: undefined, ...lockdown.isOff };
  if (isInForce(before) === isInForce(now)) return undefined;
  return isInForce(now)
    ? { severity: 'minor', profile: undefined, ...lockdown.isBack }
    : { severity: 'important', profile: undefined, ...lockdown.isFaulty };
}

const isProtecting = (state: TunnelState): boolean => state === 'connected' || state === 'reconnecting';

/** A tunnel that comes back by itself stops at a question, and nobody may be looking. */
function asksAgain(tunnel: TunnelStatus, before: Status, { asks }: Words): Notice | undefined {
  if (tunnel.state !== 'reconnecting' || !isNewQuestion(tunnel, before)) return undefined;
  return notice('important', tunnel, asks);
}

/** Whether the tunnel asks something that it did not ask before. */
function isNewQuestion({ profile, question }: TunnelStatus, before: Status | undefined): boolean {
  if (question === null) return false;
  return before?.tunnels.find((tunnel) => tunnel.profile.id === profile.id)?.question?.id !== question.id;
}

/** Compares each status with the one before. main.ts has the one there is. */
export class News {
  /** The last that was told; it outlives the helper's end. */
  #known: Status | undefined;
  /** There is no helper: what was known may be true no longer. */
  #isUnsure = false;
  /** Profiles whose tunnels the person ends. */
  readonly #ending = new Set<string>();
  /** The person switches lockdown off. */
  #unlocking = false;

  /** The person asked for the end of a tunnel, or of all: that is no news to them. */
  ends(profile: string | undefined): void {
    const ids = profile === undefined ? this.#known?.tunnels.map((tunnel) => tunnel.profile.id) : [profile];
    for (const id of ids ?? []) this.#ending.add(id);
  }

  /** The helper would not end it. */
  stays(profile: string | undefined): void {
    if (profile === undefined) this.#ending.clear();
    else this.#ending.delete(profile);
  }

  /** The person asked for the end of lockdown, or with false: the helper would not do it. */
  unlocks(asked: boolean): void {
    this.#unlocking = asked;
  }

  /** Whether a tunnel that is being connected asks something new: whoever connects is asked in the window. */
  asks(now: Status | undefined): boolean {
    return (
      now?.tunnels.some((tunnel) => tunnel.state === 'connecting' && isNewQuestion(tunnel, this.#known)) ??
      false
    );
  }

  /** The news in `now`, the important first; undefined is that nobody can tell. Nothing before the first status: it is no change. */
  hear(now: Status | undefined, words: Words): Notice | undefined {
    const before = this.#known;
    if (!now) return this.#loseSight(words);
    const wasUnsure = this.#isUnsure;
    this.#known = now;
    this.#isUnsure = false;
    if (!before) return undefined;
    const notices = [...now.tunnels, ...gone(before, now)].flatMap((tunnel): Notice[] => {
      const was = stateIn(before, tunnel);
      // What nobody could tell is told again.
      const from = wasUnsure && was === 'connected' ? 'reconnecting' : was;
      const news =
        from === tunnel.state
          ? asksAgain(tunnel, before, words)
          : NEWS[tunnel.state]?.(tunnel, from, words, now.lockdown);
      return news && !this.#isAsked(tunnel) ? [news] : [];
    });
    for (const { profile, state } of [...now.tunnels, ...gone(before, now)])
      if (state !== 'disconnecting' && state !== 'connected') this.#ending.delete(profile.id);
    const ofLockdown = lockdownNews(before.lockdown, now.lockdown, words);
    if (ofLockdown && !(this.#unlocking && now.lockdown?.on === false)) notices.unshift(ofLockdown);
    if (now.lockdown?.on === false) this.#unlocking = false;
    return notices.find(({ severity }) => severity === 'important') ?? notices[0];
  }

  #loseSight(words: Words): Notice | undefined {
    if (this.#isUnsure) return undefined;
    this.#isUnsure = true;
    const tunnel = this.#known?.tunnels.find(({ state }) => isProtecting(state));
    return tunnel && notice('important', tunnel, words.nobodyKnows);
  }

  #isAsked({ profile, state }: TunnelStatus): boolean {
    return state === 'disconnected' && this.#ending.has(profile.id);
  }
}

const stateIn = ({ tunnels }: Status, { profile }: TunnelStatus): TunnelState =>
  tunnels.find((tunnel) => tunnel.profile.id === profile.id)?.state ?? 'disconnected';

/** Tunnels that the helper names no longer. */
const gone = (before: Status, now: Status): TunnelStatus[] =>
  before.tunnels
    .filter(({ profile }) => !now.tunnels.some((tunnel) => tunnel.profile.id === profile.id))
    .map((tunnel) => ({ ...tunnel, state: 'disconnected' }));
