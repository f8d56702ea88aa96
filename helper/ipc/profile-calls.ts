/**
 * The calls about one stored profile: change it, forget a secret of it, look at its certificates, write it for another
 * program. calls.ts puts them beside the others, and says whose profile is meant.
 */
import { randomUUID } from 'node:crypto';
import { MAX_FRAME } from '#core/ipc/frame.ts';
import type { ExportedAs, FieldProblem } from '#core/ipc/profile-calls.ts';
import { profileProblems } from '#core/profile/check.ts';
import { exportAs, ExportError, withoutPlace } from '#core/profile/export-as.ts';
import { exportProfile } from '#core/profile/export.ts';
import { fileNameOf } from '#core/profile/file-name.ts';
import { gatewayAuthenticationOf } from '#core/profile/needs.ts';
import { type Profile, profileSchema, type Secrets } from '#core/profile/profile.ts';
import { schemaProblems } from '#core/profile/schema-sentences.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log/log.ts';
import type { ProfileStore } from '../profile-store.ts';
import type { StoredProfile, Viewer } from '../stored-profile.ts';
import { allSecrets, revisionOf, summaryOf } from '../stored-profile.ts';
import type { TunnelManager } from '../tunnel-manager.ts';
import { withoutAbsent } from '../without-absent.ts';
import { CallError } from './call-error.ts';
import type { Handlers } from './dispatch.ts';
import { refuse, refusing } from './refusing.ts';

interface ProfileServices {
  readonly store: ProfileStore;
  readonly tunnels: TunnelManager;
  readonly clock: Clock;
  readonly audit: Logger;
  /** Throw CallError where the profile is not there for the viewer, or not theirs to change. */
  readonly need: (id: string, viewer: Viewer) => StoredProfile;
  readonly needOwn: (id: string, viewer: Viewer) => StoredProfile;
}

type ProfileCalls = 'profiles.update' | 'profiles.forgetSecret' | 'profiles.certificates' | 'profiles.export';

export function profileHandlers(services: ProfileServices): Pick<Handlers, ProfileCalls> {
  const { store, tunnels, clock, audit, need, needOwn } = services;
  return {
    'profiles.update': ({ id, profile, baseRevision }, { viewer }) => {
      const stored = needOwn(id, viewer);
      if (baseRevision !== undefined && baseRevision !== revisionOf(stored.profile)) {
        throw new CallError('refused', `"${id}" was changed by somebody else meanwhile; read it again`);
      }
      const wanted = understood(profile);
      refusing(() => store.replace(id, { ...stored, profile: wanted }));
      audit.forProfile(id).info(`changed by uid ${viewer.uid}`);
      const now = { ...stored, profile: wanted };
      return { summary: summaryOf(now), appliesAt: tunnels.isActive(id) ? 'next-connection' : 'now' };
    },
    'profiles.forgetSecret': ({ id, which }, { viewer }) => {
      const stored = needOwn(id, viewer);
      if (allSecrets(stored)[which] === undefined) {
        throw new CallError('notFound', `which: "${id}" has no ${which} stored`);
      }
      refusing(() => store.forgetSecret(id, which));
      audit.forProfile(id).info(`secret forgotten by uid ${viewer.uid}`);
      return {};
    },
    'profiles.certificates': async ({ id }, { viewer }) => {
      const stored = need(id, viewer);
      if (!mayHaveCertificates(stored)) return { certificates: [] };
      const { certificatesOf } = await import('../pki/certificate-list.ts');
      return { certificates: await certificatesOf(stored, clock.wall()) };
    },
    'profiles.export': ({ id, format, ...secrets }, { viewer }) =>
      exported(format, need(id, viewer).profile, withoutAbsent(secrets)),
  };
}

/** What reads certificates is loaded only for those who do: interfaces ask this of every profile. */
const mayHaveCertificates = ({ profile, otherSecrets }: StoredProfile): boolean =>
  profile.authentication.method !== 'psk' ||
  gatewayAuthenticationOf(profile).method !== 'psk' ||
  otherSecrets?.pkcs12 !== undefined;

/** What an error's `data` takes. */
const MOST_PROBLEMS = 32;

/** Defaults filled in, and every text in it understood. Throws CallError with every problem, each at its field. */
function understood(profile: unknown): Profile {
  const parsed = profileSchema.safeParse(profile);
  const problems: FieldProblem[] = parsed.success
    ? profileProblems(parsed.data)
    : schemaProblems(parsed.error, profile);
  const [first] = problems;
  if (parsed.success && first === undefined) return parsed.data;
  const { field = '', problem = 'it is no profile', remedy } = first ?? {};
  throw new CallError(
    'refused',
    `${field === '' ? 'profile' : field}: ${problem}${remedy === undefined ? '' : `; ${remedy}`}`,
    { problems: problems.slice(0, MOST_PROBLEMS) },
  );
}

/** Octets of files that fit a frame as base64, with room for the report. */
const LARGEST_EXPORT = MAX_FRAME / 2;

function exported(format: ExportedAs, profile: Profile, secrets: Secrets) {
  const { files, left } = refusing(() =>
    format === 'adit'
      ? {
          files: [{ name: `${fileNameOf(profile.name)}.json`, content: Buffer.from(exportProfile(profile)) }],
          left: Object.keys(secrets).map(withoutPlace),
        }
      : exportAs(format, profile, { secrets, uuid: randomUUID }),
  );
  const size = files.reduce((sum, { content }) => sum + content.length, 0);
  if (size > LARGEST_EXPORT) {
    refuse(new ExportError(profile, { reason: 'too-large', octets: size, most: LARGEST_EXPORT }));
  }
  return {
    files: files.map(({ name, content }) => ({ name, content: Buffer.from(content).toString('base64') })),
    leftOut: [...left],
  };
}
