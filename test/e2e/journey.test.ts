/**
 * A person's way through the application, with the real helper and our own responder in the lab: drop the file, look,
 * save, give the key, connect, see traffic counted, read the details, disconnect; then the helper dies and comes back.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProfileInput } from '#core/profile/profile.ts';
import { Adit } from '#test/harness/adit.ts';
import { EmbeddedGateway } from '#test/harness/embedded-gateway.ts';
import { LAB, Lab } from '#test/harness/lab.ts';
import { until } from '#test/harness/process.ts';
import { Traffic } from '#test/harness/traffic.ts';
import { RunningApp } from './driver.ts';
import { barriers, drop } from './page.ts';

const PSK = 'the key of the journey';
const CLIENT_ID = 'traveller@adit.example';
const GATEWAY_ID = 'gateway.adit.example';
const MEBIBYTE = 1024 * 1024;

const PROFILE: ProfileInput = {
  format: 'adit-profile',
  version: 1,
  name: 'Head office',
  gateway: { addresses: [LAB.gateway.ip4], id: GATEWAY_ID },
  authentication: { method: 'psk', localId: CLIENT_ID },
  child: { remoteTs: [LAB.inner.net4] },
};

let lab: Lab;
let adit: Adit;
let app: RunningApp;
let url: string;
let user: Traffic;

beforeAll(async () => {
  lab = await Lab.create();
  await EmbeddedGateway.start(lab.gateway, {
    localId: GATEWAY_ID,
    keys: { [CLIENT_ID]: PSK },
    pools: { ip4: LAB.pool.ip4, ip6: LAB.pool.ip6 },
    dns: [LAB.dns.ip4],
    localTs: [LAB.inner.net4, LAB.inner.net6],
  });
  user = Traffic.on(lab.client);
  const { port } = await Traffic.on(lab.gateway).serve(LAB.inner.ip4);
  url = `http://${LAB.inner.ip4}:${port}`;
  // The interface runs outside of the client's namespaces: its socket lies where both see it.
  adit = await Adit.start(lab.world, lab.client, { socket: join(lab.world.directory, 'run', 'aditd.sock') });
  app = await RunningApp.start({ socket: adit.socket });
});

afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  await adit?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

const heading = (name: string | RegExp) => app.page.getByRole('heading', { name });
const button = (name: string | RegExp) => app.page.getByRole('button', { name });
const fact = async (label: string): Promise<string> =>
  (await app.page
    .locator('dl > div')
    .filter({ has: app.page.getByText(label, { exact: true }) })
    .first()
    .locator('dd')
    .textContent()) ?? '';

describe('the journey', () => {
  it('begins with one thing to do', async () => {
    await heading('Add your first profile').waitFor();
    expect(await barriers(app.page)).toEqual([]);
  });

  it('refuses a file that is no profile, in words', async () => {
    await drop(app.page, [{ name: 'holiday.txt', content: 'sun and sea' }]);
    await heading('This cannot be imported').waitFor();
    await app.page.getByText('this is no profile that Adit knows').waitFor();
    await app.page.keyboard.press('Escape');
    await heading('Add your first profile').waitFor();
    expect(await adit.profiles()).toEqual([]);
  });

  it('shows what a dropped profile holds, and keeps nothing until told', async () => {
    await drop(app.page, [{ name: 'office.json', content: JSON.stringify(PROFILE) }]);
    await heading('Check before saving').waitFor();
    await heading('Head office').waitFor();
    await app.page.getByLabel('Pre-shared key').waitFor();
    expect(await adit.profiles()).toEqual([]);
    expect(await barriers(app.page)).toEqual([]);
  });

  it('saves it', async () => {
    await button('Save profile').click();
    await heading('Not connected').waitFor();
    await app.page.getByText('Head office').waitFor();
    expect((await adit.profiles()).map(({ name }) => name)).toEqual(['Head office']);
  });

  it('asks for the key; a wrong one is explained', async () => {
    await button('Connect').click();
    await app.page.getByRole('dialog').waitFor();
    expect(await barriers(app.page)).toEqual([]);
    await app.page.getByLabel('Pre-shared key').fill('not the key');
    await app.page.getByRole('dialog').getByRole('button', { name: 'Connect' }).click();
    await heading('Could not connect').waitFor();
    await app.page.getByText('What to do').waitFor();
    if (app.offers('tray'))
      await until('the tray wants attention', async () =>
        (await app.tray.icon()).endsWith('attention-light.png'),
      );
    expect(await barriers(app.page)).toEqual([]);
  });

  it('connects with the right one', async () => {
    await button('Try again').click();
    await app.page.getByLabel('Pre-shared key').fill(PSK);
    await app.page.getByLabel('Remember on this computer').check();
    await app.page.keyboard.press('Enter');
    await heading(/^Connected$/).waitFor();
    await app.page.getByText(`Traffic to ${LAB.inner.net4} is protected.`).waitFor();
    expect(await fact('Address')).toMatch(/^10\.88\.0\./);
    expect(await fact('Gateway')).toBe(`${LAB.gateway.ip4}:4500`);
    if (app.offers('tray'))
      await until(
        'the tray follows',
        async () =>
          (await app.tray.icon()).endsWith('secured-light.png') &&
          (await app.tray.tooltip()).includes('Connected'),
      );
  });

  it('counts what the tunnel carries', async () => {
    expect(await fact('Received')).not.toMatch(/MiB/);
    await user.download(`${url}/${3 * MEBIBYTE}`, 20_000);
    await until('the window shows it', async () => /^3\.\d MiB$/.test(await fact('Received')));
  });

  it('tells an administrator everything, and copies it', async () => {
    await button('Details').click();
    await heading('IKE SA').waitFor();
    const truth = await adit.tunnel('Head office');
    expect(await fact('SPI, inbound')).toBe(truth?.children[0]?.spiIn);
    expect(await fact('DNS servers')).toBe(LAB.dns.ip4);
    await button('Copy all as text').click();
    const copied = await until('it is copied', async () => {
      const text = await app.host.clipboard();
      return text.includes('SPI') && text;
    });
    expect(copied).toContain(`SPI, inbound: ${truth?.children[0]?.spiIn}`);
    expect(copied).not.toContain(PSK);
    expect(await barriers(app.page)).toEqual([]);
    await button('Back').click();
  });

  it('is minimised on close where there is no tray, and the tunnel stays', async () => {
    await app.window.close();
    await until('the window is out of the way', () => app.window.isMinimized());
    expect((await adit.tunnel('Head office'))?.state).toBe('connected');
    await (app.offers('tray') ? app.tray.click() : app.window.show());
    expect(await app.window.isMinimized()).toBe(false);
    await heading(/^Connected$/).waitFor();
  });

  it('shows the helper’s log live, and saves what was looked for', async () => {
    await button('Settings').click();
    await button('Log').click();
    await app.page.getByRole('log').getByRole('listitem').first().waitFor();
    await app.page.getByRole('searchbox').fill('connected');
    const count = async (): Promise<number> =>
      Number.parseInt((await app.page.getByText(/^\d+ lines?$/).textContent()) ?? '', 10);
    const before = await count();
    // Somebody at a terminal has the tunnel connect anew: what the helper writes about it appears by itself.
    const [profile] = await adit.profiles();
    await adit.run(['reconnect', profile?.id ?? '']);
    await until('its lines appear', async () => (await count()) > before + 1);
    await until('it is connected', async () => (await adit.tunnel('Head office'))?.state === 'connected');
    const path = join(lab.world.directory, 'log.txt');
    await app.host.answerSave(path);
    await button('Save…').click();
    await app.page.getByText(/lines saved/).waitFor();
    const saved = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(saved.length).toBeGreaterThan(before + 1);
    expect(saved.every((text) => /connected/i.test(text))).toBe(true);
    expect(await barriers(app.page)).toEqual([]);
    await button('Back').click();
  });

  it('makes a problem report that holds neither the key nor who and where', async () => {
    await button('Problem report').click();
    await app.page.getByRole('heading', { name: 'Tunnels' }).waitFor();
    const path = join(lab.world.directory, 'report.txt');
    await app.host.answerSave(path);
    await button('Save report…').click();
    await app.page.getByText('The report was saved.').waitFor();
    const saved = await readFile(path, 'utf8');
    expect(saved).toContain('"state": "connected"');
    expect(saved).toContain('== log ==');
    const canaries = [
      PSK,
      'not the key',
      CLIENT_ID,
      GATEWAY_ID,
      LAB.gateway.ip4,
      'Head office',
      'head-office',
    ];
    expect(canaries.filter((canary) => saved.includes(canary))).toEqual([]);
    expect(await barriers(app.page)).toEqual([]);
    await button('Back').click();
    await button('Back').click();
    await heading(/^Connected$/).waitFor();
  });

  it('disconnects', async () => {
    await button('Disconnect').click();
    await heading('Not connected').waitFor();
    expect((await adit.tunnel('Head office'))?.state ?? 'disconnected').toBe('disconnected');
  });

  it('says so when the helper dies, and finds it again', async () => {
    await adit.stop('SIGKILL');
    await heading(
      /The background service is not running|The connection to the background service was lost/,
    ).waitFor();
    await adit.restart();
    await heading('Not connected').waitFor();
    expect(await fact('Gateway')).toBe(LAB.gateway.ip4);
  });

  it('met no error of the page on the way', () => {
    expect(app.complaints).toEqual([]);
  });
});
