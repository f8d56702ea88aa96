/**
 * Lifetimes: swanctl.conf says when to rekey and how much longer an SA may live; a profile says how long it may live.
 * The rows note the settings, `apply*` computes (swanctl.conf(5): a Child SA lives rekey_time plus 10 %, an IKE SA
 * over_time longer than rekey_time, 10 % by default).
 */
import type { ProfileInput } from '#core/profile/profile.ts';
import type { Item, Table } from '#core/profile/answers.ts';
import { MOMENT } from '#core/profile/reasons.ts';

/** Read but not yet answered: what a setting means depends on its neighbours. */
interface Noted {
  readonly item: Item;
  readonly amount: number;
}

/** `rekey_time` and its like: when, how long, and (IKE) how much longer. */
export interface Lifetimes {
  rekey?: Noted;
  life?: Noted;
  over?: Noted;
}

const MAX_SEC = 604800;
const MIN_SEC = 60;

type Read = (item: Item) => number | undefined;
const note = (key: keyof Lifetimes, read: Read) => (item: Item, lifetimes: Lifetimes) => {
  const amount = read(item);
  if (amount !== undefined) lifetimes[key] = { item, amount };
};
const spread = (read: Read) => (item: Item) => {
  if (read(item) !== undefined) item.ignored(MOMENT);
};

const time: Read = (item) => item.time();
const volume: Read = (item) => item.volume();
const count: Read = (item) => item.number();

export const IKE_LIFETIMES: Table<Lifetimes> = {
  rekey_time: note('rekey', time),
  over_time: note('over', time),
  rand_time: spread(time),
};
export const CHILD_TIMES: Table<Lifetimes> = {
  rekey_time: note('rekey', time),
  life_time: note('life', time),
  rand_time: spread(time),
};
export const CHILD_VOLUMES: Table<Lifetimes> = {
  rekey_bytes: note('rekey', volume),
  life_bytes: note('life', volume),
  rand_bytes: spread(volume),
};
export const CHILD_PACKETS: Table<Lifetimes> = {
  rekey_packets: note('rekey', count),
  life_packets: note('life', count),
  rand_packets: spread(count),
};

/** IKE: rekey_time (4 h unless said) plus over_time (a tenth unless said). */
export function applyIkeLifetime(lifetimes: Lifetimes, ike: NonNullable<ProfileInput['ike']>): void {
  const { rekey, over } = lifetimes;
  const said = rekey ?? over;
  if (!said) return;
  const base = rekey?.amount ?? 14400;
  const lifetimeSec = within(base === 0 ? MAX_SEC : base + (over?.amount ?? Math.floor(base / 10)));
  ike.lifetimeSec = lifetimeSec;
  for (const { item } of [rekey, over].filter((noted) => noted !== undefined)) {
    item.changed(`sets ike.lifetimeSec to ${lifetimeSec}, the end of the IKE SA; ${MOMENT}`);
  }
}

type Child = NonNullable<ProfileInput['child']>;

export function applyChildTime(lifetimes: Lifetimes, child: Child): void {
  const limit = limitOf(lifetimes);
  if (limit === undefined) return;
  const lifetimeSec = within(limit === 0 ? MAX_SEC : limit);
  child.lifetimeSec = lifetimeSec;
  answer(lifetimes, 'child.lifetimeSec', lifetimeSec, 'seconds');
}

export function applyChildVolume(lifetimes: Lifetimes, child: Child): void {
  const limit = limitOf(lifetimes);
  if (limit === undefined) return;
  if (limit > 0) child.lifetimeBytes = Math.max(limit, 1048576);
  answer(lifetimes, 'child.lifetimeBytes', child.lifetimeBytes, 'bytes');
}

export function applyChildPackets(lifetimes: Lifetimes, child: Child): void {
  const limit = limitOf(lifetimes);
  if (limit === undefined) return;
  if (limit > 0) child.lifetimePackets = Math.max(limit, 1000);
  answer(lifetimes, 'child.lifetimePackets', child.lifetimePackets, 'packets');
}

/** Where the SA ends; 0 is never, undefined is not said. */
function limitOf({ rekey, life }: Lifetimes): number | undefined {
  if (life) return life.amount;
  return rekey && Math.floor((rekey.amount * 11) / 10);
}

function answer({ rekey, life }: Lifetimes, field: string, value: number | undefined, unit: string): void {
  const becomes = value === undefined ? `no limit in ${unit}` : `${field} ${value}`;
  if (life) {
    if (life.amount === (value ?? 0)) life.item.taken();
    else life.item.changed(`becomes ${becomes}`);
    rekey?.item.ignored(MOMENT);
  } else {
    rekey?.item.changed(`becomes ${becomes}; ${MOMENT}`);
  }
}

const within = (sec: number): number => Math.min(Math.max(sec, MIN_SEC), MAX_SEC);
