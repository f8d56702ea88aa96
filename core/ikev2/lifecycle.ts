/**
 * The life of an IKE SA: its state, its deadlines, how it leaves and how it ends. responses.ts and serving.ts
 * read what the peer says and act through this; connection.ts is the face of all.
 */
import type { Failure } from '#core/failure/failure.ts';
import type { Path } from '#core/net/address.ts';
import { exchangeTypes } from '#core/registry/exchange-types.ts';
import { wishAgain } from './child-again.ts';
import type { Datagram, IkeRemovedReason } from './connection-types.ts';
import { type Plan, planFarewell, planLateUpdate, planLiveness, planReportExpired } from './exchanges.ts';
import type { IkeSa } from './ike-sa.ts';
import { type MachineInput, nextState } from './machine.ts';
import type { Payload } from './payload-types.ts';
import { survives } from './roaming.ts';
import { type Answer, fits, patienceSec, type Question, unanswered } from './questions.ts';
import { Requests } from './requests.ts';
import { DELETE_IKE_SA } from './tasks/delete.ts';
import { Timers } from './timers.ts';
import { giveUp } from './unfinished.ts';
import { takeDuePlans, upkeepAt } from './upkeep.ts';
import { ResponseWindow } from './window.ts';

type TimerName =
  | 'retransmit'
  | 'doubt'
  | 'half-open'
  | 'question'
  | 'patience'
  | 'liveness'
  | 'keepalive'
  | 'ike-expiry'
  | 'child-expiry'
  | 'upkeep'
  | 'leave'
  | 'retire'
  | 'follow-up';

/** The connection around an IKE SA, as far as the life of the SA has to know (succession.ts). */
export interface Line {
  readonly outgoing: Datagram[];
  /** Whether this is the SA that the connection lives by: it asks for life, keeps NATs open and renews itself. */
  isCurrent(life: Lifecycle): boolean;
  /** An exchange has ended: a rekeying may have made an heir. */
  resolve(now: number, life: Lifecycle): void;
  /** The SA has closed. Whether the connection goes on without it. */
  outlives(now: number, life: Lifecycle): boolean;
}

/** How long we stay to hear the answer to our last word. A user who disconnects does not wait for a dead gateway. */
const PATIENCE_MS = 5_000;
/** How long a responder waits for IKE_AUTH, unless the gateway says otherwise. */
const HALF_OPEN_MS = 30_000;
/** How long after bad news in the clear a better answer may come, at most. */
const MAX_DOUBT_MS = 3_000;
/** How long the peer has to delete an SA that is its to delete; then we do. */
const RETIRE_MS = 60_000;
const KEEPALIVE = Uint8Array.of(0xff);

interface OpenQuestion {
  readonly id: number;
  readonly question: Question;
  readonly resume: (now: number, answer: Answer) => void;
}

export class Lifecycle {
  readonly sa: IkeSa;
  readonly requests: Requests;
  answers = new ResponseWindow();
  readonly outgoing: Datagram[];
  readonly #line: Line;
  readonly #timers = new Timers<TimerName>();
  /** Bad news in the clear; told when nothing better comes. */
  #rumour: Failure | undefined;
  /** Why we are leaving; absent when it was asked for. */
  #parting: Failure | undefined;
  #open: OpenQuestion | undefined;
  #questions = 0;
  #lastInbound = 0;
  #lastOutbound = 0;
  /** When an SA that was replaced goes even without the peer's Delete. */
  #retireAt: number | undefined;
  #lost = false;
  #renewsForIds = false;

  constructor(sa: IkeSa, line: Line) {
    this.sa = sa;
    this.#line = line;
    this.outgoing = line.outgoing;
    this.requests = new Requests(this.sa, (datagrams, path) => {
      for (const bytes of datagrams) this.outgoing.push({ path, bytes });
    });
  }

  get nextDeadline(): number | undefined {
    return this.#timers.next();
  }

  get lastInbound(): number {
    return this.#lastInbound;
  }

  /** Moves the state along machine.ts. */
  enter(now: number, input: MachineInput): void {
    this.sa.state = nextState(this.sa.state, input);
    if (input === 'keyed') {
      this.#quell();
      if (!this.sa.isInitiator) {
        this.#timers.set('half-open', now + (this.sa.host.halfOpenMs ?? HALF_OPEN_MS));
      }
    }
    if (input === 'authenticated') this.#timers.set('half-open', undefined);
  }

