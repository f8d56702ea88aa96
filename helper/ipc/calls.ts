/**
 * What each call of the contract does. Permissions and shapes are checked before (dispatch.ts); here it is decided
 * whose profile is meant and what the store and the tunnels are asked for.
 */
import { checkProfile } from '#core/profile/check.ts';
import { missingFor } from '#core/profile/needs.ts';
import { ImportError, profileSchema, secretsSchema } from '#core/profile/profile.ts';
import type { ImportedProfile, Profile } from '#core/profile/profile.ts';
import type { HelperInfo } from '#core/ipc/contract.ts';
import type { Clock } from '../clock.ts';
import type { DoctorCheck } from '../effects/doctor.ts';
import type { Log } from '../log/log.ts';
import type { ProfileStore, StoredProfile, Viewer } from '../profile-store.ts';
import { allSecrets, secretsFrom, StoreError, summaryOf } from '../profile-store.ts';
import { Secret } from '../secret.ts';
import type { TunnelManager } from '../tunnel-manager.ts';
import { unlock } from '../unlock.ts';
import { CallError } from './call-error.ts';
import { fieldProblem } from './dispatch.ts';
import type { Handlers } from './dispatch.ts';
import { profileHandlers } from './profile-calls.ts';
import { pageOf, topicHandlers } from './topics.ts';

export interface Services {
  readonly store: ProfileStore;
  readonly tunnels: TunnelManager;
  readonly log: Log;
  /** core/profile/import.ts; throws ImportError. */
  readonly importFiles: (
    files: readonly { readonly name: string; readonly content: Uint8Array }[],
  ) => readonly ImportedProfile[];
  readonly doctor: () => Promise<readonly DoctorCheck[]>;
  readonly clock: Clock;
  readonly info: () => HelperInfo;
}

