/**
 * How the application starts and stays reachable: hidden or not, on a desktop with a tray and on one without; a second
 * start; connecting at start; starting with the desktop; the tray in another language and on a dark panel.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Status } from '#core/ipc/contract.ts';
import { FakeHelper, type FakePeer, Refusal } from '#test/fakes/helper-server.ts';
import { type Desktop, SessionBus } from '#test/fakes/session-bus.ts';
import { bare, CONNECTED, summary } from '#test/fakes/statuses.ts';
import { until } from '#test/harness/process.ts';
import { RunningApp } from './driver.ts';
import type { AppOptions } from './hosts/host.ts';

const PROFILES = [
  summary('work', { name: 'Work' }),
  summary('home', { name: 'Home', missingSecrets: ['psk'], storedSecrets: [] }),
  summary('lab', { name: 'Lab', missingSecrets: ['ppk'], storedSecrets: ['psk'] }),
  summary('office', { name: 'Office', missingSecrets: ['password'], storedSecrets: [] }),
];

let helper: FakeHelper;
let bus: SessionBus;
let app: RunningApp;
let peer: FakePeer | undefined;
let refuses = false;

/** `status`: what the helper's tunnels do when the application comes. */
async function start(
  desktop: Desktop,
  options: Omit<AppOptions, 'socket' | 'sessionBus'> = {},
  status: Status = { tunnels: [] },
): Promise<void> {
  bus = await SessionBus.start(desktop);
  helper = await FakeHelper.start({
    answers: {
      'events.subscribe'({ topic }, from) {
        peer = from;
        return topic === 'profiles' ? { sequence: 0, profiles: PROFILES } : { sequence: 0, status };
      },
      'tunnel.up': () => {
        if (refuses) throw new Refusal('busy', 'too many tunnels are up; take one down first');
        return { accepted: true };
      },
      'tunnel.down': () => {
        if (refuses) throw new Refusal('busy', 'not now');
        return { accepted: true };
      },
    },
  });
  app = await RunningApp.start({ socket: helper.path, sessionBus: bus.address, ...options });
  // A dialog may lie over it already.
  const profiles = app.page.getByRole('button', { name: 'Profiles', exact: true, includeHidden: true });
  await profiles.waitFor({ state: 'attached' });
}
afterEach(async () => {
  refuses = false;
  const { complaints } = app;
  await app[Symbol.asyncDispose]();
  await helper.stop();
  await bus.stop();
  if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join('; ')}`);
});

const button = (name: string) => app.page.getByRole('button', { name, exact: true });
const ups = () => helper.received.filter(({ name }) => name === 'tunnel.up').map(({ params }) => params);

describe('a desktop with a tray', () => {
  it('is started into the tray; a click, and a second start, bring the window', async () => {
    await start('present', { hidden: true });
    expect(await app.window.isVisible()).toBe(false);
    if (app.offers('tray')) await app.tray.click();
    else await app.host.startAgain();
    expect(await app.window.isVisible()).toBe(true);
    await app.window.close();
    await until('it is hidden', async () => !(await app.window.isVisible()));
    expect(await app.window.isMinimized()).toBe(false);
    await app.host.startAgain();
    expect(await app.window.isVisible()).toBe(true);
  });

  it('hides a window that is closed, and tells the page what it missed when it is back', async () => {
    await start('present');
    expect(await app.window.isVisible()).toBe(true);
    await app.window.close();
    await until('it is hidden', async () => !(await app.window.isVisible()));
    peer?.sendEvent({ topic: 'status', status: { tunnels: [bare('connecting')] } });
    await helper.called('events.subscribe');
    await app.host.startAgain();
    await app.page.locator('[data-state="connecting"]').waitFor();
  });

  it('offers to start hidden', async () => {
    await start('present');
    await button('Settings').click();
    const hidden = app.page.getByRole('switch', { name: 'Start in the tray, without a window' });
    expect(await hidden.isEnabled()).toBe(true);
    expect(await app.page.getByText('This desktop shows no tray icon').count()).toBe(0);
  });

  it('whose tray has gone meanwhile is asked again when the window is closed', async () => {
    await start('present');
    bus.desktop = 'nobody';
    await app.window.close();
    await until('it is minimised', () => app.window.isMinimized());
    expect(await app.window.isVisible()).toBe(true);
  });
});

describe.each(['absent', 'nobody'] as const)('a desktop without a tray (%s)', (desktop) => {
  it('shows the window although it was to start hidden, says why, and keeps it reachable', async () => {
    await start(desktop, { hidden: true });
    expect(await app.window.isVisible()).toBe(true);
    await button('Settings').click();
    await app.page.getByText('This desktop shows no tray icons: the window always opens').waitFor();
    expect(
      await app.page.getByRole('switch', { name: 'Start in the tray, without a window' }).isDisabled(),
    ).toBe(true);
    await app.window.close();
    await until('it is minimised', () => app.window.isMinimized());
    expect(await app.window.isVisible()).toBe(true);
    await app.host.startAgain();
    expect(await app.window.isMinimized()).toBe(false);
  });
});

describe('connecting at start', () => {
  it('brings up the profile of the settings, once', async () => {
    await start('present', { hidden: true, settings: { connectAtStart: 'work' } });
    await helper.called('tunnel.up');
    peer?.end();
    await until(
      'the application is back',
      () => helper.received.filter(({ name }) => name === 'events.subscribe').length >= 4,
    );
    expect(ups()).toEqual([{ id: 'work' }]);
    expect(await app.window.isVisible()).toBe(false);
  });

  it('leaves a tunnel alone that is up', async () => {
    await start('present', { settings: { connectAtStart: 'work' } }, { tunnels: [CONNECTED] });
    await app.page.locator('[data-state="connected"]').waitFor();
    expect(ups()).toEqual([]);
  });

  it.each([
    ['home', 'The key of “Home” is not stored.'],
    ['lab', 'The post-quantum key of “Lab” is not stored.'],
  ])('opens the window where a key has to be asked for, and asks: %s', async (profile, words) => {
    await start('present', { hidden: true, settings: { connectAtStart: profile } });
    await until('the window is there', () => app.window.isVisible());
    await app.page.getByText(words).waitFor();
    expect(ups()).toEqual([]);
  });

  it('leaves it to the service to ask for a password', async () => {
    await start('present', { hidden: true, settings: { connectAtStart: 'office' } });
    await helper.called('tunnel.up');
    expect(ups()).toEqual([{ id: 'office' }]);
  });

  it('is forgotten with its profile', async () => {
    await start('present', { settings: { connectAtStart: 'gone' } });
    await button('Settings').click();
    expect(await app.page.getByLabel('Connect at start').inputValue()).toBe('');
    expect(ups()).toEqual([]);
  });
});

describe('starting with the desktop', () => {
  it('is written where the desktop looks, follows “hidden”, and is taken away again', async () => {
    await start('present');
    const entry = join(app.host.configFolder, 'autostart/adit-ui.desktop');
    const login = app.page.getByRole('switch', { name: 'Start when I log in' });
    const hidden = app.page.getByRole('switch', { name: 'Start in the tray, without a window' });
    await button('Settings').click();
    expect(await login.isChecked()).toBe(false);
    await login.click();
    await until('it is written', () => existsSync(entry));
    expect(readFileSync(entry, 'utf8')).toMatch(/^Exec="\/[^"]+"$/m);
    await hidden.click();
    await until('it starts hidden', () => /^Exec="\/[^"]+" --hidden$/m.test(readFileSync(entry, 'utf8')));
    await app.page.reload();
    await button('Settings').click();
    expect(await login.isChecked()).toBe(true);
    await login.click();
    await until('it is gone', () => !existsSync(entry));
  });
});

describe('the tray', () => {
  it('speaks the language that is chosen, at once, and follows a dark panel', async () => {
    await start('present');
    if (!app.offers('tray')) return;
    peer?.sendEvent({ topic: 'status', status: { tunnels: [CONNECTED] } });
    await until('it tells', async () => (await app.tray.tooltip()) === 'Adit: Work: Connected');
    for (const [language, tooltip, open] of [
      ['de', 'Adit: Work: Verbunden', 'Adit öffnen'],
      ['zh', 'Adit: Work: 已连接', '打开 Adit'],
    ] as const) {
      await app.page.evaluate(
        async (chosen) => await window.adit.call('app.settings.set', { language: chosen }),
        language,
      );
      await until(`it speaks ${language}`, async () => (await app.tray.tooltip()) === tooltip);
      await until('its menu, too', async () => (await app.tray.menu()).includes(open));
    }
    expect(await app.tray.icon()).toMatch(/secured-light\.png$/);
    await app.tray.darken();
    await until('it is drawn anew', async () => (await app.tray.icon()).endsWith('secured-dark.png'));
  });

  it('connects, disconnects, mutes and quits', async () => {
    await start('present', { hidden: true });
    if (!app.offers('tray')) return;
    await until('it has profiles', async () => (await app.tray.menu()).includes('Home'));
    await app.tray.choose('Work');
    await helper.called('tunnel.up');
    expect(await app.window.isVisible()).toBe(false);
    peer?.sendEvent({ topic: 'status', status: { tunnels: [CONNECTED] } });
    await until('it is up', async () => (await app.tray.menu()).includes('Disconnect Work'));
    await app.tray.choose('Only important notifications');
    await until('it is ticked', async () => (await app.tray.menu()).includes('"checked":true'));
    await app.tray.choose('Disconnect Work');
    await helper.called('tunnel.down');
    await app.tray.choose('Quit interface, keep the tunnel');
    await until('it has quit', () => app.host.hasQuit());
    expect(helper.received.filter(({ name }) => name === 'tunnel.down')).toHaveLength(1);
  });

  it('asks for a missing key in the window, whatever was shown there', async () => {
    await start('present', { hidden: true });
    if (!app.offers('tray')) return;
    await button('Settings').click();
    await until('it has profiles', async () => (await app.tray.menu()).includes('Home'));
    await app.tray.choose('Home');
    await until('the window is there', () => app.window.isVisible());
    await app.page.getByText('The key of “Home” is not stored.').waitFor();
    expect(ups()).toEqual([]);
    await app.page.getByLabel('Pre-shared key').fill('abc');
    await app.page.getByRole('dialog').getByRole('button', { name: 'Connect' }).click();
    await helper.called('tunnel.up');
    expect(ups()).toEqual([{ id: 'home', psk: 'YWJj' }]);
  });

  it('connects where the service asks for what is missing', async () => {
    await start('present', { hidden: true });
    if (!app.offers('tray')) return;
    await until('it has profiles', async () => (await app.tray.menu()).includes('Office'));
    await app.tray.choose('Office');
    await helper.called('tunnel.up');
    expect(ups()).toEqual([{ id: 'office' }]);
  });

  it('says in the window why it did not work', async () => {
    refuses = true;
    await start('present', { hidden: true });
    if (!app.offers('tray')) return;
    await until('it has profiles', async () => (await app.tray.menu()).includes('Office'));
    await app.tray.choose('Office');
    await until('the window is there', () => app.window.isVisible());
    await app.page.getByText('Too many tunnels are up').waitFor();
    expect(await app.page.getByText('Office', { exact: true }).isVisible()).toBe(true);
    peer?.sendEvent({ topic: 'status', status: { tunnels: [CONNECTED] } });
    await until('it is up', async () => (await app.tray.menu()).includes('Disconnect Work'));
    await app.tray.choose('Disconnect Work');
    await app.page.getByText('Not now').waitFor();
    expect(await app.page.locator('[data-state="connected"]').isVisible()).toBe(true);
  });
});

declare const window: { readonly adit: { call(name: string, params: object): Promise<unknown> } };
