/** What may go wrong in IKE_AUTH (RFC 7296 §1.2, §2.15, §2.21.2): each case ends with exactly its Failure. */
import { describe, expect, it } from 'vitest';
import { EMPTY, utf8 } from '#core/bytes/bytes.ts';
import type { Failure } from '#core/failure/failure.ts';
import type { Message, Payload } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { Forge, notifyPayload } from '#test/harness/ikev2-forge.ts';
import { esp, id, Ikev2Pair, type PairOptions, ts } from '#test/harness/ikev2-pair.ts';

const AUTH_REQUEST = 'I -> R: HDR, SK {IDi, N(INITIAL_CONTACT), IDr, AUTH, CP(CFG_REQUEST), SAi2, TSi, TSr}';

/** A pair whose IKE_AUTH answer is rewritten on its way. */
function withAnswer(rewrite: (message: Message) => readonly Payload[], options: PairOptions = {}): Ikev2Pair {
  const pair = new Ikev2Pair(options);
  new Forge(pair).rewrite((message) =>
    message.header.exchange === ExchangeType.IKE_AUTH && message.header.response
      ? rewrite(message)
      : undefined,
  );
  return pair.connect();
}

const replace = (message: Message, ...replacements: readonly Payload[]): Payload[] =>
  message.payloads.map((payload) => replacements.find(({ kind }) => kind === payload.kind) ?? payload);

const without = (message: Message, ...kinds: readonly Payload['kind'][]): Payload[] =>
  message.payloads.filter(({ kind }) => !kinds.includes(kind));

const size = (pair: Ikev2Pair): number | undefined => pair.drawing.messages.at(-1)?.bytes.length;

describe('the gateway refuses us', () => {
  const REFUSED: Failure = {
    cause: 'authentication-refused',
    method: 'psk',
    localId: 'alice@example.org',
    remoteId: 'gw.example.org',
  };

  it('because of another pre-shared key', () => {
    const pair = new Ikev2Pair({ responder: { findPsk: () => utf8('another key') } }).connect();
    expect(pair.drawing.lines.slice(2)).toEqual([AUTH_REQUEST, 'R -> I: HDR, SK {N(AUTHENTICATION_FAILED)}']);
    expect(pair.events.initiator.failure).toEqual(REFUSED);
    expect(pair.events.responder.failure).toEqual({
      cause: 'peer-authentication-failed',
      method: 'psk',
      remoteId: 'alice@example.org',
    });
  });

  it('because of an unknown identity, which looks the same from outside', () => {
    const wrongKey = new Ikev2Pair({ responder: { findPsk: () => utf8('another key') } }).connect();
    const unknown = new Ikev2Pair({ responder: { findPsk: () => undefined } }).connect();
    expect(unknown.drawing.lines).toEqual(wrongKey.drawing.lines);
    expect(unknown.events.initiator.failure).toEqual(REFUSED);
    expect(unknown.events.responder.failure).toEqual(wrongKey.events.responder.failure);
    expect(size(unknown)).toBe(size(wrongKey));
  });

  it.each<[string, number, Failure]>([
    [
      'TS_UNACCEPTABLE',
      NotifyType.TS_UNACCEPTABLE,
      {
        cause: 'ts-unacceptable',
        saidBy: 'peer',
        local: ['0.0.0.0/0', '::/0'],
        remote: ['0.0.0.0/0', '::/0'],
      },
    ],
    [
      'NO_PROPOSAL_CHOSEN',
      NotifyType.NO_PROPOSAL_CHOSEN,
      {
        cause: 'no-proposal',
        protocol: 'ESP',
        saidBy: 'peer',
        wanted: ['aes256gcm16'],
        offered: [],
        narrowed: true,
      },
    ],
    [
      'INTERNAL_ADDRESS_FAILURE',
      NotifyType.INTERNAL_ADDRESS_FAILURE,
      { cause: 'no-address', asked: ['IPv4', 'IPv6'] },
    ],
    [
      'INVALID_SYNTAX',
      NotifyType.INVALID_SYNTAX,
      { cause: 'peer-error', notify: 'INVALID_SYNTAX', code: 7, exchange: 'IKE_AUTH' },
    ],
    [
      'an unknown error',
      4_711,
      { cause: 'peer-error', notify: 'Notify(4711)', code: 4_711, exchange: 'IKE_AUTH' },
    ],
  ])('with %s and no proof of its own: there is no IKE SA to delete', (_name, type, failure) => {
    const pair = withAnswer(() => [notifyPayload(type)]);
    expect(pair.events.initiator.failure).toEqual(failure);
    expect(pair.events.initiator.types).toEqual(['path', 'closed']);
    expect(pair.drawing.lines.filter((line) => line.startsWith('I -> R'))).toHaveLength(2);
  });
});

