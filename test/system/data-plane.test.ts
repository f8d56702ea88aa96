/**
 * The native data plane on two hosts with static keys: traffic, counters, bad packets, SAs that come and go under load,
 * and what is left afterwards. Needs root (network namespaces, TUN).
 */
import { availableParallelism } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EspSa } from '#core/esp/sa.ts';
import { EspTransform } from '#core/esp/packet.ts';
import { DataPlaneHost } from '#test/harness/data-plane-host.ts';
import { type ChildText, childFromText, facing, keysNamed, suite } from '#test/harness/esp-children.ts';
import type { Host } from '#test/harness/host.ts';
import {
  adapterUp,
  LEFT_INNER,
  PLANE_PORT as PORT,
  PLANE_SA as SA,
  RIGHT_INNER,
} from '#test/harness/plane-pair.ts';
import { ipv4Udp } from '#test/harness/ip-packets.ts';
import { until } from '#test/harness/process.ts';
import { moveFiles, Traffic } from '#test/harness/traffic.ts';
import { World } from '#test/harness/world.ts';

const LEFT = { outer4: '192.0.2.1', outer6: '2001:db8::1', ...LEFT_INNER };
const RIGHT = { outer4: '192.0.2.2', outer6: '2001:db8::2', ...RIGHT_INNER };

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

let world: World;
let left: DataPlaneHost;
let right: DataPlaneHost;
let hosts: { left: Host; right: Host };

/** Sockets 0 and 1 of each data plane: IPv4 and IPv6 on 4500. */
const toRight = { socket: 0, remote: { address: RIGHT.outer4, port: PORT } };
const toLeft = { socket: 0, remote: { address: LEFT.outer4, port: PORT } };
const toRight6 = { socket: 1, remote: { address: RIGHT.outer6, port: PORT } };
const toLeft6 = { socket: 1, remote: { address: LEFT.outer6, port: PORT } };

async function openPlane(
  host: Host,
  plane: DataPlaneHost,
  own: typeof LEFT,
  other: typeof LEFT,
): Promise<void> {
  await plane.open('adit%d', [
    { family: 4, port: PORT, mark: 7 },
    { family: 6, port: PORT, mark: 7 },
  ]);
  await adapterUp(host, own, other, 1400);
}

async function install(child: ChildText, over6 = false): Promise<void> {
  await left.ask({ do: 'install', child, path: over6 ? toRight6 : toRight });
  await right.ask({ do: 'install', child: facing(child), path: over6 ? toLeft6 : toLeft });
}

/** Three echoes from left to right, each answered. */
async function ping(address: string, size = 56): Promise<void> {
  const options = ['-q', '-c', '3', '-i', '0.05', '-W', '2', '-s', String(size)];
  expect(await hosts.left.run(['ping', ...options, address])).toContain(' 0% packet loss');
}

/** Counters stand still once nothing is under way; then both ends tell the same. */
async function expectEqualCounters(child: ChildText): Promise<void> {
  await until('both ends count alike', async () => {
    const here = await left.counters(child.spiIn);
    const there = await right.counters(child.spiOut);
    expect([there.packetsIn, there.bytesIn]).toEqual([here.packetsOut, here.bytesOut]);
    expect([here.packetsIn, here.bytesIn]).toEqual([there.packetsOut, there.bytesOut]);
    return true;
  });
}

/** Sends datagrams to the left data plane from a socket of the right host. */
async function sendToLeft(...datagrams: readonly Uint8Array[]): Promise<void> {
  const traffic = Traffic.on(hosts.right);
  for (const bytes of datagrams) {
    await traffic.datagram({ address: LEFT.outer4, port: PORT }, bytes, { sourcePort: 40_000 });
  }
}

/** An ESP packet to the left data plane under the right key. */
const seal = (sequence: bigint, payload: Uint8Array, nextHeader: number): Uint8Array =>
  new EspTransform(suite(SA.esp), keysNamed(SA.keyIn, suite(SA.esp)), random).seal(
    SA.spiIn,
    sequence,
    payload,
    nextHeader,
  );

