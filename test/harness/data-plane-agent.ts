/**
 * Runs on a host of the lab and holds one native data plane there. data-plane-host.ts asks, by line-calls.ts.
 * Ends when stdin closes.
 */
import { readdirSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { DataPlane } from '#helper/native/data-plane.ts';
import { linuxPlatform } from '#helper/native/data-plane-linux.ts';
import type { Happened, PlaneCall, PlaneRequest } from './data-plane-host.ts';
import { childFromText } from './esp-children.ts';
import { serveCalls } from './line-calls.ts';

const platform = linuxPlatform(process.env.ADIT_NATIVE);
const happened: Happened = { ike: [], expired: [], unreachable: [], unanswered: [], fatal: [] };
let plane: DataPlane | undefined;

function opened(): DataPlane {
  if (!plane) throw new Error('no data plane is open');
  return plane;
}

const task = (name: string): number => readdirSync(`/proc/self/${name}`).length;

const HANDLERS: { [D in PlaneRequest['do']]: (call: PlaneCall<D>) => unknown } = {
  open({ tun: name, sockets }) {
    const tun = platform.openTun(name);
    plane = platform.openDataPlane({
      tun,
      sockets,
      events: {
        onIke: ({ bytes, ...rest }) =>
          happened.ike.push({ ...rest, hex: Buffer.from(bytes).toString('hex') }),
        onExpired: (spiIn, reason) => happened.expired.push({ spiIn, reason }),
        onUnreachable: (address) => happened.unreachable.push(address),
        onUnanswered: (address) => happened.unanswered.push(address),
        onFatal: (what) => happened.fatal.push(what),
      },
    });
    const ports = plane.sockets.map((socket) => socket.port);
    return { tun: tun.name, ports, features: plane.features };
  },
  install: ({ child, path }) => opened().installChild(childFromText(child), path),
  remove: ({ spiIn }) => opened().removeChild(spiIn),
  retire: ({ spiIn }) => opened().retireOutbound(spiIn),
  path: ({ spiIn, path }) => opened().setPath(spiIn, path),
  renew({ socket }) {
    opened().renewPort(socket);
    return { ports: opened().sockets.map(({ port }) => port) };
  },
  stats: () => opened().stats(),
  ike: ({ socket, remote, hex, keepalive }) =>
    opened().sendIke(
      socket,
      remote,
      Buffer.from(hex, 'hex'),
      keepalive === undefined ? undefined : { keepalive },
    ),
  happened: () => happened,
  /** Puts the SA in and takes it out again and again; the resident set in between, in KiB. */
  async churn({ child, path, times }) {
    const sa = childFromText(child);
    for (let i = 0; i < times; i++) {
      opened().installChild({ ...sa, spiIn: 0x10000 + i }, path);
      opened().removeChild(0x10000 + i);
      if (i % 100 === 0) await turn();
    }
    return { rssKib: process.memoryUsage.rss() / 1024 };
  },
  /** Keeps JavaScript from running for a while, as a long computation would. */
  block({ ms }) {
    const end = performance.now() + ms;
    while (performance.now() < end);
  },
  close: () => opened().close(),
  held: () => ({ threads: task('task'), descriptors: task('fd') }),
  exit: () => process.exit(7),
};

async function handle<D extends PlaneRequest['do']>(call: PlaneCall<D> & { do: D }): Promise<unknown> {
  return await HANDLERS[call.do](call);
}

await serveCalls((call: PlaneRequest) => handle<PlaneRequest['do']>(call));
process.exit(0);