  /** An IKE SA that a rekeying made: the exchange was proof of life for it. */
  beginAsHeir(now: number): void {
    this.#lastInbound = now;
    this.#lastOutbound = now;
  }

  /** Another SA has its place: the peer is to delete it, unless we do. */
  retire(now: number): void {
    this.sa.superseded = true;
    this.#retireAt = now + RETIRE_MS;
  }

  /** It lost a race: the peer is to delete it, or has never heard of it. */
  loseRace(now: number): void {
    this.retire(now);
    this.#lost = true;
  }

  /** Takes up what has become due by itself, and begins the next exchange. */
  tend(now: number): void {
    if (this.requests.astray) this.redirect(now);
    if (this.#renews) {
      this.#renewForIds(now);
      this.requests.add(...takeDuePlans(this.sa, now, this.requests.window));
    } else if (this.sa.owesUpdate && this.sa.state === 'established' && this.requests.idle) {
      this.sa.owesUpdate = false;
      this.requests.add(planLateUpdate(this.requests.window));
    }
    this.proceed(now);
  }

  /** IDs never wrap: a successor, which counts from 0, is made in time (§2.2). Once; what follows a refusal is a matter of the wish. */
  #renewForIds(now: number): void {
    const { window } = this.requests;
    if (this.#renewsForIds || (!window.nearsEnd && !this.answers.nearsEnd)) return;
    this.#renewsForIds = true;
    if (this.sa.config.rekey !== 'never') this.sa.rekeyAt = now;
  }

