/** Additional key exchanges before IKE_AUTH: IKE_INTERMEDIATE (RFC 9242, RFC 9370 §2.2.2), with ML-KEM. */
import { describe, expect, it } from 'vitest';
import { EMPTY, toHex } from '#core/bytes/bytes.ts';
import { describeIkeSuite } from '#core/crypto/suite.ts';
import { decodeMessage, encodeMessage } from '#core/ikev2/message.ts';
import type { Inside, Message, Payload } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { transformTypes } from '#core/registry/transform-types.ts';
import { Forge, notifyPayload } from '#test/harness/ikev2-forge.ts';
import { answersOf, proofOf } from '#test/harness/ikev2-login.ts';
import { esp, ike, Ikev2Pair, type PairOptions, ts } from '#test/harness/ikev2-pair.ts';

const HYBRID = 'aes256gcm16-prfsha256-curve25519-ke1_mlkem768';
const hybrid = (options: PairOptions = {}, proposals = ike(HYBRID)): Ikev2Pair =>
  new Ikev2Pair({
    ...options,
    initiator: { proposals, ...options.initiator },
    responder: { proposals, ...options.responder },
  });

const suiteOf = (pair: Ikev2Pair): string | undefined => {
  const [event] = pair.events.initiator.of('ike-established');
  return event && describeIkeSuite(event.suite);
};

const AUTH = [
  'I -> R: HDR, SK {IDi, N(INITIAL_CONTACT), IDr, AUTH, CP(CFG_REQUEST), SAi2, TSi, TSr}',
  'R -> I: HDR, SK {IDr, AUTH, CP(CFG_REPLY), SAr2, TSi, TSr}',
];

