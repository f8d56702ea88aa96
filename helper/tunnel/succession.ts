/**
 * The associations of one life of a tunnel, one after the other: which of them carries packets, why and when a fresh one is to take
 * its place, what a failure of either means, and when no other follows. Two stand at once while one takes the place of another.
 * life.ts makes it and tells it what happens.
 *
 * | stage | packets into the TUN |
 * | --- | --- |
 * | connecting | there is no route to it yet: they go as they went before |
 * | connected | into a Child SA, or dropped where none takes them |
 * | reconnecting | dropped, or into the SA that is in doubt |
 */
import { explain } from '#core/failure/explain.ts';
import type { Failure } from '#core/failure/failure.ts';
import type { TunnelStatus } from '#core/ipc/contract.ts';
import type { Path } from '#core/net/address.ts';
import { type Clock, isoTime } from '../clock.ts';
import type { NetworkChange } from '../effects/network-watch/network-watch.ts';
import type { Logger } from '../log/log.ts';
import { unlessAborted } from './abort.ts';
import type { Association } from './association.ts';
import { Bell } from './bell.ts';
import type { Configuration } from './configuration.ts';
import { Departure } from './departure.ts';
import type { Dialler, SentTo } from './dialler.ts';
import { failureOf, systemFailure } from './failures.ts';
import type { History } from './history.ts';
import type { Negotiated } from './negotiate.ts';
import type { Person } from './person.ts';
import type { Retries } from './retries.ts';
import type { Suspicion } from './suspicion.ts';

/** What is in place: nothing yet, a connection that lives for all we know, or one that has to be made again. */
export type Stage = 'connecting' | 'connected' | 'reconnecting';

interface SuccessionOptions {
  readonly dialler: Dialler;
  readonly suspicion: Suspicion;
  readonly configuration: Configuration;
  readonly retries: Retries;
  readonly clock: Clock;
  readonly person: Person;
  readonly history: History;
  readonly log: Logger;
  /** The life is to end. */
  readonly signal: AbortSignal;
  /** The stage may be another one. */
  readonly onStage: (stage: Stage) => void;
  /** A fresh association stands; the system is brought in line with it. */
  readonly onConfigure: () => void;
  readonly onChange: () => void;
}

/** Why a fresh association is to take the place of one that stands. `lost`: that one is believed dead, but may yet speak. */
type Renewal = 'asked' | 'redirected' | 'reauthentication' | 'lost';

export class Succession {
  readonly #options: SuccessionOptions;
  readonly #bell = new Bell();
  readonly #departure: Departure;
  /** The one that carries packets. */
  #current: Association | undefined;
  #wasConnected = false;
  #renewal: Renewal | undefined;
  /** What became of the one that is `lost`. */
  #silence: Failure | undefined;
  /** Where the association `by` was told to go, until that was tried. */
  #sentTo: (SentTo & { readonly by: Association }) | undefined;
  /** When the next association is to be tried for (monotonic); `undefined` while none is wanted. */
  #due: number | undefined;
  #attempt: AbortController | undefined;
  /** From the first word of a try until its association is in use. */
  #renewing = false;
  /** What ends it, unless the try under way succeeds. */
  #unlessRenewed: Failure | undefined;
  #fatal: Failure | undefined;

