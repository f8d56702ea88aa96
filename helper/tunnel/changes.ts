/**
 * The changes of one tunnel to the system, made in order, brought up to date after a reconnection, and undone in the opposite
 * order. Each is in the journal before it is made and leaves it when it is undone: a helper that is killed between finds it
 * there.
 */
import { isDeepStrictEqual } from 'node:util';
import { formatPrefix } from '#core/net/address.ts';
import type { DnsBackend, Effects, Warnings } from '../effects/effects.ts';
import type { Journal, JournalEntry } from '../effects/journal.ts';
import type { Taken } from '../effects/network-watch/network-watch.ts';
import { Serial } from '../effects/serial.ts';
import type { Logger } from '../log/log.ts';
import { messageOf } from '../log/log.ts';
import type { Plan } from './plan.ts';
import { partsTaken } from './taken.ts';

interface Made {
  readonly entry: JournalEntry;
  readonly undo: () => Promise<Warnings>;
}

type Step = () => Promise<Warnings>;

export class Changes {
  readonly #effects: Effects;
  readonly #journal: Journal;
  readonly #log: Logger;
  /** What was taken away may be put back at any time. */
  readonly #serial = new Serial();
  /** What the adapter was last told, and every address that it may have: more than those where it did not take what it was told. */
  #adapter: Plan['link'] | undefined;
  /** One a subject. */
  #made: readonly Made[] = [];
  #plan: Plan | undefined;
  /** The last steps ended in the middle: what is in force may be of `#plan` or of the one that was to follow. */
  #unsure = false;
  #keepsAddresses = false;
  /** Which of the machine's ways to resolve names carries the tunnel's servers. */
  dnsBackend: DnsBackend | undefined;

  constructor(effects: Effects, journal: Journal, log: Logger) {
    this.#effects = effects;
    this.#journal = journal;
    this.#log = log;
  }

  /** Whether the adapter has addresses that the last plan did not name. */
  get keepsAddresses(): boolean {
    return this.#keepsAddresses;
  }

  /**
   * What the plan says is in force afterwards. What the last plan said already is not touched: with the same addresses no
   * connection inside the tunnel notices. With `keepAddresses` the adapter keeps those that it has until the next plan, guarded, to
   * receive: packets to them are on their way, and the kernel takes the routes from an address away with it. Stops before the next
   * step once `signal` aborts. Throws what an effect throws; undo() is due in every case.
   */
  async make(
    plan: Plan,
    signal: AbortSignal,
    { keepAddresses = false }: { readonly keepAddresses?: boolean } = {},
  ): Promise<void> {
    const whole = keepAddresses ? this.#withKept(plan) : plan;
    this.#keepsAddresses = whole !== plan;
    await this.#serial.run(() => this.#make(whole, signal));
  }

