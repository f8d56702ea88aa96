/**
 * Traffic of the kind a user makes, from one host of the lab to another: the test's end of agent.ts.
 *
 *   const server = await Traffic.on(gateway);  const { port } = await server.serve('10.99.0.1');
 *   const user = await Traffic.on(client);     await user.download(`http://10.99.0.1:${port}/1000000`);
 */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Host } from './host.ts';
import type { Daemon } from './process.ts';

export type AgentRequest =
  | { do: 'serve'; address: string; port: number }
  | { do: 'download'; url: string; timeoutMs: number }
  | { do: 'upload'; url: string; bytes: number; timeoutMs: number }
  | { do: 'datagram'; address: string; port: number; base64: string; waitMs: number; sourcePort?: number };
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
  readonly #daemon: Daemon;
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  #last = 0;

  private constructor(daemon: Daemon) {
    this.#daemon = daemon;
    if (daemon.child.stdout === null) throw new Error('the agent has no stdout');
    createInterface({ input: daemon.child.stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as { id: number; result?: unknown; error?: string };
      const waiter = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.error === undefined) waiter?.resolve(answer.result);
      else waiter?.reject(new Error(answer.error));
    });
    daemon.child.once('exit', () => {
      const error = new Error(`the agent ended: ${daemon.output}`);
      for (const waiter of this.#waiting.values()) waiter.reject(error);
    });
  }

  static on(host: Host): Traffic {
    const script = fileURLToPath(new URL('agent.ts', import.meta.url));
    return new Traffic(host.start([process.execPath, script], { stdio: ['pipe', 'pipe', 'pipe'] }));
  }

  /** Serves random files on an address of the host; port 0 lets the system choose. */
  serve(address: string, port = 0): Promise<{ port: number }> {
    return this.#ask({ do: 'serve', address, port }) as Promise<{ port: number }>;
  }

  /** Fetches `http://HOST:PORT/N`: N random octets. */
  download(url: string, timeoutMs = 20_000): Promise<Transfer> {
    return this.#ask({ do: 'download', url, timeoutMs }) as Promise<Transfer>;
  }

  upload(url: string, bytes: number, timeoutMs = 20_000): Promise<Transfer> {
    return this.#ask({ do: 'upload', url, bytes, timeoutMs }) as Promise<Transfer>;
  }

  /** Sends one UDP datagram; the first answer within `waitMs`, or undefined. */
  async datagram(
    to: { address: string; port: number },
    bytes: Uint8Array,
    options: { waitMs?: number; sourcePort?: number } = {},
  ): Promise<Uint8Array | undefined> {
    const { answer } = (await this.#ask({
      do: 'datagram',
      ...to,
      base64: Buffer.from(bytes).toString('base64'),
      waitMs: options.waitMs ?? 0,
      ...(options.sourcePort === undefined ? {} : { sourcePort: options.sourcePort }),
    })) as { answer: string | null };
    return answer === null ? undefined : Buffer.from(answer, 'base64');
  }

  #ask(call: AgentRequest): Promise<unknown> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      if (!this.#daemon.running) {
        reject(new Error(`the agent ended: ${this.#daemon.output}`));
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      this.#daemon.child.stdin?.write(`${JSON.stringify({ id, call })}\n`);
    });
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
