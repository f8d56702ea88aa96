/** MD5, GTC and MSCHAPv2: peer against authenticator, passwords right, wrong, asked for and changed; Nak both ways. */
import { describe, expect, it } from 'vitest';
import { toHex } from '#core/bytes/bytes.ts';
import { createEapAuthenticator, type AuthenticatorMethodSettings } from '#core/eap/create-authenticator.ts';
import { createEapPeer, type EapPeerSettings, type PlainMethod } from '#core/eap/create-peer.ts';
import type { EapUser, EapUsers } from '#core/eap/method.ts';
import type { EapAnswer } from '#core/eap/question.ts';
import { type Conversation, converse } from '#test/harness/eap-pair.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';

interface Setting {
  readonly offers: readonly PlainMethod[];
  readonly wants?: readonly PlainMethod[];
  readonly peer?: Partial<EapPeerSettings>;
  readonly user?: Partial<EapUser>;
  readonly identity?: string;
  /** Answers to the peer's questions in their order. */
  readonly answers?: readonly EapAnswer[];
  readonly changes?: string[];
}

function run({
  offers,
  wants = offers,
  peer,
  user,
  identity,
  answers = [],
  changes,
}: Setting): Promise<Conversation> {
  const random = seededRandom(7).bytes;
  const known: EapUser = { password: 'pässwörd', ...user };
  const users: EapUsers = {
    find: (name) => (name.endsWith('alice') ? known : undefined),
    ...(changes === undefined
      ? {}
      : {
          changePassword(name: string, password: string) {
            changes.push(`${name}: ${password}`);
            return password.length > 3;
          },
        }),
  };
  const left = [...answers];
  const methods: AuthenticatorMethodSettings[] = offers.map((type) => ({ type }));
  return converse(
    createEapPeer({
      random,
      user: 'alice',
      methods: wants.map((type) => ({ type })),
      ...(answers.length === 0 ? { password: 'pässwörd' } : {}),
      ...peer,
    }),
    createEapAuthenticator({ random, users, methods, ...(identity === undefined ? {} : { identity }) }),
    { peer: () => left.shift() ?? { kind: 'none' } },
  );
}

const METHODS = ['MD5', 'GTC', 'MSCHAPv2'] as const;
const password = (text: string): EapAnswer => ({ kind: 'password', password: text });

describe.each(METHODS)('%s', (method) => {
  it('lets in who knows the password', async () => {
    const { peer, authenticator } = await run({ offers: [method] });
    expect(peer).toMatchObject({ kind: 'finished', methods: [method] });
    expect(authenticator).toMatchObject({ kind: 'finished', identity: 'alice', method });
  });

  it('needs no Identity where IKE has named the peer', async () => {
    const { peer, packets } = await run({ offers: [method], identity: 'alice' });
    expect(peer).toMatchObject({ kind: 'finished' });
    expect(packets[0]?.[4]).not.toBe(1);
  });

  it('refuses a wrong password, and both ends say so', async () => {
    const answers: EapAnswer[] =
      method === 'GTC' ? [{ kind: 'one-time-code', code: 'wrong' }] : [password('wrong')];
    const { peer, authenticator } = await run({ offers: [method], answers });
    expect(peer).toMatchObject({
      kind: 'failed',
      failure: { cause: 'wrong-password', method, user: 'alice' },
    });
    expect(authenticator).toMatchObject({ kind: 'failed', failure: { cause: 'wrong-password' } });
  });

  it('refuses nobody in the same way', async () => {
    const { peer } = await run({ offers: [method], peer: { user: 'mallory', password: '' } });
    expect(peer).toMatchObject({ kind: 'failed' });
  });

  it('fails where nobody gives a secret', async () => {
    const { peer } = await run({ offers: [method], answers: [{ kind: 'none' }] });
    expect(peer).toMatchObject({ kind: 'failed', failure: { cause: 'secret-missing' } });
  });
});

describe('keys', () => {
  it('MSCHAPv2 has the same MSK at both ends; MD5 and GTC have none', async () => {
    const { peer, authenticator } = await run({ offers: ['MSCHAPv2'] });
    if (peer?.kind !== 'finished' || authenticator?.kind !== 'finished') throw new Error('not finished');
    expect(peer.keys.msk).toHaveLength(64);
    expect(peer.keys).toEqual(authenticator.keys);
    expect((await run({ offers: ['MD5'] })).peer).toMatchObject({ keys: {} });
    expect((await run({ offers: ['GTC'] })).peer).toMatchObject({ keys: {} });
  });

  it('hash the name without its domain and send it whole', async () => {
    const { peer, packets } = await run({ offers: ['MSCHAPv2'], peer: { user: 'COMPANY\\alice' } });
    expect(peer).toMatchObject({ kind: 'finished' });
    expect(toHex(packets[3] ?? new Uint8Array())).toMatch(/434f4d50414e595c616c696365$/);
  });
});

