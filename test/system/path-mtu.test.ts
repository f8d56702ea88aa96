/**
 * The native data plane on paths that are narrower in the middle than at either end: left - router - router - right. With
 * the routers' ICMP, without it, and without fragments. What is sent through the tunnel arrives or its sender is told.
 * ADIT_LONG=1 tries more widths. Needs root (network namespaces, TUN).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { EspPath } from '#helper/native/data-plane.ts';
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
/** What AES-GCM in UDP over IPv4 and IPv6 adds at most. */
const OVERHEAD = { 4: 20 + 8 + 8 + 8 + 16 + 5, 6: 40 + 8 + 8 + 8 + 16 + 5 } as const;

interface Narrow {
  readonly world: World;
  readonly left: Host;
  readonly right: Host;
  readonly routers: readonly [Host, Host];
  readonly planes: Record<Side, DataPlaneHost>;
  /** Where packets of that end go. */
  readonly pathFrom: (side: Side) => EspPath;
}

let open: World | undefined;

const OTHER = { left: 'right', right: 'left' } as const;
type Side = keyof typeof OTHER;

/** `wide` at both ends, `narrow` between the routers; one SA each way over IPv4 or IPv6. */
async function narrowPath(wide: number, narrow: number, outer: 4 | 6): Promise<Narrow> {
  const world = await World.create();
  open = world;
  const [left, right, a, b] = await world.hosts('left', 'right', 'routera', 'routerb');
  await world.link(
    { host: left, device: 'eth0', addresses: [`${LEFT.outer4}/24`, `${LEFT.outer6}/64`] },
    { host: a, device: 'lan', addresses: ['192.0.2.254/24', '2001:db8:1::fe/64'] },
  );
  await world.link(
    { host: a, device: 'wan', addresses: ['203.0.113.1/24', '2001:db8:3::1/64'] },
    { host: b, device: 'wan', addresses: ['203.0.113.2/24', '2001:db8:3::2/64'] },
  );
  await world.link(
    { host: right, device: 'eth0', addresses: [`${RIGHT.outer4}/24`, `${RIGHT.outer6}/64`] },
    { host: b, device: 'lan', addresses: ['198.51.100.254/24', '2001:db8:2::fe/64'] },
  );
  await left.ip('route add default via 192.0.2.254');
  await right.ip('route add default via 198.51.100.254');
  await a.ip('route add default via 203.0.113.2');
  await b.ip('route add default via 203.0.113.1');
  await left.ip('-6 route add default via 2001:db8:1::fe');
  await right.ip('-6 route add default via 2001:db8:2::fe');
  await a.ip('-6 route add default via 2001:db8:3::2');
  await b.ip('-6 route add default via 2001:db8:3::1');
  for (const router of [a, b]) {
    await world.forwarding(router);
    await router.ip(`link set lan mtu ${wide}`);
    await router.ip(`link set wan mtu ${narrow}`);
    // One error a second would hide most of what is told here.
    await router.run(['sysctl', '-qw', 'net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0']);
  }
  const planes = { left: DataPlaneHost.on(left), right: DataPlaneHost.on(right) };
  const pathFrom = (side: Side): EspPath => {
    const other = side === 'left' ? RIGHT : LEFT;
    const address = outer === 4 ? other.outer4 : other.outer6;
    return { socket: outer === 4 ? 0 : 1, remote: { address, port: PORT } };
  };
  for (const [host, side, own, other] of [
    [left, 'left', LEFT, RIGHT],
    [right, 'right', RIGHT, LEFT],
  ] as const) {
    const plane = planes[side];
    await host.ip(`link set eth0 mtu ${wide}`);
    await plane.open('adit%d', [
      { family: 4, port: PORT, mark: 7 },
      { family: 6, port: PORT, mark: 7 },
    ]);
    await adapterUp(host, own, other, Math.max(wide - OVERHEAD[outer], 1280));
    const child = side === 'left' ? SA : facing(SA);
    await plane.ask({ do: 'install', child, path: pathFrom(side) });
  }
  return { world, left, right, routers: [a, b], planes, pathFrom };
}

/** Routers that say nothing about what they drop. */
async function silence({ world, routers }: Narrow): Promise<void> {
  for (const router of routers) {
    const body =
      'icmp type destination-unreachable drop; icmpv6 type { packet-too-big, destination-unreachable } drop;';
    await world.rules(router, 'inet', `chain c { type filter hook output priority 0; ${body} }`);
  }
}

/** SK, and the notify that a gateway that has forgotten us sends in the clear (RFC 7296 §3.2). */
const PROTECTED = 46;
const NOTIFY = 41;

/** An IKE message to the other end that begins with such a payload. */
async function say({ planes, pathFrom }: Narrow, side: Side, payload: number): Promise<void> {
  const header = Buffer.alloc(28, 1);
  header[16] = payload;
  await planes[side].ask({ do: 'ike', ...pathFrom(side), hex: header.toString('hex') });
}

