/**
 * How an association goes whose place another has taken: nothing is sent on it any more, and it is deleted when what was sent on it
 * has arrived. succession.ts keeps one: no more than one association is on its way out.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import type { Association } from './association.ts';

/** What was sent on the old connection has arrived by then, and has been opened. */
const STILL_UNDER_WAY_MS = 1000;

export class Departure {
  readonly #clock: Clock;
  readonly #onLeft: () => void;
  #leaveNow: () => void = () => {};

  /** `onLeft`: its farewell is on its way. */
  constructor(clock: Clock, onLeft: () => void) {
    this.#clock = clock;
    this.#onLeft = onLeft;
  }

  /** Nothing is sent on it any more, but a gateway with much to do takes our Delete before the packets that came earlier. */
  begin(old: Association, heir: Association): void {
    this.#leaveNow();
    // With another address inside, what waits in the adapter has the old one, which the heir does not carry.
    if (isDeepStrictEqual(old.config?.addresses, heir.config?.addresses)) old.retire();
    const leave = (): void => {
      cancel();
      this.#leaveNow = () => {};
      void old.leave();
      this.#onLeft();
    };
    const cancel = this.#clock.setTimer(this.#clock.now() + STILL_UNDER_WAY_MS, leave);
    this.#leaveNow = leave;
  }

  /** Lets the one that is on its way out go at once. */
  hurry(): void {
    this.#leaveNow();
  }
}
