/** What may go wrong, or differently, in IKE_SA_INIT (RFC 7296 §1.2, §2.5 to §2.7, §2.21.1). */
import { describe, expect, it } from 'vitest';
import { EMPTY } from '#core/bytes/bytes.ts';
import { encodeMessage } from '#core/ikev2/message.ts';
import type { IkeHeader, Payload } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { EndpointScene } from '#test/harness/ikev2-endpoint.ts';
import { Forge, notifyPayload } from '#test/harness/ikev2-forge.ts';
import { ike, Ikev2Pair, INITIATOR_ADDRESS, pathTo } from '#test/harness/ikev2-pair.ts';

const GROUPS = 'aes256gcm16-prfsha256-curve25519-ecp256-ecp384';
const group = (id: number): Uint8Array => Uint8Array.of(id >> 8, id & 0xff);
const ECP256 = 19;
const ECP384 = 20;

/** An answer to the first message that anybody could have sent. */
function forgedAnswer(
  pair: Ikev2Pair,
  payloads: readonly Payload[],
  change: Partial<IkeHeader> = {},
): Uint8Array {
  return encodeMessage(
    {
      spiI: pair.initiator.spiI,
      spiR: new Uint8Array(8),
      majorVersion: 2,
      minorVersion: 0,
      exchange: ExchangeType.IKE_SA_INIT,
      fromInitiator: false,
      versionFlag: false,
      response: true,
      messageId: 0,
      ...change,
    },
    payloads,
  );
}

const hear = (pair: Ikev2Pair, ...payloads: readonly Payload[]): void => {
  pair.initiator.handleDatagram(pair.now, forgedAnswer(pair, payloads), pathTo(500));
  pair.world.flush();
};

/** The nth IKE_SA_INIT request is answered with a cookie on the way, and does not arrive. */
function answerWithCookie(pair: Ikev2Pair, nth: number): void {
  let requests = 0;
  pair.link.tamper = (flying) => {
    const request =
      flying.bytes[18] === ExchangeType.IKE_SA_INIT && flying.source.address === INITIATOR_ADDRESS;
    if (!request || ++requests !== nth) return [flying];
    const cookie = forgedAnswer(pair, [notifyPayload(NotifyType.COOKIE, Uint8Array.of(7, 7))]);
    return [{ ...flying, source: flying.destination, destination: flying.source, bytes: cookie }];
  };
}

const ofVersion = (bytes: Uint8Array, major: number): Uint8Array => {
  const other = bytes.slice();
  other[17] = major << 4;
  return other;
};