/** In place of IKE: whoever is to be asked gives the answer. `asked` is who wanted to know. */
function answering({ planes }: Narrow, answer: (asked: Side) => Promise<void>): AsyncDisposable {
  const over = new AbortController();
  const answers = async (): Promise<void> => {
    const heard = { left: 0, right: 0 };
    while (!over.signal.aborted) {
      for (const side of ['left', 'right'] as const) {
        const { unanswered } = await planes[side].happened();
        if (unanswered.length === heard[side]) continue;
        heard[side] = unanswered.length;
        await answer(side);
      }
      await delay(20);
    }
  };
  const running = answers();
  return {
    [Symbol.asyncDispose]: () => {
      over.abort();
      return running;
    },
  };
}

type Fate = 'answered' | 'told' | 'lost';

/** What becomes of echoes of a size, the first of which may be the one that teaches the path. */
async function fate(host: Host, address: string, size: number, fragment: 'do' | 'dont'): Promise<Fate> {
  const options = ['-c', '4', '-i', '0.15', '-W', '1', '-M', fragment, '-s', String(size)];
  const { stdout, stderr } = await host.try(['ping', ...options, address]);
  if (/mtu ?[=:]/i.test(stdout + stderr)) return 'told';
  return / bytes from /.test(stdout) ? 'answered' : 'lost';
}

async function expectFiles({ left, right }: Narrow, bytes: number): Promise<void> {
  const server = Traffic.on(right);
  const user = Traffic.on(left);
  for (const address of [RIGHT.inner4, RIGHT.inner6]) {
    expect(await moveFiles(server, user, address, bytes)).toEqual({ down: 'equal', up: 'equal' });
  }
}

const stateOf = async (plane: DataPlaneHost) => (await plane.stats()).paths[0];

afterEach(async () => {
  await open?.[Symbol.asyncDispose]();
  open = undefined;
});

const long = process.env.ADIT_LONG !== undefined;

describe('routers that tell', () => {
  const cases: readonly (readonly [number, number, 4 | 6])[] = [
    [1500, 1400, 4],
    [1500, 1300, 6],
    [9000, 1500, 4],
    ...(long
      ? ([
          [1500, 1280, 4],
          [1500, 1280, 6],
          [1500, 1492, 4],
          [9000, 1500, 6],
          [9000, 9000, 4],
        ] as const)
      : []),
  ];

  it.each(cases)(
    'ends %i wide, %i between, IPv%i outside',
    { timeout: 60_000 },
    async (wide, narrow, outer) => {
      const path = await narrowPath(wide, narrow, outer);
      const adapter = wide - OVERHEAD[outer];
      const sizes = [500, narrow - 200, narrow - 60, adapter - 50].filter((size) => size <= adapter - 50);
      for (const size of sizes)
        expect([size, await fate(path.left, RIGHT.inner4, size, 'dont')]).toEqual([size, 'answered']);
      const fates = new Set<Fate>();
      for (const size of sizes) fates.add(await fate(path.left, RIGHT.inner4, size, 'do'));
      for (const size of sizes) fates.add(await fate(path.left, RIGHT.inner6, size, 'do'));
      expect(fates).toEqual(new Set(narrow < wide ? ['answered', 'told'] : ['answered']));
      await expectFiles(path, 3_000_000);
      expect(await stateOf(path.planes.left)).toMatchObject({ mtu: narrow, blackHole: false });
      // Where the left end's SYN says enough, the right end never sends anything too large.
      expect(await stateOf(path.planes.right)).toMatchObject({ blackHole: false });
    },
  );

  it('carries IPv6 through a path that is too narrow for 1280 octets of it, in fragments outside', async () => {
    const path = await narrowPath(1500, 576, 4);
    await expectFiles(path, 300_000);
    expect(await fate(path.left, RIGHT.inner6, 1200, 'do')).toBe('answered');
    expect(await fate(path.left, RIGHT.inner4, 1000, 'do')).toBe('told');
    expect(await stateOf(path.planes.left)).toMatchObject({ mtu: 576, blackHole: false });
  });
});

it('what ICMP made as small as can be grows again when the system forgets it', {
  timeout: 60_000,
}, async () => {
  const { left, right, routers, planes } = await narrowPath(1500, 576, 4);
  const [server, user] = [Traffic.on(right), Traffic.on(left)];
  expect(await fate(left, RIGHT.inner4, 1000, 'do')).toBe('told');
  expect(await stateOf(planes.left)).toMatchObject({ mtu: 576, blackHole: false });
  for (const router of routers) await router.ip('link set wan mtu 1500');
  for (const end of [left, right]) await end.ip('route flush cache');
  // A connection that begins now has an MSS whose segments fit 576 octets: nothing larger is sent.
  expect(await moveFiles(server, user, RIGHT.inner4, 300_000)).toEqual({ down: 'equal', up: 'equal' });
  expect(await stateOf(planes.left)).toMatchObject({ mtu: 1500, blackHole: false });
});