describe('one additional key exchange', () => {
  it('goes between IKE_SA_INIT and IKE_AUTH', () => {
    const pair = hybrid().connect();
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SAi1, KEi, Ni, N(INTERMEDIATE_EXCHANGE_SUPPORTED)',
      'R -> I: HDR, SAr1, KEr, Nr, N(INTERMEDIATE_EXCHANGE_SUPPORTED)',
      'I -> R: HDR, SKF {1/2}',
      'I -> R: HDR, SKF {2/2: KEi}',
      'R -> I: HDR, SK {KEr}',
      ...AUTH,
    ]);
    expect([pair.initiator.state, pair.responder.state]).toEqual(['established', 'established']);
    expect(suiteOf(pair)).toBe(HYBRID);
    expect(pair.events.initiator.of('progress').map(({ detail }) => detail)).toEqual([
      'IKE_SA_INIT to 198.51.100.1:500',
      'IKE_INTERMEDIATE to 198.51.100.1:4500',
      'IKE_AUTH to 198.51.100.1:4500',
    ]);
  });

  it('gives both ends other keys than those of IKE_SA_INIT, and the Child SA descends from them', () => {
    const pair = hybrid().connect();
    const keysOf = (end: 'initiator' | 'responder', name: string) =>
      pair.keyLog[end]
        .filter(({ kind }) => kind === 'ike')
        .map(({ fields }) => toHex(fields[name] as Uint8Array));
    for (const name of ['skD', 'skEi', 'skEr', 'skPi', 'skPr']) {
      const [first, second, ...more] = keysOf('initiator', name);
      expect(more).toEqual([]);
      expect(first).not.toBe(second);
      expect(keysOf('responder', name)).toEqual([first, second]);
    }
    const [atI] = pair.events.initiator.of('child-installed');
    const [atR] = pair.events.responder.of('child-installed');
    expect(atI?.child.keysIn).toEqual(atR?.child.keysOut);
  });

  it('is fragmented where it is large, in both directions', () => {
    const large = ike('aes256gcm16-prfsha256-curve25519-ke1_mlkem1024');
    const pair = hybrid({ initiator: { fragmentBytes: 576 }, responder: { fragmentBytes: 576 } }, large);
    pair.connect();
    const fragments = pair.drawing.lines.filter((line) => /SKF {\d\/4/.test(line));
    expect(fragments).toHaveLength(8);
    expect(pair.initiator.state).toBe('established');
  });

  it('goes whole where one end takes no fragments', () => {
    const pair = hybrid({ responder: { fragmentBytes: 0 } }).connect();
    expect(pair.drawing.lines.slice(2, 4)).toEqual(['I -> R: HDR, SK {KEi}', 'R -> I: HDR, SK {KEr}']);
    expect(pair.initiator.state).toBe('established');
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('survives a link that loses and repeats (%s)', (seed) => {
    const pair = hybrid({
      seed,
      link: { loss: 0.3, duplicate: 0.3, jitterMs: 400 },
      initiator: { fragmentBytes: 576 },
      responder: { fragmentBytes: 576 },
    }).connect();
    expect([pair.initiator.state, pair.responder.state]).toEqual(['established', 'established']);
  });
});

describe('several', () => {
  const proposals = ike('aes256-sha256-ecp256-ke1_mlkem512-ke3_curve25519-ke2_none-ke7_mlkem1024');

  it('come one after another', () => {
    const pair = hybrid({}, proposals).connect();
    expect(suiteOf(pair)).toBe('aes256-sha256-ecp256-ke1_mlkem512-ke3_curve25519-ke7_mlkem1024');
    const asked = pair.drawing.messages.filter(
      ({ direction, message }) =>
        direction === 'I -> R' && message.header.exchange === ExchangeType.IKE_INTERMEDIATE,
    );
    expect(asked.map(({ message }) => message.header.messageId)).toEqual([1, 2, 3]);
    expect(asked.map(({ message }) => message.payloads.find(({ kind }) => kind === 'KE'))).toMatchObject([
      { group: 35 },
      { group: 31 },
      { group: 37 },
    ]);
    expect(pair.keyLog.initiator.filter(({ kind }) => kind === 'ike')).toHaveLength(4);
  });
});

describe('a choice of the gateway', () => {
  const offer = ike(HYBRID, 'aes256gcm16-prfsha256-curve25519');

  it('without it everything is as before', () => {
    const pair = new Ikev2Pair({ initiator: { proposals: offer } }).connect();
    expect(pair.drawing.lines.slice(1)).toEqual(['R -> I: HDR, SAr1, KEr, Nr', ...AUTH]);
    expect(suiteOf(pair)).toBe('aes256gcm16-prfsha256-curve25519');
  });

  it('with it the first proposal is taken', () => {
    const pair = new Ikev2Pair({
      initiator: { proposals: offer },
      responder: { proposals: offer },
    }).connect();
    expect(suiteOf(pair)).toBe(HYBRID);
  });

  it('an optional one may be left out', () => {
    const pair = new Ikev2Pair({ initiator: { proposals: ike(`${HYBRID}-ke1_none`) } }).connect();
    expect(suiteOf(pair)).toBe('aes256gcm16-prfsha256-curve25519');
  });

  it('a demanded one that the gateway lacks ends with what was wanted', () => {
    const pair = new Ikev2Pair({ initiator: { proposals: ike(HYBRID) } }).connect();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'no-proposal', wanted: [HYBRID] });
  });

  it('a Child SA of the first exchange has none of its own', () => {
    const child = { proposals: esp('aes256gcm16-ecp256-ke1_mlkem768') };
    const pair = hybrid({ initiator: { child }, responder: { child } }).connect();
    const [installed] = pair.events.initiator.of('child-installed');
    expect(installed?.child.suite).not.toHaveProperty('keyExchange');
    expect(installed?.child.suite).not.toHaveProperty('additional');
  });
});

const { IKE_SA_INIT, IKE_INTERMEDIATE, IKE_AUTH, INFORMATIONAL } = ExchangeType;
const BOTH = ['initiator', 'responder'] as const;
const WHOLE = { initiator: { fragmentBytes: 4_000 }, responder: { fragmentBytes: 4_000 } } as const;
const CBC = ike('aes256-sha256-curve25519-ke1_mlkem768');

const exchangeOf = (bytes: Uint8Array): number => bytes[18] ?? 0;
const isAnswer = (bytes: Uint8Array): boolean => ((bytes[19] ?? 0) & 0x20) !== 0;

/** Begins, and rewrites what passes from the moment that there are keys. */
function rewriting(
  pair: Ikev2Pair,
  exchange: number,
  response: boolean,
  change: (message: Message) => readonly Payload[] | 'drop',
): Ikev2Pair {
  pair.initiate();
  new Forge(pair).rewrite((message) => {
    const { header } = message;
    return header.exchange === exchange && header.response === response ? change(message) : undefined;
  });
  return pair.run(200_000);
}

