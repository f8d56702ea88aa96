/**
 * Watches the states of one tunnel as a user would (`adit status --watch`) and holds the helper to its word: `connected` is never
 * shown when the last proof of life is older than the detection time. Tests of test/interop that break the network use it.
 */
import { createInterface } from 'node:readline';
import { statusSchema, type TunnelStatus } from '#core/ipc/contract.ts';
import type { Adit } from './adit.ts';
import { type Daemon, until } from './process.ts';

interface Sighting {
  /** Milliseconds since 1970, by our clock. */
  readonly at: number;
  /** How far the helper's is ahead. */
  readonly aheadMs: number;
  readonly tunnel: TunnelStatus;
}

/** The helper looks once a second, and its word takes a moment to get here on a machine that is busy. */
const SLACK_MS = 2000;

export class Witness implements AsyncDisposable {
  readonly seen: Sighting[] = [];
  /** To be set when the helper's clock jumps. */
  aheadMs = 0;
  readonly #daemon: Daemon;

  private constructor(adit: Adit, id: string) {
    this.#daemon = adit.watch();
    const { stdout } = this.#daemon.child;
    if (stdout === null) throw new Error('the watching command has no stdout');
    createInterface({ input: stdout }).on('line', (line) => {
      const { tunnels } = statusSchema.parse(JSON.parse(line));
      const tunnel = tunnels.find(({ profile }) => profile.id === id);
      if (tunnel) this.seen.push({ at: Date.now(), aheadMs: this.aheadMs, tunnel });
    });
  }

  /** Watches from now on. */
  static async of(adit: Adit, id: string): Promise<Witness> {
    const witness = new Witness(adit, id);
    await until('the first status is there', () => witness.seen.length > 0, {
      context: () => witness.#daemon.output,
    });
    return witness;
  }

  get last(): TunnelStatus {
    const sighting = this.seen.at(-1);
    if (!sighting) throw new Error('nothing was seen');
    return sighting.tunnel;
  }

  /** States in their order, each once. */
  get states(): string[] {
    const states = this.seen.map(({ tunnel }) => tunnel.state);
    return states.filter((state, at) => state !== states[at - 1]);
  }

  /** The first status from `since` on (an index into `seen`) that is as wanted. */
  async until(
    what: string,
    wanted: (tunnel: TunnelStatus) => boolean,
    { since = this.seen.length - 1, timeoutMs = 30_000 } = {},
  ): Promise<Sighting> {
    return await until(what, () => this.seen.slice(Math.max(0, since)).find(({ tunnel }) => wanted(tunnel)), {
      timeoutMs,
      context: () => JSON.stringify(this.seen.at(-1)?.tunnel),
    });
  }

  /** Every moment at which `connected` was shown on a proof that was too old. */
  lies(): string[] {
    return this.seen.flatMap(({ at, aheadMs, tunnel }, nth) => {
      const proof = Date.parse(tunnel.liveness?.lastProof ?? '');
      const { deadAfterSec } = tunnel.liveness ?? {};
      if (tunnel.state !== 'connected' || deadAfterSec === undefined) return [];
      // It was shown until the next word.
      const until = this.seen[nth + 1]?.at ?? at;
      const age = until + aheadMs - proof;
      return age > deadAfterSec * 1000 + SLACK_MS
        ? [`connected, ${age} ms after the last proof, ${deadAfterSec} s at most`]
        : [];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon.stop('SIGTERM', 1000);
  }
}
