/**
 * What `events.subscribe` starts: a snapshot of what the viewer may see, and events after it. calls.ts calls it.
 */
import type { LogEntry, ProfileSummary, Status, TunnelStatus } from '#core/ipc/contract.ts';
import { logLevelSchema } from '#core/ipc/contract.ts';
import type { Log } from '../log/log.ts';
import type { ProfileStore } from '../profile-store.ts';
import type { StoredProfile, Viewer } from '../stored-profile.ts';
import { summaryOf, visible } from '../stored-profile.ts';
import type { Lockdown } from '../lockdown/lockdown.ts';
import type { TunnelManager } from '../tunnel-manager.ts';
import type { Handlers } from './dispatch.ts';
import type { Subscriptions } from './subscriptions.ts';

interface Sources {
  readonly store: ProfileStore;
  readonly tunnels: TunnelManager;
  readonly lockdown: Pick<Lockdown, 'status' | 'subscribe'>;
  readonly log: Log;
}

/** What a status is made of. */
interface StatusSources {
  readonly tunnels: Pick<TunnelManager, 'status'>;
  readonly lockdown: Pick<Lockdown, 'status'>;
}

/** Octets of a snapshot: it must fit a frame (256 KiB) with room to spare. */
const SNAPSHOT_OCTETS = 100_000;
/** Of a status, which has no second page. */
const STATUS_OCTETS = 200_000;

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value)) + 1;

/** Profiles by id after `after`, as many as a frame holds with ease. 200 of the usual kind take some 50 kB. */
export function pageOf(
  stored: readonly StoredProfile[],
  after?: string,
): { readonly profiles: ProfileSummary[]; readonly next?: string } {
  let room = SNAPSHOT_OCTETS;
  const profiles: ProfileSummary[] = [];
  for (const one of stored) {
    if (after !== undefined && one.id <= after) continue;
    const summary = summaryOf(one);
    room -= sizeOf(summary);
    const last = profiles.at(-1);
    if (room < 0 && last) return { profiles, next: last.id };
    profiles.push(summary);
  }
  return { profiles };
}

const isOver = ({ state }: TunnelStatus): boolean => state === 'disconnected' || state === 'failed';

/**
 * The viewer's tunnels, as many as a frame holds with ease: those that are over are told until then, the latest first. A user
 * may have brought up 256 profiles, and an administrator sees those of all users.
 */
export function statusFor({ tunnels, lockdown }: StatusSources, viewer: Viewer): Status {
  const status = { ...tunnels.status(viewer), lockdown: lockdown.status() };
  if (sizeOf(status) <= STATUS_OCTETS) return status;
  const byWeight = status.tunnels.toSorted(
    (a, b) => Number(isOver(a)) - Number(isOver(b)) || b.since.localeCompare(a.since),
  );
  let room = STATUS_OCTETS;
  const kept = new Set<TunnelStatus>();
  for (const tunnel of byWeight) {
    const size = sizeOf(tunnel);
    // One that is too large for itself, by what its gateway sent, hides no other.
    if (size > room) continue;
    room -= size;
    kept.add(tunnel);
  }
  return { ...status, tunnels: status.tunnels.filter((tunnel) => kept.has(tunnel)) };
}

export function topicHandlers(sources: Sources): Pick<Handlers, 'events.subscribe' | 'events.unsubscribe'> {
  return {
    'events.subscribe': ({ topic, level, subsystem }, { viewer, subscriptions }) => {
      if (topic === 'status') return followStatus(sources, viewer, subscriptions);
      if (topic === 'profiles') return followProfiles(sources, viewer, subscriptions);
      const most = logLevelSchema.options.indexOf(level ?? 'debug');
      return followLog(sources, subscriptions, (entry) => {
        if (logLevelSchema.options.indexOf(entry.level) > most) return false;
        return (
          (subsystem === undefined || entry.subsystem === subsystem) && isFor(entry, viewer, sources.store)
        );
      });
    },
    'events.unsubscribe': ({ topic }, { subscriptions }) => {
      subscriptions.end(topic);
      return {};
    },
  };
}

function followStatus(sources: Sources, viewer: Viewer, subscriptions: Subscriptions) {
  const snapshot = statusFor(sources, viewer);
  let known = JSON.stringify(snapshot);
  const sequence = subscriptions.begin('status', (emit) => {
    const changed = (): void => {
      const status = statusFor(sources, viewer);
      const now = JSON.stringify(status);
      // What others' tunnels do is not this viewer's, and nothing new is no news.
      if (now !== known) emit({ topic: 'status', status });
      known = now;
    };
    const ends = [sources.tunnels.subscribe(changed), sources.lockdown.subscribe(changed)];
    return () => ends.forEach((end) => end());
  });
  return { sequence, status: snapshot };
}

function followProfiles({ store }: Sources, viewer: Viewer, subscriptions: Subscriptions) {
  const sequence = subscriptions.begin('profiles', (emit) =>
    store.subscribe(({ before, after }) => {
      if (after && visible(after, viewer)) {
        emit({ topic: 'profiles', changed: [summaryOf(after)], removed: [] });
      } else if (before && visible(before, viewer)) {
        emit({ topic: 'profiles', changed: [], removed: [before.id] });
      }
    }),
  );
  return { sequence, ...pageOf(store.list(viewer)) };
}

function followLog({ log }: Sources, subscriptions: Subscriptions, wanted: (entry: LogEntry) => boolean) {
  const sequence = subscriptions.begin('log', (emit) =>
    log.subscribe((entry) => {
      if (wanted(entry)) emit({ topic: 'log', entry });
    }),
  );
  return { sequence, log: newest(log.recent().filter(wanted)) };
}

/** Lines about a profile are for those who see it; lines about the helper for everyone who may connect. */
function isFor(entry: LogEntry, viewer: Viewer, store: ProfileStore): boolean {
  return viewer.admin || entry.profile === undefined || store.get(entry.profile, viewer) !== undefined;
}

function newest(entries: readonly LogEntry[]): LogEntry[] {
  let room = SNAPSHOT_OCTETS;
  const first = entries.findLastIndex((entry) => {
    room -= sizeOf(entry);
    return room < 0;
  });
  return entries.slice(first + 1);
}
