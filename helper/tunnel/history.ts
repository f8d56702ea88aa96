/** What a tunnel remembers of its past: why its last connection ended, and which SAs are no more. Kept from one life to the next. */
import type { Failure } from '#core/failure/failure.ts';
import { explain } from '#core/failure/explain.ts';
import type { Discarded, TunnelStatus } from '#core/ipc/contract.ts';
import type { Clock } from '../clock.ts';
import { isoTime } from '../clock.ts';

const MOST_DISCARDED = 16;

export class History {
  readonly #clock: Clock;
  lastEnd: TunnelStatus['lastEnd'] = null;
  discarded: readonly Discarded[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A connection, or the attempt to make one, is over: by a failure, or for the reason that `why` says. */
  ended(failure: Failure | undefined, why: string): void {
    const sentence = failure === undefined ? why : explain(failure).sentence;
    this.lastEnd = { at: isoTime(this.#clock), why: sentence, failure: failure ?? null };
  }

  discard(kind: Discarded['kind'], spi: string, why: string, at: string = isoTime(this.#clock)): void {
    const entry = { kind, spi, at, why };
    this.discarded = [...this.discarded, entry].slice(-MOST_DISCARDED);
  }
}
