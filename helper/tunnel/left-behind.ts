/**
 * Child SAs that a gateway may have left behind where we are no more. It has acknowledged our new address, or the new mapping of our
 * NAT (RFC 4555 §3.5), and answers IKE; but of what we send nothing is answered, and something was before. New keys help: a new
 * Child SA goes where the gateway sees us now. association.ts keeps one for its Child SAs.
 *
 * charon with ESP in user space moves a Child SA by rekeying it, after whatever request of its own is under way; where that was lost
 * on the old path, it is repeated first, after 4, 11 or 24 s. It answers ours meanwhile.
 *
 * | since the gateway acknowledged | what follows |
 * | --- | --- |
 * | something came in | nothing more: it is over, and the next time is like the first |
 * | nothing was sent | nothing, until something is |
 * | something was sent, and nothing came for ANSWER_MS | new keys for the Child SAs |
 * | and these are not granted for GRANT_MS | new keys for the IKE SA, too: where the peer is rekeying that one, it refuses the others (RFC 7296 §2.25.2) and grants this (§2.8.2) |
 * | nothing helped | nothing more; after the next acknowledgement not before 10 s, doubling to ten minutes |
 *
 * So one-way traffic costs an exchange or two for each move, and never the connection. Where nothing ever came in, or the network has
 * not changed, silence means nothing: the peer inside may have nothing to say.
 */
import type { Clock } from '../clock.ts';
import type { Logger } from '../log/log.ts';
import type { SaCounters } from '../native/data-plane.ts';

interface LeftBehindDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Of the Child SAs of this connection, with those that only receive any more. */
  readonly counters: () => readonly SaCounters[];
  /** The inbound SPIs of those that the protocol knows. */
  readonly standing: () => readonly number[];
  readonly rekey: (what: 'child' | 'ike') => void;
}

/** When it is first looked whether anything was sent; the waits double. */
const LOOK_MS = 100;
const LONGEST_LOOK_MS = 8000;
/** Two round trips of a slow path: a gateway may check our new address before its ESP follows (RFC 4555 §3.7). */
const ANSWER_MS = 400;
/** One round trip of a slow path, and a repetition. */
const GRANT_MS = 600;
/** What did not help is not tried again for so long. */
const REST_MS = 10_000;
const LONGEST_REST_MS = 600_000;

export class LeftBehind {
  readonly #deps: LeftBehindDeps;
  #stopped = false;
  #cancel: () => void = () => {};
  /** Something has come in. */
  #talks = false;
  /** When the gateway acknowledged, by inbound SPI. */
  #before = new Map<number, SaCounters>();
  #restMs = 0;
  #restUntil = 0;

  constructor(deps: LeftBehindDeps) {
    this.#deps = deps;
  }

  /** Something came in, not long ago. */
  heard(): void {
    this.#talks = true;
    this.#restMs = 0;
    this.#restUntil = 0;
  }

  /** The gateway has acknowledged where we are. */
  acknowledged(): void {
    this.#cancel();
    if (!this.#talks || this.#stopped) return;
    this.#before = new Map(this.#deps.counters().map((each) => [each.spiIn, each]));
    this.#awaitSending(LOOK_MS);
  }

  /** The connection is over: nothing is watched any more, whatever is acknowledged yet. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #awaitSending(waitMs: number): void {
    this.#after(waitMs, (now) => {
      const sent = this.#grew((each) => each.packetsOut);
      if (!sent) this.#awaitSending(Math.min(2 * waitMs, LONGEST_LOOK_MS));
      else this.#after(Math.max(ANSWER_MS, this.#restUntil - now), (at) => this.#renew(at));
    });
  }

  #renew(now: number): void {
    const { log, rekey, standing } = this.#deps;
    this.#restMs = Math.min(2 * this.#restMs || REST_MS, LONGEST_REST_MS);
    this.#restUntil = now + this.#restMs;
    const old = new Set(standing());
    log.info('the gateway knows where we are now, and nothing comes in: new keys for the Child SAs');
    rekey('child');
    this.#after(GRANT_MS, () => {
      if (standing().some((spiIn) => !old.has(spiIn))) return;
      log.info('the gateway does not grant them: new keys for the IKE SA, too');
      rekey('ike');
    });
  }

  /** Unless something has come in by then. */
  #after(waitMs: number, then: (now: number) => void): void {
    const { clock } = this.#deps;
    this.#cancel = clock.setTimer(clock.now() + waitMs, () => {
      if (this.#grew((each) => each.packetsIn)) this.heard();
      else then(clock.now());
    });
  }

  #grew(count: (counters: SaCounters) => bigint): boolean {
    return this.#deps.counters().some((each) => {
      const before = this.#before.get(each.spiIn);
      return count(each) > (before === undefined ? 0n : count(before));
    });
  }
}
