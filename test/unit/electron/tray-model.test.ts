/** What the tray shows in each state, and what it never shows. */
import { describe, expect, it } from 'vitest';
import { tunnelStateSchema } from '#core/ipc/contract.ts';
import { type Known, type TrayItem, trayModel } from '#electron/tray-model.ts';
import { WORDS } from '#electron/words.ts';
import { bare, CONNECTED, summary } from '#test/fakes/statuses.ts';

const known = (change: Partial<Known> = {}): Known => ({
  link: { state: 'up', helper: 'aditd' },
  status: { tunnels: [] },
  profiles: [summary('work', { name: 'Work' }), summary('lab', { name: 'Lab' })],
  mute: false,
  words: WORDS.en,
  ...change,
});

const labels = (items: readonly TrayItem[]): string[] =>
  items.flatMap((item) =>
    item.kind === 'separator'
      ? []
      : item.kind === 'menu'
        ? [item.label, ...labels(item.items)]
        : [item.label],
  );

describe('the icon', () => {
  it.each([
    ['disconnected', 'exposed'],
    ['connecting', 'securing'],
    ['connected', 'secured'],
    ['reconnecting', 'securing'],
    ['disconnecting', 'securing'],
    ['failed', 'attention'],
  ] as const)('%s: %s', (state, icon) => {
    expect(trayModel(known({ status: { tunnels: [bare(state)] } })).icon).toBe(icon);
  });

  it('shows the worst of several tunnels', () => {
    const other = bare('failed', { profile: { id: 'lab', name: 'Lab' } });
    expect(trayModel(known({ status: { tunnels: [CONNECTED, other] } })).icon).toBe('attention');
  });

  it('never looks secured without a helper to say so', () => {
    const link = { state: 'down', problem: 'lost', detail: '', socket: '' } as const;
    const model = trayModel(known({ link, status: { tunnels: [CONNECTED] } }));
    expect(model.icon).toBe('attention');
    expect(model.tooltip).toContain('lost');
    expect(labels(model.menu)).not.toContain('Connect');
  });
});

describe('the menu', () => {
  it('offers every idle profile, and to disconnect what is up', () => {
    const { menu } = trayModel(known({ status: { tunnels: [CONNECTED] } }));
    expect(labels(menu)).toEqual(expect.arrayContaining(['Disconnect Work', 'Connect', 'Lab', 'Open Adit']));
    expect(labels(menu)).not.toContain('Work');
  });

  it('says what quitting does to a tunnel, in every state', () => {
    for (const state of tunnelStateSchema.options) {
      const all = labels(trayModel(known({ status: { tunnels: [bare(state)] } })).menu);
      const active = state !== 'disconnected' && state !== 'failed';
      expect(all.includes('Quit interface, keep the tunnel')).toBe(active);
      expect(all.includes('Quit Adit')).toBe(!active);
    }
  });

  it('stays on the screen with two hundred profiles', () => {
    const profiles = Array.from({ length: 200 }, (_, at) => summary(`p${at}`));
    expect(labels(trayModel(known({ profiles })).menu).length).toBeLessThan(25);
  });

  it('shows names as they are, without marks that turn text around', () => {
    const profiles = [summary('evil', { name: '\u202egro.live' })];
    expect(labels(trayModel(known({ profiles })).menu)).toContain('\\u{202e}gro.live');
  });
});
