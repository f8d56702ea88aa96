/**
 * AUTH_LIFETIME (RFC 4478): the gateway says how long an authentication is good for, in its last answer to IKE_AUTH or in a
 * request of its own. The client authenticates again in time, by a new IKE SA. Rekeying is no authentication (§3): the
 * time runs on from one IKE SA to its heirs.
 */
import { Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import type { ResponderConfig } from '../connection-types.ts';
import { reauthenticateAt } from '../lifetimes.ts';
import { findNotify, notify } from '../payload-access.ts';
import type { Message } from '../payload-types.ts';
import type { Exchange, Task, Verdict } from './task.ts';

const { AUTH_LIFETIME } = NotifyType;

/** Seconds, in four octets. */
function lifetimeOf({ sa }: Exchange, { payloads }: Message): number | undefined {
  const said = findNotify(payloads, AUTH_LIFETIME);
  if (said === undefined) return undefined;
  // Only the original responder sets it (§3).
  if (sa.config.role === 'initiator' && said.data.length === 4) return new Reader(said.data).u32('lifetime');
  sa.counters.ignoredNotifies++;
  return undefined;
}

/** Initiator: hears it wherever it may come. */
export function authLifetimeTask(): Task {
  let seconds: number | undefined;
  const note = (exchange: Exchange, message: Message): Verdict => {
    seconds = lifetimeOf(exchange, message);
    return undefined;
  };
  return {
    name: 'auth-lifetime',
    onRequest: note,
    onResponse: note,
    done({ sa, now }) {
      if (seconds === undefined || sa.state !== 'established') return undefined;
      sa.emit({ type: 'auth-lifetime', reauthenticateAt: reauthenticateAt(sa.config, now, seconds) });
      return undefined;
    },
  };
}

/** Responder: says it, and keeps to it. */
export const authLifetimeOfResponderTask = ({ authLifetimeSec }: ResponderConfig): Task => ({
  name: 'auth-lifetime',
  response(_exchange, out) {
    if (authLifetimeSec === undefined) return;
    out.push(notify(AUTH_LIFETIME, new Writer().u32(authLifetimeSec).finish()));
  },
  done({ sa, now }) {
    if (authLifetimeSec === undefined) return undefined;
    const end = now + authLifetimeSec * 1000;
    if (sa.leaveAt !== undefined && sa.leaveAt.at < end) return undefined;
    sa.leaveAt = { at: end, failure: { cause: 'expired', lifetimeSec: authLifetimeSec } };
    return undefined;
  },
});
