/** The soak's traffic, from the side that starts and reads it; streams-agent.ts makes it. */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Host } from '#test/harness/host.ts';
import { type Daemon, until } from '#test/harness/process.ts';

export interface StreamReport {
  /** TCP connections that live, and why the others ended. */
  readonly connections: number;
  readonly ended: readonly string[];
  /** Octets of TCP whose hash was right, and octets sent, at the client. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly corrupt: number;
  /** Datagrams. */
  readonly sent: number;
  readonly back: number;
  /** Came back after more than two seconds, which counts as lost. */
  readonly late: number;
  /** The longest time between two that came back, in ms. */
  readonly gap: number;
}

/**
 * `at`: when it was sent, milliseconds since 1970. `way`: to the server, or from there, as a later echo tells. `overtakenAt`: when
 * the first one that was sent after it came back, within two seconds.
 */
export interface LostDatagram {
  readonly at: number;
  readonly way: 'there' | 'back';
  readonly overtakenAt?: number;
}

const AGENT = fileURLToPath(new URL('streams-agent.ts', import.meta.url));

export class Streams {
  readonly #client: Daemon;
  readonly lost: LostDatagram[] = [];
  report: StreamReport | undefined;
  readonly #probes = new Map<string, (ms: number) => void>();
  #last = 0;

  private constructor(client: Daemon) {
    this.#client = client;
    if (client.child.stdout === null) throw new Error('the agent has no stdout');
    createInterface({ input: client.child.stdout }).on('line', (line) => {
      const told = JSON.parse(line) as
        | (StreamReport & { readonly lost: readonly LostDatagram[] })
        | { readonly probe: string; readonly ms: number };
      if ('probe' in told) {
        this.#probes.get(told.probe)?.(told.ms);
        this.#probes.delete(told.probe);
        return;
      }
      this.lost.push(...told.lost);
      this.report = told;
    });
  }

  /** `address` is one of `server`'s that `client` reaches now. */
  static async start(server: Host, client: Host, address: string, connections: number): Promise<Streams> {
    const serving = server.start([process.execPath, AGENT, 'server', address]);
    const { tcp, udp } = await until(
      'the server of the streams listens',
      () => JSON.parse(serving.output) as { tcp: number; udp: number },
      { context: () => serving.output },
    );
    const using = [process.execPath, AGENT, 'client', address, tcp, udp, connections].map(String);
    const streams = new Streams(client.start(using, { stdio: ['pipe', 'pipe', 'pipe'] }));
    await until('all streams flow', () => (streams.report?.bytesIn ?? 0) > 0);
    return streams;
  }

  /** Milliseconds until a datagram sent from now on has come back, or undefined after `limitMs`. */
  async probe(limitMs: number): Promise<number | undefined> {
    const id = String(++this.#last);
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    this.#probes.set(id, resolve);
    const timer = setTimeout(resolve, limitMs, undefined);
    this.#client.child.stdin?.write(`${id}\n`);
    const ms = await promise;
    clearTimeout(timer);
    return ms;
  }
}
