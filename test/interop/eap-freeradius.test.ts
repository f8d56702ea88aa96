/**
 * Our EAP peer against FreeRADIUS 3.2, without a gateway between: every method, TLS 1.2 and 1.3, and the same MSK at both
 * ends (the server's comes in its Access-Accept).
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EapMethodSettings } from '#core/eap/create-peer.ts';
import type { EapRadiusCase, EapRadiusInput, EapRadiusResult } from '#test/harness/eap-radius-agent.ts';
import { RADIUS, startFreeRadius } from '#test/harness/freeradius.ts';
import type { Host } from '#test/harness/host.ts';
import { type Ca, type Issued, TestPki } from '#test/harness/test-pki.ts';
import { World } from '#test/harness/world.ts';

const AGENT = fileURLToPath(new URL('../harness/eap-radius-agent.ts', import.meta.url));

let world: World;
let host: Host;
let ca: Ca;
let client: Issued;

beforeAll(async () => {
  world = await World.create();
  host = await world.host('radius');
  using pki = new TestPki();
  ca = pki.ca('Company');
  client = pki.leaf(ca, 'alice', { san: 'email:alice@example.org', usage: 'clientAuth' });
  await startFreeRadius(host, {
    directory: `${world.directory}/radius`,
    ca: ca.certificates,
    server: pki.leaf(ca, 'aaa', { san: 'DNS:aaa.example', usage: 'serverAuth' }),
    users: { alice: 'password' },
  });
});
afterAll(() => world[Symbol.asyncDispose]());

interface Setting {
  readonly method: EapMethodSettings;
  readonly version?: 'TLSv1.2' | 'TLSv1.3';
  readonly peer?: Partial<EapRadiusCase['peer']>;
  readonly passwords?: readonly string[];
}

async function authenticate({
  method,
  version = 'TLSv1.3',
  peer,
  passwords,
}: Setting): Promise<EapRadiusResult> {
  const tunneled = method.type === 'TTLS' || method.type === 'PEAP';
  const one: EapRadiusCase = {
    peer: {
      user: 'alice',
      ...(passwords === undefined ? { password: 'password' } : {}),
      ...(tunneled ? { anonymous: 'anonymous@example.org' } : {}),
      methods: [method],
      ...peer,
    },
    tls: {
      minVersion: version,
      maxVersion: version,
      ca: [ca.certificates],
      credentials: client,
      serverName: 'aaa.example',
    },
    ...(passwords === undefined ? {} : { passwords }),
  };
  const input: EapRadiusInput = { ...RADIUS, cases: [one] };
  const output = await host.run([process.execPath, AGENT], { input: JSON.stringify(input) });
  const [result] = JSON.parse(output) as EapRadiusResult[];
  if (result === undefined) throw new Error('the agent has nothing to tell');
  return result;
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', (version) => {
  it.each<EapMethodSettings>([
    { type: 'TLS' },
    { type: 'TTLS', inner: 'PAP' },
    { type: 'TTLS', inner: 'CHAP' },
    { type: 'TTLS', inner: 'MSCHAPv2' },
    { type: 'TTLS', inner: { eap: ['MD5'] } },
    { type: 'TTLS', inner: { eap: ['GTC'] } },
    { type: 'TTLS', inner: { eap: ['MSCHAPv2'] } },
    { type: 'TTLS', inner: { eap: ['TLS'] } },
    { type: 'PEAP', inner: ['MSCHAPv2'] },
    { type: 'PEAP', inner: ['GTC'] },
    { type: 'PEAP', inner: ['TLS'] },
  ])('%j is accepted, with the keys of the server', async (method) => {
    const { radius, eap, msk, serverMsk } = await authenticate({ method, version });
    expect([radius, eap.kind]).toEqual(['accept', 'finished']);
    expect(msk).toHaveLength(128);
    expect(msk).toBe(serverMsk);
  });

  it.each<EapMethodSettings>([
    { type: 'TTLS', inner: 'PAP' },
    { type: 'TTLS', inner: 'MSCHAPv2' },
    { type: 'PEAP', inner: ['GTC'] },
  ])('%j with a wrong password says so', async (method) => {
    const { radius, eap } = await authenticate({ method, version, peer: { password: 'wrong' } });
    expect(radius).toBe('reject');
    expect(eap).toMatchObject({ kind: 'failed', failure: { cause: 'wrong-password', user: 'alice' } });
  });

  it('PEAP with MSCHAPv2: another password after a wrong one', async () => {
    const method = { type: 'PEAP', inner: ['MSCHAPv2'] } as const;
    const { eap, msk, serverMsk } = await authenticate({ method, version, passwords: ['wrong', 'password'] });
    expect(eap.kind).toBe('finished');
    expect(msk).toBe(serverMsk);
  });
});

describe('without TLS', () => {
  it.each(['MD5', 'GTC'] as const)('%s has no keys', async (type) => {
    const { radius, eap, serverMsk } = await authenticate({ method: { type } });
    expect([radius, eap.kind, serverMsk]).toEqual(['accept', 'finished', '']);
    expect(eap).toMatchObject({ keys: {} });
  });

  it('MSCHAPv2 has the 32 octets of the server, and zeros', async () => {
    const { eap, msk, serverMsk } = await authenticate({ method: { type: 'MSCHAPv2' } });
    expect(eap.kind).toBe('finished');
    expect(serverMsk).toHaveLength(64);
    expect(msk).toBe(serverMsk + '00'.repeat(32));
  });

  it.each(['MD5', 'GTC', 'MSCHAPv2'] as const)('%s with a wrong password', async (type) => {
    const { radius, eap } = await authenticate({ method: { type }, peer: { password: 'wrong' } });
    expect(radius).toBe('reject');
    expect(eap).toMatchObject({ kind: 'failed', failure: { cause: 'wrong-password', method: type } });
  });
});

it('a server under a name that was not expected gets no password', async () => {
  const input: EapRadiusInput = {
    ...RADIUS,
    cases: [
      {
        peer: { user: 'alice', password: 'password', methods: [{ type: 'TTLS', inner: 'PAP' }] },
        tls: {
          minVersion: 'TLSv1.2',
          maxVersion: 'TLSv1.3',
          ca: [ca.certificates],
          serverName: 'other.example',
        },
      },
    ],
  };
  const output = await host.run([process.execPath, AGENT], { input: JSON.stringify(input) });
  expect((JSON.parse(output) as EapRadiusResult[])[0]).toMatchObject({
    eap: { failure: { cause: 'tls', tls: { reason: 'wrong-name', names: ['DNS:aaa.example'] } } },
  });
});
