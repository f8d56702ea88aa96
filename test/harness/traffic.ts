/**
 * Traffic of the kind a user makes, from one host of the lab to another: the test's end of agent.ts.
 *
 *   const server = await Traffic.on(gateway);  const { port } = await server.serve('10.99.0.1');
 *   const user = await Traffic.on(client);     await user.download(`http://10.99.0.1:${port}/1000000`);
 */
import type { Host } from './host.ts';
import { LineCaller, startAgent } from './line-calls.ts';
import type { Daemon } from './process.ts';

export type AgentRequest =
  | { do: 'serve'; address: string; port: number }
  | { do: 'download'; url: string; timeoutMs: number }
  | { do: 'upload'; url: string; bytes: number; timeoutMs: number }
  | {
      do: 'datagram';
      address: string;
      port: number;
      base64: string;
      waitMs: number;
      sourcePort?: number;
      sourceAddress?: string;
    };
export type AgentCall<D extends AgentRequest['do']> = Extract<AgentRequest, { do: D }>;

export interface Transfer {
  readonly bytes: number;
  readonly ms: number;
  /** SHA-256 of what arrived, in hex. */
  readonly sha256: string;
  /** SHA-256 of what was sent; equal, or something on the way changed the file. */
  readonly expected: string;
}

export class Traffic {
  readonly #agent: LineCaller<AgentRequest>;

  private constructor(daemon: Daemon) {
    this.#agent = new LineCaller(daemon);
  }

  static on(host: Host): Traffic {
    return new Traffic(startAgent(host, 'agent.ts'));
  }

  /** Serves random files on an address of the host; port 0 lets the system choose. */
  serve(address: string, port = 0): Promise<{ port: number }> {
    return this.#agent.ask({ do: 'serve', address, port }) as Promise<{ port: number }>;
  }

  /** Fetches `http://HOST:PORT/N`: N random octets. */
  download(url: string, timeoutMs = 20_000): Promise<Transfer> {
    return this.#agent.ask({ do: 'download', url, timeoutMs }) as Promise<Transfer>;
  }

  upload(url: string, bytes: number, timeoutMs = 20_000): Promise<Transfer> {
    return this.#agent.ask({ do: 'upload', url, bytes, timeoutMs }) as Promise<Transfer>;
  }

  /** Sends one UDP datagram; the first answer within `waitMs`, or undefined. */
  async datagram(
    to: { address: string; port: number },
    bytes: Uint8Array,
    { waitMs = 0, ...source }: { waitMs?: number; sourcePort?: number; sourceAddress?: string } = {},
  ): Promise<Uint8Array | undefined> {
    const { answer } = (await this.#agent.ask({
      do: 'datagram',
      ...to,
      base64: Buffer.from(bytes).toString('base64'),
      waitMs,
      ...source,
    })) as { answer: string | null };
    return answer === null ? undefined : Buffer.from(answer, 'base64');
  }
}

/** A random file from `server` to `user` and another one back; `equal` where the hash of what arrived is right. */
export async function moveFiles(server: Traffic, user: Traffic, address: string, bytes: number) {
  const { port } = await server.serve(address);
  const origin = `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
  const down = await user.download(`${origin}/${bytes}`);
  const up = await user.upload(`${origin}/`, bytes);
  const verdict = (transfer: Transfer) =>
    transfer.sha256 === transfer.expected && transfer.bytes === bytes
      ? 'equal'
      : `${transfer.bytes} of ${bytes} octets, another hash`;
  return { down: verdict(down), up: verdict(up) };
}