describe('COOKIE (§2.6)', () => {
  it('repeats the request with the cookie first and all else unchanged', () => {
    const pair = new Ikev2Pair();
    answerWithCookie(pair, 1);
    pair.connect();
    expect(pair.drawing.lines.filter((line) => line.startsWith('I -> R')).slice(0, 2)).toEqual([
      'I -> R: HDR, SAi1, KEi, Ni',
      'I -> R: HDR, N(COOKIE), SAi1, KEi, Ni',
    ]);
    const [first, second] = pair.drawing.messages.filter(({ direction }) => direction === 'I -> R');
    expect(second?.message.payloads.slice(1, 4)).toEqual(first?.message.payloads.slice(0, 3));
    expect(second?.message.header).toEqual(first?.message.header);
  });

  it('connects through an endpoint that always asks for one', () => {
    const scene = new EndpointScene({ endpoint: { cookieThreshold: 0 } }).connect(0);
    expect(scene.client(0).connection.state).toBe('established');
    expect(scene.hints).toEqual(['COOKIE']);
    expect(scene.endpoint.counters.cookiesSent).toBe(1);
  });

  it.each([0, 65])('of %d octets is none', (length) => {
    const pair = new Ikev2Pair().initiate();
    hear(pair, notifyPayload(NotifyType.COOKIE, new Uint8Array(length)));
    expect(pair.initiator.counters.malformed).toBe(1);
    expect(pair.drawing.lines).toHaveLength(1);
  });

  it('gives up on a peer that asks again and again, saying so', () => {
    const pair = new Ikev2Pair({ link: { loss: 1 } }).initiate();
    for (let i = 0; i < 50; i++) hear(pair, notifyPayload(NotifyType.COOKIE, Uint8Array.of(i)));
    pair.runToEnd();
    expect(pair.world.sent.length).toBeLessThan(20);
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error', sentBy: 'peer' });
  });

  /** A gateway in a burst: it changes its secret faster than we answer, until `patience` requests have come. */
  function burst(patience: number): Ikev2Pair {
    const retransmit = { initialMs: 500, factor: 2, maxMs: 10_000, attempts: 6, jitter: 0 };
    const pair = new Ikev2Pair({ initiator: { retransmit } });
    let requests = 0;
    pair.link.tamper = (flying) => {
      const first =
        flying.bytes[18] === ExchangeType.IKE_SA_INIT && flying.source.address === INITIATOR_ADDRESS;
      if (!first || ++requests > patience) return [flying];
      const cookie = forgedAnswer(pair, [notifyPayload(NotifyType.COOKIE, Uint8Array.of(requests))]);
      return [{ ...flying, source: flying.destination, destination: flying.source, bytes: cookie }];
    };
    return pair;
  }
  const cookiesSent = (pair: Ikev2Pair): (number | undefined)[] =>
    pair.drawing.messages
      .filter(({ direction }) => direction === 'I -> R')
      .flatMap(({ message }) => message.payloads[0] ?? [])
      .flatMap((payload) => (payload.kind === 'N' ? [payload.data[0]] : []));

  it('goes with each retransmission in its newest form, where a gateway asks again and again', () => {
    const pair = burst(8).connect();
    expect(pair.initiator.state).toBe('established');
    expect(cookiesSent(pair).slice(0, 8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(pair.initiator.counters.retransmitsSent).toBe(3);
  });

  it('costs no more messages than the retransmissions after that', () => {
    const pair = burst(1_000).initiate().runToEnd();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error', sentBy: 'peer' });
    // Five at once, and those of the five retransmissions after the last of them.
    expect(cookiesSent(pair)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});

describe('INVALID_KE_PAYLOAD', () => {
  it('switches to the group that is asked for', () => {
    const pair = new Ikev2Pair({
      initiator: { proposals: ike(GROUPS) },
      responder: { proposals: ike('aes256gcm16-prfsha256-ecp256') },
    }).connect();
    expect(pair.drawing.lines.slice(0, 4)).toEqual([
      'I -> R: HDR, SAi1, KEi, Ni',
      'R -> I: HDR, N(INVALID_KE_PAYLOAD)',
      'I -> R: HDR, SAi1, KEi, Ni',
      'R -> I: HDR, SAr1, KEr, Nr',
    ]);
    expect(pair.events.initiator.of('ike-established')[0]?.suite.keyExchange.keyword).toBe('ecp256');
    const requests = pair.drawing.messages.filter(({ direction }) => direction === 'I -> R').slice(0, 2);
    const proposals = requests.map(({ message }) => message.payloads[0]);
    expect(proposals[0]).toEqual(proposals[1]);
  });

  it.each(['cookie, then group', 'group, then cookie'])('with COOKIE: %s (§2.6.1)', (order) => {
    const pair = new Ikev2Pair({
      initiator: { proposals: ike(GROUPS) },
      responder: { proposals: ike('aes256gcm16-prfsha256-ecp256') },
    });
    answerWithCookie(pair, order.startsWith('cookie') ? 1 : 2);
    pair.connect();
    expect(pair.initiator.state).toBe('established');
    const drawn = pair.drawing.lines.filter((line) => line.startsWith('I -> R') && line.includes('SAi1'));
    const withCookie = 'I -> R: HDR, N(COOKIE), SAi1, KEi, Ni';
    const without = 'I -> R: HDR, SAi1, KEi, Ni';
    expect(drawn).toEqual(
      order.startsWith('cookie') ? [without, withCookie, withCookie] : [without, without, withCookie],
    );
  });

  it('fails when the group is not in our proposals', () => {
    const pair = new Ikev2Pair({
      initiator: { proposals: ike('aes256gcm16-prfsha256-curve25519') },
      link: { loss: 1 },
    }).initiate();
    hear(pair, notifyPayload(NotifyType.INVALID_KE_PAYLOAD, group(ECP384)));
    pair.runToEnd();
    expect(pair.events.initiator.failure).toEqual({
      cause: 'invalid-ke',
      wanted: ['curve25519'],
      asked: 'ecp384',
    });
  });

  it('takes each group at most once', () => {
    const pair = new Ikev2Pair({ initiator: { proposals: ike(GROUPS) }, link: { loss: 1 } }).initiate();
    hear(pair, notifyPayload(NotifyType.INVALID_KE_PAYLOAD, group(ECP256)));
    hear(pair, notifyPayload(NotifyType.INVALID_KE_PAYLOAD, group(ECP384)));
    hear(pair, notifyPayload(NotifyType.INVALID_KE_PAYLOAD, group(ECP256)));
    pair.runToEnd();
    expect(pair.events.initiator.failure).toEqual({
      cause: 'invalid-ke',
      wanted: ['curve25519', 'ecp256', 'ecp384'],
      asked: 'ecp256',
    });
  });

  const WANTS_ECP256 = { responder: { proposals: ike('aes256gcm16-prfsha256-ecp256') } };

  it('once for each repetition of the first request: the answer to the next one is waited for', () => {
    const initiator = { proposals: ike(GROUPS) };
    const pair = new Ikev2Pair({ initiator, ...WANTS_ECP256, link: { delayMs: 900 } }).initiate().run(8_000);
    expect(pair.initiator.state).toBe('established');
    expect(pair.drawing.lines.filter((line) => line.includes('N(INVALID_KE_PAYLOAD)'))).toHaveLength(3);
  });

  it('fails where the gateway refuses the very group that it has asked for, when the repetitions are spent', () => {
    const pair = new Ikev2Pair({ initiator: { proposals: ike(GROUPS) }, link: { loss: 1 } }).initiate();
    hear(pair, notifyPayload(NotifyType.INVALID_KE_PAYLOAD, group(ECP256)));
    hear(pair, notifyPayload(NotifyType.INVALID_KE_PAYLOAD, group(ECP256)));
    pair.run(5_000);
    expect(pair.initiator.state).toBe('ike-sa-init');
    pair.runToEnd();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'invalid-ke', asked: 'ecp256' });
  });

  it('ignores one that names no group', () => {
    const pair = new Ikev2Pair().initiate();
    hear(pair, notifyPayload(NotifyType.INVALID_KE_PAYLOAD));
    expect(pair.initiator.counters.malformed).toBe(1);
    pair.run(1_000);
    expect(pair.initiator.state).toBe('established');
  });
});

describe('NO_PROPOSAL_CHOSEN', () => {
  it('is answered by a responder, which keeps nothing', () => {
    const pair = new Ikev2Pair({
      initiator: { proposals: ike('aes128-sha1-modp2048') },
      responder: { proposals: ike('aes256gcm16-prfsha256-curve25519', 'aes256-sha256-ecp256') },
    }).initiate();
    pair.runToEnd();
    expect(pair.drawing.lines.slice(0, 2)).toEqual([
      'I -> R: HDR, SAi1, KEi, Ni',
      'R -> I: HDR, N(NO_PROPOSAL_CHOSEN)',
    ]);
    expect(pair.responder.state).toBe('idle');
    expect(pair.drawing.messages[1]?.message.header.spiR).toEqual(new Uint8Array(8));
    expect(pair.events.responder.of('progress')[0]?.detail).toBe(
      'answered NO_PROPOSAL_CHOSEN to 192.0.2.10:500',
    );
  });

  it('fails with what we wanted, soon but not at once', () => {
    const pair = new Ikev2Pair({ initiator: { proposals: ike('aes128-sha1-modp2048') } }).initiate();
    const began = pair.now;
    pair.runToEnd();
    expect(pair.events.initiator.failure).toEqual({
      cause: 'no-proposal',
      protocol: 'IKE',
      saidBy: 'peer',
      wanted: ['aes128-sha1-modp2048'],
      offered: [],
      narrowed: true,
    });
    expect(pair.now - began).toBeGreaterThan(500);
    expect(pair.now - began).toBeLessThan(3_100);
  });
});

describe('errors that anybody could have sent (§2.21.1)', () => {
  const FORGED = [
    ['NO_PROPOSAL_CHOSEN', [notifyPayload(NotifyType.NO_PROPOSAL_CHOSEN)]],
    ['INVALID_SYNTAX', [notifyPayload(NotifyType.INVALID_SYNTAX)]],
    ['INVALID_MAJOR_VERSION', [notifyPayload(NotifyType.INVALID_MAJOR_VERSION)]],
    ['AUTHENTICATION_FAILED', [notifyPayload(NotifyType.AUTHENTICATION_FAILED)]],
    ['an error of no meaning', [notifyPayload(4_711)]],
    [
      'INVALID_KE_PAYLOAD for a group that is not offered',
      [notifyPayload(NotifyType.INVALID_KE_PAYLOAD, group(99))],
    ],
    ['an empty message', []],
    ['a lone nonce', [{ kind: 'NONCE', data: new Uint8Array(32) }]],
  ] as const satisfies readonly (readonly [string, readonly Payload[]])[];

  it.each(FORGED)('%s does not end the attempt', (_name, payloads) => {
    const pair = new Ikev2Pair().initiate();
    hear(pair, ...payloads);
    pair.run(1_000);
    expect(pair.initiator.state).toBe('established');
    expect(pair.events.initiator.failure).toBeUndefined();
  });

  it('is told when nothing better comes: the notify by its name', () => {
    const pair = new Ikev2Pair({ link: { loss: 1 } }).initiate();
    hear(pair, notifyPayload(NotifyType.INVALID_SYNTAX));
    pair.runToEnd();
    expect(pair.events.initiator.failure).toEqual({
      cause: 'peer-error',
      notify: 'INVALID_SYNTAX',
      code: 7,
      exchange: 'IKE_SA_INIT',
    });
  });

  it('is not forgotten over garbage that comes later', () => {
    const pair = new Ikev2Pair({ link: { loss: 1 } }).initiate();
    hear(pair, notifyPayload(NotifyType.INVALID_SYNTAX));
    hear(pair);
    pair.runToEnd();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'peer-error', notify: 'INVALID_SYNTAX' });
  });

  it('takes the real answer after one that chooses a group we did not send', () => {
    const pair = new Ikev2Pair({ initiator: { proposals: ike(GROUPS) } });
    const forge = new Forge(pair);
    let copied = false;
    pair.link.tamper = (flying) => {
      const message = copied ? undefined : forge.open('R -> I', flying.bytes);
      if (message?.header.response !== true) return [flying];
      copied = true;
      const payloads = message.payloads.map((payload) =>
        payload.kind === 'SA' ? { ...payload, proposals: ike('aes256gcm16-prfsha256-ecp256') } : payload,
      );
      // In front of the real one, which arrives a moment later.
      return [
        { ...flying, bytes: encodeMessage(message.header, payloads) },
        { ...flying, at: flying.at + 5 },
      ];
    };
    pair.connect();
    expect(pair.initiator.state).toBe('established');
    expect(pair.events.initiator.of('ike-established')[0]?.suite.keyExchange.keyword).toBe('curve25519');
  });

  it('takes the real answer after one without a responder SPI', () => {
    const pair = new Ikev2Pair();
    const forge = new Forge(pair);
    pair.link.tamper = (flying) => {
      const message =
        flying.bytes[18] === ExchangeType.IKE_SA_INIT ? forge.open('R -> I', flying.bytes) : undefined;
      if (message?.header.response !== true) return [flying];
      const header = { ...message.header, spiR: new Uint8Array(8) };
      return [
        { ...flying, bytes: encodeMessage(header, message.payloads) },
        { ...flying, at: flying.at + 5 },
      ];
    };
    pair.connect();
    expect(pair.initiator.state).toBe('established');
  });

  it('waits all retransmissions when all it heard was garbage, then says what it heard', () => {
    const pair = new Ikev2Pair({ link: { loss: 1 } }).initiate();
    hear(pair);
    const began = pair.now;
    pair.runToEnd();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error', sentBy: 'peer' });
    expect(pair.now - began).toBeGreaterThan(20_000);
    expect(pair.initiator.counters).toMatchObject({ malformed: 1, retransmitsSent: 7 });
  });

  it('takes the real answer after a forged one that would have been chosen wrongly', () => {
    const pair = new Ikev2Pair().initiate();
    hear(
      pair,
      { kind: 'SA', proposals: ike('aes128-sha1-modp2048') },
      { kind: 'KE', group: 14, data: new Uint8Array(256) },
      { kind: 'NONCE', data: new Uint8Array(32) },
    );
    pair.run(1_000);
    expect(pair.initiator.state).toBe('established');
  });

  it('takes the real answer after a forged public value that is no point of the group', () => {
    const pair = new Ikev2Pair().initiate();
    const proposals = ike('aes256gcm16-prfsha256-curve25519');
    const answer: readonly Payload[] = [
      { kind: 'SA', proposals },
      { kind: 'KE', group: 31, data: new Uint8Array(32) },
      { kind: 'NONCE', data: new Uint8Array(32) },
    ];
    pair.initiator.handleDatagram(
      pair.now,
      forgedAnswer(pair, answer, { spiR: new Uint8Array(8).fill(1) }),
      pathTo(500),
    );
    pair.run(1_000);
    expect(pair.initiator.state).toBe('established');
  });
});

describe('versions (§2.5)', () => {
  it('a request of version 3 is answered with INVALID_MAJOR_VERSION in version 2', () => {
    const pair = new Ikev2Pair();
    pair.link.tamper = (flying) => [{ ...flying, bytes: ofVersion(flying.bytes, 3) }];
    pair.initiate().run(15);
    expect(pair.drawing.lines[1]).toBe('R -> I: HDR, N(INVALID_MAJOR_VERSION)');
    expect(pair.drawing.messages[1]?.message.header.majorVersion).toBe(2);
    expect(pair.responder.state).toBe('idle');
  });

  it('a request of version 1 is dropped', () => {
    const pair = new Ikev2Pair();
    pair.link.tamper = (flying) => [{ ...flying, bytes: ofVersion(flying.bytes, 1) }];
    pair.initiate().run(15);
    expect(pair.drawing.lines).toHaveLength(1);
    expect(pair.responder.counters.malformed).toBe(1);
  });

  it('minor version and the version flag change nothing', () => {
    const pair = new Ikev2Pair();
    // Signed by AUTH as it was sent, so only the answer to it may be looked at here.
    pair.link.tamper = (flying) => {
      const bytes = flying.bytes.slice();
      bytes[17] = 0x25;
      bytes[19] = (bytes[19] ?? 0) | 0x10;
      return [{ ...flying, bytes }];
    };
    pair.initiate().run(15);
    expect(pair.drawing.lines[1]).toBe('R -> I: HDR, SAr1, KEr, Nr');
  });

  it('an unknown critical payload in the first request is answered by its type', () => {
    const pair = new Ikev2Pair().initiate();
    const [request] = pair.drawing.messages;
    const payloads = [
      ...(request?.message.payloads ?? []),
      { kind: 'unknown', type: 200, critical: true, body: EMPTY },
    ] as const;
    const header = request?.message.header;
    if (header === undefined) throw new Error('nothing was sent');
    const path = pathTo(500);
    pair.responder.handleDatagram(pair.now, encodeMessage(header, payloads), {
      local: path.remote,
      remote: path.local,
    });
    pair.world.flush();
    expect(pair.drawing.lines.at(-1)).toBe('R -> I: HDR, N(UNSUPPORTED_CRITICAL_PAYLOAD)');
    expect(pair.drawing.messages.at(-1)?.message.payloads[0]).toMatchObject({ data: Uint8Array.of(200) });
  });

  it('an unknown payload that is not critical is skipped', () => {
    const pair = new Ikev2Pair();
    const forge = new Forge(pair);
    let done = false;
    forge.rewrite(({ header, payloads }) => {
      if (done || header.response) return undefined;
      done = true;
      return [...payloads, { kind: 'unknown', type: 200, critical: false, body: Uint8Array.of(1) }];
    });
    pair.initiate().run(15);
    expect(pair.drawing.lines[1]).toBe('R -> I: HDR, SAr1, KEr, Nr');
  });
});

describe('nobody answers', () => {
  it('fails with every address and port that was tried, after the budget', () => {
    const pair = new Ikev2Pair({ link: { loss: 1 } }).initiate();
    pair.runToEnd();
    expect(pair.events.initiator.failure).toEqual({
      cause: 'no-answer',
      exchange: 'IKE_SA_INIT',
      tried: [{ address: '198.51.100.1', port: 500 }],
      attempts: 8,
    });
    expect(pair.events.initiator.types).toEqual(['closed']);
  });

  it('sends the same octets each time, further and further apart', () => {
    const pair = new Ikev2Pair({ link: { loss: 1 } }).initiate();
    pair.runToEnd();
    const { sent } = pair.world;
    expect(sent).toHaveLength(8);
    for (const { datagram } of sent) expect(datagram.bytes).toEqual(sent[0]?.datagram.bytes);
    const waits = sent.slice(1).map(({ at }, i) => at - (sent[i]?.at ?? 0));
    expect(waits[0]).toBeGreaterThanOrEqual(450);
    expect(waits[0]).toBeLessThanOrEqual(550);
    for (const [i, wait] of waits.entries()) expect(wait).toBeGreaterThan((waits[i - 1] ?? 0) * 0.9);
  });
});
