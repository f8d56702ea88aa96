/** What the soak sees of the helper: every status, and its process (memory, descriptors). */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '#cli/client.ts';
import type { TunnelStatus } from '#core/ipc/contract.ts';
import { until } from '#test/harness/process.ts';

/** Megabytes; heap and external memory after a collection. */
export interface Footprint {
  readonly rss: number;
  readonly heap: number;
  readonly descriptors: number;
}

/** Follows one tunnel from the moment it is made. */
export class Watch {
  readonly #client: Client;
  readonly #id: string;
  #since = performance.now();
  readonly #began = performance.now();
  #state = '';
  #connectedMs = 0;
  #ike = '';
  #children = '';
  #end = '';
  readonly #drops = new Map<string, number>();
  readonly #ikes = new Set<string>();
  readonly #childSpis = new Set<string>();
  /** When SAs or the path were others than before, milliseconds since 1970. */
  readonly switches: number[] = [];
  readonly ends: string[] = [];
  readonly failures: string[] = [];

  constructor(client: Client, id: string) {
    this.#client = client;
    this.#id = id;
    void this.#follow();
  }

  get state(): string {
    return this.#state;
  }

  get ikeSas(): number {
    return this.#ikes.size;
  }

  get childSas(): number {
    return this.#childSpis.size;
  }

  get replayDrops(): number {
    return [...this.#drops.values()].reduce((sum, drops) => sum + drops, 0);
  }

  /** Share of the time since the beginning. */
  get connected(): number {
    const more = this.#state === 'connected' ? performance.now() - this.#since : 0;
    return (this.#connectedMs + more) / (performance.now() - this.#began);
  }

  async #follow(): Promise<void> {
    try {
      for await (const { tunnels } of this.#client.statuses()) {
        const tunnel = tunnels.find(({ profile }) => profile.id === this.#id);
        if (tunnel) this.#see(tunnel);
      }
    } catch (error) {
      this.failures.push(String(error));
    }
  }

  #see(tunnel: TunnelStatus): void {
    const now = performance.now();
    if (this.#state === 'connected') this.#connectedMs += now - this.#since;
    this.#since = now;
    this.#state = tunnel.state;
    if (tunnel.state === 'failed') this.failures.push(JSON.stringify(tunnel.failure));
    const ike =
      tunnel.ike === null ? '' : `${tunnel.ike.spiI}${tunnel.ike.spiR} ${tunnel.path?.local.address}`;
    const children = tunnel.children.map(({ spiIn }) => spiIn).join(' ');
    if (ike !== this.#ike || children !== this.#children) this.switches.push(Date.now());
    this.#ike = ike;
    this.#children = children;
    if (tunnel.ike !== null) this.#ikes.add(`${tunnel.ike.spiI}${tunnel.ike.spiR}`);
    for (const { spiIn, replayDrops } of tunnel.children) {
      this.#childSpis.add(spiIn);
      this.#drops.set(spiIn, replayDrops);
    }
    const end = tunnel.lastEnd === null ? '' : `${tunnel.lastEnd.at} ${tunnel.lastEnd.why}`;
    if (end !== this.#end && tunnel.lastEnd !== null) this.ends.push(tunnel.lastEnd.why);
    this.#end = end;
  }
}

/** Of a helper that runs with memory-report.ts, which writes into `file`. */
export async function footprint(pid: number, file: string): Promise<Footprint> {
  await rm(file, { force: true });
  process.kill(pid, 'SIGWINCH');
  const memory = await until(
    'the helper tells its memory',
    async () =>
      JSON.parse(await readFile(file, 'utf8')) as { rss: number; heapUsed: number; external: number },
  );
  const descriptors = (await readdir(join('/proc', String(pid), 'fd'))).length;
  return { rss: memory.rss / 1e6, heap: (memory.heapUsed + memory.external) / 1e6, descriptors };
}
