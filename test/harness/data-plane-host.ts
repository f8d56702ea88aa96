/** A native data plane on a host of the lab: the test's end of data-plane-agent.ts. Numbers that are bigint there are numbers here. */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { DataPlaneStats, EspPath, SaCounters, UdpOptions } from '#helper/native/data-plane.ts';
import type { SocketAddress } from '#core/net/address.ts';
import type { ChildText } from './esp-children.ts';
import type { Host } from './host.ts';
import type { Daemon } from './process.ts';

export type PlaneRequest =
  | { do: 'open'; tun: string; sockets: readonly UdpOptions[] }
  | { do: 'install'; child: ChildText; path: EspPath }
  | { do: 'remove' | 'retire'; spiIn: number }
  | { do: 'path'; spiIn: number; path: EspPath }
  | { do: 'ike'; socket: number; remote: SocketAddress; hex: string; keepalive?: boolean }
  | { do: 'churn'; child: ChildText; path: EspPath; times: number }
  | { do: 'block'; ms: number }
  | { do: 'stats' | 'happened' | 'close' | 'held' | 'exit' };
export type PlaneCall<D extends PlaneRequest['do']> = Extract<PlaneRequest, { do: D }>;

/** What the events told, in order. */
export interface Happened {
  ike: { socket: number; remote: SocketAddress; local: SocketAddress; hex: string }[];
  expired: { spiIn: number; reason: string }[];
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

/** The runtime is not made for leak detection, and freed memory must not be kept beyond what the memory test allows. */
const SANITIZER = [
  'ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=8',
  'UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1',
];

export class DataPlaneHost {
  readonly daemon: Daemon;
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  #last = 0;

  private constructor(daemon: Daemon) {
    this.daemon = daemon;
    if (daemon.child.stdout === null) throw new Error('the agent has no stdout');
    createInterface({ input: daemon.child.stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as { id: number; result?: unknown; error?: string };
      const waiter = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.error === undefined) waiter?.resolve(answer.result);
      else waiter?.reject(new Error(answer.error));
    });
    daemon.child.once('exit', (code, signal) => {
      const error = new Error(`the agent ended (${code ?? signal}): ${daemon.output.slice(-2000)}`);
      for (const waiter of this.#waiting.values()) waiter.reject(error);
    });
  }

  /**
   * ADIT_NATIVE names another addon than build/native/adit.node, ADIT_NATIVE_PRELOAD a library to load before it: the
   * run-time of a sanitizer (scripts/build-native.sh).
   */
  static on(host: Host): DataPlaneHost {
    const script = fileURLToPath(new URL('data-plane-agent.ts', import.meta.url));
    const preload = process.env.ADIT_NATIVE_PRELOAD;
    const sanitized = preload === undefined ? [] : ['env', `LD_PRELOAD=${preload}`, ...SANITIZER];
    const argv = [...sanitized, process.execPath, script];
    return new DataPlaneHost(host.start(argv, { stdio: ['pipe', 'pipe', 'pipe'] }));
  }

  open(tun: string, sockets: readonly UdpOptions[]): Promise<{ tun: string; ports: number[] }> {
    return this.ask({ do: 'open', tun, sockets }) as Promise<{ tun: string; ports: number[] }>;
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

  ask(call: PlaneRequest): Promise<unknown> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      if (!this.daemon.running) {
        reject(new Error(`the agent ended: ${this.daemon.output}`));
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      this.daemon.child.stdin?.write(`${JSON.stringify({ id, call })}\n`);
    });
  }
}