const other = (payloads: readonly Payload[], change: (ke: Payload & { kind: 'KE' }) => Payload): Payload[] =>
  payloads.map((payload) => (payload.kind === 'KE' ? change(payload) : payload));

const ODD_SHARES = [
  ['another group', ({ payloads }: Message) => other(payloads, (ke) => ({ ...ke, group: 31 }))],
  [
    'a public value of the wrong length',
    ({ payloads }: Message) => other(payloads, (ke) => ({ ...ke, data: ke.data.slice(3) })),
  ],
  ['no public value', () => [notifyPayload(50_000)]],
  ['two of them', ({ payloads }: Message) => [...payloads, ...payloads]],
] as const;

describe('an odd gateway', () => {
  it.each(ODD_SHARES)(
    'answers with %s: it ends, and no Delete is said where nothing stands',
    (_name, change) => {
      const pair = rewriting(hybrid(WHOLE), IKE_INTERMEDIATE, true, change);
      expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error' });
      expect(pair.drawing.messages.map(({ message }) => message.header.exchange)).not.toContain(
        INFORMATIONAL,
      );
    },
  );

  it.each([
    ['NO_PROPOSAL_CHOSEN', NotifyType.NO_PROPOSAL_CHOSEN, { cause: 'no-proposal', protocol: 'IKE' }],
    ['INVALID_SYNTAX', NotifyType.INVALID_SYNTAX, { cause: 'peer-error', notify: 'INVALID_SYNTAX' }],
    ['TEMPORARY_FAILURE', NotifyType.TEMPORARY_FAILURE, { exchange: 'IKE_INTERMEDIATE' }],
  ] as const)('answers %s: it ends with that', (_name, type, failure) => {
    const pair = rewriting(hybrid(WHOLE), IKE_INTERMEDIATE, true, () => [notifyPayload(type)]);
    expect(pair.events.initiator.failure).toMatchObject(failure);
  });

  it('chooses additional key exchanges without IKE_INTERMEDIATE: doubted until there is nothing better', () => {
    const pair = hybrid();
    const notSupported = (payload: Payload) =>
      payload.kind !== 'N' || payload.type !== NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED;
    new Forge(pair).rewrite(({ header, payloads }) =>
      header.exchange === IKE_SA_INIT && header.response ? payloads.filter(notSupported) : undefined,
    );
    pair.initiate().run(200_000);
    expect(pair.events.initiator.failure).toMatchObject({
      detail: 'chose additional key exchanges without IKE_INTERMEDIATE',
    });
  });

  it('never answers: what is told is which exchange that was', () => {
    const pair = hybrid();
    pair.link.tamper = (flying) => (exchangeOf(flying.bytes) === IKE_INTERMEDIATE ? [] : [flying]);
    pair.initiate().run(400_000);
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'no-answer', exchange: 'IKE_INTERMEDIATE' });
    // The other end waits for half a minute.
    expect(pair.events.responder.failure).toEqual({ cause: 'timeout', seconds: 30 });
  });

  it.each(BOTH)(
    'the %s knows a later version, and says so in its header: AUTH covers what was said',
    (role) => {
      const pair = hybrid(WHOLE).initiate();
      const says = role === 'initiator' ? 'request' : 'response';
      const { intAuth } = pair[role].life.sa;
      const add = intAuth.add.bind(intAuth);
      const flagged = ({ front, content }: Inside): Inside => {
        const changed = front.slice();
        changed[19] = (changed[19] ?? 0) | 0x10;
        return { front: changed, content };
      };
      intAuth.add = (prf, keys, request, response) =>
        says === 'request'
          ? add(prf, keys, flagged(request), response)
          : add(prf, keys, request, flagged(response));
      new Forge(pair).rewrite(
        ({ header, payloads }) =>
          header.exchange === IKE_INTERMEDIATE && header.response === (says === 'response')
            ? payloads
            : undefined,
        { versionFlag: true },
      );
      pair.run(5_000);
      expect([pair.initiator.state, pair.responder.state]).toEqual(['established', 'established']);
    },
  );
});