describe('negotiation', () => {
  it('R: MD5, I: Nak, R: MSCHAPv2', async () => {
    const { peer } = await run({ offers: ['MD5', 'GTC', 'MSCHAPv2'], wants: ['MSCHAPv2'] });
    expect(peer).toMatchObject({ kind: 'finished', methods: ['MSCHAPv2'] });
  });

  it('fails with both lists where nothing is in common', async () => {
    const { peer, authenticator } = await run({ offers: ['MD5'], wants: ['MSCHAPv2', 'GTC'] });
    expect(peer).toEqual({
      kind: 'failed',
      failure: { cause: 'method-not-allowed', offered: ['MD5'], wanted: ['MSCHAPv2', 'GTC'] },
    });
    expect(authenticator).toMatchObject({
      failure: { cause: 'method-not-allowed', wanted: ['MSCHAPv2', 'GTC'] },
    });
  });
});

describe('MSCHAPv2 once more', () => {
  it('takes another password after a wrong one', async () => {
    const { peer, asked } = await run({
      offers: ['MSCHAPv2'],
      answers: [password('wrong'), password('pässwörd')],
    });
    expect(peer).toMatchObject({ kind: 'finished' });
    expect(asked).toMatchObject([
      { kind: 'password', retry: false },
      { kind: 'password', retry: true },
    ]);
  });

  it('fails after the second wrong one, and after a user who gives up', async () => {
    const twice = await run({ offers: ['MSCHAPv2'], answers: [password('wrong'), password('worse')] });
    expect(twice.peer).toMatchObject({ failure: { cause: 'wrong-password', retry: false } });
    const gaveUp = await run({ offers: ['MSCHAPv2'], answers: [password('wrong'), { kind: 'none' }] });
    expect(gaveUp.peer).toMatchObject({ failure: { cause: 'wrong-password', retry: true } });
    expect(gaveUp.authenticator).toMatchObject({ failure: { cause: 'wrong-password' } });
  });

  it('changes a password that has expired', async () => {
    const changes: string[] = [];
    const { peer, authenticator, asked } = await run({
      offers: ['MSCHAPv2'],
      user: { expired: true },
      changes,
      answers: [password('pässwörd'), { kind: 'new-password', newPassword: 'nèw one' }],
    });
    expect(asked[1]).toEqual({ kind: 'new-password', user: 'alice' });
    expect(changes).toEqual(['alice: nèw one']);
    expect(peer).toMatchObject({ kind: 'finished', changedPassword: 'nèw one' });
    if (peer?.kind !== 'finished' || authenticator?.kind !== 'finished') throw new Error('not finished');
    expect(peer.keys).toEqual(authenticator.keys);
  });

  it('says that a new password was refused', async () => {
    const { peer } = await run({
      offers: ['MSCHAPv2'],
      user: { expired: true },
      changes: [],
      answers: [password('pässwörd'), { kind: 'new-password', newPassword: 'abc' }],
    });
    expect(peer).toEqual({ kind: 'failed', failure: { cause: 'password-not-changed', user: 'alice' } });
  });

  it('asks again for a new password that cannot be one', async () => {
    const { peer, asked } = await run({
      offers: ['MSCHAPv2'],
      user: { expired: true },
      changes: [],
      answers: [
        password('pässwörd'),
        { kind: 'new-password', newPassword: 'x'.repeat(257) },
        { kind: 'new-password', newPassword: 'long enough' },
      ],
    });
    expect(asked[2]).toMatchObject({
      kind: 'new-password',
      message: expect.stringContaining('256') as string,
    });
    expect(peer).toMatchObject({ kind: 'finished', changedPassword: 'long enough' });
  });

  it('says that the password has expired where nobody gives a new one', async () => {
    const { peer } = await run({ offers: ['MSCHAPv2'], user: { expired: true } });
    expect(peer).toEqual({ kind: 'failed', failure: { cause: 'password-expired', user: 'alice' } });
  });
});
