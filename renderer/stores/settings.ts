/** What the person set, as the main process keeps it; a change shows at once and is put right by its answer. */
import type { SettingsChange, ShownSettings, TrayHost } from '#electron/bridge-contract.ts';
import type { Slice } from './store.ts';

export interface SettingsSlice {
  /** Undefined until the main process has told them. */
  readonly settings: ShownSettings | undefined;
  readonly trayHost: TrayHost;
  readonly version: string;
  readonly receiveSettings: (settings: ShownSettings, trayHost: TrayHost) => void;
  readonly changeSettings: (change: SettingsChange) => Promise<void>;
  readonly quit: () => Promise<void>;
}

export const settingsSlice: Slice<SettingsSlice> = (set, get, { bridge }) => ({
  settings: undefined,
  trayHost: 'unknown',
  version: '',
  receiveSettings: (settings, trayHost) => set({ settings, trayHost }),
  async changeSettings(change) {
    const { settings } = get();
    if (!settings) return;
    set({ settings: { ...settings, ...definedOf(change) } });
    const answer = await bridge.call('app.settings.set', change);
    if (answer.ok) set({ settings: answer.result });
    else set({ settings, problem: { kind: 'said', message: answer.problem.message } });
  },
  async quit() {
    await bridge.call('app.quit', {});
  },
});

/** Without keys that are there and undefined. */
const definedOf = (change: SettingsChange): Partial<ShownSettings> =>
  Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
