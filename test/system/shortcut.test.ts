/**
 * The second socket of a data plane, connected to the peer (helper/native/src/shortcut.h): which socket a datagram lands
 * on, and that none depends on it. The process is stopped while datagrams come, so that they can be seen to wait.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
import { until } from '#test/harness/process.ts';
import { Traffic } from '#test/harness/traffic.ts';
import { World } from '#test/harness/world.ts';

const PLACES = {
  4: { left: '192.0.2.1', moved: '192.0.2.7', right: '192.0.2.2', prefix: 24 },
  6: { left: '2001:db8::1', moved: '2001:db8::7', right: '2001:db8::2', prefix: 64 },
} as const;
const STRANGE_PORT = 40_000;

let world: World;
let hosts: { left: Host; right: Host };
let left: DataPlaneHost;
let right: DataPlaneHost;

beforeEach(async () => {
  world = await World.create();
  const [one, two] = await world.hosts('left', 'right');
  hosts = { left: one, right: two };
  const addresses = (side: 'left' | 'right') =>
    Object.values(PLACES).map((place) => `${place[side]}/${place.prefix}`);
  await world.link(
    { host: one, device: 'eth0', addresses: addresses('left') },
    { host: two, device: 'eth0', addresses: addresses('right') },
  );
  left = DataPlaneHost.on(one);
  right = DataPlaneHost.on(two);
  for (const plane of [left, right]) {
    await plane.open('adit%d', [
      { family: 4, port: PORT, mark: 7 },
      { family: 6, port: PORT, mark: 7 },
    ]);
  }
  await adapterUp(one, LEFT_INNER, RIGHT_INNER, 1400);
  await adapterUp(two, RIGHT_INNER, LEFT_INNER, 1400);
});

afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const pathTo = (address: string, family: 4 | 6, port = PORT) => ({
  socket: family === 4 ? 0 : 1,
  remote: { address, port },
});

async function install(family: 4 | 6): Promise<void> {
  await left.ask({ do: 'install', child: SA, path: pathTo(PLACES[family].right, family) });
  await right.ask({ do: 'install', child: facing(SA), path: pathTo(PLACES[family].left, family) });
}

interface Waiting {
  /** Own address and peer of the connected socket; undefined where it is not connected. */
  readonly connected?: { readonly local: string; readonly peer: string };
  /** Whether datagrams wait in the connected socket, and in one that is not. */
  readonly shortcut: boolean;
  readonly first: boolean;
}

async function sockets(family: 4 | 6, port = PORT): Promise<Waiting> {
  const lines = (await hosts.left.run(['ss', `-${family}`, '-Huna', `sport = :${port}`])).trim().split('\n');
  const all = lines.map((line) => line.trim().split(/\s+/)) as [string, string, string, string, string][];
  const connected = all.find(([state]) => state === 'ESTAB');
  const waits = (which: (state: string) => boolean) =>
    all.some(([state, queued]) => which(state) && queued !== '0');
  return {
    ...(connected && { connected: { local: connected[3], peer: connected[4] } }),
    shortcut: waits((state) => state === 'ESTAB'),
    first: waits((state) => state !== 'ESTAB'),
  };
}

const text = (address: string, family: 4 | 6, port = PORT) =>
  family === 4 ? `${address}:${port}` : `[${address}]:${port}`;

/** What waits for the left data plane, which is stopped, while `send` sends. All of it is read afterwards. */
async function waitingAfter(family: 4 | 6, send: () => Promise<unknown>, port = PORT): Promise<Waiting> {
  process.kill(left.daemon.pid, 'SIGSTOP');
  try {
    await send();
    return await until('something waits', async () => {
      const found = await sockets(family, port);
      return (found.shortcut || found.first) && found;
    });
  } finally {
    process.kill(left.daemon.pid, 'SIGCONT');
  }
}

/** One packet of the SA that gets no answer while the left end is stopped. */
const pingLeft = () => hosts.right.run(['sh', '-c', `ping -q -c 1 -W 1 ${LEFT_INNER.inner4} || true`]);

const read = (packets: number) =>
  until('it was read', async () => (await left.counters(SA.spiIn)).packetsIn === packets);

