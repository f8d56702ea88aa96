/** EAP in IKE_AUTH (RFC 7296 §2.16), alone (RFC 5998) and after a certificate (RFC 4739), both roles, and what may go wrong. */
import { describe, expect, it } from 'vitest';
import { EMPTY } from '#core/bytes/bytes.ts';
import type { EapUsers } from '#core/eap/method.ts';
import type { Failure } from '#core/failure/failure.ts';
import { formatIdentification } from '#core/ike/identification.ts';
import type { EapCredentials } from '#core/ikev2/connection-types.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { Forge, notifyPayload, type Rewrite } from '#test/harness/ikev2-forge.ts';
import { answersOf, proofOf } from '#test/harness/ikev2-login.ts';
import { id, Ikev2Pair, type PairOptions } from '#test/harness/ikev2-pair.ts';

const GATEWAY = 'gw.example.org';
const ALICE = 'alice@example.org';
const users = (expired = false): EapUsers => ({
  find: (identity) => (identity === 'alice' ? { password: 'secret', expired } : undefined),
  changePassword: (_identity, newPassword) => newPassword.length > 4,
});

type Method = 'MD5' | 'GTC' | 'MSCHAPv2' | 'TLS';

interface LoginOptions {
  readonly method?: Method;
  readonly wanted?: readonly Method[];
  readonly password?: string;
  readonly asked?: string;
  readonly expired?: boolean;
}

/** A login with the gateway's certificate in front. */
function login(options: LoginOptions = {}): PairOptions {
  const { method = 'MSCHAPv2', wanted = [method], password, expired = false } = options;
  const eap: EapCredentials = {
    user: 'alice',
    methods: wanted.map((type) => ({ type })),
    ...(password === undefined ? {} : { password }),
  };
  return {
    initiator: { authentication: { method: 'eap', eap } },
    responder: {
      authentication: proofOf(GATEWAY),
      remoteAuthentication: { method: 'eap', eap: { users: users(expired), methods: [{ type: method }] } },
    },
    answers: {
      initiator: answersOf({
        password: options.asked ?? 'secret',
        newPassword: 'longer one',
        code: 'secret',
      }),
      responder: answersOf({ name: GATEWAY }),
    },
  };
}

const FIRST = [
  'I -> R: HDR, SK {IDi, N(INITIAL_CONTACT), IDr, CP(CFG_REQUEST), SAi2, TSi, TSr}',
  'R -> I: HDR, SK {IDr, CERT, CERT, AUTH, EAP}',
];
const ROUND = ['I -> R: HDR, SK {EAP}', 'R -> I: HDR, SK {EAP}'];
const LAST = ['I -> R: HDR, SK {AUTH}', 'R -> I: HDR, SK {AUTH, CP(CFG_REPLY), SAr2, TSi, TSr}'];

const kindsOf = (pair: Ikev2Pair): string[] =>
  pair.events.initiator
    .of('question')
    .map(({ question }) => (question.kind === 'eap' ? question.eap.kind : question.kind));

/** Answers to the initiator that are rewritten, in IKE_AUTH. */
const answers =
  (rewrite: (payloads: readonly Payload[], messageId: number) => readonly Payload[] | undefined): Rewrite =>
  ({ header, payloads }) =>
    header.exchange === ExchangeType.IKE_AUTH && header.response
      ? rewrite(payloads, header.messageId)
      : undefined;

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

const SUCCESS = { kind: 'EAP', message: Uint8Array.of(3, 1, 0, 4) } as const;

