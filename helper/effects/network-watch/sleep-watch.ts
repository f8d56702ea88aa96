/**
 * How long the machine slept: from the clocks, each time the kernel says that the wall clock was set or the machine
 * woke, and when logind says so. Two that tell of one sleep become one. Used by linux.ts.
 */
import type { Clocks } from '#helper/native/watch.ts';
import type { NetworkChange } from './network-watch.ts';

/** Shorter sleep breaks nothing that a network change would not tell of. */
const LEAST_SLEEP_MS = 1000;
/**
 * The wall clock went on and nothing else did: a virtual machine that stood still, or somebody set the clock. NTP sets
 * one that is off by tenths of a second.
 */
const LEAST_JUMP_MS = 5000;

export class SleepWatch {
  readonly #read: () => Clocks;
  readonly #tell: (change: NetworkChange) => void;
  #before: Clocks;
  /** logind's latest sleep is told of already. */
  #told = false;

  constructor(read: () => Clocks, tell: (change: NetworkChange) => void) {
    this.#read = read;
    this.#tell = tell;
    this.#before = read();
  }

  /** The wall clock was set, by whatever amount. */
  clockSet(): void {
    const { slept, jumped } = this.#measure();
    if (slept < LEAST_SLEEP_MS && jumped < LEAST_JUMP_MS) return;
    this.#woke(Math.max(slept, jumped));
  }

  /** PrepareForSleep of logind: before and after. */
  prepare(before: boolean): void {
    if (before) {
      this.#told = false;
      this.#tell({ what: 'sleeping' });
      return;
    }
    const { slept, jumped } = this.#measure();
    if (!this.#told) this.#woke(Math.max(slept, jumped));
  }

  #woke(sleptMs: number): void {
    this.#told = true;
    this.#tell({ what: 'woke', sleptMs: Math.round(sleptMs) });
  }

  /** Since the last time. A wall clock that was put back tells nothing: 0. */
  #measure(): { readonly slept: number; readonly jumped: number } {
    const [before, now] = [this.#before, this.#read()];
    this.#before = now;
    // CLOCK_MONOTONIC is slewed as the wall clock is: only a step or sleep moves them apart.
    const ahead = (clocks: Clocks, of: 'boot' | 'wall'): number => clocks[of] - clocks.monotonic;
    return {
      slept: Math.max(0, ahead(now, 'boot') - ahead(before, 'boot')),
      jumped: Math.max(0, ahead(now, 'wall') - ahead(before, 'wall')),
    };
  }
}
