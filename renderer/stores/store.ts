/** One store of slices, a subject each. Bridge and timer come in, so that tests need neither window nor time. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Bridge } from '#electron/bridge-contract.ts';
import { type EditingSlice, editingSlice, isUnsaved } from './editing.ts';
import { type ExpirySlice, expirySlice } from './expiry.ts';
import { type OpenedSlice, openedSlice } from './opened.ts';
import { type LogSlice, logSlice } from './log.ts';
import { type LockdownSlice, lockdownSlice } from './lockdown.ts';
import { type ProfilesSlice, profilesSlice } from './profiles.ts';
import { type ThroughputSlice, throughputSlice } from './throughput.ts';
import { type SettingsSlice, settingsSlice } from './settings.ts';
import { type TunnelsSlice, tunnelsSlice } from './tunnels.ts';
import { type UiSlice, uiSlice } from './ui.ts';

export type AppStore = OpenedSlice &
  EditingSlice &
  ExpirySlice &
  TunnelsSlice &
  LockdownSlice &
  ProfilesSlice &
  SettingsSlice &
  ThroughputSlice &
  LogSlice &
  UiSlice;

export interface Surroundings {
  readonly bridge: Bridge;
  /** Returns how to cancel. */
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly setTimer: (ms: number, then: () => void) => () => void;
}

export type Slice<S> = (
  set: (change: Partial<AppStore>) => void,
  get: () => AppStore,
  surroundings: Surroundings,
) => S;

export function createAppStore(surroundings: Surroundings): StoreApi<AppStore> {
  return createStore<AppStore>()((set, get) => ({
    ...tunnelsSlice(set, get, surroundings),
    ...lockdownSlice(set, get, surroundings),
    ...profilesSlice(set, get, surroundings),
    ...openedSlice(set, get, surroundings),
    ...editingSlice(set, get, surroundings),
    ...expirySlice(set, get, surroundings),
    ...settingsSlice(set, get, surroundings),
    ...throughputSlice(set, get, surroundings),
    ...logSlice(set, get, surroundings),
    ...uiSlice(set, get, surroundings),
  }));
}

/** Follows the main process. Returns how to end it. */
export function follow(store: StoreApi<AppStore>, bridge: Bridge): () => void {
  const stop = bridge.onEvent((event) => {
    const {
      receiveLink,
      receiveTunnels,
      receiveLockdown,
      receiveProfiles,
      receiveSettings,
      receiveLog,
      receiveWanted,
      finishEdit,
    } = store.getState();
    if (event.topic === 'link') receiveLink(event.link);
    else if (event.topic === 'status') {
      receiveTunnels(event.status?.tunnels);
      receiveLockdown(event.status?.lockdown);
    } else if (event.topic === 'settings') receiveSettings(event.settings, event.trayHost);
    else if (event.topic === 'log') receiveLog(event);
    else if (event.topic === 'wanted') receiveWanted(event);
    else if (event.topic === 'unsaved') void finishEdit(event.wish);
    else receiveProfiles(event.profiles);
  });
  const stopTelling = store.subscribe(({ editing }, before) => {
    if (editing === before.editing) return;
    const unsaved = isUnsaved(editing);
    if (unsaved !== isUnsaved(before.editing)) void bridge.call('app.unsaved', { unsaved });
  });
  void begin(store, bridge);
  return () => {
    stop();
    stopTelling();
  };
}

async function begin(store: StoreApi<AppStore>, bridge: Bridge): Promise<void> {
  const answer = await bridge.call('app.state', {});
  if (answer.ok) store.getState().receiveState(answer.result);
}