describe('an odd client', () => {
  it.each(ODD_SHARES)('asks with %s: INVALID_SYNTAX, and it ends', (_name, change) => {
    const pair = rewriting(hybrid(WHOLE), IKE_INTERMEDIATE, false, change);
    expect(pair.events.responder.failure).toMatchObject({ cause: 'protocol-error' });
    expect(pair.drawing.lines.at(-1)).toBe('R -> I: HDR, SK {N(INVALID_SYNTAX)}');
    expect(pair.initiator.state).toBe('closed');
  });

  /** In the place of its next request. */
  function asks(pair: Ikev2Pair, exchange: number, payloads: readonly Payload[]): void {
    const { answers } = pair.responder.life;
    let messageId = 0;
    while (answers.classify(messageId) !== 'new') messageId++;
    new Forge(pair).send('I -> R', { exchange, response: false, messageId }, payloads);
  }

  it('asks IKE_AUTH before its time: INVALID_SYNTAX, and it ends', () => {
    const pair = hybrid().initiate();
    pair.link.tamper = (flying) => (exchangeOf(flying.bytes) === IKE_INTERMEDIATE ? [] : [flying]);
    pair.run(22);
    asks(pair, IKE_AUTH, [
      { kind: 'IDi', id: { type: 2, data: EMPTY } },
      {
        kind: 'SA',
        proposals: esp('aes256gcm16').map((one) => ({ ...one, spi: Uint8Array.of(1, 2, 3, 4) })),
      },
      { kind: 'TSi', selectors: ts('0.0.0.0/0') },
      { kind: 'TSr', selectors: ts('0.0.0.0/0') },
    ]);
    expect(pair.drawing.lines.at(-1)).toBe('R -> I: HDR, SK {N(INVALID_SYNTAX)}');
    expect(pair.events.responder.failure).toMatchObject({
      detail: 'IKE_AUTH with 1 key exchanges to come',
    });
  });

  it.each([
    ['once more', HYBRID, 40],
    ['without having offered one', 'aes256gcm16-prfsha256-curve25519', 22],
    ['when all stands', HYBRID, 90],
  ] as const)('asks IKE_INTERMEDIATE %s: INVALID_SYNTAX, and it ends', (_name, offer, after) => {
    const pair = hybrid({}, ike(offer)).initiate();
    pair.link.tamper = (flying) => (exchangeOf(flying.bytes) === IKE_AUTH && after < 50 ? [] : [flying]);
    pair.run(after);
    asks(pair, IKE_INTERMEDIATE, [{ kind: 'KE', group: 36, data: new Uint8Array(1184) }]);
    expect(pair.drawing.lines.at(-1)).toBe('R -> I: HDR, SK {N(INVALID_SYNTAX)}');
    expect(pair.responder.state).toBe('closed');
  });

  it('that cannot do IKE_INTERMEDIATE is served where the additional key exchange is a choice, and not where it is none', () => {
    const plain = ike('aes256gcm16-prfsha256-curve25519');
    const choice = new Ikev2Pair({
      initiator: { proposals: plain },
      responder: { proposals: ike(`${HYBRID}-ke1_none`) },
    }).connect();
    expect(choice.initiator.state).toBe('established');
    const demand = new Ikev2Pair({
      initiator: { proposals: plain },
      responder: { proposals: ike(HYBRID) },
    }).connect();
    expect(demand.events.initiator.failure).toMatchObject({ cause: 'no-proposal' });
  });
});

