/** After the handshake: Delete both ways, liveness, unknown notifies, CREATE_CHILD_SA refused, lifetimes (§1.4, §2.4, §2.25). */
import { describe, expect, it } from 'vitest';
import { EMPTY } from '#core/bytes/bytes.ts';
import { Writer } from '#core/bytes/writer.ts';
import type { ConnectionEvent } from '#core/ikev2/connection-types.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { Forge, notifyPayload } from '#test/harness/ikev2-forge.ts';
import { esp, Ikev2Pair, type PairOptions, ts } from '#test/harness/ikev2-pair.ts';

const { INFORMATIONAL, CREATE_CHILD_SA } = ExchangeType;

function established(options: PairOptions = {}): Ikev2Pair {
  const pair = new Ikev2Pair({
    ...options,
    initiator: { livenessSec: 0, ...options.initiator },
    responder: { livenessSec: 0, ...options.responder },
  }).connect();
  if (pair.initiator.state !== 'established') throw new Error('not established');
  pair.drawing.clear();
  return pair;
}

const spiIn = (pair: Ikev2Pair, end: 'initiator' | 'responder'): number => {
  const [installed] = pair.events[end].of('child-installed');
  if (installed === undefined) throw new Error('no child');
  return installed.child.spiIn;
};

const spi = (value: number): Uint8Array => new Writer().u32(value).finish();
const closedWith = (pair: Ikev2Pair, end: 'initiator' | 'responder'): ConnectionEvent | undefined =>
  pair.events[end].of('closed')[0];

const ask = (
  pair: Ikev2Pair,
  payloads: readonly Payload[],
  exchange: number = INFORMATIONAL,
  messageId = 0,
): void =>
  new Forge(pair).deliver(
    'R -> I',
    new Forge(pair).make('R -> I', { exchange, response: false, messageId }, payloads),
  );

describe('INVALID_IKE_SPI in the clear (§2.21.4)', () => {
  const disown = (pair: Ikev2Pair, messageId: number): void =>
    new Forge(pair).deliver(
      'R -> I',
      new Forge(pair).make(
        'R -> I',
        { exchange: INFORMATIONAL, response: true, messageId },
        [notifyPayload(NotifyType.INVALID_IKE_SPI)],
        { clear: true },
      ),
    );

  it('in answer to our request is told, and ends nothing: the true answer is taken', () => {
    const pair = established();
    const id = pair.initiator.life.requests.window.next;
    pair.do((now) => pair.initiator.checkLiveness(now));
    disown(pair, id);
    expect(pair.events.initiator.of('disowned')).toHaveLength(1);
    const before = pair.initiator.lastInbound;
    pair.run(100);
    expect(pair.initiator.state).toBe('established');
    expect(pair.initiator.lastInbound).toBeGreaterThan(before);
  });

  it('that answers nothing is not even told', () => {
    const pair = established();
    disown(pair, pair.initiator.life.requests.window.next);
    expect(pair.events.initiator.of('disowned')).toEqual([]);
    expect(pair.initiator.counters.outOfWindow).toBe(1);
  });
});

