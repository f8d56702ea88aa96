/**
 * Where the soak's lost datagrams were lost. A fault may lose what it likes while it lasts. A machine that gives an end no time to
 * run fills the buffers of its sockets and adapters, which the system counts as it drops: each of those drops explains one
 * datagram of that moment, and no more. All others were lost by Adit or by the gateway.
 */
import { readFile } from 'node:fs/promises';
import type { Host } from '#test/harness/host.ts';
import type { LostDatagram } from './streams.ts';

const LOOK_MS = 200;
/** A datagram was sent this long before the buffer of its way dropped it, at most. */
const UNDER_WAY_MS = 500;
/** A datagram that was lost this long before or after a switch was lost at it. */
export const BESIDE_MS = 1000;
/** What is sent so long before a fault may still be under way when it begins, unless a later one came back before that. */
const BEFORE_MS = 250;

/** So many packets were dropped by full buffers between the two times, milliseconds since 1970. */
export interface Overflow {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

export interface Losses {
  readonly atSwitches: number;
  readonly elsewhere: number;
  readonly inBuffers: number;
  /** A line for each burst outside of faults. */
  readonly lines: readonly string[];
}

/** Looks all the time at what the system counts on some hosts. */
export class Overflows {
  readonly found: Overflow[] = [];
  readonly #hosts: readonly Host[];
  readonly #timer: NodeJS.Timeout;
  #before = 0;
  #looked = Date.now();

  private constructor(hosts: readonly Host[]) {
    this.#hosts = hosts;
    this.#timer = setInterval(() => void this.#look().catch(() => undefined), LOOK_MS);
  }

  static async on(...hosts: readonly Host[]): Promise<Overflows> {
    const overflows = new Overflows(hosts);
    await overflows.#look();
    overflows.found.length = 0;
    return overflows;
  }

  /** Throws where a counter is missing: no drop must ever look like none. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#look();
  }

  async #look(): Promise<void> {
    const drops = await Promise.all(this.#hosts.map(({ pid }) => dropsOf(pid)));
    const total = drops.reduce((sum, each) => sum + each, 0);
    const [from, to] = [this.#looked, Date.now()];
    if (total > this.#before) this.found.push({ from, to, count: total - this.#before });
    this.#before = total;
    this.#looked = to;
  }
}

/** Of the network namespace of a process: UDP sockets, and the queues of adapters such as a TUN. */
async function dropsOf(pid: number): Promise<number> {
  const of = (file: string): Promise<string> => readFile(`/proc/${pid}/net/${file}`, 'utf8');
  const [snmp, devices] = await Promise.all([of('snmp'), of('dev')]);
  return socketDrops(snmp) + adapterDrops(devices);
}

/** RcvbufErrors of /proc/net/snmp. */
export function socketDrops(snmp: string): number {
  const [names = '', values = ''] = snmp.split('\n').filter((line) => line.startsWith('Udp: '));
  return figure(values.split(' ')[names.split(' ').indexOf('RcvbufErrors')]);
}

/** Both `drop` columns of /proc/net/dev, of all adapters. */
export function adapterDrops(devices: string): number {
  const lines = devices.split('\n').slice(2).filter(Boolean);
  const drops = lines.map((line) =>
    line
      .slice(line.indexOf(':') + 1)
      .trim()
      .split(/\s+/),
  );
  return drops.reduce((sum, fields) => sum + figure(fields[3]) + figure(fields[11]), 0);
}

function figure(text: string | undefined): number {
  const value = Number(text);
  if (text === undefined || !Number.isInteger(value)) throw new Error(`no counter of drops: ${text}`);
  return value;
}

export function lossesOf(
  lost: readonly LostDatagram[],
  during: {
    readonly faults: readonly { readonly begin: number; readonly end: number }[];
    readonly switches: readonly number[];
    readonly overflows: readonly Overflow[];
  },
): Losses {
  const outside = lost.filter(
    ({ at, overtakenAt = Number.POSITIVE_INFINITY }) =>
      !during.faults.some(({ begin, end }) => at >= begin - BEFORE_MS && at <= end && overtakenAt >= begin),
  );
  const left = during.overflows.map((each) => ({ ...each }));
  const unexplained = outside.filter(({ at }) => {
    const full = left.find(({ from, to, count }) => count > 0 && at >= from - UNDER_WAY_MS && at <= to);
    if (full) full.count--;
    return !full;
  });
  const isBeside = (at: number): boolean =>
    during.switches.some((other) => Math.abs(other - at) <= BESIDE_MS);
  const atSwitches = unexplained.filter(({ at }) => isBeside(at)).length;
  return {
    atSwitches,
    elsewhere: unexplained.length - atSwitches,
    inBuffers: outside.length - unexplained.length,
    lines: burstsOf(outside).map(
      ({ from, to, count, way }) =>
        `lost ${count} datagrams ${way} outside of faults, sent ${clockTime(from)} to ${clockTime(to)}`,
    ),
  };
}

export const clockTime = (at: number): string => new Date(at).toISOString().slice(11, 23);

/** Lost datagrams that were sent within a tenth of a second of each other and lost on the same way. */
function burstsOf(lost: readonly LostDatagram[]) {
  const found: { readonly from: number; to: number; count: number; readonly way: LostDatagram['way'] }[] = [];
  for (const { at, way } of lost) {
    const last = found.at(-1);
    if (last === undefined || at - last.to > 100 || last.way !== way) {
      found.push({ from: at, to: at, count: 1, way });
    } else {
      last.to = at;
      last.count++;
    }
  }
  return found;
}
