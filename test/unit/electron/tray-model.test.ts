/** What the tray shows in each state, and what it never shows. */
import { describe, expect, it } from 'vitest';
import { type TunnelStatus, tunnelStateSchema } from '#core/ipc/contract.ts';
import { type Known, type TrayItem, trayModel } from '#electron/tray-model.ts';
import { WORDS } from '#electron/words.ts';
import { bare, CONNECTED, LOCKED, summary, UNLOCKED } from '#test/fakes/statuses.ts';

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

describe('lockdown', () => {
  const FAULTY = { ...LOCKED, fault: 'nft is missing' };
  const shown = (lockdown: typeof LOCKED, ...tunnels: TunnelStatus[]) =>
    trayModel(known({ status: { tunnels, lockdown } }));

  it.each([
    ['nothing', [], LOCKED, 'attention', 'Blocked: lockdown is on'],
    ['nothing, and off', [], UNLOCKED, 'exposed', 'Not connected'],
    ['nothing, with a fault', [], FAULTY, 'attention', 'Lockdown is not in force'],
    ['a tunnel', [CONNECTED], LOCKED, 'secured', 'Work: Connected'],
    ['a tunnel, with a fault', [CONNECTED], FAULTY, 'attention', 'Lockdown is not in force; Work: Connected'],
    [
      'one in the making',
      [bare('connecting')],
      LOCKED,
      'securing',
      'Blocked: lockdown is on; Work: Connecting…',
    ],
    ['a failure', [bare('failed')], LOCKED, 'attention', 'Blocked: lockdown is on; Work: Could not connect'],
  ] as const)('with %s', (_, tunnels, lockdown, icon, line) => {
    expect(shown(lockdown, ...tunnels)).toMatchObject({ icon, tooltip: `Adit: ${line}` });
  });

  it('is switched off from the menu whenever it is on, but not where an administrator switched it on', () => {
    const offered = (lockdown: typeof LOCKED, ...tunnels: TunnelStatus[]): boolean =>
      labels(shown(lockdown, ...tunnels).menu).includes('Switch lockdown off');
    for (const state of tunnelStateSchema.options) expect(offered(LOCKED, bare(state))).toBe(true);
    expect(offered(FAULTY)).toBe(true);
    expect(offered(UNLOCKED)).toBe(false);
    expect(offered({ ...LOCKED, byAdmin: true })).toBe(false);
    const link = { state: 'down', problem: 'lost', detail: '', socket: '' } as const;
    expect(labels(trayModel(known({ link, status: undefined })).menu)).not.toContain('Switch lockdown off');
  });
});
