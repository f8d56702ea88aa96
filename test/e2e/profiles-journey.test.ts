/**
 * A profile's life in the window, with the real helper: a .mobileconfig with a locked PKCS#12 dropped and opened, its
 * certificates looked at, its name and DNS edited, exported and saved, a secret forgotten; and what the command line
 * does meanwhile shows by itself. No gateway: nothing connects.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Profile, ProfileInput } from '#core/profile/profile.ts';
import { Adit } from '#test/harness/adit.ts';
import { Lab } from '#test/harness/lab.ts';
import { until } from '#test/harness/process.ts';
import { der, mobileconfig, pkcs12 } from '#test/harness/login-files.ts';
import { TestPki } from '#test/harness/test-pki.ts';
import { RunningApp } from './driver.ts';
import { barriers, drop } from './page.ts';

const P12_PASSWORD = 'opens';
const pki = new TestPki();
const ca = pki.ca('Journey-CA');
/** As openssl writes a time. */
const inDays = (days: number): string =>
  `${new Date(Date.now() + days * 86_400_000)
    .toISOString()
    .replace(/[-:T]|\.\d+/g, '')
    .slice(0, 14)}Z`;
const client = pki.leaf(ca, 'alice', {
  usage: 'clientAuth',
  san: 'email:alice@adit.example',
  validity: [inDays(-1), inDays(9.5)],
});
const OFFICE = mobileconfig({
  name: 'Office',
  gateway: { address: '203.0.113.1', id: 'vpn.adit.example' },
  clientId: 'alice@adit.example',
  ca: ca.certificates,
  p12: pkcs12(client, P12_PASSWORD),
});
const KEYED: ProfileInput = {
  format: 'adit-profile',
  version: 1,
  name: 'Keyed',
  gateway: { addresses: ['203.0.113.2'] },
  authentication: { method: 'psk' },
};

let lab: Lab;
let adit: Adit;
let app: RunningApp;

beforeAll(async () => {
  lab = await Lab.create();
  adit = await Adit.start(lab.world, lab.client, { socket: join(lab.world.directory, 'run', 'aditd.sock') });
  app = await RunningApp.start({ socket: adit.socket });
});

afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  await adit?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
  pki[Symbol.dispose]();
});

const heading = (name: string | RegExp) => app.page.getByRole('heading', { name, exact: true });
const button = (name: string | RegExp) => app.page.getByRole('button', { name, exact: true });
const label = (name: string) => app.page.getByLabel(name, { exact: true });
const exported = async (id: string): Promise<Profile> =>
  JSON.parse(await adit.run(['export', id])) as Profile;
const stored = async (name: string) => (await adit.profiles()).find((profile) => profile.name === name);

describe('the life of a profile', () => {
  it('begins with a locked file: a wrong password is explained, the right one opens it', async () => {
    await drop(app.page, [{ name: 'office.mobileconfig', content: OFFICE }]);
    await heading('Check before saving').waitFor();
    await label('Password of the certificate file').fill('wrong');
    await app.page.keyboard.press('Enter');
    await app.page.getByText('This password does not open it.').waitFor();
    expect(await label('Password of the certificate file').getAttribute('aria-invalid')).toBe('true');
    expect(await barriers(app.page)).toEqual([]);
    await label('Password of the certificate file').fill(P12_PASSWORD);
    await button('Open').click();
    await label('Password of the certificate file').waitFor({ state: 'detached' });
    await button('Save profile').click();
    await heading('Not connected').waitFor();
    expect(await stored('Office')).toMatchObject({ missingSecrets: [] });
  });

  it('shows its certificates, and says that ours ends soon', async () => {
    await app.page.getByText('Expires in 9 days').waitFor();
    await button('Profiles').click();
    await button('Show Office').click();
    await button('Certificates').click();
    const own = app.page.locator('[data-role="own"]');
    await own.getByText('Expires in 9 days').waitFor();
    expect(await own.textContent()).toContain('alice@adit.example');
    expect(await own.textContent()).toContain('ECDSA P-256');
    await app.page.locator('[data-role="ca"]').getByText('Journey-CA').first().waitFor();
    expect(await barriers(app.page)).toEqual([]);
    await app.page.keyboard.press('Escape');
    await heading('Office').waitFor();
  });

  it('is edited: name and DNS are others, all else is as it was', async () => {
    const id = (await stored('Office'))?.id ?? '';
    const before = await exported(id);
    await button('Edit').click();
    await label('DNS servers').fill('10.9.9.9\nnot an address');
    await label('Name').fill('Head office');
    await button('Save').click();
    // `not`, `an` and `address` are three.
    await app.page.getByText('"not" is no IP address').waitFor();
    await label('DNS servers').fill('10.9.9.9');
    await button('Save').click();
    await heading('Head office').waitFor();
    await app.page.getByText('10.9.9.9').waitFor();
    expect(await exported(id)).toEqual({
      ...before,
      name: 'Head office',
      dns: { ...before.dns, servers: ['10.9.9.9'] },
    });
  });

  it('shows what the command line changes, while it is looked at', async () => {
    const id = (await stored('Head office'))?.id ?? '';
    await adit.import(KEYED, 'the key');
    await app.page.keyboard.press('Escape');
    await button('Show Keyed').waitFor();
    await adit.run(['remove', id]);
    await button('Show Head office').waitFor({ state: 'detached' });
    await drop(app.page, [{ name: 'office.mobileconfig', content: OFFICE }]);
    await label('Password of the certificate file').fill(P12_PASSWORD);
    await button('Open').click();
    await label('Password of the certificate file').waitFor({ state: 'detached' });
    await button('Save profile').click();
    await heading('Not connected').waitFor();
    expect((await adit.profiles()).map(({ name }) => name)).toEqual(['Keyed', 'Office']);
  });

  it('is exported: what cannot be expressed is said first, and the file is the person’s alone', async () => {
    await button('Profiles').click();
    await button('Show Office').click();
    await button('Export…').click();
    await label('strongSwan app (.sswan)').check();
    await app.page.getByText(/cannot be expressed as|holds every setting/).waitFor();
    const path = join(lab.world.directory, 'saved.sswan');
    await app.host.answerSave(path);
    await button(/^Save/).click();
    await app.page.getByText(/^Saved: /).waitFor();
    const file = JSON.parse(await readFile(path, 'utf8')) as { remote: { addr: string; cert?: string } };
    expect(file.remote.addr).toBe('203.0.113.1');
    expect(await readFile(path, 'utf8')).toContain(der(ca.certificates));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await app.page.keyboard.press('Escape');
    await app.page.keyboard.press('Escape');
  });

  it('has a secret forgotten and given again', async () => {
    await button('Show Keyed').click();
    await button('Forget: Pre-shared key').click();
    await app.page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click();
    await until('the helper forgot it', async () => (await stored('Keyed'))?.missingSecrets.includes('psk'));
    await button('Set: Pre-shared key').click();
    await label('Pre-shared key').fill('another key');
    await app.page.keyboard.press('Enter');
    await until('the helper has it', async () => (await stored('Keyed'))?.storedSecrets.includes('psk'));
    await button('Replace: Pre-shared key').waitFor();
    expect(await stored('Keyed')).toMatchObject({ missingSecrets: [] });
  });

  it('ends when the person says so', async () => {
    await button('Delete…').click();
    await app.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await heading('Profiles').waitFor();
    expect(await stored('Keyed')).toBeUndefined();
    expect(app.complaints).toEqual([]);
  });
});
