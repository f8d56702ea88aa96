/**
 * How much a tunnel carries, what it costs, and how long a packet takes: Adit to Adit, Adit to a strongSwan gateway, and
 * the peers, on one machine in one run. All pairs stand at once and are measured in turns; the table has medians of
 * rounds. A veth hands super-packets over uncut, which flatters whoever uses them: so the two other settings, too.
 */
import { readFile } from 'node:fs/promises';
import { residentMegabytes, tryRun, until } from '#test/harness/process.ts';
import { median, type Row } from './report.ts';
import { roundTrip, transfer } from './traffic.ts';
import {
  aditPair,
  aditToStrongSwan,
  JEMALLOC,
  openvpnPair,
  rawPair,
  strongSwanPair,
  type VpnPair,
  wireguardPair,
} from './vpn-pair.ts';

const GCM = 'aes128gcm16';
const CBC = 'aes128-sha256';

const PAIRS = {
  adit: () => aditPair(GCM),
  adit6: () => aditPair(GCM, 6),
  raw: rawPair,
  strongSwan: () => strongSwanPair(GCM),
  openvpn: openvpnPair,
  gateway: () => aditToStrongSwan(GCM),
  gatewayJemalloc: () => aditToStrongSwan(GCM, { preload: JEMALLOC }),
  strongSwanJemalloc: () => strongSwanPair(GCM, { preload: JEMALLOC }),
  aditCbc: () => aditPair(CBC),
  strongSwanCbc: () => strongSwanPair(CBC),
  wireguard: wireguardPair,
} as const;
type PairName = keyof typeof PAIRS;

const SHOWN: Partial<Record<PairName, string>> = {
  raw: 'raw veth',
  strongSwan: 'strongSwan pair',
  strongSwanCbc: 'strongSwan pair',
  strongSwanJemalloc: 'strongSwan at such a one',
  openvpn: 'openvpn pair',
};

/** What wireguard-go calls itself: 0.0. and the day. */
const WIREGUARD_VERSION = /v0\.0\.(\d{8})/;
/** The first one with GSO and GRO on the TUN and on the sockets. */
const WIREGUARD_WITH_GSO = 20231211;

/** The veth's offloads: as it comes, like a network card without UDP segmentation, and none. */
const OFFLOADS = {
  default: 'tso on gso on gro off tx-udp-segmentation on',
  nic: 'tso off gso on gro on tx-udp-segmentation off',
  none: 'tso off gso off gro off tx-udp-segmentation off',
} as const;

const TCP = { '1 stream': [], reverse: ['--reverse'], '4 streams': ['--parallel', '4'] } as const;
type TcpKind = keyof typeof TCP;
const UDP = {
  1372: ['--udp', '--bitrate', '0', '--length', '1372'],
  64: ['--udp', '--bitrate', '0', '--length', '64'],
};

/** Figures by what was measured and on which pair. */
class Figures {
  readonly #values = new Map<string, number[]>();

  add(what: string, pair: PairName, value: number): void {
    const key = `${what} ${pair}`;
    this.#values.set(key, [...(this.#values.get(key) ?? []), value]);
  }

  /** The median; undefined where the pair was not there. */
  get(what: string, pair: PairName): number | undefined {
    const values = this.#values.get(`${what} ${pair}`);
    return values && median(values);
  }

  /** The median of one pair's figures through the other's, round by round. */
  ratio(what: string, pair: PairName, to: PairName): number {
    const others = this.#values.get(`${what} ${to}`) ?? [];
    const values = this.#values.get(`${what} ${pair}`) ?? [];
    return median(values.map((value, round) => value / (others[round] ?? NaN)));
  }
}

/** Everything; five rounds when short, else ten. */
export async function throughput(options: { readonly short: boolean }): Promise<Row[]> {
  await using pairs = new Pairs();
  await pairs.open(Object.keys(PAIRS) as PairName[]);
  const figures = new Figures();
  const rounds = options.short ? 5 : 10;
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`bench: throughput, round ${round + 1} of ${rounds}\n`);
    const order = pairs.inTurn(round);
    await setOffloads(order, 'default');
    await streams(order, figures);
    await toGateways(order, figures);
    await underBbr(order, figures);
    await latencies(order, figures);
    for (const setting of ['nic', 'none'] as const) {
      await setOffloads(order, setting);
      for (const [name, pair] of order) {
        if (!EVERY_SETTING.has(name)) continue;
        figures.add(`TCP ${setting}`, name, (await transfer(pair, SECONDS, [])).gigabits);
      }
    }
  }
  for (const [name, pair] of pairs.inTurn(0)) {
    if (pair.pids[0] !== undefined) figures.add('memory', name, await residentMegabytes(pair.pids[0]));
  }
  return rowsOf(figures, await wireguardVersion());
}

