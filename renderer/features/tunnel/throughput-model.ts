/** The graph in numbers. Pure. */
import type { Sample } from '../../stores/throughput.ts';

export interface Summary {
  /** Octets per second, now. */
  readonly received: number;
  readonly sent: number;
  /** Of both together, in the time that is shown. */
  readonly peak: number;
}

export function summaryOf(samples: readonly Sample[]): Summary {
  const last = samples.at(-1);
  return {
    received: last?.received ?? 0,
    sent: last?.sent ?? 0,
    peak: samples.reduce((most, { received, sent }) => Math.max(most, (received ?? 0) + (sent ?? 0)), 0),
  };
}
