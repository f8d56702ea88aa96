/** How the tray is drawn: when, how often, and that a changed menu is set again whole, as StatusNotifier hosts need it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TunnelStatus } from '#core/ipc/contract.ts';
import { LANGUAGES } from '#core/text/languages.ts';
import { TrayView } from '#electron/tray.ts';
import { type TrayAction, type TrayModel, trayModel } from '#electron/tray-model.ts';
import { WORDS } from '#electron/words.ts';
import { bare, CONNECTED, summary } from '#test/fakes/statuses.ts';

interface Item {
  readonly label?: string;
  readonly enabled?: boolean;
  readonly type?: string;
  readonly checked?: boolean;
  readonly submenu?: readonly Item[];
  readonly click?: () => void;
}

/** What Electron was told, in order. */
const told = vi.hoisted(() => ({
  images: [] as string[],
  tooltips: [] as string[],
  menus: [] as Item[][],
  clicked: undefined as (() => void) | undefined,
  themed: undefined as (() => void) | undefined,
  isDark: false,
  isDestroyed: false,
}));

vi.mock('electron', () => ({
  Tray: class {
    on(_: 'click', then: () => void): void {
      told.clicked = then;
    }
    setImage = (image: string): void => void told.images.push(image);
    setToolTip = (text: string): void => void told.tooltips.push(text);
    setContextMenu = (menu: Item[]): void => void told.menus.push(menu);
    destroy(): void {
      told.isDestroyed = true;
    }
  },
  Menu: { buildFromTemplate: (items: Item[]) => items },
  nativeImage: { createFromPath: (path: string) => path },
  nativeTheme: {
    on: (_: 'updated', then: () => void) => void (told.themed = then),
    get shouldUseDarkColors() {
      return told.isDark;
    },
  },
}));

const PROFILES = [summary('work', { name: 'Work' }), summary('lab', { name: 'R&D' })];
const model = (tunnels: readonly TunnelStatus[] = [], words = WORDS.en): TrayModel =>
  trayModel({
    link: { state: 'up', helper: 'aditd' },
    status: { tunnels: [...tunnels] },
    profiles: PROFILES,
    mute: false,
    words,
  });
const labels = (items: readonly Item[] = []): string[] =>
  items.flatMap(({ label = '', submenu }) => [label, ...labels(submenu)]);

const actions: TrayAction[] = [];
let view: TrayView;
beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(told, { images: [], tooltips: [], menus: [], isDark: false, isDestroyed: false });
  actions.length = 0;
  view = new TrayView('/icons', model(), (action) => actions.push(action));
  vi.advanceTimersByTime(5_000);
});
afterEach(() => {
  view.destroy();
  vi.useRealTimers();
});

describe('events at 10 Hz', () => {
  /** Ten seconds of them; answers how often each was set. */
  const listen = (at: (tenth: number) => TrayModel) => {
    const before = { images: told.images.length, menus: told.menus.length };
    for (let tenth = 0; tenth < 100; tenth++) {
      view.show(at(tenth));
      vi.advanceTimersByTime(100);
    }
    return { images: told.images.length - before.images, menus: told.menus.length - before.menus };
  };

  it('that differ each time set the menu once a second, and the icon five times', () => {
    const { images, menus } = listen((tenth) => model(tenth % 2 === 0 ? [CONNECTED] : [bare('failed')]));
    expect(menus).toBeGreaterThan(5);
    expect(menus).toBeLessThanOrEqual(10);
    expect(images).toBeLessThanOrEqual(50);
  });

  it('of counters alone set nothing', () => {
    view.show(model([CONNECTED]));
    vi.advanceTimersByTime(5_000);
    const counted = (tenth: number): TunnelStatus => ({
      ...CONNECTED,
      children: CONNECTED.children.map((child) => ({ ...child, bytesIn: tenth * 125_000_000 })),
    });
    expect(listen((tenth) => model([counted(tenth)]))).toEqual({ images: 0, menus: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a change', () => {
  it('after a quiet time shows at once', () => {
    view.show(model([CONNECTED]));
    expect(told.images.at(-1)).toBe('/icons/secured-light.png');
    expect(labels(told.menus.at(-1))).toContain('Disconnect Work');
  });

  it('that comes too soon is not lost: the last one is shown, a second later at most', () => {
    view.show(model([bare('connecting')]));
    view.show(model([bare('failed')]));
    view.show(model([CONNECTED]));
    vi.advanceTimersByTime(200);
    expect(told.images.at(-1)).toBe('/icons/secured-light.png');
    expect(told.images).not.toContain('/icons/attention-light.png');
    vi.advanceTimersByTime(800);
    expect(labels(told.menus.at(-1))[0]).toBe('Work: Connected');
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('sets a whole new menu each time, never the old one again', () => {
    for (const state of ['connecting', 'connected', 'failed', 'disconnected'] as const) {
      const before = told.menus.length;
      view.show(model([bare(state)]));
      vi.advanceTimersByTime(1_000);
      expect(told.menus.length).toBe(before + 1);
      expect(told.menus.at(-1)).not.toBe(told.menus.at(-2));
    }
  });

  it('of the language sets the menu again in its words', () => {
    for (const language of LANGUAGES.toReversed()) {
      view.show(model([CONNECTED], WORDS[language]));
      vi.advanceTimersByTime(1_000);
      expect(labels(told.menus.at(-1))).toContain(WORDS[language].open);
      expect(told.tooltips.at(-1)).toContain(WORDS[language].states.connected);
    }
  });

  it('of the theme takes the other icon, and leaves the menu', () => {
    const menus = told.menus.length;
    told.isDark = true;
    told.themed?.();
    expect(told.images.at(-1)).toBe('/icons/exposed-dark.png');
    expect(told.menus.length).toBe(menus);
  });
});

it('does what is chosen, opens at a click, and marks no key by the ampersand of a name', () => {
  const menu = told.menus.at(-1) ?? [];
  expect(labels(menu)).toContain('R&&D');
  menu
    .flatMap(({ submenu = [] }) => submenu)
    .find(({ label }) => label === 'R&&D')
    ?.click?.();
  told.clicked?.();
  expect(actions).toEqual([{ do: 'connect', profile: 'lab' }, { do: 'open' }]);
});

it('draws nothing after its end', () => {
  view.show(model([CONNECTED]));
  view.show(model([bare('failed')]));
  const before = told.menus.length;
  view.destroy();
  vi.advanceTimersByTime(5_000);
  expect(told.menus.length).toBe(before);
  expect(told.isDestroyed).toBe(true);
});