describe('Delete of the IKE SA', () => {
  it.each(['initiator', 'responder'] as const)('by the %s closes both ends', (end) => {
    const pair = established();
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
    const pair = established();
    pair.initiator.delete(pair.now);
    pair.do((now) => pair.responder.delete(now)).run(100);
    expect(closedWith(pair, 'initiator')).toEqual({ type: 'closed' });
    expect(closedWith(pair, 'responder')).toEqual({ type: 'closed' });
  });

  it('to a dead peer takes no longer than patience', () => {
    const pair = established();
    pair.link.options = { ...pair.link.options, loss: 1 };
    const began = pair.now;
    pair.do((now) => pair.initiator.delete(now)).runToEnd();
    expect(closedWith(pair, 'initiator')).toEqual({ type: 'closed' });
    expect(pair.now - began).toBe(5_000);
  });

  it('is over when the answer to it breaks the rules', () => {
    const pair = established();
    new Forge(pair).rewrite(({ header }) =>
      header.response ? [{ kind: 'NONCE', data: new Uint8Array(32) }] : undefined,
    );
    pair.do((now) => pair.initiator.delete(now)).run(100);
    expect(closedWith(pair, 'initiator')).toEqual({ type: 'closed' });
  });

  it('waits behind a request that is under way', () => {
    const pair = established();
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
    const pair = established();
    pair.initiator.checkLiveness(pair.now);
    pair.initiator.delete(pair.now, spiIn(pair, 'initiator'));
    pair.do((now) => pair.initiator.delete(now)).run(100);
    expect(pair.drawing.messages.flatMap(({ message }) => message.payloads)).toEqual([
      { kind: 'D', protocol: 1, spis: [] },
    ]);
  });

  it('is answered again when the answer was lost, although the SA is gone', () => {
    const pair = established();
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
    const pair = established();
    const other = end === 'initiator' ? 'responder' : 'initiator';
    pair.do((now) => pair[end].delete(now, spiIn(pair, end))).run(100);
    expect(pair.drawing.messages.map(({ message }) => message.payloads)).toEqual([
      [{ kind: 'D', protocol: 3, spis: [spi(spiIn(pair, end))] }],
      [{ kind: 'D', protocol: 3, spis: [spi(spiIn(pair, other))] }],
    ]);
    const removed = { spiIn: spiIn(pair, end), spiOut: spiIn(pair, other) };
    expect(pair.events[end].of('child-removed')).toEqual([
      { type: 'child-removed', ...removed, at: expect.any(Number), reason: 'deleted-by-us' },
    ]);
    expect(pair.events[other].of('child-removed')).toMatchObject([{ reason: 'deleted-by-peer' }]);
    expect(pair.initiator.state).toBe('established');
  });

  it('by both at once: neither answer names an SPI, each end removes it once', () => {
    const pair = established();
    pair.initiator.delete(pair.now, spiIn(pair, 'initiator'));
    pair.do((now) => pair.responder.delete(now, spiIn(pair, 'responder'))).run(100);
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
    const pair = established();
    const out = spiIn(pair, 'responder');
    ask(pair, [
      { kind: 'D', protocol: 3, spis: [spi(4_711), spi(out), spi(out)] },
      { kind: 'D', protocol: 2, spis: [spi(out)] },
    ]);
    expect(pair.drawing.messages.at(-1)?.message.payloads).toEqual([
      { kind: 'D', protocol: 3, spis: [spi(spiIn(pair, 'initiator'))] },
    ]);
    expect(pair.events.initiator.of('child-removed')).toHaveLength(1);
  });

  it('asked for twice, or for an SPI that is none, is sent once', () => {
    const pair = established();
    const child = spiIn(pair, 'initiator');
    for (const target of [child, child, 12_345]) pair.initiator.delete(pair.now, target);
    pair.do(() => undefined).run(100);
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {D}', 'R -> I: HDR, SK {D}']);
  });

  it('that the peer deletes while ours waits its turn is not sent any more', () => {
    const pair = established();
    const forge = new Forge(pair);
    pair.initiator.checkLiveness(pair.now);
    pair.do((now) => pair.initiator.delete(now, spiIn(pair, 'initiator')));
    forge.deliver(
      'R -> I',
      forge.make('R -> I', { exchange: INFORMATIONAL, response: false, messageId: 0 }, [
        { kind: 'D', protocol: 3, spis: [spi(spiIn(pair, 'responder'))] },
      ]),
    );
    pair.run(100);
    expect(pair.drawing.lines.filter((line) => line === 'I -> R: HDR, SK {D}')).toHaveLength(1);
    expect(
      pair.drawing.messages.filter(
        ({ direction, message }) => direction === 'I -> R' && !message.header.response,
      ),
    ).toHaveLength(1);
  });

  it('together with the IKE SA ends everything', () => {
    const pair = established();
    ask(pair, [
      { kind: 'D', protocol: 3, spis: [spi(spiIn(pair, 'responder'))] },
      { kind: 'D', protocol: 1, spis: [] },
    ]);
    expect(pair.drawing.lines.at(-1)).toBe('I -> R: HDR, SK {}');
    expect(pair.events.initiator.types.slice(-3)).toEqual(['child-removed', 'ike-removed', 'closed']);
  });
});

