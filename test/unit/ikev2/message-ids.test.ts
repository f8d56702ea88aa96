/** Message IDs, windows, retransmission and the cache of answers, over the wire (RFC 7296 §2.1 to §2.3). */
import { describe, expect, it } from 'vitest';
import type { Path } from '#core/net/address.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { RequestWindow, ResponseWindow } from '#core/ikev2/window.ts';
import { Requests } from '#core/ikev2/requests.ts';
import { REKEY_DEFAULTS } from '#core/ikev2/lifetimes.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { Forge, notifyPayload } from '#test/harness/ikev2-forge.ts';
import {
  ike,
  Ikev2Pair,
  INITIATOR_ADDRESS,
  type PairOptions,
  RESPONDER_ADDRESS,
} from '#test/harness/ikev2-pair.ts';
import { disagreements, spiOf, standing } from '#test/harness/ikev2-rekey.ts';

const { INFORMATIONAL, IKE_AUTH } = ExchangeType;

const established = (): Ikev2Pair => {
  const pair = new Ikev2Pair({ initiator: { livenessSec: 0 }, responder: { livenessSec: 0 } }).connect();
  pair.drawing.clear();
  return pair;
};

describe('requests of the peer', () => {
  it.each([
    ['stale', -2],
    ['future', 1],
    ['far in the future', 0x7fff_ffff],
  ])('with a %s ID are dropped and counted', (_name, offset) => {
    const pair = established();
    pair.do((now) => pair.initiator.checkLiveness(now)).run(100);
    pair.drawing.clear();
    const forge = new Forge(pair);
    // 0 was IKE_SA_INIT, 1 IKE_AUTH, 2 the question for life: 3 is next.
    const place = { exchange: INFORMATIONAL, response: false, messageId: 3 + offset };
    forge.send('I -> R', place, []);
    expect(pair.drawing.lines).toEqual([]);
    expect(pair.responder.counters.outOfWindow).toBe(1);
  });

  it('seen again are answered with the same octets, without being served again', () => {
    const pair = established();
    const forge = new Forge(pair);
    const child = pair.events.initiator.of('child-installed')[0]?.child.spiIn ?? 0;
    pair.do((now) => pair.initiator.delete(now, child)).run(100);
    const [request, response] = pair.drawing.messages.map(({ bytes }) => bytes);
    if (request === undefined || response === undefined) throw new Error('nothing was said');
    forge.deliver('I -> R', request);
    expect(pair.world.sent.at(-1)?.datagram.bytes).toEqual(response);
    expect(pair.responder.counters.retransmitsReceived).toBe(1);
    expect(pair.events.responder.of('child-removed')).toHaveLength(1);
  });

  it('sealed anew under the last ID are answered from the cache too', () => {
    const pair = established();
    const forge = new Forge(pair);
    const place = { exchange: INFORMATIONAL, response: false, messageId: 2 };
    forge.send('I -> R', place, []);
    const first = pair.world.sent.at(-1)?.datagram.bytes;
    forge.send('I -> R', place, []);
    expect(pair.world.sent.at(-1)?.datagram.bytes).toEqual(first);
    expect(pair.responder.counters.retransmitsReceived).toBe(1);
  });

  it('under the last ID, but forged, get nothing', () => {
    const pair = established();
    const forge = new Forge(pair);
    const bytes = forge.make('I -> R', { exchange: INFORMATIONAL, response: false, messageId: 1 }, []);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    forge.deliver('I -> R', bytes);
    expect(pair.drawing.lines).toEqual([]);
    expect(pair.responder.counters).toMatchObject({ unauthenticated: 1, retransmitsReceived: 0 });
  });

  it('a repeated IKE_SA_INIT is answered from the cache', () => {
    const pair = new Ikev2Pair();
    let answers = 0;
    pair.link.tamper = (flying) =>
      flying.source.address === RESPONDER_ADDRESS && answers++ === 0 ? [] : [flying];
    pair.connect();
    const init = pair.drawing.messages.filter(
      ({ message }) => message.header.exchange === ExchangeType.IKE_SA_INIT,
    );
    expect(init.map(({ direction }) => direction)).toEqual(['I -> R', 'R -> I', 'I -> R', 'R -> I']);
    expect(init[2]?.bytes).toEqual(init[0]?.bytes);
    expect(init[3]?.bytes).toEqual(init[1]?.bytes);
    expect(pair.initiator.state).toBe('established');
  });
});

describe('answers of the peer', () => {
  it.each([
    ['to nothing', 2, INFORMATIONAL],
    ['to what was answered already', 1, IKE_AUTH],
    ['of the future', 9, INFORMATIONAL],
  ])('%s are dropped and counted', (_name, messageId, exchange) => {
    const pair = established();
    const forge = new Forge(pair);
    forge.send('R -> I', { exchange, response: true, messageId }, []);
    expect(pair.initiator.counters.outOfWindow).toBe(1);
    expect(pair.initiator.state).toBe('established');
  });

  it('of another exchange type than the question are dropped', () => {
    const pair = established();
    const forge = new Forge(pair);
    pair.link.options = { ...pair.link.options, loss: 1 };
    pair.do((now) => pair.initiator.checkLiveness(now));
    forge.send('R -> I', { exchange: 36, response: true, messageId: 2 }, []);
    expect(pair.initiator.counters.outOfWindow).toBe(1);
  });
});

