/** EAP with TLS inside, both ends real: core/eap on node:tls, client and server, TLS 1.2 and 1.3. */
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EMPTY, toHex } from '#core/bytes/bytes.ts';
import { type AuthenticatorMethodSettings, createEapAuthenticator } from '#core/eap/create-authenticator.ts';
import { createEapPeer, type EapMethodSettings, type EapPeerSettings } from '#core/eap/create-peer.ts';
import type { EapUsers } from '#core/eap/method.ts';
import { fragmentBytesOf } from '#core/eap/methods/tls-framing.ts';
import { EapType } from '#core/registry/eap-types.ts';
import { EapTls } from '#helper/tls/eap-tls.ts';
import { MemoryStream } from '#helper/tls/memory-stream.ts';
import { TlsTunnel, type TlsTunnelOptions, type TlsVersion } from '#helper/tls/tls-tunnel.ts';
import { type Answerer, type Conversation, converse } from '#test/harness/eap-pair.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';
import { type Ca, type Issued, TestPki } from '#test/harness/test-pki.ts';
import { expectServerName } from '#test/harness/tls-names.ts';

const VERSIONS: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3'];

let pki: TestPki;
let ca: Ca;
let otherCa: Ca;
let server: Issued;
let client: Issued;

beforeAll(() => {
  pki = new TestPki();
  ca = pki.ca('Company');
  otherCa = pki.ca('Somebody');
  server = pki.leaf(ca, 'aaa', { san: 'DNS:aaa.example', usage: 'serverAuth' });
  client = pki.leaf(ca, 'alice', { san: 'email:alice@example.org', usage: 'clientAuth' });
});
afterAll(() => pki[Symbol.dispose]());

const users: EapUsers = { find: (name) => (name === 'alice' ? { password: 'pässword' } : undefined) };

interface Setting {
  readonly version: TlsVersion;
  readonly method: EapMethodSettings;
  readonly serves: AuthenticatorMethodSettings;
  readonly peer?: Partial<EapPeerSettings>;
  readonly client?: Partial<TlsTunnelOptions>;
  readonly server?: Partial<TlsTunnelOptions>;
  readonly answer?: Answerer;
  readonly fragmentBytes?: number;
}

async function run(setting: Setting): Promise<Conversation> {
  const random = seededRandom(1).bytes;
  const { version, fragmentBytes } = setting;
  const fragments = fragmentBytes === undefined ? {} : { fragmentBytes };
  const versions = { minVersion: version, maxVersion: version, ca: [ca.certificates] };
  using clientTls = new EapTls({
    ...versions,
    credentials: client,
    verifyPeer: expectServerName('aaa.example'),
    ...setting.client,
  });
  using serverTls = new EapTls({
    ...versions,
    credentials: server,
    verifyPeer: () => undefined,
    ...setting.server,
  });
  const peer = createEapPeer({
    random,
    user: 'alice',
    password: 'pässword',
    methods: [setting.method],
    ...fragments,
    ...setting.peer,
  });
  const authenticator = createEapAuthenticator({ random, users, methods: [setting.serves], ...fragments });
  return await converse(peer, authenticator, {
    peer: (question) =>
      question.kind === 'tls'
        ? clientTls.answer(question.request)
        : (setting.answer?.(question) ?? { kind: 'none' }),
    authenticator: (question) => {
      if (question.kind !== 'tls') throw new Error('an authenticator asks for TLS only');
      return serverTls.answer(question.request);
    },
  });
}

/** The MSK of both ends in hexadecimal digits; throws where one has not finished or has none of 64 octets. */
function keysOf({ peer, authenticator }: Conversation): { readonly ours: string; readonly theirs: string } {
  if (peer?.kind !== 'finished' || authenticator?.kind !== 'finished' || peer.keys.msk?.length !== 64) {
    throw new Error(`not finished: ${JSON.stringify(peer)} ${JSON.stringify(authenticator)}`);
  }
  return { ours: toHex(peer.keys.msk), theirs: toHex(authenticator.keys.msk ?? EMPTY) };
}

