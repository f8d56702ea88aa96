/**
 * What each call of the contract does. Permissions and shapes are checked before (dispatch.ts); here it is decided
 * whose profile is meant and what the store and the tunnels are asked for.
 */
import type { HelperInfo } from '#core/ipc/contract.ts';
import type { Clock } from '../clock.ts';
import type { DoctorCheck } from '../effects/doctor.ts';
import type { Log } from '../log/log.ts';
import type { ProfileStore } from '../profile-store.ts';
import type { StoredProfile, Viewer } from '../stored-profile.ts';
import { secretsFrom, summaryOf } from '../stored-profile.ts';
import { Secret } from '../secret.ts';
import type { Lockdown } from '../lockdown/lockdown.ts';
import type { TunnelManager } from '../tunnel-manager.ts';
import { unlock } from '../unlock.ts';
import { withoutAbsent } from '../without-absent.ts';
import { CallError } from './call-error.ts';
import type { Handlers } from './dispatch.ts';
import { type ImportServices, importProfiles } from './import-call.ts';
import { profileHandlers } from './profile-calls.ts';
import { refuse, refusing } from './refusing.ts';
import { pageOf, statusFor, topicHandlers } from './topics.ts';

interface Services {
  readonly store: ProfileStore;
  readonly tunnels: TunnelManager;
  readonly lockdown: Lockdown;
  readonly log: Log;
  readonly importFiles: ImportServices['importFiles'];
  readonly doctor: () => Promise<readonly DoctorCheck[]>;
  readonly clock: Clock;
  readonly info: () => HelperInfo;
}

export function handlers(services: Services): Handlers {
  const { store, tunnels, lockdown, log, importFiles, doctor, clock, info } = services;
  const audit = log.logger('calls');
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
    'status.get': (_, { viewer }) => statusFor({ tunnels, lockdown }, viewer),
    'profiles.list': ({ after }, { viewer }) => pageOf(store.list(viewer), after),
    'profiles.get': ({ id }, { viewer }) => {
      const stored = need(id, viewer);
      return { summary: summaryOf(stored), profile: stored.profile };
    },
    'profiles.import': (params, { viewer }) =>
      importProfiles({ store, importFiles, audit, log }, params, viewer),
    'profiles.setSecret': async ({ id, psk, ppk, password, p12Password, privateKeyPassword }, { viewer }) => {
      const stored = needOwn(id, viewer);
      const given = secretsFrom({ psk, ppk, password, pkcs12Password: p12Password, privateKeyPassword });
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
    'lockdown.set': async ({ on, lan }, { viewer }) => {
      const before = lockdown.status().on;
      const now = await lockdown.set({ on, lan }, viewer.admin).catch(refuse);
      // What is so already, or is refused, is not worth a line: there may be many.
      if (now.on !== before) audit.info(`lockdown ${on ? 'on' : 'off'} by uid ${viewer.uid}`);
      return now;
    },
    ...topicHandlers({ store, tunnels, lockdown, log }),
    'doctor.run': async () => ({ checks: [...(await doctor())] }),
    'helper.info': () => info(),
  };
}
