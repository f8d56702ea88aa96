/** A native data plane on a host of the lab: the test's end of data-plane-agent.ts. Numbers that are bigint there are numbers here. */
import type {
  DataPlaneFeatures,
  DataPlaneStats,
  EspPath,
  SaCounters,
  UdpOptions,
} from '#helper/native/data-plane.ts';
import type { SocketAddress } from '#core/net/address.ts';
import type { ChildText } from './esp-children.ts';
import type { Host } from './host.ts';
import { LineCaller, startAgent } from './line-calls.ts';

export type PlaneRequest =
  | { do: 'open'; tun: string; sockets: readonly UdpOptions[] }
  | { do: 'install'; child: ChildText; path: EspPath }
  | { do: 'remove' | 'retire'; spiIn: number }
  | { do: 'path'; spiIn: number; path: EspPath }
  | { do: 'ike'; socket: number; remote: SocketAddress; hex: string; keepalive?: boolean }
  | { do: 'churn'; child: ChildText; path: EspPath; times: number }
  | { do: 'renew'; socket: number }
  | { do: 'block'; ms: number }
  | { do: 'stats' | 'happened' | 'close' | 'held' | 'exit' };
export type PlaneCall<D extends PlaneRequest['do']> = Extract<PlaneRequest, { do: D }>;

/** What the events told, in order. */
export interface Happened {
  ike: { socket: number; remote: SocketAddress; local: SocketAddress; hex: string }[];
  expired: { spiIn: number; reason: string }[];
  unreachable: string[];
  unanswered: string[];
  fatal: string[];
}

type Plain<T> = {
  readonly [K in keyof T]: T[K] extends bigint
    ? number
    : T[K] extends readonly (infer E)[]
      ? readonly Plain<E>[]
      : T[K];
};
type PlainStats = Plain<DataPlaneStats>;
type PlainCounters = Plain<SaCounters>;

interface Opened {
  readonly tun: string;
  readonly ports: readonly number[];
  readonly features: DataPlaneFeatures;
}

/** The runtime is not made for leak detection, and freed memory must not be kept beyond what the memory test allows. */
const SANITIZER = [
  'ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=8',
  'UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1',
];

export class DataPlaneHost extends LineCaller<PlaneRequest> {
  /**
   * ADIT_NATIVE names another addon than build/native/adit.node, ADIT_NATIVE_PRELOAD a library to load before it: the
   * run-time of a sanitizer (scripts/build-native.sh).
   */
  static on(host: Host): DataPlaneHost {
    const preload = process.env.ADIT_NATIVE_PRELOAD;
    const before = preload === undefined ? [] : ['env', `LD_PRELOAD=${preload}`, ...SANITIZER];
    return new DataPlaneHost(startAgent(host, 'data-plane-agent.ts', [], { before }));
  }

  open(tun: string, sockets: readonly UdpOptions[]): Promise<Opened> {
    return this.ask({ do: 'open', tun, sockets }) as Promise<Opened>;
  }

  /** Ports of all sockets, this one's renewed. */
  async renewPort(socket: number): Promise<readonly number[]> {
    return ((await this.ask({ do: 'renew', socket })) as Pick<Opened, 'ports'>).ports;
  }

  stats(): Promise<PlainStats> {
    return this.ask({ do: 'stats' }) as Promise<PlainStats>;
  }

  async counters(spiIn: number): Promise<PlainCounters> {
    const found = (await this.stats()).children.find((child) => child.spiIn === spiIn);
    if (!found) throw new Error(`no SA with SPI ${spiIn}`);
    return found;
  }

  happened(): Promise<Happened> {
    return this.ask({ do: 'happened' }) as Promise<Happened>;
  }

  held(): Promise<{ threads: number; descriptors: number }> {
    return this.ask({ do: 'held' }) as Promise<{ threads: number; descriptors: number }>;
  }

  churn(child: ChildText, path: EspPath, times: number): Promise<{ rssKib: number }> {
    return this.ask({ do: 'churn', child, path, times }) as Promise<{ rssKib: number }>;
  }
}
