/** What is on record of an SA that ended: which, when and why, and that its keys are gone. */
import { describe, expect, it } from 'vitest';
import type { IkeKeys } from '#core/ikev2/key-material.ts';
import { Ikev2Pair } from '#test/harness/ikev2-pair.ts';
import { rekeyChild, rekeyIke, spiOf, standing } from '#test/harness/ikev2-rekey.ts';

function keysOf(pair: Ikev2Pair): Uint8Array[] {
  const { keys } = pair.initiator.life.sa;
  if (keys === undefined) throw new Error('no keys');
  return Object.values(keys satisfies IkeKeys);
}

const wiped = (keys: readonly Uint8Array[]): boolean =>
  keys.every((key) => key.every((octet) => octet === 0));

const removals = (pair: Ikev2Pair, end: 'initiator' | 'responder' = 'initiator') =>
  pair.events[end].of('ike-removed').map(({ at, reason }) => ({ at, reason }));

describe('an IKE SA', () => {
  it('that was replaced: wiped once its Delete is answered', () => {
    const pair = standing();
    const { spiI, spiR } = pair.initiator;
    const keys = keysOf(pair);
    const began = pair.now;
    rekeyIke(pair, 'initiator').run(1_000);
    const [removed, ...more] = pair.events.initiator.of('ike-removed');
    expect(more).toEqual([]);
    expect(removed).toMatchObject({ spiI, spiR, reason: 'rekeyed' });
    expect(removed?.at).toBeGreaterThan(began);
    expect(wiped(keys)).toBe(true);
    expect(wiped(keysOf(pair))).toBe(false);
  });

  it.each([
    ['we delete', 'deleted-by-us', (pair: Ikev2Pair) => pair.do((now) => pair.initiator.delete(now))],
    [
      'the peer deletes',
      'deleted-by-peer',
      (pair: Ikev2Pair) => pair.do((now) => pair.responder.delete(now)),
    ],
    ['we abandon', 'deleted-by-us', (pair: Ikev2Pair) => pair.do((now) => pair.initiator.abandon(now))],
  ] as const)('that %s', (_name, reason, end) => {
    const pair = standing();
    const keys = keysOf(pair);
    end(pair).run(1_000);
    expect(removals(pair)).toMatchObject([{ reason }]);
    expect(wiped(keys)).toBe(true);
    expect(pair.events.initiator.types.at(-1)).toBe('closed');
  });

  it('whose peer fell silent', () => {
    const pair = standing({ initiator: { livenessSec: 10 } });
    pair.link.options = { ...pair.link.options, loss: 1 };
    pair.runToEnd();
    expect(removals(pair)).toEqual([{ at: pair.now, reason: 'failed' }]);
  });

  it('whose lifetime ended', () => {
    const pair = standing({ initiator: { lifetimeSec: 100 } }).run(101_000);
    expect(removals(pair)).toMatchObject([{ reason: 'expired' }]);
  });

  it('that never stood leaves no record', () => {
    const pair = new Ikev2Pair({ responder: { findPsk: () => undefined } }).connect();
    expect(pair.initiator.state).toBe('closed');
    expect([...removals(pair), ...removals(pair, 'responder')]).toEqual([]);
  });
});

describe('a Child SA', () => {
  it('says when and why it went, at both ends', () => {
    const pair = standing();
    const spiIn = spiOf(pair, 'initiator');
    const began = pair.now;
    rekeyChild(pair, 'initiator').run(1_000);
    for (const end of ['initiator', 'responder'] as const) {
      const [removed] = pair.events[end].of('child-removed');
      expect(removed?.reason).toBe('rekeyed');
      expect(removed?.at).toBeGreaterThan(began);
      expect(removed?.at).toBeLessThanOrEqual(pair.now);
    }
    expect(pair.events.initiator.of('child-removed')[0]?.spiIn).toBe(spiIn);
  });

  it('that reached its hard lifetime went at that moment', () => {
    const pair = standing({ initiator: { child: { lifetimeSec: 100 } } });
    const [installed] = pair.events.initiator.of('child-installed');
    pair.run(101_000);
    expect(pair.events.initiator.of('child-removed')).toMatchObject([
      { reason: 'expired', at: installed?.expiresAt },
    ]);
  });
});
