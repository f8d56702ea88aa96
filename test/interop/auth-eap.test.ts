/**
 * EAP that strongSwan decides by itself and that auth.test.ts has not: GTC, and gateways that prove themselves by nothing
 * else than EAP (RFC 5998). Debian's eap-gtc asks an XAuth backend for the password: PAM by its default, here the secrets of
 * swanctl.conf (xauth-generic).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProfileInput } from '#core/profile/profile.ts';
import { expectNothingLeft, expectTraffic } from '#test/harness/checks.ts';
import { gatewayAddress, LAB } from '#test/harness/lab.ts';
import { der, importTogether } from '#test/harness/login-files.ts';
import { until } from '#test/harness/process.ts';
import { GATEWAY_ID, Scene, type Way } from '#test/harness/scene.ts';
import { type Settings, settingsText } from '#test/harness/settings.ts';
import { AUTH_PLUGINS } from '#test/harness/strongswan.ts';
import { type Issued, TestPki } from '#test/harness/test-pki.ts';

const USER = 'alice';
const PASSWORD = 'canary: Passwort für alle?';

const CRL_PORT = 8080;
const CRL_AT = `crlDistributionPoints=URI:http://${LAB.gateway.ip4}:${CRL_PORT}/ca.crl`;

const pki = new TestPki();
const [ca, otherCa] = [pki.ca('Lab-CA'), pki.ca('Other-CA')];
const issued = (id: string): Issued =>
  pki.leaf(ca, id, { usage: 'serverAuth', san: `DNS:${id}`, key: 'RSA', extensions: [CRL_AT] });
const [good, revoked] = [issued(GATEWAY_ID), issued('revoked.lab')];

const way = (name: string, local: string, remote: string, id = GATEWAY_ID): Way => ({
  name,
  gateway: {
    local: { auth: local, certs: `${id}.pem`, id },
    remote: { auth: remote, eap_id: '%any', id: '%any' },
    send_certreq: 'yes',
  },
});

const WAYS: readonly Way[] = [
  way('gtc', 'pubkey', 'eap-gtc'),
  way('mschapv2', 'pubkey', 'eap-mschapv2'),
  way('ttls-only', 'eap-ttls', 'eap-ttls'),
  way('tls-only', 'eap-tls', 'eap-tls'),
  way('ttls-revoked', 'eap-ttls', 'eap-ttls', 'revoked.lab'),
];

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.create({
    ways: WAYS,
    charon: { load: AUTH_PLUGINS },
    plugins: { 'eap-gtc': { backend: 'generic' } },
    secrets: { 'eap-alice': { id: USER, secret: PASSWORD } },
    files: {
      'x509ca/ca.pem': ca.certificates,
      [`x509/${GATEWAY_ID}.pem`]: good.certificates,
      [`private/${GATEWAY_ID}.pem`]: good.key,
      'x509/revoked.lab.pem': revoked.certificates,
      'private/revoked.lab.pem': revoked.key,
    },
  });
  const { gateway, world } = scene.lab;
  const folder = join(world.directory, 'web');
  mkdirSync(folder);
  writeFileSync(join(folder, 'ca.crl'), pki.crl(ca, [good, { ...revoked, revoked: true }]));
  const agent = fileURLToPath(new URL('../harness/file-server-agent.ts', import.meta.url));
  const web = gateway.start([process.execPath, agent, folder, String(CRL_PORT)]);
  await until('the file server listens', () => web.output.includes('ready'));
});
afterEach(async () => {
  await scene.reset();
});
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
  pki[Symbol.dispose]();
});

function profileOf(
  name: string,
  proof: 'certificate' | 'eap-only',
  method: 'gtc' | 'ttls' | 'mschapv2',
  authority = ca,
): ProfileInput {
  const profile = scene.profile(name);
  return {
    ...profile,
    gateway: { ...profile.gateway, authentication: { method: proof, ca: [der(authority.certificates)] } },
    authentication: { method: 'eap', user: USER, methods: [method] },
  };
}

/** Connects, moves files, disconnects; nothing stays. */
async function expectLife(name: string, id: string, ...options: readonly string[]): Promise<void> {
  const before = await scene.snapshot();
  await scene.adit.run(['up', id, '--timeout', '20', ...options], { input: PASSWORD });
  await expectTraffic(scene, id, name);
  await scene.adit.down(id);
  await expectNothingLeft(scene, before);
}

