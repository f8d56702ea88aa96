/**
 * Gateway certificates that name a CRL or an OCSP responder: good, revoked, and with nobody there, for strict and for relaxed
 * profiles. A real strongSwan, `openssl ocsp`, an HTTP server; what does not answer is dropped by a firewall, and counted.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProfileInput } from '#core/profile/profile.ts';
import { gatewayAddress, LAB } from '#test/harness/lab.ts';
import { der } from '#test/harness/login-files.ts';
import { type Daemon, until } from '#test/harness/process.ts';
import { CLIENT_ID, GATEWAY_ID, PSK, Scene, type Way } from '#test/harness/scene.ts';
import { AUTH_PLUGINS } from '#test/harness/strongswan.ts';
import { type Issued, TestPki } from '#test/harness/test-pki.ts';

const CRL_PORT = 8080;
const OCSP_PORT = 8081;
const DEAD_PORT = 8089;
const url = (port: number, file = ''): string => `URI:http://${LAB.gateway.ip4}:${port}/${file}`;

const pki = new TestPki();
afterAll(() => pki[Symbol.dispose]());
const ca = pki.ca('Lab-CA');
const issued = (...extensions: readonly string[]): Issued =>
  pki.leaf(ca, GATEWAY_ID, { usage: 'serverAuth', san: `DNS:${GATEWAY_ID}`, extensions });
const ocspAt = (port: number): string => `authorityInfoAccess=OCSP;${url(port)}`;
const crlAt = (port: number): string => `crlDistributionPoints=${url(port, 'ca.crl')}`;

const GATEWAYS = {
  'ocsp-good': issued(ocspAt(OCSP_PORT)),
  'ocsp-revoked': issued(ocspAt(OCSP_PORT)),
  'ocsp-dead': issued(ocspAt(DEAD_PORT)),
  'ocsp-unlisted': issued(ocspAt(OCSP_PORT)),
  'crl-good': issued(crlAt(CRL_PORT)),
  'crl-revoked': issued(crlAt(CRL_PORT)),
  'crl-dead': issued(crlAt(DEAD_PORT)),
  'crl-missing': issued(`crlDistributionPoints=${url(CRL_PORT, 'none.crl')}`),
  'ocsp-dead-crl-good': issued(ocspAt(DEAD_PORT), crlAt(CRL_PORT)),
  'ocsp-dead-crl-revoked': issued(ocspAt(DEAD_PORT), crlAt(CRL_PORT)),
  'ocsp-unseen': issued(ocspAt(OCSP_PORT)),
  near: issued('authorityInfoAccess=OCSP;URI:http://127.0.0.1:80/'),
  silent: issued(),
};
type Name = keyof typeof GATEWAYS;
const NAMES = Object.keys(GATEWAYS) as Name[];
const listed = NAMES.filter((name) => name !== 'ocsp-unlisted').map((name) => ({
  ...GATEWAYS[name],
  revoked: name.endsWith('revoked'),
}));

const WAYS = NAMES.map(
  (name): Way => ({
    name,
    gateway: {
      local: { auth: 'pubkey', certs: `${name}.pem`, id: GATEWAY_ID },
      remote: { auth: 'psk', id: CLIENT_ID },
    },
  }),
);

/** Drops what comes to a port where nobody is to answer. */
const DEAD = `table inet dead {
  counter knocks { }
  chain input {
    type filter hook input priority 0;
    tcp dport ${DEAD_PORT} counter name knocks drop
  }
}`;

