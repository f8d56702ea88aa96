/** Redirect in its three places, both roles, and what must not be believed (RFC 5685 §3, §5, §6, §7). */
import { describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import type { ResponderConfig } from '#core/ikev2/connection-types.ts';
import { findNotify } from '#core/ikev2/payload-access.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import {
  decodeTarget,
  encodeTarget,
  redirectTarget,
  type RedirectTarget,
} from '#core/ikev2/redirect-target.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { EndpointScene } from '#test/harness/ikev2-endpoint.ts';
import { Forge, notifyPayload } from '#test/harness/ikev2-forge.ts';
import { answersOf, proofOf } from '#test/harness/ikev2-login.ts';
import { bendAuth } from '#test/harness/ikev2-quirks.ts';
import { Ikev2Pair, type PairOptions } from '#test/harness/ikev2-pair.ts';
import { disagreements, standing } from '#test/harness/ikev2-rekey.ts';

const { REDIRECT, REDIRECTED_FROM } = NotifyType;
const OTHER: RedirectTarget = { kind: 'fqdn', value: 'other.example.org' };
const WILLING = { redirect: {} } as const;

const sending = (when: NonNullable<ResponderConfig['redirectTo']>['when']): PairOptions => ({
  initiator: WILLING,
  responder: { redirectTo: { target: OTHER, when } },
});

const METHODS = [{ type: 'MSCHAPv2' }] as const;
const LOGIN: PairOptions = {
  initiator: {
    ...WILLING,
    authentication: { method: 'eap', eap: { user: 'alice', password: 'secret', methods: METHODS } },
  },
  responder: {
    authentication: proofOf('gw.example.org'),
    remoteAuthentication: {
      method: 'eap',
      eap: { users: { find: () => ({ password: 'secret' }) }, methods: METHODS },
    },
  },
  answers: { initiator: answersOf(), responder: answersOf({ name: 'gw.example.org' }) },
};

const told = (pair: Ikev2Pair) =>
  pair.events.initiator.of('redirect').map(({ to, during }) => ({ to, during }));

describe('the gateway identity', () => {
  it.each(['192.0.2.1', '2001:db8::7', 'vpn2.example.org'])('%s comes back as it was', (text) => {
    const target = redirectTarget(text);
    if (target === undefined) throw new Error('no target');
    const nonce = Uint8Array.of(1, 2, 3);
    expect(decodeTarget(encodeTarget(target, nonce))).toEqual({ target, nonce });
    expect(target.value).toBe(text);
  });

  it.each([
    ['nothing', []],
    ['no identity', [1, 4]],
    ['a length beyond the end', [3, 9, 97]],
    ['an IPv4 address of 5 octets', [1, 5, 1, 2, 3, 4, 5]],
    ['an IPv6 address of 4 octets', [2, 4, 1, 2, 3, 4]],
    ['an unknown type', [4, 1, 97]],
    ['an empty name', [3, 0]],
    ['a name with a blank', [3, 3, ...utf8('a b')]],
    ['a name with a line break', [3, 3, ...utf8('a\nb')]],
    ['a name that looks like an address', [3, 7, ...utf8('1.2.3.4')]],
    ['a name with a NUL', [3, 3, 97, 0, 98]],
    ['a name that begins like an option', [3, 2, ...utf8('-a')]],
  ])('%s is garbage', (_name, octets) => {
    expect(decodeTarget(Uint8Array.from(octets))).toBeUndefined();
  });

  it('what is neither address nor name cannot be sent', () => {
    expect(redirectTarget('not a name')).toBeUndefined();
    expect(() => encodeTarget({ kind: 'ipv4', value: 'x' })).toThrow('no ipv4 address: "x"');
  });
});

