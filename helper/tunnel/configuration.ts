/**
 * What one life of a tunnel has in force on this system, kept in line with the association that carries packets: what that one was
 * given and where it goes becomes a plan (plan.ts), and what the plan changes is made (changes.ts). succession.ts says for which
 * association; status.ts shows the plan.
 */
import { formatTrafficSelector } from '#core/ike/traffic-selector.ts';
import { parseIp } from '#core/net/address.ts';
import type { Profile } from '#core/profile/profile.ts';
import type { Taken } from '../effects/network-watch/network-watch.ts';
import type { Logger } from '../log/log.ts';
import { messageOf } from '../log/log.ts';
import type { Association } from './association.ts';
import type { Carrier } from './carrier.ts';
import { Changes } from './changes.ts';
import type { Negotiated } from './negotiate.ts';
import { type Plan, planOf } from './plan.ts';
import type { TunnelDeps } from './tunnel-deps.ts';
import { wayTo } from './way.ts';

interface ConfigurationOptions {
  readonly profile: Profile;
  readonly slot: number;
  readonly carrier: Carrier;
  readonly deps: Pick<TunnelDeps, 'effects' | 'journal'>;
  readonly log: Logger;
  /** Nothing more is made once it aborts. */
  readonly signal: AbortSignal;
}

export class Configuration {
  readonly #options: ConfigurationOptions;
  readonly #changes: Changes;
  #plan: Plan | undefined;
  /** MTU of the way to the gateway. */
  #outerMtu = 0;
  #outdated = false;

  constructor(options: ConfigurationOptions) {
    this.#options = options;
    const { deps, log } = options;
    this.#changes = new Changes(deps.effects, deps.journal, log);
  }

  /** What is in force, as far as everything is. */
  get plan(): Plan | undefined {
    return this.#plan;
  }

  get dnsBackend(): Changes['dnsBackend'] {
    return this.#changes.dnsBackend;
  }

  /** What is in force is not what the association needs any more: refresh() is due. */
  get isOutdated(): boolean {
    return this.#outdated;
  }

  /**
   * Brings the system in line with a fresh association. With `keepAddresses` what is on its way to an address of the one that
   * stands still arrives there, until dropKept(). Throws what an effect throws.
   */
  async adopt({ association, outerMtu }: Negotiated, keepAddresses: boolean): Promise<void> {
    this.#outerMtu = outerMtu;
    try {
      await this.#make(association, keepAddresses);
    } catch (error) {
      // Half of what the fresh one needs may be in force where another still stands.
      this.#outdated = true;
      throw error;
    }
  }

  /**
   * The same association, elsewhere or with more to carry. Another way to the gateway may have another MTU and other headers, and
   * the guard knows its address. Throws what an effect throws, and TunnelError.
   */
  async refresh(association: Association): Promise<void> {
    this.#outdated = false;
    const { carrier, deps, profile } = this.#options;
    const remote = association.path && parseIp(association.path.remote.address);
    const sources = { routes: deps.effects.routes, carrier, gateway: profile.gateway };
    const way = remote && (await wayTo(remote, sources));
    if (way && !('cause' in way)) this.#outerMtu = way.mtu;
    await this.#make(association, false);
  }

  /** The association has moved. */
  moved(): void {
    this.#outdated = true;
  }

  /** One more Child SA: its networks may have no routes yet. */
  grown(association: Association): void {
    const routed = new Set(this.#plan?.routes.remoteTs.map(formatTrafficSelector));
    const carried = [...association.children.values()].flatMap(({ child }) => child.remoteTs);
    this.#outdated ||= !carried.every((selector) => routed.has(formatTrafficSelector(selector)));
  }

  /** Nothing comes to the addresses any more that were kept. */
  dropKept(): void {
    this.#outdated ||= this.#changes.keepsAddresses;
  }

  /**
   * Something of what tunnels have in force was taken away, by whomever: puts back what is missing of ours. Where the system refuses that, all
   * of it is made again at once. Throws what an effect throws then: refresh() is due. `again`: more of that is not said.
   */
  async restore(taken: readonly Taken[], again = false): Promise<void> {
    const { log, signal } = this.#options;
    try {
      await this.#changes.restore(taken, signal, again);
    } catch (error) {
      log.error(`what was taken away of the tunnel cannot be put back: ${messageOf(error)}`);
      await this.#again();
    }
  }

  /** Packets may go beside the tunnel by now. */
  async #again(): Promise<void> {
    try {
      await this.#changes.again(this.#options.signal);
    } catch (error) {
      this.#outdated = true;
      throw error;
    }
  }

  /** Never throws: changes.ts says what becomes of what cannot be undone. */
  undo(): Promise<void> {
    return this.#changes.undo();
  }

  async #make(association: Association, keepAddresses: boolean): Promise<void> {
    const { slot, profile, carrier, signal } = this.#options;
    const [first, ...others] = [...association.children.values()].map(({ child }) => child);
    const { config = NOTHING_ASSIGNED, path } = association;
    if (!first || !path) return;
    const plan = planOf({
      tun: carrier.tun,
      slot,
      profile,
      config,
      children: [first, ...others],
      path,
      outerMtu: this.#outerMtu,
    });
    await this.#changes.make(plan, signal, { keepAddresses });
    this.#plan = plan;
  }
}

const NOTHING_ASSIGNED = { addresses: [], dns: [], subnets: [], domains: [] } as const;
