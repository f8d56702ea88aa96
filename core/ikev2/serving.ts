/**
 * The peer's requests and our answers (RFC 7296 §2.1 to §2.3, §2.21): in order, each served once and answered from the
 * cache when it comes again. connection.ts calls it.
 */
import { ExchangeType, exchangeTypes } from '#core/registry/exchange-types.ts';
import { NotifyType, notifyTypes } from '#core/registry/notify-types.ts';
import { decodeChain, encodeChain, splitChain } from './chain.ts';
import { type Service, serviceOf } from './exchanges.ts';
import { protocolError } from './failures.ts';
import { asksAgain, readDatagram, type Reading } from './inbound.ts';
import type { Lifecycle } from './lifecycle.ts';
import { accepts } from './machine.ts';
import { judge, type Settled } from './judging.ts';
import { type Arrived, noteAuthentic, succeed } from './outcome.ts';
import { notify } from './payload-access.ts';
import type { IkeHeader, Payload } from './payload-types.ts';
import { refuseInClear, sealMessage, sealSmaller } from './seal.ts';
import type { Exchange, Task } from './tasks/task.ts';

/** Begins an IKE SA: nobody has given it a responder SPI yet. */
export const isFirst = ({ exchange, messageId, spiR }: IkeHeader): boolean =>
  exchange === ExchangeType.IKE_SA_INIT && messageId === 0 && spiR.every((octet) => octet === 0);

export function handleRequest(life: Lifecycle, arrived: Arrived): void {
  const { sa, answers } = life;
  const { header, bytes, path, now } = arrived;
  const arrival = answers.classify(header.messageId);
  // Before an initiator is authenticated, only a request that overtook the answer to IKE_AUTH can be honest: it comes
  // again.
  const early = sa.isInitiator && sa.state !== 'established' && sa.state !== 'deleting';
  if (arrival === 'outside' || early || (sa.state === 'idle') !== isFirst(header)) {
    sa.counters.outOfWindow++;
    return undefined;
  }
  // This very request waits for an answer from outside: the peer has to wait as well, and gets its answer then.
  if (sa.state === 'asking') {
    sa.counters.retransmitsReceived++;
    return undefined;
  }
  if (arrival === 'again') {
    // Not the same octets, which §2.1 demands, but it is the peer who asks.
    if (!asksAgain(sa, bytes)) return undefined;
    sa.counters.retransmitsReceived++;
    return life.send(now, answers.repeat(), path);
  }
  const reading = readDatagram(sa, bytes);
  if (reading.kind === 'worthless') {
    if (reading.counter !== undefined) sa.counters[reading.counter]++;
    if (sa.state === 'idle' && reading.answer !== undefined) {
      life.send(now, [refuseInClear(header, reading.answer)], path);
    }
    return undefined;
  }
  // Recognised by its first fragment when it comes again.
  const whole = reading.first === undefined ? arrived : { ...arrived, bytes: reading.first };
  sa.openedBy = sa.opening;
  if (sa.state !== 'idle') noteAuthentic(life, whole);
  return serve(life, whole, reading);
}

function serve(life: Lifecycle, arrived: Arrived, reading: Exclude<Reading, { kind: 'worthless' }>): void {
  const { sa } = life;
  const { now, header, path } = arrived;
  if (reading.kind === 'faulty') {
    // INVALID_SYNTAX is fatal to both ends (§2.21.3), and any fault is before there is an SA to keep (§2.21.2).
    const fatal = reading.notify === NotifyType.INVALID_SYNTAX || sa.state === 'ike-auth';
    return refuse(life, arrived, reading.answer, fatal ? reading.detail : undefined);
  }
  const service = accepts(sa.config.role, sa.state, header.exchange) ? serviceOf(header.exchange) : undefined;
  if (service === undefined) {
    const detail = `${exchangeTypes.nameOf(header.exchange)} request in state ${sa.state}`;
    return refuse(life, arrived, notify(NotifyType.INVALID_SYNTAX), detail);
  }
  const tasks = service.tasks(sa, life.requests.window);
  judge(
    life,
    now,
    tasks,
    (task, at) => task.onRequest?.({ sa, now: at, path }, reading.message),
    (at, verdict) => conclude(life, { ...arrived, now: at }, verdict, service, tasks),
  );
}