beforeEach(async () => {
  world = await World.create();
  const [one, two] = await Promise.all([world.host('left'), world.host('right')]);
  hosts = { left: one, right: two };
  await world.link(
    { host: one, device: 'eth0', addresses: [`${LEFT.outer4}/24`, `${LEFT.outer6}/64`] },
    { host: two, device: 'eth0', addresses: [`${RIGHT.outer4}/24`, `${RIGHT.outer6}/64`] },
  );
  left = DataPlaneHost.on(one);
  right = DataPlaneHost.on(two);
  await openPlane(one, left, LEFT, RIGHT);
  await openPlane(two, right, RIGHT, LEFT);
});

afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

describe('traffic', () => {
  const cases = [
    ['aes256gcm16', false],
    ['aes128-sha256-esn', true],
    ['chacha20poly1305-esn', false],
    ['aes256ccm12', true],
    ['aes256ctr-sha512', false],
  ] as const;

  it.each(cases)('%s carries files both ways (outside IPv6: %s)', async (esp, over6) => {
    const child = { ...SA, esp };
    await install(child, over6);
    await ping(RIGHT.inner4);
    await ping(RIGHT.inner6);
    const server = Traffic.on(hosts.right);
    const user = Traffic.on(hosts.left);
    for (const address of [RIGHT.inner4, RIGHT.inner6]) {
      expect(await moveFiles(server, user, address, 20_000_000)).toEqual({ down: 'equal', up: 'equal' });
    }
    await expectEqualCounters(child);
    const { packetsIn, replayDrops, authFailures, selectorDrops, malformedDrops } = await left.counters(
      child.spiIn,
    );
    expect(packetsIn).toBeGreaterThan(20_000_000 / 1400);
    expect([replayDrops, authFailures, selectorDrops, malformedDrops]).toEqual([0, 0, 0, 0]);
  });

  it('tells the sender where the adapter is too wide for the path, and then everything arrives', async () => {
    await install(SA);
    await hosts.left.ip('link set adit0 mtu 9000');
    await hosts.right.ip('link set adit0 mtu 9000');
    const { stdout } = await hosts.left.try(['ping', '-c', '1', '-W', '1', '-s', '8000', RIGHT.inner4]);
    expect(stdout).toContain('Frag needed and DF set (mtu = 1438)');
    await hosts.right.try(['ping', '-c', '1', '-W', '1', '-s', '8000', LEFT.inner4]);
    await ping(RIGHT.inner4, 8000);
    await expectEqualCounters(SA);
    expect((await right.counters(SA.spiOut)).bytesIn).toBeGreaterThan(3 * 8000);
  });

  it('follows setPath to another address and family', async () => {
    await install(SA);
    await ping(RIGHT.inner4);
    await left.ask({ do: 'path', spiIn: SA.spiIn, path: toRight6 });
    await right.ask({ do: 'path', spiIn: SA.spiOut, path: toLeft6 });
    await hosts.right.ip(`addr del ${RIGHT.outer4}/24 dev eth0`);
    await ping(RIGHT.inner4);
    expect((await left.counters(SA.spiIn)).packetsIn).toBe(6);
  });

  it('prefers the newest SA, and the older one once the newest is retired', async () => {
    const newer = { ...SA, spiIn: 0x1002, spiOut: 0x2002, keyIn: 'newer in', keyOut: 'newer out' };
    await install(SA);
    await install(newer);
    await ping(RIGHT.inner4);
    expect((await left.counters(newer.spiIn)).packetsOut).toBe(3);
    expect((await left.counters(SA.spiIn)).packetsOut).toBe(0);
    await left.ask({ do: 'retire', spiIn: newer.spiIn });
    await ping(RIGHT.inner4);
    expect(await left.counters(newer.spiIn)).toMatchObject({ packetsOut: 3, packetsIn: 6 });
    expect((await left.counters(SA.spiIn)).packetsOut).toBe(3);
  });

  it('keeps a packet that comes before its SA, and delivers it when that is installed', async () => {
    await install(SA);
    await right.ask({ do: 'remove', spiIn: SA.spiOut });
    const pinged = hosts.left.try(['ping', '-q', '-c', '1', '-W', '5', RIGHT.inner4]);
    await until('the packet has come', async () => (await right.stats()).unknownSpi === 1);
    await right.ask({ do: 'install', child: facing(SA), path: toLeft });
    expect((await pinged).stdout).toContain(' 0% packet loss');
    expect((await right.stats()).unknownSpi).toBe(1);
  });

  it('counts what no SA takes, and carries nothing outside the selectors', async () => {
    await install({ ...SA, remote: ['10.9.1.1/32[udp]'] });
    const { code } = await hosts.left.try(['ping', '-q', '-c', '2', '-i', '0.05', '-W', '1', RIGHT.inner4]);
    expect(code).not.toBe(0);
    expect((await left.stats()).noSa).toBeGreaterThanOrEqual(2);
    expect((await left.counters(SA.spiIn)).packetsOut).toBe(0);
  });
});

