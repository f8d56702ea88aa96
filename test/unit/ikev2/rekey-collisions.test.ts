/** What happens when requests meet: every case of RFC 7296 §2.8.1, §2.8.2 and §2.25, drawn as the RFC draws it. */
import { describe, expect, it } from 'vitest';
import { toHex } from '#core/bytes/bytes.ts';
import type { Flying } from '#test/harness/virtual-link.ts';
import { type Ikev2Pair, INITIATOR_ADDRESS, type PairOptions, ts } from '#test/harness/ikev2-pair.ts';
import { disagreements, reasons, rekeyChild, rekeyIke, spiOf, standing } from '#test/harness/ikev2-rekey.ts';

const seeds = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
const spisOf = (pair: Ikev2Pair): string =>
  [...pair.initiator.life.sa.children.values()].map(({ spiIn }) => spiIn).join(' ');

/** Loses the next datagrams of one end, `count` of them. */
function lose(pair: Ikev2Pair, from: 'initiator' | 'responder', count: number): void {
  let left = count;
  pair.link.tamper = (flying: Flying) => {
    const ours = (flying.source.address === INITIATOR_ADDRESS) === (from === 'initiator');
    return ours && left-- > 0 ? [] : [flying];
  };
}

/** By 20 seeds, so that either end has the lowest nonce in some. */
function often(options: PairOptions, run: (pair: Ikev2Pair) => string): Set<string> {
  return new Set(
    seeds(20).map((seed) => {
      const pair = standing({ ...options, seed });
      const outcome = run(pair);
      const found = disagreements(pair);
      return found.length === 0 ? outcome : `seed ${seed}: ${found.join('; ')}`;
    }),
  );
}

describe('both rekey the same Child SA (§2.8.1)', () => {
  it('req1 and req2 cross: the SA with the lowest of the four nonces goes, the other one stays', () => {
    const drawings = often({}, (pair) => {
      rekeyChild(pair, 'initiator');
      rekeyChild(pair, 'responder').run(1_000);
      expect(pair.initiator.life.sa.children.size).toBe(1);
      expect(reasons(pair.events.initiator)).toEqual(['rekeyed', 'rekeyed']);
      expect(reasons(pair.events.responder)).toEqual(['rekeyed', 'rekeyed']);
      return pair.drawing.lines.join('\n');
    });
    // Each end deletes one: the drawing is the same whoever wins.
    expect([...drawings]).toEqual([
      [
        'I -> R: HDR, SK {N(REKEY_SA), SAi2, Ni, TSi, TSr}',
        'R -> I: HDR, SK {N(REKEY_SA), SAi2, Ni, TSi, TSr}',
        'R -> I: HDR, SK {SAr2, Nr, TSi, TSr}',
        'I -> R: HDR, SK {SAr2, Nr, TSi, TSr}',
        'I -> R: HDR, SK {D}',
        'R -> I: HDR, SK {D}',
        'R -> I: HDR, SK {D}',
        'I -> R: HDR, SK {D}',
      ].join('\n'),
    ]);
  });

  it('the one that stays is the one without the lowest nonce, and either end may have made it', () => {
    const winners = often({}, (pair) => {
      rekeyChild(pair, 'initiator');
      rekeyChild(pair, 'responder').run(1_000);
      const made = pair.drawing.messages.slice(0, 4).map(({ direction, message }) => ({
        direction,
        response: message.header.response,
        nonce:
          message.payloads.flatMap((payload) => (payload.kind === 'NONCE' ? [toHex(payload.data)] : []))[0] ??
          '',
      }));
      const lowest = made.toSorted((a, b) => (a.nonce < b.nonce ? -1 : 1))[0];
      if (lowest === undefined) throw new Error('no nonces');
      // The exchange that the lowest nonce belongs to was begun by I when I asked, or when R answered.
      const loser = (lowest.direction === 'I -> R') === !lowest.response ? 'initiator' : 'responder';
      const ours = pair.events.initiator
        .of('child-installed')
        .slice(1)
        .find(({ standby }) => standby === undefined);
      const stays = spisOf(pair);
      // Ours is marked as standing by where it lost, and gone by now.
      expect(ours === undefined ? 'initiator' : 'responder').toBe(loser);
      expect(ours === undefined || stays === String(ours.child.spiIn)).toBe(true);
      return loser;
    });
    expect(winners).toEqual(new Set(['initiator', 'responder']));
  });

  it.each(['initiator', 'responder'] as const)(
    'req1 of the %s is lost: CHILD_SA_NOT_FOUND for the late one',
    (late) => {
      const punctual = late === 'initiator' ? 'responder' : 'initiator';
      const pair = standing();
      lose(pair, late, 1);
      rekeyChild(pair, late);
      rekeyChild(pair, punctual).run(10_000);
      const [there, back] = late === 'initiator' ? ['I -> R', 'R -> I'] : ['R -> I', 'I -> R'];
      expect(pair.drawing.lines.slice(2)).toEqual([
        `${there}: HDR, SK {SAr2, Nr, TSi, TSr}`,
        `${back}: HDR, SK {D}`,
        `${there}: HDR, SK {D}`,
        `${there}: HDR, SK {N(REKEY_SA), SAi2, Ni, TSi, TSr}`,
        `${back}: HDR, SK {N(CHILD_SA_NOT_FOUND)}`,
      ]);
      expect(disagreements(pair)).toEqual([]);
      expect(pair.initiator.life.sa.children.size).toBe(1);
      expect(pair.events[late].of('refused')).toEqual([]);
    },
  );

  it('an answer is lost: whoever hears late decides by the same nonces', () => {
    const left = often({}, (pair) => {
      rekeyChild(pair, 'initiator');
      rekeyChild(pair, 'responder').run(11);
      lose(pair, 'responder', 1);
      pair.run(20_000);
      return `${pair.initiator.life.sa.children.size} Child SA`;
    });
    expect([...left]).toEqual(['1 Child SA']);
  });
});

