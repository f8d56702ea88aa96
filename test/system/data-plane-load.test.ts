/**
 * The native data plane under load, with super-packets on both sides: a long file with equal hashes over a bad link, SAs
 * replaced while it travels, which thread waits for what, and paths from 576 to 9000 octets. ADIT_FILE_BYTES asks for a longer file (the issue's
 * gigabyte: 1000000000). Needs root (network namespaces, TUN).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BadLink } from '#test/harness/bad-link-agent.ts';
import { DataPlaneHost } from '#test/harness/data-plane-host.ts';
import { type ChildText, facing } from '#test/harness/esp-children.ts';
import type { Host } from '#test/harness/host.ts';
import { adapterUp, LEFT_INNER, PLANE_PORT as PORT, RIGHT_INNER } from '#test/harness/plane-pair.ts';
import { until } from '#test/harness/process.ts';
import { moveFiles, Traffic, type Transfer } from '#test/harness/traffic.ts';
import { World } from '#test/harness/world.ts';

const FILE_BYTES = Number(process.env.ADIT_FILE_BYTES ?? 60_000_000);
const LEFT = { outer: '192.0.2.1', ...LEFT_INNER };
const RIGHT = { outer: '198.51.100.2', ...RIGHT_INNER };
const MIDDLE = { left: '192.0.2.254', right: '198.51.100.254' };

let world: World;
let hosts: { left: Host; middle: Host; right: Host };
let left: DataPlaneHost;
let right: DataPlaneHost;

/** An SA of its own for every number. */
const sa = (number: number, esp = 'aes128gcm16'): ChildText => ({
  spiIn: 0x1000 + number,
  spiOut: 0x2000 + number,
  esp,
  keyIn: `in ${number}`,
  keyOut: `out ${number}`,
  replayWindow: 1024,
});

async function openPlane(host: Host, own: typeof LEFT, other: typeof LEFT): Promise<DataPlaneHost> {
  const plane = DataPlaneHost.on(host);
  await plane.open('adit%d', [{ family: 4, port: PORT }]);
  await adapterUp(host, own, other, 1400);
  return plane;
}

/** Bursts of less than the kernel takes at once, so that those are met, too. */
const path = (address: string) => ({ socket: 0, remote: { address, port: PORT }, burst: 24 });

async function install(child: ChildText, to: { left: string; right: string }): Promise<void> {
  await right.ask({ do: 'install', child: facing(child), path: path(to.right) });
  await left.ask({ do: 'install', child, path: path(to.left) });
}

const ACROSS = { left: RIGHT.outer, right: LEFT.outer };

beforeEach(async () => {
  world = await World.create();
  const [one, middle, two] = await world.hosts('left', 'middle', 'right');
  hosts = { left: one, middle, right: two };
  await world.link(
    { host: one, device: 'eth0', addresses: [`${LEFT.outer}/24`] },
    { host: middle, device: 'left', addresses: [`${MIDDLE.left}/24`] },
  );
  await world.link(
    { host: middle, device: 'right', addresses: [`${MIDDLE.right}/24`] },
    { host: two, device: 'eth0', addresses: [`${RIGHT.outer}/24`] },
  );
  await world.forwarding(middle);
  await one.ip(`route add default via ${MIDDLE.left}`);
  await two.ip(`route add default via ${MIDDLE.right}`);
  left = await openPlane(one, LEFT, RIGHT);
  right = await openPlane(two, RIGHT, LEFT);
});

afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const arrived = ({ sha256, bytes }: Transfer) => ({ sha256, bytes });
const sent = ({ expected }: Transfer, bytes: number) => ({ sha256: expected, bytes });

