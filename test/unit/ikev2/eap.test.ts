/** EAP in IKE_AUTH (RFC 7296 §2.16), both roles: logins that succeed, fail, or are given up. */
import { describe, expect, it } from 'vitest';
import type { Failure } from '#core/failure/failure.ts';
import { formatIdentification } from '#core/ike/identification.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { Forge, notifyPayload } from '#test/harness/ikev2-forge.ts';
import { answersOf } from '#test/harness/ikev2-login.ts';
import { Ikev2Pair } from '#test/harness/ikev2-pair.ts';
import {
  ALICE,
  answers,
  FIRST,
  GATEWAY,
  kindsOf,
  LAST,
  login,
  type LoginOptions,
  type Method,
  ROUND,
  users,
} from '#test/harness/ikev2-eap.ts';

describe('a login', () => {
  it.each<[Method, number, string[]]>([
    ['MD5', 2, ['verify-peer', 'password']],
    ['GTC', 2, ['verify-peer', 'one-time-code']],
    ['MSCHAPv2', 3, ['verify-peer', 'password']],
    ['TLS', 3, ['verify-peer', 'tls', 'tls']],
  ])('by %s', (method, rounds, questions) => {
    const pair = new Ikev2Pair(login({ method })).connect();
    expect(pair.drawing.lines.slice(2)).toEqual([
      ...FIRST,
      ...Array.from({ length: rounds }, () => ROUND).flat(),
      ...LAST,
    ]);
    expect(kindsOf(pair)).toEqual(questions);
    expect([pair.initiator.state, pair.responder.state]).toEqual(['established', 'established']);
    const types = pair.events.initiator.types.filter((type) => type !== 'question' && type !== 'notice');
    expect(types).toEqual(['path', 'ike-established', 'config', 'child-installed']);
    const [established] = pair.events.responder.of('ike-established');
    expect(established && formatIdentification(established.remoteId)).toBe('alice');
  });

  it('with a stored password asks nobody but for the certificate', () => {
    const pair = new Ikev2Pair(login({ password: 'secret' })).connect();
    expect(kindsOf(pair)).toEqual(['verify-peer']);
    expect(pair.initiator.state).toBe('established');
  });

  it('agrees on another method by Nak', () => {
    const options = login({ method: 'MD5', wanted: ['GTC', 'MSCHAPv2'] });
    const both = { users: users(), methods: [{ type: 'MD5' }, { type: 'MSCHAPv2' }] } as const;
    const responder = { ...options.responder, remoteAuthentication: { method: 'eap', eap: both } } as const;
    const pair = new Ikev2Pair({ ...options, responder }).connect();
    expect(pair.initiator.state).toBe('established');
  });

  it('changes an expired password and tells whoever keeps it', () => {
    const pair = new Ikev2Pair(login({ expired: true })).connect();
    expect(kindsOf(pair)).toEqual(['verify-peer', 'password', 'new-password']);
    expect(pair.initiator.state).toBe('established');
    expect(pair.events.initiator.of('password-changed')).toMatchObject([{ password: 'longer one' }]);
  });

  it('survives a bad link, 60 times', () => {
    const retransmit = { initialMs: 300, factor: 1.3, maxMs: 2_000, attempts: 40, jitter: 0.1 };
    for (let seed = 1; seed <= 60; seed++) {
      const { initiator, responder, answers: people = {} } = login();
      const pair = new Ikev2Pair({
        seed,
        initiator: { ...initiator, retransmit, livenessSec: 0, fragmentBytes: 300 },
        responder: { ...responder, retransmit, livenessSec: 0, fragmentBytes: 300 },
        answers: people,
        link: { delayMs: 20, jitterMs: 100, loss: 0.15, duplicate: 0.2 },
      });
      pair.connect();
      const timeout = pair.events.responder.failure?.cause === 'timeout';
      expect([seed, timeout || pair.initiator.state === 'established']).toEqual([seed, true]);
    }
  });
});

describe('a server that asks a person before it answers', () => {
  const retransmit = { initialMs: 200, factor: 1.5, maxMs: 1_000, attempts: 5, jitter: 0 };

  /** For ten seconds the gateway hears and says nothing, from a round of EAP on or from the first IKE_AUTH. */
  function hesitating(inEap: boolean, more: object = {}): Ikev2Pair {
    const { initiator, ...rest } = login({ password: 'secret' });
    const pair = new Ikev2Pair({ ...rest, initiator: { ...initiator, retransmit, ...more } }).initiate();
    pair.run(inEap ? 45 : 25);
    const asked = pair.drawing.lines.filter((line) => line === ROUND[0]).length;
    expect(asked).toBe(inEap ? 1 : 0);
    const until = pair.now + 10_000;
    pair.link.tamper = (flying) => (pair.now < until ? [] : [flying]);
    return pair.run(15_000);
  }

  it('a push to a phone, say: is waited for longer than any other answer', () => {
    expect(hesitating(true).events.initiator.failure).toMatchObject({ cause: 'no-answer' });
    const retransmitLogin = { ...retransmit, attempts: 20 };
    expect(hesitating(true, { retransmitLogin }).initiator.state).toBe('established');
    expect(hesitating(false, { retransmitLogin }).events.initiator.failure).toMatchObject({
      cause: 'no-answer',
    });
  });
});