describe('repetitions across the change of keys', () => {
  it.each([
    ['AEAD', ike(HYBRID)],
    ['CBC and HMAC', CBC],
  ] as const)(
    'a path that carries 600 octets: request and answer come in smaller fragments (%s)',
    (_name, proposals) => {
      const pair = hybrid({}, proposals);
      pair.link.tamper = (flying) => (flying.bytes.length > 600 ? [] : [flying]);
      pair.connect();
      expect([pair.initiator.state, pair.responder.state]).toEqual(['established', 'established']);
      expect(pair.drawing.lines.some((line) => line.startsWith('R -> I: HDR, SKF {1/'))).toBe(true);
    },
  );

  it.each([
    ['AEAD', ike(HYBRID)],
    ['CBC and HMAC', CBC],
  ] as const)(
    'the answer is lost until the request comes in other fragments: they are recognised (%s)',
    (_name, proposals) => {
      const pair = hybrid({ initiator: { fragmentBytes: 1_000 } }, proposals);
      let lost = 0;
      pair.link.tamper = (flying) =>
        exchangeOf(flying.bytes) === IKE_INTERMEDIATE && isAnswer(flying.bytes) && lost++ < 2 ? [] : [flying];
      pair.connect();
      expect(lost).toBeGreaterThan(2);
      expect(pair.initiator.state).toBe('established');
      expect(pair.responder.counters.unauthenticated).toBe(0);
    },
  );

  it('everything comes again, much later, in both directions: nothing is taken twice', () => {
    const several = ike('aes256-sha256-ecp256-ke1_mlkem512-ke2_curve25519-ke3_mlkem768');
    const pair = hybrid({ initiator: { fragmentBytes: 700 }, responder: { fragmentBytes: 700 } }, several);
    pair.link.tamper = (flying) =>
      [15, 45, 300].map((late) => ({ ...flying, at: flying.at + late })).concat(flying);
    pair.connect().run(5_000);
    expect([pair.initiator.state, pair.responder.state]).toEqual(['established', 'established']);
    for (const end of BOTH) expect(pair.keyLog[end].filter(({ kind }) => kind === 'ike')).toHaveLength(4);
    for (const end of BOTH) expect(pair[end].counters.unauthenticated).toBe(0);
  });

  it('a flipped bit in any of them is as if it had been lost', () => {
    for (const proposals of [ike(HYBRID), CBC]) {
      const pair = hybrid({ link: { corrupt: 0.3 }, seed: 5 }, proposals).connect();
      expect(pair.initiator.state).toBe('established');
    }
  });
});

describe('somebody on the way', () => {
  const withoutSupport = (payloads: readonly Payload[]) =>
    payloads.filter(
      (payload) => payload.kind !== 'N' || payload.type !== NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED,
    );
  const isAdditional = (type: number) =>
    type >= transformTypes.byName.ADDKE1 && type <= transformTypes.byName.ADDKE7;
  const withoutAdditional = (payloads: readonly Payload[]) =>
    payloads.map((payload) =>
      payload.kind === 'SA'
        ? {
            ...payload,
            proposals: payload.proposals.filter(
              ({ transforms }) => !transforms.some(({ type }) => isAdditional(type)),
            ),
          }
        : payload,
    );

  it.each([
    ['takes INTERMEDIATE_EXCHANGE_SUPPORTED away', withoutSupport],
    ['takes the proposals with additional ones away', withoutAdditional],
    ['takes both away', (payloads: readonly Payload[]) => withoutAdditional(withoutSupport(payloads))],
  ] as const)('%s, where both ends could do without: AUTH fails', (_name, change) => {
    const both = ike(HYBRID, `${HYBRID}-ke1_none`, 'aes256gcm16-prfsha256-curve25519');
    const pair = hybrid({}, both);
    new Forge(pair).rewrite(({ header, payloads }, direction) =>
      header.exchange === IKE_SA_INIT && direction === 'I -> R' ? change(payloads) : undefined,
    );
    pair.initiate().run(200_000);
    expect(pair.drawing.messages.some(({ message }) => message.header.exchange === IKE_INTERMEDIATE)).toBe(
      false,
    );
    expect(pair.events.responder.failure).toMatchObject({ cause: 'peer-authentication-failed' });
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'authentication-refused' });
  });

  it('changes a message that AUTH covers, as one can who has broken the first key exchange: AUTH fails', () => {
    const pair = rewriting(hybrid(WHOLE), IKE_INTERMEDIATE, false, ({ payloads }) => [
      ...payloads,
      { kind: 'V', data: Uint8Array.of(1, 2, 3) },
    ]);
    expect(pair.events.responder.failure).toMatchObject({ cause: 'peer-authentication-failed' });
    expect(pair.initiator.state).toBe('closed');
  });

  it('is faster with answers of its own that are no good: the true one still counts', () => {
    const pair = hybrid();
    const forged = ({ header, payloads }: Message): readonly (readonly Payload[])[] => [
      withoutSupport(payloads),
      payloads.map((one) =>
        one.kind === 'SA' ? { ...one, proposals: ike('aes256gcm16-prfsha256-curve25519') } : one,
      ),
      other(payloads, (ke) => ({ ...ke, data: new Uint8Array(32) })),
      other(payloads, (ke) => ({ ...ke, data: ke.data.slice(1) })),
      [notifyPayload(NotifyType.NO_PROPOSAL_CHOSEN)],
      header.spiI.length === 8 ? [notifyPayload(NotifyType.INVALID_SYNTAX)] : [],
    ];
    pair.link.tamper = (flying) => {
      const decoded = decodeMessage(flying.bytes);
      if (decoded.outcome !== 'ok' || !decoded.message.header.response) return [flying];
      const early = forged(decoded.message).map((payloads) => ({
        ...flying,
        bytes: encodeMessage(decoded.message.header, payloads),
      }));
      return [...early, { ...flying, at: flying.at + 200 }];
    };
    pair.connect();
    expect(suiteOf(pair)).toBe(HYBRID);
    expect(pair.initiator.state).toBe('established');
  });
});