describe('liveness (§2.4)', () => {
  it('asks after livenessSec of silence and is content with any answer', () => {
    const pair = new Ikev2Pair({ initiator: { livenessSec: 30 }, responder: { livenessSec: 0 } }).connect();
    pair.drawing.clear();
    pair.run(95_000);
    expect(pair.drawing.lines).toEqual(
      Array.from({ length: 3 }, () => ['I -> R: HDR, SK {}', 'R -> I: HDR, SK {}']).flat(),
    );
  });

  it('does not ask while ESP arrives', () => {
    const pair = new Ikev2Pair({ initiator: { livenessSec: 30 }, responder: { livenessSec: 0 } }).connect();
    pair.drawing.clear();
    for (let i = 0; i < 10; i++) pair.run(20_000).do((now) => pair.initiator.noteInboundTraffic(now));
    expect(pair.drawing.lines).toEqual([]);
  });

  it('never asks with 0', () => {
    const pair = established();
    pair.run(10_000_000);
    expect(pair.drawing.lines).toEqual([]);
    expect(pair.initiator.pollTimeout()).toBeUndefined();
  });

  it('asks at once when told to, and not twice', () => {
    const pair = established();
    pair.initiator.checkLiveness(pair.now);
    pair.do((now) => pair.initiator.checkLiveness(now)).run(100);
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {}', 'R -> I: HDR, SK {}']);
  });

  it('finds a dead peer: peer-dead, with when it was last seen', () => {
    const pair = new Ikev2Pair({ initiator: { livenessSec: 30 }, responder: { livenessSec: 0 } }).connect();
    const seen = pair.now;
    pair.link.options = { ...pair.link.options, loss: 1 };
    pair.runToEnd();
    const failure = pair.events.initiator.failure;
    expect(failure?.cause).toBe('peer-dead');
    expect(
      failure?.cause === 'peer-dead' && Math.abs(failure.lastSeenSecAgo - (pair.now - seen) / 1_000),
    ).toBeLessThan(1);
    expect(pair.events.initiator.types.slice(-2)).toEqual(['child-removed', 'closed']);
  });

  it('a replayed message of the peer is no sign of life', () => {
    const pair = new Ikev2Pair({ initiator: { livenessSec: 30 }, responder: { livenessSec: 0 } }).connect();
    pair.do((now) => pair.responder.checkLiveness(now)).run(100);
    const request = pair.drawing.messages.findLast(
      ({ direction, message }) => direction === 'R -> I' && !message.header.response,
    );
    pair.run(20_000);
    new Forge(pair).deliver('R -> I', request?.bytes ?? EMPTY);
    pair.drawing.clear();
    pair.run(11_000);
    expect(pair.drawing.lines).toContain('I -> R: HDR, SK {}');
  });

  it('of both ends at once does not get in its own way', () => {
    const pair = new Ikev2Pair({ initiator: { livenessSec: 10 }, responder: { livenessSec: 10 } }).connect();
    pair.run(300_000);
    expect(pair.initiator.state).toBe('established');
    expect(pair.initiator.counters.outOfWindow).toBe(0);
  });
});

