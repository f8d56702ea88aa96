/** IKE fragmentation (RFC 7383): negotiation, both directions over good and bad links, and what a peer may not do with it. */
import { describe, expect, it } from 'vitest';
import { concat, EMPTY } from '#core/bytes/bytes.ts';
import { Writer } from '#core/bytes/writer.ts';
import { encodeChain } from '#core/ikev2/chain.ts';
import { messageBytes, Reassembly } from '#core/ikev2/fragments.ts';
import { encodeIkeHeader } from '#core/ikev2/message.ts';
import type { Fragment, IkeHeader } from '#core/ikev2/payload-types.ts';
import { createSealer } from '#core/ikev2/sealer.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { PayloadType } from '#core/registry/payload-types.ts';
import { Forge } from '#test/harness/ikev2-forge.ts';
import { ASSIGNED, Ikev2Pair, type PairOptions, pathTo } from '#test/harness/ikev2-pair.ts';
import type { Flying } from '#test/harness/virtual-link.ts';

const SMALL: PairOptions = { initiator: { fragmentBytes: 200 }, responder: { fragmentBytes: 200 } };
const IP_AND_UDP = 20 + 8 + 4;

const header: IkeHeader = {
  spiI: new Uint8Array(8).fill(1),
  spiR: new Uint8Array(8).fill(2),
  majorVersion: 2,
  minorVersion: 0,
  exchange: ExchangeType.INFORMATIONAL,
  fromInitiator: true,
  versionFlag: false,
  response: false,
  messageId: 7,
};

const isAnswer = ({ bytes }: Flying): boolean => ((bytes[19] ?? 0) & 0x20) !== 0;
/** Fragment Number, where the first payload is SKF. */
const numberOf = ({ bytes }: Pick<Flying, 'bytes'>): number | undefined =>
  bytes[16] === PayloadType.SKF ? ((bytes[32] ?? 0) << 8) | (bytes[33] ?? 0) : undefined;

const saysFragmentation = (pair: Ikev2Pair): boolean[] =>
  pair.drawing.messages
    .slice(0, 2)
    .map(({ message }) =>
      message.payloads.some(
        (payload) => payload.kind === 'N' && payload.type === NotifyType.IKEV2_FRAGMENTATION_SUPPORTED,
      ),
    );

describe('fragments on the wire', () => {
  it('carry IKE_AUTH both ways', () => {
    const pair = new Ikev2Pair(SMALL).connect();
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SAi1, KEi, Ni',
      'R -> I: HDR, SAr1, KEr, Nr',
      'I -> R: HDR, SKF {1/3}',
      'I -> R: HDR, SKF {2/3}',
      'I -> R: HDR, SKF {3/3: IDi, N(INITIAL_CONTACT), IDr, AUTH, CP(CFG_REQUEST), SAi2, TSi, TSr}',
      'R -> I: HDR, SKF {1/3}',
      'R -> I: HDR, SKF {2/3}',
      'R -> I: HDR, SKF {3/3: IDr, AUTH, CP(CFG_REPLY), SAr2, TSi, TSr}',
    ]);
    expect(pair.initiator.state).toBe('established');
    const fragments = pair.world.sent.filter(({ datagram }) => numberOf(datagram) !== undefined);
    // Next Payload is the first one's affair (§2.5).
    const first = (messages: typeof fragments): boolean[] =>
      messages.map(({ datagram }) => (datagram.bytes[28] ?? 0) > 0);
    expect(first(fragments)).toEqual([true, false, false, true, false, false]);
    expect(Math.max(...fragments.map(({ datagram }) => datagram.bytes.length + IP_AND_UDP))).toBe(200);
  });

  it('are not needed for what fits, and IKE_SA_INIT is never fragmented', () => {
    const pair = new Ikev2Pair().connect();
    expect(saysFragmentation(pair)).toEqual([true, true]);
    expect(pair.drawing.lines.some((line) => line.includes('SKF'))).toBe(false);
    const tiny = new Ikev2Pair({ initiator: { fragmentBytes: 120 } }).initiate();
    expect(tiny.world.sent).toHaveLength(1);
    expect(tiny.world.sent[0]?.datagram.bytes.length).toBeGreaterThan(120);
  });

  it.each<[string, PairOptions, boolean[]]>([
    ['the initiator', { ...SMALL, initiator: { fragmentBytes: 0 } }, [false, false]],
    ['the responder', { ...SMALL, responder: { fragmentBytes: 0 } }, [true, false]],
  ])('are not sent when %s does not take them', (_who, options, said) => {
    const pair = new Ikev2Pair(options).connect();
    expect(saysFragmentation(pair)).toEqual(said);
    expect(pair.initiator.state).toBe('established');
    expect(pair.drawing.lines.some((line) => line.includes('SKF'))).toBe(false);
  });

  it('that nobody agreed on are refused', () => {
    const pair = new Ikev2Pair({ responder: { fragmentBytes: 0 } }).connect();
    const place = { exchange: ExchangeType.INFORMATIONAL, response: false, messageId: 2 };
    const forge = new Forge(pair);
    const pieces = forge.makeWithin('I -> R', place, [{ kind: 'V', data: new Uint8Array(200) }], 168);
    for (const bytes of pieces) forge.deliver('I -> R', bytes);
    expect(pair.responder.counters.unauthenticated).toBe(pieces.length);
    expect(pair.responder.life.sa.incomplete.requests.bytes).toBe(0);
  });

  it('fit IPv6, whose header is longer', () => {
    const path6 = {
      local: { address: '2001:db8::1', port: 500 },
      remote: { address: '2001:db8::2', port: 500 },
    };
    expect(messageBytes(pathTo(500), 1280)).toBe(1248);
    expect(messageBytes(path6, 1280)).toBe(1228);
  });
});

