/**
 * `profiles.import`: files to stored profiles, with what the person gives along. All of them or none. calls.ts puts it
 * beside the others.
 */
import type { Params, Result } from '#core/ipc/contract.ts';
import { checkProfile } from '#core/profile/check.ts';
import { missingFor } from '#core/profile/needs.ts';
import { type ImportedProfile, type Profile, profileSchema, secretsSchema } from '#core/profile/profile.ts';
import { LockedError } from '../locked-error.ts';
import type { Log, Logger } from '../log/log.ts';
import { type ProfileStore } from '../profile-store.ts';
import { allSecrets, secretsFrom, type StoredProfile, type Viewer } from '../stored-profile.ts';
import { unlock } from '../unlock.ts';
import { withoutAbsent } from '../without-absent.ts';
import { CallError } from './call-error.ts';
import { fieldProblem } from './dispatch.ts';
import { refuse, refusing } from './refusing.ts';

type Entry = Omit<StoredProfile, 'id'>;
type Given = NonNullable<Params<'profiles.import'>['each']>[number];

export interface ImportServices {
  readonly store: ProfileStore;
  /** core/profile/import.ts; throws ImportError. */
  readonly importFiles: (
    files: readonly { readonly name: string; readonly content: Uint8Array }[],
  ) => readonly ImportedProfile[];
  readonly audit: Logger;
  readonly log: Pick<Log, 'forget'>;
}

export async function importProfiles(
  { store, importFiles, audit, log }: ImportServices,
  { files, name, dryRun = false, forAll = false, each, ...alone }: Params<'profiles.import'>,
  viewer: Viewer,
): Promise<Result<'profiles.import'>> {
  /** Everybody reads what the log says of no profile: the sentence is for the caller alone. */
  const refuseImport = (error: unknown): never => {
    audit.info(`an import of uid ${viewer.uid} was refused`);
    return refuse(error);
  };
  if (forAll && !viewer.admin) {
    throw new CallError('forbidden', 'forAll: only an administrator installs a profile for all');
  }
  const octets = files.map((file) => ({ name: file.name, content: Buffer.from(file.content, 'base64') }));
  const found = refusing(() => importFiles(octets), refuseImport);
  const given = givenFor(found.length, name, each, alone);
  const entries: Entry[] = [];
  for (const [at, imported] of found.entries()) {
    const { user, p12Password, ...secrets } = withoutAbsent(given[at] ?? {});
    const profile = name === undefined ? imported.profile : { ...imported.profile, name };
    const entry = {
      profile: named(complete(profile), user),
      ...secretsFrom({
        ...imported.secrets,
        ...secrets,
        ...withoutAbsent({ pkcs12Password: p12Password }),
      }),
      owner: viewer.uid,
      forAll,
    };
    entries.push(
      await unlock(entry).catch((error: unknown) =>
        refuseImport(each && error instanceof LockedError ? error.below(`each.${at}`) : error),
      ),
    );
  }
  const stored = dryRun ? [] : refusing(() => addAll(store, entries));
  for (const { id } of stored) {
    // The id may have been somebody else's.
    log.forget(id);
    audit.forProfile(id).info(`imported by uid ${viewer.uid}`);
  }
  return {
    imported: entries.map((entry, at) => ({
      id: stored[at]?.id ?? null,
      name: entry.profile.name,
      ...whatIsMissing(entry, found[at]?.report ?? []),
    })),
  };
}

/** For every profile what was given with it. Throws CallError where nobody knows for which one it is. */
function givenFor(
  count: number,
  name: string | undefined,
  each: readonly Given[] | undefined,
  alone: Given,
): readonly Given[] {
  const [forOne] = [...(name === undefined ? [] : ['name']), ...Object.keys(withoutAbsent(alone))];
  if (count !== 1 && forOne !== undefined) {
    throw new CallError('refused', `${forOne}: the files hold ${count} profiles; import them one by one`);
  }
  if (each === undefined) return [alone];
  if (forOne !== undefined && forOne !== 'name') {
    throw new CallError('invalidParams', `${forOne}: it stands in each.0 where there is each`);
  }
  if (each.length !== count) {
    throw new CallError('refused', `each: found ${each.length}; the files hold ${count} profiles`);
  }
  return each;
}

/** Defaults filled in, and every text in it understood. */
function complete(profile: unknown): Profile {
  const parsed = profileSchema.safeParse(profile);
  if (!parsed.success) throw new CallError('refused', fieldProblem(parsed.error));
  const [problem] = checkProfile(parsed.data);
  if (problem !== undefined) throw new CallError('refused', problem);
  return parsed.data;
}

function named(profile: Profile, user: string | undefined): Profile {
  if (user === undefined) return profile;
  const { authentication } = profile;
  if (!('methods' in authentication)) {
    throw new CallError('refused', `user: "${profile.name}" logs in without a user name`);
  }
  return complete({ ...profile, authentication: { ...authentication, user } });
}

/** What came along with the files, or was given, is not missing. */
function whatIsMissing({ profile, ...secrets }: Entry, report: ImportedProfile['report']) {
  const missingSecrets = missingFor(profile, allSecrets(secrets));
  const { authentication } = profile;
  const isMissing = (setting: string): boolean => {
    if (setting === 'user') return !('methods' in authentication) || authentication.user === undefined;
    return !isNeed(setting) || missingSecrets.some((name) => name === setting);
  };
  return {
    report: report.filter(({ outcome, setting }) => outcome !== 'missing' || isMissing(setting)),
    missingSecrets,
  };
}

const isNeed = (setting: string): boolean => setting === 'certificate' || setting in secretsSchema.shape;

/** All of them or none. */
function addAll(store: ProfileStore, entries: readonly Entry[]): StoredProfile[] {
  const added: StoredProfile[] = [];
  try {
    for (const entry of entries) added.push(store.add(entry));
  } catch (error) {
    for (const { id } of added) store.remove(id);
    throw error;
  }
  return added;
}
