/**
 * What is said between the two ends: the peer's answers to our requests, its requests and our answers (RFC 7296 §2.1 to
 * §2.3, §2.21). Runs the tasks of an exchange and does what they want. connection.ts calls it with datagrams.
 */
import type { Path } from '#core/net/address.ts';
import { exchangeTypes, ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType, notifyTypes } from '#core/registry/notify-types.ts';
import { planAuth, serviceOf } from './exchanges.ts';
import { protocolError } from './failures.ts';
import { readDatagram, type Reading } from './inbound.ts';
import type { Lifecycle } from './lifecycle.ts';
import { accepts, type MachineInput } from './machine.ts';
import { notify } from './payload-access.ts';
import type { IkeHeader, Message, Payload } from './payload-types.ts';
import { refuseInClear, sealMessage } from './seal.ts';
import { DELETE_IKE_SA } from './tasks/delete.ts';
import type { Exchange, Task, Verdict } from './tasks/task.ts';

/** A datagram with what is known before it is opened. */
export interface Arrived {
  readonly now: number;
  readonly header: IkeHeader;
  readonly bytes: Uint8Array;
  readonly path: Path;
}

type Final = Extract<Verdict, { ruling: 'refuse' | 'close' | 'leave' }>;

export class Dialogue {
  readonly #life: Lifecycle;

  constructor(life: Lifecycle) {
    this.#life = life;
  }

  // --- answers to us ---

  handleResponse(arrived: Arrived): void {
    const { sa, requests } = this.#life;
    const { now, header, bytes } = arrived;
    const current = requests.outstanding;
    if (current?.messageId !== header.messageId || current.plan.exchange !== header.exchange) {
      sa.counters.outOfWindow++;
      return;
    }
    const reading = readDatagram(sa, bytes);
    if (reading.kind === 'worthless') {
      if (reading.counter !== undefined) sa.counters[reading.counter]++;
      if (sa.state === 'ike-sa-init') this.#life.doubt(now, protocolError(reading.detail), false);
      return;
    }
    if (reading.kind === 'faulty') {
      this.#authentic(arrived);
      this.#life.settled();
      // There is no answer to an answer: the SA ends by a request of ours (§2.21.3).
      this.#end(now, { ruling: 'leave', farewell: [DELETE_IKE_SA], failure: protocolError(reading.detail) });
      return;
    }
    this.#takeResponse(arrived, reading.message, current.plan);
  }