  get #renews(): boolean {
    return this.sa.state === 'established' && this.#line.isCurrent(this);
  }

  /** The exchange is over: takes what it made, and goes on. */
  conclude(now: number): void {
    this.#line.resolve(now, this);
    this.tend(now);
  }

  /** Queues an exchange and begins it when none is outstanding. */
  ask(now: number, plan: Plan): void {
    this.requests.add(plan);
    this.proceed(now);
  }

  /** Begins the next exchange in the queue, when there is one. */
  proceed(now: number): void {
    const until = this.requests.begin(now);
    if (until === undefined) return;
    this.#sent(now, until);
    const { plan } = this.requests.outstanding ?? {};
    // Progress is of interest while connecting and leaving; the small talk in between is not.
    if (plan !== undefined && this.sa.state !== 'established') {
      const to = this.sa.path?.remote;
      this.progress(`${exchangeTypes.nameOf(plan.exchange)} to ${to?.address ?? ''}:${to?.port ?? 0}`);
    }
  }

  /** Sends the outstanding request of IKE_SA_INIT again in another form. */
  repeat(now: number): void {
    this.#quell();
    const until = this.requests.repeat(now);
    if (until !== undefined) this.#sent(now, until);
  }

  /** Sends the outstanding request, if any, over the path as it is now. */
  redirect(now: number): void {
    const until = this.requests.redirect(now);
    if (until !== undefined) this.#sent(now, until);
  }

  /** Takes up a request whose attempts are spent without an end (roaming.ts): with all of them anew. */
  resume(now: number): void {
    if (!this.#timers.has('retransmit')) this.redirect(now);
  }

  #sent(now: number, until: number): void {
    this.#lastOutbound = now;
    this.#timers.set('retransmit', until);
  }

  /** The answer to the outstanding request was taken. */
  settled(): void {
    this.requests.settle();
    this.#timers.set('retransmit', undefined);
  }

  /** Asks the driver and waits: nothing is sent and nothing of the peer is heard until the answer comes. */
  inquire(now: number, question: Question, resume: OpenQuestion['resume']): void {
    // The exchange has brought what it could; its answer is not asked for again.
    this.settled();
    this.enter(now, 'ask');
    this.#open = { id: ++this.#questions, question, resume };
    this.#timers.set('question', now + patienceSec(question) * 1000);
    this.sa.emit({ type: 'question', id: this.#open.id, question });
  }

  /** Whether this was an answer to the open question. */
  answer(now: number, id: number, answer: Answer): boolean {
    const open = this.#open;
    if (open?.id !== id || !fits(open.question, answer)) return false;
    this.#dropQuestion();
    this.enter(now, 'answered');
    open.resume(now, answer);
    return true;
  }

  /** Ends while a question is open. The gateway may hold an IKE SA by now, which a Delete ends. */
  giveUp(now: number, failure?: Failure): void {
    // Before the first IKE_AUTH there is none; and a responder that does not answer makes none.
    if (!this.sa.isInitiator || this.requests.window.next < 2 + this.sa.intAuth.exchanges)
      return this.close(now, failure);
    return this.leave(now, [DELETE_IKE_SA], failure);
  }

  #dropQuestion(): void {
    this.#open = undefined;
    this.#timers.set('question', undefined);
  }

  progress(detail: string): void {
    this.sa.emit({ type: 'progress', state: this.sa.state, detail });
  }

  /** Something fresh and authentic came from the peer (§2.4). */
  alive(now: number): void {
    this.#lastInbound = Math.max(this.#lastInbound, now);
  }

  /**
   * Bad news that nothing vouches for (§2.21.1). An explicit refusal is believed after a short time, long enough for
   * one more retransmission to be answered; mere garbage only when all retransmissions are spent.
   */
  doubt(now: number, failure: Failure, explicit: boolean): void {
    if (explicit || this.#rumour === undefined) this.#rumour = failure;
    if (!explicit || this.#timers.has('doubt')) return;
    this.#timers.set('doubt', now + Math.min(MAX_DOUBT_MS, 2 * this.sa.config.retransmit.initialMs));
  }

  #quell(): void {
    this.#rumour = undefined;
    this.#timers.set('doubt', undefined);
  }

  /** Tells the peer that it is over, and ends when that is answered or patience runs out. */
  leave(now: number, farewell: readonly Payload[], failure?: Failure): void {
    this.#dropQuestion();
    this.enter(now, 'take-leave');
    this.#parting = failure;
    // Nobody waits for the end of an SA that was replaced: its Delete is sent until it arrives.
    if (!this.sa.superseded) this.#timers.set('patience', now + PATIENCE_MS);
    this.requests.clearQueue();
    this.ask(now, planFarewell(farewell));
  }

  /** The end: forgets everything, tells the driver once. */
  close(now: number, failure?: Failure): void {
    const { sa } = this;
    const reason = failure ?? this.#parting;
    this.requests.outstanding?.plan.unanswered?.(sa);
    this.#dropQuestion();
    this.enter(now, 'close');
    this.requests.settle();
    this.#timers.clear();
    this.#forget(now, reason);
    const goesOn = this.#line.outlives(now, this);
    this.requests.clearQueue();
    if (goesOn) return;
    for (const child of sa.children.values()) sa.removeChild(now, child, 'ike-closed');
    sa.emit({ type: 'closed', ...(reason === undefined ? {} : { failure: reason }) });
  }

  /** Ends and is forgotten, without a word to anybody. */
  drop(now: number): void {
    this.#dropQuestion();
    this.enter(now, 'close');
    this.requests.clear();
    this.#timers.clear();
    this.#forget(now);
  }

  /** Wipes the keys, and says so for the record. */
  #forget(now: number, failure?: Failure): void {
    const { stood, superseded, spiI, spiR } = this.sa;
    this.sa.forget();
    if (!stood) return;
    const reason = superseded ? 'rekeyed' : removalOf(failure);
    this.sa.emit({ type: 'ike-removed', spiI, spiR, at: now, reason });
  }

  /** Not a word to the peer any more, not even a repeated one. */
  silence(): void {
    this.outgoing.length = 0;
    this.answers = new ResponseWindow();
  }

  /** Sets the deadlines that follow from the state of things; called after whatever has happened. */
  rearm(): void {
    const { sa } = this;
    const { livenessSec, natKeepaliveSec, encapsulation } = sa.config;
    const established = this.#renews;
    this.#timers.set('retire', sa.state === 'established' ? this.#retireAt : undefined);
    this.#timers.set('upkeep', established ? upkeepAt(sa) : undefined);
    this.#timers.set('ike-expiry', established ? sa.expiresAt : undefined);
    this.#timers.set('follow-up', sa.unfinished.theirs?.until);
    this.#timers.set('leave', established ? sa.leaveAt?.at : undefined);
    const ends = [...sa.children.values()].flatMap(({ expiresAt }) => expiresAt ?? []);
    this.#timers.set('child-expiry', established && ends.length > 0 ? Math.min(...ends) : undefined);
    // A request under way is a question for life already.
    const asks = established && livenessSec > 0 && this.requests.idle;
    this.#timers.set('liveness', asks ? this.#lastInbound + livenessSec * 1000 : undefined);
    // RFC 3948 §4 wants keepalives from behind a NAT. With forced encapsulation nobody knows of one, but a firewall
    // that follows UDP flows forgets ours in the same way. The cadence counts from our last IKE message: what ESP
    // sends is not known here, and an octet too many costs less than a flow that is forgotten.
    // While a person looks for a password, the mapping has to last as well.
    const keyed = established || ((sa.state === 'ike-auth' || sa.state === 'asking') && sa.isInitiator);
    const keepalives = keyed && natKeepaliveSec > 0 && (sa.nat.local || encapsulation === 'force');
    this.#timers.set('keepalive', keepalives ? this.#lastOutbound + natKeepaliveSec * 1000 : undefined);
  }

  /** Sends an answer, or what else is no request of ours. */
  send(now: number, datagrams: readonly Uint8Array[], path: Path): void {
    this.#lastOutbound = now;
    for (const bytes of datagrams) this.outgoing.push({ path, bytes });
  }

  handleTimeout(now: number): void {
    for (;;) {
      const due = this.#timers.takeDue(now);
      if (due === undefined) return;
      this.#onTimer[due](now);
      this.rearm();
    }
  }

  readonly #onTimer: Readonly<Record<TimerName, (now: number) => void>> = {
    retransmit: (now) => {
      const until = this.requests.resend(now);
      if (until !== undefined) this.#sent(now, until);
      else if (!survives(this, now)) this.close(now, this.#silence(now));
    },
    doubt: (now) => this.close(now, this.#rumour),
    'half-open': (now) =>
      this.close(now, { cause: 'timeout', seconds: (this.sa.host.halfOpenMs ?? HALF_OPEN_MS) / 1000 }),
    question: (now) => this.giveUp(now, this.#open && unanswered(this.#open.question)),
    patience: (now) => this.close(now),
    liveness: (now) => this.ask(now, planLiveness(this.requests.window)),
    keepalive: (now) => {
      this.#lastOutbound = now;
      if (this.sa.path !== undefined)
        this.outgoing.push({ path: this.sa.path, bytes: KEEPALIVE, keepalive: true });
    },
    'ike-expiry': (now) =>
      this.leave(now, [DELETE_IKE_SA], { cause: 'expired', lifetimeSec: this.sa.config.lifetimeSec ?? 0 }),
    leave: (now) => this.leave(now, [DELETE_IKE_SA], this.sa.leaveAt?.failure),
    upkeep: (now) => this.tend(now),
    retire: (now) => (this.#lost ? this.close(now) : this.leave(now, [DELETE_IKE_SA])),
    // The peer will ask no more: it has lost track, or sees that its rekeying has met ours (RFC 9370 §2.2.4).
    'follow-up': (now) => {
      giveUp(this.sa, 'theirs');
      this.proceed(now);
    },
    'child-expiry': (now) => {
      for (const child of this.sa.children.values()) {
        if (child.expiresAt === undefined || child.expiresAt > now) continue;
        // A hard lifetime is hard: no packet after it, whatever the peer answers (RFC 4301 §4.4.2.1).
        this.sa.removeChild(now, child, 'expired');
        wishAgain(this.sa, now, child);
        this.ask(now, planReportExpired(child, this.requests.window));
      }
    },
  };

  /** Why nobody answers any more; absent when we were leaving anyway. */
  #silence(now: number): Failure | undefined {
    switch (this.sa.state) {
      case 'established':
        // A superseded one that stays unanswered says nothing about the connection: it goes unheard.
        return { cause: 'peer-dead', lastSeenSecAgo: Math.round((now - this.#lastInbound) / 1000) };
      case 'deleting':
        return undefined;
      default:
        return this.#rumour ?? this.requests.noAnswer();
    }
  }
}

function removalOf(failure: Failure | undefined): IkeRemovedReason {
  switch (failure?.cause) {
    case undefined:
      return 'deleted-by-us';
    case 'closed-by-peer':
      return 'deleted-by-peer';
    case 'expired':
      return 'expired';
    default:
      return 'failed';
  }
}
