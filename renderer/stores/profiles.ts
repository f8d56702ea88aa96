/** The profiles, and the way of a file into them: read, previewed by a dry run of the helper's, then saved. */
import type { ProfileSummary, Result } from '#core/ipc/contract.ts';
import type { Slice } from './store.ts';

export interface ImportFile {
  readonly name: string;
  /** base64 */
  readonly content: string;
}

export type Preview = Result<'profiles.import'>['imported'];

/** Where an import stands. */
export type Import =
  | { readonly step: 'reading'; readonly names: readonly string[] }
  | { readonly step: 'preview'; readonly files: readonly ImportFile[]; readonly preview: Preview }
  | { readonly step: 'failed'; readonly names: readonly string[]; readonly message: string };

export interface ProfilesSlice {
  readonly profiles: readonly ProfileSummary[];
  readonly import: Import | undefined;
  /** The one that the main view is about. */
  readonly selected: string | undefined;
  readonly receiveProfiles: (profiles: readonly ProfileSummary[]) => void;
  readonly select: (id: string) => void;
  /** Asks the helper what it makes of the files; nothing is stored. */
  readonly preview: (files: readonly ImportFile[]) => Promise<void>;
  readonly failImport: (names: readonly string[], message: string) => void;
  readonly discardImport: () => void;
  readonly saveImport: () => Promise<void>;
  readonly removeProfile: (id: string) => Promise<void>;
  readonly rememberSecret: (id: string, psk: string) => Promise<boolean>;
}

export const profilesSlice: Slice<ProfilesSlice> = (set, get, { bridge }) => ({
  profiles: [],
  import: undefined,
  selected: undefined,
  receiveProfiles: (profiles) => set({ profiles }),
  select: (selected) => set({ selected, problem: undefined }),
  async preview(files) {
    const names = files.map(({ name }) => name);
    set({ import: { step: 'reading', names } });
    get().go('import');
    const answer = await bridge.call('profiles.import', { files: [...files], dryRun: true });
    // Somebody who went away meanwhile wants no answer.
    if (get().import?.step !== 'reading') return;
    if (answer.ok) set({ import: { step: 'preview', files, preview: answer.result.imported } });
    else set({ import: { step: 'failed', names, message: answer.problem.message } });
  },
  failImport(names, message) {
    set({ import: { step: 'failed', names, message } });
    get().go('import');
  },
  discardImport() {
    set({ import: undefined });
    get().back();
  },
  async saveImport() {
    const current = get().import;
    if (current?.step !== 'preview') return;
    const answer = await bridge.call('profiles.import', { files: [...current.files], dryRun: false });
    if (answer.ok) {
      const first = answer.result.imported.find(({ id }) => id !== null)?.id;
      set({ import: undefined, ...(typeof first === 'string' ? { selected: first } : {}) });
      get().go('tunnel');
    } else {
      const names = current.files.map(({ name }) => name);
      set({ import: { step: 'failed', names, message: answer.problem.message } });
    }
  },
  async removeProfile(id) {
    const answer = await bridge.call('profiles.remove', { id });
    if (!answer.ok) get().report({ kind: 'said', message: answer.problem.message });
    else if (get().selected === id) set({ selected: undefined });
  },
  async rememberSecret(id, psk) {
    const answer = await bridge.call('profiles.setSecret', { id, psk });
    if (!answer.ok) get().report({ kind: 'said', message: answer.problem.message });
    return answer.ok;
  },
});

/** The profile of the main view: the chosen one, else one with a tunnel, else the first. */
export function currentProfile(
  profiles: readonly ProfileSummary[],
  selected: string | undefined,
  withTunnel: readonly string[],
): ProfileSummary | undefined {
  return (
    profiles.find(({ id }) => id === selected) ??
    profiles.find(({ id }) => withTunnel.includes(id)) ??
    profiles[0]
  );
}

/** By name or gateway, whatever the case. */
export function searched(profiles: readonly ProfileSummary[], query: string): readonly ProfileSummary[] {
  const wanted = query.trim().toLocaleLowerCase();
  if (wanted === '') return profiles;
  return profiles.filter(({ name, gateway }) =>
    [name, gateway].some((text) => text.toLocaleLowerCase().includes(wanted)),
  );
}
