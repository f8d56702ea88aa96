/** How SAs end: Delete by either end, hard lifetimes, abandoning, and that nothing is left behind (RFC 7296 §1.4.1, §2.25). */
import { describe, expect, it } from 'vitest';
import { EMPTY } from '#core/bytes/bytes.ts';
import type { ConnectionEvent } from '#core/ikev2/connection-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { Forge, askInitiator } from '#test/harness/ikev2-forge.ts';
import { Ikev2Pair } from '#test/harness/ikev2-pair.ts';
import { firstSpi, spiOctets, standing } from '#test/harness/ikev2-rekey.ts';

const { INFORMATIONAL } = ExchangeType;

const closedWith = (pair: Ikev2Pair, end: 'initiator' | 'responder'): ConnectionEvent | undefined =>
  pair.events[end].of('closed')[0];

describe('Delete of the IKE SA', () => {
  it.each(['initiator', 'responder'] as const)('by the %s closes both ends', (end) => {
    const pair = standing();
    const other = end === 'initiator' ? 'responder' : 'initiator';
    pair.do((now) => pair[end].delete(now)).run(100);
    const [there, back] = end === 'initiator' ? ['I -> R', 'R -> I'] : ['R -> I', 'I -> R'];
    expect(pair.drawing.lines).toEqual([`${there}: HDR, SK {D}`, `${back}: HDR, SK {}`]);
    expect(closedWith(pair, end)).toEqual({ type: 'closed' });
    expect(closedWith(pair, other)).toEqual({
      type: 'closed',
      failure: { cause: 'closed-by-peer', detail: 'the peer deleted the IKE SA' },
    });
    for (const log of Object.values(pair.events)) {
      expect(log.types.slice(-2)).toEqual(['child-removed', 'closed']);
      expect(log.of('child-removed')[0]?.reason).toBe('ike-closed');
    }
  });

  it('by both at once: both answered, both closed, no failure', () => {
    const pair = standing();
    pair.initiator.delete(pair.now);
    pair.do((now) => pair.responder.delete(now)).run(100);
    expect(closedWith(pair, 'initiator')).toEqual({ type: 'closed' });
    expect(closedWith(pair, 'responder')).toEqual({ type: 'closed' });
  });

  it('to a dead peer takes no longer than patience', () => {
    const pair = standing();
    pair.link.options = { ...pair.link.options, loss: 1 };
    const began = pair.now;
    pair.do((now) => pair.initiator.delete(now)).runToEnd();
    expect(closedWith(pair, 'initiator')).toEqual({ type: 'closed' });
    expect(pair.now - began).toBe(5_000);
  });

  it('is over when the answer to it breaks the rules', () => {
    const pair = standing();
    new Forge(pair).rewrite(({ header }) =>
      header.response ? [{ kind: 'NONCE', data: new Uint8Array(32) }] : undefined,
    );
    pair.do((now) => pair.initiator.delete(now)).run(100);
    expect(closedWith(pair, 'initiator')).toEqual({ type: 'closed' });
  });

  it('waits behind a request that is under way', () => {
    const pair = standing();
    pair.initiator.checkLiveness(pair.now);
    pair.do((now) => pair.initiator.delete(now)).run(100);
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SK {}',
      'R -> I: HDR, SK {}',
      'I -> R: HDR, SK {D}',
      'R -> I: HDR, SK {}',
    ]);
  });

  it('passes over what only waits', () => {
    const pair = standing();
    pair.initiator.checkLiveness(pair.now);
    pair.initiator.delete(pair.now, firstSpi(pair, 'initiator'));
    pair.do((now) => pair.initiator.delete(now)).run(100);
    expect(pair.drawing.messages.flatMap(({ message }) => message.payloads)).toEqual([
      { kind: 'D', protocol: 1, spis: [] },
    ]);
  });

  it('is answered again when the answer was lost, although the SA is gone', () => {
    const pair = standing();
    let dropped = 0;
    pair.link.tamper = (flying) =>
      flying.source.address === '198.51.100.1' && dropped++ === 0 ? [] : [flying];
    pair.do((now) => pair.initiator.delete(now)).run(4_000);
    expect(dropped).toBe(2);
    expect(pair.initiator.state).toBe('closed');
    expect(pair.responder.counters.retransmitsReceived).toBe(1);
    expect(pair.responder.pollTimeout()).toBeUndefined();
  });

  it('when nothing has begun, or nobody is there yet, just closes', () => {
    const idle = new Ikev2Pair();
    idle.do((now) => idle.initiator.delete(now));
    const waiting = new Ikev2Pair().initiate();
    waiting.do((now) => waiting.initiator.delete(now));
    for (const pair of [idle, waiting]) expect(pair.events.initiator.types).toEqual(['closed']);
  });
});