describe('rekeying a Child SA meets Delete (§2.25.1)', () => {
  it('rekey what the peer is closing: TEMPORARY_FAILURE, and no second attempt', () => {
    const pair = standing();
    pair.do((now) => pair.responder.delete(now, spiOf(pair, 'responder')));
    rekeyChild(pair, 'initiator').run(60_000);
    expect(pair.drawing.lines).toEqual([
      'R -> I: HDR, SK {D}',
      'I -> R: HDR, SK {N(REKEY_SA), SAi2, Ni, TSi, TSr}',
      'I -> R: HDR, SK {D}',
      'R -> I: HDR, SK {N(TEMPORARY_FAILURE)}',
    ]);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.initiator.life.sa.children.size).toBe(0);
  });

  it('close what we are rekeying: the successor goes as well', () => {
    const pair = standing();
    rekeyChild(pair, 'initiator');
    pair.do((now) => pair.initiator.delete(now, spiOf(pair, 'initiator'))).run(10_000);
    expect(pair.drawing.lines.slice(0, 2)).toEqual([
      'I -> R: HDR, SK {N(REKEY_SA), SAi2, Ni, TSi, TSr}',
      'R -> I: HDR, SK {SAr2, Nr, TSi, TSr}',
    ]);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.initiator.life.sa.children.size).toBe(0);
  });

  it('rekey what is gone: CHILD_SA_NOT_FOUND, and nothing comes of it', () => {
    const pair = standing();
    lose(pair, 'initiator', 1);
    rekeyChild(pair, 'initiator');
    pair.do((now) => pair.responder.delete(now, spiOf(pair, 'responder'))).run(60_000);
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SK {N(REKEY_SA), SAi2, Ni, TSi, TSr}',
      'R -> I: HDR, SK {D}',
      'I -> R: HDR, SK {D}',
      'I -> R: HDR, SK {N(REKEY_SA), SAi2, Ni, TSi, TSr}',
      'R -> I: HDR, SK {N(CHILD_SA_NOT_FOUND)}',
    ]);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.initiator.life.sa.children.size).toBe(0);
  });

  it('both close: neither answers with a Delete payload', () => {
    const pair = standing();
    pair.do((now) => pair.initiator.delete(now, spiOf(pair, 'initiator')));
    pair.do((now) => pair.responder.delete(now, spiOf(pair, 'responder'))).run(1_000);
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SK {D}',
      'R -> I: HDR, SK {D}',
      'R -> I: HDR, SK {}',
      'I -> R: HDR, SK {}',
    ]);
    expect(disagreements(pair)).toEqual([]);
  });
});

