/** After the handshake: liveness, unknown notifies, requests that are refused, INVALID_IKE_SPI (RFC 7296 §1.4, §2.4, §2.21). */
import { describe, expect, it } from 'vitest';
import { EMPTY } from '#core/bytes/bytes.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { Forge, notifyPayload, askInitiator } from '#test/harness/ikev2-forge.ts';
import { esp, Ikev2Pair, ts } from '#test/harness/ikev2-pair.ts';
import { firstSpi, spiOctets, standing } from '#test/harness/ikev2-rekey.ts';

const { INFORMATIONAL, CREATE_CHILD_SA } = ExchangeType;

describe('INVALID_IKE_SPI in the clear (§2.21.4)', () => {
  const disown = (pair: Ikev2Pair, messageId: number): void =>
    new Forge(pair).send(
      'R -> I',
      { exchange: INFORMATIONAL, response: true, messageId },
      [notifyPayload(NotifyType.INVALID_IKE_SPI)],
      { clear: true },
    );

  it('in answer to our request is told, and ends nothing: the true answer is taken', () => {
    const pair = standing();
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
    const pair = standing();
    disown(pair, pair.initiator.life.requests.window.next);
    expect(pair.events.initiator.of('disowned')).toEqual([]);
    expect(pair.initiator.counters.outOfWindow).toBe(1);
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
    const pair = standing();
    pair.run(10_000_000);
    expect(pair.drawing.lines).toEqual([]);
    expect(pair.initiator.pollTimeout()).toBeUndefined();
  });

  it('asks at once when told to, and not twice', () => {
    const pair = standing();
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

  it('is not what INVALID_SYNTAX tells: the peer has ended the IKE SA with it (§2.21.3)', () => {
    const pair = standing();
    new Forge(pair).rewrite(({ header }, direction) =>
      direction === 'R -> I' && header.exchange === INFORMATIONAL
        ? [notifyPayload(NotifyType.INVALID_SYNTAX)]
        : undefined,
    );
    pair.do((now) => pair.initiator.checkLiveness(now)).run(100);
    expect(pair.initiator.state).toBe('closed');
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'peer-error', notify: 'INVALID_SYNTAX' });
    expect(pair.drawing.lines.slice(-2)).toEqual(['I -> R: HDR, SK {}', 'R -> I: HDR, SK {}']);
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
    const pair = standing();
    askInitiator(pair, []);
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {}']);
  });

  it('unknown notifies: ignored, counted, answered', () => {
    const pair = standing();
    askInitiator(pair, [notifyPayload(40_000), notifyPayload(4_711), notifyPayload(NotifyType.USE_AGGFRAG)]);
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {}']);
    expect(pair.initiator.counters.unknownNotifies).toBe(3);
    expect(pair.initiator.state).toBe('established');
  });

  it('SET_WINDOW_SIZE: understood, whatever its length', () => {
    const pair = standing();
    askInitiator(pair, [
      notifyPayload(NotifyType.SET_WINDOW_SIZE, spiOctets(8)),
      notifyPayload(NotifyType.SET_WINDOW_SIZE, Uint8Array.of(1)),
    ]);
    expect(pair.initiator.life.requests.window.peerSize).toBe(8);
    expect(pair.initiator.counters.unknownNotifies).toBe(0);
  });

  it('AUTHENTICATION_FAILED: the peer has no IKE SA any more', () => {
    const pair = standing();
    askInitiator(pair, [notifyPayload(NotifyType.AUTHENTICATION_FAILED)]);
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'authentication-refused' });
  });

  const nonce: Payload = { kind: 'NONCE', data: new Uint8Array(32) };
  const sa: Payload = {
    kind: 'SA',
    proposals: esp('aes256gcm16').map((proposal) => ({ ...proposal, spi: spiOctets(70_000) })),
  };
  const selectors = [
    { kind: 'TSi', selectors: ts('0.0.0.0/0') },
    { kind: 'TSr', selectors: ts('0.0.0.0/0') },
  ] as const;

  it('CREATE_CHILD_SA while we delete: TEMPORARY_FAILURE (§2.25.2)', () => {
    const pair = standing({ link: { delayMs: 1_000 } });
    pair.do((now) => pair.initiator.delete(now));
    askInitiator(pair, [sa, nonce, ...selectors], CREATE_CHILD_SA);
    expect(pair.drawing.lines.at(-1)).toBe('I -> R: HDR, SK {N(TEMPORARY_FAILURE)}');
  });

  it('liveness and child deletes while we delete are answered', () => {
    const pair = standing({ link: { delayMs: 1_000 } });
    pair.do((now) => pair.initiator.delete(now));
    const forge = new Forge(pair);
    const place = { exchange: INFORMATIONAL, response: false } as const;
    forge.send('R -> I', { ...place, messageId: 0 }, []);
    forge.send('R -> I', { ...place, messageId: 1 }, [
      { kind: 'D', protocol: 3, spis: [spiOctets(firstSpi(pair, 'responder'))] },
    ]);
    expect(pair.drawing.lines.slice(1)).toEqual(['I -> R: HDR, SK {}', 'I -> R: HDR, SK {D}']);
  });

  it.each<[string, number, readonly Payload[]]>([
    ['an unknown exchange type', 240, []],
    ['IKE_AUTH once more', ExchangeType.IKE_AUTH, []],
    ['a payload that has no place here', INFORMATIONAL, [nonce]],
  ])('%s: INVALID_SYNTAX, which ends the SA on both sides (§2.21.3)', (_name, exchange, payloads) => {
    const pair = standing();
    askInitiator(pair, payloads, exchange);
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {N(INVALID_SYNTAX)}']);
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error', sentBy: 'peer' });
  });

  it('an unknown critical payload: named, not fatal', () => {
    const pair = standing();
    askInitiator(pair, [{ kind: 'unknown', type: 200, critical: true, body: EMPTY }]);
    expect(pair.drawing.messages.at(-1)?.message.payloads).toMatchObject([
      { kind: 'N', type: NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD, data: Uint8Array.of(200) },
    ]);
    expect(pair.initiator.state).toBe('established');
  });

  it('an answer that breaks the rules is answered by our Delete', () => {
    const pair = standing();
    new Forge(pair).rewrite(({ header }) => (header.response ? [nonce] : undefined));
    pair.do((now) => pair.initiator.checkLiveness(now)).run(100);
    expect(pair.drawing.lines).toContain('I -> R: HDR, SK {D}');
    expect(pair.run(10_000).events.initiator.failure).toMatchObject({
      cause: 'protocol-error',
      sentBy: 'peer',
    });
  });
});