describe('fragments that are lost', () => {
  it('are sent again, all of them, octet by octet (§2.5.2)', () => {
    const pair = new Ikev2Pair(SMALL);
    let lost = 0;
    pair.link.tamper = (flying) => {
      if (numberOf(flying) === 2 && !isAnswer(flying) && lost++ === 0) return [];
      return [flying];
    };
    pair.connect();
    expect(pair.initiator.state).toBe('established');
    const requests = pair.world.sent.filter(
      ({ from, datagram }) => from === '192.0.2.10' && numberOf(datagram) !== undefined,
    );
    expect(requests.map(({ datagram }) => numberOf(datagram))).toEqual([1, 2, 3, 1, 2, 3]);
    expect(requests.slice(3).map(({ datagram }) => datagram.bytes)).toEqual(
      requests.slice(0, 3).map(({ datagram }) => datagram.bytes),
    );
    expect(pair.initiator.counters.retransmitsSent).toBe(1);
  });

  it('of an answer are answered from the cache, once for all fragments of the request (§2.6.1)', () => {
    const pair = new Ikev2Pair(SMALL);
    let lost = 0;
    pair.link.tamper = (flying) => {
      if (numberOf(flying) === 3 && isAnswer(flying) && lost++ === 0) return [];
      return [flying];
    };
    pair.connect();
    expect(pair.initiator.state).toBe('established');
    const answers = pair.world.sent.filter(
      ({ from, datagram }) => from !== '192.0.2.10' && numberOf(datagram) !== undefined,
    );
    expect(answers.map(({ datagram }) => numberOf(datagram))).toEqual([1, 2, 3, 1, 2, 3]);
    expect(answers[5]?.datagram.bytes).toEqual(answers[2]?.datagram.bytes);
    expect(pair.responder.counters.retransmitsReceived).toBe(1);
  });

  it('become smaller when large ones find no way', () => {
    const applicationVersion = 'x'.repeat(1_500);
    const request = { ip4: true, ip6: true, dns: true, subnets: true, domains: true, applicationVersion };
    const pair = new Ikev2Pair({ initiator: { request } });
    pair.link.tamper = (flying) => (flying.bytes.length + IP_AND_UDP > 576 ? [] : [flying]);
    pair.connect();
    expect(pair.initiator.state).toBe('established');
    const requests = pair.world.sent.filter(({ datagram }) => numberOf(datagram) !== undefined);
    expect(requests.map(({ datagram }) => numberOf(datagram))).toEqual([1, 2, 1, 2, 1, 2, 3, 4]);
  });

  it('become smaller in an answer as well, when it is asked for a third time', () => {
    const assigned = { ...ASSIGNED, applicationVersion: 'x'.repeat(1_500) };
    const pair = new Ikev2Pair({ responder: { assign: () => assigned } });
    pair.link.tamper = (flying) => (flying.bytes.length + IP_AND_UDP > 576 ? [] : [flying]);
    pair.connect();
    expect(pair.initiator.state).toBe('established');
    const answers = pair.world.sent.filter(({ datagram }) => numberOf(datagram) !== undefined);
    expect(answers.map(({ datagram }) => numberOf(datagram))).toEqual([1, 2, 1, 2, 1, 2, 3, 4]);
    const sizes = answers.slice(4).map(({ datagram }) => datagram.bytes.length + IP_AND_UDP);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(576);
    // Whoever repeats a request a hundred times gets the same octets from then on.
    expect(pair.responder.counters.retransmitsReceived).toBe(2);
  });

  it('cost no more than time on a bad link, 100 times', () => {
    const retransmit = { initialMs: 300, factor: 1.3, maxMs: 2_000, attempts: 40, jitter: 0.1 };
    for (let seed = 1; seed <= 100; seed++) {
      const pair = new Ikev2Pair({
        seed,
        initiator: { ...SMALL.initiator, retransmit, livenessSec: 0 },
        responder: { ...SMALL.responder, retransmit, livenessSec: 0 },
        link: { delayMs: 20, jitterMs: 200, loss: 0.2, duplicate: 0.2 },
      }).connect();
      expect([seed, pair.initiator.state, pair.responder.state]).toEqual([
        seed,
        'established',
        'established',
      ]);
      expect([
        seed,
        pair.initiator.counters.unauthenticated,
        pair.responder.counters.unauthenticated,
      ]).toEqual([seed, 0, 0]);
    }
  });

  it('are not replaced by forged ones: only authentic octets are kept', () => {
    const pair = new Ikev2Pair(SMALL);
    pair.link.tamper = (flying) => {
      if (numberOf(flying) === undefined) return [flying];
      const forged = flying.bytes.slice();
      forged[40] = (forged[40] ?? 0) ^ 1;
      return [
        { ...flying, bytes: forged },
        { ...flying, at: flying.at + 5 },
      ];
    };
    pair.connect();
    expect(pair.initiator.state).toBe('established');
    expect([pair.initiator.counters.unauthenticated, pair.responder.counters.unauthenticated]).toEqual([
      3, 3,
    ]);
  });
});