describe('revocation', () => {
  let scene: Scene;
  let responder: Daemon;

  beforeAll(async () => {
    const files: Record<string, string> = {};
    for (const name of NAMES) {
      files[`x509/${name}.pem`] = GATEWAYS[name].certificates;
      files[`private/${name}.pem`] = GATEWAYS[name].key;
    }
    scene = await Scene.create({ ways: WAYS, charon: { load: AUTH_PLUGINS }, files });
    const { gateway, world } = scene.lab;
    await gateway.nft(DEAD);
    const folder = join(world.directory, 'web');
    mkdirSync(folder);
    writeFileSync(join(folder, 'ca.crl'), pki.crl(ca, listed));
    const agent = fileURLToPath(new URL('../harness/file-server-agent.ts', import.meta.url));
    const web = gateway.start([process.execPath, agent, folder, String(CRL_PORT)]);
    await until('the file server listens', () => web.output.includes('ready'));
    responder = await startResponder();
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  async function startResponder(): Promise<Daemon> {
    const folder = pki.responder(ca, listed);
    const line = `openssl ocsp -port ${OCSP_PORT} -index index -CA ca.pem -rsigner ca.pem -rkey ca.key -ndays 1`;
    const daemon = scene.lab.gateway.start(line.split(' '), { cwd: folder });
    await until('the responder listens', async () => {
      if (!daemon.running) throw new Error(`openssl ocsp ended: ${daemon.output}`);
      return (await scene.lab.gateway.run(['ss', '-ltn'])).includes(`:${OCSP_PORT}`);
    });
    return daemon;
  }

  const deadPackets = async (): Promise<number> => {
    const text = await scene.lab.gateway.run(['nft', 'list', 'counter', 'inet', 'dead', 'knocks']);
    return Number(/packets (\d+)/.exec(text)?.[1]);
  };

  const profileOf = (name: Name, strict: boolean): ProfileInput =>
    scene.profile(name, {
      gateway: {
        addresses: [gatewayAddress(NAMES.indexOf(name))],
        id: GATEWAY_ID,
        authentication: { method: 'certificate', ca: [der(ca.certificates)], revocation: { strict } },
      },
    });

  /** What `adit up` says where it is refused, and what the helper logged. */
  async function connect(name: Name, strict: boolean): Promise<{ refused: string | undefined; log: string }> {
    const id = await scene.adit.import(profileOf(name, strict), PSK);
    const from = scene.adit.output.length;
    const { code, stderr } = await scene.adit.try(['up', id, '--timeout', '30']);
    if (code === 0) await scene.adit.down(id);
    return { refused: code === 0 ? undefined : stderr, log: scene.adit.output.slice(from) };
  }

  const REVOKED = 'The gateway’s certificate was revoked.';
  const UNKNOWN = 'Nobody could say whether the gateway’s certificate was revoked.';

  it.each<Name>(['ocsp-good', 'crl-good', 'ocsp-dead-crl-good'])(
    '%s passes with strict and relaxed profiles, without a word',
    async (name) => {
      for (const strict of [true, false]) {
        const { refused, log } = await connect(name, strict);
        expect(refused).toBeUndefined();
        expect(log).not.toMatch(/warn|revoked/);
      }
    },
  );

  it.each<[Name, strict: RegExp, relaxed: RegExp]>([
    ['ocsp-unlisted', /does not know/, /warn .*does not know/],
    ['crl-missing', /HTTP status 404/, /warn .*HTTP status 404/],
    ['near', /not asked/, /warn .*not asked/],
    ['silent', /names nobody/, /info .*names nobody who could say whether it was revoked/],
  ])('%s is refused by strict profiles and passes with relaxed ones', async (name, says, logs) => {
    const strict = await connect(name, true);
    expect(strict.refused).toContain(UNKNOWN);
    expect(strict.refused).toMatch(says);
    const relaxed = await connect(name, false);
    expect(relaxed.refused).toBeUndefined();
    expect(relaxed.log).toMatch(logs);
  });

  it.each<[Name, string]>([
    ['ocsp-revoked', 'OCSP'],
    ['crl-revoked', 'CRL'],
    ['ocsp-dead-crl-revoked', 'CRL'],
  ])('%s is refused by strict and relaxed profiles alike', async (name, source) => {
    for (const strict of [true, false]) {
      const { refused } = await connect(name, strict);
      expect(refused).toContain(REVOKED);
      expect(refused).toContain('since 2024-06-01, reason: keyCompromise');
      expect(refused).toContain(`source: ${source}`);
    }
  });

  it('under lockdown what was kept counts, and nobody is asked', async () => {
    expect((await connect('crl-good', true)).refused).toBeUndefined();
    await scene.adit.run(['lockdown', 'on']);
    try {
      expect((await connect('crl-good', true)).refused).toBeUndefined();
      expect((await connect('ocsp-unseen', true)).refused).toContain(UNKNOWN);
      const relaxed = await connect('ocsp-unseen', false);
      expect(relaxed.refused).toBeUndefined();
      expect(relaxed.log).toMatch(/warn .*revoked/);
    } finally {
      await scene.adit.run(['lockdown', 'off']);
    }
  });

  it('a dead responder costs its timeout once', async () => {
    // Whatever the tests before have made it remember.
    await scene.adit.stop();
    await scene.adit.restart();
    const before = await deadPackets();
    const first = await connect('ocsp-dead', true);
    expect(first.refused).toContain(UNKNOWN);
    expect(first.refused).toMatch(/no answer within 5 seconds \(http/);
    const once = await deadPackets();
    expect(once).toBeGreaterThan(before);
    const second = await connect('ocsp-dead', false);
    expect(second.refused).toBeUndefined();
    expect(second.log).toMatch(/warn .*no answer within 5 seconds, \d+ seconds ago/);
    expect((await connect('crl-dead', true)).refused).toContain(UNKNOWN);
    expect((await connect('crl-dead', false)).refused).toBeUndefined();
    expect(await deadPackets()).toBe(once);
  });

  it('what was said is kept on disk for root alone, and outlives responder and helper', async () => {
    expect((await connect('ocsp-good', true)).refused).toBeUndefined();
    const folder = join(scene.adit.stateDirectory, 'revocation');
    const files = readdirSync(folder).map((name) => join(folder, name));
    expect(files.length).toBeGreaterThan(0);
    expect(files.map((file) => statSync(file).mode & 0o777)).toEqual(files.map(() => 0o600));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    await responder.stop();
    await scene.adit.stop();
    await scene.adit.restart();
    expect((await connect('ocsp-good', true)).refused).toBeUndefined();
    expect((await connect('ocsp-revoked', true)).refused).toContain(REVOKED);
    // A copy that somebody changed is not believed.
    for (const file of files) {
      const kept = readFileSync(file);
      writeFileSync(file, kept.fill(0, kept.length >> 1));
    }
    expect((await connect('ocsp-good', true)).refused).toContain(UNKNOWN);
    responder = await startResponder();
    expect((await connect('ocsp-good', true)).refused).toBeUndefined();
  });
});
