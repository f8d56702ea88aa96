/** When a request goes out again (RFC 7296 §2.4). */
import { describe, expect, it } from 'vitest';
import { RetransmitSchedule } from '#core/ikev2/retransmit.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';

const policy = { initialMs: 500, factor: 2, maxMs: 3_000, attempts: 5, jitter: 0 };
const middle = () => Uint8Array.of(0x7f, 0xff);

describe('RetransmitSchedule', () => {
  it('backs off exponentially up to the ceiling', () => {
    const schedule = new RetransmitSchedule(policy, middle);
    const waits: number[] = [];
    while (!schedule.exhausted) waits.push(schedule.sent(0));
    expect(waits).toEqual([500, 1_000, 2_000, 3_000, 3_000]);
    expect(schedule.attempts).toBe(5);
  });

  it('spreads the wait by the jitter, and no further', () => {
    const random = seededRandom(7);
    const waits = Array.from({ length: 200 }, () =>
      new RetransmitSchedule({ ...policy, jitter: 0.1 }, random.bytes).sent(1_000),
    );
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1_450);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_550);
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(80);
  });

  it('always waits at least a millisecond, so that time moves on', () => {
    const schedule = new RetransmitSchedule({ ...policy, initialMs: 0 }, middle);
    expect(schedule.sent(10)).toBe(11);
  });
});
