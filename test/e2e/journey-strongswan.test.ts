/**
 * The application against a real strongSwan and the real helper, as an employee and an administrator meet them: an .sswan is
 * dropped, the password mistyped and then remembered, traffic counted, keys renewed from both sides, the gateway killed and
 * started again, the helper killed. Then a .mobileconfig with its certificate inside.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Adit } from '#test/harness/adit.ts';
import { der, mobileconfig, pkcs12 } from '#test/harness/login-files.ts';
import { LAB, Lab, POOLS } from '#test/harness/lab.ts';
import { until } from '#test/harness/process.ts';
import { AUTH_PLUGINS, StrongSwan } from '#test/harness/strongswan.ts';
import { TestPki } from '#test/harness/test-pki.ts';
import { Traffic } from '#test/harness/traffic.ts';
import { RunningApp } from './driver.ts';
import { barriers, drop } from './page.ts';

const GATEWAY_ID = 'gw.lab';
const PASSWORD = 'canary: Passwort für alle?';
const P12_PASSWORD = 'canary-p12';
const CLIENT = 'alice@lab.example';
const MEBIBYTE = 1024 * 1024;
const CERTIFICATE_GATEWAY = '2001:db8:2::1';

const pki = new TestPki();
const ca = pki.ca('Lab-CA');
const own = pki.leaf(ca, GATEWAY_ID, { usage: 'serverAuth', san: `DNS:${GATEWAY_ID}` });
const alice = pki.leaf(ca, 'alice', { usage: 'clientAuth', san: `email:${CLIENT}` });

const SSWAN = JSON.stringify({
  uuid: '52a64d39-0d1b-4f0b-8f4f-5f3c2f7c8d11',
  name: 'Head office',
  type: 'ikev2-eap',
  remote: { addr: LAB.gateway.ip4, id: GATEWAY_ID, cert: der(ca.certificates) },
  local: { eap_id: 'alice' },
  'split-tunneling': { subnets: LAB.inner.net4 },
});
const MOBILECONFIG = mobileconfig({
  name: 'With certificate',
  gateway: { address: CERTIFICATE_GATEWAY, id: GATEWAY_ID },
  clientId: CLIENT,
  ca: ca.certificates,
  p12: pkcs12(alice, P12_PASSWORD),
});

let lab: Lab;
let gateway: StrongSwan;
let adit: Adit;
let app: RunningApp;
let user: Traffic;
let url: string;

beforeAll(async () => {
  lab = await Lab.create();
  const local = { auth: 'pubkey', certs: 'gw.pem', id: GATEWAY_ID };
  gateway = await StrongSwan.start(lab.world, lab.gateway, {
    charon: { load: AUTH_PLUGINS },
    swanctl: {
      connections: {
        password: {
          version: 2,
          local_addrs: LAB.gateway.ip4,
          pools: ['p4'],
          send_certreq: 'yes',
          local,
          remote: { auth: 'eap-mschapv2', eap_id: '%any', id: '%any' },
          children: { net: { local_ts: [LAB.inner.net4] } },
        },
        certificate: {
          version: 2,
          local_addrs: CERTIFICATE_GATEWAY,
          pools: ['p4'],
          local,
          remote: { auth: 'pubkey', id: CLIENT, cacerts: 'ca.pem' },
          children: { net: { local_ts: ['0.0.0.0/0'] } },
        },
      },
      pools: POOLS,
      secrets: { 'eap-alice': { id: 'alice', secret: PASSWORD } },
    },
    files: {
      'x509ca/ca.pem': ca.certificates,
      'x509/gw.pem': own.certificates,
      'private/gw.pem': own.key,
    },
  });
  user = Traffic.on(lab.client);
  const { port } = await Traffic.on(lab.gateway).serve(LAB.inner.ip4);
  url = `http://${LAB.inner.ip4}:${port}`;
  adit = await Adit.start(lab.world, lab.client, { socket: join(lab.world.directory, 'run', 'aditd.sock') });
  app = await RunningApp.start({ socket: adit.socket });
});

afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  await adit?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
  pki[Symbol.dispose]();
});

const heading = (name: string | RegExp) => app.page.getByRole('heading', { name });
const button = (name: string | RegExp) => app.page.getByRole('button', { name });
const fact = async (label: string): Promise<string> =>
  (await app.page
    .locator('dl > div')
    .filter({ has: app.page.getByText(label, { exact: true }) })
    .last()
    .locator('dd')
    .textContent()) ?? '';
const other = (label: string, before: string): Promise<string> =>
  until(`${label} is another than ${before}`, async () => {
    const now = await fact(label);
    return now !== before && now;
  });

describe('with strongSwan', () => {
  it('imports the .sswan that is dropped', async () => {
    await heading('Add your first profile').waitFor();
    await drop(app.page, [{ name: 'office.sswan', content: SSWAN }]);
    await heading('Check before saving').waitFor();
    await button('Save profile').click();
    await heading('Not connected').waitFor();
    // Silence counts as death sooner than in an office: the test waits for it.
    const [{ id } = { id: '' }] = await adit.profiles();
    const answer = await app.page.evaluate(async (known) => {
      type Found = { result: { profile: { ike: object } } };
      const { adit: bridge } = globalThis as unknown as {
        adit: { call(name: string, params: object): Promise<Found> };
      };
      const { result } = await bridge.call('profiles.get', { id: known });
      const profile = { ...result.profile, ike: { ...result.profile.ike, livenessSec: 1 } };
      return await bridge.call('profiles.update', { id: known, profile });
    }, id);
    expect(answer).toMatchObject({ ok: true });
  });

  it('asks for the password, says that the first was wrong, and connects with the second', async () => {
    await button('Connect').click();
    await heading('Your password, please').waitFor();
    expect(await barriers(app.page)).toEqual([]);
    const password = app.page.getByRole('textbox', { name: 'Password' });
    await password.fill('mistyped');
    await app.page.keyboard.press('Enter');
    await app.page.getByText('That was not right. Please try again.').waitFor();
    await password.fill(PASSWORD);
    await app.page.getByLabel('Remember on this computer').check();
    await app.page.keyboard.press('Enter');
    await heading(/^Connected$/).waitFor();
    expect((await gateway.sa('password')).remoteVips).toEqual([await fact('Address')]);
    expect((await adit.profiles())[0]?.storedSecrets).toContain('password');
  });

  it('counts what both ends counted', async () => {
    await user.download(`${url}/${2 * MEBIBYTE}`, 20_000);
    await until('the window shows it', async () => /^2\.\d MiB$/.test(await fact('Received')));
    const [child] = (await gateway.sa('password')).children;
    expect(child?.bytesOut).toBeGreaterThan(2 * MEBIBYTE);
  });

  it('shows new keys, whoever asked for them', async () => {
    await button('Details').click();
    const first = await fact('SPI, inbound');
    const agreed = async (spi: string): Promise<unknown> =>
      await until('the gateway has the same', async () => {
        const [sa] = await gateway.sas('password');
        return sa?.children.some(({ spiOut, state }) => spiOut === spi && state === 'INSTALLED');
      });
    await agreed(first);
    await button('New traffic keys').click();
    const second = await other('SPI, inbound', first);
    await agreed(second);
    await gateway.rekey({ child: 'net' });
    await agreed(await other('SPI, inbound', second));
    const ours = await fact('SPI, ours');
    await gateway.rekey({ ike: 'password' });
    await other('SPI, ours', ours);
    expect(await barriers(app.page)).toEqual([]);
    await button('Back').click();
    const { sha256, expected } = await user.download(`${url}/${MEBIBYTE}`, 20_000);
    expect(sha256).toBe(expected);
  });

  it('says what it does while the gateway is gone, and is back with it, without a question', async () => {
    await gateway.kill();
    await heading('Reconnecting…').waitFor({ timeout: 50_000 });
    await app.page.getByText(/^Try \d+ begins in/).waitFor({ timeout: 30_000 });
    expect(await barriers(app.page)).toEqual([]);
    const attempt = async (): Promise<number> =>
      Number(/Try (\d+)/.exec((await app.page.getByText(/^Try \d+ /).textContent()) ?? '')?.[1]);
    const before = await attempt();
    await gateway.restart();
    await button('Try now').click();
    await heading(/^Connected$/).waitFor({ timeout: 20_000 });
    expect(before).toBeGreaterThan(0);
    const { sha256, expected } = await user.download(`${url}/${MEBIBYTE}`, 20_000);
    expect(sha256).toBe(expected);
  }, 120_000);

  it('disconnects, and the gateway knows', async () => {
    await button('Disconnect').click();
    await heading('Not connected').waitFor();
    expect(await gateway.sas()).toEqual([]);
  });

  it('finds the helper again that was killed, and connects with what it remembers', async () => {
    await button('Connect').click();
    await heading(/^Connected$/).waitFor();
    await adit.stop('SIGKILL');
    await heading(
      /The background service is not running|The connection to the background service was lost/,
    ).waitFor();
    await adit.restart();
    await heading('Not connected').waitFor();
    await button('Connect').click();
    await heading(/^Connected$/).waitFor();
    expect((await gateway.sas('password')).map(({ remoteVips }) => remoteVips)).toContainEqual([
      await fact('Address'),
    ]);
    await button('Disconnect').click();
    await heading('Not connected').waitFor();
  });

  it('connects with a .mobileconfig and the certificate inside of it', async () => {
    await drop(app.page, [{ name: 'office.mobileconfig', content: MOBILECONFIG }]);
    await heading('Check before saving').waitFor();
    await app.page.getByLabel('Password of the certificate file').fill(P12_PASSWORD);
    await button('Open').click();
    await app.page.getByLabel('Password of the certificate file').waitFor({ state: 'detached' });
    await button('Save profile').click();
    await button('Connect').click();
    await heading(/^Connected$/).waitFor();
    expect((await gateway.sa('certificate')).remoteId).toBe(CLIENT);
    const { sha256, expected } = await user.download(`${url}/${MEBIBYTE}`, 20_000);
    expect(sha256).toBe(expected);
    await button('Disconnect').click();
    await heading('Not connected').waitFor();
  });

  it('met no error of the page on the way', () => {
    expect(app.complaints).toEqual([]);
  });
});