describe('headers that are not ours', () => {
  it.each([
    ['another initiator SPI', { spiI: new Uint8Array(8).fill(1) }],
    ['another responder SPI', { spiR: new Uint8Array(8).fill(1) }],
    ['the wrong Initiator flag', { fromInitiator: false }],
  ])('%s', (_name, change) => {
    const pair = established();
    const forge = new Forge(pair);
    const place = { exchange: INFORMATIONAL, response: false, messageId: 2 };
    forge.send('I -> R', place, [], change);
    expect(pair.drawing.lines).toEqual([]);
    expect(pair.responder.counters.outOfWindow).toBe(1);
  });
});

describe('one request at a time', () => {
  it('the next one leaves when the answer has come', () => {
    const pair = established();
    const child = pair.events.initiator.of('child-installed')[0]?.child.spiIn ?? 0;
    pair.initiator.checkLiveness(pair.now);
    pair.initiator.delete(pair.now, child);
    pair.do(() => undefined);
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {}']);
    pair.run(100);
    expect(pair.drawing.lines.slice(1)).toEqual([
      'R -> I: HDR, SK {}',
      'I -> R: HDR, SK {D}',
      'R -> I: HDR, SK {D}',
    ]);
    const ids = pair.drawing.messages.map(({ message }) => message.header.messageId);
    expect(ids).toEqual([2, 2, 3, 3]);
  });

  it('IDs of both directions do not disturb each other', () => {
    const pair = established();
    for (let i = 0; i < 5; i++) {
      pair.initiator.checkLiveness(pair.now);
      pair.do((now) => pair.responder.checkLiveness(now)).run(100);
    }
    const requests = pair.drawing.messages.filter(({ message }) => !message.header.response);
    const ids = (from: string) =>
      requests.filter(({ direction }) => direction === from).map(({ message }) => message.header.messageId);
    expect(ids('I -> R')).toEqual([2, 3, 4, 5, 6]);
    expect(ids('R -> I')).toEqual([0, 1, 2, 3, 4]);
    expect(pair.initiator.counters.outOfWindow + pair.responder.counters.outOfWindow).toBe(0);
  });
});

/** As if the initiator had asked so many times. */
const spent = (next: number, options: PairOptions = {}): Ikev2Pair => {
  const pair = standing(options);
  const { life } = pair.initiator;
  const send = (datagrams: readonly Uint8Array[], path: Path): void => {
    for (const bytes of datagrams) life.outgoing.push({ bytes, path });
  };
  Object.assign(life, { requests: new Requests(life.sa, send, new RequestWindow(next)) });
  pair.responder.life.answers = new ResponseWindow(next);
  return pair;
};

const NEAR = 0xbfff_ffff;
const RENEWS = { rekey: REKEY_DEFAULTS };