describe('both rekey the IKE SA (§2.8.2)', () => {
  it('req1 and req2 cross: the new SA with the lowest nonce goes, the other one inherits', () => {
    const outcomes = often({}, (pair) => {
      const child = spiOf(pair, 'initiator');
      rekeyIke(pair, 'initiator');
      rekeyIke(pair, 'responder').run(2_000);
      expect(pair.drawing.lines.slice(0, 4)).toEqual([
        'I -> R: HDR, SK {SAi2, Ni, KEi}',
        'R -> I: HDR, SK {SAi2, Ni, KEi}',
        'R -> I: HDR, SK {SAr2, Nr, KEr}',
        'I -> R: HDR, SK {SAr2, Nr, KEr}',
      ]);
      for (const end of ['initiator', 'responder'] as const) {
        expect(pair.events[end].of('ike-rekeyed')).toHaveLength(1);
        expect(reasons(pair.events[end])).toEqual([]);
      }
      expect(spiOf(pair, 'initiator')).toBe(child);
      return pair.drawing.lines.slice(4).join(', ');
    });
    // One end deletes the old SA, the other one the redundant SA that it made.
    expect(outcomes).toEqual(
      new Set([
        "I -> R: HDR, SK {D}, R -> I: HDR', SK {D}, R -> I: HDR, SK {}, I -> R: HDR', SK {}",
        "I -> R: HDR'', SK {D}, R -> I: HDR, SK {D}, R -> I: HDR'', SK {}, I -> R: HDR, SK {}",
      ]),
    );
  });

  it.each(['initiator', 'responder'] as const)(
    'req1 of the %s is lost: the late one gets TEMPORARY_FAILURE or is forgotten',
    (late) => {
      const punctual = late === 'initiator' ? 'responder' : 'initiator';
      const pair = standing();
      lose(pair, late, 1);
      rekeyIke(pair, late);
      rekeyIke(pair, punctual).run(60_000);
      expect(disagreements(pair)).toEqual([]);
      expect(pair.events[late].of('ike-rekeyed')).toHaveLength(1);
      expect(pair.events[punctual].of('ike-rekeyed')).toHaveLength(1);
      rekeyChild(pair, late).run(1_000);
      expect(disagreements(pair)).toEqual([]);
    },
  );

  it.each([1, 2, 3])('%i answers are lost: the same SA is left on both sides', (count) => {
    const states = often({}, (pair) => {
      rekeyIke(pair, 'initiator');
      rekeyIke(pair, 'responder').run(11);
      lose(pair, 'responder', count);
      pair.run(100_000);
      return pair.initiator.state;
    });
    expect([...states]).toEqual(['established']);
  });
});

