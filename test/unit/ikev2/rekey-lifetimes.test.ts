/** Soft limits by time, bytes and packets, with jitter; nonces in their order (RFC 7296 §2.8, §2.8.1). */
import { describe, expect, it } from 'vitest';
import { deadlines, retryDelay, softUsage } from '#core/ikev2/lifetimes.ts';
import { compareNonces, lowerNonce } from '#core/ikev2/nonces.ts';
import { initiatorConfig } from '#test/harness/ikev2-pair.ts';
import { disagreements, spiOf, standing } from '#test/harness/ikev2-rekey.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';

const config = initiatorConfig(seededRandom(7));
const HOUR = { lifetimeSec: 3_600 };

describe('soft limits', () => {
  it('by time lie between 80 and 90 % of the lifetime, evenly', () => {
    const shares = Array.from(
      { length: 500 },
      () => (deadlines(config, 1_000, 3_600).rekeyAt ?? 0) - 1_000,
    ).map((ms) => ms / 3_600_000);
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.8);
    expect(Math.min(...shares)).toBeLessThan(0.81);
    expect(Math.max(...shares)).toBeLessThanOrEqual(0.9);
    expect(Math.max(...shares)).toBeGreaterThan(0.89);
  });

  it('stand in the events, before the hard end', () => {
    const pair = standing({ initiator: { ...HOUR, rekey: { ...NARROW }, child: { lifetimeSec: 600 } } });
    const [ike] = pair.events.initiator.of('ike-established');
    const [child] = pair.events.initiator.of('child-installed');
    expect((ike?.expiresAt ?? 0) - (ike?.rekeyAt ?? 0)).toBe(360_000);
    expect((child?.expiresAt ?? 0) - (child?.rekeyAt ?? 0)).toBe(60_000);
  });

  it('are absent without a lifetime, and where the peer is to rekey', () => {
    expect(deadlines(config, 0, undefined)).toEqual({});
    expect(deadlines({ ...config, rekey: 'never' }, 0, 60)).toEqual({ expiresAt: 60_000 });
    expect(
      softUsage({ ...config, rekey: 'never' }, { ...config.child, hardLimit: { bytes: 9n } }, false),
    ).toEqual({});
  });

  it('by packets mind the sequence number, unless it has 64 bits', () => {
    const { child } = config;
    const share = (packets = 0n) => Number((packets * 1_000n) / 0xffff_ffffn) / 1_000;
    expect(share(softUsage(config, child, false).packets)).toBeGreaterThan(0.79);
    expect(softUsage(config, child, true)).toEqual({});
    const limited = softUsage(config, { ...child, hardLimit: { packets: 1_000n, bytes: 2_000n } }, false);
    expect(limited.packets).toBeGreaterThanOrEqual(799n);
    expect(limited.packets).toBeLessThanOrEqual(900n);
    expect(limited.bytes).toBeGreaterThanOrEqual(1_599n);
    expect(limited.bytes).toBeLessThanOrEqual(1_800n);
  });

  it.each([
    [{ bytes: 1_000_000n }, { bytes: 799_000n, packets: 9n }, { bytes: 901_000n, packets: 9n }],
    [{ packets: 1_000n }, { bytes: 9n, packets: 799n }, { bytes: 9n, packets: 901n }],
  ])('a Child SA that has carried its share of %o is rekeyed, once', (hardLimit, before, after) => {
    const pair = standing({ initiator: { rekey: REKEY, child: { hardLimit } } });
    const spi = spiOf(pair, 'initiator');
    pair.do((now) => pair.initiator.noteUsage(now, spi, before)).run(1_000);
    expect(pair.drawing.lines).toEqual([]);
    pair.do((now) => pair.initiator.noteUsage(now, spi, after));
    pair.do((now) => pair.initiator.noteUsage(now, spi, after)).run(1_000);
    expect(pair.drawing.lines).toHaveLength(4);
    expect(disagreements(pair)).toEqual([]);
    pair.do((now) => pair.initiator.noteUsage(now, spi, after)).run(1_000);
    expect(pair.drawing.lines).toHaveLength(4);
  });
});

const NARROW = { margin: 0.1, jitter: 0, retryMs: 1_000, maxRetryMs: 60_000 };
const REKEY = { ...NARROW, jitter: 0.1 };

describe('both ends with the same lifetimes', () => {
  it('seldom begin together, and never lose anything by it', () => {
    let collisions = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const both = { rekey: REKEY, lifetimeSec: 7_200, child: { lifetimeSec: 3_600 } };
      const pair = standing({ seed, initiator: both, responder: both });
      pair.run(20 * 3_600_000);
      expect([seed, disagreements(pair)]).toEqual([seed, []]);
      expect(pair.events.initiator.of('refused')).toEqual([]);
      collisions +=
        pair.events.initiator.of('child-removed').length -
        pair.events.initiator.of('child-installed').length +
        1;
      const made = pair.events.initiator.of('child-installed').length;
      expect(made).toBeGreaterThan(20);
      expect(made).toBeLessThan(28);
    }
    expect(collisions).toBe(0);
  });

  it('beginning in the same instant each time still works', () => {
    const both = { rekey: NARROW, lifetimeSec: 7_200, child: { lifetimeSec: 3_600 } };
    const pair = standing({ initiator: both, responder: both });
    pair.run(20 * 3_600_000);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.initiator.state).toBe('established');
  });
});

describe('waiting after a refusal', () => {
  it('doubles up to a ceiling, give or take a quarter', () => {
    for (const [refusals, ms] of [
      [1, 1_000],
      [2, 2_000],
      [5, 16_000],
      [20, 60_000],
    ] as const) {
      const delays = Array.from({ length: 100 }, () => retryDelay(config, refusals));
      expect(Math.min(...delays)).toBeGreaterThanOrEqual(ms * 0.75);
      expect(Math.max(...delays)).toBeLessThanOrEqual(ms * 1.25);
      expect(new Set(delays).size).toBeGreaterThan(50);
    }
  });
});

describe('the order of nonces (§2.8.1)', () => {
  const octets = (...list: number[]) => Uint8Array.from(list);
  it.each([
    [octets(1, 2, 3), octets(1, 2, 4), -1],
    [octets(2, 0, 0), octets(1, 255, 255), 1],
    [octets(1, 2), octets(1, 2, 0), -1],
    [octets(1, 2, 0), octets(1, 2), 1],
    [octets(1, 2), octets(1, 2), 0],
    [octets(2), octets(1, 9, 9), 1],
  ])('%o and %o', (a, b, sign) => {
    expect(Math.sign(compareNonces(a, b))).toBe(sign);
    expect(lowerNonce(a, b)).toEqual(sign <= 0 ? a : b);
  });
});