describe('faults that other clients had', () => {
  it('EAP-Success before any method', () => {
    const pair = new Ikev2Pair(login());
    new Forge(pair).rewrite(
      answers((payloads, messageId) =>
        messageId === 1 ? payloads.map((payload) => (payload.kind === 'EAP' ? SUCCESS : payload)) : undefined,
      ),
    );
    pair.connect();
    expect(pair.events.initiator.failure?.cause).toBe('eap-premature-success');
    expect(pair.events.initiator.types).not.toContain('child-installed');
  });

  it('EAP-Success in the middle of a method', () => {
    const pair = new Ikev2Pair(login());
    new Forge(pair).rewrite(answers((_payloads, messageId) => (messageId === 3 ? [SUCCESS] : undefined)));
    pair.connect();
    expect(pair.events.initiator.failure).toEqual({ cause: 'eap-premature-success', method: 'MSCHAPv2' });
  });

  it('EAP before the gateway has proven itself: the password stays here', () => {
    const pair = new Ikev2Pair(login({ password: 'secret' }));
    new Forge(pair).rewrite(
      answers((payloads, messageId) =>
        messageId === 1 ? payloads.filter(({ kind }) => kind !== 'AUTH' && kind !== 'CERT') : undefined,
      ),
    );
    pair.connect();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error', sentBy: 'peer' });
    expect(pair.drawing.lines).not.toContain('I -> R: HDR, SK {EAP}');
  });

  it('EAP-Success before the gateway has proven itself', () => {
    const pair = new Ikev2Pair(login({ password: 'secret' }));
    new Forge(pair).rewrite(
      answers((payloads, messageId) =>
        messageId === 1 ? [...payloads.filter(({ kind }) => kind === 'IDr'), SUCCESS] : undefined,
      ),
    );
    pair.connect();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error', sentBy: 'peer' });
    expect(pair.events.initiator.types).not.toContain('child-installed');
    expect(pair.drawing.lines).not.toContain('I -> R: HDR, SK {AUTH}');
  });

  it('EAP behind a certificate that is refused is not looked at', () => {
    const options = login({ password: 'secret' });
    const pair = new Ikev2Pair({
      ...options,
      responder: { ...options.responder, authentication: proofOf('evil.example') },
      answers: { ...options.answers, responder: answersOf({ name: 'evil.example' }) },
    }).connect();
    expect(pair.events.initiator.failure?.cause).toBe('certificate-rejected');
    expect(pair.drawing.lines).not.toContain('I -> R: HDR, SK {EAP}');
  });

  it.each([
    ['shorter than its header', Uint8Array.of(1, 1, 0, 4)],
    ['a request that is cut off', Uint8Array.of(1, 1, 0, 5, 26)],
    ['a response where a request belongs', Uint8Array.of(2, 1, 0, 5, 1)],
  ])('EAP that is %s', (_name, message) => {
    const pair = new Ikev2Pair(login());
    new Forge(pair).rewrite(
      answers((_payloads, messageId) => (messageId === 2 ? [{ kind: 'EAP', message }] : undefined)),
    );
    pair.connect();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error', sentBy: 'peer' });
  });

  it('a gateway that ends EAP without a word of it', () => {
    const pair = new Ikev2Pair(login());
    new Forge(pair).rewrite(
      answers((payloads, messageId) =>
        messageId === 2
          ? [{ kind: 'IDr', id: id(GATEWAY) }, ...payloads.slice(1), { kind: 'AUTH', method: 2, data: EMPTY }]
          : undefined,
      ),
    );
    pair.connect();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'protocol-error' });
  });
});

describe('EAP alone (RFC 5998)', () => {
  const only = (method: Method): PairOptions => {
    const options = login({ method, wanted: ['MSCHAPv2', 'MD5', 'TLS'] });
    return {
      ...options,
      initiator: { ...options.initiator, remoteAuthentication: { method: 'eap-only' } },
      responder: { ...options.responder, authentication: { method: 'eap-only' } },
    };
  };

  it('proves both ends by the key that a mutual method leaves', () => {
    const pair = new Ikev2Pair(only('TLS')).connect();
    expect(pair.drawing.lines.slice(2, 4)).toEqual([
      'I -> R: HDR, SK {IDi, N(INITIAL_CONTACT), IDr, N(EAP_ONLY_AUTHENTICATION), CP(CFG_REQUEST), SAi2, TSi, TSr}',
      'R -> I: HDR, SK {IDr, EAP}',
    ]);
    expect(pair.initiator.state).toBe('established');
    expect(kindsOf(pair)).toEqual(['tls', 'tls']);
  });

  it.each<Method>(['MD5', 'MSCHAPv2'])('never uses %s, whatever else is allowed', (method) => {
    const pair = new Ikev2Pair(only(method)).connect();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'eap-method-refused', wanted: ['TLS'] });
  });

  it.each([1, 2])(
    'does not believe EAP-Success in answer %i, where nothing else has proven the gateway',
    (at) => {
      const pair = new Ikev2Pair(only('TLS'));
      new Forge(pair).rewrite(
        answers((payloads, messageId) =>
          messageId === at ? [...payloads.filter(({ kind }) => kind === 'IDr'), SUCCESS] : undefined,
        ),
      );
      pair.connect();
      expect(pair.events.initiator.failure?.cause).toBe('eap-premature-success');
      expect(pair.events.initiator.types).not.toContain('child-installed');
      expect(pair.drawing.lines).not.toContain('I -> R: HDR, SK {AUTH}');
    },
  );

  it('refuses a gateway that does not know the key of the method', () => {
    const pair = new Ikev2Pair(only('TLS'));
    new Forge(pair).rewrite(
      answers((payloads) =>
        payloads.some(({ kind }) => kind === 'TSi')
          ? payloads.map((payload) =>
              payload.kind === 'AUTH' ? { ...payload, data: new Uint8Array(payload.data.length) } : payload,
            )
          : undefined,
      ),
    );
    pair.connect();
    expect(pair.events.initiator.failure?.cause).toBe('peer-authentication-failed');
    expect(pair.events.initiator.types).not.toContain('ike-established');
  });

  it('holds the identity against the profile at its end', () => {
    const options = only('TLS');
    const initiator = { ...options.initiator, remoteId: id('other.example'), sendRemoteId: false };
    const pair = new Ikev2Pair({ ...options, initiator }).connect();
    expect(pair.events.initiator.failure).toEqual({
      cause: 'identity-mismatch',
      expected: 'other.example',
      presented: GATEWAY,
    });
  });
});

