/**
 * The helper's only clock. Whatever waits or measures in helper/ takes a Clock, so that tests own the time
 * (clock-fake.ts). Monotonic time drives the engine and timers; wall time is for people only.
 */

export interface Clock {
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Milliseconds since 1970, for status and log. */
  wall(): number;
  /** Calls once when now() has reached `at`, never before setTimer returned. The returned function cancels. */
  setTimer(at: number, callback: () => void): () => void;
}

/** setTimeout takes 31 bits; a later deadline is reached in steps. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  setTimer(at, callback) {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const wait = Math.max(0, Math.ceil(at - performance.now()));
      timer = setTimeout(wait > LONGEST_TIMER_MS ? arm : callback, Math.min(wait, LONGEST_TIMER_MS));
    };
    arm();
    return () => clearTimeout(timer);
  },
};

/** A point of monotonic time as wall-clock text, ISO 8601. */
export function isoTime(clock: Clock, at: number = clock.now()): string {
  return new Date(clock.wall() + (at - clock.now())).toISOString();
}

/** The same of a time that need not be known. */
export const isoTimeOf = (clock: Clock, at: number | undefined): string | undefined =>
  at === undefined ? undefined : isoTime(clock, at);

/** `promise`, or `undefined` when `ms` have passed first. The promise itself goes on. */
export async function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | undefined> {
  const timeout = Promise.withResolvers<undefined>();
  const cancel = clock.setTimer(clock.now() + ms, () => timeout.resolve(undefined));
  try {
    return await Promise.race([promise, timeout.promise]);
  } finally {
    cancel();
  }
}
