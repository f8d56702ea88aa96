/**
 * Logins that a FreeRADIUS behind the gateway decides (charon's eap-radius), through the helper: every method with what can
 * run inside it, TLS 1.2 and 1.3, an AAA server with a name of its own, and users whom the gateway never hears of.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProfileInput } from '#core/profile/profile.ts';
import { expectNothingLeft, expectTraffic } from '#test/harness/checks.ts';
import { RADIUS, startFreeRadius } from '#test/harness/freeradius.ts';
import { gatewayAddress, LAB } from '#test/harness/lab.ts';
import { der, importTogether } from '#test/harness/login-files.ts';
import type { Daemon } from '#test/harness/process.ts';
import { GATEWAY_ID, Scene } from '#test/harness/scene.ts';
import { type Settings, settingsText } from '#test/harness/settings.ts';
import { AUTH_PLUGINS } from '#test/harness/strongswan.ts';
import { type Ca, type Issued, TestPki } from '#test/harness/test-pki.ts';

const USER = 'alice';
const PASSWORD = 'canary: Passwort für alle?';
const AAA = 'aaa.example';
const ANONYMOUS = 'anonymous@lab.example';

const pki = new TestPki();
// Two authorities: the gateway's certificate says nothing about the AAA server, and the profile trusts both.
const [gatewayCa, aaaCa] = [pki.ca('Lab-CA'), pki.ca('Company-CA')];
const gateway = pki.leaf(gatewayCa, GATEWAY_ID, {
  usage: 'serverAuth',
  san: `DNS:${GATEWAY_ID}`,
  key: 'RSA',
});
const server = pki.leaf(aaaCa, 'aaa', { usage: 'serverAuth', san: `DNS:${AAA}` });
const ownOf = (authority: Ca): Issued =>
  pki.leaf(authority, USER, { usage: 'clientAuth', san: `email:${USER}@lab.example` });
const [client, stranger] = [ownOf(aaaCa), ownOf(gatewayCa)];

type Login = Partial<Extract<ProfileInput['authentication'], { method: 'eap' }>>;

let scene: Scene;
let radius: Daemon;

beforeAll(async () => {
  scene = await Scene.create({
    ways: [
      {
        name: 'radius',
        gateway: {
          local: { auth: 'pubkey', certs: 'gw.pem', id: GATEWAY_ID },
          remote: { auth: 'eap-radius', eap_id: '%any', id: '%any' },
          send_certreq: 'yes',
        },
      },
    ],
    charon: { load: AUTH_PLUGINS },
    plugins: {
      'eap-radius': {
        servers: { lab: { address: '127.0.0.1', auth_port: RADIUS.port, secret: RADIUS.secret } },
      },
    },
    files: { 'x509/gw.pem': gateway.certificates, 'private/gw.pem': gateway.key },
  });
});
afterEach(async () => {
  await scene.reset();
});
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
  pki[Symbol.dispose]();
});

const serve = (maxTls: '1.2' | '1.3'): Promise<Daemon> =>
  startFreeRadius(scene.lab.gateway, {
    directory: `${scene.lab.world.directory}/radius-${maxTls}`,
    ca: aaaCa.certificates,
    server,
    users: { [USER]: PASSWORD },
    maxTls,
  });

const profileOf = (login: Login): ProfileInput => {
  const profile = scene.profile('radius');
  return {
    ...profile,
    gateway: {
      ...profile.gateway,
      authentication: {
        method: 'certificate',
        ca: [der(gatewayCa.certificates), der(aaaCa.certificates)],
      },
    },
    authentication: { method: 'eap', user: USER, aaaId: AAA, ...login },
  };
};

/** Stored under an id, without its password. */
const imported = (login: Login): Promise<string> => scene.adit.import(profileOf(login));

/** EAP-TLS as administrators write it down: a swanctl.conf, with certificates and key as files beside it. */
function importedWithKey({ certificates, key }: Issued): Promise<string> {
  const connection: Settings = {
    remote_addrs: gatewayAddress(0),
    vips: '0.0.0.0',
    local: { auth: 'eap-tls', certs: 'own.pem', eap_id: USER, aaa_id: AAA },
    remote: { auth: 'pubkey', id: GATEWAY_ID, cacerts: ['lab.pem', 'company.pem'] },
    children: { net: { remote_ts: LAB.inner.net4 } },
  };
  return importTogether(scene.adit, {
    'tls.conf': settingsText({ connections: { tls: connection }, secrets: { private: { file: 'own.key' } } }),
    'own.pem': certificates,
    'own.key': key,
    'lab.pem': gatewayCa.certificates,
    'company.pem': aaaCa.certificates,
  });
}