describe('bad packets from outside', () => {
  const inner = ipv4Udp({ source: '10.9.1.1', destination: '10.9.0.1', payload: random(100) });

  it('counts each kind once, delivers the good one once, and goes on', async () => {
    await install(SA);
    const peer = new EspSa(childFromText(facing(SA)), random);
    const good = peer.outbound(inner);
    if (good.reason !== 'ok') throw new Error(good.reason);
    const forged = good.packet.slice();
    forged[7] = 9;
    const foreign = ipv4Udp({ source: '10.77.0.1', destination: '10.9.0.1', payload: random(10) });
    await sendToLeft(
      good.packet,
      good.packet,
      forged,
      seal(20n, foreign, 4),
      seal(21n, inner, 41),
      seal(22n, inner.subarray(0, 50), 4),
      seal(23n, new Uint8Array(0), 59),
      Uint8Array.of(0, 0, 0x99, 0x99, 0, 0, 0, 1, 1, 2, 3, 4),
      Uint8Array.of(1, 2, 3),
      good.packet.subarray(0, 8),
      Uint8Array.of(0xff),
      random(60_000).fill(1, 0, 4),
    );
    await until('all have been counted', async () => (await left.stats()).unknownSpi === 2);
    const { children, ...counters } = await left.stats();
    expect(counters).toMatchObject({ unknownSpi: 2, runts: 1, ikeDrops: 0 });
    expect(children).toEqual([
      expect.objectContaining({
        packetsIn: 1,
        bytesIn: inner.length,
        replayDrops: 2,
        authFailures: 1,
        selectorDrops: 1,
        malformedDrops: 2,
        dummies: 1,
      }),
    ]);
    await right.ask({ do: 'remove', spiIn: SA.spiOut });
    await left.ask({ do: 'remove', spiIn: SA.spiIn });
    await install({ ...SA, keyIn: 'fresh in', keyOut: 'fresh out' });
    await ping(RIGHT.inner4);
  });

  it('survives ICMP errors on its sockets', async () => {
    await install(SA);
    await left.ask({
      do: 'path',
      spiIn: SA.spiIn,
      path: { ...toRight, remote: { ...toRight.remote, port: 9 } },
    });
    await hosts.left.try(['ping', '-q', '-c', '5', '-i', '0.05', '-W', '1', RIGHT.inner4]);
    await left.ask({ do: 'path', spiIn: SA.spiIn, path: toRight });
    await ping(RIGHT.inner4);
    expect((await left.happened()).fatal).toEqual([]);
    expect((await left.happened()).unreachable[0]).toBe(RIGHT.outer4);
  });

  it.each([
    ['admin-prohibited', `ip protocol udp reject with icmp type admin-prohibited`, toRight, RIGHT.outer4],
    ['host-unreachable', `ip protocol udp reject with icmp type host-unreachable`, toRight, RIGHT.outer4],
    ['ICMPv6 no-route', `ip6 nexthdr udp reject with icmpv6 type no-route`, toRight6, RIGHT.outer6],
  ])('tells of ICMP about its own packets, once a second: %s', async (_name, reject, to, address) => {
    const refused = `table inet refuse {\n chain c {\n type filter hook input priority 0\n ${reject}\n }\n}`;
    await hosts.right.nft(refused);
    // What is not ours: the same ICMP about a socket of somebody else.
    await Traffic.on(hosts.left).datagram({ address: RIGHT.outer4, port: PORT }, random(40), {
      sourcePort: 40_000,
    });
    await hosts.left.try(['ping', '-c', '1', '-W', '0.2', RIGHT.outer4]);
    expect((await left.happened()).unreachable).toEqual([]);
    const hex = Buffer.from(random(200)).toString('hex');
    for (let i = 0; i < 40; i++) await left.ask({ do: 'ike', ...to, hex });
    await until('it is told', async () => (await left.happened()).unreachable.length > 0);
    const { unreachable } = await left.happened();
    expect(new Set(unreachable)).toEqual(new Set([address]));
    expect(unreachable.length).toBeLessThan(10);
    expect(await left.stats()).toMatchObject({ sendErrors: 0 });
    await hosts.right.nft('delete table inet refuse');
  });
});