  #takeResponse(
    arrived: Arrived,
    message: Message,
    { tasks, exchange, leadsTo }: { tasks: readonly Task[]; exchange: number; leadsTo?: MachineInput },
  ): void {
    const life = this.#life;
    const { sa } = life;
    const { now, bytes, path } = arrived;
    if (exchange !== ExchangeType.IKE_SA_INIT) this.#authentic(arrived);
    // The user has changed their mind meanwhile: whatever this answer grants, our Delete comes next.
    const unwanted = sa.state === 'deleting' && leadsTo !== undefined;
    const context: Exchange = { sa, now, path };
    const verdict = unwanted ? undefined : first(tasks, (task) => task.onResponse?.(context, message));
    switch (verdict?.ruling) {
      case 'repeat':
        return life.repeat(now);
      case 'doubt':
        return life.doubt(now, verdict.failure, true);
      case 'drop':
        sa.counters[verdict.counter]++;
        return undefined;
      default:
    }
    life.settled();
    if (verdict !== undefined) return this.#end(now, verdict);
    if (exchange === ExchangeType.IKE_SA_INIT) sa.initResponse = bytes.slice();
    return this.#succeed(context, tasks, unwanted ? undefined : leadsTo, unwanted);
  }

  // --- requests of the peer ---

  handleRequest(arrived: Arrived): void {
    const { sa, answers } = this.#life;
    const { header, bytes, path, now } = arrived;
    const arrival = answers.classify(header.messageId);
    // Before an initiator is authenticated, only a request that overtook the answer to IKE_AUTH can be honest: it comes
    // again.
    const early = sa.isInitiator && sa.state !== 'established' && sa.state !== 'deleting';
    if (arrival === 'outside' || early || (sa.state === 'idle') !== isFirst(header)) {
      sa.counters.outOfWindow++;
      return;
    }
    const reading = readDatagram(sa, bytes);
    if (reading.kind === 'worthless') {
      if (reading.counter !== undefined) sa.counters[reading.counter]++;
      if (sa.state === 'idle' && reading.answer !== undefined) {
        this.#life.send(now, refuseInClear(header, reading.answer), path);
      }
      return;
    }
    if (arrival === 'again') {
      // Not the same octets, or the kept answer had gone out by now, but it is the peer who asks.
      sa.counters.retransmitsReceived++;
      if (answers.lastResponse !== undefined) this.#life.send(now, answers.lastResponse, path);
      return;
    }
    if (sa.state !== 'idle') this.#authentic(arrived);
    this.#serve(arrived, reading);
  }

  #serve(arrived: Arrived, reading: Exclude<Reading, { kind: 'worthless' }>): void {
    const { sa } = this.#life;
    const { now, header, path } = arrived;
    const role = sa.config.role;
    const service = accepts(role, sa.state, header.exchange) ? serviceOf(header.exchange) : undefined;
    if (reading.kind === 'faulty') {
      // INVALID_SYNTAX is fatal to both ends (§2.21.3), and any fault is before there is an SA to keep (§2.21.2).
      const fatal = reading.notify === NotifyType.INVALID_SYNTAX || sa.state === 'ike-auth';
      return this.#refuse(arrived, reading.answer, fatal ? reading.detail : undefined);
    }
    if (service === undefined) {
      const detail = `${exchangeTypes.nameOf(header.exchange)} request in state ${sa.state}`;
      return this.#refuse(arrived, notify(NotifyType.INVALID_SYNTAX), detail);
    }
    const tasks = service.tasks(sa, this.#life.requests.window);
    const context: Exchange = { sa, now, path };
    const verdict = first(tasks, (task) => task.onRequest?.(context, reading.message));
    if (verdict === undefined) {
      const payloads: Payload[] = [];
      for (const task of tasks) task.response?.(context, payloads);
      if (sa.state === 'idle') {
        sa.path = path;
        sa.initRequest = arrived.bytes.slice();
      }
      this.#answer(arrived, payloads);
      return this.#succeed(context, tasks, service.leadsTo, false);
    }
    switch (verdict.ruling) {
      case 'refuse':
        if (sa.state === 'idle') return this.#refuseFirst(arrived, verdict.answer);
        this.#answer(arrived, [verdict.answer]);
        if (verdict.failure !== undefined) this.#life.close(now, verdict.failure);
        return undefined;
      case 'drop':
        sa.counters[verdict.counter]++;
        return undefined;
      default:
        throw new Error(`a task answers a request with ${verdict.ruling}`);
    }
  }

  #answer({ now, header, bytes, path }: Arrived, payloads: readonly Payload[]): void {
    const { exchange, messageId } = header;
    const response = sealMessage(this.#life.sa, { exchange, messageId, response: true }, payloads);
    this.#life.answers.answered(messageId, bytes, response);
    this.#life.send(now, response, path);
  }

  #refuse(arrived: Arrived, payload: Payload, fatal: string | undefined): void {
    this.#answer(arrived, [payload]);
    if (fatal !== undefined) this.#life.close(arrived.now, protocolError(fatal));
  }

  /** No SA, no state: the next IKE_SA_INIT of the same initiator finds us as this one did (§2.6). */
  #refuseFirst({ now, header, path }: Arrived, payload: Payload): void {
    this.#life.send(now, refuseInClear(header, payload), path);
    const what = payload.kind === 'N' ? notifyTypes.nameOf(payload.type) : payload.kind;
    this.#life.progress(`answered ${what} to ${path.remote.address}:${path.remote.port}`);
  }

  // --- both ---

  /** The exchange is complete: moves the state, lets tasks take effect, goes on with what follows. */
  #succeed(
    context: Exchange,
    tasks: readonly Task[],
    leadsTo: MachineInput | undefined,
    unwanted: boolean,
  ): void {
    const life = this.#life;
    const { sa, now } = context;
    if (leadsTo !== undefined) life.enter(now, leadsTo);
    if (!unwanted) {
      for (const task of tasks) {
        const verdict = task.done?.(context);
        if (verdict?.ruling === 'close') return life.close(now, verdict.failure);
      }
    }
    if (leadsTo === 'keyed' && sa.config.role === 'initiator') {
      life.requests.add(planAuth(sa.config, life.requests.window));
    }
    const spent = life.requests.window.exhausted || life.answers.exhausted;
    if (spent && sa.state === 'established') {
      const failure = {
        cause: 'protocol-error',
        detail: 'all message IDs are used up',
        sentBy: 'us',
      } as const;
      return life.leave(now, [DELETE_IKE_SA], failure);
    }
    return life.proceed(now);
  }

  #end(now: number, verdict: Final | Extract<Verdict, { ruling: 'repeat' | 'doubt' | 'drop' }>): void {
    const life = this.#life;
    if (verdict.ruling === 'close') return life.close(now, verdict.failure);
    if (verdict.ruling !== 'leave') throw new Error(`a task judges an answer with ${verdict.ruling}`);
    if (life.sa.state !== 'deleting') return life.leave(now, verdict.farewell, verdict.failure);
    // We are leaving already: either our last word waits for its turn, or this was the answer to it.
    return life.requests.idle ? life.close(now) : life.proceed(now);
  }

  /** A fresh message whose ICV is right: proof of life, and of where the peer is now. */
  #authentic({ now, path }: Arrived): void {
    const { sa } = this.#life;
    this.#life.alive(now);
    // The responder follows the initiator to port 4500; `path` is told when IKE_AUTH has succeeded.
    if (sa.state === 'ike-auth' && !sa.isInitiator) {
      sa.path = path;
      return;
    }
    // §2.23: a peer behind a NAT may appear elsewhere when the NAT forgets; not when we are behind one ourselves.
    if (!sa.nat.remote || sa.nat.local || sa.path === undefined || samePath(sa.path, path)) return;
    sa.path = path;
    sa.emitPath();
  }
}

function first(tasks: readonly Task[], judge: (task: Task) => Verdict): Verdict {
  for (const task of tasks) {
    const verdict = judge(task);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

/** Begins an IKE SA: nobody has given it a responder SPI yet. */
export const isFirst = ({ exchange, messageId, spiR }: IkeHeader): boolean =>
  exchange === ExchangeType.IKE_SA_INIT && messageId === 0 && spiR.every((octet) => octet === 0);

const sameEnd = (a: Path['local'], b: Path['local']): boolean => a.address === b.address && a.port === b.port;
const samePath = (a: Path, b: Path): boolean => sameEnd(a.local, b.local) && sameEnd(a.remote, b.remote);
