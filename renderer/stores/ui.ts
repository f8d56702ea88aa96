/** Where the person is, and what went wrong with what they just did. */
import type { AppState, HelperLink } from '#electron/bridge-contract.ts';
import type { Slice } from './store.ts';

export type View =
  | 'tunnel'
  | 'details'
  | 'profiles'
  | 'profile'
  | 'edit'
  | 'certificates'
  | 'export'
  | 'import'
  | 'settings';

export type Problem =
  /** The helper's or the main process's own words. */
  { readonly kind: 'said'; readonly message: string } | { readonly kind: 'slow' };

export interface UiSlice {
  readonly view: View;
  readonly link: HelperLink;
  readonly canRepair: boolean;
  readonly problem: Problem | undefined;
  readonly go: (view: View) => void;
  readonly back: () => void;
  readonly report: (problem: Problem) => void;
  readonly dismissProblem: () => void;
  readonly receiveLink: (link: HelperLink) => void;
  readonly receiveState: (state: AppState) => void;
  readonly reconnect: () => Promise<void>;
  readonly repair: () => Promise<void>;
  readonly copy: (text: string) => Promise<void>;
}

/** Up, from each view. */
const ABOVE: Readonly<Record<View, View>> = {
  tunnel: 'tunnel',
  details: 'tunnel',
  profiles: 'tunnel',
  profile: 'profiles',
  edit: 'profile',
  certificates: 'profile',
  export: 'profile',
  import: 'tunnel',
  settings: 'tunnel',
};

export const uiSlice: Slice<UiSlice> = (set, get, { bridge }) => ({
  view: 'tunnel',
  link: { state: 'connecting' },
  canRepair: false,
  problem: undefined,
  go: (view) => set({ view, problem: undefined }),
  back() {
    if (get().view === 'edit' && !get().mayLeaveEdit()) return;
    set({ view: ABOVE[get().view], problem: undefined });
  },
  report: (problem) => set({ problem }),
  dismissProblem: () => set({ problem: undefined }),
  receiveLink: (link) => set({ link }),
  receiveState({ link, status, profiles, canRepair, settings, trayHost, version }) {
    set({ link, profiles, canRepair, settings, trayHost, version });
    get().receiveTunnels(status?.tunnels);
  },
  async reconnect() {
    await bridge.call('app.reconnect', {});
  },
  async repair() {
    const answer = await bridge.call('app.repair', {});
    if (!answer.ok) set({ problem: { kind: 'said', message: answer.problem.message } });
  },
  async copy(text) {
    await bridge.call('app.copy', { text });
  },
});