const TLS: Pick<Setting, 'method' | 'serves'> = { method: { type: 'TLS' }, serves: { type: 'TLS' } };

describe.each(VERSIONS)('with %s', (version) => {
  it('EAP-TLS: both certificates, the same keys at both ends', async () => {
    const conversation = await run({ version, ...TLS });
    const { ours, theirs } = keysOf(conversation);
    expect(ours).toBe(theirs);
    expect(conversation.authenticator).toMatchObject({ identity: 'alice', method: 'TLS' });
  });

  it.each(['PAP', 'CHAP', 'MSCHAPv2'] as const)('TTLS with %s', async (inner) => {
    const serves = { type: 'TTLS', inner: [] } as const;
    const peer = { anonymous: '@example.org' };
    const conversation = await run({ version, method: { type: 'TTLS', inner }, serves, peer });
    const { ours, theirs } = keysOf(conversation);
    expect(ours).toBe(theirs);
    expect(conversation.authenticator).toMatchObject({ identity: '@example.org' });
  });

  it.each(['PAP', 'CHAP', 'MSCHAPv2'] as const)('TTLS with %s and a wrong password', async (inner) => {
    const serves = { type: 'TTLS', inner: [] } as const;
    const peer = { password: 'password' };
    const { peer: end, authenticator } = await run({
      version,
      method: { type: 'TTLS', inner },
      serves,
      peer,
    });
    expect(end).toMatchObject({ kind: 'failed', failure: { cause: 'wrong-password', user: 'alice' } });
    expect(authenticator).toMatchObject({ kind: 'failed', failure: { cause: 'wrong-password' } });
  });

  it.each(['MD5', 'GTC', 'MSCHAPv2', 'TLS'] as const)('TTLS with EAP-%s inside', async (inner) => {
    const method = { type: 'TTLS', inner: { eap: [inner] } } as const;
    const { ours, theirs } = keysOf(await run({ version, method, serves: { type: 'TTLS', inner: [inner] } }));
    expect(ours).toBe(theirs);
  });

  it.each([false, true])('PEAP with MSCHAPv2, GTC or TLS inside, cryptobinding %s', async (cryptobinding) => {
    for (const inner of ['MSCHAPv2', 'GTC', 'TLS'] as const) {
      const method = { type: 'PEAP', inner: [inner], requireCryptobinding: cryptobinding } as const;
      const peer = { anonymous: 'anonymous' };
      const serves = { type: 'PEAP', inner: [inner], cryptobinding } as const;
      const conversation = await run({ version, method, serves, peer });
      const { ours, theirs } = keysOf(conversation);
      expect(ours).toBe(theirs);
      expect(conversation.authenticator).toMatchObject({ identity: 'anonymous', method: 'PEAP' });
    }
  });

  it('PEAP agrees inside on a method that both want', async () => {
    const method = { type: 'PEAP', inner: ['MSCHAPv2'] } as const;
    const { ours, theirs } = keysOf(
      await run({
        version,
        method,
        serves: { type: 'PEAP', inner: ['GTC', 'MSCHAPv2'], cryptobinding: true },
      }),
    );
    expect(ours).toBe(theirs);
  });

  it('PEAP asks for the password inside, and says which one was wrong', async () => {
    const method = { type: 'PEAP', inner: ['MSCHAPv2'] } as const;
    const serves = { type: 'PEAP', inner: ['MSCHAPv2'], cryptobinding: true } as const;
    const passwords = ['wrong', 'pässword'];
    const answer: Answerer = () => ({ kind: 'password', password: passwords.shift() ?? '' });
    const asked = await run({
      version,
      method,
      serves,
      answer,
      peer: { password: undefined },
    });
    const { ours, theirs } = keysOf(asked);
    expect(ours).toBe(theirs);
    expect(asked.asked.filter(({ kind }) => kind === 'password')).toMatchObject([
      { method: 'MSCHAPv2', retry: false },
      { method: 'MSCHAPv2', retry: true },
    ]);
  });

  it('goes through fragments of 100 octets both ways', async () => {
    const conversation = await run({ version, ...TLS, fragmentBytes: 100 });
    const { ours, theirs } = keysOf(conversation);
    expect(ours).toBe(theirs);
    expect(conversation.packets.length).toBeGreaterThan(20);
    expect(Math.max(...conversation.packets.map(({ length }) => length))).toBeLessThanOrEqual(110);
  });
});

