/**
 * Our requests: a queue of planned exchanges, one of them outstanding at a time (RFC 7296 §2.3: window size 1), sent
 * again octet by octet until it is answered (§2.1). connection.ts owns it and reads the answers.
 */
import type { Path, SocketAddress } from '#core/net/address.ts';
import { ExchangeType, exchangeTypes } from '#core/registry/exchange-types.ts';
import type { Failure } from '#core/failure/failure.ts';
import type { RetransmitPolicy } from './connection-types.ts';
import type { Plan } from './exchanges.ts';
import { RetransmitSchedule } from './retransmit.ts';
import type { IkeSa } from './ike-sa.ts';
import { ATTEMPTS_BEFORE_SMALLER, sealMessage, sealSmaller } from './seal.ts';
import type { Payload } from './payload-types.ts';
import { samePath } from './whereabouts.ts';
import { RequestWindow } from './window.ts';

interface Outstanding {
  readonly plan: Plan;
  readonly messageId: number;
  payloads: readonly Payload[];
  /** More than one where the message is fragmented. */
  datagrams: readonly Uint8Array[];
  schedule: RetransmitSchedule;
  /** The last path that it went out over. */
  sentOver: Path;
  /** Built anew before it is sent again. */
  outdated: boolean;
}

export class Requests {
  readonly window: RequestWindow;
  readonly #sa: IkeSa;
  readonly #send: (datagrams: readonly Uint8Array[], path: Path) => void;
  #queue: Plan[] = [];
  #outstanding: Outstanding | undefined;
  /** Every address and port that a request went to, for `no-answer`. */
  readonly #tried = new Map<string, SocketAddress>();

  constructor(
    sa: IkeSa,
    send: (datagrams: readonly Uint8Array[], path: Path) => void,
    window = new RequestWindow(),
  ) {
    this.#sa = sa;
    this.#send = send;
    this.window = window;
  }

  get outstanding():
    | { readonly plan: Plan; readonly messageId: number; readonly attempts: number }
    | undefined {
    const current = this.#outstanding;
    return current && { ...current, attempts: current.schedule.attempts };
  }

  /** Nothing under way and nothing waiting. */
  get idle(): boolean {
    return this.#outstanding === undefined && this.#queue.length === 0;
  }

  add(...plans: readonly Plan[]): void {
    this.#queue.push(...plans);
    this.#queue.sort((a, b) => Number(b.urgent ?? false) - Number(a.urgent ?? false));
  }