describe('IKE datagrams', () => {
  const message = Buffer.from(random(200)).toString('hex');

  it('travel with the marker on 4500 and arrive without it, with both addresses', async () => {
    await left.ask({ do: 'ike', ...toRight, hex: message });
    await left.ask({ do: 'ike', ...toRight6, hex: message });
    await left.ask({ do: 'ike', ...toRight, hex: 'ff', keepalive: true });
    await until('both arrive', async () => (await right.happened()).ike.length === 2);
    const { ike } = await right.happened();
    expect(ike.sort((a, b) => a.socket - b.socket)).toEqual([
      {
        socket: 0,
        hex: message,
        remote: { address: LEFT.outer4, port: PORT },
        local: { address: RIGHT.outer4, port: PORT },
      },
      {
        socket: 1,
        hex: message,
        remote: { address: LEFT.outer6, port: PORT },
        local: { address: RIGHT.outer6, port: PORT },
      },
    ]);
    expect((await right.stats()).runts).toBe(0);
  });

  it.each([
    [500, ''],
    [4501, '00000000'],
  ])('on a socket of port %i have the marker "%s" outside', async (port, marker) => {
    const gateway = DataPlaneHost.on(hosts.right);
    const to = { address: RIGHT.outer4, port };
    await gateway.open('tun%d', [{ family: 4, ...to }]);
    const framed = Buffer.from(marker + message, 'hex');
    const answered = Traffic.on(hosts.left).datagram(to, framed, { waitMs: 5_000, sourcePort: 40_000 });
    await until('the gateway has it', async () => (await gateway.happened()).ike.length === 1);
    const { ike } = await gateway.happened();
    expect(ike[0]).toMatchObject({ hex: message, remote: { address: LEFT.outer4, port: 40_000 }, local: to });
    const remote = { address: LEFT.outer4, port: 40_000 };
    await gateway.ask({ do: 'ike', socket: 0, remote, hex: message });
    expect(Buffer.from((await answered) ?? []).toString('hex')).toBe(marker + message);
  });

  it('travel without it to and from a peer on port 500', async () => {
    const client = DataPlaneHost.on(hosts.left);
    const { ports } = await client.open('tun%d', [{ family: 4, port: 0 }]);
    const to = { address: LEFT.outer4, port: ports[0] as number };
    const raw = Buffer.from(message, 'hex');
    const answered = Traffic.on(hosts.right).datagram(to, raw, { waitMs: 5_000, sourcePort: 500 });
    await until('the client has it', async () => (await client.happened()).ike.length === 1);
    expect((await client.happened()).ike[0]?.hex).toBe(message);
    await client.ask({ do: 'ike', socket: 0, remote: { address: RIGHT.outer4, port: 500 }, hex: message });
    expect(Buffer.from((await answered) ?? []).toString('hex')).toBe(message);
  });

  it('beyond the bound are dropped and counted while JavaScript is busy, and memory stays', async () => {
    const busy = left.ask({ do: 'block', ms: 1_500 });
    const flood = Array.from({ length: 3000 }, () => right.ask({ do: 'ike', ...toLeft, hex: message }));
    await Promise.all(flood);
    await busy;
    await until('the queue is empty', async () => {
      const { ikeDrops } = await left.stats();
      return (await left.happened()).ike.length + ikeDrops === 3000;
    });
    expect((await left.happened()).ike.length).toBe(512);
  });
});

