/** The profiles, and the way of a file into them: read, previewed by a dry run of the helper's, then saved. */
import type { Params, ProfileSummary, Result } from '#core/ipc/contract.ts';
import type { Bridge } from '#electron/bridge-contract.ts';
import type { Slice } from './store.ts';
import type { Problem } from './ui.ts';

export interface ImportFile {
  readonly name: string;
  /** base64 */
  readonly content: string;
}

export type Preview = Result<'profiles.import'>['imported'];

/** What opens a file that came locked, in base64. */
export type Opening = Pick<Params<'profiles.import'>, 'p12Password' | 'privateKeyPassword'>;

/** What a person gives along with an import; secrets in base64. */
export type Given = Pick<Params<'profiles.import'>, 'psk' | 'password'> & { readonly user?: string };

/** Where an import stands. */
export type Import =
  | { readonly step: 'reading'; readonly names: readonly string[] }
  | {
      readonly step: 'preview';
      readonly files: readonly ImportFile[];
      readonly preview: Preview;
      /** Why the last try with these files came to nothing; what was understood stays. */
      readonly problem?: string;
      /** base64; opened the PKCS#12 file, or the private key. */
      readonly opened?: Opening;
      readonly working?: boolean;
    }
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
  /** Looks again with a password that opens what is locked. */
  readonly openImport: (opening: Opening) => Promise<void>;
  readonly saveImport: (given?: Given) => Promise<void>;
  readonly removeProfile: (id: string) => Promise<boolean>;
  readonly rememberSecret: (id: string, psk: string) => Promise<boolean>;
}

export const profilesSlice: Slice<ProfilesSlice> = (set, get, { bridge }) => ({
  profiles: [],
  import: undefined,
  selected: undefined,
  receiveProfiles: (profiles) => set({ profiles: withKnown(get().profiles, profiles) }),
  select: (selected) => set({ selected, problem: undefined }),
  async preview(dropped) {
    const before = get().import;
    const files =
      before?.step === 'preview' && completes(before.preview, dropped)
        ? [...before.files, ...dropped]
        : dropped;
    const names = files.map(({ name }) => name);
    set({ import: { step: 'reading', names } });
    get().go('import');
    const answer = await bridge.call('profiles.import', { files: [...files], dryRun: true });
    // Somebody who went away meanwhile wants no answer.
    if (get().import?.step !== 'reading') return;
    if (answer.ok) set({ import: { step: 'preview', files, preview: answer.result.imported } });
    else if (before?.step === 'preview' && files !== dropped)
      set({ import: { ...before, problem: answer.problem.message } });
    else set({ import: { step: 'failed', names, message: answer.problem.message } });
  },
  async openImport(opening) {
    const current = get().import;
    if (current?.step !== 'preview') return;
    const { problem: _, ...calm } = current;
    set({ import: { ...calm, working: true } });
    const opened = { ...current.opened, ...opening };
    const files = [...current.files];
    const answer = await bridge.call('profiles.import', { files, ...opened, dryRun: true });
    const now = get().import;
    if (now?.step !== 'preview' || now.files !== current.files) return;
    if (answer.ok) set({ import: { step: 'preview', files, preview: answer.result.imported, opened } });
    else set({ import: { ...calm, problem: answer.problem.message, working: false } });
  },
  failImport(names, message) {
    set({ import: { step: 'failed', names, message } });
    get().go('import');
  },
  discardImport() {
    set({ import: undefined });
    get().back();
  },
  async saveImport({ user, ...secrets } = {}) {
    const current = get().import;
    if (current?.step !== 'preview' || current.working === true) return;
    const { problem: _, ...calm } = current;
    set({ import: { ...calm, working: true } });
    const params = { files: [...current.files], ...current.opened, ...secrets, dryRun: false };
    const answer = await bridge.call('profiles.import', params);
    if (!answer.ok) {
      set({ import: { ...calm, problem: answer.problem.message, working: false } });
      return;
    }
    const first = answer.result.imported.find(({ id }) => id !== null)?.id;
    set({ import: undefined, ...(typeof first === 'string' ? { selected: first } : {}) });
    get().go('tunnel');
    if (typeof first === 'string' && user !== undefined) await nameUser(bridge, first, user, get().report);
  },
  async removeProfile(id) {
    const answer = await bridge.call('profiles.remove', { id });
    if (!answer.ok) get().report({ kind: 'said', message: answer.problem.message });
    else if (get().selected === id) set({ selected: undefined });
    return answer.ok;
  },
  async rememberSecret(id, psk) {
    const answer = await bridge.call('profiles.setSecret', { id, psk });
    if (!answer.ok) get().report({ kind: 'said', message: answer.problem.message });
    return answer.ok;
  },
});

/** Certificates and keys alone, for a profile that lacks them: they belong to it. */
function completes(preview: Preview, files: readonly ImportFile[]): boolean {
  const lacks = preview.some(({ missingSecrets }) =>
    missingSecrets.some((name) => name === 'certificate' || name === 'privateKey'),
  );
  return lacks && files.every(({ name }) => /\.(p12|pfx|pem|crt|cer|der|key)$/i.test(name));
}

/** An import takes no user name: it is a setting, not a secret. */
async function nameUser(
  bridge: Bridge,
  id: string,
  user: string,
  report: (problem: Problem) => void,
): Promise<void> {
  const read = await bridge.call('profiles.get', { id });
  const said = read.ok
    ? await bridge.call('profiles.update', {
        id,
        profile: { ...read.result.profile, authentication: { ...read.result.profile.authentication, user } },
      })
    : read;
  if (!said.ok) report({ kind: 'said', message: said.problem.message });
}

/** `now`, with the very objects of `before` where they say the same: who shows one of them need not draw it again. */
function withKnown(
  before: readonly ProfileSummary[],
  now: readonly ProfileSummary[],
): readonly ProfileSummary[] {
  const known = new Map(before.map((profile) => [profile.id, profile]));
  return now.map((profile) => {
    const same = known.get(profile.id);
    return same && JSON.stringify(same) === JSON.stringify(profile) ? same : profile;
  });
}

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
