/** Many changes become one call: when it is quiet again, or when it has not been for long. Used by linux.ts. */
import type { Clock } from '#helper/clock.ts';

/** One act of a person or a daemon makes several messages, some of them this far apart. */
const QUIET_MS = 200;
/** A network that never rests is told of all the same. */
const LONGEST_MS = 1000;

export class Debounce {
  readonly #clock: Clock;
  readonly #tell: () => void;
  #since: number | undefined;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, tell: () => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  change(): void {
    const now = this.#clock.now();
    this.#since ??= now;
    this.#cancel();
    this.#cancel = this.#clock.setTimer(Math.min(now + QUIET_MS, this.#since + LONGEST_MS), () => {
      this.#since = undefined;
      this.#tell();
    });
  }

  close(): void {
    this.#cancel();
  }
}