/** The most telling pairs for a second each: what tells in half a minute that something went very wrong. */
export async function glance(): Promise<Row[]> {
  await using pairs = new Pairs();
  await pairs.open(['adit', 'raw', 'strongSwan']);
  const figures = new Figures();
  for (let round = 0; round < 3; round++) await streams(pairs.inTurn(round), figures);
  return rowsOf(figures, undefined);
}

class Pairs implements AsyncDisposable {
  readonly #pairs: [PairName, VpnPair][] = [];

  async open(names: readonly PairName[]): Promise<void> {
    for (const name of names) {
      if (name === 'wireguard' && (await wireguardVersion()) === undefined) continue;
      const pair = await PAIRS[name]();
      this.#pairs.push([name, pair]);
      pair.right.start(['iperf3', '--server']);
      await until('iperf3 listens', async () => (await pair.right.run(['ss', '-lt'])).includes(':5201'));
    }
  }

  /** Forwards in one round and backwards in the next: nobody always comes after the same other. */
  inTurn(round: number): readonly (readonly [PairName, VpnPair])[] {
    return round % 2 === 0 ? this.#pairs : this.#pairs.toReversed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#pairs.map(([, { world }]) => world[Symbol.asyncDispose]()));
  }
}

type Opened = ReturnType<Pairs['inTurn']>;

/** Short and many rather than long and few: a virtual core may lose a third of its speed for seconds at a time. */
const SECONDS = 1;
const ECHOES = 100;
/** Longer than the echoes take. */
const LOADED_SECONDS = 2;

/** Those that are measured with every setting of the veth, and those whose latency is. */
const EVERY_SETTING: ReadonlySet<PairName> = new Set(['adit', 'raw', 'strongSwan', 'openvpn', 'wireguard']);
const LATENCIES: ReadonlySet<PairName> = new Set(['adit', 'strongSwan', 'openvpn', 'wireguard']);

/** Clients of a strongSwan gateway as Debian has it, and of one with jemalloc, which nothing else is measured on. */
const ONLY_AT_GATEWAYS = ['gateway', 'gatewayJemalloc', 'strongSwanJemalloc'] as const;
const AT_GATEWAYS: ReadonlySet<PairName> = new Set([...ONLY_AT_GATEWAYS, 'strongSwan']);

async function streams(opened: Opened, figures: Figures): Promise<void> {
  const pairs = opened.filter(([name]) => !ONLY_AT_GATEWAYS.some((only) => only === name));
  for (const [kind, argv] of Object.entries(TCP)) {
    for (const [name, pair] of pairs) {
      const { gigabits, processorPerGigabyte } = await transfer(pair, SECONDS, argv);
      figures.add(`TCP ${kind}`, name, gigabits);
      figures.add(`processor ${kind}`, name, processorPerGigabyte);
    }
  }
}

/** Three turns one right after the other, for what differs more from second to second than from pair to pair. */
function quickTurns(pairs: Opened): Opened[] {
  return [pairs, pairs.toReversed(), pairs];
}

/** In quick turns, because nine threads share the cores differently each second. */
async function toGateways(opened: Opened, figures: Figures): Promise<void> {
  const pairs = opened.filter(([name]) => AT_GATEWAYS.has(name));
  for (const turn of quickTurns(pairs)) {
    for (const [way, argv] of Object.entries({ up: [], down: ['--reverse'] })) {
      for (const [name, pair] of turn) figures.add(way, name, (await transfer(pair, SECONDS, argv)).gigabits);
    }
  }
}

/** A single stream with another congestion control, where the system has it: many servers use it. */
async function underBbr(pairs: Opened, figures: Figures): Promise<void> {
  const known = await readFile('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8');
  if (!known.split(/\s+/).includes('bbr')) return;
  for (const [name, pair] of pairs) {
    if (!EVERY_SETTING.has(name)) continue;
    figures.add('TCP bbr', name, (await transfer(pair, SECONDS, ['--congestion', 'bbr'])).gigabits);
  }
}

async function latencies(opened: Opened, figures: Figures): Promise<void> {
  const pairs = opened.filter(([name]) => LATENCIES.has(name));
  for (const turn of quickTurns(pairs)) {
    for (const [name, pair] of turn) figures.add('idle', name, await roundTrip(pair, ECHOES / 2));
  }
  for (const [name, pair] of pairs) {
    const [loaded] = await Promise.all([roundTrip(pair, ECHOES), transfer(pair, LOADED_SECONDS, [])]);
    figures.add('loaded', name, loaded);
    for (const [size, argv] of Object.entries(UDP)) {
      figures.add(`UDP ${size}`, name, (await transfer(pair, SECONDS, argv)).packetsPerSecond / 1000);
    }
  }
}

