/** Many changes become one call: when it is quiet again, or when it has not been for long. Used by linux.ts. */
import type { Clock } from '#helper/clock.ts';

/** One act makes several messages. A packet that waits for the new way waits as long as this; a change that is told of twice costs nothing. */
const QUIET_MS = 50;
/** A network that never rests is told of all the same. */
const LONGEST_MS = 500;

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