/** Connects with a password from standard input, moves files, disconnects; nothing stays. */
async function expectLife(id: string, input: string | undefined): Promise<void> {
  const before = await scene.snapshot();
  const options = input === undefined ? [] : ['--password-stdin'];
  await scene.adit.run(['up', id, '--timeout', '20', ...options], input === undefined ? {} : { input });
  await expectTraffic(scene, id, 'radius');
  await scene.adit.down(id);
  await expectNothingLeft(scene, before);
}

/** Connects in vain; returns what the user reads. */
async function expectRefusal(id: string, input: string): Promise<string> {
  const before = await scene.snapshot();
  const { code, stdout, stderr } = await scene.adit.try(['up', id, '--password-stdin'], { input });
  expect(code).toBe(1);
  expect(stdout + stderr + scene.adit.output).not.toContain(input);
  await expectNothingLeft(scene, before);
  return stderr;
}

const tunneled = { anonymousIdentity: ANONYMOUS };
const SAYS_WRONG_PASSWORD = `The gateway does not accept the password of “${USER}”.`;

describe('without a tunnel', () => {
  beforeAll(async () => {
    radius = await serve('1.3');
  });
  afterAll(async () => {
    await radius.stop();
  });

  it.each([
    ['mschapv2', 'MSCHAPv2 (26)'],
    ['gtc', 'GTC (6)'],
    ['md5', 'MD5 (4)'],
  ] as const)('%s', async (method, name) => {
    await expectLife(await imported({ methods: [method] }), PASSWORD);
    expect(radius.output).toContain(`Peer sent packet with method EAP ${name}`);
  });

  it.each(['mschapv2', 'gtc'] as const)('%s with a wrong password', async (method) => {
    const id = await imported({ methods: [method] });
    expect(await expectRefusal(id, 'canary-wrong')).toContain(SAYS_WRONG_PASSWORD);
  });
});

/** With TLS 1.2 one of each kind: eap-freeradius.test.ts has them all, at the level of EAP. */
const INNER: Readonly<Record<'1.2' | '1.3', readonly Login[]>> = {
  '1.2': [
    { methods: ['ttls'], innerMethod: 'pap' },
    { methods: ['ttls'], innerMethod: 'eap-mschapv2' },
    { methods: ['peap'] },
  ],
  '1.3': [
    { methods: ['ttls'], innerMethod: 'pap' },
    { methods: ['ttls'], innerMethod: 'chap' },
    { methods: ['ttls'], innerMethod: 'mschapv2' },
    { methods: ['ttls'], innerMethod: 'eap-mschapv2' },
    { methods: ['ttls'], innerMethod: 'eap-gtc' },
    { methods: ['ttls'] },
    { methods: ['peap'], innerMethod: 'eap-mschapv2' },
    { methods: ['peap'], innerMethod: 'eap-gtc' },
    { methods: ['peap'] },
  ],
};

describe.each(['1.2', '1.3'] as const)('TLS %s', (version) => {
  beforeAll(async () => {
    radius = await serve(version);
  });
  afterAll(async () => {
    await radius.stop();
  });
  const done = `recv TLS ${version} Handshake, Finished`;

  it.each(INNER[version].map((login) => [login]))('%j, the user anonymous outside', async (login) => {
    const start = (await scene.gateway.log()).length;
    await expectLife(await imported({ ...login, ...tunneled }), PASSWORD);
    expect(radius.output).toContain(done);
    const log = (await scene.gateway.log()).slice(start);
    expect(log).toContain(`received EAP identity '${ANONYMOUS}'`);
    expect(log).not.toContain(USER);
  });

  it('TLS with our certificate', async () => {
    await expectLife(await importedWithKey(client), undefined);
    expect(radius.output).toContain(done);
  });

  it('TLS with a certificate of others: the server says no', async () => {
    const said = await expectRefusal(await importedWithKey(stranger), PASSWORD);
    expect(said).toContain('Its server does not accept our certificate, or the account may not connect.');
  });

  it.each<Login>([
    { methods: ['ttls'], innerMethod: 'pap' },
    { methods: ['peap'], innerMethod: 'eap-mschapv2' },
  ])('%j with a wrong password', async (login) => {
    const id = await imported({ ...login, ...tunneled });
    expect(await expectRefusal(id, 'canary-wrong')).toContain(SAYS_WRONG_PASSWORD);
  });

  it('an AAA server that is called otherwise than the profile says gets no password', async () => {
    const id = await imported({ methods: ['ttls'], innerMethod: 'pap', aaaId: GATEWAY_ID });
    const said = await expectRefusal(id, PASSWORD);
    expect(said).toContain(AAA);
  });
});
