/** The profile that is looked at: what it holds, its certificates, its secrets by name, and how it is written for others. */
import type { BridgeAnswer, ReadProfile } from '#electron/bridge-contract.ts';
import type { Params, Result } from '#core/ipc/contract.ts';
import type { CertificateEntry, ExportedAs } from '#core/ipc/profile-calls.ts';
import type { ExportReason } from '#core/profile/export-reason.ts';
import type { Slice } from './store.ts';

/** What can be given again, by the name the helper has for it. */
export type GivenSecret = Params<'profiles.forgetSecret'>['which'];

/** What `profiles.setSecret` calls each of them. */
const SET_AS = {
  psk: 'psk',
  ppk: 'ppk',
  password: 'password',
  pkcs12Password: 'p12Password',
  privateKeyPassword: 'privateKeyPassword',
} as const satisfies Readonly<Record<GivenSecret, keyof Params<'profiles.setSecret'>>>;

/** What was asked for: an answer, a refusal in words, or neither yet. */
export interface Asked<T> {
  readonly value?: T;
  readonly problem?: string;
}

export interface Opened {
  readonly id: string;
  readonly read: Asked<ReadProfile>;
  readonly certificates: Asked<readonly CertificateEntry[]>;
  /** A change that a running tunnel does not have yet. */
  readonly waits: boolean;
}

export interface Exporting {
  readonly format: ExportedAs;
  readonly result: Asked<Result<'profiles.export'>> & { readonly why?: ExportReason | undefined };
  /** Names of files that were saved. */
  readonly saved: readonly string[];
}

export interface OpenedSlice {
  readonly opened: Opened | undefined;
  readonly exporting: Exporting | undefined;
  readonly openProfile: (id: string) => Promise<void>;
  /** Reads it again, in the view that is shown. */
  readonly readOpened: () => Promise<void>;
  readonly forgetSecret: (which: GivenSecret) => Promise<void>;
  /** `octets` in base64. Answers with what the helper has against it. */
  readonly giveSecret: (which: GivenSecret, octets: string) => Promise<string | undefined>;
  readonly reconnectOpened: () => Promise<void>;
  readonly exportAs: (format: ExportedAs) => Promise<void>;
  /** The files of the export, one after the other, until the person cancels. */
  readonly saveExport: () => Promise<void>;
}

export const openedSlice: Slice<OpenedSlice> = (set, get, { bridge }) => {
  /** Answers for a profile that is no longer looked at go nowhere. */
  const change = (id: string, part: Partial<Opened>): void => {
    const { opened } = get();
    if (opened?.id === id) set({ opened: { ...opened, ...part } });
  };
  const told = (answer: BridgeAnswer<'profiles.forgetSecret' | 'tunnel.reconnect'>) => {
    if (!answer.ok) get().report({ kind: 'said', message: answer.problem.message });
    return answer.ok;
  };

  return {
    opened: undefined,
    exporting: undefined,
    async openProfile(id) {
      set({ opened: { id, read: {}, certificates: {}, waits: false }, exporting: undefined });
      get().go('profile');
      await get().readOpened();
    },
    async readOpened() {
      const id = get().opened?.id;
      if (id === undefined) return;
      const [read, listed] = await Promise.all([
        bridge.call('profiles.get', { id }),
        bridge.call('profiles.certificates', { id }),
      ]);
      change(id, {
        read: read.ok ? { value: read.result } : { problem: read.problem.message },
        certificates: listed.ok ? { value: listed.result.certificates } : { problem: listed.problem.message },
      });
    },
    async forgetSecret(which) {
      const id = get().opened?.id;
      if (id !== undefined && told(await bridge.call('profiles.forgetSecret', { id, which })))
        await get().readOpened();
    },
    async giveSecret(which, octets) {
      const id = get().opened?.id;
      if (id === undefined) return undefined;
      const answer = await bridge.call('profiles.setSecret', { id, [SET_AS[which]]: octets });
      if (!answer.ok) return answer.problem.message;
      await get().readOpened();
      return undefined;
    },
    async reconnectOpened() {
      const id = get().opened?.id;
      if (id !== undefined && told(await bridge.call('tunnel.reconnect', { id })))
        change(id, { waits: false });
    },
    async exportAs(format) {
      const id = get().opened?.id;
      if (id === undefined) return;
      set({ exporting: { format, result: {}, saved: [] } });
      const answer = await bridge.call('profiles.export', { id, format });
      // Another format was chosen meanwhile, or another profile.
      if (get().exporting?.format !== format || get().opened?.id !== id) return;
      const result = answer.ok
        ? { value: answer.result }
        : { problem: answer.problem.message, why: answer.problem.problems?.[0]?.why };
      set({ exporting: { format, result, saved: [] } });
    },
    async saveExport() {
      const asked = get().exporting;
      for (const { name, content } of asked?.result.value?.files ?? []) {
        const answer = await bridge.call('app.save', { name, content });
        if (!answer.ok) get().report({ kind: 'said', message: answer.problem.message });
        if (!answer.ok || !answer.result.saved) return;
        const now = get().exporting;
        if (now?.result === asked?.result && now) set({ exporting: { ...now, saved: [...now.saved, name] } });
      }
    },
  };
};
