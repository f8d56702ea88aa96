/** Lockdown in the window: what is shown of a click before it is answered, and what may be called blocked. */
import { describe, expect, it } from 'vitest';
import { type TunnelState, tunnelStateSchema } from '#core/ipc/contract.ts';
import type { Bridge, BridgeAnswer, BridgeEvent } from '#electron/bridge-contract.ts';
import { holdsWords, inForce, mayStrand } from '#renderer/features/lockdown/lockdown-model.ts';
import { LOOKS, underLockdown } from '#renderer/features/tunnel/presentation.ts';
import { activeLockdown, switchedLockdown } from '#renderer/stores/lockdown.ts';
import { createAppStore, follow } from '#renderer/stores/store.ts';
import { bare, CONNECTED, LOCKED, UNLOCKED } from '#test/fakes/statuses.ts';

type Answer = BridgeAnswer<'lockdown.set'>;

/** A window whose calls wait until the test answers them. */
function setUp() {
  const waiting: { readonly params: unknown; readonly answer: (answer: Answer) => void }[] = [];
  let listener: (event: BridgeEvent) => void = () => {};
  const bridge = {
    call(name: string, params: unknown) {
      if (name !== 'lockdown.set')
        return Promise.resolve({ ok: false, problem: { kind: 'failed', message: '' } });
      return new Promise<Answer>((resolve) => waiting.push({ params, answer: resolve }));
    },
    onEvent(heard: (event: BridgeEvent) => void) {
      listener = heard;
      return () => {};
    },
  } as unknown as Bridge;
  const store = createAppStore({ bridge, now: () => 0, setTimer: () => () => {} });
  follow(store, bridge);
  return {
    store,
    waiting,
    hear: (event: BridgeEvent) => listener(event),
    switched: () => switchedLockdown(store.getState()),
    active: () => activeLockdown(store.getState()),
  };
}

describe('a click that switches lockdown on', () => {
  it('shows in the switch at once, and holds nothing back before the helper says so', async () => {
    const { store, waiting, switched, active } = setUp();
    store.getState().receiveLockdown(UNLOCKED);
    const clicked = store.getState().setLockdown({ on: true, lan: false });
    expect(switched()).toEqual(LOCKED);
    expect(active()).toBeUndefined();
    expect(waiting[0]?.params).toEqual({ on: true, lan: false });
    waiting[0]?.answer({ ok: true, result: LOCKED });
    await clicked;
    expect(active()).toEqual(LOCKED);
    expect(store.getState().lockdownWish).toBeUndefined();
  });

  it('is taken back with the words of a refusal', async () => {
    const { store, waiting, switched } = setUp();
    store.getState().receiveLockdown(UNLOCKED);
    const clicked = store.getState().setLockdown({ on: true, lan: false });
    waiting[0]?.answer({ ok: false, problem: { kind: 'refused', message: 'nft is missing' } });
    await clicked;
    expect(switched()).toEqual(UNLOCKED);
    expect(store.getState().problem).toEqual({ kind: 'said', message: 'nft is missing' });
  });

  it('is not put right by counters that come in between, nor by the answer to the click before', async () => {
    const { store, waiting, switched } = setUp();
    store.getState().receiveLockdown(UNLOCKED);
    const first = store.getState().setLockdown({ on: true, lan: false });
    store.getState().receiveLockdown({ ...UNLOCKED });
    expect(switched()?.on).toBe(true);
    const second = store.getState().setLockdown({ on: true, lan: true });
    waiting[0]?.answer({ ok: true, result: LOCKED });
    await first;
    expect(switched()?.lan).toBe(true);
    waiting[1]?.answer({ ok: true, result: { ...LOCKED, lan: true } });
    await second;
    expect(store.getState().lockdown).toEqual({ ...LOCKED, lan: true });
  });
});