/** The request is judged: the answer is made, which may take another question. */
function conclude(
  life: Lifecycle,
  arrived: Arrived,
  verdict: Settled,
  service: Service,
  tasks: readonly Task[],
): void {
  const { sa } = life;
  const { now, path } = arrived;
  if (verdict !== undefined) return decline(life, arrived, verdict);
  judge(
    life,
    now,
    tasks,
    (task, at) => task.prepare?.({ sa, now: at, path }),
    (at, unprepared) =>
      unprepared === undefined
        ? grant(life, { ...arrived, now: at }, service, tasks)
        : decline(life, { ...arrived, now: at }, unprepared),
  );
}

function grant(life: Lifecycle, arrived: Arrived, service: Service, tasks: readonly Task[]): void {
  const { sa } = life;
  const { now, bytes, path } = arrived;
  const context: Exchange = { sa, now, path };
  const payloads: Payload[] = [];
  for (const task of tasks) task.response?.(context, payloads);
  if (sa.state === 'idle') {
    sa.path = path;
    sa.initRequest = bytes.slice();
  }
  answer(life, arrived, payloads);
  const leadsTo = service.leadsTo?.(sa);
  return succeed(life, context, { tasks, ...(leadsTo === undefined ? {} : { leadsTo }) });
}

function decline(life: Lifecycle, arrived: Arrived, verdict: Settled): void {
  const { sa } = life;
  switch (verdict?.ruling) {
    case 'refuse':
      if (sa.state === 'idle') return refuseFirst(life, arrived, verdict.answer);
      answer(life, arrived, [verdict.answer]);
      if (verdict.failure !== undefined) life.close(arrived.now, verdict.failure);
      return undefined;
    case 'drop':
      sa.counters[verdict.counter]++;
      return undefined;
    default:
      throw new Error(`a task answers a request with ${verdict?.ruling ?? 'nothing'}`);
  }
}

function answer(life: Lifecycle, arrived: Arrived, payloads: readonly Payload[]): void {
  const { now, header, bytes, path } = arrived;
  const { exchange, messageId } = header;
  const place = { exchange, messageId, response: true };
  const response = sealMessage(life.sa, place, payloads, path);
  // A copy, since payloads may show octets of the request, whose buffer is used again.
  const chain = encodeChain(payloads);
  // An answer of IKE_INTERMEDIATE stays under the keys it had. After the end there are none.
  const { sealing } = life.sa;
  life.answers.answered(messageId, bytes, response, (datagrams) => {
    if (life.sa.sealing === undefined) return datagrams;
    const same = decodeChain(splitChain(chain.first, chain.bytes));
    return sealSmaller(life.sa, place, same, path, datagrams, undefined, sealing);
  });
  // To where the request came from, whatever the path of the SA is (§2.11).
  life.send(now, response, path);
}

function refuse(life: Lifecycle, arrived: Arrived, payload: Payload, fatal: string | undefined): void {
  answer(life, arrived, [payload]);
  if (fatal !== undefined) life.close(arrived.now, protocolError(fatal));
}

/** No SA, no state: the next IKE_SA_INIT of the same initiator finds us as this one did (§2.6). */
function refuseFirst(life: Lifecycle, { now, header, path }: Arrived, payload: Payload): void {
  life.send(now, [refuseInClear(header, payload)], path);
  const what = payload.kind === 'N' ? notifyTypes.nameOf(payload.type) : payload.kind;
  life.progress(`answered ${what} to ${path.remote.address}:${path.remote.port}`);
}