/** A verdict that comes after a while, as one with OCSP does. */
const revokedLater: TlsTunnelOptions['verifyPeer'] = async ({ chain }) => {
  await new Promise((resolve) => setImmediate(resolve));
  return { reason: 'revoked', subject: `${chain.length} certificates`, detail: 'CRL' };
};

describe.each(VERSIONS)('a tunnel that must not be trusted, with %s', (version) => {
  const ttls = { method: { type: 'TTLS', inner: 'PAP' }, serves: { type: 'TTLS', inner: [] } } as const;

  it('says no before a password leaves: the CA is another one', async () => {
    const trust = { ca: [otherCa.certificates] };
    const { peer, authenticator, asked } = await run({ version, ...ttls, client: trust });
    expect(peer).toEqual({
      kind: 'failed',
      failure: {
        cause: 'tls',
        method: 'TTLS',
        tls: {
          reason: 'untrusted',
          code: 'SELF_SIGNED_CERT_IN_CHAIN',
          subject: 'CN=aaa',
          issuer: 'O=Adit, CN=Company',
        },
      },
    });
    expect(authenticator).toBeUndefined();
    // Nothing was written into the tunnel.
    const writes = asked.filter((question) => question.kind === 'tls' && question.request.write.length > 0);
    expect(writes).toEqual([]);
  });

  it('believes a CA that the profile trusts, also where another CA has certified it', async () => {
    const issuing = pki.ca('Issuing', { issuer: ca });
    const { certificates, key } = pki.leaf(issuing, 'aaa', { san: 'DNS:aaa.example', usage: 'serverAuth' });
    const conversation = await run({
      version,
      method: { type: 'TTLS', inner: 'PAP' },
      serves: { type: 'TTLS', inner: [] },
      client: { ca: [issuing.certificates] },
      server: { credentials: { certificates, key } },
    });
    const { ours, theirs } = keysOf(conversation);
    expect(ours).toBe(theirs);
  });

  it('says which names the server has instead of the expected one', async () => {
    const verifyPeer = expectServerName('radius.example');
    const { peer } = await run({ version, ...ttls, client: { verifyPeer } });
    expect(peer).toMatchObject({
      failure: {
        cause: 'tls',
        tls: { reason: 'wrong-name', expected: 'radius.example', names: ['DNS:aaa.example'] },
      },
    });
  });

  it.each([
    ['expired', { usage: 'serverAuth', validity: ['20200101000000Z', '20210101000000Z'] }],
    ['not-yet-valid', { usage: 'serverAuth', validity: ['20400101000000Z', '20410101000000Z'] }],
    ['wrong-usage', { usage: 'clientAuth' }],
  ] as const)('names the fault of the certificate: %s', async (reason, options) => {
    const credentials = pki.leaf(ca, 'aaa', { san: 'DNS:aaa.example', ...options });
    const { peer } = await run({ version, ...ttls, server: { credentials } });
    expect(peer).toMatchObject({ failure: { cause: 'tls', tls: { reason, subject: 'CN=aaa' } } });
  });

  it('the server refuses a client of another CA, and the client hears of it', async () => {
    const credentials = pki.leaf(otherCa, 'mallory', { usage: 'clientAuth' });
    const { peer, authenticator } = await run({ version, ...TLS, client: { credentials } });
    expect(authenticator).toMatchObject({ failure: { cause: 'tls', tls: { reason: 'untrusted' } } });
    expect(peer).toMatchObject({ kind: 'failed' });
  });

  it('the server refuses a client without a certificate', async () => {
    const { peer, authenticator } = await run({ version, ...TLS, client: { credentials: undefined } });
    expect(authenticator).toMatchObject({ failure: { cause: 'tls' } });
    expect(peer).toMatchObject({ kind: 'failed' });
  });

  it('the last word on the certificate may take its time', async () => {
    const { peer } = await run({ version, ...ttls, client: { verifyPeer: revokedLater } });
    expect(peer).toMatchObject({ failure: { tls: { reason: 'revoked', subject: '2 certificates' } } });
  });
});

