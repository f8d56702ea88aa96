/**
 * The page in place of a helper that is missing or of another version: what it says, the repair it offers, and what
 * becomes of it when an administrator's password is given, refused, or the question is closed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { PROTOCOL } from '#core/ipc/protocol.ts';
import { FakeHelper } from '#test/fakes/helper-server.ts';
import { until } from '#test/harness/process.ts';
import { RunningApp } from './driver.ts';
import { barriers } from './page.ts';
import { type Consent, ServiceWorld } from './service-world.ts';

let stage: ServiceWorld | undefined;
let app: RunningApp;
let helper: FakeHelper | undefined;
let directory: string;

async function start(options: { onStage: boolean; locale?: string; major?: number }): Promise<void> {
  directory = mkdtempSync(join(tmpdir(), 'adit-repair-'));
  stage = options.onStage ? new ServiceWorld() : undefined;
  if (options.major !== undefined) helper = await serve(options.major);
  app = await RunningApp.start({
    socket: join(directory, 'aditd.sock'),
    locale: options.locale ?? 'en-GB',
    ...(stage ? { stage: stage.directory } : {}),
  });
}
const serve = (major: number = PROTOCOL.major): Promise<FakeHelper> =>
  FakeHelper.start({
    path: join(directory, 'aditd.sock'),
    major,
    answers: {
      'events.subscribe': ({ topic }) =>
        topic === 'profiles' ? { sequence: 0, profiles: [] } : { sequence: 0, status: { tunnels: [] } },
    },
  });

afterEach(async () => {
  await app[Symbol.asyncDispose]();
  await helper?.stop();
  helper = undefined;
  stage?.remove();
  rmSync(directory, { recursive: true, force: true });
});

const button = (name: string) => app.page.getByRole('button', { name, exact: true });
const heading = (name: string) => app.page.getByRole('heading', { name });

describe('a helper that is missing', () => {
  it('is started with an administrator’s consent by one constant command, and found at once', async () => {
    await start({ onStage: true });
    if (!app.offers('repair')) return;
    await heading('The background service is not running').waitFor();
    expect(await barriers(app.page)).toEqual([]);
    await button('Repair…').click();
    await until('systemctl was told', () => stage?.told().length === 1);
    expect(stage?.told()).toEqual(['restart aditd.service']);
    helper = await serve();
    await heading('Add your first profile').waitFor();
  });

  it.each<readonly [Consent, string]>([
    ['dismissed', 'You cancelled it; nothing was changed.'],
    ['refused', 'An administrator has to allow this. Ask your IT department.'],
    ['nobody-asks', 'This desktop cannot ask for an administrator’s password.'],
  ])('stays missing where the consent is: %s; that is said, and nothing was run', async (consent, text) => {
    await start({ onStage: true });
    if (!app.offers('repair')) return;
    stage?.consent(consent);
    await button('Repair…').click();
    await app.page.getByRole('alert').getByText(text).waitFor();
    expect(stage?.told()).toEqual([]);
    expect(await barriers(app.page)).toEqual([]);
    // Another try begins anew.
    stage?.consent('granted');
    await button('Repair…').click();
    await until('systemctl was told', () => stage?.told().length === 1);
  });

  it('whose service does not start says so, with the system’s words', async () => {
    await start({ onStage: true, locale: 'de-DE' });
    if (!app.offers('repair')) return;
    stage?.consent('broken');
    await button('Reparieren …').click();
    await app.page.getByText('Der Hintergrunddienst ließ sich nicht starten:').waitFor();
    await app.page.getByText('Job for aditd.service failed').waitFor();
    expect(stage?.told()).toEqual(['restart aditd.service']);
  });

  it('that is no service here is started by hand: no repair, the very command instead', async () => {
    await start({ onStage: false });
    await heading('The background service is not running').waitFor();
    expect(await button('Repair…').count()).toBe(0);
    const command = (await app.page.locator('code').first().textContent()) ?? '';
    expect(command).toMatch(/^sudo "\/.*aditd" --foreground$/);
    await button('Copy').first().click();
    await until('it is copied', async () => (await app.host.clipboard()) === command);
  });
});

describe('a helper of another version', () => {
  it('is explained, restarted, and used when it fits', async () => {
    await start({ onStage: true, major: PROTOCOL.major + 1 });
    if (!app.offers('repair')) return;
    await heading('The background service has another version').waitFor();
    await app.page.getByText('After an update, the service has to be restarted.').waitFor();
    await button('Repair…').click();
    await until('systemctl was told', () => stage?.told().length === 1);
    expect(stage?.told()).toEqual(['restart aditd.service']);
    await helper?.stop();
    helper = await serve();
    await heading('Add your first profile').waitFor();
  });
});