describe('a repeated request', () => {
  it('in other fragments is answered again, but not by its second fragment', () => {
    const pair = new Ikev2Pair(SMALL).connect();
    const place = { exchange: ExchangeType.IKE_AUTH, response: false, messageId: 1 };
    const again = new Forge(pair).makeWithin(
      'I -> R',
      place,
      [{ kind: 'V', data: new Uint8Array(400) }],
      168,
    );
    const sent = (): number => pair.world.sent.length;
    const forge = new Forge(pair);
    const before = sent();
    forge.deliver('I -> R', again[1] ?? EMPTY);
    expect(sent()).toBe(before);
    forge.deliver('I -> R', again[0] ?? EMPTY);
    expect(sent()).toBe(before + 3);
    expect(pair.responder.life.sa.incomplete.requests.bytes).toBe(0);
  });
});

/** A fragment with the right ICV and any numbers. */
function sealNumbered(pair: Ikev2Pair, number: number, total: number): Uint8Array {
  const { suite, keys } = pair.initiator.life.sa;
  if (suite === undefined || keys === undefined) throw new Error('nothing is keyed');
  const sealer = createSealer(suite, { encryption: keys.skEi, integrity: keys.skAi }, pair.random.bytes);
  const plaintext = new Uint8Array(16);
  const length = 8 + sealer.ivBytes + plaintext.length + sealer.icvBytes;
  const { spiI, spiR } = pair.initiator;
  const whole = { ...header, spiI, spiR, messageId: 2 };
  const front = new Writer()
    .bytes(encodeIkeHeader(whole, PayloadType.SKF, length))
    .u8(0)
    .u8(0)
    .u16(length)
    .u16(number)
    .u16(total)
    .finish();
  // Far from the counters that were used under this key.
  const iv = new Uint8Array(sealer.ivBytes).fill(0x77);
  return concat(front, iv, sealer.seal(front, iv, plaintext));
}

describe('impossible fragments', () => {
  it.each([
    [0, 2],
    [3, 2],
    [1, 0],
    [0, 0],
  ])('number %i of %i get silence, though authentic (§2.6)', (number, total) => {
    const pair = new Ikev2Pair(SMALL).connect();
    const sent = pair.world.sent.length;
    new Forge(pair).deliver('I -> R', sealNumbered(pair, number, total));
    expect(pair.world.sent.length).toBe(sent);
    expect(pair.responder.life.sa.incomplete.requests.bytes).toBe(0);
    expect(pair.responder.counters.unauthenticated).toBe(1);
  });

  it('are made in the right way here: a possible one is kept', () => {
    const pair = new Ikev2Pair(SMALL).connect();
    new Forge(pair).deliver('I -> R', sealNumbered(pair, 2, 2));
    expect(pair.responder.life.sa.incomplete.requests.bytes).toBe(15);
  });
});