describe('the life of an SA', () => {
  it('ends at its limit of packets, once, and tells', async () => {
    await install({ ...SA, maxPackets: 5 });
    await hosts.left.try(['ping', '-q', '-c', '8', '-i', '0.02', '-W', '1', RIGHT.inner4]);
    expect(await left.counters(SA.spiIn)).toMatchObject({ packetsOut: 5, packetsIn: 5, packetsLeft: 0 });
    const late = ipv4Udp({ source: '10.9.1.1', destination: '10.9.0.1', payload: random(10) });
    await sendToLeft(seal(50n, late, 4), seal(51n, late, 4));
    await until('they came too late', async () => (await left.counters(SA.spiIn)).expiredDrops === 2);
    expect((await left.happened()).expired).toEqual([{ spiIn: SA.spiIn, reason: 'packets' }]);
    expect((await left.stats()).noSa).toBeGreaterThanOrEqual(3);
  });

  it('ends at its limit of bytes, once, and tells', async () => {
    // Echo requests of 128 octets: the fourth would pass the limit.
    await install({ ...SA, maxBytes: 500 });
    await hosts.left.try(['ping', '-q', '-c', '8', '-i', '0.02', '-s', '100', '-W', '1', RIGHT.inner4]);
    const counters = await left.counters(SA.spiIn);
    expect(counters.bytesOut).toBeGreaterThan(0);
    expect(counters.bytesOut).toBeLessThanOrEqual(500);
    expect(counters).toMatchObject({ packetsLeft: 0 });
    expect((await left.happened()).expired).toEqual([{ spiIn: SA.spiIn, reason: 'bytes' }]);
    expect((await left.stats()).noSa).toBeGreaterThanOrEqual(3);
  });

  it('ends at its limit of time while JavaScript hangs, which hears of it afterwards', async () => {
    await install({ ...SA, lifetimeSec: 1.5 });
    await ping(RIGHT.inner4);
    const { packetsIn, packetsOut } = await left.counters(SA.spiIn);
    const hang = left.ask({ do: 'block', ms: 3_000 });
    // 20 a second, for longer than the lifetime and shorter than the hang.
    await hosts.left.try(['ping', '-q', '-c', '45', '-i', '0.05', '-W', '1', RIGHT.inner4]);
    const late = ipv4Udp({ source: '10.9.1.1', destination: '10.9.0.1', payload: random(10) });
    await sendToLeft(seal(1_000n, late, 4));
    await hang;
    const after = await left.counters(SA.spiIn);
    const sent = after.packetsOut - packetsOut;
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(40);
    expect((await left.stats()).noSa).toBeGreaterThan(5);
    expect(after).toMatchObject({ packetsLeft: 0, expiredDrops: 1 });
    expect(after.packetsIn - packetsIn).toBeLessThanOrEqual(sent);
    await until('JavaScript is told', async () => (await left.happened()).expired.length > 0);
    expect((await left.happened()).expired).toEqual([{ spiIn: SA.spiIn, reason: 'time' }]);
  });

  it('that has a limit of time ends at it, whichever was installed first, and no other one', async () => {
    const [short, long] = [
      { ...SA, lifetimeSec: 0.3 },
      { ...SA, spiIn: 0x1002, spiOut: 0x2002, lifetimeSec: 60 },
    ];
    await install(long);
    await install(short);
    await until('the short one has ended', async () => (await left.happened()).expired.length > 0);
    await ping(RIGHT.inner4);
    expect((await left.happened()).expired).toEqual([{ spiIn: short.spiIn, reason: 'time' }]);
    expect((await left.counters(long.spiIn)).packetsOut).toBeGreaterThanOrEqual(3);
  });

  it('can be removed and put back under load', async () => {
    await install(SA);
    const load = hosts.left.start(['ping', '-q', '-f', '-s', '1300', RIGHT.inner4]);
    for (let i = 0; i < 500; i++) {
      await left.ask({ do: 'remove', spiIn: SA.spiIn });
      await right.ask({ do: 'remove', spiIn: SA.spiOut });
      await install(SA);
    }
    await load.stop('SIGINT');
    // The two ends restart their sequence numbers at slightly different moments; a fresh pair begins in step. With keys
    // of its own: a late packet of the one before must not move its window.
    await left.ask({ do: 'remove', spiIn: SA.spiIn });
    await right.ask({ do: 'remove', spiIn: SA.spiOut });
    await install({ ...SA, keyIn: 'fresh in', keyOut: 'fresh out' });
    await ping(RIGHT.inner4);
    expect((await left.happened()).fatal).toEqual([]);
  });

  it('leaves no memory behind in ten thousand rounds under load', async () => {
    await install(SA);
    const load = hosts.left.start(['ping', '-q', '-f', RIGHT.inner4]);
    const before = await left.churn(SA, toRight, 2_000);
    const after = await left.churn(SA, toRight, 10_000);
    await load.stop('SIGINT');
    expect(after.rssKib - before.rssKib).toBeLessThan(8 * 1024);
    expect((await left.stats()).children).toHaveLength(1);
    await ping(RIGHT.inner4);
  });
});

