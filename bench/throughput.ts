/**
 * How much a tunnel carries, what it costs, and how long a packet takes: Adit to Adit, Adit to a strongSwan gateway, and
 * the peers, on one machine in one run. All pairs stand at once and are measured in turns; the table has medians of
 * rounds. A veth hands super-packets over uncut, which flatters whoever uses them: so the two other settings, too.
 */
import { tryRun } from '#test/harness/process.ts';
import { median, type Row } from './report.ts';
import { residentMegabytes, roundTrip, transfer } from './traffic.ts';
import {
  aditPair,
  aditToStrongSwan,
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
  raw: rawPair,
  strongSwan: () => strongSwanPair(GCM),
  openvpn: openvpnPair,
  gateway: () => aditToStrongSwan(GCM),
  aditCbc: () => aditPair(CBC),
  strongSwanCbc: () => strongSwanPair(CBC),
  wireguard: wireguardPair,
} as const;
type PairName = keyof typeof PAIRS;

const SHOWN: Partial<Record<PairName, string>> = {
  raw: 'raw veth',
  strongSwan: 'strongSwan pair',
  strongSwanCbc: 'strongSwan pair',
  openvpn: 'openvpn pair',
  wireguard: 'wireguard-go of 2022, without GSO',
};

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
}

export async function throughput(options: { readonly short: boolean }): Promise<Row[]> {
  const rounds = options.short ? 2 : 3;
  const pairs = new Map<PairName, VpnPair>();
  try {
    for (const [name, create] of Object.entries(PAIRS) as [PairName, () => Promise<VpnPair>][]) {
      if (name === 'wireguard' && !(await installed('wireguard-go'))) continue;
      const pair = await create();
      pairs.set(name, pair);
      pair.right.start(['iperf3', '--server']);
    }
    const figures = new Figures();
    for (let round = 0; round < rounds; round++) {
      process.stderr.write(`bench: throughput, round ${round + 1} of ${rounds}\n`);
      await setOffloads(pairs, 'default');
      await oneRound(pairs, figures);
      for (const setting of ['nic', 'none'] as const) {
        await setOffloads(pairs, setting);
        for (const name of ['adit', 'raw', 'strongSwan', 'openvpn'] as const) {
          const pair = pairs.get(name);
          if (pair) figures.add(`TCP ${setting}`, name, (await transfer(pair, SECONDS, [])).gigabits);
        }
      }
    }
    const adit = pairs.get('adit');
    const memory = adit?.pids[0] === undefined ? NaN : await residentMegabytes(adit.pids[0]);
    return rowsOf(figures, memory);
  } finally {
    await Promise.all(Array.from(pairs.values(), ({ world }) => world[Symbol.asyncDispose]()));
  }
}

const SECONDS = 2;
const ECHOES = 100;

async function oneRound(pairs: ReadonlyMap<PairName, VpnPair>, figures: Figures): Promise<void> {
  for (const [kind, argv] of Object.entries(TCP)) {
    for (const [name, pair] of pairs) {
      const { gigabits, processorPerGigabyte } = await transfer(pair, SECONDS, argv);
      figures.add(`TCP ${kind}`, name, gigabits);
      figures.add(`processor ${kind}`, name, processorPerGigabyte);
    }
  }
  for (const name of ['adit', 'strongSwan', 'openvpn', 'wireguard'] as const) {
    const pair = pairs.get(name);
    if (!pair) continue;
    figures.add('idle', name, await roundTrip(pair, ECHOES));
    const [loaded] = await Promise.all([roundTrip(pair, ECHOES), transfer(pair, SECONDS, [])]);
    figures.add('loaded', name, loaded);
    for (const [size, argv] of Object.entries(UDP)) {
      figures.add(`UDP ${size}`, name, (await transfer(pair, 1, argv)).packetsPerSecond / 1000);
    }
  }
}

async function installed(program: string): Promise<boolean> {
  return (await tryRun(['which', program])).code === 0;
}

async function setOffloads(
  pairs: ReadonlyMap<PairName, VpnPair>,
  setting: keyof typeof OFFLOADS,
): Promise<void> {
  for (const { left, right } of pairs.values()) {
    for (const host of [left, right]) {
      await host.run(['ethtool', '-K', 'eth0', ...OFFLOADS[setting].split(' ')]);
    }
  }
}

function rowsOf(figures: Figures, memory: number): Row[] {
  const rows: Row[] = [];
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
    const peer = { name: SHOWN[pair] ?? pair, value };
    rows.push({ subject, unit, adit, peer, ...(goal && { goal }) });
  };
  for (const kind of Object.keys(TCP) as TcpKind[]) {
    const what = `TCP ${kind}`;
    compare(`TCP, ${kind}`, 'Gbit/s', what, 'raw', { atLeast: 0.3 });
    compare(`TCP, ${kind}`, 'Gbit/s', what, 'strongSwan', { atLeast: 12 });
    compare(`TCP, ${kind}`, 'Gbit/s', what, 'openvpn', { atLeast: 12 });
    compare(`TCP, ${kind}`, 'Gbit/s', what, 'wireguard');
    compare(`TCP, ${kind}, ${CBC}`, 'Gbit/s', what, 'strongSwanCbc', { atLeast: 5 }, 'aditCbc');
  }
  compare('TCP, 1 stream, offloads like a network card', 'Gbit/s', 'TCP nic', 'raw', { atLeast: 0.55 });
  compare('TCP, 1 stream, offloads like a network card', 'Gbit/s', 'TCP nic', 'strongSwan');
  compare('TCP, 1 stream, no offloads', 'Gbit/s', 'TCP none', 'raw');
  compare('TCP, 1 stream, no offloads', 'Gbit/s', 'TCP none', 'openvpn');
  const up: Row['goal'] = { atLeast: 1.6 };
  const down: Row['goal'] = { atLeast: 1.9 };
  compare('TCP up to a strongSwan gateway', 'Gbit/s', 'TCP 1 stream', 'strongSwan', up, 'gateway');
  compare('TCP down from a strongSwan gateway', 'Gbit/s', 'TCP reverse', 'strongSwan', down, 'gateway');
  for (const pair of ['strongSwan', 'openvpn', 'wireguard'] as const) {
    const goal = pair === 'strongSwan' ? { atMost: 1 / 15 } : undefined;
    compare('processor for a gigabyte, both ends', 's', 'processor 1 stream', pair, goal);
    compare('UDP, 1372 octets', 'kpps', 'UDP 1372', pair);
    compare('UDP, 64 octets', 'kpps', 'UDP 64', pair);
    compare('round trip, idle', 'ms', 'idle', pair, pair === 'openvpn' ? { atMost: 1 } : undefined);
    compare('round trip under a TCP stream', 'ms', 'loaded', pair);
  }
  rows.push({
    subject: 'memory of a data plane with its Node process, after all of this',
    unit: 'MB',
    adit: memory,
  });
  return rows;
}