describe('authentic nonsense in fragments', () => {
  it('is answered as a whole: INVALID_SYNTAX', () => {
    const pair = new Ikev2Pair(SMALL).connect();
    const forge = new Forge(pair);
    const place = { exchange: ExchangeType.INFORMATIONAL, response: false, messageId: 2 };
    const junk = [{ kind: 'unknown', type: PayloadType.NONCE, critical: false, body: EMPTY }] as const;
    const filler = { kind: 'V', data: new Uint8Array(300) } as const;
    pair.drawing.clear();
    for (const bytes of forge.makeWithin('I -> R', place, [filler, ...junk], 168))
      forge.deliver('I -> R', bytes);
    expect(pair.drawing.lines).toEqual(['R -> I: HDR, SK {N(INVALID_SYNTAX)}']);
    expect(pair.responder.state).toBe('closed');
  });
});

/** A Vendor ID payload in pieces of 10 octets. */
const chain = encodeChain([{ kind: 'V', data: new Uint8Array(26).fill(0x56) }]);
const cut = (total: number, size = Math.ceil(chain.bytes.length / total)): Fragment[] =>
  Array.from({ length: total }, (_, i) => ({
    number: i + 1,
    total,
    next: i === 0 ? chain.first : 0,
    front: new Uint8Array(32),
    content: chain.bytes.slice(i * size, (i + 1) * size),
  }));

const take = (reassembly: Reassembly, fragment: Fragment | undefined, messageId = 7) => {
  if (fragment === undefined) throw new Error('no such fragment');
  return reassembly.take({ ...header, messageId }, fragment, Uint8Array.of(fragment.number));
};

describe('Reassembly', () => {
  const WHOLE = {
    decoded: { outcome: 'ok', message: { payloads: [{ kind: 'V' }] } },
    first: Uint8Array.of(1),
  };

  it('puts pieces together in any order, duplicates and all', () => {
    const [one, two, three] = cut(3);
    const reassembly = new Reassembly();
    for (const fragment of [three, one, one, three]) expect(take(reassembly, fragment)).toBeUndefined();
    expect(reassembly.bytes).toBe((one?.content.length ?? 0) + (three?.content.length ?? 0));
    expect(take(reassembly, two)).toMatchObject(WHOLE);
    expect(reassembly.bytes).toBe(0);
  });

  it('begins anew when the peer cuts into more pieces, and passes over those of fewer (§2.6.1)', () => {
    const [a, b] = cut(2);
    const [one, two, three] = cut(3);
    const reassembly = new Reassembly();
    expect(take(reassembly, a)).toBeUndefined();
    expect(take(reassembly, one)).toBeUndefined();
    // The second half of the first try does not complete anything.
    expect(take(reassembly, b)).toBeUndefined();
    expect(take(reassembly, two)).toBeUndefined();
    expect(take(reassembly, three)).toMatchObject(WHOLE);
  });

  it('keeps one message at a time', () => {
    const [one, two] = cut(2);
    const reassembly = new Reassembly();
    take(reassembly, one, 7);
    take(reassembly, one, 8);
    expect(take(reassembly, two, 7)).toBeUndefined();
    take(reassembly, one, 8);
    expect(take(reassembly, two, 8)).toMatchObject(WHOLE);
  });

  it('is no place for a flood: pieces, octets', () => {
    const reassembly = new Reassembly();
    for (let number = 1; number <= 300; number++) {
      take(reassembly, {
        number,
        total: 0xffff,
        next: 0,
        front: new Uint8Array(32),
        content: new Uint8Array(1_000),
      });
    }
    expect(reassembly.bytes).toBe(0);
    for (let number = 1; number <= 254; number++) {
      take(reassembly, {
        number,
        total: 255,
        next: 0,
        front: new Uint8Array(32),
        content: new Uint8Array(1_000),
      });
    }
    expect(reassembly.bytes).toBeLessThanOrEqual(65_536);
    expect(reassembly.bytes).toBeGreaterThan(60_000);
  });

  it('wipes what it forgets, and keeps copies', () => {
    const [one] = cut(2);
    if (one === undefined) throw new Error('no fragment');
    const reassembly = new Reassembly();
    take(reassembly, one);
    const before = concat(one.content);
    reassembly.clear();
    expect(reassembly.bytes).toBe(0);
    expect(one.content).toEqual(before);
  });
});
