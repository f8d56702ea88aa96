/** The real effects on a host of the lab, as a test calls them: the test's end of effects-agent.ts. */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { formatIp, type IpAddress } from '#core/net/address.ts';
import type { DoctorCheck } from '#helper/effects/doctor.ts';
import {
  SystemFailure,
  type DnsBackend,
  type DnsSettings,
  type FirewallSettings,
  type LinkSettings,
  type RouteSettings,
} from '#helper/effects/effects.ts';
import type { JournalEntry } from '#helper/effects/journal.ts';
import type { Host } from './host.ts';
import type { Daemon } from './process.ts';

interface TunnelChanges {
  readonly link: LinkSettings;
  readonly firewall: FirewallSettings;
  readonly routes: RouteSettings;
  readonly dns: DnsSettings;
}

export type EffectsRequest =
  | { do: 'link'; settings: LinkSettings }
  | { do: 'routes'; settings: RouteSettings }
  | { do: 'firewall'; settings: FirewallSettings }
  | { do: 'dns'; settings: DnsSettings; backend?: DnsBackend }
  | { do: 'undo'; entry: JournalEntry }
  | { do: 'detect' }
  | { do: 'sourceFor'; remote: IpAddress; mark: number }
  /** Everything in order, each change in the journal first. */
  | ({ do: 'connect' } & TunnelChanges)
  | { do: 'undoAll' }
  | { do: 'doctor'; addon: string; running: readonly string[] };

interface Answers {
  detect: DnsBackend;
  sourceFor: { address: { $ip: string }; mtu: number; dev: string };
  undoAll: { left: number; said: string[] };
  doctor: DoctorCheck[];
}
type Answer<D> = D extends keyof Answers ? Answers[D] : string[];

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly failure?: { what: string; detail: string; remedy: string };
}

export class EffectsOnHost {
  readonly daemon: Daemon;
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  #last = 0;

  /** `stateDir` must exist. `without` hides programs of the machine from the effects. */
  constructor(host: Host, stateDir: string, without: readonly string[] = []) {
    const script = fileURLToPath(new URL('effects-agent.ts', import.meta.url));
    this.daemon = host.start([process.execPath, script, stateDir], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ADIT_TEST_WITHOUT: without.join(',') },
    });
    if (this.daemon.child.stdout === null) throw new Error('the agent has no stdout');
    createInterface({ input: this.daemon.child.stdout }).on('line', (line) => {
      const { id, result, failure } = JSON.parse(line) as Reply;
      const waiter = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (failure === undefined) waiter?.resolve(result);
      else waiter?.reject(new SystemFailure(failure.what, failure.detail, failure.remedy));
    });
    this.daemon.child.once('exit', () => {
      const error = new Error(`the effects ended: ${this.daemon.output}`);
      for (const { reject } of this.#waiting.values()) reject(error);
    });
  }

  ask<R extends EffectsRequest>(request: R): Promise<Answer<R['do']>> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.daemon.child.stdin?.write(`${JSON.stringify({ id, request }, writeIp)}\n`);
    });
  }
}

/** For JSON.stringify: an address as its text. */
export const writeIp = (_: string, value: unknown): unknown =>
  value instanceof Uint8Array ? { $ip: formatIp(value) } : value;
