/** What the authenticator does not take from a peer. */
import { describe, expect, it } from 'vitest';
import { concat, fromHex, utf8 } from '#core/bytes/bytes.ts';
import { createEapAuthenticator } from '#core/eap/create-authenticator.ts';
import type { EapUsers } from '#core/eap/method.ts';
import { MsChapV2Authenticator } from '#core/eap/methods/mschapv2-authenticator.ts';
import { encryptNewPassword, encryptOldHash, ntPasswordHash } from '#core/eap/methods/mschapv2-crypto.ts';
import { answerChallenge } from '#core/eap/methods/mschapv2-exchange.ts';
import { decodeRequest, encodeChangePassword, encodeResponse } from '#core/eap/methods/mschapv2-packet.ts';
import type { AuthenticatorStep } from '#core/eap/method.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';

const { bytes: random } = seededRandom(11);
const users: EapUsers = {
  find: (name) => (name === 'alice' ? { password: 'old', expired: true } : undefined),
  changePassword: () => true,
};

describe('a conversation', () => {
  const started = () => {
    const authenticator = createEapAuthenticator({ random, users, methods: [{ type: 'GTC' }] });
    authenticator.start();
    return authenticator;
  };

  it.each([
    ['a response to another request', '0209000a01616c696365'],
    ['a request', '0101000a01616c696365'],
    ['no Identity where one was asked for', '0201000a06616c696365'],
    ['half a packet', '0201'],
  ])('fails on %s', (_, hex) => {
    expect(started().receive(fromHex(hex))).toMatchObject({
      kind: 'failed',
      failure: { cause: 'protocol-error' },
    });
  });

  it('fails on a type that was not asked for', () => {
    const authenticator = started();
    authenticator.receive(fromHex('0201000a01616c696365'));
    expect(authenticator.receive(fromHex('0202000704ff00'))).toMatchObject({
      failure: { cause: 'protocol-error', detail: expect.stringContaining('MD5 instead of GTC') as string },
    });
  });

  it('ends with Failure or Success under the identifier of the last response', () => {
    const authenticator = started();
    authenticator.receive(fromHex('0201000a01616c696365'));
    const end = authenticator.receive(concat(fromHex('0202000806'), utf8('old')));
    expect(end).toMatchObject({ kind: 'finished', packet: fromHex('03020004'), identity: 'alice' });
  });
});

describe('a change of the password', () => {
  /** An authenticator that waits for it, and its challenge. */
  function expired() {
    const authenticator = new MsChapV2Authenticator(users, 'alice', random);
    const first = challengeIn(authenticator.start(1));
    const attempt = answerChallenge('alice', 'old', first, random);
    return {
      authenticator,
      challenge: challengeIn(authenticator.response(encodeResponse(1, attempt, 'alice'))),
    };
  }

  const oldHash = ntPasswordHash('old');
  const newHash = ntPasswordHash('new');
  const honest = (challenge: Uint8Array) => ({
    ...answerChallenge('alice', 'new', challenge, random),
    encryptedPassword: encryptNewPassword('new', oldHash, random),
    encryptedHash: encryptOldHash(oldHash, newHash),
  });

  it('is taken when everything fits', () => {
    const { authenticator, challenge } = expired();
    expect(opOf(authenticator.response(encodeChangePassword(2, honest(challenge))))).toBe('success');
  });

  it.each([
    ['the hash of another old password', { encryptedHash: encryptOldHash(newHash, newHash) }],
    ['a password under another old one', { encryptedPassword: encryptNewPassword('new', newHash, random) }],
    ['a response that the new password did not make', { ntResponse: new Uint8Array(24) }],
  ])('is refused with %s', (_, wrong) => {
    const { authenticator, challenge } = expired();
    expect(opOf(authenticator.response(encodeChangePassword(2, { ...honest(challenge), ...wrong })))).toBe(
      'failure',
    );
  });
});

function requestIn(step: AuthenticatorStep) {
  if (step.do !== 'request') throw new Error(`no request: ${JSON.stringify(step)}`);
  return decodeRequest(step.data);
}

const opOf = (step: AuthenticatorStep): string => requestIn(step).op;

function challengeIn(step: AuthenticatorStep): Uint8Array {
  const request = requestIn(step);
  const challenge =
    request.op === 'challenge'
      ? request.challenge
      : request.op === 'failure'
        ? request.failure.challenge
        : undefined;
  if (challenge === undefined) throw new Error('no challenge');
  return challenge;
}