describe('rekeying the IKE SA meets something else (§2.25)', () => {
  it('the peer rekeys a Child SA: both hear TEMPORARY_FAILURE, and both succeed later', () => {
    const pair = standing();
    rekeyIke(pair, 'initiator');
    rekeyChild(pair, 'responder').run(15);
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SK {SAi2, Ni, KEi}',
      'R -> I: HDR, SK {N(REKEY_SA), SAi2, Ni, TSi, TSr}',
      'R -> I: HDR, SK {N(TEMPORARY_FAILURE)}',
      'I -> R: HDR, SK {N(TEMPORARY_FAILURE)}',
    ]);
    pair.run(60_000);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.events.initiator.of('ike-rekeyed')).toHaveLength(1);
    expect(pair.events.initiator.of('child-installed')).toHaveLength(2);
  });

  it('the peer makes a Child SA: TEMPORARY_FAILURE, and it is made later', () => {
    const pair = standing();
    rekeyIke(pair, 'initiator');
    const config = { ...pair.responder.life.sa.config.child, name: 'second' };
    pair.do((now) => pair.responder.createChild(now, config)).run(60_000);
    expect(pair.drawing.lines.slice(1, 4)).toEqual([
      'R -> I: HDR, SK {SAi2, Ni, TSi, TSr}',
      'R -> I: HDR, SK {N(TEMPORARY_FAILURE)}',
      'I -> R: HDR, SK {N(TEMPORARY_FAILURE)}',
    ]);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.initiator.life.sa.children.size).toBe(2);
  });

  it('the peer deletes a Child SA: answered as usual, with a Delete', () => {
    const pair = standing();
    rekeyIke(pair, 'initiator');
    pair.do((now) => pair.responder.delete(now, spiOf(pair, 'responder'))).run(60_000);
    expect(pair.drawing.lines.slice(0, 4)).toEqual([
      'I -> R: HDR, SK {SAi2, Ni, KEi}',
      'R -> I: HDR, SK {D}',
      'R -> I: HDR, SK {N(TEMPORARY_FAILURE)}',
      'I -> R: HDR, SK {D}',
    ]);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.events.initiator.of('ike-rekeyed')).toHaveLength(1);
  });

  it('the peer deletes the IKE SA: answered, and our rekeying is forgotten', () => {
    const pair = standing();
    rekeyIke(pair, 'initiator');
    pair.do((now) => pair.responder.delete(now)).run(60_000);
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SK {SAi2, Ni, KEi}',
      'R -> I: HDR, SK {D}',
      'R -> I: HDR, SK {N(TEMPORARY_FAILURE)}',
      'I -> R: HDR, SK {}',
    ]);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'closed-by-peer' });
    expect(pair.events.initiator.of('ike-rekeyed')).toEqual([]);
  });

  it('we delete the IKE SA while our rekeying is under way: nothing is left over there', () => {
    const pair = standing();
    rekeyIke(pair, 'initiator');
    pair.do((now) => pair.initiator.delete(now)).run(100_000);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.responder.state).toBe('closed');
    expect(pair.events.initiator.failure).toBeUndefined();
    expect(pair.initiator.pollTimeout()).toBeUndefined();
    expect(pair.responder.pollTimeout()).toBeUndefined();
  });

  it('we delete the IKE SA after both began to rekey it: nothing is left over there', () => {
    const states = often({}, (pair) => {
      rekeyIke(pair, 'initiator');
      rekeyIke(pair, 'responder').run(12);
      pair.do((now) => pair.initiator.delete(now)).run(100_000);
      return `${pair.initiator.state}, ${pair.responder.state}, ${pair.initiator.pollTimeout()}`;
    });
    expect([...states]).toEqual(['closed, closed, undefined']);
  });

  it('both delete the IKE SA: both answer', () => {
    const pair = standing();
    pair.do((now) => pair.initiator.delete(now));
    pair.do((now) => pair.responder.delete(now)).run(1_000);
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SK {D}',
      'R -> I: HDR, SK {D}',
      'R -> I: HDR, SK {}',
      'I -> R: HDR, SK {}',
    ]);
    expect(disagreements(pair)).toEqual([]);
  });

  it('rekey or create while the peer closes the IKE SA: TEMPORARY_FAILURE (§2.25.2)', () => {
    for (const ask of [
      (pair: Ikev2Pair) => rekeyIke(pair, 'initiator'),
      (pair: Ikev2Pair) => rekeyChild(pair, 'initiator'),
    ]) {
      const pair = standing();
      pair.do((now) => pair.responder.delete(now));
      ask(pair).run(10_000);
      expect(pair.drawing.lines).toContain('R -> I: HDR, SK {N(TEMPORARY_FAILURE)}');
      expect(disagreements(pair)).toEqual([]);
      expect(pair.initiator.state).toBe('closed');
    }
  });

  it('abandoned while our rekeying is under way: not a word, no timer', () => {
    const pair = standing();
    rekeyIke(pair, 'initiator');
    rekeyIke(pair, 'responder').run(12);
    pair.drawing.clear();
    pair.do((now) => pair.initiator.abandon(now));
    expect(pair.events.initiator.of('closed')).toHaveLength(1);
    expect(pair.initiator.pollTimeout()).toBeUndefined();
    expect(pair.initiator.succession.living).toEqual([]);
  });

  it('the peer’s own request is lost: it refuses a Child SA new keys, grants the IKE SA them, and the Child SA under that', () => {
    const pair = standing();
    lose(pair, 'responder', 1);
    rekeyIke(pair, 'responder');
    rekeyChild(pair, 'initiator').run(100);
    rekeyIke(pair, 'initiator').run(60_000);
    expect(pair.drawing.lines.slice(1, 7)).toEqual([
      'I -> R: HDR, SK {N(REKEY_SA), SAi2, Ni, TSi, TSr}',
      'R -> I: HDR, SK {N(TEMPORARY_FAILURE)}',
      'I -> R: HDR, SK {SAi2, Ni, KEi}',
      'R -> I: HDR, SK {SAr2, Nr, KEr}',
      'I -> R: HDR, SK {D}',
      'R -> I: HDR, SK {}',
    ]);
    expect(pair.drawing.lines).toContain("I -> R: HDR', SK {N(REKEY_SA), SAi2, Ni, TSi, TSr}");
    expect(pair.events.initiator.of('ike-rekeyed')).toHaveLength(1);
    expect(pair.events.initiator.of('child-installed')).toHaveLength(2);
    expect(disagreements(pair)).toEqual([]);
  });

  it('a Child SA that waits to be made goes out under the new SA', () => {
    const pair = standing();
    rekeyIke(pair, 'initiator');
    const config = { ...pair.initiator.life.sa.config.child, name: 'second', remoteTs: ts('10.1.7.0/24') };
    pair.do((now) => pair.initiator.createChild(now, config)).run(1_000);
    expect(pair.drawing.lines).toContain("I -> R: HDR', SK {SAi2, Ni, TSi, TSr}");
    expect(disagreements(pair)).toEqual([]);
  });
});