describe('Delete of a Child SA', () => {
  it.each(['initiator', 'responder'] as const)('by the %s names both halves (§1.4.1)', (end) => {
    const pair = standing();
    const other = end === 'initiator' ? 'responder' : 'initiator';
    pair.do((now) => pair[end].delete(now, firstSpi(pair, end))).run(100);
    expect(pair.drawing.messages.map(({ message }) => message.payloads)).toEqual([
      [{ kind: 'D', protocol: 3, spis: [spiOctets(firstSpi(pair, end))] }],
      [{ kind: 'D', protocol: 3, spis: [spiOctets(firstSpi(pair, other))] }],
    ]);
    const removed = { spiIn: firstSpi(pair, end), spiOut: firstSpi(pair, other) };
    expect(pair.events[end].of('child-removed')).toEqual([
      { type: 'child-removed', ...removed, at: expect.any(Number), reason: 'deleted-by-us' },
    ]);
    expect(pair.events[other].of('child-removed')).toMatchObject([{ reason: 'deleted-by-peer' }]);
    expect(pair.initiator.state).toBe('established');
  });

  it('by both at once: neither answer names an SPI, each end removes it once', () => {
    const pair = standing();
    pair.initiator.delete(pair.now, firstSpi(pair, 'initiator'));
    pair.do((now) => pair.responder.delete(now, firstSpi(pair, 'responder'))).run(100);
    expect([...pair.drawing.lines].sort()).toEqual([
      'I -> R: HDR, SK {D}',
      'I -> R: HDR, SK {}',
      'R -> I: HDR, SK {D}',
      'R -> I: HDR, SK {}',
    ]);
    expect(pair.events.initiator.of('child-removed')).toHaveLength(1);
    expect(pair.events.responder.of('child-removed')).toHaveLength(1);
  });

  it('that is unknown, of AH, or given twice does nothing more', () => {
    const pair = standing();
    const out = firstSpi(pair, 'responder');
    askInitiator(pair, [
      { kind: 'D', protocol: 3, spis: [spiOctets(4_711), spiOctets(out), spiOctets(out)] },
      { kind: 'D', protocol: 2, spis: [spiOctets(out)] },
    ]);
    expect(pair.drawing.messages.at(-1)?.message.payloads).toEqual([
      { kind: 'D', protocol: 3, spis: [spiOctets(firstSpi(pair, 'initiator'))] },
    ]);
    expect(pair.events.initiator.of('child-removed')).toHaveLength(1);
  });

  it('asked for twice, or for an SPI that is none, is sent once', () => {
    const pair = standing();
    const child = firstSpi(pair, 'initiator');
    for (const target of [child, child, 12_345]) pair.initiator.delete(pair.now, target);
    pair.do(() => undefined).run(100);
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {D}', 'R -> I: HDR, SK {D}']);
  });

  it('that the peer deletes while ours waits its turn is not sent any more', () => {
    const pair = standing();
    const forge = new Forge(pair);
    pair.initiator.checkLiveness(pair.now);
    pair.do((now) => pair.initiator.delete(now, firstSpi(pair, 'initiator')));
    forge.send('R -> I', { exchange: INFORMATIONAL, response: false, messageId: 0 }, [
      { kind: 'D', protocol: 3, spis: [spiOctets(firstSpi(pair, 'responder'))] },
    ]);
    pair.run(100);
    expect(pair.drawing.lines.filter((line) => line === 'I -> R: HDR, SK {D}')).toHaveLength(1);
    expect(
      pair.drawing.messages.filter(
        ({ direction, message }) => direction === 'I -> R' && !message.header.response,
      ),
    ).toHaveLength(1);
  });

  it('together with the IKE SA ends everything', () => {
    const pair = standing();
    askInitiator(pair, [
      { kind: 'D', protocol: 3, spis: [spiOctets(firstSpi(pair, 'responder'))] },
      { kind: 'D', protocol: 1, spis: [] },
    ]);
    expect(pair.drawing.lines.at(-1)).toBe('I -> R: HDR, SK {}');
    expect(pair.events.initiator.types.slice(-3)).toEqual(['child-removed', 'ike-removed', 'closed']);
  });
});

