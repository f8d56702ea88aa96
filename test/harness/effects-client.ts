/** The real effects on a host of the lab, as a test calls them: the test's end of effects-agent.ts. */
import type { IpAddress } from '#core/net/address.ts';
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
import { LineCaller, startAgent } from './line-calls.ts';
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

type Failure = Pick<SystemFailure, 'what' | 'detail' | 'remedy'>;

export class EffectsOnHost {
  readonly daemon: Daemon;
  readonly #agent: LineCaller<EffectsRequest>;

  /** `stateDir` must exist. `without` hides programs of the machine from the effects. */
  constructor(host: Host, stateDir: string, without: readonly string[] = []) {
    const env = { ADIT_TEST_WITHOUT: without.join(',') };
    this.daemon = startAgent(host, 'effects-agent.ts', [stateDir], { env });
    this.#agent = new LineCaller(this.daemon, (described) => {
      const { what, detail, remedy } = described as Failure;
      return new SystemFailure(what, detail, remedy);
    });
  }

  ask<R extends EffectsRequest>(request: R): Promise<Answer<R['do']>> {
    return this.#agent.ask(request) as Promise<Answer<R['do']>>;
  }
}
