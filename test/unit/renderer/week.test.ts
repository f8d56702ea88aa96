/** A week of uptime at 10 Gbit/s, an event a second, in virtual time: nothing grows, no figure loses its last digit or jumps. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bridge } from '#electron/bridge-contract.ts';
import { bytes, elapsed } from '#renderer/format/units.ts';
import { createAppStore } from '#renderer/stores/store.ts';
import { KEPT } from '#renderer/stores/throughput.ts';
import { CONNECTED } from '#test/fakes/statuses.ts';

const WEEK = 7 * 24 * 3600;
/** Of it an hour more than a day is lived through; ADIT_LONG=1 lives through all of it. */
const LIVED = process.env['ADIT_LONG'] === '1' ? WEEK : 25 * 3600;
/** Octets that such a link carries in a second. */
const RATE = 1_250_000_000;
/** Keys are renewed each hour: a new Child SA, which counts anew. */
const HOUR = 3600;

describe('a week', () => {
  it('leaves the store as large as two minutes do', () => {
    const clock = { now: 0 };
    const store = createAppStore({
      bridge: {} as Bridge,
      now: () => clock.now,
      setTimer: () => () => undefined,
    });
    const [child] = CONNECTED.children;
    if (!child) throw new Error('the fake has no Child SA');
    const second = (at: number): void => {
      clock.now = at * 1000;
      const spiIn = `c0ffee${String(Math.floor(at / HOUR)).padStart(2, '0')}`;
      const bytesIn = RATE * (at % HOUR);
      store.getState().receiveTunnels([{ ...CONNECTED, children: [{ ...child, spiIn, bytesIn }] }]);
    };
    const size = (): number => JSON.stringify(store.getState()).length;
    for (let at = 0; at < 2 * KEPT; at++) second(at);
    const early = size();
    for (let at = 2 * KEPT; at < LIVED; at++) second(at);
    const { samples, counts } = store.getState().throughput[CONNECTED.profile.id] ?? {};
    expect(samples).toHaveLength(KEPT);
    expect(Object.keys(counts ?? {})).toHaveLength(1);
    expect(samples?.at(-1)?.received).toBe(RATE);
    // Times and counts have more digits by now.
    expect(size()).toBeLessThan(early * 1.2);
  }, 60_000);

  it('counts every octet of it', () => {
    expect(Number.isSafeInteger(RATE * WEEK)).toBe(true);
    expect(Number.isSafeInteger(RATE * WEEK * 10)).toBe(true);
  });
});

describe('figures', () => {
  it('have two to four digits and a unit, whatever the amount', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (count) => {
        expect(bytes(count, 'en')).toMatch(/^(\d{1,3}|1,0\d\d|\d\.\d|1,0[012]\d) ([KMGTP]iB|B)$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('grow with the amount and do not go back and forth', () => {
    const shown = Array.from({ length: 600 }, (_, at) => bytes(RATE * at, 'en'));
    const changes = shown.filter((text, at) => text.length !== shown[at - 1]?.length).length;
    expect(changes).toBeLessThanOrEqual(6);
  });

  it('tell a week by days', () => expect(elapsed(WEEK + 3661)).toBe('7 d 1:01:01'));
});
