/** Clicks, what the helper makes of them, and what is shown in between. */
import { describe, expect, it } from 'vitest';
import type { Bridge, BridgeAnswer, BridgeCallName, BridgeEvent } from '#electron/bridge-contract.ts';
import { settingsSchema } from '#electron/settings.ts';
import { currentProfile, searched } from '#renderer/stores/profiles.ts';
import { createAppStore, follow } from '#renderer/stores/store.ts';
import { shownState, tunnelOf } from '#renderer/stores/tunnels.ts';
import { bare, CONNECTED, summary } from '#test/fakes/statuses.ts';

const SETTINGS = { ...settingsSchema.parse({}), startAtLogin: false };

type Reply = BridgeAnswer<BridgeCallName>;

const ACCEPTED: Reply = { ok: true, result: { accepted: true } };

function setUp(replies: Partial<Record<BridgeCallName, Reply>> = {}) {
  const calls: { name: string; params: unknown }[] = [];
  const timers: (() => void)[] = [];
  const clock = { now: 0 };
  let listener: (event: BridgeEvent) => void = () => {};
  const bridge = {
    call(name: BridgeCallName, params: unknown) {
      calls.push({ name, params });
      return Promise.resolve(replies[name] ?? ACCEPTED);
    },
    onEvent(heard: (event: BridgeEvent) => void) {
      listener = heard;
      return () => {};
    },
  } as Bridge;
  const store = createAppStore({
    bridge,
    now: () => clock.now,
    setTimer(_, then) {
      timers.push(then);
      return () => timers.splice(timers.indexOf(then), 1);
    },
  });
  const shown = () => shownState(tunnelOf(store.getState().tunnels, 'work'), store.getState().wishes['work']);
  return { store, bridge, calls, timers, clock, shown, hear: (event: BridgeEvent) => listener(event) };
}

describe('a click on connect', () => {
  it('shows at once, and then what the helper says', async () => {
    const { store, shown } = setUp();
    const clicked = store.getState().connect('work');
    expect(shown()).toBe('connecting');
    await clicked;
    expect(shown()).toBe('connecting');
    store.getState().receiveTunnels([bare('connecting', { since: '2026-11-21T09:00:00.000Z' })]);
    store.getState().receiveTunnels([CONNECTED]);
    expect(shown()).toBe('connected');
    expect(store.getState().wishes).toEqual({});
  });

  it('is taken back with the helper’s words where it refuses', async () => {
    const refusal: Reply = { ok: false, problem: { kind: 'refused', message: 'no' } };
    const { store, shown, timers } = setUp({ 'tunnel.up': refusal });
    await store.getState().connect('work');
    expect(shown()).toBe('disconnected');
    expect(store.getState().problem).toEqual({ kind: 'said', message: 'no' });
    expect(timers).toEqual([]);
  });

  it('is taken back where nothing follows in time', async () => {
    const { store, shown, timers } = setUp();
    await store.getState().connect('work');
    for (const timer of timers) timer();
    expect(shown()).toBe('disconnected');
    expect(store.getState().problem).toEqual({ kind: 'slow' });
  });

  it('again within the three seconds has three seconds of its own', async () => {
    const { store, shown, timers } = setUp();
    await store.getState().connect('work');
    store.getState().receiveTunnels([bare('failed', { since: '2026-11-21T09:00:00.000Z' })]);
    await store.getState().connect('work');
    expect(timers).toHaveLength(1);
    expect(shown()).toBe('connecting');
    timers[0]?.();
    expect(shown()).toBe('failed');
    expect(store.getState().problem).toEqual({ kind: 'slow' });
  });

  it('again is not taken back by a late refusal of the one before', async () => {
    const replies: { 'tunnel.up': Reply } = {
      'tunnel.up': { ok: false, problem: { kind: 'refused', message: 'no' } },
    };
    const { store, shown, timers } = setUp(replies);
    const first = store.getState().connect('work');
    replies['tunnel.up'] = ACCEPTED;
    await Promise.all([first, store.getState().connect('work')]);
    expect(shown()).toBe('connecting');
    expect(timers).toHaveLength(1);
  });

  it('is answered by a failure too, however quick', async () => {
    const { store, shown } = setUp();
    store.getState().receiveTunnels([bare('failed')]);
    await store.getState().connect('work');
    store.getState().receiveTunnels([bare('failed')]);
    expect(shown()).toBe('connecting');
    store.getState().receiveTunnels([bare('failed', { since: '2026-11-21T09:00:00.000Z' })]);
    expect(shown()).toBe('failed');
  });
});