describe('the gateway does not prove itself', () => {
  const FAREWELL = ['I -> R: HDR, SK {N(AUTHENTICATION_FAILED)}', 'R -> I: HDR, SK {}'];

  it('wrong AUTH value: told in an INFORMATIONAL (§2.21.2), then closed', () => {
    const pair = withAnswer((message) =>
      replace(message, { kind: 'AUTH', method: 2, data: new Uint8Array(32) }),
    );
    expect(pair.drawing.lines.slice(4)).toEqual(FAREWELL);
    expect(pair.events.initiator.failure).toEqual({
      cause: 'peer-authentication-failed',
      method: 'psk',
      remoteId: 'gw.example.org',
    });
    expect(pair.events.initiator.types).toEqual(['path', 'closed']);
    expect(pair.events.responder.failure).toMatchObject({ cause: 'authentication-refused' });
  });

  it('another AUTH method, with the right octets', () => {
    const pair = withAnswer(({ payloads }) =>
      payloads.map((payload) => (payload.kind === 'AUTH' ? { ...payload, method: 14 } : payload)),
    );
    expect(pair.events.initiator.failure).toEqual({
      cause: 'peer-authentication-failed',
      method: 'DIGITAL_SIGNATURE',
      remoteId: 'gw.example.org',
    });
  });

  it('another IDr than the proof covers', () => {
    const pair = withAnswer((message) => replace(message, { kind: 'IDr', id: id('gw2.example.org') }), {
      initiator: { remoteId: id('gw2.example.org') },
    });
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'peer-authentication-failed' });
  });

  it('the right key under another identity', () => {
    const pair = new Ikev2Pair({ responder: { localId: id('other.example.org') } }).connect();
    expect(pair.drawing.lines.slice(4)).toEqual(FAREWELL);
    expect(pair.events.initiator.failure).toEqual({
      cause: 'identity-mismatch',
      expected: 'gw.example.org',
      presented: 'other.example.org',
    });
  });

  it('an answer without AUTH and without an error', () => {
    const pair = withAnswer((message) => without(message, 'AUTH'));
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error', sentBy: 'peer' });
  });

  it('an answer in the clear is not even looked at', () => {
    const pair = new Ikev2Pair();
    const forge = new Forge(pair);
    pair.initiate().run(25);
    const place = { exchange: ExchangeType.IKE_AUTH, response: true, messageId: 1 };
    forge.send('R -> I', place, [notifyPayload(NotifyType.AUTHENTICATION_FAILED)], { clear: true });
    pair.run(1_000);
    expect(pair.initiator.state).toBe('established');
    expect(pair.initiator.counters.unauthenticated).toBe(1);
  });
});

