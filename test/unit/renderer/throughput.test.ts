/** Rates from counters: over rekeyings, gaps and a week. */
import { describe, expect, it } from 'vitest';
import type { TunnelStatus } from '#core/ipc/contract.ts';
import { heightOf, spanOf, summaryOf } from '#renderer/features/tunnel/throughput-model.ts';
import { createAppStore } from '#renderer/stores/store.ts';
import { KEPT } from '#renderer/stores/throughput.ts';
import { bare, CONNECTED } from '#test/fakes/statuses.ts';

type Child = TunnelStatus['children'][number];

function measured() {
  const clock = { now: 1_000_000 };
  const never = (): never => {
    throw new Error('nothing is asked here');
  };
  const store = createAppStore({
    bridge: { call: never, onEvent: never },
    now: () => clock.now,
    setTimer: never,
  });
  return {
    after: (ms: number, ...children: Partial<Child>[]): void => {
      clock.now += ms;
      const [child] = CONNECTED.children;
      const tunnel = { ...CONNECTED, children: children.map((change) => ({ ...child, ...change }) as Child) };
      store.getState().measure(children.length === 0 ? [bare('disconnected')] : [tunnel]);
    },
    samples: () => store.getState().throughput['work']?.samples ?? [],
    last: () => store.getState().throughput['work']?.samples.at(-1),
  };
}

describe('the throughput', () => {
  it('is what was counted since the last second, by the second', () => {
    const { after, last } = measured();
    after(0, { bytesIn: 1_000_000, bytesOut: 50 });
    expect(last()).toMatchObject({ received: null, sent: null });
    after(1000, { bytesIn: 1_003_000, bytesOut: 50 });
    expect(last()).toMatchObject({ received: 3000, sent: 0 });
    after(2000, { bytesIn: 1_004_000, bytesOut: 1050 });
    expect(last()).toMatchObject({ received: 500, sent: 500 });
  });

  it('goes on over a rekeying', () => {
    const { after, last } = measured();
    after(0, { spiIn: 'a', bytesIn: 5000 });
    after(1000, { spiIn: 'a', bytesIn: 6000 }, { spiIn: 'b', bytesIn: 500 });
    expect(last()?.received).toBe(1500);
    after(1000, { spiIn: 'b', bytesIn: 2500 });
    expect(last()?.received).toBe(2000);
  });

  it('guesses nothing about what nobody saw', () => {
    const { after, last } = measured();
    after(0, { bytesIn: 0 });
    after(60_000, { bytesIn: 9_000_000 });
    expect(last()).toMatchObject({ received: null, sent: null });
    after(1000, { bytesIn: 9_000_100 });
    expect(last()?.received).toBe(100);
  });

  it('takes a word of the helper between its seconds for no measurement', () => {
    const { after, samples } = measured();
    after(0, { bytesIn: 0 });
    after(20, { bytesIn: 10 });
    after(980, { bytesIn: 1000 });
    expect(samples().map(({ received }) => received)).toEqual([null, 1000]);
  });

  it('never runs backwards, and ends with the tunnel', () => {
    const { after, last, samples } = measured();
    after(0, { bytesIn: 1000 });
    after(1000, { bytesIn: 10 });
    expect(last()?.received).toBe(0);
    after(1000);
    expect(samples()).toEqual([]);
  });

  it('does not grow in a week at 10 Gbit/s', () => {
    const { after, samples } = measured();
    for (let second = 0; second < 3_000; second++) after(1000, { bytesIn: second * 1.25e9 });
    expect(samples()).toHaveLength(KEPT);
    expect(summaryOf(samples())).toMatchObject({ received: 1.25e9, sent: 0, peak: 1.25e9 });
  });
});

describe('the graph', () => {
  it('is as high as the higher line, and has the words of the last second', () => {
    const samples = [
      { at: 0, received: null, sent: null },
      { at: 1000, received: 300, sent: 9000 },
      { at: 2000, received: 700, sent: 20 },
    ];
    expect(summaryOf(samples)).toEqual({ received: 700, sent: 20, peak: 9000 });
    expect(heightOf(9000)).toEqual([0, 9000]);
  });

  it('does not make mountains of a few octets, nor of nothing', () => {
    expect(heightOf(12)).toEqual([0, 1024]);
    expect(heightOf(null)).toEqual([0, 1024]);
  });

  it('shows a minute from its first second on, and what there is when there is more', () => {
    expect(spanOf(100, 100)).toEqual([40, 100]);
    expect(spanOf(100, 220)).toEqual([100, 220]);
  });
});