describe.each(VERSIONS)('an OCSP response that the server sends along, with %s', (version) => {
  const RESPONSE = Uint8Array.of(1, 2, 3);

  /** What `verifyPeer` of a client hears about a server that has RESPONSE. */
  async function heard(askForStaple: boolean): Promise<Uint8Array | undefined> {
    const wire = new MemoryStream();
    const { certificates: cert, key } = server;
    const stapling = createServer({ cert, key, minVersion: version, maxVersion: version });
    stapling.on('OCSPRequest', (_certificate, _issuer, done) => done(null, Buffer.from(RESPONSE)));
    stapling.on('secureConnection', (socket) => socket.on('error', () => {}));
    stapling.emit('connection', wire);
    let stapled: Uint8Array | undefined;
    const tunnel = new TlsTunnel(
      { role: 'client', method: EapType.TTLS, exports: [] },
      {
        ca: [ca.certificates],
        minVersion: version,
        maxVersion: version,
        askForStaple,
        verifyPeer: (peer) => {
          ({ stapled } = peer);
          return undefined;
        },
      },
    );
    for (let input: Uint8Array = EMPTY, opened = false; !opened; ) {
      const reply = await tunnel.step({ tunnel: 1, input, write: EMPTY });
      expect(reply.failure).toBeUndefined();
      opened = reply.opened !== undefined;
      wire.push(Buffer.from(reply.output));
      await wire.settle();
      input = wire.collect();
    }
    tunnel.close();
    wire.destroy();
    return stapled;
  }

  it('is for whoever has the last word', async () => {
    expect(await heard(true)).toEqual(RESPONSE);
  });

  it('is not asked for where the profile does not want it', async () => {
    expect(await heard(false)).toBeUndefined();
  });
});

describe('our first flight', () => {
  const hello = async (versions: Partial<TlsTunnelOptions> = {}): Promise<Uint8Array> => {
    using tunnel = new EapTls({
      ca: [ca.certificates],
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      verifyPeer: () => undefined,
      ...versions,
    });
    const open = { role: 'client', method: EapType.TTLS, exports: [] } as const;
    const answer = await tunnel.answer({ tunnel: 1, open, input: EMPTY, write: EMPTY });
    if (answer.kind !== 'tls') throw new Error(`answered ${answer.kind}`);
    return answer.reply.output;
  };

  it('fits one EAP packet, so that a login costs no round trip for its sake', async () => {
    expect((await hello()).length).toBeGreaterThan(100);
    expect((await hello()).length).toBeLessThan(fragmentBytesOf(1));
  });
});

describe('versions', () => {
  it('without one in common both ends say so, and the alert goes over', async () => {
    const server13: Partial<TlsTunnelOptions> = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' };
    const { peer, authenticator } = await run({ version: 'TLSv1.2', ...TLS, server: server13 });
    expect(authenticator).toMatchObject({ failure: { cause: 'tls', tls: { reason: 'protocol' } } });
    expect(peer).toMatchObject({
      failure: { cause: 'tls', tls: { reason: 'alert', alert: 'protocol version' } },
    });
  });

  it('TLS 1.0 is spoken where a profile has to', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1' } as const;
    const { ours, theirs } = keysOf(await run({ version: 'TLSv1', ...TLS, client: old, server: old }));
    expect(ours).toBe(theirs);
  });
});

it('a key that is none is a failure of TLS, not of the helper', async () => {
  const credentials = { certificates: client.certificates, key: 'no key' };
  const { peer } = await run({ version: 'TLSv1.3', ...TLS, client: { credentials } });
  expect(peer).toMatchObject({ failure: { cause: 'tls', tls: { reason: 'protocol' } } });
});