/** Undefined where it is not installed. */
async function wireguardVersion(): Promise<number | undefined> {
  if ((await tryRun(['which', 'wireguard-go'])).code !== 0) return undefined;
  const { stdout } = await tryRun(['wireguard-go', '--version']);
  const day = WIREGUARD_VERSION.exec(stdout)?.[1];
  if (day === undefined) throw new Error(`wireguard-go --version said: ${stdout}`);
  return Number(day);
}

async function setOffloads(pairs: Opened, setting: keyof typeof OFFLOADS): Promise<void> {
  for (const [, { left, right }] of pairs) {
    for (const host of [left, right]) {
      await host.run(['ethtool', '-K', 'eth0', ...OFFLOADS[setting].split(' ')]);
    }
  }
}

function rowsOf(figures: Figures, wireguard: number | undefined): Row[] {
  const rows: Row[] = [];
  const wireguardHasGso = wireguard !== undefined && wireguard >= WIREGUARD_WITH_GSO;
  const shown = (pair: PairName) =>
    pair === 'wireguard'
      ? `wireguard-go pair, v0.0.${wireguard}${wireguardHasGso ? '' : ' without GSO'}`
      : (SHOWN[pair] ?? pair);
  const compare = (
    subject: string,
    unit: string,
    what: string,
    pair: PairName,
    goal?: Row['goal'],
    own: PairName = 'adit',
  ) => {
    const adit = figures.get(what, own);
    const value = figures.get(what, pair);
    if (adit === undefined || value === undefined) return;
    const peer = { name: shown(pair), value, ratio: figures.ratio(what, own, pair) };
    rows.push({ subject, unit, adit, peer, ...(goal && { goal }) });
  };
  for (const kind of Object.keys(TCP) as TcpKind[]) {
    const what = `TCP ${kind}`;
    compare(`TCP, ${kind}`, 'Gbit/s', what, 'raw', { atLeast: 0.3 });
    compare(`TCP, ${kind}`, 'Gbit/s', what, 'strongSwan', { atLeast: 12 });
    compare(`TCP, ${kind}`, 'Gbit/s', what, 'openvpn', { atLeast: 12 });
    compare(`TCP, ${kind}`, 'Gbit/s', what, 'wireguard', wireguardHasGso ? { atLeast: 2 } : undefined);
    compare(`TCP, ${kind}, ${CBC}`, 'Gbit/s', what, 'strongSwanCbc', { atLeast: 5 }, 'aditCbc');
  }
  compare('TCP, 1 stream, IPv6 outside', 'Gbit/s', 'TCP 1 stream', 'raw', undefined, 'adit6');
  for (const pair of ['raw', 'strongSwan', 'openvpn', 'wireguard'] as const) {
    compare('TCP, 1 stream, under BBR', 'Gbit/s', 'TCP bbr', pair);
  }
  for (const [setting, shown] of [
    ['nic', 'offloads like a network card'],
    ['none', 'no offloads'],
  ] as const) {
    for (const pair of ['raw', 'strongSwan', 'openvpn', 'wireguard'] as const) {
      const goal = setting === 'nic' && pair === 'raw' ? { atLeast: 0.55 } : undefined;
      compare(`TCP, 1 stream, ${shown}`, 'Gbit/s', `TCP ${setting}`, pair, goal);
    }
  }
  const up: Row['goal'] = { atLeast: 1.6 };
  const down: Row['goal'] = { atLeast: 1.9 };
  compare('TCP up to a strongSwan gateway', 'Gbit/s', 'up', 'strongSwan', up, 'gateway');
  compare('TCP down from a strongSwan gateway', 'Gbit/s', 'down', 'strongSwan', down, 'gateway');
  for (const way of ['up', 'down'] as const) {
    const subject = `TCP ${way === 'up' ? 'up to' : 'down from'} a strongSwan gateway with jemalloc`;
    compare(subject, 'Gbit/s', way, 'strongSwanJemalloc', undefined, 'gatewayJemalloc');
  }
  for (const pair of ['strongSwan', 'openvpn', 'wireguard'] as const) {
    const goal = pair === 'strongSwan' ? { atMost: 1 / 15 } : undefined;
    for (const kind of Object.keys(TCP) as TcpKind[]) {
      const subject = `processor for a gigabyte, both ends, ${kind}`;
      compare(subject, 's', `processor ${kind}`, pair, goal);
    }
    compare('UDP, 1372 octets', 'kpps', 'UDP 1372', pair);
    compare('UDP, 64 octets', 'kpps', 'UDP 64', pair);
    compare('round trip, idle', 'ms', 'idle', pair, pair === 'openvpn' ? { atMost: 1 } : undefined);
    compare('round trip under a TCP stream', 'ms', 'loaded', pair);
  }
  for (const pair of ['strongSwan', 'openvpn', 'wireguard'] as const) {
    compare('memory (RSS) of one end after all of this, Node included', 'MB', 'memory', pair);
  }
  return rows;
}