describe('a user who changes their mind', () => {
  it('in the middle of EAP takes the next answer and says goodbye', () => {
    const pair = new Ikev2Pair(login({ password: 'secret' })).initiate().run(45);
    expect(pair.initiator.state).toBe('ike-auth');
    pair.do((now) => pair.initiator.delete(now)).run(1_000);
    expect(pair.initiator.state).toBe('closed');
    expect(pair.events.initiator.failure).toBeUndefined();
    expect(pair.drawing.lines.slice(-2)[0]).toBe('I -> R: HDR, SK {D}');
  });
});

describe('a login that fails', () => {
  it.each<[string, LoginOptions, Failure]>([
    [
      'wrong password, MSCHAPv2',
      { password: 'wrong', asked: 'wrong again' },
      { cause: 'wrong-password', method: 'MSCHAPv2', user: 'alice' },
    ],
    [
      'wrong password, MD5',
      { method: 'MD5', password: 'wrong' },
      { cause: 'wrong-password', method: 'MD5', user: 'alice' },
    ],
    [
      'no method in common',
      { method: 'MD5', wanted: ['TLS'] },
      { cause: 'eap-method-refused', offered: ['MD5'], wanted: ['TLS'] },
    ],
  ])('%s', (_name, options, failure) => {
    const pair = new Ikev2Pair(login(options)).connect();
    expect(pair.events.initiator.failure).toMatchObject(failure);
    expect(pair.responder.state).toBe('closed');
    expect(pair.events.responder.failure?.cause).toBe(failure.cause);
    expect(pair.drawing.lines.at(-1)).toBe('R -> I: HDR, SK {EAP}');
  });

  it('because nobody gives the password', () => {
    const { initiator, responder, answers: people } = login();
    const pair = new Ikev2Pair({
      ...(initiator && { initiator }),
      ...(responder && { responder }),
      answers: { ...people, initiator: answersOf() },
    }).connect();
    expect(pair.events.initiator.failure).toEqual({ cause: 'secret-missing', what: 'password' });
    expect(pair.drawing.lines.slice(-2)).toEqual([
      'I -> R: HDR, SK {N(AUTHENTICATION_FAILED)}',
      'R -> I: HDR, SK {N(INVALID_SYNTAX)}',
    ]);
  });

  it('with a bare refusal in the middle: EAP knows more', () => {
    const pair = new Ikev2Pair(login({ method: 'MD5' }));
    new Forge(pair).rewrite(
      answers((_payloads, messageId) =>
        messageId === 3 ? [notifyPayload(NotifyType.AUTHENTICATION_FAILED)] : undefined,
      ),
    );
    pair.connect();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'wrong-password', method: 'MD5' });
  });

  it('after EAP, with what the gateway says', () => {
    const pair = new Ikev2Pair(login());
    new Forge(pair).rewrite(
      answers((payloads) =>
        payloads.some(({ kind }) => kind === 'TSi')
          ? [notifyPayload(NotifyType.AUTHENTICATION_FAILED)]
          : undefined,
      ),
    );
    pair.connect();
    expect(pair.events.initiator.failure).toEqual({
      cause: 'authentication-refused',
      method: 'eap',
      localId: ALICE,
      remoteId: GATEWAY,
      afterLogin: true,
    });
  });

  it('at the last AUTH: a gateway that does not know the key of EAP', () => {
    const pair = new Ikev2Pair(login());
    new Forge(pair).rewrite(
      answers((payloads) =>
        payloads.some(({ kind }) => kind === 'TSi')
          ? payloads.map((payload) =>
              payload.kind === 'AUTH' ? { ...payload, data: new Uint8Array(32) } : payload,
            )
          : undefined,
      ),
    );
    pair.connect();
    expect(pair.events.initiator.failure).toMatchObject({
      cause: 'peer-authentication-failed',
      method: 'psk',
    });
    expect(pair.events.initiator.types).not.toContain('ike-established');
  });

  it('at the last AUTH: a client that does not know the key of EAP', () => {
    const pair = new Ikev2Pair(login());
    new Forge(pair).rewrite(({ header, payloads }) =>
      header.response || payloads.length !== 1
        ? undefined
        : payloads.map((payload) =>
            payload.kind === 'AUTH' ? { ...payload, data: new Uint8Array(32) } : payload,
          ),
    );
    pair.connect();
    expect(pair.drawing.lines.at(-1)).toBe('R -> I: HDR, SK {N(AUTHENTICATION_FAILED)}');
    expect(pair.events.responder.failure).toMatchObject({ cause: 'peer-authentication-failed' });
    expect(pair.events.responder.types).not.toContain('child-installed');
  });

  it('for want of an address, which is told at the end', () => {
    const options = login();
    const pair = new Ikev2Pair({
      ...options,
      responder: { ...options.responder, assign: () => undefined },
    }).connect();
    expect(pair.events.initiator.failure).toEqual({ cause: 'no-address', asked: ['IPv4', 'IPv6'] });
    expect(pair.drawing.lines.slice(-4)).toEqual([
      'I -> R: HDR, SK {AUTH}',
      'R -> I: HDR, SK {AUTH, N(INTERNAL_ADDRESS_FAILURE)}',
      'I -> R: HDR, SK {D}',
      'R -> I: HDR, SK {}',
    ]);
  });
});
