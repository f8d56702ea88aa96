/**
 * When the next try to reconnect begins, and whether there is one: at once, then after 1 s, doubling to 60 s, each a fifth more
 * or less so that many clients of a gateway that came back do not speak at once. succession.ts keeps one for the life of a tunnel.
 */
import type { RandomBytes } from '#core/bytes/bytes.ts';
import type { Failure } from '#core/failure/failure.ts';
import type { Profile } from '#core/profile/profile.ts';
import { isFinal } from './endurance.ts';

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
const JITTER = 0.2;
/** A connection that did not hold so long does not count as success: a gateway that takes us and throws us out is not stormed. */
const HELD_MS = 60_000;

export class Retries {
  readonly #policy: Profile['reconnect'];
  readonly #random: RandomBytes;
  /** Waits of this search, and those that it begins with: as many as connections in a row did not hold. */
  #waits = 0;
  #shortLived = 0;
  #connectedAt = 0;
  #cause: Failure['cause'] | undefined;
  #inARow = 0;
  /** Which try it is since the tunnel was last connected, from 1; 0 before there is one. */
  attempt = 0;
  why: Failure | undefined;

  constructor(policy: Profile['reconnect'], random: RandomBytes) {
    this.#policy = policy;
    this.#random = random;
  }

  connected(now: number): void {
    this.#connectedAt = now;
    this.attempt = 0;
    this.why = undefined;
    this.#cause = undefined;
  }

  /** The one that was believed dead is not: no login came of it. */
  spoke(): void {
    this.attempt = 0;
    this.why = undefined;
    this.#cause = undefined;
    this.#waits = 0;
    this.#shortLived = 0;
  }

  /** A connection has ended: milliseconds until the first try, or `undefined` where the profile wants none. */
  lost(now: number, failure: Failure): number | undefined {
    if (now - this.#connectedAt >= HELD_MS) this.#shortLived = 0;
    // Tries that were in vain before it stood say nothing about a gateway that takes us and throws us out.
    this.#waits = this.#shortLived++;
    this.why = failure;
    this.attempt = 0;
    return this.#policy.enabled ? this.#wait() : undefined;
  }

  /** A try has failed: milliseconds until the next, or `undefined` where there is none. */
  failed(failure: Failure): number | undefined {
    this.why = failure;
    this.#inARow = failure.cause === this.#cause ? this.#inARow + 1 : 1;
    this.#cause = failure.cause;
    return this.isSpent || isFinal(failure, this.#inARow) ? undefined : this.#wait();
  }

  /** There were as many tries as the profile wants. */
  get isSpent(): boolean {
    const { attempts } = this.#policy;
    return attempts > 0 && this.attempt >= attempts;
  }

  /** The network has changed: what was in vain before may work now. */
  freshStart(): void {
    this.#waits = 1;
  }

  #wait(): number {
    const doubled = FIRST_WAIT_MS * 2 ** (this.#waits - 1);
    const wait = this.#waits === 0 ? 0 : Math.min(LONGEST_WAIT_MS, doubled);
    this.#waits++;
    return Math.round(wait * (1 + JITTER * this.#unit()));
  }

  /** Evenly distributed over -1 to 1. */
  #unit(): number {
    const octets = this.#random(4);
    return (new DataView(octets.buffer, octets.byteOffset, 4).getUint32(0) / 2 ** 32) * 2 - 1;
  }
}