describe('a click that switches it off', () => {
  it('lets nothing be called blocked any more, unless it is refused', async () => {
    const { store, waiting, active } = setUp();
    store.getState().receiveLockdown(LOCKED);
    const clicked = store.getState().setLockdown({ on: false, lan: false });
    expect(active()).toBeUndefined();
    waiting[0]?.answer({ ok: false, problem: { kind: 'refused', message: 'no' } });
    await clicked;
    expect(active()).toEqual(LOCKED);
  });
});

describe('the helper’s word', () => {
  it('comes with each status, and goes with the helper', () => {
    const { store, hear } = setUp();
    hear({ topic: 'status', status: { tunnels: [], lockdown: LOCKED } });
    const { lockdown } = store.getState();
    expect(lockdown).toEqual(LOCKED);
    hear({ topic: 'status', status: { tunnels: [], lockdown: { ...LOCKED } } });
    expect(store.getState().lockdown).toBe(lockdown);
    for (const change of [{ on: false }, { lan: true }, { byAdmin: true }, { fault: 'x' }]) {
      hear({ topic: 'status', status: { tunnels: [], lockdown: { ...LOCKED, ...change } } });
      expect(store.getState().lockdown).toMatchObject(change);
      store.getState().receiveLockdown(LOCKED);
    }
    hear({ topic: 'status', status: undefined });
    expect(store.getState().lockdown).toBeUndefined();
  });

  it('why the tray could not switch it off is said in the main view, with the profile that was there', () => {
    const { store, hear } = setUp();
    store.getState().select('lab');
    store.getState().go('settings');
    hear({ topic: 'wanted', problem: 'no' });
    expect(store.getState()).toMatchObject({
      view: 'tunnel',
      selected: 'lab',
      problem: { kind: 'said', message: 'no' },
      askingFor: undefined,
    });
  });
});

describe('blocked', () => {
  it('is what is not connected and held back, and looks like nothing else', () => {
    const shown = tunnelStateSchema.options.map((state) => underLockdown(state, true));
    expect(shown).toEqual(
      tunnelStateSchema.options.map((state) => (state === 'disconnected' ? 'blocked' : state)),
    );
    expect(underLockdown('disconnected', false)).toBe('disconnected');
    const others = Object.entries(LOOKS).filter(([state]) => state !== 'blocked');
    for (const [, { mark, heading }] of others) {
      expect(mark).not.toBe(LOOKS.blocked.mark);
      expect(heading).not.toBe(LOOKS.blocked.heading);
    }
  });

  it('is not what a fault lets through', () => {
    expect(inForce(LOCKED)).toBe(LOCKED);
    expect([undefined, UNLOCKED, { ...LOCKED, fault: 'nft is missing' }].map(inForce)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('says what leaves all the same', () => {
    expect(holdsWords(LOCKED, 0)).toBe('lockdown.holds');
    expect(holdsWords({ ...LOCKED, lan: true }, 0)).toBe('lockdown.holds.lan');
    expect(holdsWords(LOCKED, 1)).toBe('lockdown.holds.others');
    expect(holdsWords({ ...LOCKED, lan: true }, 2)).toBe('lockdown.holds.others.lan');
  });
});

describe('the way out', () => {
  const some = {
    ...CONNECTED,
    children: CONNECTED.children.map((child) => ({ ...child, remoteTs: ['10.0.0.0/8'] })),
  };

  it.each(tunnelStateSchema.options)(
    'is in sight while a tunnel is %s, but where one takes everything',
    (state: TunnelState) => {
      expect(mayStrand(LOCKED, state, bare(state))).toBe(true);
      expect(mayStrand(LOCKED, state)).toBe(true);
    },
  );

  it('is in sight where a tunnel leaves something blocked, or lockdown has a fault', () => {
    expect(mayStrand(LOCKED, 'connected', CONNECTED)).toBe(false);
    expect(mayStrand(LOCKED, 'connected', some)).toBe(true);
    expect(mayStrand({ ...LOCKED, fault: 'x' }, 'connected', CONNECTED)).toBe(true);
  });
});
