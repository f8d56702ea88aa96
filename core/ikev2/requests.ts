/**
 * Our requests: a queue of planned exchanges, one of them outstanding at a time (RFC 7296 §2.3: window size 1), sent
 * again octet by octet until it is answered (§2.1). connection.ts owns it and reads the answers.
 */
import type { Path, SocketAddress } from '#core/net/address.ts';
import { exchangeTypes } from '#core/registry/exchange-types.ts';
import type { Failure } from '#core/failure/failure.ts';
import type { Plan } from './exchanges.ts';
import { RetransmitSchedule } from './retransmit.ts';
import type { IkeSa } from './ike-sa.ts';
import { sealMessage } from './seal.ts';
import type { Payload } from './payload-types.ts';
import { RequestWindow } from './window.ts';

interface Outstanding {
  readonly plan: Plan;
  readonly messageId: number;
  readonly bytes: Uint8Array;
  readonly schedule: RetransmitSchedule;
}

export class Requests {
  readonly window: RequestWindow;
  readonly #sa: IkeSa;
  readonly #send: (bytes: Uint8Array, path: Path) => void;
  #queue: Plan[] = [];
  #outstanding: Outstanding | undefined;
  /** Every address and port that a request went to, for `no-answer`. */
  readonly #tried = new Map<string, SocketAddress>();

  constructor(sa: IkeSa, send: (bytes: Uint8Array, path: Path) => void, window = new RequestWindow()) {
    this.#sa = sa;
    this.#send = send;
    this.window = window;
  }

  get outstanding(): { readonly plan: Plan; readonly messageId: number } | undefined {
    return this.#outstanding;
  }

  /** Nothing under way and nothing waiting. */
  get idle(): boolean {
    return this.#outstanding === undefined && this.#queue.length === 0;
  }

  add(plan: Plan): void {
    this.#queue.push(plan);
  }

  /** Drops what has not been sent. */
  clearQueue(): void {
    this.#queue = [];
  }

  /** Drops everything. */
  clear(): void {
    this.clearQueue();
    this.#outstanding = undefined;
  }

  /** Begins the next exchange when none is outstanding. Returns until when to wait, `undefined` when nothing was sent. */
  begin(now: number): number | undefined {
    if (this.#outstanding !== undefined) return undefined;
    this.#queue = this.#queue.filter(({ stillWanted }) => stillWanted?.() !== false);
    const plan = this.#queue.shift();
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
    const payloads: Payload[] = [];
    for (const task of plan.tasks) task.request?.({ sa: this.#sa, now, path }, payloads);
    const bytes = sealMessage(this.#sa, { exchange: plan.exchange, response: false, messageId }, payloads);
    const schedule = new RetransmitSchedule(this.#sa.config.retransmit, this.#sa.config.random);
    this.#outstanding = { plan, messageId, bytes, schedule };
    return this.#transmit(now, this.#outstanding, path);
  }

  /** Sends the same octets again, over the path as it is now; `undefined` when there were attempts enough. */
  resend(now: number): number | undefined {
    const current = this.#outstanding;
    const { path } = this.#sa;
    if (current === undefined || path === undefined || current.schedule.exhausted) return undefined;
    this.#sa.counters.retransmitsSent++;
    return this.#transmit(now, current, path);
  }

  #transmit(now: number, { bytes, schedule }: Outstanding, path: Path): number {
    this.#tried.set(`${path.remote.address} ${path.remote.port}`, path.remote);
    this.#send(bytes, path);
    return schedule.sent(now);
  }

  /** The answer was taken: the exchange is over. */
  settle(): void {
    this.#outstanding = undefined;
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