describe('requests of the peer', () => {
  it('empty: answered empty', () => {
    const pair = established();
    ask(pair, []);
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {}']);
  });

  it('unknown notifies: ignored, counted, answered', () => {
    const pair = established();
    ask(pair, [notifyPayload(40_000), notifyPayload(4_711), notifyPayload(NotifyType.USE_AGGFRAG)]);
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {}']);
    expect(pair.initiator.counters.unknownNotifies).toBe(3);
    expect(pair.initiator.state).toBe('established');
  });

  it('SET_WINDOW_SIZE: understood, whatever its length', () => {
    const pair = established();
    ask(pair, [
      notifyPayload(NotifyType.SET_WINDOW_SIZE, spi(8)),
      notifyPayload(NotifyType.SET_WINDOW_SIZE, Uint8Array.of(1)),
    ]);
    expect(pair.initiator.life.requests.window.peerSize).toBe(8);
    expect(pair.initiator.counters.unknownNotifies).toBe(0);
  });

  it('AUTHENTICATION_FAILED: the peer has no IKE SA any more', () => {
    const pair = established();
    ask(pair, [notifyPayload(NotifyType.AUTHENTICATION_FAILED)]);
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'authentication-refused' });
  });

  const nonce: Payload = { kind: 'NONCE', data: new Uint8Array(32) };
  const sa: Payload = {
    kind: 'SA',
    proposals: esp('aes256gcm16').map((proposal) => ({ ...proposal, spi: spi(70_000) })),
  };
  const selectors = [
    { kind: 'TSi', selectors: ts('0.0.0.0/0') },
    { kind: 'TSr', selectors: ts('0.0.0.0/0') },
  ] as const;

  it('CREATE_CHILD_SA while we delete: TEMPORARY_FAILURE (§2.25.2)', () => {
    const pair = established({ link: { delayMs: 1_000 } });
    pair.do((now) => pair.initiator.delete(now));
    ask(pair, [sa, nonce, ...selectors], CREATE_CHILD_SA);
    expect(pair.drawing.lines.at(-1)).toBe('I -> R: HDR, SK {N(TEMPORARY_FAILURE)}');
  });

  it('liveness and child deletes while we delete are answered', () => {
    const pair = established({ link: { delayMs: 1_000 } });
    pair.do((now) => pair.initiator.delete(now));
    const forge = new Forge(pair);
    const place = { exchange: INFORMATIONAL, response: false } as const;
    forge.deliver('R -> I', forge.make('R -> I', { ...place, messageId: 0 }, []));
    forge.deliver(
      'R -> I',
      forge.make('R -> I', { ...place, messageId: 1 }, [
        { kind: 'D', protocol: 3, spis: [spi(spiIn(pair, 'responder'))] },
      ]),
    );
    expect(pair.drawing.lines.slice(1)).toEqual(['I -> R: HDR, SK {}', 'I -> R: HDR, SK {D}']);
  });

  it.each<[string, number, readonly Payload[]]>([
    ['an unknown exchange type', 240, []],
    ['IKE_AUTH once more', ExchangeType.IKE_AUTH, []],
    ['a payload that has no place here', INFORMATIONAL, [nonce]],
  ])('%s: INVALID_SYNTAX, which ends the SA on both sides (§2.21.3)', (_name, exchange, payloads) => {
    const pair = established();
    ask(pair, payloads, exchange);
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {N(INVALID_SYNTAX)}']);
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error', sentBy: 'peer' });
  });

  it('an unknown critical payload: named, not fatal', () => {
    const pair = established();
    ask(pair, [{ kind: 'unknown', type: 200, critical: true, body: EMPTY }]);
    expect(pair.drawing.messages.at(-1)?.message.payloads).toMatchObject([
      { kind: 'N', type: NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD, data: Uint8Array.of(200) },
    ]);
    expect(pair.initiator.state).toBe('established');
  });

  it('an answer that breaks the rules is answered by our Delete', () => {
    const pair = established();
    new Forge(pair).rewrite(({ header }) => (header.response ? [nonce] : undefined));
    pair.do((now) => pair.initiator.checkLiveness(now)).run(100);
    expect(pair.drawing.lines).toContain('I -> R: HDR, SK {D}');
    expect(pair.run(10_000).events.initiator.failure).toMatchObject({
      cause: 'protocol-error',
      sentBy: 'peer',
    });
  });
});

describe('lifetimes', () => {
  it('a Child SA at its hard lifetime is removed at once and deleted over there', () => {
    const pair = established({ initiator: { rekey: 'never', child: { lifetimeSec: 60 } } });
    pair.run(59_000);
    expect(pair.drawing.lines).toEqual([]);
    pair.run(2_000);
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {D}', 'R -> I: HDR, SK {D}']);
    expect(pair.events.initiator.of('child-removed')).toMatchObject([{ reason: 'expired' }]);
    expect(pair.events.responder.of('child-removed')).toMatchObject([{ reason: 'deleted-by-peer' }]);
    expect(pair.initiator.state).toBe('established');
  });

  it('an IKE SA at its hard lifetime is deleted, and says why', () => {
    const pair = established({ initiator: { rekey: 'never', lifetimeSec: 100 } });
    const [event] = pair.events.initiator.of('ike-established');
    expect(event?.expiresAt).toBeGreaterThan(100_000);
    pair.run(101_000);
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {D}', 'R -> I: HDR, SK {}']);
    expect(pair.events.initiator.failure).toEqual({ cause: 'expired', lifetimeSec: 100 });
  });
});

describe('the end', () => {
  it('abandon says nothing to the peer, not even again', () => {
    const pair = established();
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
    const pair = established({ nat: { inside: '192.0.2.10', outside: '203.0.113.9' } });
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
