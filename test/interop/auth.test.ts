/** Every way to log in that strongSwan serves: profiles as people get them, the gateway as the public guides set it up. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectNothingLeft, expectTraffic } from '#test/harness/checks.ts';
import { gatewayAddress, LAB } from '#test/harness/lab.ts';
import { der, mobileconfig, P12_PASSWORD, pkcs12 } from '#test/harness/login-files.ts';
import { GATEWAY_ID, Scene, type Way } from '#test/harness/scene.ts';
import type { Settings } from '#test/harness/settings.ts';
import { AUTH_PLUGINS } from '#test/harness/strongswan.ts';
import { type Issued, TestPki } from '#test/harness/test-pki.ts';

const USER = 'alice';
const PASSWORD = 'canary: Passwort für alle?';
const CLIENT = 'alice@lab.example';

const KINDS = ['RSA', 'P-256', 'P-384', 'P-521', 'Ed25519'] as const;
type Kind = (typeof KINDS)[number];

const pki = new TestPki();
const ca = pki.ca('Lab-CA');
const gatewayOf = (key: Kind): Issued =>
  pki.leaf(ca, GATEWAY_ID, { usage: 'serverAuth', san: `DNS:${GATEWAY_ID}`, key });
const clientOf = (key: Kind): Issued =>
  pki.leaf(ca, 'alice', { usage: 'clientAuth', san: `email:${CLIENT}`, key });
const clients = Object.fromEntries(KINDS.map((key) => [key, clientOf(key)])) as Record<Kind, Issued>;

const gatewayFiles = (): Record<string, string> => {
  const files: Record<string, string> = { 'x509ca/ca.pem': ca.certificates };
  const expired = pki.leaf(ca, GATEWAY_ID, {
    usage: 'serverAuth',
    san: `DNS:${GATEWAY_ID}`,
    validity: ['20200101000000Z', '20210101000000Z'],
  });
  const clientsOwn = pki.leaf(ca, GATEWAY_ID, { usage: 'clientAuth', san: `DNS:${GATEWAY_ID}` });
  const issued = { ...Object.fromEntries(KINDS.map((key) => [key, gatewayOf(key)])), expired, clientsOwn };
  for (const [name, { certificates, key }] of Object.entries(issued)) {
    files[`x509/${name}.pem`] = certificates;
    files[`private/${name}.pem`] = key;
  }
  return files;
};

const local = (key: string): Settings => ({ auth: 'pubkey', certs: `${key}.pem`, id: GATEWAY_ID });
const login = (auth: string): Settings => ({ auth, eap_id: '%any', id: '%any' });

const way = (name: string, key: string, remote: Settings, more: Settings = {}): Way => ({
  name,
  gateway: { local: local(key), remote, send_certreq: 'yes', ...more },
});

const WAYS: readonly Way[] = [
  way('mschapv2', 'RSA', login('eap-mschapv2')),
  way('md5', 'RSA', login('eap-md5')),
  way('expired', 'expired', login('eap-mschapv2')),
  way('wrong-usage', 'clientsOwn', login('eap-mschapv2')),
  way('eap-tls', 'RSA', login('eap-tls')),
  way('ttls', 'RSA', login('eap-ttls')),
  way('cert-eap', 'RSA', { auth: 'pubkey', cacerts: 'ca.pem' }, { 'remote-2': login('eap-mschapv2') }),
  ...KINDS.map((key) => way(`cert-${key}`, key, { auth: 'pubkey', id: CLIENT, cacerts: 'ca.pem' })),
];

const addressOf = (name: string): string => gatewayAddress(WAYS.findIndex((each) => each.name === name));

const sswan = (name: string, type: string, localPart: object): string =>
  JSON.stringify({
    uuid: '52a64d39-0d1b-4f0b-8f4f-5f3c2f7c8d11',
    name,
    type,
    remote: { addr: addressOf(name), id: GATEWAY_ID, cert: der(ca.certificates) },
    local: localPart,
    'split-tunneling': { subnets: LAB.inner.net4 },
  });

const mobileconfigOf = (name: string, issued: Issued): string =>
  mobileconfig({
    name,
    gateway: { address: addressOf(name), id: GATEWAY_ID },
    clientId: CLIENT,
    ca: ca.certificates,
    p12: pkcs12(issued),
  });

describe('logins', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create({
      ways: WAYS,
      // The smallest datagram that IPv4 hosts must take: everything with a certificate comes in fragments.
      charon: { load: AUTH_PLUGINS, fragment_size: 576 },
      secrets: { 'eap-alice': { id: USER, secret: PASSWORD } },
      files: gatewayFiles(),
    });
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
    pki[Symbol.dispose]();
  });

  async function importFile(
    name: string,
    content: string,
    options: readonly string[] = [],
    input?: string,
  ): Promise<{ id: string; missingSecrets: readonly string[] }> {
    const file = join(scene.lab.world.directory, name);
    writeFileSync(file, content);
    const words = ['import', file, '--json', ...options];
    const { imported } = JSON.parse(await scene.adit.run(words, input === undefined ? {} : { input })) as {
      imported: readonly { id: string; missingSecrets: readonly string[] }[];
    };
    const [first] = imported;
    if (!first) throw new Error('nothing was imported');
    return first;
  }

  /** Connects, moves files, disconnects; nothing stays. */
  async function expectLife(
    id: string,
    name: string,
    options: readonly string[] = [],
    input?: string,
  ): Promise<void> {
    const before = await scene.snapshot();
    await scene.adit.run(['up', id, '--timeout', '20', ...options], input === undefined ? {} : { input });
    await expectTraffic(scene, id, name);
    await scene.adit.down(id);
    await expectNothingLeft(scene, before);
  }

  it.each([
    ['mschapv2', 'ikev2-eap'],
    ['ttls', 'ikev2-eap'],
  ] as const)('%s from a .sswan, the password by stdin', async (name, type) => {
    const { id, missingSecrets } = await importFile(`${name}.sswan`, sswan(name, type, { eap_id: USER }));
    expect(missingSecrets).toEqual(['password']);
    await expectLife(id, name, ['--password-stdin'], `${PASSWORD}\n`);
  });

  it('MD5 where the profile allows it', async () => {
    const profile = scene.profile('md5', {
      gateway: {
        addresses: [addressOf('md5')],
        id: GATEWAY_ID,
        authentication: { method: 'certificate', ca: [der(ca.certificates)] },
      },
      authentication: { method: 'eap', user: USER, methods: ['md5'] },
    });
    const options = ['--password-stdin'];
    const { id, missingSecrets } = await importFile('md5.json', JSON.stringify(profile), options, PASSWORD);
    expect(missingSecrets).toEqual([]);
    await expectLife(id, 'md5');
  });

  it('a wrong password says so, and is shown nowhere', async () => {
    const { id } = await importFile('mschapv2.sswan', sswan('mschapv2', 'ikev2-eap', { eap_id: USER }));
    const before = await scene.snapshot();
    const wrong = await scene.adit.try(['up', id, '--password-stdin'], { input: 'canary-wrong' });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('The gateway does not accept the password of “alice”.');
    expect(wrong.stdout + wrong.stderr + scene.adit.output).not.toContain('canary-wrong');
    await expectNothingLeft(scene, before);
  });

  it('without terminal and password exits with 2 and names it', async () => {
    const { id } = await importFile('mschapv2.sswan', sswan('mschapv2', 'ikev2-eap', { eap_id: USER }));
    const { code, stderr } = await scene.adit.try(['up', id], { input: '' });
    expect(code).toBe(2);
    expect(stderr).toContain('There is no terminal to ask for the password.');
  });

  it('a gateway under a CA that the profile does not trust is refused', async () => {
    using other = new TestPki();
    const file = sswan('mschapv2', 'ikev2-eap', { eap_id: USER }).replace(
      der(ca.certificates),
      der(other.ca('Other').certificates),
    );
    const { id } = await importFile('other.sswan', file);
    const { code, stderr } = await scene.adit.try(['up', id, '--password-stdin'], { input: PASSWORD });
    expect(code).toBe(1);
    expect(stderr).toContain('Nobody whom the profile trusts has issued the gateway’s certificate.');
  });

  it.each([
    ['expired', 'expired', 'The gateway’s certificate expired on 2021-01-01.'],
    ['wrong-usage', 'meant for clients', 'The gateway’s certificate is not meant for a gateway.'],
  ])(
    'a gateway certificate that is %s (%s) is refused before the password is said',
    async (name, _, says) => {
      const { id } = await importFile(`${name}.sswan`, sswan(name, 'ikev2-eap', { eap_id: USER }));
      const { code, stderr } = await scene.adit.try(['up', id, '--password-stdin'], { input: PASSWORD });
      expect(code).toBe(1);
      expect(stderr).toContain(says);
    },
  );

  it('a gateway that is not called as the profile says refuses, and the name we asked for is shown', async () => {
    const file = sswan('mschapv2', 'ikev2-eap', { eap_id: USER }).replace(GATEWAY_ID, 'elsewhere.lab');
    const { id } = await importFile('elsewhere.sswan', file);
    const { code, stderr } = await scene.adit.try(['up', id, '--password-stdin'], { input: PASSWORD });
    expect(code).toBe(1);
    expect(stderr).toContain('we asked for: elsewhere.lab');
  });

  it.each(KINDS)('certificates of %s from a .mobileconfig with its PKCS#12', async (key) => {
    const name = `cert-${key}`;
    const { id, missingSecrets } = await importFile(
      `${key}.mobileconfig`,
      mobileconfigOf(name, clients[key]),
      ['--p12-password-stdin'],
      P12_PASSWORD,
    );
    expect(missingSecrets).toEqual([]);
    await expectLife(id, name);
  });

  it('EAP-TLS from a .sswan', async () => {
    const file = sswan('eap-tls', 'ikev2-eap-tls', { p12: pkcs12(clients.RSA), eap_id: CLIENT, id: CLIENT });
    const options = ['--p12-password-stdin'];
    const { id, missingSecrets } = await importFile('tls.sswan', file, options, P12_PASSWORD);
    expect(missingSecrets).toEqual([]);
    await expectLife(id, 'eap-tls');
  });

  it('a certificate and then a password', async () => {
    const file = sswan('cert-eap', 'ikev2-cert-eap', { p12: pkcs12(clients.RSA), eap_id: USER, id: CLIENT });
    const { id } = await importFile('cert-eap.sswan', file, ['--p12-password-stdin'], P12_PASSWORD);
    await expectLife(id, 'cert-eap', ['--password-stdin'], PASSWORD);
    // Certificates do not fit a datagram (RFC 7383): both ends have sent fragments.
    const log = readFileSync(join(scene.gateway.directory, 'log'), 'utf8');
    expect(log).toMatch(/received fragment #\d+ of \d+, reassembled fragmented IKE message/);
    expect(log).toMatch(/splitting IKE message \(\d+ bytes\) into \d+ fragments/);
  });
});