describe('the IKE SA stands but its Child SA does not (§1.2)', () => {
  const DELETED = ['I -> R: HDR, SK {D}', 'R -> I: HDR, SK {}'];

  it.each<[string, PairOptions, Failure]>([
    [
      'no common ESP proposal',
      { responder: { child: { proposals: esp('aes128-sha256') } } },
      {
        cause: 'no-proposal',
        protocol: 'ESP',
        saidBy: 'peer',
        wanted: ['aes256gcm16'],
        offered: [],
        narrowed: true,
      },
    ],
    [
      'no common network',
      { initiator: { child: { remoteTs: ts('172.16.0.0/12') } } },
      { cause: 'ts-unacceptable', saidBy: 'peer', local: ['0.0.0.0/0', '::/0'], remote: ['172.16.0.0/12'] },
    ],
    [
      'no address left',
      { responder: { assign: () => undefined } },
      { cause: 'no-address', asked: ['IPv4', 'IPv6'] },
    ],
  ])('%s: deleted, with the precise failure', (_name, options, failure) => {
    const pair = new Ikev2Pair(options).connect();
    expect(pair.drawing.lines[3]).toMatch(/^R -> I: HDR, SK \{IDr, AUTH, N\([A-Z_]+\)\}$/);
    expect(pair.drawing.lines.slice(4)).toEqual(DELETED);
    expect(pair.events.initiator.failure).toEqual(failure);
    expect(pair.events.initiator.types).toEqual(['path', 'closed']);
    expect(pair.events.responder.types).toEqual(['path', 'ike-established', 'ike-removed', 'closed']);
    expect(pair.events.responder.failure).toMatchObject({ cause: 'closed-by-peer' });
  });

  it.each(['FAILED_CP_REQUIRED', 'SINGLE_PAIR_REQUIRED', 'NO_ADDITIONAL_SAS'] as const)(
    '%s from the gateway',
    (name) => {
      const pair = withAnswer((message) => [
        ...without(message, 'CP', 'SA', 'TSi', 'TSr'),
        notifyPayload(NotifyType[name]),
      ]);
      expect(pair.drawing.lines.slice(4)).toEqual(['I -> R: HDR, SK {D}', 'R -> I: HDR, SK {}']);
      expect(pair.events.initiator.failure).toEqual({
        cause: 'peer-error',
        notify: name,
        code: NotifyType[name],
        exchange: 'IKE_AUTH',
      });
    },
  );

  it('a gateway that sets nothing aside: no CFG_REPLY where an address was asked for', () => {
    const pair = withAnswer((message) => without(message, 'CP'));
    expect(pair.events.initiator.failure).toEqual({ cause: 'no-address', asked: ['IPv4', 'IPv6'] });
    expect(pair.drawing.lines.slice(4)).toEqual(DELETED);
  });

  it('transforms that were not offered', () => {
    const pair = withAnswer((message) => {
      const [chosen] = message.payloads.flatMap((payload) =>
        payload.kind === 'SA' ? payload.proposals : [],
      );
      const [other] = esp('aes128-sha256');
      if (chosen === undefined || other === undefined) throw new Error('no proposal');
      return replace(message, { kind: 'SA', proposals: [{ ...chosen, transforms: other.transforms }] });
    });
    expect(pair.events.initiator.failure).toEqual({
      cause: 'no-proposal',
      protocol: 'ESP',
      saidBy: 'us',
      wanted: ['aes256gcm16'],
      offered: ['aes128-sha256'],
      missing: ['aes128', 'sha256'],
    });
  });

  it.each([
    ['longer than 4 octets', new Uint8Array(8).fill(1)],
    ['empty', EMPTY],
    ['reserved', Uint8Array.of(0, 0, 0, 255)],
  ])('an SPI that is %s', (_name, spi) => {
    const pair = withAnswer((message) => {
      const [chosen] = message.payloads.flatMap((payload) =>
        payload.kind === 'SA' ? payload.proposals : [],
      );
      if (chosen === undefined) throw new Error('no proposal');
      return replace(message, { kind: 'SA', proposals: [{ ...chosen, spi }] });
    });
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error', sentBy: 'peer' });
    expect(pair.events.initiator.types).toEqual(['path', 'closed']);
  });

  it('selectors beyond what was asked for', () => {
    const pair = withAnswer((message) => replace(message, { kind: 'TSr', selectors: ts('10.0.0.0/8') }), {
      initiator: { child: { remoteTs: ts('10.1.0.0/16') } },
    });
    expect(pair.events.initiator.failure).toMatchObject({
      cause: 'ts-unacceptable',
      saidBy: 'us',
      remote: ['10.0.0.0/8'],
    });
  });

  it('selectors of ours beyond what we offered', () => {
    const pair = withAnswer((message) => replace(message, { kind: 'TSi', selectors: ts('10.9.0.0/16') }), {
      initiator: { child: { localTs: ts('10.9.0.7/32') } },
    });
    expect(pair.events.initiator.failure).toMatchObject({
      cause: 'ts-unacceptable',
      saidBy: 'us',
      local: ['10.9.0.0/16'],
    });
  });

  it('an answer without selectors breaks the protocol', () => {
    const pair = withAnswer((message) => without(message, 'TSr'));
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error', sentBy: 'peer' });
    expect(pair.drawing.lines.slice(4)).toEqual(DELETED);
  });
});

const first = { exchange: ExchangeType.IKE_AUTH, response: false, messageId: 1 } as const;
const keyed = (): { pair: Ikev2Pair; forge: Forge } => {
  const pair = new Ikev2Pair();
  pair.link.tamper = (flying) => (flying.bytes[18] === ExchangeType.IKE_AUTH ? [] : [flying]);
  pair.initiate().run(25);
  pair.drawing.clear();
  return { pair, forge: new Forge(pair) };
};

