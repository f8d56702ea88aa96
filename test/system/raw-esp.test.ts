/**
 * ESP as IP protocol 50, without UDP, between two native data planes: left - router - right, the router being narrower in
 * one test and a stranger in another. Needs root (network namespaces, TUN, raw sockets).
 */
import { afterEach, expect, it } from 'vitest';
import { DataPlaneHost } from '#test/harness/data-plane-host.ts';
import { facing } from '#test/harness/esp-children.ts';
import type { Host } from '#test/harness/host.ts';
import {
  adapterUp,
  LEFT_INNER,
  PLANE_PORT as PORT,
  PLANE_SA as SA,
  RIGHT_INNER,
} from '#test/harness/plane-pair.ts';
import { moveFiles, Traffic } from '#test/harness/traffic.ts';
import { World } from '#test/harness/world.ts';

const LEFT = { outer4: '192.0.2.1', outer6: '2001:db8:1::1', ...LEFT_INNER };
const RIGHT = { outer4: '198.51.100.1', outer6: '2001:db8:2::1', ...RIGHT_INNER };
const SOCKETS = [
  { family: 4, port: PORT, mark: 7 },
  { family: 6, port: PORT, mark: 7 },
  { family: 4, port: 0, mark: 7, protocol: 'esp' },
  { family: 6, port: 0, mark: 7, protocol: 'esp' },
] as const;
/** What AES-GCM adds at most: the IP header, SPI and sequence number, IV, ICV, padding and trailer. */
const OVERHEAD = { 4: 20 + 8 + 8 + 16 + 5, 6: 40 + 8 + 8 + 16 + 5 } as const;

type Place = typeof LEFT;
type Carriage = 'udp' | 'esp';

interface Scene {
  readonly world: World;
  readonly left: Host;
  readonly right: Host;
  readonly router: Host;
  readonly planes: { readonly left: DataPlaneHost; readonly right: DataPlaneHost };
}

let open: World | undefined;

afterEach(async () => {
  await open?.[Symbol.asyncDispose]();
  open = undefined;
});

const pathTo = (there: Place, carriage: Carriage, family: 4 | 6) => ({
  socket: (carriage === 'udp' ? 0 : 2) + (family === 4 ? 0 : 1),
  remote: { address: family === 4 ? there.outer4 : there.outer6, port: PORT },
});

/** `narrow`: the MTU of the router's link to the right end; the left end's is 1500. */
async function scene(family: 4 | 6, narrow = 1500): Promise<Scene> {
  const world = await World.create();
  open = world;
  const [left, right, router] = await world.hosts('left', 'right', 'router');
  await world.link(
    { host: left, device: 'eth0', addresses: [`${LEFT.outer4}/24`, `${LEFT.outer6}/64`] },
    { host: router, device: 'lan', addresses: ['192.0.2.254/24', '2001:db8:1::fe/64'] },
  );
  await world.link(
    { host: right, device: 'eth0', addresses: [`${RIGHT.outer4}/24`, `${RIGHT.outer6}/64`] },
    { host: router, device: 'wan', addresses: ['198.51.100.254/24', '2001:db8:2::fe/64'] },
  );
  await world.forwarding(router);
  await left.ip('route add default via 192.0.2.254');
  await right.ip('route add default via 198.51.100.254');
  await left.ip('-6 route add default via 2001:db8:1::fe');
  await right.ip('-6 route add default via 2001:db8:2::fe');
  await router.ip(`link set wan mtu ${narrow}`);
  await right.ip(`link set eth0 mtu ${narrow}`);
  await router.run(['sysctl', '-qw', 'net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0']);
  const planes = { left: DataPlaneHost.on(left), right: DataPlaneHost.on(right) };
  for (const [host, plane, own, there, child] of [
    [left, planes.left, LEFT, RIGHT, SA],
    [right, planes.right, RIGHT, LEFT, facing(SA)],
  ] as const) {
    await plane.open('adit%d', SOCKETS);
    await adapterUp(host, own, there, 1500 - OVERHEAD[family]);
    await plane.ask({ do: 'install', child, path: pathTo(there, 'esp', family) });
  }
  return { world, left, right, router, planes };
}

async function expectFiles({ left, right }: Scene, bytes: number): Promise<void> {
  const server = Traffic.on(right);
  const user = Traffic.on(left);
  for (const address of [RIGHT.inner4, RIGHT.inner6]) {
    expect(await moveFiles(server, user, address, bytes)).toEqual({ down: 'equal', up: 'equal' });
  }
}

/** A path is asked for its MTU every 100 ms at most: these are slower. */
const echoes = (host: Host, address: string, ...options: readonly string[]) =>
  host.try(['ping', '-c', '4', '-i', '0.15', '-W', '1', ...options, address]);

it.each([4, 6] as const)('carries files over IPv%i, and nothing but ESP', async (family) => {
  const all = await scene(family);
  await all.world.rules(
    all.router,
    'inet',
    'chain c { type filter hook forward priority 0; meta l4proto != esp drop; }',
  );
  await expectFiles(all, 2_000_000);
  // A packet that fills the adapter fills the path: eight octets more than fit beside UDP.
  const largest = 1500 - OVERHEAD[family] - 28;
  const { stdout } = await echoes(all.left, RIGHT.inner4, '-M', 'do', '-s', String(largest));
  expect(stdout).toContain(`${largest + 8} bytes from`);
  for (const plane of [all.planes.left, all.planes.right]) {
    const stats = await plane.stats();
    expect(stats).toMatchObject({ unknownSpi: 0, runts: 0, tooBig: 0, sendErrors: 0 });
    expect(stats.paths).toMatchObject([{ mtu: 1500, blackHole: false }]);
    expect(stats.children).toMatchObject([{ authFailures: 0, replayDrops: 0, malformedDrops: 0 }]);
  }
});