describe('lifetimes', () => {
  it('a Child SA at its hard lifetime is removed at once and deleted over there', () => {
    const pair = standing({ initiator: { rekey: 'never', child: { lifetimeSec: 60 } } });
    pair.run(59_000);
    expect(pair.drawing.lines).toEqual([]);
    pair.run(2_000);
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {D}', 'R -> I: HDR, SK {D}']);
    expect(pair.events.initiator.of('child-removed')).toMatchObject([{ reason: 'expired' }]);
    expect(pair.events.responder.of('child-removed')).toMatchObject([{ reason: 'deleted-by-peer' }]);
    expect(pair.initiator.state).toBe('established');
  });

  it('an IKE SA at its hard lifetime is deleted, and says why', () => {
    const pair = standing({ initiator: { rekey: 'never', lifetimeSec: 100 } });
    const [event] = pair.events.initiator.of('ike-established');
    expect(event?.expiresAt).toBeGreaterThan(100_000);
    pair.run(101_000);
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {D}', 'R -> I: HDR, SK {}']);
    expect(pair.events.initiator.failure).toEqual({ cause: 'expired', lifetimeSec: 100 });
  });
});

describe('the end', () => {
  it('abandon says nothing to the peer, not even again', () => {
    const pair = standing();
    const forge = new Forge(pair);
    const request = forge.make('R -> I', { exchange: INFORMATIONAL, response: false, messageId: 0 }, []);
    forge.deliver('R -> I', request);
    pair.drawing.clear();
    pair.do((now) => pair.initiator.abandon(now));
    forge.deliver('R -> I', request);
    expect(pair.drawing.lines).toEqual([]);
    expect(pair.events.initiator.types.slice(-2)).toEqual(['child-removed', 'closed']);
    expect(pair.events.initiator.failure).toBeUndefined();
  });

  it('leaves no timer and no key behind, on either side', () => {
    const pair = standing({ nat: { inside: '192.0.2.10', outside: '203.0.113.9' } });
    const keys = [pair.initiator, pair.responder].flatMap(({ life }): Uint8Array[] =>
      Object.values({ ...life.sa.keys }),
    );
    expect(keys).toHaveLength(14);
    pair.do((now) => pair.initiator.delete(now)).run(1_000);
    for (const connection of [pair.initiator, pair.responder]) {
      expect(connection.state).toBe('closed');
      expect(connection.pollTimeout()).toBeUndefined();
      expect(connection.life.sa).toMatchObject({ keys: undefined, sealing: undefined, opening: undefined });
      expect(connection.life.sa.children.size).toBe(0);
      expect(connection.life.requests.outstanding).toBeUndefined();
    }
    for (const key of keys) expect(key.every((octet) => octet === 0)).toBe(true);
  });

  it('takes back a Child SA that nobody has drained, and wipes its keys', () => {
    const pair = new Ikev2Pair().initiate().run(35);
    const [answer] = pair.link.arrivals(pair.now + 1_000);
    if (answer === undefined) throw new Error('IKE_AUTH was not answered');
    pair.initiator.handleDatagram(pair.now, answer.bytes, answer.path);
    const installed = pair.initiator.life.sa.events.find((event) => event.type === 'child-installed');
    pair.initiator.abandon(pair.now);
    pair.drain();
    expect(pair.events.initiator.types).toEqual([
      'path',
      'ike-established',
      'config',
      'ike-removed',
      'closed',
    ]);
    const keys = installed?.type === 'child-installed' ? installed.child.keysIn.encryption : EMPTY;
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.every((octet) => octet === 0)).toBe(true);
  });
});
