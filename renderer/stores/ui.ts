/** Where the person is, and what went wrong with what they just did. */
import type { AppState, HelperLink, RepairOutcome } from '#electron/bridge-contract.ts';
import { base64Of } from '../format/base64.ts';
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
  | 'settings'
  | 'logs'
  | 'report'
  | 'about';

export type Problem =
  /** The helper's or the main process's own words. */
  { readonly kind: 'said'; readonly message: string } | { readonly kind: 'slow' };

export interface UiSlice {
  readonly view: View;
  readonly link: HelperLink;
  readonly canRepair: boolean;
  readonly commandByHand: string;
  /** Somebody is being asked for an administrator's password. */
  readonly repairing: boolean;
  /** What became of the last repair. */
  readonly repaired: RepairOutcome | undefined;
  readonly problem: Problem | undefined;
  /** The view that led to the problem report: the way back. */
  readonly reportFrom: View;
  readonly go: (view: View) => void;
  readonly back: () => void;
  readonly report: (problem: Problem) => void;
  readonly dismissProblem: () => void;
  readonly receiveLink: (link: HelperLink) => void;
  readonly receiveState: (state: AppState) => void;
  readonly reconnect: () => Promise<void>;
  readonly repair: () => Promise<void>;
  readonly copy: (text: string) => Promise<void>;
  /** The person chooses where; true when it is written. */
  readonly saveText: (name: string, text: string) => Promise<boolean>;
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
  logs: 'settings',
  report: 'settings',
  about: 'settings',
};

export const uiSlice: Slice<UiSlice> = (set, get, { bridge }) => ({
  view: 'tunnel',
  link: { state: 'connecting' },
  canRepair: false,
  commandByHand: '',
  repairing: false,
  repaired: undefined,
  problem: undefined,
  reportFrom: ABOVE.report,
  go(view) {
    set({ view, problem: undefined, ...(view === 'report' ? { reportFrom: get().view } : {}) });
  },
  back() {
    const { view, reportFrom } = get();
    if (view === 'edit' && !get().mayLeaveEdit()) return;
    // What was given to open a file goes with it.
    if (view === 'import') set({ import: undefined });
    set({ view: view === 'report' ? reportFrom : ABOVE[view], problem: undefined });
  },
  report: (problem) => set({ problem }),
  dismissProblem: () => set({ problem: undefined }),
  receiveLink: (link) =>
    set({ link, ...(link.state === 'up' ? { repaired: undefined } : { askingFor: undefined }) }),
  receiveState({ status, wanted, ...state }) {
    set(state);
    get().receiveTunnels(status?.tunnels);
    get().receiveLockdown(status?.lockdown);
    if (wanted) get().receiveWanted(wanted);
  },
  async reconnect() {
    await bridge.call('app.reconnect', {});
  },
  async repair() {
    if (get().repairing) return;
    set({ repairing: true, repaired: undefined });
    const answer = await bridge.call('app.repair', {});
    const repaired: RepairOutcome = answer.ok
      ? answer.result
      : { outcome: 'failed', detail: answer.problem.message };
    set({ repairing: false, repaired });
  },
  async copy(text) {
    await bridge.call('app.copy', { text });
  },
  async saveText(name, text) {
    const answer = await bridge.call('app.save', { name, content: base64Of(text) });
    if (!answer.ok) set({ problem: { kind: 'said', message: answer.problem.message } });
    return answer.ok && answer.result.saved;
  },
});