it.each([
  [4, 1300],
  [6, 1400],
] as const)('learns over IPv%i that the path takes %i octets', async (family, narrow) => {
  const all = await scene(family, narrow);
  await expectFiles(all, 1_000_000);
  const told = await echoes(all.left, RIGHT.inner4, '-M', 'do', '-s', String(narrow - OVERHEAD[family]));
  expect(told.stdout + told.stderr).toMatch(/mtu ?[=:]/i);
  const whole = await echoes(all.left, RIGHT.inner4, '-M', 'dont', '-s', '1390');
  expect(whole.stdout).toContain('1398 bytes from');
  expect((await all.planes.left.stats()).paths).toMatchObject([{ mtu: narrow, blackHole: false }]);
});

it.each([4, 6] as const)(
  'hears nothing of a stranger over IPv%i but what claims to be ours',
  async (family) => {
    const all = await scene(family);
    const stranger = DataPlaneHost.on(all.router);
    await stranger.open('adit%d', SOCKETS);
    await all.router.ip('link set adit0 up');
    await all.router.ip('addr add 10.9.9.9/32 dev adit0');
    await all.router.ip(`route add ${LEFT.inner4}/32 dev adit0 src 10.9.9.9`);
    const claims = {
      ...SA,
      spiIn: 0x3001,
      keyOut: 'of the stranger',
      local: ['0.0.0.0/0'],
      remote: ['0.0.0.0/0'],
    };
    const path = pathTo(LEFT, 'esp', family);

    await stranger.ask({ do: 'install', child: { ...claims, spiOut: 0x9999 }, path });
    await echoes(all.router, LEFT.inner4);
    expect((await stranger.counters(0x3001)).packetsOut).toBe(4);
    expect(await all.planes.left.stats()).toMatchObject({ unknownSpi: 0, runts: 0 });
    expect(await all.planes.left.counters(SA.spiIn)).toMatchObject({ packetsIn: 0, authFailures: 0 });

    await stranger.ask({ do: 'install', child: { ...claims, spiIn: 0x3002, spiOut: SA.spiIn }, path });
    await echoes(all.router, LEFT.inner4);
    expect((await stranger.counters(0x3002)).packetsOut).toBe(4);
    expect(await all.planes.left.stats()).toMatchObject({ unknownSpi: 0, runts: 0 });
    expect(await all.planes.left.counters(SA.spiIn)).toMatchObject({ packetsIn: 0, authFailures: 4 });
    // In UDP the same is counted.
    await stranger.ask({ do: 'path', spiIn: 0x3002, path: pathTo(LEFT, 'udp', family) });
    await stranger.ask({
      do: 'install',
      child: { ...claims, spiIn: 0x3003, spiOut: 0x9999 },
      path: pathTo(LEFT, 'udp', family),
    });
    await echoes(all.router, LEFT.inner4);
    expect(await all.planes.left.stats()).toMatchObject({ unknownSpi: 4 });

    await expectFiles(all, 100_000);
  },
);

it('listens to an SA from when it is there until it goes', async () => {
  const { left, planes } = await scene(4);
  expect((await echoes(left, RIGHT.inner4)).stdout).toContain('4 received');
  await planes.right.ask({ do: 'remove', spiIn: SA.spiOut });
  expect((await echoes(left, RIGHT.inner4)).stdout).toContain(' 0 received');
  expect(await planes.right.stats()).toMatchObject({ unknownSpi: 0, children: [] });
  const fresh = { ...SA, spiIn: 0x1002, spiOut: 0x2002 };
  await planes.right.ask({ do: 'install', child: facing(fresh), path: pathTo(LEFT, 'esp', 4) });
  await planes.left.ask({ do: 'install', child: fresh, path: pathTo(RIGHT, 'esp', 4) });
  expect((await echoes(left, RIGHT.inner4)).stdout).toContain('4 received');
});

it('changes between UDP and ESP by itself under load, either end when it likes', async () => {
  const all = await scene(4);
  const server = Traffic.on(all.right);
  const user = Traffic.on(all.left);
  const { port } = await server.serve(RIGHT.inner4);
  const load = { over: false };
  const upload = user.upload(`http://${RIGHT.inner4}:${port}/`, 60_000_000).finally(() => (load.over = true));
  let changes = 0;
  while (!load.over) {
    const carriage = changes % 2 === 0 ? 'udp' : 'esp';
    const family = changes % 3 === 0 ? 6 : 4;
    await all.planes.left.ask({ do: 'path', spiIn: SA.spiIn, path: pathTo(RIGHT, carriage, family) });
    if (changes % 5 === 0) {
      await all.planes.right.ask({ do: 'path', spiIn: SA.spiOut, path: pathTo(LEFT, carriage, 4) });
    }
    changes += 1;
  }
  const { sha256, expected } = await upload;
  expect(sha256).toBe(expected);
  expect(changes).toBeGreaterThan(10);
  for (const [plane, spiIn] of [
    [all.planes.left, SA.spiIn],
    [all.planes.right, SA.spiOut],
  ] as const) {
    expect(await plane.counters(spiIn)).toMatchObject({ authFailures: 0, malformedDrops: 0 });
    expect(await plane.stats()).toMatchObject({ unknownSpi: 0, runts: 0 });
  }
});

it('sends no IKE on a socket of ESP', async () => {
  const { planes } = await scene(4);
  const remote = { address: RIGHT.outer4, port: PORT };
  await expect(planes.left.ask({ do: 'ike', socket: 2, remote, hex: '00'.repeat(28) })).rejects.toThrow(
    'socket: 2 carries ESP only, not IKE',
  );
});
