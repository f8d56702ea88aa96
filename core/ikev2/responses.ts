/**
 * The peer's answers to our requests (RFC 7296 §2.1, §2.3, §2.21): matches them with what is outstanding, lets the tasks
 * judge them, does what they want. connection.ts calls it.
 */
import { ExchangeType } from '#core/registry/exchange-types.ts';
import type { Plan } from './exchanges.ts';
import { protocolError } from './failures.ts';
import { readDatagram } from './inbound.ts';
import type { Lifecycle } from './lifecycle.ts';
import { type Arrived, judge, noteAuthentic, succeed } from './outcome.ts';
import type { Message } from './payload-types.ts';
import { DELETE_IKE_SA } from './tasks/delete.ts';
import { type Exchange, leaving, type Verdict } from './tasks/task.ts';

export function handleResponse(life: Lifecycle, arrived: Arrived): void {
  const { sa, requests } = life;
  const { now, header, bytes } = arrived;
  const current = requests.outstanding;
  if (current?.messageId !== header.messageId || current.plan.exchange !== header.exchange) {
    sa.counters.outOfWindow++;
    return undefined;
  }
  const reading = readDatagram(sa, bytes);
  switch (reading.kind) {
    case 'worthless':
      if (reading.counter !== undefined) sa.counters[reading.counter]++;
      if (sa.state === 'ike-sa-init') life.doubt(now, protocolError(reading.detail), false);
      return undefined;
    case 'faulty':
      // There is no answer to an answer: the SA ends by a request of ours (§2.21.3).
      noteAuthentic(life, arrived);
      life.settled();
      return end(life, now, leaving(protocolError(reading.detail), DELETE_IKE_SA));
    default:
      return takeResponse(life, arrived, reading.message, current.plan);
  }
}

function takeResponse(life: Lifecycle, arrived: Arrived, message: Message, plan: Plan): void {
  const { sa } = life;
  const { now, bytes, path } = arrived;
  const { tasks, exchange, leadsTo } = plan;
  if (exchange !== ExchangeType.IKE_SA_INIT) noteAuthentic(life, arrived);
  if (sa.state === 'deleting' && leadsTo !== undefined) {
    // The user has changed their mind meanwhile: whatever this answer grants, our Delete comes next.
    life.settled();
    return life.proceed(now);
  }
  const context: Exchange = { sa, now, path };
  const verdict = judge(tasks, (task) => task.onResponse?.(context, message));
  switch (verdict?.ruling) {
    case 'repeat':
      return life.repeat(now);
    case 'doubt':
      return life.doubt(now, verdict.failure, true);
    case 'drop':
      sa.counters[verdict.counter]++;
      return undefined;
    default:
      life.settled();
  }
  if (verdict !== undefined) return end(life, now, verdict);
  if (exchange === ExchangeType.IKE_SA_INIT) sa.initResponse = bytes.slice();
  return succeed(life, context, tasks, leadsTo);
}

/** The answer ends the SA, with or without a word of ours. */
function end(life: Lifecycle, now: number, verdict: Verdict): void {
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