export function handlers(services: Services): Handlers {
  const { store, tunnels, log, importFiles, doctor, clock, info } = services;
  const audit = log.logger('calls');
  /** Everybody reads what the log says of no profile: the sentence is for the caller alone. */
  const refuseImport = (uid: number, error: unknown): never => {
    audit.info(`an import of uid ${uid} was refused`);
    return refuse(error);
  };

  function need(id: string, viewer: Viewer): StoredProfile {
    const stored = store.get(id, viewer);
    if (!stored) throw new CallError('notFound', `there is no profile "${id}"`);
    return stored;
  }

  /** A profile for all is used by all, but changed by an administrator only. */
  function needOwn(id: string, viewer: Viewer): StoredProfile {
    const stored = need(id, viewer);
    if (!viewer.admin && stored.owner !== viewer.uid) {
      throw new CallError('forbidden', `"${id}" was installed for all: only an administrator changes it`);
    }
    return stored;
  }

  return {
    'status.get': (_, { viewer }) => tunnels.status(viewer),
    'profiles.list': ({ after }, { viewer }) => pageOf(store.list(viewer), after),
    'profiles.get': ({ id }, { viewer }) => {
      const stored = need(id, viewer);
      return { summary: summaryOf(stored), profile: stored.profile };
    },
    'profiles.import': async ({ files, name, dryRun, forAll, p12Password, ...secrets }, { viewer }) => {
      const given = withoutAbsent({ ...secrets, pkcs12Password: p12Password });
      if (forAll && !viewer.admin) {
        throw new CallError('forbidden', 'forAll: only an administrator installs a profile for all');
      }
      const found = refusing(
        () =>
          importFiles(
            files.map((file) => ({ name: file.name, content: Buffer.from(file.content, 'base64') })),
          ),
        (error) => refuseImport(viewer.uid, error),
      );
      const [forOne] = [...(name === undefined ? [] : ['name']), ...Object.keys(given)];
      if (found.length !== 1 && forOne !== undefined) {
        throw new CallError(
          'refused',
          `${forOne}: the files hold ${found.length} profiles; import them one by one`,
        );
      }
      const entries: Omit<StoredProfile, 'id'>[] = [];
      for (const imported of found) {
        const entry = {
          profile: complete(name === undefined ? imported.profile : { ...imported.profile, name }),
          ...secretsFrom({ ...imported.secrets, ...given }),
          owner: viewer.uid,
          forAll,
        };
        entries.push(await unlock(entry).catch((error: unknown) => refuseImport(viewer.uid, error)));
      }
      const stored = dryRun ? [] : refusing(() => addAll(store, entries));
      for (const { id } of stored) audit.forProfile(id).info(`imported by uid ${viewer.uid}`);
      return {
        imported: found.map(({ report }, at) => {
          const missingSecrets = missingOf(entries[at]);
          return {
            id: stored[at]?.id ?? null,
            name: entries[at]?.profile.name ?? '',
            // What came along with the file is not missing from it.
            report: report.filter(
              ({ outcome, setting }) =>
                outcome !== 'missing' || !isNeed(setting) || missingSecrets.includes(setting),
            ),
            missingSecrets,
          };
        }),
      };
    },
    'profiles.setSecret': async ({ id, psk, password, p12Password, privateKeyPassword }, { viewer }) => {
      const stored = needOwn(id, viewer);
      const given = secretsFrom({ psk, password, pkcs12Password: p12Password, privateKeyPassword });
      const otherSecrets = { ...stored.otherSecrets, ...given.otherSecrets };
      const opened = await unlock({ ...stored, psk: given.psk ?? stored.psk, otherSecrets }).catch(refuse);
      refusing(() => store.replace(id, opened, stored));
      audit.forProfile(id).info(`secret set by uid ${viewer.uid}`);
      return {};
    },
    ...profileHandlers({ store, tunnels, clock, audit, need, needOwn }),
    'profiles.remove': ({ id }, { viewer }) => {
      needOwn(id, viewer);
      if (tunnels.isActive(id)) {
        throw new CallError('busy', `"${id}" is in use; take it down first: adit down ${id}`);
      }
      refusing(() => store.remove(id));
      tunnels.forget(id);
      audit.forProfile(id).info(`removed by uid ${viewer.uid}`);
      return {};
    },
    'tunnel.up': ({ id, psk, user, password }, { viewer }) => {
      const stored = need(id, viewer);
      if (user !== undefined && !('methods' in stored.profile.authentication)) {
        throw new CallError('refused', `user: "${id}" logs in without a user name`);
      }
      audit.forProfile(id).info(`up by uid ${viewer.uid}`);
      const answer = tunnels.up(stored, {
        ...withoutAbsent({ user }),
        ...(psk === undefined ? {} : { psk: Secret.fromBase64(psk) }),
        ...(password === undefined ? {} : { password: Secret.fromBase64(password) }),
      });
      if (answer === 'leaving') {
        throw new CallError('busy', `"${id}" is still being taken down; try again in a moment`);
      }
      if (answer === 'too-many') throw new CallError('busy', 'too many tunnels are up; take one down first');
      return { accepted: true };
    },
    'tunnel.answer': ({ id, question, answer, remember }, { viewer }) => {
      // To remember is to change the profile.
      (remember ? needOwn : need)(id, viewer);
      const text = answer === undefined ? undefined : Buffer.from(answer, 'base64').toString('utf8');
      if (!tunnels.answer(id, question, text, remember)) {
        throw new CallError('notFound', `"${id}" does not ask question ${question} any more`);
      }
      return { accepted: true };
    },
    'tunnel.down': ({ id }, { viewer }) => {
      if (id !== undefined) need(id, viewer);
      (id === undefined ? audit : audit.forProfile(id)).info(`down by uid ${viewer.uid}`);
      tunnels.down(viewer, id);
      return { accepted: true };
    },
    'tunnel.rekey': ({ id, what }, { viewer }) => {
      need(id, viewer);
      audit.forProfile(id).info(`rekey (${what}) by uid ${viewer.uid}`);
      if (!tunnels.rekey(id, what)) {
        throw new CallError('refused', `"${id}" is not connected; connect it first: adit up ${id}`);
      }
      return { accepted: true };
    },
    'tunnel.reconnect': ({ id }, { viewer }) => {
      need(id, viewer);
      audit.forProfile(id).info(`reconnect by uid ${viewer.uid}`);
      if (!tunnels.reconnect(id)) {
        throw new CallError('refused', `"${id}" is not connected; connect it first: adit up ${id}`);
      }
      return { accepted: true };
    },
    ...topicHandlers({ store, tunnels, log }),
    'doctor.run': async () => ({ checks: [...(await doctor())] }),
    'helper.info': () => info(),
  };
}

function missingOf(entry: Omit<StoredProfile, 'id'> | undefined): string[] {
  return entry ? missingFor(entry.profile, allSecrets(entry)) : [];
}

const isNeed = (setting: string): boolean => setting === 'certificate' || setting in secretsSchema.shape;

/** Without the keys whose value is undefined. */
function withoutAbsent<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** All of them or none. */
function addAll(store: ProfileStore, entries: readonly Omit<StoredProfile, 'id'>[]): StoredProfile[] {
  const added: StoredProfile[] = [];
  try {
    for (const entry of entries) added.push(store.add(entry));
  } catch (error) {
    for (const { id } of added) store.remove(id);
    throw error;
  }
  return added;
}

/** Defaults filled in, and every text in it understood. */
function complete(profile: unknown): Profile {
  const parsed = profileSchema.safeParse(profile);
  if (!parsed.success) throw new CallError('refused', fieldProblem(parsed.error));
  const [problem] = checkProfile(parsed.data);
  if (problem !== undefined) throw new CallError('refused', problem);
  return parsed.data;
}

/** Errors that are sentences for the caller become refusals; others are the helper's own. */
function refusing<T>(act: () => T, otherwise: (error: unknown) => never = refuse): T {
  try {
    return act();
  } catch (error) {
    return otherwise(error);
  }
}

function refuse(error: unknown): never {
  if (error instanceof ImportError || error instanceof StoreError)
    throw new CallError('refused', error.message);
  throw error;
}