it('a long file has its hash after a link that loses, doubles and overtakes', {
  timeout: 600_000,
}, async () => {
  const link: BadLink = {
    port: PORT,
    ends: [LEFT.outer, RIGHT.outer],
    lost: 0.001,
    doubled: 0.01,
    overtaken: 0.01,
    seed: 4,
  };
  const script = fileURLToPath(new URL('../harness/bad-link-agent.ts', import.meta.url));
  const relay = hosts.middle.start([process.execPath, script, JSON.stringify(link)]);
  await until('the bad link is there', () => relay.output.includes('ready'), { context: () => relay.output });
  await install(sa(1), { left: MIDDLE.left, right: MIDDLE.right });
  const server = Traffic.on(hosts.right);
  const user = Traffic.on(hosts.left);
  const { port } = await server.serve(RIGHT.inner4);
  const down = await user.download(`http://${RIGHT.inner4}:${port}/${FILE_BYTES}`, 500_000);
  expect(arrived(down)).toEqual(sent(down, FILE_BYTES));
  const { replayDrops, authFailures, malformedDrops } = await left.counters(sa(1).spiIn);
  expect(replayDrops).toBeGreaterThan(50); // the doubles
  expect([authFailures, malformedDrops]).toEqual([0, 0]);
});

it('SAs are replaced under load without a lost connection or a replay', { timeout: 120_000 }, async () => {
  await install(sa(1), ACROSS);
  const server = Traffic.on(hosts.right);
  const user = Traffic.on(hosts.left);
  const { port } = await server.serve(RIGHT.inner4);
  const url = `http://${RIGHT.inner4}:${port}`;
  const load = { busy: true };
  const transfers = Promise.all([
    user.download(`${url}/${FILE_BYTES * 5}`, 100_000),
    user.upload(`${url}/`, FILE_BYTES * 5, 100_000),
  ]).finally(() => {
    load.busy = false;
  });
  let last = 1;
  const counted: { replayDrops: number; authFailures: number; packetsIn: number }[] = [];
  while (load.busy) {
    const next = last + 1;
    await install(sa(next), ACROSS);
    await left.ask({ do: 'retire', spiIn: sa(last).spiIn });
    await right.ask({ do: 'retire', spiIn: sa(last).spiOut });
    // What is under way on the old one has arrived when both ends' counters stand still.
    let before = -1;
    await until('the old SA is silent', async () => {
      const { packetsIn } = await left.counters(sa(last).spiIn);
      const there = (await right.counters(sa(last).spiOut)).packetsIn;
      const silent = packetsIn + there === before;
      before = packetsIn + there;
      return silent;
    });
    counted.push(await left.counters(sa(last).spiIn), await right.counters(sa(last).spiOut));
    await left.ask({ do: 'remove', spiIn: sa(last).spiIn });
    await right.ask({ do: 'remove', spiIn: sa(last).spiOut });
    last = next;
  }
  const [down, up] = await transfers;
  expect(arrived(down)).toEqual(sent(down, FILE_BYTES * 5));
  expect(arrived(up)).toEqual(sent(up, FILE_BYTES * 5));
  expect(last).toBeGreaterThan(3);
  expect(counted.filter(({ packetsIn }) => packetsIn > 100).length).toBeGreaterThan(3);
  expect(counted.map(({ replayDrops, authFailures }) => replayDrops + authFailures)).toEqual(
    counted.map(() => 0),
  );
});

type Thread = 'adit-tun' | 'adit-udp' | 'adit-write';

/** Where the system tells of the plane's thread; `undefined` where it has none of that name. */
function folderOf(plane: DataPlaneHost, thread: Thread): string | undefined {
  const tasks = `/proc/${plane.daemon.pid}/task`;
  return readdirSync(tasks)
    .map((id) => `${tasks}/${id}`)
    .find((task) => readFileSync(`${task}/comm`, 'utf8').trim() === thread);
}

/** How often the plane's thread has waited for something. */
function waits(plane: DataPlaneHost, thread: Thread): number {
  const status = readFileSync(`${folderOf(plane, thread)}/status`, 'utf8');
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
}