describe('routers that are silent', () => {
  const cases: readonly (readonly [number, 4 | 6])[] = [
    [1400, 4],
    [1300, 6],
    [576, 4],
    ...(long
      ? ([
          [1280, 4],
          [1280, 6],
        ] as const)
      : []),
  ];

  it.each(cases)(
    'TCP finds its way through %i octets, IPv%i outside',
    { timeout: 60_000 },
    async (narrow, outer) => {
      const path = await narrowPath(1500, narrow, outer);
      await silence(path);
      await using _answers = answering(path, (asked) => say(path, OTHER[asked], PROTECTED));
      await expectFiles(path, 1_000_000);
      // The right end sent a file first and found out; what it says in its SYN/ACK spares the left end the same.
      expect(await stateOf(path.planes.right)).toMatchObject({ mtu: 1280, blackHole: true });
      expect(await fate(path.right, LEFT.inner4, 1300, 'do')).toBe('told');
    },
  );
});

it('all SAs that one move led to a path share what is known of it', { timeout: 60_000 }, async () => {
  const path = await narrowPath(1500, 1400, 4);
  await silence(path);
  await using _answers = answering(path, (asked) => say(path, OTHER[asked], PROTECTED));
  const six = { ...SA, spiIn: 0x1002, spiOut: 0x2002, local: ['fd09::/64'], remote: ['fd09:1::/64'] };
  await path.planes.right.ask({ do: 'install', child: facing(six), path: path.pathFrom('right') });
  await path.planes.left.ask({ do: 'install', child: six, path: path.pathFrom('left') });
  await delay(1000); // a move is not the set-up
  for (const { spiIn } of [SA, six]) {
    await path.planes.left.ask({ do: 'path', spiIn, path: path.pathFrom('left') });
  }
  const { port } = await Traffic.on(path.right).serve(RIGHT.inner4);
  await Traffic.on(path.left).upload(`http://${RIGHT.inner4}:${port}/`, 1_000_000);
  expect(await stateOf(path.planes.left)).toMatchObject({ mtu: 1280, blackHole: true });
  expect(await fate(path.left, RIGHT.inner6, 1250, 'do')).toBe('told');
});

describe('a silence in which a segment is repeated', () => {
  /** Where the word after it comes from, and what has become of the path by then. */
  const WORDS: Record<string, (path: Narrow) => Promise<void>> = {
    'there is none': () => Promise.resolve(),
    'somebody who has forgotten the SA says so': (path) => say(path, 'right', NOTIFY),
    'the path was set anew': async (path) => {
      await path.planes.left.ask({ do: 'path', spiIn: SA.spiIn, path: path.pathFrom('left') });
      await say(path, 'right', PROTECTED);
    },
    'another SA has taken over': async (path) => {
      const { children } = await path.planes.left.stats();
      const next = { ...SA, spiIn: SA.spiIn + children.length, spiOut: SA.spiOut + children.length };
      await path.planes.right.ask({ do: 'install', child: facing(next), path: path.pathFrom('right') });
      await path.planes.left.ask({ do: 'install', child: next, path: path.pathFrom('left') });
      // Two, or the sum of what came in would be what it was: the one packet of the SA before is not counted any more.
      for (let i = 0; i < 2; i++) await say(path, 'right', PROTECTED);
    },
  };

  it.each(Object.keys(WORDS))('is no sign of a black hole where %s', async (what) => {
    const path = await narrowPath(1500, 1400, 4);
    await silence(path);
    const { port } = await Traffic.on(path.right).serve(RIGHT.inner4);
    await using _answers = answering(path, async (asked) => {
      expect(asked).toBe('left');
      await WORDS[what]?.(path);
    });
    // TCP repeats itself 0.2, 0.6, 1.4 and 3 s later.
    await expect(
      Traffic.on(path.left).upload(`http://${RIGHT.inner4}:${port}/`, 100_000, 4500),
    ).rejects.toThrow(/abort/i);
    expect((await path.planes.left.happened()).unanswered.length).toBeGreaterThan(0);
    expect(await stateOf(path.planes.left)).toMatchObject({ blackHole: false });
  });
});

it('learns anew after setPath, under load and without a packet that is not counted', {
  timeout: 60_000,
}, async () => {
  const path = await narrowPath(1500, 1400, 4);
  const over4 = path.pathFrom('left');
  const over6 = { socket: 1, remote: { address: RIGHT.outer6, port: PORT } };
  const server = Traffic.on(path.right);
  const user = Traffic.on(path.left);
  const { port } = await server.serve(RIGHT.inner4);
  const load = { over: false };
  const upload = user.upload(`http://${RIGHT.inner4}:${port}/`, 60_000_000).finally(() => (load.over = true));
  let changes = 0;
  while (!load.over) {
    await path.planes.left.ask({ do: 'path', spiIn: SA.spiIn, path: changes++ % 2 === 0 ? over6 : over4 });
    await path.planes.left.stats();
  }
  const { sha256, expected } = await upload;
  expect(sha256).toBe(expected);
  expect(changes).toBeGreaterThan(10);
  const { authFailures, malformedDrops } = await path.planes.right.counters(SA.spiOut);
  expect([authFailures, malformedDrops]).toEqual([0, 0]);
});
