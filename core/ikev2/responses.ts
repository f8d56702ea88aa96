/**
 * The peer's answers to our requests (RFC 7296 §2.1, §2.3, §2.21): matches them with what is outstanding, lets the tasks
 * judge them, does what they want. connection.ts calls it.
 */
import { ExchangeType } from '#core/registry/exchange-types.ts';
import type { Plan } from './exchanges.ts';
import { protocolError } from './failures.ts';
import { readDatagram } from './inbound.ts';
import type { Lifecycle } from './lifecycle.ts';
import { judge, type Settled } from './judging.ts';
import { type Arrived, end, noteAuthentic, succeed } from './outcome.ts';
import type { Message } from './payload-types.ts';
import { DELETE_IKE_SA } from './tasks/delete.ts';
import { leaving } from './tasks/task.ts';

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
      if (reading.disowns === true && sa.state === 'established') sa.emit({ type: 'disowned' });
      if (sa.state === 'ike-sa-init') life.doubt(now, protocolError(reading.detail), false);
      return undefined;
    case 'faulty':
      noteAuthentic(life, arrived);
      life.settled();
      // Before IKE_AUTH there is nothing over there that a Delete would end.
      if (header.exchange === ExchangeType.IKE_INTERMEDIATE)
        return life.close(now, protocolError(reading.detail));
      // There is no answer to an answer: the SA ends by a request of ours (§2.21.3).
      return end(life, now, leaving(protocolError(reading.detail), DELETE_IKE_SA));
    default:
      return takeResponse(life, arrived, reading.message, current.plan);
  }
}

function takeResponse(life: Lifecycle, arrived: Arrived, message: Message, plan: Plan): void {
  const { sa } = life;
  const { now, path } = arrived;
  const { exchange, subject } = plan;
  if (exchange !== ExchangeType.IKE_SA_INIT) noteAuthentic(life, arrived);
  // Before IKE_AUTH the peer has nothing that a Delete would end.
  if (sa.state === 'deleting' && exchange === ExchangeType.IKE_INTERMEDIATE) return life.close(now);
  if (sa.state === 'deleting' && (exchange === ExchangeType.IKE_AUTH || subject === 'child')) {
    // The user has changed their mind meanwhile: whatever this answer grants, our Delete comes next. Only an IKE SA that the
    // peer may have made needs a Delete of its own.
    life.settled();
    return life.proceed(now);
  }
  judge(
    life,
    now,
    plan.tasks,
    (task, at) => task.onResponse?.({ sa, now: at, path }, message),
    (at, verdict) => conclude(life, { ...arrived, now: at }, verdict, plan),
  );
}

function conclude(life: Lifecycle, { now, bytes, path }: Arrived, verdict: Settled, plan: Plan): void {
  const { sa } = life;
  switch (verdict?.ruling) {
    case 'repeat':
      return life.repeat(now);
    case 'repeat-later':
      life.requests.rebuildLater();
      return life.doubt(now, verdict.failure, false);
    case 'doubt':
      return life.doubt(now, verdict.failure, verdict.patient !== true);
    case 'drop':
      sa.counters[verdict.counter]++;
      return undefined;
    default:
      life.settled();
  }
  if (verdict !== undefined) return end(life, now, verdict);
  if (plan.exchange === ExchangeType.IKE_SA_INIT) sa.initResponse = bytes.slice();
  return succeed(life, { sa, now, path }, plan);
}