  /** What waits in another IKE SA's queue goes out under this one. */
  takeOver(from: Requests): void {
    this.add(...from.#queue);
    from.clearQueue();
  }

  /** Drops what has not been sent. */
  clearQueue(): void {
    this.#queue = [];
  }

  /** Drops everything. */
  clear(): void {
    this.clearQueue();
    this.settle();
  }

  /** Begins the next exchange when none is outstanding. Returns until when to wait, `undefined` when nothing was sent. */
  begin(now: number): number | undefined {
    if (this.#outstanding !== undefined) return undefined;
    this.#queue = this.#queue.filter(({ stillWanted }) => stillWanted?.(this.#sa) !== false);
    // While key exchanges are due with which the peer replaces the IKE SA, it would refuse new SAs, and may delete this one before
    // we hear its answer: the heir takes the queue over.
    const beingReplaced = this.#sa.unfinished.theirs?.about === 'ike';
    const plan = this.#queue.find(({ subject }) => !beingReplaced || subject === undefined);
    this.#queue = this.#queue.filter((other) => other !== plan);
    return plan && this.#start(now, plan, this.window.take());
  }

  /** Builds the outstanding request anew, under its own message ID: IKE_SA_INIT with a cookie or another group. */
  repeat(now: number): number | undefined {
    const current = this.#outstanding;
    return current && this.#start(now, current.plan, current.messageId);
  }

  #start(now: number, plan: Plan, messageId: number): number | undefined {
    const { path } = this.#sa;
    if (path === undefined) throw new Error('a request before there is a path');
    const built = this.#build(now, plan, messageId, path);
    const schedule = this.#newSchedule(plan);
    this.#outstanding = { plan, messageId, ...built, schedule, sentOver: path, outdated: false };
    this.#sa.asking = plan.subject;
    return this.#transmit(now, this.#outstanding, path);
  }

  #build(
    now: number,
    plan: Plan,
    messageId: number,
    path: Path,
  ): Pick<Outstanding, 'payloads' | 'datagrams'> {
    const payloads: Payload[] = [];
    for (const task of plan.tasks) task.request?.({ sa: this.#sa, now, path }, payloads);
    const place = { exchange: plan.exchange, response: false, messageId };
    return { payloads, datagrams: sealMessage(this.#sa, place, payloads, path) };
  }

  /**
   * The next retransmission says what the tasks say then. Not before: until it leaves, the answer may still be one to the octets
   * that went out, which AUTH covers (RFC 7296 §2.15).
   */
  rebuildLater(): void {
    if (this.#outstanding !== undefined) this.#outstanding.outdated = true;
  }

  /** Sends the same octets again, or the same message in smaller fragments, over the path as it is now; `undefined` when there were attempts enough. */
  resend(now: number): number | undefined {
    const current = this.#outstanding;
    const { path } = this.#sa;
    if (current === undefined || path === undefined || current.schedule.exhausted) return undefined;
    this.#sa.counters.retransmitsSent++;
    if (current.outdated) {
      const { plan, messageId } = current;
      Object.assign(current, this.#build(now, plan, messageId, path), { outdated: false });
    } else if (current.schedule.attempts === ATTEMPTS_BEFORE_SMALLER) this.#shrink(current, path);
    return this.#transmit(now, current, path);
  }

  /** Whether the outstanding request went over another path than we have now. */
  get astray(): boolean {
    return this.#outstanding !== undefined && !samePath(this.#outstanding.sentOver, this.#sa.path);
  }

  /**
   * Sends the outstanding request over the path as it is now, with all its attempts before it: the path is a new one (RFC 4555
   * §3.5). `undefined` when there is none.
   */
  redirect(now: number): number | undefined {
    const current = this.#outstanding;
    const { path } = this.#sa;
    if (current === undefined || path === undefined) return undefined;
    this.#sa.counters.retransmitsSent++;
    current.schedule = this.#newSchedule(current.plan);
    // IPv6 has longer headers, so that the fragments for IPv4 may not fit.
    this.#shrink(current, path, this.#sa.fragmentBytes);
    return this.#transmit(now, current, path);
  }

  #newSchedule({ exchange, login }: Plan): RetransmitSchedule {
    const { retransmit, retransmitInit, retransmitLogin, retransmitEstablished, random } = this.#sa.config;
    const particular: Readonly<Record<number, RetransmitPolicy | undefined>> = {
      [ExchangeType.IKE_SA_INIT]: retransmitInit,
      [ExchangeType.IKE_AUTH]: login && retransmitLogin,
      [ExchangeType.CREATE_CHILD_SA]: retransmitEstablished,
      [ExchangeType.IKE_FOLLOWUP_KE]: retransmitEstablished,
      [ExchangeType.INFORMATIONAL]: retransmitEstablished,
    };
    return new RetransmitSchedule(particular[exchange] ?? retransmit, random);
  }

  #shrink(current: Outstanding, path: Path, size?: number): void {
    const { plan, messageId, payloads, datagrams } = current;
    const place = { exchange: plan.exchange, response: false, messageId };
    current.datagrams = sealSmaller(this.#sa, place, payloads, path, datagrams, size);
  }

  #transmit(now: number, current: Outstanding, path: Path): number {
    const { datagrams, schedule } = current;
    current.sentOver = path;
    this.#tried.set(`${path.remote.address} ${path.remote.port}`, path.remote);
    this.#send(datagrams, path);
    return schedule.sent(now);
  }

  /** The answer was taken: the exchange is over. */
  settle(): void {
    this.#outstanding = undefined;
    this.#sa.asking = undefined;
  }

  /** What to say when nobody answered. */
  noAnswer(): Failure {
    return {
      cause: 'no-answer',
      exchange: exchangeTypes.nameOf(this.#outstanding?.plan.exchange ?? 0),
      tried: [...this.#tried.values()].map(({ address, port }) => ({ address, port })),
      attempts: this.#outstanding?.schedule.attempts ?? 0,
    };
  }
}
