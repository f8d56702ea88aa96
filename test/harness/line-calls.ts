/**
 * Calls to a process on a host of the lab, a JSON line each way: `{ id, call }` there, `{ id, result }` or `{ id, error }`
 * back. LineCaller is the test's end, serveCalls() the process's. Traffic, data planes and effects are asked this way;
 * traffic.ts, data-plane-host.ts and effects-client.ts say what can be asked.
 */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { formatIp, parseIp } from '#core/net/address.ts';
import type { Host } from './host.ts';
import type { Daemon } from './process.ts';

interface Waiter {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** For JSON: an address as `{ "$ip": text }`, a bigint as a number. */
const write = (_: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return Number(value);
  return value instanceof Uint8Array ? { $ip: formatIp(value) } : value;
};
const revive = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && '$ip' in value ? parseIp(String(value.$ip)) : value;

/** Starts a script of this folder whose lines a LineCaller can have; `before` stands in front of the command line. */
export const startAgent = (
  host: Host,
  script: string,
  args: readonly string[] = [],
  { before = [], env = {} }: { before?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
): Daemon =>
  host.start([...before, process.execPath, fileURLToPath(new URL(script, import.meta.url)), ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env,
  });

export class LineCaller<Call> {
  readonly daemon: Daemon;
  readonly #waiting = new Map<number, Waiter>();
  #last = 0;

  /** `errorOf` makes an Error of what serveCalls() has described. */
  constructor(daemon: Daemon, errorOf = (described: unknown): Error => new Error(String(described))) {
    this.daemon = daemon;
    if (daemon.child.stdout === null) throw new Error('the agent has no stdout');
    createInterface({ input: daemon.child.stdout }).on('line', (line) => {
      const { id, result, error } = JSON.parse(line) as Reply;
      const waiter = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiter?.resolve(result);
      else waiter?.reject(errorOf(error));
    });
    daemon.child.once('exit', (code, signal) => {
      const error = new Error(`the agent ended (${code ?? signal}): ${daemon.output.slice(-2000)}`);
      for (const waiter of this.#waiting.values()) waiter.reject(error);
    });
  }

  ask(call: Call): Promise<unknown> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      if (!this.daemon.running) {
        reject(new Error(`the agent ended: ${this.daemon.output}`));
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      this.daemon.child.stdin?.write(`${JSON.stringify({ id, call }, write)}\n`);
    });
  }
}

/**
 * Serves until stdin closes: one call after another, or all at once. Calls are what LineCaller<Call> sends, unchecked;
 * `describe` says in JSON what went wrong.
 */
export async function serveCalls(
  handle: (call: never) => unknown,
  { atOnce = false, describe = String }: { atOnce?: boolean; describe?: (error: unknown) => unknown } = {},
): Promise<void> {
  const say = (reply: Reply): void => void process.stdout.write(`${JSON.stringify(reply, write)}\n`);
  const serve = async (id: number, call: never): Promise<void> => {
    try {
      say({ id, result: await handle(call) });
    } catch (error) {
      say({ id, error: describe(error) });
    }
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, call } = JSON.parse(line, revive) as { id: number; call: never };
    const served = serve(id, call);
    if (!atOnce) await served;
  }
}
