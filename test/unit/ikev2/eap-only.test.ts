/** EAP alone (RFC 5998), and a login after a certificate (RFC 4739), both roles. */
import { describe, expect, it } from 'vitest';
import type { EapCredentials } from '#core/ikev2/connection-types.ts';
import { Forge } from '#test/harness/ikev2-forge.ts';
import { answersOf, proofOf } from '#test/harness/ikev2-login.ts';
import { id, Ikev2Pair, type PairOptions } from '#test/harness/ikev2-pair.ts';
import {
  ALICE,
  answers,
  GATEWAY,
  kindsOf,
  LAST,
  login,
  type Method,
  ROUND,
  SUCCESS,
  users,
} from '#test/harness/ikev2-eap.ts';

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
