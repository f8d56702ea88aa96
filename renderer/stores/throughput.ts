/**
 * How fast octets go through each tunnel, from the counters that the helper tells at most once a second. Bounded: two
 * minutes a tunnel, forgotten with it. What was not seen (a hidden window) is a gap, never a guess.
 */
import type { TunnelStatus } from '#core/ipc/contract.ts';
import type { Slice } from './store.ts';

/** One measurement; rates in octets per second, null for what nobody saw. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly received: number | null;
  readonly sent: number | null;
}

interface Series {
  readonly samples: readonly Sample[];
  /** By inbound SPI: a Child SA that was rekeyed starts a count of its own. */
  readonly counts: Readonly<Record<string, { readonly received: number; readonly sent: number }>>;
}

/** So many samples are kept: two minutes, one a second. */
export const KEPT = 120;
/** Longer than this between two words of the helper, and what happened in between was not seen. */
const UNSEEN_MS = 5_000;

export interface ThroughputSlice {
  /** By profile. */
  readonly throughput: Readonly<Record<string, Series>>;
  readonly measure: (tunnels: readonly TunnelStatus[] | undefined) => void;
}

export const throughputSlice: Slice<ThroughputSlice> = (set, get, { now }) => ({
  throughput: {},
  measure(tunnels) {
    const at = now();
    const next: Record<string, Series> = {};
    for (const tunnel of tunnels ?? []) {
      if (tunnel.children.length === 0) continue;
      next[tunnel.profile.id] = grown(get().throughput[tunnel.profile.id], tunnel, at);
    }
    set({ throughput: next });
  },
});

function grown(series: Series | undefined, { children }: TunnelStatus, at: number): Series {
  const counts = Object.fromEntries(
    children.map(({ spiIn, bytesIn, bytesOut }) => [spiIn, { received: bytesIn, sent: bytesOut }]),
  );
  const last = series?.samples.at(-1);
  if (!series || !last) return { samples: [{ at, received: null, sent: null }], counts };
  const seconds = (at - last.at) / 1000;
  // The helper also speaks between its seconds, when a state changes: too short a time measures nothing.
  if (seconds < 0.5) return series;
  const unseen = at - last.at > UNSEEN_MS;
  const rate = (what: 'received' | 'sent'): number | null =>
    unseen ? null : grownBy(series.counts, counts, what) / seconds;
  const sample = { at, received: rate('received'), sent: rate('sent') };
  return { samples: [...series.samples, sample].slice(-KEPT), counts };
}

/** A Child SA that is new counts from zero; one that is gone has told all it carried but its last second. */
function grownBy(before: Series['counts'], now: Series['counts'], what: 'received' | 'sent'): number {
  return Object.entries(now).reduce(
    (sum, [spi, counts]) => sum + Math.max(0, counts[what] - (before[spi]?.[what] ?? 0)),
    0,
  );
}