describe('a click on disconnect', () => {
  it('shows at once, and holds through counters of the tunnel that still is', async () => {
    const { store, shown } = setUp();
    store.getState().receiveTunnels([CONNECTED]);
    await store.getState().disconnect('work');
    expect(shown()).toBe('disconnecting');
    store.getState().receiveTunnels([{ ...CONNECTED, children: [] }]);
    expect(shown()).toBe('disconnecting');
    store.getState().receiveTunnels([]);
    expect(shown()).toBe('disconnected');
  });
});

describe('an import', () => {
  const files = [{ name: 'a.json', content: 'e30=' }];
  const imported = (id: string | null): Reply => ({
    ok: true,
    result: { imported: [{ id, name: 'A', report: [], missingSecrets: [] }] },
  });

  it('is a dry run until it is saved', async () => {
    const { store, calls } = setUp({ 'profiles.import': imported('a') });
    await store.getState().preview(files);
    expect(calls).toEqual([{ name: 'profiles.import', params: { files, dryRun: true } }]);
    expect(store.getState()).toMatchObject({ view: 'import', import: { step: 'preview' } });
    await store.getState().saveImport();
    expect(calls[1]).toEqual({ name: 'profiles.import', params: { files, each: [{}], dryRun: false } });
    expect(store.getState()).toMatchObject({ view: 'tunnel', selected: 'a', import: undefined });
  });

  it('that is discarded while it is read stays discarded', async () => {
    const { store } = setUp({ 'profiles.import': imported(null) });
    const reading = store.getState().preview(files);
    store.getState().discardImport();
    await reading;
    expect(store.getState()).toMatchObject({ view: 'tunnel', import: undefined });
  });
});

describe('an import that is left by Escape', () => {
  const files = [{ name: 'a.p12', content: 'e30=' }];
  const locked: Reply = {
    ok: true,
    result: { imported: [{ id: null, name: 'A', report: [], missingSecrets: ['pkcs12Password'] }] },
  };

  it('is gone, with the password that was typed for its file', async () => {
    const { store } = setUp({ 'profiles.import': locked });
    await store.getState().preview(files);
    await store.getState().openImport(0, { p12Password: 'YWI=' });
    expect(JSON.stringify(store.getState().import)).toContain('YWI=');
    store.getState().back();
    expect(store.getState()).toMatchObject({ view: 'tunnel', import: undefined });
  });

  it('stays gone when the answer comes', async () => {
    const { store } = setUp({ 'profiles.import': locked });
    const reading = store.getState().preview(files);
    store.getState().back();
    await reading;
    expect(store.getState()).toMatchObject({ view: 'tunnel', import: undefined });
  });
});

describe('what was clicked in the tray', () => {
  const lab = summary('lab', { missingSecrets: ['psk'], storedSecrets: [] });

  it('leaves an import where it is, with the password that was typed for its file', async () => {
    const { store } = setUp({
      'profiles.import': {
        ok: true,
        result: { imported: [{ id: null, name: 'A', report: [], missingSecrets: ['pkcs12Password'] }] },
      },
    });
    store.getState().receiveProfiles([lab]);
    await store.getState().preview([{ name: 'a.p12', content: 'e30=' }]);
    await store.getState().openImport(0, { p12Password: 'YWI=' });
    store.getState().receiveWanted({ profile: 'lab' });
    expect(store.getState()).toMatchObject({ view: 'import', askingFor: 'lab', selected: 'lab' });
    expect(JSON.stringify(store.getState().import)).toContain('YWI=');
  });

  it('asks for no key of a profile that is gone, nor of the next one with its id', () => {
    const { store } = setUp();
    store.getState().receiveProfiles([lab]);
    store.getState().receiveWanted({ profile: 'lab' });
    store.getState().receiveProfiles([lab, summary('work')]);
    expect(store.getState().askingFor).toBe('lab');
    store.getState().receiveProfiles([summary('work')]);
    store.getState().receiveProfiles([lab, summary('work')]);
    expect(store.getState().askingFor).toBeUndefined();
  });
});