  constructor(options: SuccessionOptions) {
    this.#options = options;
    this.#departure = new Departure(options.clock, () => {
      options.configuration.dropKept();
      this.#bell.ring();
    });
  }

  get stage(): Stage {
    if (!this.#wasConnected) return 'connecting';
    return this.#current && !this.#options.suspicion.doubted ? 'connected' : 'reconnecting';
  }

  /** The one that carries packets, or the one that is tried for while there is none. */
  get association(): Association | undefined {
    return this.#current ?? this.#options.dialler.trying;
  }

  get reconnect(): NonNullable<TunnelStatus['reconnect']> {
    const { clock, retries } = this.#options;
    const { attempt, why } = retries;
    const waits = this.#attempt === undefined && this.#due !== undefined;
    const nextAt = waits ? isoTime(clock, this.#due) : null;
    return { attempt, nextAt, why: why ?? null };
  }

  /** New keys now; `false` where there is no association. */
  rekey(what: 'ike' | 'child'): boolean {
    this.#current?.rekey(what);
    return this.#current !== undefined;
  }

  /** A fresh connection now; `false` before there was one. */
  renew(): boolean {
    if (!this.#wasConnected) return false;
    if (this.#current) this.#renewal = this.#options.suspicion.doubted ? 'lost' : 'asked';
    this.#want(this.#options.clock.now());
    return true;
  }

  /**
   * From the first association to the last. Resolves with the reason when it has ended by itself, or `undefined` when `signal` ended
   * it. Throws what hinders the first one.
   */
  async run(): Promise<Failure | undefined> {
    const { dialler, suspicion, signal } = this.#options;
    try {
      const first = await dialler.dial({ again: false, addresses: [], beside: false, signal });
      if (!first) return undefined;
      await this.#adopt(first);
      return await this.#keep();
    } finally {
      suspicion.stop();
      this.#departure.hurry();
    }
  }

  /** Nothing carries packets any more, and nothing will. */
  fail(failure: Failure): void {
    this.#fatal = failure;
    this.#bell.ring();
    this.#current?.fail(failure);
    this.#options.dialler.trying?.fail(failure);
  }

  /** From the first connection on: one association after the other. */
  async #keep(): Promise<Failure | undefined> {
    const { clock, configuration, signal } = this.#options;
    while (!signal.aborted && !this.#fatal) {
      if (configuration.isOutdated && this.#current) {
        await this.#reconfigure(this.#current);
        continue;
      }
      if (this.#due !== undefined && this.#due <= clock.now()) {
        this.#due = undefined;
        if (this.#isBack()) continue;
        await this.#renewNow();
        continue;
      }
      const due = this.#due;
      const cancel = due === undefined ? () => {} : clock.setTimer(due, () => this.#bell.ring());
      await unlessAborted(signal, this.#bell.heard());
      cancel();
    }
    return signal.aborted ? undefined : this.#fatal;
  }

  /** One try for a fresh association. */
  async #renewNow(): Promise<void> {
    const { dialler, configuration, retries, clock, person, signal, onChange, log } = this.#options;
    const sentTo = this.#renewal === 'redirected' ? this.#sentTo : undefined;
    this.#attempt = new AbortController();
    this.#renewing = true;
    retries.attempt++;
    onChange();
    try {
      const fresh = await dialler.dial({
        again: true,
        addresses: configuration.plan?.link.addresses.map(({ address }) => address) ?? [],
        sentTo,
        fromOtherPorts: this.#isUnheard(),
        // A silent one may speak while the fresh one logs in: INITIAL_CONTACT would end it at the gateway, and then ours is let go.
        beside: this.#current !== undefined && (this.#renewal !== 'lost' || this.#silence !== undefined),
        signal: AbortSignal.any([signal, this.#attempt.signal]),
      });
      this.#attempt = undefined;
      person.cancel();
      // Cut short: by the end, because it is not needed any more, or for a try over a network that has changed.
      if (fresh) await this.#adopt(fresh);
      else if (!this.#current || this.#renewal) this.#due ??= clock.now();
    } catch (error) {
      this.#attempt = undefined;
      person.cancel();
      const failure = failureOf(error);
      log.warn(`reconnecting (${retries.attempt}): ${explain(failure).sentence}`);
      // Once for each time that we are told, which redirects.ts bounds; meanwhile it may have been somewhere else.
      if (sentTo && sentTo === this.#sentTo) this.#sentTo = undefined;
      this.#failed(failure);
    }
    this.#renewing = false;
    this.#fatal ??= this.#unlessRenewed;
    onChange();
  }

  /** Nobody answers, and there is nothing left that could yet be answered where it was sent from. */
  #isUnheard(): boolean {
    return this.#current === undefined && this.#options.retries.why?.cause === 'no-answer';
  }

  #failed(failure: Failure): void {
    const { clock, person, retries, suspicion } = this.#options;
    const declined = failure.cause === 'secret-missing' && person.declined;
    const wait = retries.failed(failure);
    const insists = this.#renewal !== 'asked' && this.#renewal !== 'redirected';
    const isSent = this.#current !== undefined && this.#isSent(this.#current);
    if (wait !== undefined && !declined && insists && !isSent) {
      this.#want(clock.now() + wait);
      return;
    }
    // The silent one may yet speak, however many tries the profile wants beside.
    if (this.#silence && retries.isSpent) return;
    // What stands is better than nothing, for as long as it stands.
    if (!this.#current || (this.#silence && suspicion.doubted)) this.#fatal = failure;
    const failed = this.#renewal;
    this.#renewal = undefined;
    // Its own deadline took second place to this try, and still stands.
    if (this.#current && failed !== 'reauthentication') this.reauthenticate(this.#current);
    if (this.#current) this.#planRedirect(this.#current);
  }

  /** Takes an association in use: brings the system up to date, lets the old one go. */
  async #adopt(negotiated: Negotiated): Promise<void> {
    const { configuration, suspicion, retries, history, clock, signal, onStage, onConfigure } = this.#options;
    const { association } = negotiated;
    onConfigure();
    try {
      await configuration.adopt(negotiated, this.#current !== undefined);
    } catch (error) {
      void association.leave();
      throw error;
    }
    if (signal.aborted) return;
    if (this.#current) this.#departure.begin(this.#current, association);
    if (this.#silence && suspicion.doubted) history.ended(this.#silence, '');
    this.#current = association;
    this.#renewal = undefined;
    this.#silence = undefined;
    this.#unlessRenewed = undefined;
    this.#due = undefined;
    this.#wasConnected = true;
    retries.connected(clock.now());
    suspicion.watch(association);
    if (!association.isOver) onStage(this.stage);
    this.reauthenticate(association);
    this.#planRedirect(association);
    this.grown(association);
    void association.ended.then((failure) => this.#onEnd(association, failure));
  }

  /** The same association, elsewhere or with more to carry. Where the system refuses, a fresh one is the next try. */
  async #reconfigure(association: Association): Promise<void> {
    try {
      await this.#options.configuration.refresh(association);
    } catch (error) {
      association.fail(failureOf(error));
    }
  }

  /** It has one more Child SA. */
  grown(association: Association): void {
    const { configuration } = this.#options;
    if (association !== this.#current) return;
    configuration.grown(association);
    if (configuration.isOutdated) this.#bell.ring();
  }

  /** The gateway has answered it over another path. */
  moved(association: Association): void {
    if (association !== this.#current) return;
    this.#options.configuration.moved();
    this.#bell.ring();
  }

  #onEnd(association: Association, end: Failure | undefined): void {
    const { suspicion, retries, clock, history, log, signal, onStage } = this.#options;
    if (association !== this.#current || signal.aborted) return;
    const failure: Failure = end ?? { cause: 'closed-by-peer', detail: 'the gateway ended the connection' };
    void association.leave();
    const isSought = this.#renewal === 'lost';
    const lastTry = this.#silence && retries.isSpent ? retries.why : undefined;
    this.#current = undefined;
    this.#renewal = undefined;
    this.#silence = undefined;
    suspicion.stop();
    history.ended(failure, '');
    log.warn(explain(failure).sentence);
    // The tries in place of a silent one go on as they are.
    if (isSought && !this.#fatal && (this.#attempt || this.#due !== undefined)) {
      onStage(this.stage);
      return;
    }
    const wait = this.#fatal || lastTry ? undefined : retries.lost(clock.now(), failure);
    if (wait === undefined) {
      // What is to take its place may be the very reason for its end: some gateways keep one connection of a user.
      if (this.#renewing && !this.#fatal && !lastTry) {
        this.#unlessRenewed = failure;
        onStage(this.stage);
        return;
      }
      this.#fatal ??= lastTry ?? failure;
      this.#bell.ring();
      return;
    }
    // A renewal under way goes on in place of the first try.
    if (this.#attempt) retries.attempt = 1;
    else this.#due = clock.now() + wait;
    this.#bell.ring();
    onStage(this.stage);
  }

  /** A try at this time at the latest; one that is under way will do. */
  #want(at: number): void {
    if (!this.#attempt) this.#due = Math.min(at, this.#due ?? at);
    this.#bell.ring();
    this.#options.onChange();
  }

  /** Another login has to take its place, where its deadlines say when. */
  reauthenticate(association: Association): void {
    const { reauthenticateDue } = association.deadlines;
    if (association !== this.#current || reauthenticateDue === undefined) return;
    this.#renewal ??= 'reauthentication';
    this.#want(reauthenticateDue);
  }

  /** The gateway of `by` wants us elsewhere. */
  redirected(by: Association, sentTo: SentTo): void {
    this.#sentTo = { ...sentTo, by };
    this.#planRedirect(by);
  }

  /** The one that stands goes on until there is another, or its gateway ends it. */
  #planRedirect(association: Association): void {
    if (!this.#isSent(association) || this.#attempt) return;
    this.#renewal = 'redirected';
    this.#want(this.#options.clock.now());
  }

  /** Whether another one, where its gateway wants us, is the next to try for. One that is `lost` has to speak first: #isBack(). */
  #isSent(association: Association): boolean {
    return association === this.#current && association === this.#sentTo?.by && this.#renewal !== 'lost';
  }

  /** A fresh connection over another path, for want of MOBIKE. */
  moveTo(path: Path): void {
    this.#options.log.info(`our address towards the gateway is now ${path.local.address}`);
    this.#renewal = 'lost';
    this.#tryAgain();
  }

  /** A fresh connection as if there were none, while the old one is kept: the gateway may have forgotten it, or be out of reach. */
  silent(association: Association, failure: Failure): void {
    const { retries, clock, log, onStage } = this.#options;
    if (association !== this.#current || this.#silence) return;
    const wait = retries.lost(clock.now(), failure);
    // Where no other is wanted the engine says when this one is over.
    if (wait === undefined) return;
    log.warn(explain(failure).sentence);
    this.#silence = failure;
    this.#renewal = 'lost';
    if (this.#attempt) retries.attempt = 1;
    this.#want(clock.now() + wait);
    onStage(this.stage);
  }

  /**
   * Belief in the one that stands was lost or came back. What was believed dead and has spoken is not replaced, unless the gateway
   * has answered the other already.
   */
  believed(): void {
    const { dialler, person, onStage } = this.#options;
    const isAnswered = this.#attempt !== undefined && dialler.trying?.isAnswered === true;
    // Nobody has to type a code for a connection that is not needed: before that the gateway has not let the old one go.
    const waitsForPerson = person.question !== undefined;
    if (this.#silence && (!isAnswered || waitsForPerson)) this.#isBack();
    onStage(this.stage);
  }

  /** Whether the one that was to be replaced because it was silent stands after all. */
  #isBack(): boolean {
    const { retries, suspicion } = this.#options;
    const association = this.#current;
    if (!association || this.#renewal !== 'lost' || suspicion.doubted) return false;
    this.#renewal = undefined;
    this.#silence = undefined;
    this.#due = undefined;
    this.#attempt?.abort();
    this.#attempt = undefined;
    retries.spoke();
    this.reauthenticate(association);
    this.#planRedirect(association);
    return true;
  }

  /** Without effect before the first connection. Never rejects. */
  async network(change: Exclude<NetworkChange, { what: 'taken' }>): Promise<void> {
    const { suspicion, log } = this.#options;
    if (change.what === 'sleeping' || !this.#wasConnected) return;
    log.debug(change.what === 'woke' ? 'the machine woke' : 'the network has changed');
    try {
      if (this.#current) await suspicion.network(change);
      const { trying } = this.#options.dialler;
      // A login cannot move: what it waits for would go to an address that is gone.
      if (trying && (await suspicion.isStranded(trying)) && trying === this.#options.dialler.trying) {
        this.#attempt?.abort();
      }
    } catch (error) {
      log.warn(explain(systemFailure('The network cannot be examined', error)).sentence);
    }
    if (!this.#current || this.#renewal === 'lost') this.#tryAgain();
  }

  /** Something of what tunnels have in force was taken away, by whomever. Never rejects. */
  async taken({ taken, again }: Extract<NetworkChange, { what: 'taken' }>): Promise<void> {
    const { configuration } = this.#options;
    try {
      await configuration.restore(taken, again);
    } catch (error) {
      // One that stands gets another try: #reconfigure().
      if (!this.#current) this.fail(failureOf(error));
    }
    if (configuration.isOutdated) this.#bell.ring();
  }

  /** At once and from the start, unless the gateway is answering already, or a person is. */
  #tryAgain(): void {
    const { dialler, retries, clock } = this.#options;
    retries.freshStart();
    if (!this.#attempt) this.#want(clock.now());
    else if (!dialler.trying?.isAnswered) this.#attempt.abort();
  }
}