async function refusal(profile: ProfileInput, input = PASSWORD): Promise<string> {
  const id = await scene.adit.import(profile);
  const { code, stdout, stderr } = await scene.adit.try(['up', id, '--password-stdin'], { input });
  expect(code).toBe(1);
  expect(stdout + stderr + scene.adit.output).not.toContain(input);
  return stderr;
}

describe('GTC', () => {
  it('sends the password to a gateway that has proven itself', async () => {
    const id = await scene.adit.import(profileOf('gtc', 'certificate', 'gtc'));
    await expectLife('gtc', id, '--password-stdin');
    expect(await scene.gateway.log()).toContain('EAP method EAP_GTC succeeded, no MSK established');
  });

  it('with a wrong password says so', async () => {
    const said = await refusal(profileOf('gtc', 'certificate', 'gtc'), 'canary-wrong');
    expect(said).toContain('The gateway does not accept the password of “alice”.');
  });
});

it('MSCHAPv2: what the gateway says is in the log, without the NUL that ends it', async () => {
  const id = await scene.adit.import(profileOf('mschapv2', 'certificate', 'mschapv2'));
  await expectLife('mschapv2', id, '--password-stdin');
  expect(scene.adit.output).toContain('the gateway says: Welcome2strongSwan');
  expect(scene.adit.output).not.toMatch(/u\{0\}|\0/);
});

/** No CERT and no AUTH stand beside IDr: it has said nothing else of itself. */
const GATEWAY_SAYS_EAP_ALONE = /generating IKE_AUTH response 1 \[ IDr EAP\/REQ\/\w+ \]/;

describe('EAP alone (RFC 5998)', () => {
  it('TTLS proves both ends, the gateway by the certificate inside', async () => {
    const id = await scene.adit.import(profileOf('ttls-only', 'eap-only', 'ttls'));
    const start = (await scene.gateway.log()).length;
    await expectLife('ttls-only', id, '--password-stdin');
    const log = await scene.gateway.log();
    expect(log.slice(start)).toMatch(GATEWAY_SAYS_EAP_ALONE);
  });

  it('TLS proves both ends, from a swanctl.conf with its files', async () => {
    const client = pki.leaf(ca, USER, { usage: 'clientAuth', san: `email:${USER}@lab.example` });
    const connection: Settings = {
      remote_addrs: gatewayAddress(WAYS.findIndex(({ name }) => name === 'tls-only')),
      vips: '0.0.0.0',
      local: { auth: 'eap-tls', certs: 'own.pem', eap_id: `${USER}@lab.example` },
      remote: { auth: 'eap-tls', id: GATEWAY_ID, cacerts: 'ca.pem' },
      children: { net: { remote_ts: LAB.inner.net4 } },
    };
    const id = await importTogether(scene.adit, {
      'tls.conf': settingsText({
        connections: { tls: connection },
        secrets: { private: { file: 'own.key' } },
      }),
      'own.pem': client.certificates,
      'own.key': client.key,
      'ca.pem': ca.certificates,
    });
    const start = (await scene.gateway.log()).length;
    await expectLife('tls-only', id);
    expect((await scene.gateway.log()).slice(start)).toMatch(GATEWAY_SAYS_EAP_ALONE);
  });

  it('a server under an authority that the profile does not trust is refused before the password is said', async () => {
    const said = await refusal(profileOf('ttls-only', 'eap-only', 'ttls', otherCa));
    expect(said).toContain('shows a certificate that nobody we trust has issued');
  });

  it('a server whose certificate was revoked gets no password', async () => {
    const profile = profileOf('ttls-revoked', 'eap-only', 'ttls');
    const said = await refusal({ ...profile, gateway: { ...profile.gateway, id: 'revoked.lab' } });
    expect(said).toContain('shows a certificate that was revoked');
    expect(said).toContain('source: CRL');
  });

  it('a gateway that wants to prove itself by nothing is refused by a profile that expects a certificate', async () => {
    const said = await refusal(profileOf('ttls-only', 'certificate', 'ttls'));
    expect(said).toContain('The gateway refused the login of “alice” before it began.');
  });
});
