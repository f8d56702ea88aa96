/**
 * The gateway of the demo, the benchmark and the end-to-end tests that want no packages: our own responder on a host
 * of the lab. embedded-gateway-main.ts is the process behind it.
 */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { PlainMethod } from '#core/eap/create-peer.ts';
import type { Host } from './host.ts';
import { type Daemon, until } from './process.ts';

export interface EmbeddedGatewayConfig {
  readonly tun: string;
  readonly localId: string;
  /** Pre-shared keys by the peer's identity, as text. */
  readonly keys: Readonly<Record<string, string>>;
  /** PEM, its own first: how the gateway proves itself in place of a pre-shared key. */
  readonly certificate?: { readonly certificates: string; readonly key: string };
  /** How clients prove themselves; absent is by pre-shared key. `ca` in PEM is for certificates, also those of EAP-TLS. */
  readonly clients?: {
    readonly method: 'certificate' | 'eap' | 'certificate-eap';
    readonly ca?: string;
    /** Passwords by user. */
    readonly users?: Readonly<Record<string, string>>;
    /** In the order in which they are offered; MSCHAPv2 where absent. */
    readonly eap?: readonly PlainMethod[];
  };
  /** Post-quantum pre-shared keys by their names (RFC 8784). */
  readonly ppks?: Readonly<Record<string, string>>;
  readonly ppkRequired?: boolean;
  /** Prefixes to assign from, of /16 (IPv4) and /112 (IPv6) or longer. */
  readonly pools: { readonly ip4: string; readonly ip6: string };
  readonly dns: readonly string[];
  readonly localTs: readonly string[];
  /** Proposals as keywords; absent takes the defaults. */
  readonly ike?: readonly string[];
  readonly esp?: readonly string[];
  /** Ask every initiator for a cookie. */
  readonly cookies?: boolean;
}

interface GatewayCounters {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly replayDrops: number;
  readonly authFailures: number;
  readonly children: number;
  readonly connections: number;
  /** Where the Child SAs of each client go. */
  readonly clients: readonly string[];
}

/** Room for ESP in UDP over IPv6 on a path of 1500 octets, with any suite. */
const TUN_MTU = 1400;

export class EmbeddedGateway implements AsyncDisposable {
  readonly daemon: Daemon;
  readonly #answers: ((line: string) => void)[] = [];

  private constructor(daemon: Daemon) {
    this.daemon = daemon;
    if (daemon.child.stdout === null) throw new Error('the gateway has no stdout');
    createInterface({ input: daemon.child.stdout }).on('line', (line) => {
      if (line.startsWith('{')) this.#answers.shift()?.(line);
    });
  }

  /** Starts it and routes its pools into its adapter. */
  static async start(host: Host, options: Omit<EmbeddedGatewayConfig, 'tun'>): Promise<EmbeddedGateway> {
    const config: EmbeddedGatewayConfig = { tun: 'gateway0', ...options };
    const script = fileURLToPath(new URL('embedded-gateway-main.ts', import.meta.url));
    const daemon = host.start([process.execPath, script, JSON.stringify(config)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const gateway = new EmbeddedGateway(daemon);
    await until(
      'the embedded gateway listens',
      () => {
        if (!daemon.running) throw new Error('it ended');
        return daemon.output.includes('ready');
      },
      { context: () => daemon.output },
    );
    await host.ip(`link set ${config.tun} mtu ${TUN_MTU} up`);
    await host.ip(`route add ${options.pools.ip4} dev ${config.tun}`);
    await host.ip(`-6 route add ${options.pools.ip6} dev ${config.tun}`);
    return gateway;
  }

  counters(): Promise<GatewayCounters> {
    return new Promise((resolve, reject) => {
      if (!this.daemon.running) {
        reject(new Error(`the embedded gateway ended: ${this.daemon.output}`));
        return;
      }
      this.#answers.push((line) => resolve(JSON.parse(line) as GatewayCounters));
      this.daemon.child.stdin?.write('counters\n');
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon.stop('SIGTERM', 2_000);
  }
}