describe('in the answer to IKE_SA_INIT (§3)', () => {
  it('is followed without an IKE SA, and leaves none', () => {
    const pair = new Ikev2Pair(sending('init')).connect();
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SAi1, KEi, Ni, N(REDIRECT_SUPPORTED)',
      'R -> I: HDR, N(REDIRECT)',
    ]);
    expect(told(pair)).toEqual([{ to: OTHER, during: 'init' }]);
    expect(pair.events.initiator.types).toEqual(['redirect', 'closed']);
    expect(pair.events.initiator.failure).toBeUndefined();
    expect(pair.responder.state).toBe('idle');
  });

  it('whoever was sent here says by whom, and is not asked whether it can go on', () => {
    const pair = new Ikev2Pair({
      ...sending('init'),
      initiator: { redirect: { from: '203.0.113.9' } },
    }).connect();
    const [first] = pair.drawing.messages;
    const from = findNotify(first?.message.payloads ?? [], REDIRECTED_FROM);
    expect(decodeTarget(from?.data ?? new Uint8Array(0))?.target).toEqual({
      kind: 'ipv4',
      value: '203.0.113.9',
    });
    expect(pair.drawing.lines[0]).not.toContain('REDIRECT_SUPPORTED');
    expect(told(pair)).toHaveLength(1);
  });

  it('through an endpoint costs it nothing', () => {
    const scene = new EndpointScene({
      responder: { redirectTo: { target: OTHER, when: 'init' } },
      initiators: [WILLING],
    }).connect(0);
    expect(scene.hints).toEqual(['REDIRECT']);
    expect([scene.endpoint.connections.length, scene.endpoint.halfOpen]).toEqual([0, 0]);
  });

  it.each([
    ['with another nonce', encodeTarget(OTHER, new Uint8Array(32))],
    ['without a nonce', encodeTarget(OTHER)],
    ['as garbage', Uint8Array.of(9, 9, 9)],
  ])('%s is ignored, and the true answer still counts', (_name, data) => {
    const pair = new Ikev2Pair({ initiator: WILLING }).initiate();
    const forge = new Forge(pair);
    const place = { exchange: ExchangeType.IKE_SA_INIT, response: true, messageId: 0 };
    forge.send('R -> I', place, [notifyPayload(REDIRECT, data)]);
    pair.run(5_000);
    expect(pair.initiator.state).toBe('established');
    expect(told(pair)).toEqual([]);
    expect(pair.initiator.counters.ignoredNotifies).toBe(1);
  });

  it('that nobody asked for is ignored', () => {
    const pair = new Ikev2Pair().initiate();
    const forge = new Forge(pair);
    const place = { exchange: ExchangeType.IKE_SA_INIT, response: true, messageId: 0 };
    const data = encodeTarget(OTHER, pair.initiator.life.sa.nonceI);
    forge.send('R -> I', place, [notifyPayload(REDIRECT, data)]);
    pair.run(5_000);
    expect(pair.initiator.state).toBe('established');
    expect(pair.initiator.counters.ignoredNotifies).toBe(1);
  });
});

describe('in the answer to IKE_AUTH (§6)', () => {
  it('comes with the proof of the gateway, and the IKE SA is deleted', () => {
    const pair = new Ikev2Pair(sending('auth')).connect().run(1_000);
    expect(pair.drawing.lines.slice(2)).toEqual([
      'I -> R: HDR, SK {IDi, N(INITIAL_CONTACT), IDr, AUTH, CP(CFG_REQUEST), SAi2, TSi, TSr}',
      'R -> I: HDR, SK {IDr, AUTH, N(REDIRECT)}',
      'I -> R: HDR, SK {D}',
      'R -> I: HDR, SK {}',
    ]);
    expect(told(pair)).toEqual([{ to: OTHER, during: 'auth' }]);
    expect(pair.events.initiator.types).toEqual(['path', 'redirect', 'closed']);
    expect(pair.events.initiator.failure).toBeUndefined();
    expect(pair.responder.state).toBe('closed');
    expect(pair.events.responder.types).not.toContain('child-installed');
  });

  it('assigns no address to a client that goes elsewhere', () => {
    let assigned = 0;
    const assign = () => {
      assigned++;
      return undefined;
    };
    new Ikev2Pair({
      initiator: WILLING,
      responder: { assign, redirectTo: { target: OTHER, when: 'auth' } },
    }).connect();
    expect(assigned).toBe(0);
  });

  it('at the end of EAP', () => {
    const redirectTo = { target: OTHER, when: 'auth' } as const;
    const pair = new Ikev2Pair({ ...LOGIN, responder: { ...LOGIN.responder, redirectTo } }).connect();
    pair.run(1_000);
    expect(pair.drawing.lines).toContain('R -> I: HDR, SK {AUTH, N(REDIRECT)}');
    expect(told(pair)).toEqual([{ to: OTHER, during: 'auth' }]);
    expect(pair.events.initiator.failure).toBeUndefined();
  });

  it('before EAP, in place of it, with the proof of the gateway', () => {
    const pair = new Ikev2Pair(LOGIN);
    bendAuth(pair, (payloads) => [
      ...payloads.filter(({ kind }) => kind !== 'EAP'),
      notifyPayload(REDIRECT, encodeTarget(OTHER)),
    ]);
    pair.connect().run(1_000);
    expect(told(pair)).toEqual([{ to: OTHER, during: 'auth' }]);
    expect(pair.events.initiator.failure).toBeUndefined();
    expect(pair.initiator.state).toBe('closed');
  });

  it('before EAP is over, of a gateway that proves itself by EAP alone, is not believed', () => {
    const methods = [{ type: 'TLS' }] as const;
    const pair = new Ikev2Pair({
      initiator: {
        ...WILLING,
        authentication: { method: 'eap', eap: { user: 'alice', methods } },
        remoteAuthentication: { method: 'eap-only' },
      },
      responder: {
        authentication: { method: 'eap-only' },
        remoteAuthentication: { method: 'eap', eap: { users: { find: () => undefined }, methods } },
      },
      answers: { initiator: answersOf(), responder: answersOf() },
    });
    bendAuth(pair, (payloads) =>
      payloads.some(({ kind }) => kind === 'IDr')
        ? [...payloads, notifyPayload(REDIRECT, encodeTarget(OTHER))]
        : payloads,
    );
    pair.connect();
    expect(told(pair)).toEqual([]);
    expect(pair.initiator.counters.ignoredNotifies).toBe(1);
    expect(pair.initiator.state).toBe('established');
  });

  it('without a proof is not believed', () => {
    const pair = new Ikev2Pair(sending('auth'));
    new Forge(pair).rewrite(({ header, payloads }) =>
      header.exchange === ExchangeType.IKE_AUTH && header.response
        ? payloads.filter(({ kind }) => kind === 'N')
        : undefined,
    );
    pair.connect();
    expect(told(pair)).toEqual([]);
    expect(pair.events.initiator.failure?.cause).toBe('protocol-error');
  });

  it('with a wrong proof is not believed', () => {
    const pair = new Ikev2Pair(sending('auth'));
    new Forge(pair).rewrite(({ header, payloads }) =>
      header.exchange === ExchangeType.IKE_AUTH && header.response
        ? payloads.map((payload) =>
            payload.kind === 'AUTH' ? { ...payload, data: new Uint8Array(32) } : payload,
          )
        : undefined,
    );
    pair.connect();
    expect(told(pair)).toEqual([]);
    expect(pair.events.initiator.failure?.cause).toBe('peer-authentication-failed');
  });

  it('beside a Child SA, unasked for: counted, and the tunnel stands', () => {
    const pair = new Ikev2Pair();
    new Forge(pair).rewrite(({ header, payloads }) =>
      header.exchange === ExchangeType.IKE_AUTH && header.response
        ? [...payloads, notifyPayload(REDIRECT, encodeTarget(OTHER))]
        : undefined,
    );
    pair.connect();
    expect(pair.initiator.state).toBe('established');
    expect(pair.initiator.counters.ignoredNotifies).toBe(1);
    expect(told(pair)).toEqual([]);
  });

  it('a client that stays is told to go after a while', () => {
    const pair = new Ikev2Pair(sending('auth'));
    new Forge(pair).rewrite(({ header }, direction) =>
      direction === 'I -> R' && header.exchange === ExchangeType.INFORMATIONAL ? 'drop' : undefined,
    );
    pair.connect().run(60_000);
    expect(pair.drawing.lines.filter((line) => line === 'R -> I: HDR, SK {D}')).not.toHaveLength(0);
  });
});

