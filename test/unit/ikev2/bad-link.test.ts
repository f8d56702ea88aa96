/** Handshake, traffic of INFORMATIONAL and Delete over links that lose, double, reorder and corrupt, by 200 seeds. */
import { describe, expect, it } from 'vitest';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { Ikev2Pair } from '#test/harness/ikev2-pair.ts';

/** Enough attempts that 30 % loss in each direction (51 % a round trip) is survived by every seed. */
const PATIENT = { initialMs: 300, factor: 1.3, maxMs: 2_000, attempts: 40, jitter: 0.1 };
const QUIET_ENDS = {
  initiator: { livenessSec: 0, retransmit: PATIENT },
  responder: { livenessSec: 0, retransmit: PATIENT },
} as const;
const seeds = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

const roughRun = () => {
  const pair = new Ikev2Pair({ seed: 5, link: { loss: 0.3, jitterMs: 100, duplicate: 0.3 } }).connect();
  return pair.world.sent.map(({ at, datagram }) => [at, datagram.bytes]);
};

describe('30 % loss, duplicates and reordering', () => {
  it('still connects, talks and closes, 200 times', () => {
    for (const seed of seeds(200)) {
      const pair = new Ikev2Pair({
        seed,
        ...QUIET_ENDS,
        link: { delayMs: 20, jitterMs: 200, loss: 0.3, duplicate: 0.2 },
      }).connect();
      expect([seed, pair.initiator.state, pair.responder.state]).toEqual([
        seed,
        'established',
        'established',
      ]);
      expect([seed, pair.events.initiator.types]).toEqual([
        seed,
        ['path', 'ike-established', 'config', 'child-installed'],
      ]);
      const [atI] = pair.events.initiator.of('child-installed');
      const [atR] = pair.events.responder.of('child-installed');
      expect(atI?.child.keysIn).toEqual(atR?.child.keysOut);
      pair.initiator.checkLiveness(pair.now);
      pair.do((now) => pair.responder.checkLiveness(now)).run(60_000);
      expect([seed, pair.initiator.state, pair.responder.state]).toEqual([
        seed,
        'established',
        'established',
      ]);
      pair.do((now) => pair.initiator.delete(now)).run(100_000);
      expect([seed, pair.initiator.state, pair.initiator.pollTimeout()]).toEqual([seed, 'closed', undefined]);
      expect(pair.events.initiator.of('closed')).toHaveLength(1);
      for (const { unauthenticated, malformed } of [pair.initiator.counters, pair.responder.counters]) {
        expect([seed, unauthenticated, malformed]).toEqual([seed, 0, 0]);
      }
    }
  });

  // A request and its answer arrive with the square of 1 - loss; eight attempts, for each of two exchanges.
  it.each([
    [0.3, 0, 4],
    [0.55, 5, 40],
  ])(
    'with the default budget of attempts either connects or says no-answer: loss of %d',
    (loss, least, most) => {
      const failures: unknown[] = [];
      for (const seed of seeds(60)) {
        const link = { delayMs: 20, jitterMs: 100, loss, duplicate: 0.2 };
        const pair = new Ikev2Pair({ seed, link }).connect();
        if (pair.initiator.state !== 'established') failures.push(pair.runToEnd().events.initiator.failure);
      }
      expect(failures.length).toBeGreaterThanOrEqual(least);
      expect(failures.length).toBeLessThanOrEqual(most);
      for (const failure of failures) expect(failure).toMatchObject({ cause: 'no-answer', attempts: 8 });
    },
  );
});

describe('corruption', () => {
  it('of protected messages only raises counters', () => {
    let counted = 0;
    for (const seed of seeds(60)) {
      const pair = new Ikev2Pair({ seed, ...QUIET_ENDS });
      // What is in the clear cannot tell a flipped bit from a word of the peer; UDP's checksum guards it on a real wire.
      pair.link.tamper = (flying) => {
        pair.link.options = {
          ...pair.link.options,
          corrupt: flying.bytes[18] === ExchangeType.IKE_SA_INIT ? 0 : 0.4,
        };
        return [flying];
      };
      pair.connect();
      expect([seed, pair.initiator.state]).toEqual([seed, 'established']);
      pair.do((now) => pair.initiator.checkLiveness(now)).run(30_000);
      expect([seed, pair.initiator.state, pair.responder.state]).toEqual([
        seed,
        'established',
        'established',
      ]);
      for (const { unauthenticated, malformed, outOfWindow } of [
        pair.initiator.counters,
        pair.responder.counters,
      ]) {
        counted += unauthenticated + malformed + outOfWindow;
      }
    }
    expect(counted).toBeGreaterThan(60);
  });

  it('of anything at all never does worse than a failure with a name', () => {
    for (const seed of seeds(60)) {
      const pair = new Ikev2Pair({ seed, link: { corrupt: 0.3, loss: 0.1, jitterMs: 50 } }).connect();
      const { state } = pair.initiator;
      if (state === 'established') continue;
      pair.runToEnd();
      expect([seed, pair.events.initiator.failure?.cause]).toEqual([seed, expect.any(String)]);
    }
  });
});

describe('virtual time', () => {
  it('runs a day of liveness and keepalives in a moment', () => {
    const pair = new Ikev2Pair({
      nat: { inside: '192.0.2.10', outside: '203.0.113.9' },
      initiator: { livenessSec: 60, lifetimeSec: 200_000 },
      responder: { livenessSec: 0 },
    }).connect();
    // In slices, since the world bounds its steps against two ends that answer each other for ever.
    for (let hour = 0; hour < 24; hour++) pair.run(3_600_000);
    expect(pair.initiator.state).toBe('established');
    const octets = pair.world.sent.filter(({ datagram }) => datagram.keepalive === true);
    expect(octets.length).toBeGreaterThan(2_500);
  });

  it('gives the same run for the same seed', () => {
    expect(roughRun()).toEqual(roughRun());
  });
});
