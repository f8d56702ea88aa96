/** The graph in numbers. Pure. */
import type { Sample } from '../../stores/throughput.ts';

export interface Summary {
  /** Octets per second, now. */
  readonly received: number;
  readonly sent: number;
  /** The highest point of either line, in the time that is shown. */
  readonly peak: number;
}

/** What the graph is wide, in seconds: so much at the least, so that its beginning is not drawn out. */
const LEAST_SEC = 60;
/** What it is high, in octets per second, where next to nothing goes through. */
const LEAST_RATE = 1024;

/** From and to, in seconds since 1970, for samples between `first` and `last`. */
export const spanOf = (first: number, last: number): [number, number] => [
  Math.min(first, last - LEAST_SEC),
  last,
];

/** From and to, in octets per second. */
export const heightOf = (most: number | null): [number, number] => [0, Math.max(most ?? 0, LEAST_RATE)];

export function summaryOf(samples: readonly Sample[]): Summary {
  const last = samples.at(-1);
  return {
    received: last?.received ?? 0,
    sent: last?.sent ?? 0,
    peak: samples.reduce((most, { received, sent }) => Math.max(most, received ?? 0, sent ?? 0), 0),
  };
}