it('has the AES that was linked in, unless it is the sanitized addon', async () => {
  const { features } = await DataPlaneHost.on(hosts.left).open('own%d', [{ family: 4, port: 0 }]);
  expect(features.ipsecMb).toBe(process.env.ADIT_NATIVE_PRELOAD === undefined);
});

describe('the end', () => {
  it('close leaves no thread, no descriptor and no adapter, and may be called twice', async () => {
    const plane = DataPlaneHost.on(hosts.left);
    const before = await plane.held();
    await plane.open('late%d', [{ family: 4, port: 0 }]);
    const open = await plane.held();
    // One for each direction, and one that writes to the TUN where there are cores enough.
    expect(open.threads - before.threads).toBe(availableParallelism() >= 4 ? 3 : 2);
    expect(open.descriptors).toBeGreaterThan(before.descriptors);
    await plane.ask({ do: 'close' });
    await plane.ask({ do: 'close' });
    expect(await plane.held()).toEqual(before);
    await expect(hosts.left.ip('link show late0')).rejects.toThrow('late0');
    await expect(plane.stats()).rejects.toThrow('the data plane is closed');
  });

  it('process.exit with an open data plane ends with its own code, under load', async () => {
    await install(SA);
    hosts.left.start(['ping', '-q', '-f', RIGHT.inner4]);
    left.ask({ do: 'exit' }).catch(() => undefined);
    expect(await left.daemon.exited).toBe(7);
  });

  it.each(['while nothing passes', 'under load'])('tells when the adapter vanishes %s', async (when) => {
    await install(SA);
    if (when === 'under load') {
      hosts.left.start(['ping', '-q', '-f', '-l', '64', RIGHT.inner4]);
      await until('packets pass', async () => (await left.counters(SA.spiIn)).packetsIn > 1000);
    }
    await hosts.left.ip('link del adit0');
    await until('it is told', async () => (await left.happened()).fatal.length > 0);
    expect((await left.happened()).fatal).toEqual([expect.stringMatching(/^read from the TUN: /)]);
    await left.ask({ do: 'close' });
  });

  it('names what the system refused', async () => {
    const other = DataPlaneHost.on(hosts.left);
    await expect(other.open('adit0', [])).rejects.toThrow(
      "EBUSY: Device or resource busy, ioctl TUNSETIFF 'adit0'",
    );
    const before = await other.held();
    await expect(other.open('adit%d', [{ family: 4, port: PORT }])).rejects.toThrow(
      "EADDRINUSE: Address already in use, bind '* port 4500'",
    );
    expect(await other.held()).toEqual(before);
    await expect(other.open('adit%d', [{ family: 4, address: '::1', port: 0 }])).rejects.toThrow(
      "sockets[0].address: '::1' is not an address of IPv4",
    );
    expect(await other.held()).toEqual(before);
  });
});
