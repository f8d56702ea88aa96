/** The profiles, and the way of a file into them: read, previewed by a dry run of the helper's, then saved. */
import type { Params, ProfileSummary, Result } from '#core/ipc/contract.ts';
import type { AskedKey, CallProblem } from '#electron/bridge-contract.ts';
import type { Slice } from './store.ts';

export interface ImportFile {
  readonly name: string;
  /** base64 */
  readonly content: string;
}

export type Preview = Result<'profiles.import'>['imported'];

/** What a person gives along with one profile of an import; secrets in base64. */
export type Given = NonNullable<Params<'profiles.import'>['each']>[number];

/** What opens a file that came locked. */
export type Opening = Pick<Given, 'p12Password' | 'privateKeyPassword'>;

/** Where an import stands. */
export type Import =
  | { readonly step: 'reading'; readonly names: readonly string[] }
  | {
      readonly step: 'preview';
      readonly files: readonly ImportFile[];
      readonly preview: Preview;
      /** Why the last try with these files came to nothing; what was understood stays. */
      readonly problem?: string;
      /** The password that opened nothing: of which profile, and its name in the call. */
      readonly wrong?: { readonly at: number; readonly field: string };
      /** Opened the PKCS#12 file, or the private key, of the profile in the same place. */
      readonly opened?: readonly Opening[];
      readonly working?: boolean;
    }
  | {
      readonly step: 'failed';
      readonly names: readonly string[];
      readonly message: string;
      /** By the helper, in English; else in the person's language. */
      readonly isSaid: boolean;
    };

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
  readonly openImport: (at: number, opening: Opening) => Promise<void>;
  /** `given`: for each profile of the preview, in its order. */
  readonly saveImport: (given?: readonly Given[]) => Promise<void>;
  readonly removeProfile: (id: string) => Promise<boolean>;
  readonly rememberSecret: (id: string, key: Readonly<Partial<Record<AskedKey, string>>>) => Promise<boolean>;
}

export const profilesSlice: Slice<ProfilesSlice> = (set, get, { bridge }) => ({
  profiles: [],
  import: undefined,
  selected: undefined,
  receiveProfiles(profiles) {
    // Another profile may get the id of one that is gone.
    const isThere = profiles.some(({ id }) => id === get().askingFor);
    set({ profiles: withKnown(get().profiles, profiles), ...(isThere ? {} : { askingFor: undefined }) });
  },
  select: (selected) => set({ selected, problem: undefined }),
  async preview(dropped) {
    const before = get().import;
    const files =
      before?.step === 'preview' && completes(before.preview, dropped)
        ? [...before.files, ...dropped]
        : dropped;
    const names = files.map(({ name }) => name);
    const reading: Import = { step: 'reading', names };
    set({ import: reading });
    get().go('import');
    const answer = await bridge.call('profiles.import', { files: [...files], dryRun: true });
    // Somebody who went away meanwhile, or came with other files, wants no answer.
    if (get().import !== reading) return;
    if (answer.ok) set({ import: { step: 'preview', files, preview: answer.result.imported } });
    else if (before?.step === 'preview' && files !== dropped)
      set({ import: { ...before, problem: answer.problem.message } });
    else set({ import: { step: 'failed', names, message: answer.problem.message, isSaid: true } });
  },
  async openImport(at, opening) {
    const current = get().import;
    if (current?.step !== 'preview' || current.working === true) return;
    const { problem: _, wrong: __, ...calm } = current;
    set({ import: { ...calm, working: true } });
    const opened = current.preview.map((_one, place) => ({
      ...current.opened?.[place],
      ...(place === at ? opening : {}),
    }));
    const files = [...current.files];
    const answer = await bridge.call('profiles.import', { files, each: opened, dryRun: true });
    const now = get().import;
    if (now?.step !== 'preview' || now.files !== current.files) return;
    if (answer.ok) set({ import: { step: 'preview', files, preview: answer.result.imported, opened } });
    else set({ import: { ...calm, ...whatIsWrong(answer.problem), working: false } });
  },
  failImport(names, message) {
    set({ import: { step: 'failed', names, message, isSaid: false } });
    get().go('import');
  },
  discardImport: () => get().back(),
  async saveImport(given = []) {
    const current = get().import;
    if (current?.step !== 'preview' || current.working === true) return;
    const { problem: _, wrong: __, ...calm } = current;
    const saving: Import = { ...calm, working: true };
    set({ import: saving });
    const each = current.preview.map((_one, at) => ({ ...current.opened?.[at], ...given[at] }));
    const params = { files: [...current.files], each, dryRun: false };
    const answer = await bridge.call('profiles.import', params);
    // Other files are looked at by now.
    if (get().import !== saving) return;
    if (!answer.ok) {
      set({ import: { ...calm, ...whatIsWrong(answer.problem), working: false } });
      return;
    }
    const first = answer.result.imported.find(({ id }) => id !== null)?.id;
    set({ import: undefined, ...(typeof first === 'string' ? { selected: first } : {}) });
    get().go('tunnel');
  },
  async removeProfile(id) {
    const answer = await bridge.call('profiles.remove', { id });
    if (!answer.ok) get().report({ kind: 'said', message: answer.problem.message });
    else if (get().selected === id) set({ selected: undefined });
    return answer.ok;
  },
  async rememberSecret(id, key) {
    const answer = await bridge.call('profiles.setSecret', { id, ...key });
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

/** At the field that it is about, where there is one; else as a sentence for the whole. */
function whatIsWrong({
  message,
  problems,
}: CallProblem): Pick<Extract<Import, { step: 'preview' }>, 'problem' | 'wrong'> {
  const [, at, field] = /^each\.(\d+)\.(\w+)$/.exec(problems?.[0]?.field ?? '') ?? [];
  return field === undefined ? { problem: message } : { wrong: { at: Number(at), field } };
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
