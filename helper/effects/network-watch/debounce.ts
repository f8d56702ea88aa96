/** Many changes become one call: when it is quiet again, or when it has not been for long. Used by linux.ts. */
import type { Clock } from '#helper/clock.ts';

/** One act makes several messages. A packet that waits for the new way waits as long as this; a change that is told of twice costs nothing. */
const QUIET_MS = 50;
/** A network that never rests is told of all the same. */
const LONGEST_MS = 500;

/** What answers a change by a change of its own must not go round as fast as it can: */
const PACE = {
  /** after so many calls, each soon after the one before, */
  calls: 10,
  soonMs: 3000,
  /** it is called no sooner than this after a change. */
  quietMs: 1000,
};

export class Debounce {
  readonly #clock: Clock;
  readonly #tell: () => void;
  readonly #paced: boolean;
  #since: number | undefined;
  #cancel: () => void = () => undefined;
  #last = Number.NEGATIVE_INFINITY;
  /** Calls in a row. */
  #row = 0;

  /** `paced`: `tell` answers the change, and whoever made it may make it again. */
  constructor(clock: Clock, tell: () => void, { paced = false }: { readonly paced?: boolean } = {}) {
    this.#clock = clock;
    this.#tell = tell;
    this.#paced = paced;
  }

  /** Whether it goes round, and is held to its pace. */
  get isHeld(): boolean {
    return this.#paced && this.#row >= PACE.calls && this.#isSoon();
  }

  change(): void {
    const now = this.#clock.now();
    this.#since ??= now;
    const quiet = this.isHeld ? PACE.quietMs : QUIET_MS;
    this.#cancel();
    this.#cancel = this.#clock.setTimer(
      Math.min(now + quiet, this.#since + Math.max(quiet, LONGEST_MS)),
      () => {
        this.#since = undefined;
        this.#count();
        this.#tell();
      },
    );
  }

  /** What has changed since the last call is not told of. */
  drop(): void {
    this.#since = undefined;
    this.#cancel();
  }

  #count(): void {
    this.#row = this.#isSoon() ? this.#row + 1 : 1;
    this.#last = this.#clock.now();
  }

  #isSoon(): boolean {
    return this.#clock.now() - this.#last <= PACE.soonMs;
  }
}