  /**
   * Puts back what somebody took away of a plan that is in force. Throws what an effect throws: then anything of the plan may be missing,
   * and it is without effect until again() or the next make() has put all in force. `again`: nothing is said.
   */
  async restore(taken: readonly Taken[], signal: AbortSignal, again = false): Promise<void> {
    await this.#serial.run(async () => {
      const plan = this.#plan;
      if (plan === undefined || this.#unsure || signal.aborted) return;
      const parts = partsTaken(taken, plan);
      if (parts.length === 0) return;
      if (!again) this.#log.debug(`${parts.join(', ')} of this tunnel: what is missing is put back`);
      // What fails takes back what stood, too, and that is told as taken once more: no second try from here.
      this.#unsure = true;
      for (const part of parts) {
        const warnings = await this.#restoring(plan)[part]();
        // Of the others what they warn of was said when they were made.
        if (!again) for (const warning of warnings) this.#log[part === 'dns' ? 'warn' : 'debug'](warning);
      }
      this.#unsure = false;
    });
  }

  /** The last plan once more, all of it where anything may be missing. Throws what an effect throws. */
  async again(signal: AbortSignal): Promise<void> {
    await this.#serial.run(async () => {
      if (this.#plan !== undefined) await this.#make(this.#plan, signal);
    });
  }

  async #make(plan: Plan, signal: AbortSignal): Promise<void> {
    const before = this.#plan;
    const steps = before ? this.#update(before, plan) : this.#all(plan);
    this.#unsure = true;
    for (const step of steps) {
      if (signal.aborted) return;
      for (const warning of await step()) this.#log.warn(warning);
    }
    this.#unsure = false;
    this.#plan = plan;
  }

  /** The guard goes first: no address is on the adapter before it is guarded. */
  #all(plan: Plan): Step[] {
    return [
      () => this.#firewall({ ...plan.firewall, addresses: this.#withOld(plan) }),
      () => this.#link(plan.link),
      () => this.#routes(plan),
      () => this.#dns(plan),
    ];
  }

  /** No moment without a guard for an address that the adapter has: the old and the new are guarded while they change. */
  #update(before: Plan, plan: Plan): Step[] {
    const unsure = this.#unsure;
    const differs = (part: keyof Plan): boolean => unsure || !isDeepStrictEqual(before[part], plan[part]);
    const addresses = this.#withOld(plan);
    const moves = unsure || !isDeepStrictEqual(before.link.addresses, plan.link.addresses);
    const shrinks = unsure || addresses.length > plan.link.addresses.length;
    const steps: readonly (readonly [boolean, Step])[] = [
      [moves, () => this.#firewall({ ...plan.firewall, addresses })],
      [differs('link'), () => this.#link(plan.link)],
      [moves ? shrinks : differs('firewall'), () => this.#firewall(plan.firewall)],
      [differs('routes'), () => this.#routes(plan)],
      [differs('dns'), () => this.#dns(plan)],
    ];
    return steps.flatMap(([due, step]) => (due ? [step] : []));
  }

  #restoring(plan: Plan): Readonly<Record<keyof Plan, Step>> {
    return {
      firewall: () => this.#firewall(plan.firewall),
      link: () => this.#link(plan.link),
      routes: () => this.#routes(plan),
      dns: async () => {
        const backend = this.dnsBackend;
        return backend === undefined ? [] : this.#effects.dns.restore({ tun: plan.link.tun, backend });
      },
    };
  }

  #withKept(plan: Plan): Plan {
    const { link, firewall } = plan;
    const had = this.#unsure ? [] : (this.#plan?.link.addresses ?? []);
    const addresses = distinct([...link.addresses, ...had]);
    if (addresses.length === link.addresses.length) return plan;
    return { ...plan, link: { ...link, addresses }, firewall: { ...firewall, addresses } };
  }

  #withOld({ link }: Plan): Plan['link']['addresses'] {
    return distinct([...link.addresses, ...(this.#adapter?.addresses ?? [])]);
  }

  async #link(settings: Plan['link']): Promise<Warnings> {
    const { addresses } = settings;
    this.#adapter = { ...settings, addresses: [...(this.#adapter?.addresses ?? []), ...addresses] };
    const warnings = await this.#effects.link.apply(settings);
    this.#adapter = settings;
    return warnings;
  }

  #firewall(settings: Plan['firewall']): Promise<Warnings> {
    const { firewall } = this.#effects;
    const { tun } = settings;
    return this.#change(
      { effect: 'firewall', tun, table: `adit_${tun}` },
      () => firewall.apply(settings),
      () => firewall.undo({ tun }),
    );
  }

  #routes({ routes: settings }: Plan): Promise<Warnings> {
    const { routes } = this.#effects;
    const { tun, table, mark, priority } = settings;
    const entry = { tun, table, mark, priority };
    return this.#change(
      { effect: 'routes', ...entry },
      () => routes.apply(settings),
      () => routes.undo(entry),
    );
  }

  async #dns({ dns: settings }: Plan): Promise<Warnings> {
    const { dns } = this.#effects;
    if (!settings) return this.#undoDns();
    const backend = this.dnsBackend ?? (await dns.detect());
    this.dnsBackend = backend;
    const { tun } = settings;
    return this.#change(
      { effect: 'dns', tun, backend },
      () => dns.apply(settings, backend),
      () => dns.undo({ tun, backend }),
    );
  }

  /** The gateway names no servers any more. */
  async #undoDns(): Promise<Warnings> {
    const made = this.#made.find(({ entry }) => entry.effect === 'dns');
    this.dnsBackend = undefined;
    if (!made) return [];
    const warnings = await made.undo();
    await this.#journal.remove(made.entry);
    this.#made = this.#made.filter((other) => other !== made);
    return warnings;
  }

  /** Goes on past what cannot be undone: that stays in the journal for the next start. Never throws. */
  undo(): Promise<void> {
    return this.#serial.run(() => this.#undo());
  }

  async #undo(): Promise<void> {
    const made = this.#made;
    this.#made = [];
    this.#plan = undefined;
    await this.#withdrawAddresses();
    for (const { entry, undo } of made.toReversed()) {
      try {
        for (const warning of await undo()) this.#log.warn(warning);
        await this.#journal.remove(entry);
      } catch (error) {
        this.#log.error(
          `the ${entry.effect} of ${entry.tun} could not be undone (${messageOf(error)}); the next start of aditd tries again`,
        );
      }
    }
    this.dnsBackend = undefined;
  }

  /**
   * The adapter outlives the guard and the routes by the farewell to the gateway. Without this, connections that were inside the
   * tunnel would go on in the clear, from the tunnel's address, and that address would stand unguarded.
   */
  async #withdrawAddresses(): Promise<void> {
    const settings = this.#adapter;
    this.#adapter = undefined;
    if (!settings) return;
    try {
      await this.#effects.link.apply({ ...settings, addresses: [] });
    } catch (error) {
      this.#log.warn(
        `the addresses of ${settings.tun} stay until the adapter is closed (${messageOf(error)})`,
      );
    }
  }

  /** An entry that changes (a rule of another priority) stands beside the old one until the effect has replaced it. */
  async #change(entry: JournalEntry, apply: Step, undo: Step): Promise<Warnings> {
    const before = this.#made.find((made) => made.entry.effect === entry.effect);
    if (before && isDeepStrictEqual(before.entry, entry)) return apply();
    await this.#journal.add(entry);
    this.#made = [...this.#made, { entry, undo }];
    const warnings = await apply();
    if (before) {
      await this.#journal.remove(before.entry);
      this.#made = this.#made.filter((made) => made !== before);
    }
    return warnings;
  }
}

const distinct = (addresses: Plan['link']['addresses']): Plan['link']['addresses'] => [
  ...new Map(addresses.map((prefix) => [formatPrefix(prefix), prefix])).values(),
];