describe.each([4, 6] as const)('over IPv%i', (family) => {
  const place = PLACES[family];

  it('what the peer sends lands on the connected socket, what anybody else sends on the first; both are read', async () => {
    expect((await sockets(family)).connected).toBeUndefined();
    await install(family);
    const connected = { local: text(place.left, family), peer: text(place.right, family) };
    expect(await waitingAfter(family, pingLeft)).toEqual({ connected, shortcut: true, first: false });
    await read(1);

    const before = (await left.stats()).unknownSpi;
    const strange = () =>
      Traffic.on(hosts.right).datagram({ address: place.left, port: PORT }, new Uint8Array(64).fill(9), {
        sourcePort: STRANGE_PORT,
      });
    expect(await waitingAfter(family, strange)).toEqual({ connected, shortcut: false, first: true });
    await until('it was read', async () => (await left.stats()).unknownSpi === before + 1);
  });

  it('follows setPath to another address of ours, and to a peer that has moved', async () => {
    await install(family);
    await hosts.left.ip(`addr del ${place.left}/${place.prefix} dev eth0`);
    const atOnce = family === 6 ? ' nodad' : '';
    await hosts.left.ip(`addr add ${place.moved}/${place.prefix} dev eth0${atOnce}`);
    await right.ask({ do: 'path', spiIn: SA.spiOut, path: pathTo(place.moved, family) });
    // The connected socket still has the old address: the first one takes what comes.
    expect(await waitingAfter(family, pingLeft)).toMatchObject({ shortcut: false, first: true });
    await read(1);
    await left.ask({ do: 'path', spiIn: SA.spiIn, path: pathTo(place.right, family) });
    const connected = { local: text(place.moved, family), peer: text(place.right, family) };
    expect(await waitingAfter(family, pingLeft)).toEqual({ connected, shortcut: true, first: false });
    await read(2);

    await left.ask({ do: 'path', spiIn: SA.spiIn, path: pathTo(place.right, family, 4600) });
    const found = await waitingAfter(family, pingLeft);
    expect(found.connected?.peer).toBe(text(place.right, family, 4600));
    expect(found).toMatchObject({ shortcut: false, first: true });
    await read(3);
  });

  it('renewPort puts others on another port in place of both: what goes comes from there, what comes there is read', async () => {
    await install(family);
    const { socket, remote } = pathTo(place.right, family);
    const held = await left.held();
    // The thread that waits for the old ones has been doing that for a while.
    await sleep(300);
    const { [socket]: port = 0, [1 - socket]: other } = await left.renewPort(socket);
    expect([other, port === PORT, await left.held()]).toEqual([PORT, false, held]);
    expect(await hosts.left.run(['ss', `-${family}`, '-Huna', `sport = :${PORT}`])).toBe('');

    await right.ask({ do: 'path', spiIn: SA.spiOut, path: pathTo(place.left, family, port) });
    await pingLeft();
    await read(1);
    const ike = { do: 'ike', hex: '00'.repeat(16) + '22'.repeat(12) } as const;
    await left.ask({ ...ike, socket, remote });
    await right.ask({ ...ike, socket, remote: { address: place.left, port } });
    await until('both heard IKE', async () => {
      const [one, two] = [await left.happened(), await right.happened()];
      return one.ike[0]?.local.port === port && two.ike[0]?.remote.port === port;
    });

    await left.ask({ do: 'path', spiIn: SA.spiIn, path: { socket, remote } });
    const connected = { local: text(place.left, family, port), peer: text(place.right, family) };
    expect(await waitingAfter(family, pingLeft, port)).toEqual({ connected, shortcut: true, first: false });
    await read(2);
    expect((await left.stats()).sendErrors).toBe(0);
  });
});

it('renewPort is for what has a port: not for ESP, nor for what is not there', async () => {
  const bare = DataPlaneHost.on(hosts.left);
  await bare.open('bare%d', [{ family: 4, port: 0, protocol: 'esp' }]);
  await expect(bare.renewPort(0)).rejects.toThrow(/carries ESP only/);
  await expect(left.renewPort(2)).rejects.toThrow(/not the index of an open socket/);
});

it('without a route to the peer nothing is connected, and what comes is read all the same', async () => {
  await install(4);
  await left.ask({ do: 'path', spiIn: SA.spiIn, path: pathTo('203.0.113.9', 4) });
  expect((await sockets(4)).connected).toBeUndefined();
  await pingLeft();
  await read(1);
});

it('keeps the port for itself: neither a second data plane nor a socket that would share it can have it', async () => {
  await install(4);
  const second = DataPlaneHost.on(hosts.left);
  await expect(second.open('second%d', [{ family: 4, port: PORT }])).rejects.toThrow(/EADDRINUSE/);
  const sharing = `
    const socket = require('node:dgram').createSocket({ type: 'udp4', reuseAddr: true, reusePort: true });
    socket.on('error', (error) => console.log(error.code));
    socket.bind(${PORT}, '${PLACES[4].left}', () => socket.close());`;
  expect((await hosts.left.run([process.execPath, '-e', sharing])).trim()).toBe('EADDRINUSE');
});