describe('a second import while the first is under way', () => {
  const second = [{ name: 'b.json', content: 'e30=' }];
  function slow() {
    const waiting: PromiseWithResolvers<Reply>[] = [];
    const { store, bridge } = setUp();
    bridge.call = (() => {
      const answer = Promise.withResolvers<Reply>();
      waiting.push(answer);
      return answer.promise;
    }) as typeof bridge.call;
    const answer = (at: number, name: string): void =>
      waiting[at]?.resolve({
        ok: true,
        result: { imported: [{ id: name, name, report: [], missingSecrets: [] }] },
      });
    return { store, answer };
  }
  const shownName = (step: unknown): unknown =>
    (step as { preview?: readonly { name: string }[] } | undefined)?.preview?.[0]?.name;

  it('is the one that is shown', async () => {
    const { store, answer } = slow();
    const first = store.getState().preview([{ name: 'a.json', content: 'e30=' }]);
    const other = store.getState().preview(second);
    answer(0, 'A');
    await first;
    expect(store.getState().import).toMatchObject({ step: 'reading', names: ['b.json'] });
    answer(1, 'B');
    await other;
    expect(shownName(store.getState().import)).toBe('B');
  });

  it('is not lost when the first has been saved', async () => {
    const { store, answer } = slow();
    const first = store.getState().preview([{ name: 'a.json', content: 'e30=' }]);
    answer(0, 'A');
    await first;
    const saving = store.getState().saveImport();
    const other = store.getState().preview(second);
    answer(2, 'B');
    await other;
    answer(1, 'A');
    await saving;
    expect(store.getState().view).toBe('import');
    expect(shownName(store.getState().import)).toBe('B');
  });
});

describe('a question', () => {
  const question = { id: 7, kind: 'password', prompt: 'Password', retry: false } as const;

  it('is answered once, in UTF-8, and kept only where the person says so', async () => {
    const { store, calls } = setUp();
    store.getState().receiveTunnels([bare('connecting', { question })]);
    await store.getState().answer('work', 7, 'süß', true);
    expect(calls).toEqual([
      { name: 'tunnel.answer', params: { id: 'work', question: 7, answer: 'c8O8w58=', remember: true } },
    ]);
    expect(tunnelOf(store.getState().tunnels, 'work')?.question).toBeNull();
  });

  it('is declined without an answer', async () => {
    const { store, calls } = setUp();
    store.getState().receiveTunnels([bare('connecting', { question })]);
    await store.getState().answer('work', 7);
    expect(calls).toEqual([{ name: 'tunnel.answer', params: { id: 'work', question: 7 } }]);
  });
});

describe('following the main process', () => {
  it('takes its state, then its events', async () => {
    const state: Reply = {
      ok: true,
      result: {
        link: { state: 'up', helper: 'aditd' },
        status: { tunnels: [CONNECTED] },
        profiles: [summary('work')],
        canRepair: true,
        commandByHand: 'sudo aditd',
        version: '1',
        settings: SETTINGS,
        trayHost: 'present',
        wanted: undefined,
      },
    };
    const { store, bridge, hear } = setUp({ 'app.state': state });
    follow(store, bridge);
    await Promise.resolve();
    await Promise.resolve();
    expect(store.getState()).toMatchObject({ link: { state: 'up' }, tunnels: [CONNECTED], canRepair: true });
    hear({ topic: 'link', link: { state: 'down', problem: 'lost', detail: '', socket: '' } });
    hear({ topic: 'status', status: undefined });
    hear({ topic: 'profiles', profiles: [] });
    expect(store.getState()).toMatchObject({ link: { state: 'down' }, tunnels: undefined, profiles: [] });
  });
});

describe('the profiles', () => {
  const profiles = [summary('a', { name: 'Ärzte' }), summary('b', { gateway: 'vpn.BERN.example' })];
  it('are found by name and gateway, whatever the case', () => {
    expect(searched(profiles, ' ärz ').map(({ id }) => id)).toEqual(['a']);
    expect(searched(profiles, 'bern').map(({ id }) => id)).toEqual(['b']);
    expect(searched(profiles, '')).toHaveLength(2);
  });
  it('begin with the chosen one, then the one that is up, then the first', () => {
    expect(currentProfile(profiles, 'b', ['a'])?.id).toBe('b');
    expect(currentProfile(profiles, 'gone', ['b'])?.id).toBe('b');
    expect(currentProfile(profiles, undefined, [])?.id).toBe('a');
  });
});
