/** Pseudo-random octets and numbers from a seed, so that a failing run can be run again. Never for keys that matter. */
import type { RandomBytes } from '#core/bytes/bytes.ts';

export interface SeededRandom {
  readonly bytes: RandomBytes;
  /** 0 <= x < 1 */
  readonly unit: () => number;
  /** A whole number, 0 <= x < bound. */
  readonly below: (bound: number) => number;
}

/** mulberry32: 32 bits of state are plenty for a test. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (x ^ (x >>> 14)) >>> 0;
  };
  const unit = (): number => next() / 2 ** 32;
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
    unit,
    below: (bound) => Math.floor(unit() * bound),
  };
}