describe('the responder', () => {
  it('does not serve EAP: IKE_AUTH without AUTH', () => {
    const { pair, forge } = keyed();
    const payloads: readonly Payload[] = [
      { kind: 'IDi', id: id('alice') },
      {
        kind: 'SA',
        proposals: esp('aes256gcm16').map((proposal) => ({ ...proposal, spi: Uint8Array.of(1, 2, 3, 4) })),
      },
      { kind: 'TSi', selectors: ts('0.0.0.0/0') },
      { kind: 'TSr', selectors: ts('0.0.0.0/0') },
    ];
    forge.send('I -> R', first, payloads);
    expect(pair.drawing.lines).toContain('R -> I: HDR, SK {N(AUTHENTICATION_FAILED)}');
    expect(pair.events.responder.failure).toMatchObject({ cause: 'protocol-error' });
  });

  it('ends a half-open SA for an unknown critical payload, naming it', () => {
    const { pair, forge } = keyed();
    forge.send('I -> R', first, [{ kind: 'unknown', type: 201, critical: true, body: EMPTY }]);
    expect(pair.drawing.lines).toContain('R -> I: HDR, SK {N(UNSUPPORTED_CRITICAL_PAYLOAD)}');
    expect(pair.responder.state).toBe('closed');
  });

  it.each([
    ['CREATE_CHILD_SA', ExchangeType.CREATE_CHILD_SA],
    ['INFORMATIONAL', ExchangeType.INFORMATIONAL],
    ['an unknown exchange', 240],
  ])('takes nothing but IKE_AUTH before it knows the peer: %s', (_name, exchange) => {
    const { pair, forge } = keyed();
    forge.send('I -> R', { ...first, exchange }, []);
    expect(pair.drawing.lines).toContain('R -> I: HDR, SK {N(INVALID_SYNTAX)}');
    expect(pair.events.responder.failure).toMatchObject({ cause: 'protocol-error' });
  });

  it('does not wait for IKE_AUTH for ever', () => {
    const { pair } = keyed();
    pair.do((now) => pair.initiator.abandon(now)).run(31_000);
    expect(pair.events.responder.failure).toEqual({ cause: 'timeout', seconds: 30 });
  });

  it('repeats the refusal when it was lost, although it has closed', () => {
    let lost = false;
    const pair = new Ikev2Pair({ responder: { findPsk: () => undefined } });
    pair.link.tamper = (flying) => {
      if (lost || flying.bytes[18] !== ExchangeType.IKE_AUTH || flying.source.port === 0) return [flying];
      const answer = (flying.bytes[19] ?? 0) & 0x20;
      if (answer === 0) return [flying];
      lost = true;
      return [];
    };
    pair.initiate().runToEnd();
    expect(lost).toBe(true);
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'authentication-refused' });
  });
});

describe('the initiator', () => {
  it('names IKE_AUTH and both ports when the answer to it never comes', () => {
    const pair = new Ikev2Pair({ initiator: { encapsulation: 'force' } });
    pair.link.tamper = (flying) => (flying.bytes[18] === ExchangeType.IKE_AUTH ? [] : [flying]);
    pair.initiate().runToEnd();
    expect(pair.events.initiator.failure).toEqual({
      cause: 'no-answer',
      exchange: 'IKE_AUTH',
      tried: [
        { address: '198.51.100.1', port: 500 },
        { address: '198.51.100.1', port: 4500 },
      ],
      attempts: 8,
    });
  });

  it('that is told to delete meanwhile takes the answer and deletes what it made', () => {
    const pair = new Ikev2Pair().initiate().run(25);
    expect(pair.initiator.state).toBe('ike-auth');
    pair.do((now) => pair.initiator.delete(now)).run(1_000);
    expect(pair.drawing.lines.slice(-2)).toEqual(['I -> R: HDR, SK {D}', 'R -> I: HDR, SK {}']);
    expect(pair.events.initiator.types).toEqual(['path', 'closed']);
    expect(pair.events.initiator.failure).toBeUndefined();
    expect(pair.responder.state).toBe('closed');
  });

  it('does not believe a request that overtook the answer, but takes it when it comes again', () => {
    const pair = new Ikev2Pair();
    const forge = new Forge(pair);
    pair.initiate().run(25);
    const early = forge.make(
      'R -> I',
      { exchange: ExchangeType.INFORMATIONAL, response: false, messageId: 0 },
      [],
    );
    forge.deliver('R -> I', early);
    expect(pair.initiator.counters.outOfWindow).toBe(1);
    pair.run(100);
    forge.deliver('R -> I', early);
    expect(pair.drawing.lines.at(-1)).toBe('I -> R: HDR, SK {}');
  });
});
