/**
 * Lockdown from switching it on to the way out, in settings, main view and tray: against a helper that says what the test
 * wants. lockdown-journey.test.ts does it with the real one.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LockdownStatus, TunnelStatus } from '#core/ipc/contract.ts';
import { FakeHelper, type FakePeer, Refusal } from '#test/fakes/helper-server.ts';
import { SessionBus } from '#test/fakes/session-bus.ts';
import { bare, CONNECTED, summary, UNLOCKED } from '#test/fakes/statuses.ts';
import { until } from '#test/harness/process.ts';
import { RunningApp } from './driver.ts';
import { barriers } from './page.ts';

let helper: FakeHelper;
let bus: SessionBus;
let app: RunningApp;
let peer: FakePeer | undefined;
let lockdown: LockdownStatus;
let tunnels: TunnelStatus[];
/** What the helper says to whoever switches it. */
let refusal: string | undefined;

beforeEach(async () => {
  lockdown = UNLOCKED;
  tunnels = [];
  refusal = undefined;
  bus = await SessionBus.start('present');
  helper = await FakeHelper.start({
    answers: {
      'events.subscribe'({ topic }, from) {
        peer = from;
        return topic === 'profiles'
          ? { sequence: 0, profiles: [summary('work', { name: 'Work' })] }
          : { sequence: 0, status: { tunnels, lockdown } };
      },
      'lockdown.set': ({ on, lan }) => {
        if (refusal !== undefined) throw new Refusal('refused', refusal);
        lockdown = { ...UNLOCKED, on, lan: on && lan === true };
        tell({});
        return lockdown;
      },
    },
  });
  app = await RunningApp.start({ socket: helper.path, sessionBus: bus.address });
  await heading('Not connected').waitFor();
});
afterEach(async () => {
  const { complaints } = app;
  await app[Symbol.asyncDispose]();
  await helper.stop();
  await bus.stop();
  if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join('; ')}`);
});

function tell(change: Partial<LockdownStatus>, ...now: TunnelStatus[]): void {
  lockdown = { ...lockdown, ...change };
  if (now.length > 0) tunnels = now;
  peer?.sendEvent({ topic: 'status', status: { tunnels, lockdown } });
}
const heading = (name: string) => app.page.getByRole('heading', { name, exact: true });
const button = (name: string) => app.page.getByRole('button', { name, exact: true });
const control = (name: string) => app.page.getByRole('switch', { name, exact: true });
const asked = () => helper.received.filter(({ name }) => name === 'lockdown.set').map(({ params }) => params);
const trayShows = (icon: string, tooltip: string) =>
  until(`the tray shows ${tooltip}`, async () => {
    const isShown = (await app.tray.icon()).includes(`${icon}-`);
    return isShown && (await app.tray.tooltip()) === `Adit: ${tooltip}`;
  });

describe('lockdown', () => {
  it('is switched on in the settings, blocks, and ends with one click in the main view', async () => {
    await button('Settings').click();
    expect(await control('Local network stays within reach').isDisabled()).toBe(true);
    await control('Lockdown').click();
    await until('it is on', async () => await control('Local network stays within reach').isEnabled());
    await control('Local network stays within reach').click();
    await until('both were asked for', () => asked().length === 2);
    expect(asked()).toEqual([
      { on: true, lan: false },
      { on: true, lan: true },
    ]);
    expect(await barriers(app.page)).toEqual([]);
    await button('Back').click();
    await heading('Blocked').waitFor();
    await app.page.getByText('nothing leaves this computer, except to the local network').waitFor();
    expect(await app.page.getByText('not protected').count()).toBe(0);
    if (app.offers('tray')) await trayShows('attention', 'Blocked: lockdown is on');
    await button('Switch lockdown off').click();
    await heading('Not connected').waitFor();
    expect(await app.page.getByRole('dialog').count()).toBe(0);
    expect(asked().at(-1)).toMatchObject({ on: false });
    await button('Switch lockdown off').waitFor({ state: 'detached' });
    if (app.offers('tray')) await trayShows('exposed', 'Not connected');
  });

  it('stays on where the helper will not, with its words, in the window and in the settings', async () => {
    tell({ on: true });
    refusal = 'Lockdown cannot be ended: nft is missing';
    await button('Switch lockdown off').click();
    await app.page.getByText('Lockdown cannot be ended: nft is missing.').waitFor();
    await heading('Blocked').waitFor();
    await button('Settings').click();
    await control('Lockdown').click();
    await app.page.getByText('Lockdown cannot be ended: nft is missing.').waitFor();
    await until('the switch tells the truth', () => control('Lockdown').isChecked());
    expect(asked()).toHaveLength(2);
  });

  it('that an administrator wants is not offered to be changed', async () => {
    tell({ on: true, byAdmin: true });
    await heading('Blocked').waitFor();
    await app.page.getByText('Only an administrator can change that.').waitFor();
    expect(await button('Switch lockdown off').count()).toBe(0);
    await button('Settings').click();
    expect(await control('Lockdown').isDisabled()).toBe(true);
    expect(await control('Lockdown').isChecked()).toBe(true);
    await app.page.getByText('Only an administrator can change that.').waitFor();
    if (!app.offers('tray')) return;
    await until('its menu is drawn', async () => (await app.tray.menu()).includes('Blocked'));
    expect(await app.tray.menu()).not.toContain('Switch lockdown off');
  });

  it('with a fault never looks blocked, and says why', async () => {
    tell({ on: true, fault: 'Lockdown cannot be put in force. apt-get install nftables' });
    const alert = app.page.getByRole('alert').filter({ hasText: 'Lockdown is on but not in force' });
    await alert.getByText('apt-get install nftables').waitFor();
    await heading('Not connected').waitFor();
    await app.page.getByText('Your traffic is not protected.').waitFor();
    tell({}, CONNECTED);
    await heading('Connected').waitFor();
    expect(await alert.isVisible()).toBe(true);
    if (app.offers('tray')) await trayShows('attention', 'Lockdown is not in force; Work: Connected');
    tell({ fault: null });
    await alert.waitFor({ state: 'detached' });
    await app.page.getByRole('listitem').getByText('Lockdown', { exact: true }).waitFor();
    if (app.offers('tray')) await trayShows('secured', 'Work: Connected');
    tell({}, bare('disconnected'));
    await heading('Blocked').waitFor();
  });

  it('goes along in the details and in the problem report', async () => {
    tell({ on: true, lan: true }, CONNECTED);
    await button('Details').click();
    await button('Copy all as text').click();
    const copied = await until('it is copied', async () => (await app.host.clipboard()) || undefined);
    expect(copied).toContain('Lockdown: On, The local network is within reach');
    await button('Back').click();
    await button('Settings').click();
    await button('Problem report').click();
    await app.page.getByText('"lockdown": {').waitFor();
  });

  it('ends from the tray; a refusal is said in the window', async () => {
    if (!app.offers('tray')) return;
    tell({ on: true });
    await until('it is offered', async () => (await app.tray.menu()).includes('Switch lockdown off'));
    refusal = 'not now';
    await app.window.hide();
    await app.tray.choose('Switch lockdown off');
    await until('the window is there', () => app.window.isVisible());
    await app.page.getByText('Not now.').waitFor();
    refusal = undefined;
    await app.tray.choose('Switch lockdown off');
    await heading('Not connected').waitFor();
    await until('it is not offered', async () => !(await app.tray.menu()).includes('Switch lockdown off'));
    expect(asked()).toEqual([
      { on: false, lan: false },
      { on: false, lan: false },
    ]);
  });
});