it('one thread carries packets and their answers while they are few, two carry a load', async () => {
  await install(sa(1), ACROSS);
  const before = { tun: waits(right, 'adit-tun'), udp: waits(right, 'adit-udp') };
  await hosts.left.run(['ping', '-q', '-c', '100', '-i', '0.01', RIGHT.inner4]);
  expect(waits(right, 'adit-tun')).toBe(before.tun);
  expect(waits(right, 'adit-udp') - before.udp).toBeGreaterThan(50);
  const server = Traffic.on(hosts.right);
  const { port } = await server.serve(RIGHT.inner4);
  const down = await Traffic.on(hosts.left).download(`http://${RIGHT.inner4}:${port}/${FILE_BYTES}`, 100_000);
  expect(arrived(down)).toEqual(sent(down, FILE_BYTES));
  expect(waits(right, 'adit-tun')).toBeGreaterThan(before.tun);
  await until('the TUN is left alone again', async () => {
    const tun = waits(right, 'adit-tun');
    await hosts.left.run(['ping', '-q', '-c', '10', '-i', '0.02', RIGHT.inner4]);
    return waits(right, 'adit-tun') === tun;
  });
});

it('a thread of its own writes what arrives fast, and nothing else; with fewer than four cores there is none', async () => {
  const isThere = availableParallelism() >= 4;
  expect(folderOf(left, 'adit-write') !== undefined).toBe(isThere);
  if (!isThere) return;
  await install(sa(1), ACROSS);
  const asleep = { left: waits(left, 'adit-write'), right: waits(right, 'adit-write') };
  await hosts.left.run(['ping', '-q', '-c', '100', '-i', '0.01', RIGHT.inner4]);
  expect(waits(left, 'adit-write')).toBe(asleep.left);
  const { port } = await Traffic.on(hosts.right).serve(RIGHT.inner4);
  const down = await Traffic.on(hosts.left).download(`http://${RIGHT.inner4}:${port}/${FILE_BYTES}`, 100_000);
  expect(arrived(down)).toEqual(sent(down, FILE_BYTES));
  expect(waits(left, 'adit-write') - asleep.left).toBeGreaterThan(20);
  // Nothing but acknowledgements arrived there.
  expect(waits(right, 'adit-write')).toBe(asleep.right);
});

it('small datagrams in bursts of two hundred arrive, as many as are joined', async () => {
  await install(sa(1), ACROSS);
  hosts.right.start(['iperf3', '--server']);
  await until('iperf3 listens', async () => (await hosts.right.run(['ss', '-lt'])).includes(':5201'));
  // A burst every 10 ms: one that comes some milliseconds late is no longer than the reader's buffer.
  const load = ['--udp', '--length', '64', '--bitrate', '10M', '--pacing-timer', '10000', '--time', '1'];
  const out = await hosts.left.run(['iperf3', '--json', '--client', RIGHT.inner4, ...load]);
  const { sum } = (JSON.parse(out) as { end: { sum: { packets: number; lost_packets: number } } }).end;
  console.info(`of ${sum.packets} datagrams in bursts, ${sum.lost_packets} were lost`);
  expect(sum.packets).toBeGreaterThan(10_000);
  // That buffer holds 277 of them.
  expect(sum.lost_packets).toBeLessThan(sum.packets / 5);
});

describe('paths of', () => {
  const cases = [
    [576, 'aes128gcm16'],
    [1280, 'aes256-sha256'],
    [1500, 'chacha20poly1305'],
    [9000, 'aes128gcm16'],
  ] as const;

  it.each(cases)('%i octets carry files both ways with %s', async (mtu, esp) => {
    for (const [host, device] of [
      [hosts.left, 'eth0'],
      [hosts.middle, 'left'],
      [hosts.middle, 'right'],
      [hosts.right, 'eth0'],
    ] as const) {
      await host.ip(`link set ${device} mtu ${mtu}`);
    }
    for (const host of [hosts.left, hosts.right]) await host.ip(`link set adit0 mtu ${mtu - 100}`);
    await install(sa(1, esp), ACROSS);
    const server = Traffic.on(hosts.right);
    const user = Traffic.on(hosts.left);
    // IPv6 does not exist below 1280 octets.
    for (const address of [RIGHT.inner4, ...(mtu > 1400 ? [RIGHT.inner6] : [])]) {
      expect(await moveFiles(server, user, address, 10_000_000)).toEqual({ down: 'equal', up: 'equal' });
    }
    const { packetsIn } = await left.counters(sa(1).spiIn);
    expect(packetsIn).toBeGreaterThan(10_000_000 / mtu);
    expect((await left.stats()).sendErrors).toBe(0);
  });
});