describe('an end in between', () => {
  const keysOf = (pair: Ikev2Pair, role: 'initiator' | 'responder'): Uint8Array[] =>
    Object.values({ ...pair[role].life.sa.keys });
  const wiped = (keys: readonly Uint8Array[]): boolean =>
    keys.length > 0 && keys.every((key) => key.every((octet) => octet === 0));

  it('each change of keys wipes those before it', () => {
    const pair = hybrid().initiate();
    pair.run(22);
    const first = BOTH.flatMap((role) => keysOf(pair, role));
    expect(first).toHaveLength(14);
    pair.run(100);
    expect(wiped(first)).toBe(true);
    expect(wiped(keysOf(pair, 'initiator'))).toBe(false);
  });

  it.each([5, 15, 25, 35, 45, 55])(
    'the user disconnects after %i ms: closed at once or after a Delete, keys wiped',
    (ms) => {
      for (const role of BOTH) {
        const pair = hybrid().initiate().run(ms);
        const keys = keysOf(pair, role);
        pair.do((now) => pair[role].delete(now)).run(200_000);
        expect([pair.initiator.state, pair[role].state]).toEqual(['closed', 'closed']);
        expect(keys.length === 0 || wiped(keys)).toBe(true);
        expect(pair.events[role].failure).toBeUndefined();
        pair.run(200_000);
        // However it ended: nothing stands over there.
        expect(pair.responder.state === 'closed' || pair.responder.state === 'idle').toBe(true);
      }
    },
  );

  const proven = {
    initiator: {
      authentication: proofOf('alice@example.org'),
      remoteAuthentication: { method: 'certificate' },
    },
    responder: { authentication: proofOf('gw.example.org'), remoteAuthentication: { method: 'certificate' } },
  } as const;

  it('while our signature is asked for: no Delete, since no IKE_AUTH has gone out', () => {
    const pair = hybrid({
      ...proven,
      answers: { responder: answersOf({ name: 'gw.example.org' }) },
    }).initiate();
    pair.run(200);
    expect(pair.initiator.state).toBe('asking');
    const before = pair.drawing.lines.length;
    pair.do((now) => pair.initiator.delete(now));
    expect(pair.initiator.state).toBe('closed');
    expect(pair.drawing.lines).toHaveLength(before);
  });

  it('while the proof of the gateway is judged: a Delete, since it may have an IKE SA by now', () => {
    const person = answersOf({ name: 'alice@example.org' });
    const pair = hybrid({
      ...proven,
      answers: {
        initiator: (question) => (question.kind === 'verify-peer' ? undefined : person(question)),
        responder: answersOf({ name: 'gw.example.org' }),
      },
    }).initiate();
    pair.run(200);
    expect([pair.initiator.state, pair.responder.state]).toEqual(['asking', 'established']);
    pair.do((now) => pair.initiator.delete(now)).run(1_000);
    expect([pair.initiator.state, pair.responder.state]).toEqual(['closed', 'closed']);
  });

  it('questions and answers as without it', () => {
    const pair = hybrid({
      ...proven,
      answers: {
        initiator: answersOf({ name: 'alice@example.org' }),
        responder: answersOf({ name: 'gw.example.org' }),
      },
    }).connect();
    expect([pair.initiator.state, pair.responder.state]).toEqual(['established', 'established']);
    expect(suiteOf(pair)).toBe(HYBRID);
  });
});