describe('a certificate and then a login (RFC 4739)', () => {
  const eap: EapCredentials = { user: 'alice', password: 'secret', methods: [{ type: 'MSCHAPv2' }] };
  const twice = (): PairOptions => ({
    initiator: {
      authentication: {
        method: 'certificate-eap',
        certificates: proofOf(ALICE).certificates,
        eap,
        eapId: id('alice'),
      },
    },
    responder: {
      authentication: proofOf(GATEWAY),
      remoteAuthentication: {
        method: 'certificate-eap',
        eap: { users: users(), methods: [{ type: 'MSCHAPv2' }] },
      },
    },
    answers: { initiator: answersOf({ name: ALICE }), responder: answersOf({ name: GATEWAY }) },
  });

  it('takes both rounds', () => {
    const pair = new Ikev2Pair(twice()).connect();
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SAi1, KEi, Ni, N(SIGNATURE_HASH_ALGORITHMS)',
      'R -> I: HDR, SAr1, KEr, Nr, N(SIGNATURE_HASH_ALGORITHMS), N(MULTIPLE_AUTH_SUPPORTED)',
      'I -> R: HDR, SK {IDi, CERT, CERT, N(INITIAL_CONTACT), IDr, AUTH, N(MULTIPLE_AUTH_SUPPORTED), N(ANOTHER_AUTH_FOLLOWS), CP(CFG_REQUEST), SAi2, TSi, TSr}',
      'R -> I: HDR, SK {IDr, CERT, CERT, AUTH}',
      'I -> R: HDR, SK {IDi}',
      'R -> I: HDR, SK {EAP}',
      ...ROUND,
      ...ROUND,
      ...ROUND,
      ...LAST,
    ]);
    expect([pair.initiator.state, pair.responder.state]).toEqual(['established', 'established']);
  });

  it('stops at a wrong certificate before the password is said', () => {
    const pair = new Ikev2Pair({
      ...twice(),
      answers: { ...twice().answers, initiator: answersOf({ name: 'mallory' }) },
    }).connect();
    expect(pair.events.initiator.failure).toMatchObject({
      cause: 'authentication-refused',
      method: 'certificate-eap',
    });
    expect(pair.drawing.lines).not.toContain('I -> R: HDR, SK {EAP}');
  });

  it('needs a gateway that can', () => {
    const { initiator, answers: people } = twice();
    const pair = new Ikev2Pair({
      ...(initiator && { initiator }),
      responder: { authentication: proofOf(GATEWAY), remoteAuthentication: { method: 'certificate' } },
      ...(people && { answers: people }),
    }).connect();
    expect(pair.events.initiator.failure).toEqual({ cause: 'second-authentication-unsupported' });
    expect(pair.drawing.lines).toHaveLength(2);
  });

  it('is refused where the client stops after the certificate', () => {
    const { responder, answers: people } = twice();
    const pair = new Ikev2Pair({
      initiator: { authentication: proofOf(ALICE) },
      ...(responder && { responder }),
      ...(people && { answers: people }),
    }).connect();
    expect(pair.events.responder.failure).toMatchObject({ cause: 'protocol-error' });
    expect(pair.events.initiator.failure?.cause).toBe('authentication-refused');
  });
});