describe('while the tunnel stands (§5)', () => {
  it('is answered, and the tunnel stays until its owner deletes it', () => {
    const pair = standing(sending('established'));
    pair.run(1_000);
    expect(told(pair)).toEqual([{ to: OTHER, during: 'established' }]);
    expect(pair.initiator.state).toBe('established');
    expect(disagreements(pair)).toEqual([]);
    pair.do((now) => pair.initiator.delete(now)).run(1_000);
    expect([pair.initiator.state, pair.responder.state]).toEqual(['closed', 'closed']);
  });

  it('is one request of the gateway and an empty answer', () => {
    const pair = new Ikev2Pair(sending('established')).connect().run(1_000);
    expect(pair.drawing.lines.slice(4)).toEqual(['R -> I: HDR, SK {N(REDIRECT)}', 'I -> R: HDR, SK {}']);
  });

  it('the gateway ends it where the client does not', () => {
    const pair = new Ikev2Pair(sending('established')).connect().run(29_000);
    expect(pair.initiator.state).toBe('established');
    pair.run(5_000);
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'closed-by-peer' });
    expect(pair.events.responder.failure).toBeUndefined();
  });

  it('a client that cannot be redirected is served', () => {
    for (const when of ['init', 'auth', 'established'] as const) {
      const pair = new Ikev2Pair({ responder: { redirectTo: { target: OTHER, when } } })
        .connect()
        .run(60_000);
      expect(disagreements(pair)).toEqual([]);
      expect(pair.initiator.state).toBe('established');
    }
  });

  const ask = (pair: Ikev2Pair, payloads: readonly Payload[]): void => {
    const forge = new Forge(pair);
    const place = { exchange: ExchangeType.INFORMATIONAL, response: false, messageId: 0 };
    forge.send('R -> I', place, payloads);
  };

  it.each([
    ['unasked for', {}, encodeTarget(OTHER)],
    ['as garbage', WILLING, Uint8Array.of(3, 200)],
    ['with a nonce, which has no place there', WILLING, encodeTarget(OTHER, new Uint8Array(16))],
  ])('%s: answered, counted, nothing else', (_name, initiator, data) => {
    const pair = standing({ initiator });
    ask(pair, [notifyPayload(REDIRECT, data)]);
    expect(pair.drawing.lines.at(-1)).toBe('I -> R: HDR, SK {}');
    expect(told(pair)).toEqual([]);
    expect(pair.initiator.counters.ignoredNotifies).toBe(1);
    expect(pair.initiator.state).toBe('established');
  });

  it('to a gateway means nothing', () => {
    const pair = standing({ initiator: WILLING });
    const forge = new Forge(pair);
    const place = { exchange: ExchangeType.INFORMATIONAL, response: false, messageId: 2 };
    forge.send('I -> R', place, [notifyPayload(REDIRECT, encodeTarget(OTHER))]);
    expect(pair.events.responder.of('redirect')).toEqual([]);
    expect(pair.responder.counters.ignoredNotifies).toBe(1);
  });
});
