/**
 * What follows from an exchange, whoever began it: tasks take effect, the state moves, the next request leaves.
 * responses.ts and serving.ts call it.
 */
import type { Path } from '#core/net/address.ts';
import type { Plan } from './exchanges.ts';
import { judge, type Settled } from './judging.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { IkeHeader } from './payload-types.ts';
import { DELETE_IKE_SA } from './tasks/delete.ts';
import type { Exchange } from './tasks/task.ts';
import { samePath } from './whereabouts.ts';

/** A datagram with what is known before it is opened. */
export interface Arrived {
  readonly now: number;
  readonly header: IkeHeader;
  readonly bytes: Uint8Array;
  readonly path: Path;
}

/** The exchange is complete: tasks take effect, the state moves to where it leads, the next exchange begins. */
export function succeed(
  life: Lifecycle,
  context: Exchange,
  { tasks, leadsTo, next }: Pick<Plan, 'tasks' | 'leadsTo' | 'next'>,
): void {
  const { sa, now } = context;
  if (leadsTo !== undefined) life.enter(now, leadsTo);
  for (const task of tasks) {
    const verdict = task.done?.(context);
    if (verdict?.ruling === 'close') return life.close(now, verdict.failure);
  }
  // IDs never wrap (§2.2): the SA ends while there is one left to say so.
  const spent = life.requests.window.exhausted || life.answers.exhausted;
  if (spent && sa.state === 'established') {
    const detail = 'all message IDs are used up';
    return life.leave(now, [DELETE_IKE_SA], { cause: 'protocol-error', detail, sentBy: 'us' });
  }
  const following = next?.(sa);
  return following === undefined ? life.conclude(now) : begin(life, now, following);
}

/** Asks what the request needs to know, then sends it. */
function begin(life: Lifecycle, now: number, plan: Plan): void {
  const { sa } = life;
  const { path } = sa;
  if (path === undefined) throw new Error('an exchange before there is a path');
  judge(
    life,
    now,
    plan.tasks,
    (task, at) => task.prepare?.({ sa, now: at, path }),
    (at, verdict) => (verdict === undefined ? life.ask(at, plan) : end(life, at, verdict)),
  );
}

/** The SA ends, with or without a word of ours. */
export function end(life: Lifecycle, now: number, verdict: Settled): void {
  switch (verdict?.ruling) {
    case 'close':
      return life.close(now, verdict.failure);
    case 'leave':
      if (life.sa.state !== 'deleting') return life.leave(now, verdict.farewell, verdict.failure);
      // We are leaving already: either our last word waits for its turn, or this was the answer to it.
      return life.requests.idle ? life.close(now) : life.proceed(now);
    default:
      throw new Error(`a task judges an answer with ${verdict?.ruling ?? 'nothing'}`);
  }
}

/** A fresh message whose ICV is right: proof of life, and of where the peer is now. */
export function noteAuthentic(life: Lifecycle, { now, path }: Arrived): void {
  const { sa } = life;
  life.alive(now);
  // The responder follows the initiator to port 4500; `path` is told when IKE_AUTH has succeeded.
  if (sa.state === 'ike-auth' && !sa.isInitiator) {
    sa.path = path;
    return;
  }
  // §2.23: a peer behind a NAT may appear elsewhere when the NAT forgets; not when we are behind one ourselves. With MOBIKE it
  // says so itself, and nothing else moves an SA (RFC 4555 §3.5).
  if (sa.where.mobike || !sa.nat.remote || sa.nat.local || sa.path === undefined || samePath(sa.path, path))
    return;
  sa.path = path;
  sa.where.confirmed = path;
  sa.emitPath();
}