describe('message IDs that run out (§2.2)', () => {
  const REKEYED = ['HDR, SK {}', 'HDR, SK {}', 'HDR, SK {SAi2, Ni, KEi}', 'HDR, SK {SAr2, Nr, KEr}'];

  it.each([
    ['our own', 'initiator', ['I -> R', 'R -> I', 'I -> R', 'R -> I']],
    ["the peer's", 'responder', ['I -> R', 'R -> I', 'R -> I', 'I -> R']],
  ] as const)('%s: the IKE SA is rekeyed in time, and the new one counts from 0', (_whose, who, ways) => {
    const pair = spent(NEAR, { [who]: RENEWS });
    const child = spiOf(pair, 'initiator');
    pair.do((now) => pair.initiator.checkLiveness(now)).run(5_000);
    expect(pair.drawing.lines.slice(0, 4)).toEqual(REKEYED.map((line, at) => `${ways[at]}: ${line}`));
    for (const end of ['initiator', 'responder'] as const) {
      expect(pair.events[end].of('ike-rekeyed')).toHaveLength(1);
    }
    expect(disagreements(pair)).toEqual([]);
    expect(spiOf(pair, 'initiator')).toBe(child);
    pair.drawing.clear();
    pair.do((now) => pair.initiator.checkLiveness(now)).run(100);
    expect(pair.drawing.messages[0]?.message.header.messageId).toBeLessThan(2);
  });

  it('not before three quarters are used', () => {
    const pair = spent(NEAR - 2, { initiator: RENEWS, responder: RENEWS });
    pair.do((now) => pair.initiator.checkLiveness(now)).run(5_000);
    expect(pair.drawing.lines).toEqual(['I -> R: HDR, SK {}', 'R -> I: HDR, SK {}']);
  });

  it('both ends notice: one successor, once', () => {
    const pair = spent(NEAR, { initiator: RENEWS, responder: RENEWS });
    pair.do((now) => pair.initiator.checkLiveness(now)).run(60_000);
    expect(disagreements(pair)).toEqual([]);
    expect(pair.events.initiator.of('ike-rekeyed')).toHaveLength(1);
    expect(pair.initiator.counters.outOfWindow + pair.responder.counters.outOfWindow).toBe(0);
  });

  it('refused: asked again after a while, not with every exchange', () => {
    const pair = spent(NEAR, { initiator: RENEWS });
    const config = pair.responder.life.sa.config as { proposals: unknown };
    const { proposals } = config;
    config.proposals = ike('aes128gcm16-prfsha256-ecp256');
    for (let second = 0; second < 15; second++) {
      for (let tenth = 0; tenth < 10; tenth++) {
        pair.do((now) => pair.initiator.checkLiveness(now)).run(100);
      }
    }
    const { length } = pair.events.initiator.of('refused');
    expect(length).toBeGreaterThan(1);
    expect(length).toBeLessThan(6);
    config.proposals = proposals;
    pair.run(60_000);
    expect(pair.events.initiator.of('ike-rekeyed')).toHaveLength(1);
    expect(disagreements(pair)).toEqual([]);
  });

  it('NO_ADDITIONAL_SAS: not asked again under this IKE SA', () => {
    const pair = spent(NEAR, { initiator: RENEWS });
    const forge = new Forge(pair);
    const asked = (): readonly unknown[] =>
      pair.drawing.lines.filter((line) => line === 'I -> R: HDR, SK {SAi2, Ni, KEi}');
    pair.do((now) => pair.initiator.checkLiveness(now)).run(10);
    // The responder hears nothing of it: the answer is forged.
    pair.link.tamper = () => [];
    pair.run(15);
    expect(asked()).toHaveLength(1);
    const place = { exchange: ExchangeType.CREATE_CHILD_SA, response: true, messageId: NEAR + 1 };
    forge.send('R -> I', place, [notifyPayload(NotifyType.NO_ADDITIONAL_SAS)]);
    pair.link.tamper = (flying) => [flying];
    pair.responder.life.answers = new ResponseWindow(NEAR + 2);
    for (let i = 0; i < 5; i++) pair.do((now) => pair.initiator.checkLiveness(now)).run(100);
    expect(asked()).toHaveLength(1);
    expect(pair.events.initiator.of('reauthentication-needed')).toHaveLength(1);
    expect(pair.initiator.state).toBe('established');
  });

  it('and nobody rekeys: a Delete under the last one', () => {
    const pair = spent(0xffff_fffe);
    pair.do((now) => pair.initiator.checkLiveness(now)).run(100);
    const requests = pair.drawing.messages.filter(
      ({ direction, message }) => direction === 'I -> R' && !message.header.response,
    );
    expect(requests.map(({ message }) => message.header.messageId)).toEqual([0xffff_fffe, 0xffff_ffff]);
    expect(pair.initiator.state).toBe('closed');
    // Whichever end notices first tells the other.
    const causes = [pair.events.initiator.failure?.cause, pair.events.responder.failure?.cause];
    expect(causes).toContain('protocol-error');
  });

  it("and the peer's are at the end: the Delete is ours, under our own count", () => {
    const pair = spent(0xffff_fffe);
    // The peer that has used them up says nothing any more.
    pair.link.tamper = (flying) => (flying.source.address === RESPONDER_ADDRESS ? [flying] : []);
    const forge = new Forge(pair);
    const place = { exchange: INFORMATIONAL, response: false, messageId: 0xffff_fffe };
    forge.send('I -> R', place, []);
    expect(pair.responder.state).toBe('deleting');
    const last = pair.drawing.messages.at(-1);
    expect([last?.direction, last?.message.header.messageId]).toEqual(['R -> I', 0]);
    expect(pair.drawing.lines.at(-1)).toBe('R -> I: HDR, SK {D}');
  });
});

describe('retransmission', () => {
  it('sends the same octets until the answer comes, and counts', () => {
    const pair = established();
    let lost = 0;
    pair.link.tamper = (flying) =>
      flying.source.address === INITIATOR_ADDRESS && lost++ < 3 ? [] : [flying];
    pair.do((now) => pair.initiator.checkLiveness(now)).run(20_000);
    const requests = pair.world.sent.slice(4).filter(({ from }) => from === INITIATOR_ADDRESS);
    expect(requests).toHaveLength(4);
    for (const { datagram } of requests) expect(datagram.bytes).toEqual(requests[0]?.datagram.bytes);
    expect(pair.initiator.counters.retransmitsSent).toBe(3);
    expect(pair.initiator.state).toBe('established');
  });

  it('stops when the answer has come', () => {
    const pair = established();
    pair.do((now) => pair.initiator.checkLiveness(now)).run(100);
    expect(pair.initiator.pollTimeout()).toBeUndefined();
  });
});
