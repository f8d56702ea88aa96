/**
 * Notifications while nobody looks at the window: one in sight at a time, each change once, nothing for what the person does
 * here, only the important where they asked for quiet.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TunnelStatus } from '#core/ipc/contract.ts';
import { FakeHelper, type FakePeer } from '#test/fakes/helper-server.ts';
import { SessionBus } from '#test/fakes/session-bus.ts';
import { bare, CONNECTED, summary } from '#test/fakes/statuses.ts';
import { until } from '#test/harness/process.ts';
import { RunningApp } from './driver.ts';

let helper: FakeHelper;
let bus: SessionBus;
let app: RunningApp;
let peer: FakePeer | undefined;

beforeEach(async () => {
  bus = await SessionBus.start('present');
  helper = await FakeHelper.start({
    answers: {
      'events.subscribe'({ topic }, from) {
        peer = from;
        return topic === 'profiles'
          ? { sequence: 0, profiles: [summary('work', { name: 'Work' })] }
          : { sequence: 0, status: { tunnels: [] } };
      },
      'tunnel.up': () => ({ accepted: true }),
      'tunnel.down': () => ({ accepted: true }),
    },
  });
  app = await RunningApp.start({ socket: helper.path, sessionBus: bus.address, hidden: true });
  await until('it listens', () => peer !== undefined && (app.offers('tray') ? hasProfiles() : true));
});
afterEach(async () => {
  await app[Symbol.asyncDispose]();
  await helper.stop();
  await bus.stop();
});

const hasProfiles = async (): Promise<boolean> => (await app.tray.menu()).includes('"Work"');
const tell = (...tunnels: TunnelStatus[]): void => peer?.sendEvent({ topic: 'status', status: { tunnels } });
const toasts = (): Promise<string[]> => app.host.toasts();
const all = (): Promise<string[]> => app.host.notifications();
/** The tray tells what has been heard. */
const heard = (state: string) =>
  until(`the tray tells ${state}`, async () => (await app.tray.tooltip()).endsWith(state));

describe('a toast', () => {
  it('takes the place of the one before, and brings the window', async () => {
    if (!app.offers('notifications')) return;
    for (const [tunnel, title] of [
      [CONNECTED, 'Connected: '],
      [bare('reconnecting'), 'Connection lost: '],
      [CONNECTED, 'Connected again: '],
      [bare('failed'), 'Work: could not connect: '],
    ] as const) {
      tell(tunnel);
      await until(`${title}is in sight`, async () => (await toasts())[0]?.startsWith(title) ?? false);
      expect(await toasts()).toHaveLength(1);
    }
    expect(await all()).toHaveLength(4);
    await app.host.clickToast();
    expect(await app.window.isVisible()).toBe(true);
    expect(await toasts()).toEqual([]);
  });

  it('is not shown for what the person does in the tray, nor to whoever looks at the window', async () => {
    if (!app.offers('notifications')) return;
    tell(CONNECTED);
    await heard('Connected');
    await until('the menu knows it', async () => (await app.tray.menu()).includes('Disconnect Work'));
    await app.tray.choose('Disconnect Work');
    await helper.called('tunnel.down');
    tell(bare('disconnecting'));
    tell(bare('disconnected'));
    await heard('Not connected');
    expect(await all()).toHaveLength(1);
    await app.host.startAgain();
    tell(CONNECTED);
    await heard('Connected');
    expect(await all()).toHaveLength(1);
  });

  it('that is minor is not shown where only important ones are wanted, and takes away what is no longer true', async () => {
    if (!app.offers('notifications')) return;
    await app.tray.choose('Only important notifications');
    tell(CONNECTED);
    await heard('Connected');
    expect(await toasts()).toEqual([]);
    tell(bare('reconnecting'));
    await until('the loss is in sight', async () => (await toasts()).length === 1);
    tell(CONNECTED);
    await heard('Connected');
    expect(await toasts()).toEqual([]);
    expect(await all()).toHaveLength(1);
  });

  it('tells that nobody knows where the helper ends under a tunnel', async () => {
    if (!app.offers('notifications')) return;
    tell(CONNECTED);
    await heard('Connected');
    await helper.stop();
    await until('both were told', async () => (await all()).length === 2);
    expect(await toasts()).toEqual([
      'The background service does not answer: Whether Work still protects you cannot be told.',
    ]);
    helper = await FakeHelper.start({});
  });
});
